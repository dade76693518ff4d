//! A peer by hand, over a pipe in memory, for what no library would send.
#![allow(dead_code)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use wspair_tokio::WebSocket;
use wspair_tokio::wspair::handshake::Negotiated;
use wspair_tokio::wspair::{CloseCode, Config};

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Longer than anything takes that does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The other end of a server's transport.
pub(crate) struct Wire {
    pub(crate) io: DuplexStream,
}

/// A server, and its peer; the pipe holds so many bytes each way.
pub(crate) fn server_with(config: Config, pipe: usize) -> (WebSocket, Wire) {
    let (ours, theirs) = tokio::io::duplex(pipe);
    (WebSocket::server(ours, config, Negotiated::default()), Wire { io: theirs })
}

pub(crate) fn server() -> (WebSocket, Wire) {
    server_with(Config::default(), 64 << 10)
}

/// Both sides are ours.
pub(crate) fn pair_with(config: &Config, pipe: usize) -> (WebSocket, WebSocket) {
    let (one, other) = tokio::io::duplex(pipe);
    let client = WebSocket::client(one, config.clone(), Negotiated::default()).unwrap();
    (client, WebSocket::server(other, config.clone(), Negotiated::default()))
}

pub(crate) fn pair() -> (WebSocket, WebSocket) {
    pair_with(&Config::default(), 64 << 10)
}

impl Wire {
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.io.write_all(bytes)).await.expect("the server reads").unwrap();
    }

    pub(crate) async fn send(&mut self, opcode: u8, payload: &[u8]) {
        self.raw(&masked(0x80 | opcode, payload)).await;
    }

    /// Opcode and payload of the next frame.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        timeout(PATIENCE, self.read_frame()).await.expect("a frame comes").expect("a frame comes")
    }

    async fn read_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let head = self.io.read_u16().await?;
        let [first, second] = head.to_be_bytes();
        assert_eq!((first & 0xf0, second & 0x80), (0x80, 0), "one unmasked frame");
        let len = match second {
            126 => u64::from(self.io.read_u16().await?),
            127 => self.io.read_u64().await?,
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).unwrap()];
        self.io.read_exact(&mut payload).await?;
        Ok((first & 0xf, payload))
    }

    /// The code of the Close frame that has to come next.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (opcode, payload) = self.frame().await;
        assert_eq!(opcode, CLOSE);
        u16::from_be_bytes([payload[0], payload[1]])
    }

    /// Whether the server's direction ends with nothing more.
    pub(crate) async fn at_end(&mut self) -> bool {
        let read = timeout(PATIENCE, self.io.read(&mut [0])).await.expect("the server ends");
        matches!(read, Ok(0) | Err(_))
    }

    /// All that comes until the server ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.io.read_to_end(&mut rest)).await.expect("the server ends").unwrap();
        rest
    }

    /// Ends this direction only.
    pub(crate) async fn finish(&mut self) {
        self.io.shutdown().await.unwrap();
    }
}

/// A masked frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..65536 => {
            frame.push(0x80 | 0x7e);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(0x80 | 0x7f);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    let key = [0x37, 0xfa, 0x21, 0x3d];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

pub(crate) fn close_frame(code: u16) -> Vec<u8> {
    masked(0x80 | CLOSE, &code.to_be_bytes())
}

pub(crate) fn code(number: u16) -> CloseCode {
    CloseCode::new(number).unwrap()
}

/// Keepalive at seconds of a clock that stands still unless everybody waits.
pub(crate) fn watchful() -> Config {
    let mut config = Config::default();
    config.ping_after = Some(Duration::from_secs(20));
    config.pong_within = Some(Duration::from_secs(10));
    config
}

pub(crate) fn echo(mut socket: WebSocket) -> tokio::task::JoinHandle<Option<wspair_tokio::Error>> {
    tokio::spawn(async move {
        while let Some(message) = socket.recv().await {
            match message {
                Ok(message) if message.is_control() => {}
                Ok(message) => _ = socket.send(message).await,
                Err(error) => return Some(error),
            }
        }
        None
    })
}
