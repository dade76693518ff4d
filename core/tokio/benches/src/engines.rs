//! The crates, each as an echo server over either wire.

use std::pin::Pin;

use fastwebsockets::{Frame, OpCode, Payload};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;

type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Engine {
    pub name: &'static str,
    pub duplex: fn(DuplexStream) -> Served,
    pub tcp: fn(TcpStream) -> Served,
}

/// Ours first.
pub static ENGINES: [Engine; 4] = [
    Engine { name: "wspair-tokio", duplex: |io| Box::pin(ours(io)), tcp: |io| Box::pin(ours(io)) },
    Engine {
        name: "tokio-tungstenite",
        duplex: |io| Box::pin(tungstenite(io)),
        tcp: |io| Box::pin(tungstenite(io)),
    },
    Engine {
        name: "fastwebsockets",
        duplex: |io| Box::pin(fast(io)),
        tcp: |io| Box::pin(fast(io)),
    },
    Engine {
        name: "tokio-websockets",
        duplex: |io| Box::pin(websockets(io)),
        tcp: |io| Box::pin(websockets(io)),
    },
];

trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

async fn ours(io: impl Io) {
    let mut socket = wspair_tokio::from_upgraded(io, Default::default());
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn tungstenite(io: impl Io) {
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::Role;

    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn fast(io: impl Io) {
    let mut socket = fastwebsockets::WebSocket::after_handshake(io, fastwebsockets::Role::Server);
    while let Ok(frame) = socket.read_frame().await {
        if !matches!(frame.opcode, OpCode::Binary | OpCode::Text) {
            return;
        }
        let payload = Payload::Bytes(match frame.payload {
            Payload::Bytes(bytes) => bytes,
            other => bytes_mut(&other),
        });
        let frame = Frame::new(true, frame.opcode, None, payload);
        if socket.write_frame(frame).await.is_err() {
            return;
        }
    }
}

fn bytes_mut(payload: &[u8]) -> bytes::BytesMut {
    payload.into()
}

async fn websockets(io: impl Io) {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(io);
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
