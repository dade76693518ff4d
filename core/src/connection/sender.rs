//! The sending half: messages, fragments, control frames, and the Close frame.

use core::ops::Range;

use bytes::Bytes;

use super::framing::Shape;
use super::outbound::{OpenMessage, Outbound};
use super::outgoing::{Body, OutgoingBinary, OutgoingText};
use super::prepared::Prepared;
use super::queue::Queue;
use crate::close::{CloseCode, CloseFrame, fit_reason};
use crate::config::Config;
use crate::error::SendError;
use crate::event::Kind;
use crate::frame::{Header, MAX_CONTROL, MAX_HEADER, Opcode, Role};

/// The sending half of a [`Connection`](super::Connection), to answer out of a received event's
/// own bytes.
///
/// What is sent is queued, in the order of the calls, for
/// [`transmit`](super::Connection::transmit). An `Err` queues nothing and changes nothing.
#[derive(Debug)]
pub struct Sender<'a> {
    pub(super) config: &'a Config,
    pub(super) role: Role,
    pub(super) outbound: &'a mut Outbound,
    pub(super) compression: Compression,
}

/// Whether messages are compressed, where the handshake agreed that they may be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Compression {
    /// From [`threshold`](crate::deflate::DeflateConfig::threshold) bytes on; a message sent in
    /// fragments always.
    #[default]
    Auto,
    /// Every message.
    On,
    /// None.
    Off,
}

impl Sender<'_> {
    /// Sets whether the messages sent through this sender are compressed.
    ///
    /// ```no_run
    /// # use wspair::{Compression, Connection, SendError};
    /// # fn send(conn: &mut Connection, jpeg: &[u8]) -> Result<(), SendError> {
    /// conn.sender().with_compression(Compression::Off).send_binary(jpeg)
    /// # }
    /// ```
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sends a text message: `&str`, or what owns its text and is not copied from
    /// [`share_from`](Config::share_from) bytes on, as `String`.
    ///
    /// # Errors
    /// [`Closing`](SendError::Closing) once a Close frame was sent or the end was told,
    /// [`Fragment`](SendError::Fragment) inside a fragmented message,
    /// [`Backpressure`](SendError::Backpressure) when the queue is full.
    #[inline]
    pub fn send_text<'b>(&mut self, text: impl Into<OutgoingText<'b>>) -> Result<(), SendError> {
        self.send_body(Kind::Text, text.into().0)
    }

    /// Sends a binary message: `&[u8]`, or what owns its bytes and is not copied from
    /// [`share_from`](Config::share_from) bytes on, as `Vec<u8>` and `Bytes`. Errors as [`send_text`](Self::send_text).
    #[inline]
    pub fn send_binary<'b>(
        &mut self,
        data: impl Into<OutgoingBinary<'b>>,
    ) -> Result<(), SendError> {
        self.send_body(Kind::Binary, data.into().0)
    }

    /// Sends a message in parts. The part with `fin` ends it; control frames may pass between.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text); [`Fragment`](SendError::Fragment) when `kind` is not
    /// that of the message's first part. The parts of a text need not end between characters; that
    /// the whole is UTF-8 is the caller's to keep.
    pub fn send_fragment(&mut self, kind: Kind, part: &[u8], fin: bool) -> Result<(), SendError> {
        self.check_open()?;
        let (opcode, open) = match self.outbound.fragment() {
            None => {
                let compressed = self.compresses(usize::MAX);
                (opcode(kind), OpenMessage { kind, compressed })
            }
            Some(open) if open.kind == kind => (Opcode::Continuation, open),
            Some(_) => return Err(SendError::Fragment),
        };
        self.check_room(self.framed_len(part.len()))?;
        let Outbound { queue, compress, .. } = &mut *self.outbound;
        let rsv1 = open.compressed && opcode != Opcode::Continuation;
        let shape = Shape::part(opcode, fin).with_rsv1(rsv1);
        match compress {
            Some(compress) if open.compressed => {
                let part = compress.deflate(part, fin)?;
                let pushed = queue.push(shape, part);
                compress.settle(pushed)?;
            }
            _ => queue.push(shape, part)?,
        }
        self.outbound.set_fragment((!fin).then_some(open));
        Ok(())
    }

    /// Sends a message that was encoded once for many connections. Errors as
    /// [`send_text`](Self::send_text).
    ///
    /// A server queues the encoded frame by reference from
    /// [`share_from`](Config::share_from) bytes on; a client encodes it anew, as it masks. It is
    /// never split, and its frame never longer than that of the message as it is.
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), SendError> {
        let len = message.payload().len();
        self.check_data()?;
        self.check_room(self.framed_len(len))?;
        let compresses = self.compresses(len);
        let Outbound { queue, compress, .. } = &mut *self.outbound;
        // Where there is no memory to compress in, it goes out as it is.
        let deflated = compress.as_mut().filter(|_| compresses);
        let deflated = deflated.and_then(|compress| message.deflated(compress).ok());
        let encoded = deflated.unwrap_or_else(|| message.plain().clone());
        match self.role {
            Role::Server => queue.push_encoded(encoded.into_frame(), self.config.share_from)?,
            Role::Client => {
                let opcode = opcode(message.kind());
                let shape = Shape::whole(opcode).with_rsv1(encoded.is_deflated());
                queue.push(shape, encoded.payload())?;
            }
        }
        Ok(())
    }

    /// Frames the message `buf[at..]` where it lies, its header written into the bytes before
    /// `at`, and returns the range of `buf` to write: no copy, no queue. A client's payload is
    /// masked in place. It is one frame, never split, and never compressed, whatever was agreed on and
    /// [`with_compression`](Self::with_compression) says: RFC 7692 leaves that open for each message.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text); [`Pending`](SendError::Pending) while anything is
    /// queued, [`Room`](SendError::Room) when the header does not fit: 14 bytes always do.
    pub fn frame_in_place(
        &mut self,
        kind: Kind,
        buf: &mut [u8],
        at: usize,
    ) -> Result<Range<usize>, SendError> {
        self.check_data()?;
        if !self.outbound.is_idle() {
            return Err(SendError::Pending);
        }
        let len = buf.len().checked_sub(at).ok_or(SendError::Room)?;
        if at < Header::encoded_len(len as u64, self.role == Role::Client) {
            return Err(SendError::Room);
        }
        let start = self.outbound.queue.frame_in_place(opcode(kind), buf, at);
        self.outbound.framed_beside(buf.len() - start);
        Ok(start..buf.len())
    }

    /// See [`SenderBinding`](crate::bindings::SenderBinding).
    pub(crate) fn frame_beside(
        &mut self,
        kind: Kind,
        len: usize,
        header: &mut [u8; MAX_HEADER],
    ) -> Result<Option<usize>, SendError> {
        if !self.goes_as_it_is(len)? {
            return Ok(None);
        }
        if !self.outbound.is_idle() {
            return Err(SendError::Pending);
        }
        // A length has 63 bits (RFC 6455 5.2), and no host has so much memory.
        if self.outbound.progress().queued.saturating_add(len as u64) > u64::MAX / 2 {
            return Err(SendError::OutOfMemory);
        }
        let opcode = opcode(kind);
        let frame = Header { fin: true, rsv1: false, opcode, mask: None, len: len as u64 };
        let header_len = frame.encode(header);
        self.outbound.framed_beside(len.saturating_add(header_len));
        Ok(Some(header_len))
    }

    /// Sends a ping; up to 125 bytes of payload.
    ///
    /// # Errors
    /// [`ControlTooLong`](SendError::ControlTooLong), [`Closing`](SendError::Closing),
    /// [`Backpressure`](SendError::Backpressure).
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send_control(Opcode::Ping, payload)
    }

    /// Sends a pong nobody asked for, or the answer to a ping where `auto_pong` is off. Errors as
    /// [`send_ping`](Self::send_ping).
    pub fn send_pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.send_control(Opcode::Pong, payload)
    }

    /// Starts, or completes, the closing handshake (RFC 6455 7.1.2). The Close frame goes behind
    /// what is queued. Where one was sent before, or the connection ended, nothing happens.
    ///
    /// # Errors
    /// [`CloseCode`](SendError::CloseCode) for 1016 to 2999, which nobody has defined and a peer
    /// would refuse (RFC 6455 7.4.2); [`CloseReason`](SendError::CloseReason) for a reason over 123
    /// bytes or without a code.
    pub fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), SendError> {
        if code.is_some_and(|code| CloseCode::from_peer(code.get()).is_none()) {
            return Err(SendError::CloseCode);
        }
        let frame = CloseFrame { code, reason };
        if frame.encode(&mut [0; MAX_CONTROL]).is_none() {
            return Err(SendError::CloseReason);
        }
        if self.check_open().is_ok() {
            self.outbound.close(frame)?;
        }
        Ok(())
    }

    /// Passes on the close of somebody behind this connection, as an end of a pair: like
    /// [`close`](Self::close), but codes that nobody has defined pass, a code that may not travel
    /// is left out and the reason with it, and a reason that is too long is cut between characters.
    pub fn pass_close(&mut self, code: Option<u16>, reason: &str) {
        let code = code.and_then(CloseCode::new);
        let reason = if code.is_some() { fit_reason(reason) } else { "" };
        if self.check_open().is_ok() {
            self.outbound.close_or_drop(CloseFrame { code, reason });
        }
    }

    /// See [`SenderBinding`](crate::bindings::SenderBinding).
    pub(crate) fn explain_close(&mut self, reason: &str) -> Result<(), SendError> {
        self.outbound.explain(reason)
    }

    /// Gives up without a closing handshake: once what is queued was written the transport is to
    /// be dropped, and the peer sees it vanish (1006).
    pub fn abort(&mut self) {
        self.outbound.lifecycle.abort();
    }

    /// Whether [`transmit`](super::Connection::transmit) would show anything, pongs and a Close
    /// frame that was put off included. What was shown counts until it was advanced past.
    pub fn wants_write(&self) -> bool {
        !self.outbound.is_idle()
    }

    /// Whether the transport takes nothing any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.outbound.lifecycle.is_lost()
    }

    /// Bytes that wait to be transmitted, frame headers included. Pongs, and a Close frame that was
    /// put off, count as well, though their place among the others is open.
    pub fn buffered_amount(&self) -> usize {
        self.outbound.buffered()
    }

    /// Whether at least [`high_water_mark`](crate::Limits::high_water_mark) bytes wait: a sender that
    /// can pause should.
    pub fn is_congested(&self) -> bool {
        self.outbound.buffered() >= self.config.limits.high_water_mark.max(1)
    }

    #[inline]
    pub(super) fn send_body(&mut self, kind: Kind, body: Body<'_>) -> Result<(), SendError> {
        match body {
            Body::Borrowed(bytes) => self.send(kind, bytes),
            Body::Shared(bytes) => self.send_shared(kind, bytes),
        }
    }

    /// Whether a message of `len` bytes may be sent, and goes out as it is: not masked, compressed
    /// or split.
    pub(super) fn goes_as_it_is(&self, len: usize) -> Result<bool, SendError> {
        self.check_data()?;
        let splits = self.config.split_above.is_some_and(|most| len > most);
        Ok(self.role == Role::Server && !splits && !self.compresses(len))
    }

    /// Sends bytes that are copied.
    #[inline]
    fn send(&mut self, kind: Kind, payload: &[u8]) -> Result<(), SendError> {
        let (shape, most) = (Shape::whole(opcode(kind)), self.config.limits.max_outgoing);
        if self.outbound.send_plainly(shape, payload, most) {
            return Ok(());
        }
        send_thoroughly(self.config, self.role, self.outbound, self.compression, kind, payload)
    }

    /// Sends bytes that are kept as they are, where that is worth it and they are not masked.
    fn send_shared(&mut self, kind: Kind, payload: Bytes) -> Result<(), SendError> {
        if self.role == Role::Client || payload.len() < self.config.share_from {
            return self.send(kind, &payload);
        }
        let Outbound { queue, .. } = &*self.outbound;
        let allowed = queue.allows(payload.len(), self.config.limits.max_outgoing);
        if allowed && self.outbound.sends_plainly() {
            return Ok(self.outbound.queue.push_shared(Shape::whole(opcode(kind)), payload)?);
        }
        self.send_any(kind, &payload, Some(&payload))
    }

    /// Sends bytes in any case; `shared` are the same bytes, to be queued by reference.
    fn send_any(
        &mut self,
        kind: Kind,
        payload: &[u8],
        shared: Option<&Bytes>,
    ) -> Result<(), SendError> {
        self.check_data()?;
        self.check_room(self.message_len(payload.len()))?;
        let compresses = self.compresses(payload.len());
        let Outbound { queue, compress, .. } = &mut *self.outbound;
        let shape = Shape::whole(opcode(kind));
        let Some(compress) = compress.as_mut().filter(|_| compresses) else {
            return push_message(queue, self.config, shape, payload, shared);
        };
        let taken_back = !compress.keeps_context();
        let pushed = match compress.deflate(payload, true) {
            Ok(deflated) if !taken_back || deflated.len() < payload.len() => {
                push_message(queue, self.config, shape.with_rsv1(true), deflated, None)
            }
            // What does not get shorter, or finds no memory, goes out as it is.
            _ => push_message(queue, self.config, shape, payload, shared),
        };
        compress.settle(pushed)
    }

    fn compresses(&self, len: usize) -> bool {
        let wanted = match self.compression {
            Compression::Auto => len >= self.config.deflate.threshold,
            Compression::On => true,
            Compression::Off => false,
        };
        wanted && self.outbound.compress.is_some()
    }

    fn send_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), SendError> {
        if payload.len() > MAX_CONTROL {
            return Err(SendError::ControlTooLong);
        }
        self.check_open()?;
        self.check_room(self.framed_len(payload.len()))?;
        Ok(self.outbound.queue.push(Shape::whole(opcode), payload)?)
    }

    /// How many bytes a message of `len` bytes takes, if it is not compressed.
    fn message_len(&self, len: usize) -> usize {
        let most = self.config.split_above.map_or(usize::MAX, |most| most.max(1));
        if len <= most {
            return self.framed_len(len);
        }
        let last = match len % most {
            0 => 0,
            rest => self.framed_len(rest),
        };
        self.framed_len(most).saturating_mul(len / most).saturating_add(last)
    }

    fn framed_len(&self, len: usize) -> usize {
        self.outbound.queue.framed_len(len)
    }

    fn check_data(&self) -> Result<(), SendError> {
        self.check_open()?;
        // RFC 6455 5.4: the fragments of one message may not be interleaved with another's.
        if self.outbound.fragment().is_some() { Err(SendError::Fragment) } else { Ok(()) }
    }

    fn check_open(&self) -> Result<(), SendError> {
        if self.outbound.takes_frames() { Ok(()) } else { Err(SendError::Closing) }
    }

    fn check_room(&self, framed: usize) -> Result<(), SendError> {
        let queued = self.outbound.queue.len();
        if queued > 0 && queued.saturating_add(framed) > self.config.limits.max_outgoing {
            return Err(SendError::Backpressure { queued });
        }
        Ok(())
    }
}

/// Sends a message that may be special. It takes a sender apart, so that one which is made for a
/// plain message never has to exist.
#[cold]
fn send_thoroughly(
    config: &Config,
    role: Role,
    outbound: &mut Outbound,
    compression: Compression,
    kind: Kind,
    payload: &[u8],
) -> Result<(), SendError> {
    Sender { config, role, outbound, compression }.send_any(kind, payload, None)
}

/// Queues a message as one frame, or split; `shared` are the same bytes.
fn push_message(
    queue: &mut Queue,
    config: &Config,
    mut shape: Shape,
    payload: &[u8],
    shared: Option<&Bytes>,
) -> Result<(), SendError> {
    let (len, share_from) = (payload.len(), config.share_from);
    let most = config.split_above.map_or(usize::MAX, |most| most.max(1));
    if len <= most {
        return Ok(queue.push_body(shape, payload, shared, share_from)?);
    }
    let frames = len.div_ceil(most);
    let copied = if shared.is_some() && most >= share_from { len % most } else { len };
    queue.make_room_for(frames, copied + frames * MAX_HEADER)?;
    for start in (0..len).step_by(most) {
        let end = len.min(start.saturating_add(most));
        let part = shared.map(|shared| shared.slice(start..end));
        queue.seal()?;
        let last = shape.with_fin(end == len);
        queue.push_body(last, &payload[start..end], part.as_ref(), share_from)?;
        shape = Shape::whole(Opcode::Continuation);
    }
    Ok(())
}

pub(super) fn opcode(kind: Kind) -> Opcode {
    match kind {
        Kind::Binary => Opcode::Binary,
        Kind::Text => Opcode::Text,
    }
}
