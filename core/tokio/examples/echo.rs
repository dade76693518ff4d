//! An echo server: a task a connection.
//!
//!     cargo run --example echo -- --port 9001

mod options;

use std::error::Error;

use options::Options;
use tokio::net::{TcpListener, TcpStream};
use wspair_tokio::{Server, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let server = Server::new()
        .with_config(options.config)
        .with_policy(options.policy)
        .with_head_limits(options.head)
        .with_subprotocols(options.subprotocol);
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => _ = tokio::spawn(serve(server.clone(), stream)),
            // Too many files for now, or a client that has gone: the others go on.
            Err(error) => eprintln!("a client was not served: {error}"),
        }
    }
}

/// What a client does wrong was answered, and is nobody else's matter.
async fn serve(server: Server, stream: TcpStream) -> Result<(), wspair_tokio::Error> {
    wspair_tokio::tune(&stream)?;
    echo(server.accept(stream).await?).await
}

async fn echo(mut socket: WebSocket) -> Result<(), wspair_tokio::Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if !message.is_control() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
