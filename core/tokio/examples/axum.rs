//! A WebSocket beside pages, in axum: any route can be one.
//!
//!     cargo run --example axum --features http -- 127.0.0.1:9001

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wspair_tokio::{Server, WebSocket};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let server = Server::new().with_subprotocols(["echo"]);
    let app = Router::new()
        .route("/", any(|| async { "a page\n" }))
        .route("/echo", any(async move |request| upgrade(&server, request)));
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    // Small messages go out at once.
    let listener = listener.tap_io(|stream| _ = wspair_tokio::tune(stream));
    axum::serve(listener, app).await
}

fn upgrade(server: &Server, mut request: Request) -> Response {
    let (answer, upgrade) = match server.upgrade(&request) {
        Ok(accepted) => accepted,
        Err(refusal) => return refusal.map(Body::from),
    };
    let stream = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // It fails where the client has gone.
        if let Ok(stream) = stream.await {
            let _ = echo(upgrade.open(TokioIo::new(stream))).await;
        }
    });
    answer.map(|()| Body::empty())
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
