//! Back-pressure both ways, and what keeps a connection alive meanwhile.

mod common;

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use common::{
    BINARY, CLOSE, PATIENCE, PING, PONG, TEXT, close_frame, code, masked, server, server_with,
    watchful,
};
use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout};
use wspair_tokio::wspair::handshake::Negotiated;
use wspair_tokio::wspair::{Config, SendError};
use wspair_tokio::{Error, Message, WebSocket};

const CHUNK: usize = 64 << 10;

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_stops_the_sender() {
    let (socket, mut wire) = server();
    let task = tokio::spawn(async move {
        for _ in 0..1024 {
            socket.send(vec![0; CHUNK]).await.unwrap();
            assert!(socket.sender().buffered_amount() <= (1 << 20) + 2 * CHUNK);
        }
        socket
    });
    sleep(PATIENCE).await; // sleeps: gives the sender time to be held back
    assert!(!task.is_finished(), "it waits");
    for _ in 0..1024 {
        assert_eq!(wire.frame().await.1.len(), CHUNK);
    }
    let socket = task.await.unwrap();
    assert!(socket.sender().how_closed().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_application_that_stops_taking_stops_the_peer() {
    let (mut socket, mut wire) = server();
    let frame = masked(0x80 | BINARY, &vec![7; CHUNK]);
    let mut sent = 0;
    while timeout(PATIENCE, wire.io.write_all(&frame)).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 32, "{sent} messages wait");
    // What was cut off in the middle is lost.
    for _ in 0..sent {
        assert_eq!(socket.recv().await.unwrap().unwrap().len(), CHUNK);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_does_not_wait_is_told() {
    let (socket, mut wire) = server();
    let sender = socket.sender();
    let mut sent = 0;
    let queued = loop {
        match sender.try_send(vec![0; CHUNK]) {
            Ok(()) => sent += 1,
            Err(Error::Send(SendError::Backpressure { queued })) => break queued,
            Err(error) => panic!("{error}"),
        }
    };
    assert!((1 << 20..2 << 20).contains(&queued), "{queued} bytes wait");
    for _ in 0..sent {
        wire.frame().await;
    }
    sender.try_send("there is room again").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_the_queue() {
    let (mut socket, mut wire) = server();
    let long = vec![0; 20 << 20];
    let reading = async {
        assert_eq!(wire.frame().await.1.len(), 3);
        assert_eq!(wire.frame().await.1.len(), 20 << 20);
        assert_eq!(wire.frame().await.1.len(), 20 << 20);
    };
    let sending = async {
        socket.send("one").await.unwrap();
        socket.send(long.clone()).await.unwrap();
        socket.send(long.clone()).await.unwrap();
        SinkExt::flush(&mut socket).await.unwrap();
        assert_eq!(socket.sender().buffered_amount(), 0);
    };
    timeout(PATIENCE, async { tokio::join!(reading, sending) }).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_pongs_wait_than_anybody_could_want() {
    let (socket, mut wire) = server();
    let flood = tokio::spawn(async move {
        for number in 0..100_000_u32 {
            wire.send(PING, &number.to_be_bytes()).await;
        }
        wire.raw(&close_frame(1000)).await;
        let mut pongs = Vec::new();
        loop {
            match wire.frame().await {
                (PONG, payload) => pongs.push(payload),
                other => return (pongs, other),
            }
        }
    });
    let (pongs, (opcode, _)) = flood.await.unwrap();
    assert_eq!(opcode, CLOSE);
    assert_eq!(pongs.last().unwrap(), &99_999_u32.to_be_bytes());
    drop(socket);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_pings_stays() {
    let (mut socket, mut wire) = server_with(watchful(), CHUNK);
    let peer = tokio::spawn(async move {
        for _ in 0..10 {
            let (opcode, payload) = wire.frame().await;
            assert_eq!(opcode, PING);
            sleep(Duration::from_secs(9)).await; // sleeps: the peer answers late (no real time passes)
            wire.send(PONG, &payload).await;
        }
        wire.raw(&close_frame(1000)).await;
        wire.close_code().await
    });
    while let Some(message) = socket.recv().await {
        assert!(message.unwrap().is_control());
    }
    assert_eq!(peer.await.unwrap(), 1000);
}

/// Whether or not the application takes what it sends.
#[tokio::test(start_paused = true)]
async fn a_peer_that_is_heard_stays_though_nobody_listens() {
    let (socket, mut wire) = server_with(watchful(), CHUNK);
    // More than is taken in for an application that does not come.
    let frame = masked(0x80 | BINARY, &vec![0; CHUNK]);
    while timeout(PATIENCE, wire.io.write_all(&frame)).await.is_ok() {}
    sleep(10 * PATIENCE).await; // sleeps: the time is what is tested
    assert!(socket.sender().how_closed().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_stays() {
    let (socket, mut wire) = server_with(watchful(), 4 << 10);
    socket.send(vec![0; 100 << 10]).await.unwrap();
    let mut got = 0;
    // 51 times 3 s: far longer than a ping waits for its answer.
    for _ in 0..51 {
        sleep(Duration::from_secs(3)).await; // sleeps: a peer that reads slowly (no real time passes)
        let mut some = [0; 2 << 10];
        let len = some.len().min((100 << 10) + 10 - got);
        got += wire.io.read_exact(&mut some[..len]).await.unwrap();
    }
    assert_eq!(got, (100 << 10) + 10);
    assert_eq!(wire.frame().await.0, PING);
    assert!(socket.sender().how_closed().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_neither_reads_nor_speaks_is_given_up() {
    let (socket, wire) = server_with(watchful(), 4 << 10);
    let error = timeout(10 * PATIENCE, async {
        loop {
            if let Err(error) = socket.send(vec![0; CHUNK]).await {
                return error;
            }
        }
    });
    let error = error.await.unwrap();
    assert_eq!(error.to_string(), "the connection was lost: no answer to a ping");
    assert!(matches!(error, Error::Closed(how) if how.code == 1006));
    drop(wire);
}

/// The clock goes on while a write waits.
#[tokio::test(start_paused = true)]
async fn a_peer_that_only_speaks_is_given_up() {
    let (mut socket, mut wire) = server_with(watchful(), 4 << 10);
    let peer = tokio::spawn(async move {
        let frame = masked(0x80 | BINARY, &vec![0; CHUNK]);
        loop {
            if wire.io.write_all(&frame).await.is_err() {
                return;
            }
        }
    });
    let echo = async {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    };
    timeout(10 * PATIENCE, echo).await.unwrap();
    drop(socket);
    timeout(10 * PATIENCE, peer).await.unwrap().unwrap();
}

/// Given up waits lose nothing: neither what came nor the order of what was sent.
#[tokio::test]
async fn waits_can_be_given_up() {
    let config = Config::default();
    let (client, mut server) = common::pair_with(&config, 1 << 10);
    let sending = tokio::spawn(async move {
        let mut sent = Vec::new();
        for number in 0..3000_u32 {
            let message = Bytes::copy_from_slice(&number.to_be_bytes());
            // Sent or not sent, as a whole.
            if timeout(Duration::from_micros(20), client.send(message)).await.is_ok() {
                sent.push(number);
            }
        }
        client.close(code(1000), "").await.unwrap();
        sent
    });
    let mut received = Vec::new();
    loop {
        match timeout(Duration::from_micros(20), server.recv()).await {
            Err(_) => {}
            Ok(Some(Ok(Message::Binary(data)))) => {
                received.push(u32::from_be_bytes(data[..].try_into().unwrap()));
            }
            Ok(Some(message)) => assert!(message.unwrap().is_control()),
            Ok(None) => break,
        }
    }
    assert_eq!(received, sending.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn with_a_mark_of_nothing_a_message_goes_out_all_the_same() {
    let mut config = Config::default();
    config.limits.high_water_mark = 0;
    let (socket, mut wire) = server_with(config, 1 << 10);
    timeout(PATIENCE, socket.send("hi")).await.expect("there is room").unwrap();
    assert_eq!(wire.frame().await, (TEXT, b"hi".to_vec()));
}

/// A stream that has taken bytes some time before it has passed them on, as one with TLS.
struct Late {
    io: DuplexStream,
    flushed: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Late {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Late {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.flushed = Some(Box::pin(sleep(Duration::from_secs(1))));
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        if let Some(flushed) = &mut self.flushed {
            ready!(flushed.as_mut().poll(cx));
            self.flushed = None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn who_flushes_is_told_when_the_stream_has_passed_all_on() {
    let (io, _wire) = tokio::io::duplex(1 << 10);
    let io = Late { io, flushed: None };
    let mut socket = WebSocket::server(io, Config::default(), Negotiated::default());
    let start = Instant::now();
    timeout(PATIENCE, SinkExt::send(&mut socket, "hi".into())).await.expect("in time").unwrap();
    assert_eq!(start.elapsed().as_secs(), 1);
}
