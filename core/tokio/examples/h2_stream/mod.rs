//! A stream of HTTP/2 as a transport: what DATA frames carry, one behind the other (RFC 8441 5).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a peer may send on a stream before it is read.
pub(crate) const STREAM_WINDOW: u32 = 256 << 10;

/// How many streams a session may have at a time.
pub(crate) const MAX_STREAMS: u32 = 256;

/// What a peer may send on all streams before it is read. `h2` gives back both windows when a
/// stream is read, and neither before: with less than this, WebSockets that are not read would
/// take all of it, and stop every other one of the session.
pub(crate) const SESSION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS;

pub(crate) struct H2Stream {
    incoming: RecvStream,
    outgoing: SendStream<Bytes>,
    unread: Bytes,
    /// The peer's direction has ended; trailers, which say nothing, may be there unread.
    has_ended: bool,
    has_finished: bool,
}

impl H2Stream {
    pub(crate) fn new(incoming: RecvStream, outgoing: SendStream<Bytes>) -> Self {
        Self { incoming, outgoing, unread: Bytes::new(), has_ended: false, has_finished: false }
    }
}

impl AsyncRead for H2Stream {
    /// END_STREAM is the end of the peer's direction, as FIN is over TCP; a reset is an error.
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            let Some(data) = ready!(self.incoming.poll_data(cx)) else {
                self.has_ended = true;
                return Poll::Ready(Ok(()));
            };
            self.unread = data.map_err(lost)?;
        }
        let len = buf.remaining().min(self.unread.len());
        buf.put_slice(&self.unread.split_to(len));
        // Only now may the peer send as much again: who does not read stops it.
        self.incoming.flow_control().release_capacity(len).map_err(lost)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for H2Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.reserve_capacity(buf.len());
        // What was given before is told of but once.
        while self.outgoing.capacity() == 0 {
            match ready!(self.outgoing.poll_capacity(cx)) {
                Some(capacity) => _ = capacity.map_err(lost)?,
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let len = buf.len().min(self.outgoing.capacity());
        self.outgoing.send_data(Bytes::copy_from_slice(&buf[..len]), false).map_err(lost)?;
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_finished {
            self.has_finished = true;
            self.outgoing.send_data(Bytes::new(), true).map_err(lost)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for H2Stream {
    /// One that ended is reset without an error if the peer has yet to end its direction, behind
    /// the last DATA; one that did not is given up.
    fn drop(&mut self) {
        if !self.has_finished {
            self.outgoing.send_reset(Reason::CANCEL);
        } else if !self.has_ended && !self.incoming.is_end_stream() {
            self.outgoing.send_reset(Reason::NO_ERROR);
        }
    }
}

fn lost(error: h2::Error) -> io::Error {
    if error.is_io() {
        error.into_io().expect("it is one")
    } else {
        io::Error::new(io::ErrorKind::ConnectionReset, error)
    }
}
