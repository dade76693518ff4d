//! Sending straight to a writer, past the queue.

use std::io::{self, ErrorKind, IoSlice, Write};

use super::framing::Shape;
use super::outgoing::{Body, OutgoingBinary, OutgoingText};
use super::sender::{Sender, opcode};
use super::transmit::Transmit;
use crate::error::SendError;
use crate::event::Kind;
use crate::frame::MAX_HEADER;

impl Sender<'_> {
    /// Sends a text message and writes all that waits, as [`send_text`](Self::send_text) and
    /// [`Transmit::write_to`] do one after the other, but without a copy of a long payload: from
    /// [`share_from`](crate::Config::share_from) bytes on one that goes out as it is, and with nothing
    /// before it, is written from where it lies, behind its header in one vectored write. What of
    /// it the writer does not take is queued.
    ///
    /// How many bytes were written is told behind what became of sending. As with `write_to` a
    /// writer that would block is no error, and what one that fails did not take stays queued.
    ///
    /// ```
    /// # use wspair::{Config, Connection, Negotiated};
    /// # let mut conn = Connection::server(Config::default(), Negotiated::default());
    /// # let mut socket = Vec::new();
    /// let picture = vec![7; 100_000];
    /// let written = conn.write_binary(&picture, &mut socket)??;
    /// assert_eq!(written, 10 + picture.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The outer ones are those of `send_text`: nothing was queued or written. The inner ones are the
    /// writer's.
    pub fn write_text<'b>(
        &mut self,
        text: impl Into<OutgoingText<'b>>,
        writer: &mut impl Write,
    ) -> Result<io::Result<usize>, SendError> {
        self.write(Kind::Text, text.into().0, writer)
    }

    /// As [`write_text`](Self::write_text), for a binary message.
    pub fn write_binary<'b>(
        &mut self,
        data: impl Into<OutgoingBinary<'b>>,
        writer: &mut impl Write,
    ) -> Result<io::Result<usize>, SendError> {
        self.write(Kind::Binary, data.into().0, writer)
    }

    fn write(
        &mut self,
        kind: Kind,
        body: Body<'_>,
        writer: &mut impl Write,
    ) -> Result<io::Result<usize>, SendError> {
        let payload = body.bytes();
        let is_long = payload.len() >= self.config.share_from;
        if !is_long || !self.goes_as_it_is(payload.len())? || !self.outbound.is_idle() {
            self.send_body(kind, body)?;
            self.outbound.look();
            return Ok(Transmit(&mut self.outbound.queue).write_to(writer));
        }
        let mut header = [0; MAX_HEADER];
        let shape = Shape::whole(opcode(kind));
        let header_len = shape.write_header(payload.len(), None, &mut header);
        let mut parts = [IoSlice::new(&header[..header_len]), IoSlice::new(payload)];
        let (written, outcome) = write_all(writer, &mut parts);
        self.outbound.framed_beside(written);
        let header = header.get(written..header_len).unwrap_or_default();
        let passed = written.saturating_sub(header_len);
        if !header.is_empty() || passed < payload.len() {
            self.outbound.queue_rest(header, body.behind(passed));
        }
        Ok(outcome.map(|()| written))
    }
}

/// Writes until the writer takes no more: how many bytes it took.
fn write_all(writer: &mut impl Write, mut parts: &mut [IoSlice<'_>]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while !parts.is_empty() {
        match writer.write_vectored(parts) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(n) => {
                written += n;
                IoSlice::advance_slices(&mut parts, n);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
