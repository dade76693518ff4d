//! Over TLS, where both directions are one thing.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{PATIENCE, code, echo};
use tokio::io::{DuplexStream, duplex};
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use wspair_tokio::wspair::Config;
use wspair_tokio::wspair::handshake::{ClientRequest, Negotiated};
use wspair_tokio::{Message, WebSocket, accept, connect_with};

async fn streams(
    pipe: usize,
) -> (client::TlsStream<DuplexStream>, server::TlsStream<DuplexStream>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let cert = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![cert], key).unwrap();
    let (ours, theirs) = duplex(pipe);
    let name = ServerName::try_from("localhost").unwrap();
    let connecting = TlsConnector::from(Arc::new(client)).connect(name, ours);
    let accepting = TlsAcceptor::from(Arc::new(server)).accept(theirs);
    let (client, server) = tokio::join!(connecting, accepting);
    (client.unwrap(), server.unwrap())
}

#[tokio::test]
async fn from_handshake_to_close() {
    let (client, server) = streams(16 << 10).await;
    let request = ClientRequest::new("wss://localhost/").unwrap();
    let (client, server) = tokio::join!(connect_with(client, request), accept(server));
    let (mut client, server) = (client.unwrap(), server.unwrap());
    let task = echo(server);
    for size in [0, 1, 16_000, 17_000, 1 << 20] {
        let message = Message::binary(vec![7; size]);
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.recv().await.unwrap().unwrap(), message);
    }
    client.close(code(1000), "").await.unwrap();
    assert!(client.sender().how_closed().unwrap().clean);
    assert!(task.await.unwrap().is_none());
}

/// Both sides write more than all buffers hold before either has read it.
#[tokio::test]
async fn both_directions_at_once() {
    let (client, server) = streams(4 << 10).await;
    let client = WebSocket::client(client, Config::default(), Negotiated::default()).unwrap();
    let server = WebSocket::server(server, Config::default(), Negotiated::default());
    let sides = [client, server].map(|socket| {
        tokio::spawn(async move {
            let (sender, mut receiver) = socket.split();
            let sending = tokio::spawn(async move {
                for number in 0..100_u32 {
                    let mut data = vec![0; 50_000];
                    data[..4].copy_from_slice(&number.to_be_bytes());
                    sender.send(data).await.unwrap();
                }
                sender
            });
            for number in 0..100_u32 {
                let message = receiver.recv().await.unwrap().unwrap();
                assert_eq!(message.as_bytes()[..4], number.to_be_bytes());
            }
            sending.await.unwrap()
        })
    });
    for side in sides {
        timeout(PATIENCE, side).await.expect("neither waits for the other").unwrap();
    }
}
