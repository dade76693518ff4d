//! Without the feature `deflate` there is no codec, unless one is given.
#![cfg(not(feature = "deflate"))]

use tokio::io::{AsyncReadExt, duplex};
use wspair_tokio::wspair::handshake::{ClientRequest, DeflateOffer, DeflatePolicy, Policy};
use wspair_tokio::{Client, Message, Server};

#[tokio::test]
async fn compression_is_not_offered() {
    let request = ClientRequest::new("ws://example.org/").unwrap();
    let client = Client::new(request.deflate(DeflateOffer::default()));
    let (ours, mut theirs) = duplex(4 << 10);
    tokio::spawn(client.connect_over(ours));
    let mut head = [0; 1024];
    let len = theirs.read(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..len]);
    assert!(head.ends_with("\r\n\r\n") && !head.contains("Extensions"), "{head}");
}

#[tokio::test]
async fn compression_is_not_agreed_on() {
    let server =
        Server::new().with_policy(Policy::default().with_deflate(DeflatePolicy::default()));
    let (ours, mut theirs) = duplex(4 << 10);
    let request = "GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut theirs, request.as_bytes()).await.unwrap();
    let socket = server.accept(ours).await.unwrap();
    assert!(socket.agreed().deflate.is_none());
    socket.send(Message::text("plain")).await.unwrap();
    let mut answer = vec![0; 1024];
    let mut len = theirs.read(&mut answer).await.unwrap();
    while !answer[..len].ends_with(b"\x81\x05plain") {
        len += theirs.read(&mut answer[len..]).await.unwrap();
    }
    assert!(!String::from_utf8_lossy(&answer[..len]).contains("Extensions"));
}
