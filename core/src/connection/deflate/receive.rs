//! Compressed messages on their way in (RFC 7692 6.2 and 7.2.2): the general path's part for them, and
//! what inflates them.

use alloc::boxed::Box;
use alloc::sync::Arc;

use crate::config::Delivery;
use crate::connection::Connection;
use crate::connection::assembly::Assembly;
use crate::connection::fault::Fault;
use crate::connection::inbound::{Found, Frame, Inbound, Input, Message, Place, What, input_bytes};
use crate::connection::receive::{Receive, not_utf8};
use crate::deflate::{Codec, Decompressor, Progress};
use crate::error::ProtocolError;
use crate::event::Kind;
use crate::memory::OutOfMemory;
use crate::simd::{self, CheckedBytes};

impl Receive<'_> {
    /// Inflates what has come of a compressed message's frame.
    ///
    /// In chunks, the input is taken only as far as the output goes that is delivered.
    pub(in crate::connection) fn inflate(
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
            (partial.frame, partial.read) = (Some(frame), read);
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
        if partial.frame.is_none() || partial.read < frame.len {
            return Ok(None);
        }
        partial.frame = None;
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

/// Inflates messages, straight into the buffer they are assembled in.
#[derive(Debug)]
pub(in crate::connection) struct Inflate {
    codec: Arc<dyn Codec>,
    window_bits: u8,
    /// Whether the window lives on between messages.
    takeover: bool,
    decompressor: Option<Box<dyn Decompressor>>,
    /// A final block ended with the last byte read.
    finished: bool,
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub(in crate::connection) struct Inflated {
    /// Bytes of input taken.
    pub(in crate::connection) taken: usize,
    /// More output may come of what was taken already.
    pub(in crate::connection) more: bool,
}

impl Inflate {
    pub(in crate::connection) fn new(
        codec: Arc<dyn Codec>,
        window_bits: u8,
        takeover: bool,
    ) -> Self {
        Self { codec, window_bits, takeover, decompressor: None, finished: false }
    }

    /// Appends to `out` what `input` inflates to: at most a step of 16 KiB, and at most `room`
    /// bytes.
    pub(in crate::connection) fn step(
        &mut self,
        input: &[u8],
        out: &mut CheckedBytes,
        room: usize,
    ) -> Result<Inflated, Fault> {
        let start = out.len();
        // A byte over the limit shows that there is more, and is never kept.
        let mut over = [0];
        let space = room.min(STEP.min(MIN_STEP.max(4 * input.len())));
        reserve(out, space, room)?;
        out.resize(start + space);
        let target = if room == 0 { &mut over[..] } else { out.part_mut(start..start + space) };
        let Progress { taken, made, .. } = self.decompress(input, target)?;
        if made > space {
            return Err(ProtocolError::MessageTooLong.into());
        }
        out.resize(start + made);
        Ok(Inflated { taken, more: made > 0 && made == space })
    }

    /// The message's last byte was read: adds what its sender left out, and checks that nothing is
    /// open or left. An `empty` message needs no block at all.
    pub(in crate::connection) fn finish(&mut self, empty: bool) -> Result<(), Fault> {
        if !(self.finished || empty) {
            for mut rest in [TAIL, PROBE] {
                while !rest.is_empty() {
                    let Progress { taken, made, .. } = self.decompress(rest, &mut [0])?;
                    if made > 0 {
                        return Err(ProtocolError::Deflate.into());
                    }
                    rest = &rest[taken..];
                }
            }
        }
        self.finished = false;
        if !self.takeover {
            self.release();
        }
        Ok(())
    }

    fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Fault> {
        let (codec, window_bits) = (&self.codec, self.window_bits);
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(codec.try_decompressor(window_bits)?),
        };
        let progress = decompressor.decompress(input, out).map_err(|_| ProtocolError::Deflate)?;
        let Progress { taken, made, finished } = progress;
        // It would go on like this; a final block may end once where no byte is left to take.
        let is_stuck = taken == 0 && made == 0 && !input.is_empty() && (!finished || self.finished);
        if is_stuck || taken > input.len() || made > out.len() {
            return Err(ProtocolError::Deflate.into());
        }
        if taken > 0 || finished {
            self.finished = finished;
        }
        Ok(progress)
    }

    /// Drops the codec, and what it holds of a message.
    pub(in crate::connection) fn stop(&mut self) {
        self.decompressor = None;
    }

    fn release(&mut self) {
        if let Some(decompressor) = self.decompressor.take() {
            self.codec.recycle_decompressor(decompressor, self.window_bits);
        }
    }
}

/// Makes room for a step, by doubling, but never beyond what the limit leaves.
fn reserve(out: &mut CheckedBytes, space: usize, room: usize) -> Result<(), OutOfMemory> {
    if out.capacity() - out.len() < space {
        out.reserve(space.max(out.len().min(room)))?;
    }
    Ok(())
}

/// What a sender leaves out at the end of a message (RFC 7692 7.2.1).
pub(in crate::connection) const TAIL: &[u8] = &[0x00, 0x00, 0xFF, 0xFF];

/// An empty block: it makes nothing, unless the message stopped inside another.
const PROBE: &[u8] = &[0x00, 0x00, 0x00, 0xFF, 0xFF];

/// Most output asked for at a time.
const STEP: usize = 16 << 10;

/// Least output asked for at a time.
const MIN_STEP: usize = 512;

/// Input that may not be changed is unmasked on the stack, at most so much at a time.
const SCRATCH: usize = 1024;
