//! One crate as an echo server over TCP, for `make bench-loopback`: it prints its address, and serves
//! on one thread until it is ended.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wspair_tokio::wspair::handshake::accept_key;

use crate::engines::Engine;

pub fn serve(engine: &'static Engine) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                if let Some(client) = upgraded(client).await {
                    (engine.tcp)(client).await;
                }
            });
        }
    });
}

/// The opening handshake, the same for all, as it is not what is measured.
async fn upgraded(mut client: TcpStream) -> Option<TcpStream> {
    wspair_tokio::tune(&client).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // A client waits for the answer before it goes on.
        if client.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = std::str::from_utf8(&head).ok()?;
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        String::from_utf8_lossy(&accept_key(key.as_bytes())),
    );
    client.write_all(answer.as_bytes()).await.ok()?;
    Some(client)
}
