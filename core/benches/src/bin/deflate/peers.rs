//! The same messages through other crates.

use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_sink::Sink;
use sockudo_ws::deflate::{DeflateDecoder, DeflateEncoder, DeflateWindowBits};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use yawc::frame::Frame;
use yawc::{CompressionLevel, Options, Role, WebSocket};

use crate::{LEVEL, MESSAGES};

/// What a server sends, written to nowhere.
pub fn yawc_send(takeover: bool, messages: &[String]) {
    let mut socket = pin!(yawc(Role::Server, takeover, &[]));
    for message in messages {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(socket.as_mut().poll_ready(&mut cx).is_ready());
        socket.as_mut().start_send(Frame::text(message.clone())).expect("room");
        assert!(socket.as_mut().poll_flush(&mut cx).is_ready());
    }
}

/// What a client receives.
pub fn yawc_receive(takeover: bool, wire: &[u8]) {
    let mut socket = yawc(Role::Client, takeover, wire);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..MESSAGES {
        match socket.poll_next_frame(&mut cx) {
            Poll::Ready(Ok(frame)) => drop(black_box(frame)),
            _ => panic!("no message"),
        }
    }
}

pub fn sockudo_compress(takeover: bool, messages: &[String]) {
    let mut encoder = DeflateEncoder::new(DeflateWindowBits::Bits12, !takeover, LEVEL.into(), 0);
    for message in messages {
        black_box(encoder.compress(message.as_bytes()).expect("good"));
    }
}

pub fn sockudo_decompress(takeover: bool, payloads: &[&[u8]]) {
    let mut decoder = DeflateDecoder::new(DeflateWindowBits::Bits12, !takeover);
    for payload in payloads {
        black_box(decoder.decompress(payload, 1 << 20).expect("good"));
    }
}

fn yawc(role: Role, takeover: bool, input: &[u8]) -> WebSocket<Memory> {
    let mut extensions =
        String::from("permessage-deflate; server_max_window_bits=12; client_max_window_bits=12");
    if !takeover {
        extensions += "; server_no_context_takeover; client_no_context_takeover";
    }
    let options = Options::default()
        .with_compression_level(CompressionLevel::new(LEVEL.into()))
        .with_server_max_window_bits(12)
        .with_client_max_window_bits(12)
        .with_utf8();
    let memory = Memory { input: input.to_vec(), at: 0 };
    WebSocket::from_stream_with_extensions(memory, role, Some(&extensions), options)
        .expect("parameters it takes")
}

/// Reads what it was given, writes to nowhere.
struct Memory {
    input: Vec<u8>,
    at: usize,
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.input.len().min(self.at + buf.remaining().min(64 << 10));
        buf.put_slice(&self.input[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(buf).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
