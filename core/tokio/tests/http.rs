//! Requests that an HTTP server parsed.
#![cfg(feature = "http")]

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{TEXT, Wire};
use http::{Method, Request, Response, StatusCode, Version};
use tokio::io::duplex;
use wspair_tokio::wspair::handshake::{Bootstrap, ClientRequest, Origins, Policy, header_map};
use wspair_tokio::{Client, Message, Server};

fn request() -> http::request::Builder {
    Request::get("/chat?room=1")
        .header("Host", "example.org")
        .header("Upgrade", "websocket")
        .header("Connection", "keep-alive, Upgrade")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Protocol", "superchat, chat")
        .header("Origin", "https://example.org")
}

#[tokio::test]
async fn is_answered() {
    let server = Server::new().with_subprotocols(["chat"]);
    let (response, upgrade) = server.upgrade(&request().body(()).unwrap()).unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(upgrade.agreed().subprotocol.as_deref(), Some("chat"));

    let (ours, theirs) = duplex(1 << 10);
    let mut socket = upgrade.open(ours);
    let mut wire = Wire { io: theirs };
    wire.send(TEXT, b"hi").await;
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

#[test]
fn is_refused() {
    let mut policy = Policy::default();
    policy.origins = Some(Origins::new(["https://example.com"]).unwrap());
    let server = Server::new().with_policy(policy);
    let refusal = server.upgrade(&request().body(()).unwrap()).unwrap_err();
    assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
    assert!(!refusal.body().is_empty());

    let page = Request::get("/").header("Host", "example.org").body("").unwrap();
    let refusal = Server::new().upgrade(&page).unwrap_err();
    assert_eq!(refusal.status(), StatusCode::UPGRADE_REQUIRED);
    assert_eq!(refusal.headers()["upgrade"], "websocket");
}

#[test]
fn comes_over_http_2() {
    let connect = Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri("https://example.org/chat")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .body(())
        .unwrap();
    let server = Server::new().with_subprotocols(["chat"]);
    let (response, _) = server.upgrade_connect(&connect, "websocket").unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert!(response.headers().get("upgrade").is_none());
    let refusal = server.upgrade_connect(&connect, "connect-udp").unwrap_err();
    assert_eq!(refusal.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn of_a_client() {
    let asked = request().uri("ws://example.org/chat?room=1").header("Cookie", "a=b");
    let client = Client::from_http(&asked.body(()).unwrap()).unwrap();
    let (ours, theirs) = duplex(4 << 10);
    let server = Server::new().with_subprotocols(["superchat"]);
    let serving = async {
        let incoming = server.read(theirs).await.unwrap();
        assert_eq!(incoming.request().target(), "/chat?room=1");
        assert_eq!(incoming.request().field("cookie"), Some(&b"a=b"[..]));
        assert_eq!(incoming.request().origin(), Some("https://example.org"));
        incoming.accept().await.unwrap()
    };
    let (opened, _) = tokio::join!(client.connect_over(ours), serving);
    let (socket, answer) = opened.unwrap();
    assert_eq!(socket.agreed().subprotocol.as_deref(), Some("superchat"));
    let response = Response::<Bytes>::from(answer);
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["sec-websocket-protocol"], "superchat");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_refuses_and_waits_for_those_it_has_answered() {
    let server = Server::new();
    let (_, upgrade) = server.upgrade(&request().body(()).unwrap()).unwrap();
    let (_, late) = server.upgrade(&request().body(()).unwrap()).unwrap();
    let closing = tokio::spawn({
        let server = server.clone();
        async move { server.close(Duration::from_secs(3)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await; // sleeps: gives it time to end too soon (no real time passes)
    let refusal = server.upgrade(&request().body(()).unwrap()).unwrap_err();
    assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!closing.is_finished(), "two are answered and not open");

    let (ours, theirs) = duplex(1 << 10);
    let socket = upgrade.open(ours);
    let mut wire = Wire { io: theirs };
    assert_eq!(wire.close_code().await, 1001);

    closing.await.unwrap();
    assert!(wire.at_end().await, "the deadline is the server's");
    drop(socket);
    let (ours, theirs) = duplex(1 << 10);
    let _late = late.open(ours);
    assert!(Wire { io: theirs }.at_end().await, "too late for a word");
}

#[test]
fn a_clients_fields_become_a_map() {
    let request = ClientRequest::new("ws://example.org/").unwrap().field("Cookie", b"a=b").unwrap();
    let headers = header_map(request.fields(Bootstrap::Upgrade, [0; 16])).unwrap();
    assert_eq!(headers["cookie"], "a=b");
}
