//! Compressed messages on the receive path (RFC 7692 6.2).

use super::Connection;
use super::assembly::Assembly;
use super::fault::Fault;
use super::inbound::{Found, Frame, Inbound, Input, Message, Place, Step, What, input_bytes};
use super::inflate::Inflated;
use super::receive::{Receive, not_utf8};
use crate::config::Delivery;
use crate::error::ProtocolError;
use crate::event::Kind;
use crate::simd;

impl Receive<'_> {
    /// Inflates what has come of a compressed message's frame.
    ///
    /// In chunks, the input is taken only as far as the output goes that is delivered.
    pub(super) fn inflate(
        &mut self,
        frame: Frame,
        read: u64,
        mut message: Message,
    ) -> Result<Option<Found>, Fault> {
        let chunks = self.conn.config.delivery == Delivery::Chunks;
        let start = self.pos;
        let left = usize::try_from(frame.len - read).unwrap_or(usize::MAX);
        let end = self.end.min(start.saturating_add(left));
        let unmasked = !chunks && self.unmask_ahead(end, frame.key_at(read));
        loop {
            let read = read + (self.pos - start) as u64;
            let before = message.inflated;
            let key = if unmasked { None } else { frame.key_at(read) };
            let more = self.inflate_step(end, key, &mut message)?;
            let Connection { inbound, .. } = &mut *self.conn;
            let read = frame.len - (left - (self.pos - start)) as u64;
            let partial = inbound.partial();
            partial.message = Some(message);
            partial.step = Step::Payload { frame, read };
            if chunks && message.inflated > before {
                return Ok(Some(inbound.chunk(message, false)));
            }
            if !more && self.pos == end {
                break;
            }
        }
        self.conn.inbound.end_frame(frame, message, chunks)
    }

    /// Inflates some of the input up to `end`; whether there is more without further input.
    fn inflate_step(
        &mut self,
        end: usize,
        key: Option<u32>,
        message: &mut Message,
    ) -> Result<bool, Fault> {
        let Connection { config, inbound, read: buffer, .. } = &mut *self.conn;
        let Some((partial, inflate)) = inbound.inflating() else {
            return Ok(false);
        };
        let mut scratch = [0; SCRATCH];
        let mut piece = input_bytes(&self.input, buffer, self.pos, end - self.pos);
        if let Some(key) = key {
            let len = piece.len().min(SCRATCH);
            simd::xor_copy(&piece[..len], &mut scratch, key);
            piece = &scratch[..len];
        }
        let Assembly { bytes, check, .. } = &mut partial.assembly;
        let before = bytes.len();
        let inflated = message.inflated.unwrap_or_default();
        let room = config.limits.max_message.saturating_sub(inflated);
        let Inflated { taken, more } = inflate.step(piece, bytes, room)?;
        let made = before..bytes.len();
        message.inflated = Some(inflated + made.len());
        if message.kind == Kind::Text {
            match config.delivery {
                Delivery::Messages => bytes.check(0, made, None).map_err(not_utf8)?,
                Delivery::Chunks => _ = check.push(&bytes[made]).map_err(not_utf8)?,
            }
        }
        self.pos += taken;
        Ok(more)
    }

    /// Unmasks the input up to `end` where it lies: whether that may be.
    fn unmask_ahead(&mut self, end: usize, key: Option<u32>) -> bool {
        let bytes = match &mut self.input {
            Input::Mutable(bytes) => &mut bytes[self.pos..end],
            Input::Own => self.conn.read.part_mut(self.pos..end),
            Input::Fixed(_) => return key.is_none(),
        };
        if let Some(key) = key {
            simd::xor(bytes, key);
        }
        true
    }
}

impl Inbound {
    /// The frame's bytes that came are inflated: is it, and with it the message, at its end?
    fn end_frame(
        &mut self,
        frame: Frame,
        message: Message,
        chunks: bool,
    ) -> Result<Option<Found>, Fault> {
        let partial = self.partial();
        match partial.step {
            Step::Payload { read, .. } if read == frame.len => partial.step = Step::default(),
            _ => return Ok(None),
        }
        if !frame.fin {
            return Ok(None);
        }
        partial.message = None;
        if let Some(inflate) = &mut self.inflate {
            inflate.finish(message.len == 0)?;
        }
        if chunks {
            if message.kind == Kind::Text && !self.partial().assembly.check.is_complete() {
                return Err(ProtocolError::TextNotUtf8.into());
            }
            return Ok(Some(self.chunk(message, true)));
        }
        self.partial().assembly.end(message.kind)?;
        Ok(Some(Found { what: What::Message(message.kind), place: Place::Assembled }))
    }

    /// What was inflated, as a part of its message.
    fn chunk(&mut self, message: Message, last: bool) -> Found {
        let Message { kind, begun, .. } = message;
        let partial = self.partial();
        if let Some(message) = &mut partial.message {
            message.begun = true;
        }
        partial.assembly.lent = true;
        Found { what: What::Chunk { kind, first: !begun, last }, place: Place::Assembled }
    }
}

/// Input that may not be changed is unmasked on the stack, at most so much at a time.
const SCRATCH: usize = 1024;
