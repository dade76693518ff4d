//! The examples run, and others can talk to them.
#![cfg(feature = "http")]

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

struct Example {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Example {
    fn start(name: &str, args: &[&str]) -> Self {
        let mut path = std::env::current_exe().unwrap();
        path.pop();
        let path = path.with_file_name("examples").join(name);
        let mut command = Command::new(path);
        let child = command.args(args).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = child.expect("the example was built");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { lines, _child: child }
    }

    /// Where it listens: what comes behind the scheme.
    async fn address(&mut self) -> String {
        let line = self.lines.next_line().await.unwrap().expect("it says where it listens");
        line.split_once("://").unwrap().1.trim_end_matches('/').into()
    }
}

async fn echoes(url: &str) {
    let (mut client, _) = connect_async(url).await.unwrap();
    for message in [Message::text("hello"), Message::binary(vec![7; 100_000])] {
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), message);
    }
    client.close(None).await.unwrap();
    assert!(matches!(client.next().await, Some(Ok(Message::Close(None)))));
}

#[tokio::test]
async fn echo() {
    let mut server = Example::start("echo", &[]);
    echoes(&format!("ws://{}/", server.address().await)).await;
}

#[tokio::test]
async fn upgrades() {
    for (name, path) in [("axum", "echo"), ("hyper", "")] {
        let mut server = Example::start(name, &[]);
        let address = server.address().await;
        echoes(&format!("ws://{address}/{path}")).await;
        let refused = connect_async(format!("ws://{address}/nowhere")).await;
        assert_eq!(refused.is_err(), name == "axum");
    }
}

#[tokio::test]
async fn over_http_2() {
    let mut server = Example::start("h2_server", &[]);
    let url = format!("ws://{}/", server.address().await);
    let mut client = Example::start("h2_client", &[&url, "hello", "grüße"]);
    for line in ["text: hello", "closed: 1000 clean", "text: grüße", "closed: 1000 clean"] {
        assert_eq!(client.lines.next_line().await.unwrap().unwrap(), line);
    }
    assert_eq!(client.lines.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn chat() {
    let mut server = Example::start("chat", &[]);
    let url = format!("ws://{}/", server.address().await);
    let (mut ada, _) = connect_async(&url).await.unwrap();
    let (mut bob, _) = connect_async(&url).await.unwrap();
    // Until both are in the room.
    for member in [&mut ada, &mut bob] {
        member.send(Message::text("here")).await.unwrap();
        assert!(member.next().await.unwrap().unwrap().to_text().unwrap().ends_with(": here"));
    }
    ada.send(Message::text("hello, bob")).await.unwrap();
    while !bob.next().await.unwrap().unwrap().to_text().unwrap().ends_with(": hello, bob") {}
}

mod over_tls {
    use super::*;
    use std::path::Path;
    use std::sync::Arc;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    #[tokio::test]
    async fn client() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        let cert = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![cert], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    socket.send(message).await.unwrap();
                }
            }
        });
        let url = format!("wss://localhost:{port}/");
        let mut client = Example::start(
            "tls_client",
            &[&url, "grüße", folder.join("cert.pem").to_str().unwrap()],
        );
        assert_eq!(client.lines.next_line().await.unwrap().unwrap(), "text: grüße");
        assert!(client.lines.next_line().await.unwrap().unwrap().contains("clean: true"));
    }
}
