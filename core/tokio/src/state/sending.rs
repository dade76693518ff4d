//! From the application to the transport.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wspair::{CloseCode, Connection, SendError};

use super::{Io, State};
use crate::error::Error;

impl State {
    /// Whether nothing gets to the peer any more.
    pub(crate) fn is_unwritable(&self) -> bool {
        self.ends.unwritable && !self.ends.lost
    }

    /// Writes what waits, as far as the transport takes it.
    pub(crate) fn write(&mut self) {
        if !self.conn.wants_write() && !self.needs_flush {
            return;
        }
        let Some(io) = &mut self.io else { return };
        let mut cx = Context::from_waker(&self.write_waker);
        let mut has_written = false;
        let mut output = self.conn.transmit();
        while !output.is_empty() {
            let written = if self.ends.unwritable {
                Poll::Ready(Ok(usize::MAX))
            } else {
                poll_write(io.as_mut(), &mut cx, &mut output)
            };
            match written {
                Poll::Ready(Ok(n @ 1..)) => output.advance(n),
                Poll::Ready(_) => self.ends.unwritable = true,
                Poll::Pending => break,
            }
            has_written = true;
        }
        self.needs_flush |= has_written;
        if self.needs_flush {
            match io.as_mut().poll_flush(&mut cx) {
                // Who waits for that is told.
                Poll::Ready(Ok(())) => (self.needs_flush, has_written) = (false, true),
                Poll::Ready(Err(_)) => (self.needs_flush, self.ends.unwritable) = (false, true),
                Poll::Pending => {}
            }
        }
        if self.is_flushed() && !self.ends.unwritable {
            self.has_unwritten = false;
        }
        if self.is_unwritable() {
            // What the peer sent before may still be there; the driver looks.
            self.leaves_more();
            self.call_driver();
        }
        if has_written {
            self.has_moved();
        }
    }

    /// Queues a message, and writes it unless more is likely to follow.
    pub(crate) fn send(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.queue(send)?;
        if self.has_input() && self.conn.buffered_amount() < BATCH {
            // Whoever receives writes when all is taken; the driver, should that take long.
            self.call_driver();
        } else {
            self.write();
        }
        Ok(())
    }

    /// Queues a message.
    pub(crate) fn queue(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.check_sending()?;
        match send(&mut self.conn) {
            Err(SendError::Closing) => return Err(self.error_of_sending()),
            outcome => outcome?,
        }
        self.has_unwritten = true;
        if !self.is_open() {
            // It was a Close frame: of the other kinds none would have gone.
            self.note_end();
            self.check_alarm();
        }
        Ok(())
    }

    /// An error if nothing can be sent any more.
    pub(crate) fn check_sending(&self) -> Result<(), Error> {
        if self.closed.is_some() { Err(self.error_of_sending()) } else { Ok(()) }
    }

    /// Whether a message has to wait until the peer has read something.
    pub(crate) fn is_held_up(&self) -> bool {
        self.conn.is_congested() && self.is_open()
    }

    /// Sends a Close frame, unless one was sent or the connection has ended.
    pub(crate) fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), Error> {
        self.conn.close(code, reason)?;
        self.write();
        self.note_end();
        self.check_alarm();
        Ok(())
    }

    /// Gives up.
    pub(crate) fn abort(&mut self) {
        self.conn.abort();
        self.note_end();
    }

    fn error_of_sending(&self) -> Error {
        match &self.closed {
            Some(closed) => Error::Closed(closed.clone()),
            None => Error::Send(SendError::Closing),
        }
    }

    /// Waits until the transport has taken all that was sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.write();
        if !self.has_unwritten {
            return Poll::Ready(Ok(()));
        }
        if self.closed.is_some() && self.is_flushed() {
            return Poll::Ready(self.check_written());
        }
        self.wait(cx);
        Poll::Pending
    }

    /// An error if the connection ended before the transport had taken all that was sent.
    pub(crate) fn check_written(&self) -> Result<(), Error> {
        if self.has_unwritten { Err(self.error_of_sending()) } else { Ok(()) }
    }

    /// Whether everything is written and through the transport's own buffers.
    pub(crate) fn is_flushed(&self) -> bool {
        self.io.is_none() || !(self.conn.wants_write() || self.needs_flush)
    }
}

fn poll_write(
    io: Pin<&mut (dyn Io + 'static)>,
    cx: &mut Context<'_>,
    output: &mut wspair::Transmit<'_>,
) -> Poll<std::io::Result<usize>> {
    let len = output.len();
    let first = output.chunk();
    if first.len() == len || !io.is_write_vectored() {
        return io.poll_write(cx, first);
    }
    let mut slices = [&[][..]; SLICES];
    let count = output.slices(&mut slices);
    io.poll_write_vectored(cx, &slices.map(IoSlice::new)[..count])
}

/// Output below which a write waits for more.
const BATCH: usize = 16 << 10;

/// Parts of a vectored write.
const SLICES: usize = 16;
