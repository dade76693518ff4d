//! What a connection that waits takes of the heap, its task and its timer included.
#![allow(unsafe_code)]

#[path = "../../tests/common/heap.rs"]
mod heap;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use heap::HEAP;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wspair_tokio::wspair::Config;
use wspair_tokio::wspair::handshake::Negotiated;
use wspair_tokio::{Message, WebSocket};

const CONNECTIONS: usize = 1_000;

/// Takes all, and has nothing.
struct Silent;

impl AsyncRead for Silent {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Silent {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Bytes of the heap for each, once its task has looked after it.
async fn each(config: Config, send: bool) -> usize {
    let before = HEAP.get().live;
    let mut sockets = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        sockets.push(WebSocket::server(Silent, config.clone(), Negotiated::default()));
    }
    if send {
        for socket in &sockets {
            socket.send("hello").await.unwrap();
        }
    }
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    let each = (HEAP.get().live - before) / CONNECTIONS;
    drop(sockets);
    each
}

#[tokio::test]
async fn a_connection_that_waits_takes_no_more_than_the_readme_says() {
    for (what, watched, send) in
        [("fresh", false, false), ("with keepalive", true, false), ("used", true, true)]
    {
        let mut config = Config::default();
        if watched {
            config.ping_after = Some(Duration::from_secs(30));
        }
        let each = each(config, send).await;
        println!("{what}: {each} bytes");
        assert!(each <= 2_048, "{what}: {each} bytes each");
    }
}

#[tokio::test]
async fn a_message_that_the_engine_copies_is_given_back_and_nothing_else() {
    const MESSAGES: usize = 100;
    let socket = WebSocket::server(Silent, Config::default(), Negotiated::default());
    let messages = || (0..MESSAGES).map(|_| Message::from(vec![7; 1 << 10])).collect::<Vec<_>>();
    for message in messages() {
        socket.send(message).await.unwrap();
    }
    let messages = messages();
    let before = HEAP.get().calls;
    for message in messages {
        socket.send(message).await.unwrap();
    }
    let calls = HEAP.get().calls - before;
    assert!((MESSAGES..MESSAGES + 20).contains(&calls), "{calls} for {MESSAGES}");
}
