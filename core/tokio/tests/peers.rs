//! Against tokio-tungstenite, both ways around.

mod common;

use common::code;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Error as TheirError};
use wspair_tokio::Message;

fn sizes() -> Vec<usize> {
    vec![0, 1, 125, 126, 65_535, 65_536, 1 << 20]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        common::echo(wspair_tokio::accept(stream).await.unwrap()).await.unwrap()
    });
    let (mut client, _) = tokio_tungstenite::connect_async(&address).await.unwrap();
    for size in sizes() {
        for message in [
            tungstenite::Message::text("x".repeat(size)),
            tungstenite::Message::binary(vec![7; size]),
        ] {
            client.send(message.clone()).await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), message);
        }
    }
    client.send(tungstenite::Message::Ping("there?".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), tungstenite::Message::Pong("there?".into()));
    client.close(Some(CloseFrame { code: 4000.into(), reason: "bye".into() })).await.unwrap();
    match client.next().await {
        Some(Ok(tungstenite::Message::Close(Some(frame)))) => assert_eq!(frame.code, 4000.into()),
        other => panic!("{other:?}"),
    }
    assert!(matches!(client.next().await, None | Some(Err(TheirError::ConnectionClosed))));
    assert!(server.await.unwrap().is_none(), "clean");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_binary() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let mut client = wspair_tokio::connect(&address).await.unwrap();
    for size in sizes() {
        for message in [Message::text("x".repeat(size)), Message::binary(vec![7; size])] {
            client.send(message.clone()).await.unwrap();
            assert_eq!(client.recv().await.unwrap().unwrap(), message);
        }
    }
    client.close(code(4000), "bye").await.unwrap();
    let how = client.sender().how_closed().unwrap();
    assert_eq!((how.code, how.clean), (4000, true));
    server.await.unwrap();
}
