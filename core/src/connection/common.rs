//! Frames that are whole in the input: most are.
//!
//! The common one is a message that is one frame. It is taken in one step, without touching what is
//! remembered between inputs. Fragments, pings and pongs take a step each too. Whatever does not fit
//! here, down to frames of a few bytes at the input's end and all that breaks a rule by itself, is left
//! to the general path, which treats these frames alike.

use super::Connection;
use super::fault::Fault;
use super::inbound::{Input, Message, input_bytes};
use super::outbound::Outbound;
use super::receive::Receive;
use super::sender::{Compression, Sender};
use crate::config::Limits;
use crate::error::ProtocolError;
use crate::event::{Event, Kind, Payload, Text};
use crate::frame::{MAX_CONTROL, Role};
use crate::simd;

/// Such a frame, with nothing special to it: not compressed, and no Close.
#[derive(Clone, Copy, Debug)]
pub(super) struct WholeFrame {
    /// The header's first byte.
    first: u8,
    /// Means nothing where the frame is not masked.
    key: u32,
    /// Where the payload begins, behind the header's first byte.
    at: usize,
    len: usize,
}

impl WholeFrame {
    /// Reads the frame at the front of `bytes`, sent to `role`, if `takes` its first byte and its
    /// payload has up to `most` bytes.
    #[inline]
    fn decode(bytes: &[u8], role: Role, most: u16, takes: impl Fn(u8) -> bool) -> Option<Self> {
        // They hold all of the header, its key included, where the length has up to 16 bits.
        let header: &[u8; 8] = bytes.first_chunk()?;
        if !takes(header[0]) {
            return None;
        }
        let (mask_bit, key_len) = match role {
            Role::Server => (0x80, 4),
            Role::Client => (0, 0),
        };
        let (at, len) = match header[1] ^ mask_bit {
            short @ 0..126 => (2, u16::from(short)),
            126 => match u16::from_be_bytes([header[2], header[3]]) {
                // RFC 6455 5.2: the shortest form is the only one.
                ..126 => return None,
                long => (4, long),
            },
            _ => return None,
        };
        let key = u32::from_le_bytes(*header[at..].first_chunk()?);
        let (at, fits, len) = (at + key_len, len <= most, usize::from(len));
        (fits && len <= bytes.len() - at).then_some(Self { first: header[0], key, at, len })
    }

    /// As [`decode`](Self::decode) for a frame whose length has 64 bits.
    fn decode_long(bytes: &[u8], role: Role, limits: &Limits) -> Option<Self> {
        let header: &[u8; 14] = bytes.first_chunk()?;
        let first = header[0];
        let is_long = matches!((header[1], role), (0xff, Role::Server) | (0x7f, Role::Client));
        if !is_long || !is_message(first) {
            return None;
        }
        let len = usize::try_from(u64::from_be_bytes(*header[2..].first_chunk()?)).ok()?;
        let (at, key) = match role {
            Role::Server => (14, u32::from_le_bytes(*header.last_chunk()?)),
            Role::Client => (10, 0),
        };
        let fits = len > usize::from(u16::MAX) && len <= limits.max_frame.min(limits.max_message);
        (fits && len <= bytes.len() - at).then_some(Self { first, key, at, len })
    }

    /// Whether it is all of a message.
    pub(super) fn is_message(self) -> bool {
        is_message(self.first)
    }

    fn kind(self) -> Kind {
        if self.first == TEXT { Kind::Text } else { Kind::Binary }
    }
}

impl Receive<'_> {
    /// The next frame, if it is a common one. Nothing is taken yet.
    #[inline]
    pub(super) fn common_frame(&self) -> Option<WholeFrame> {
        let Connection { role, inbound, outbound, read, .. } = &*self.conn;
        if !inbound.between_messages || outbound.lifecycle.has_ended() {
            return None;
        }
        let bytes = match &self.input {
            Input::Mutable(bytes) => &bytes[self.pos..],
            Input::Own => &read.bytes()[self.pos..self.end],
            Input::Fixed(_) => return None,
        };
        WholeFrame::decode(bytes, *role, inbound.most, is_message)
    }

    /// Takes fragments, for as long as they are whole: which kind of message is whole then, if one is.
    pub(super) fn take_fragments(&mut self) -> Result<Option<Kind>, Fault> {
        let Connection { role, config, inbound, outbound, read, .. } = &mut *self.conn;
        if !inbound.between_frames || outbound.lifecycle.has_ended() {
            return Ok(None);
        }
        let (most, limits) = (inbound.most, &config.limits);
        let bytes = input_bytes(&self.input, read, 0, self.end);
        while let Some(frame) = WholeFrame::decode(&bytes[self.pos..], *role, most, is_fragment) {
            let WholeFrame { first, key, at, len } = frame;
            inbound.between_messages = false;
            let partial = inbound.make_partial()?;
            let Message { kind, len: so_far, .. } =
                *partial.begin(begins(first), false, len as u64, limits)?;
            let (at, fin) = (self.pos + at, first == LAST);
            self.pos = at + len;
            let key = (*role == Role::Server).then_some(key);
            let total = if fin { so_far } else { limits.max_message };
            partial.assembly.push(kind, &bytes[at..self.pos], key, total)?;
            if fin {
                partial.message = None;
                partial.assembly.end(kind)?;
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    /// Lends a message that was put together. Not by way of a `Found`, which is written in pieces and
    /// read as a whole: a store-forwarding stall.
    pub(super) fn lend_assembled(&mut self, kind: Kind) -> (Event<'_>, Sender<'_>) {
        self.took_all_before();
        self.event_in_input = false;
        let Connection { role, config, inbound, outbound, .. } = &mut *self.conn;
        let bytes = &mut inbound.partial().assembly.bytes;
        let event = match kind {
            Kind::Binary => Event::Binary(Payload::assembled(bytes.as_mut())),
            Kind::Text => Event::Text(Text::assembled(bytes)),
        };
        (event, Sender { config, role: *role, outbound, compression: Compression::Auto })
    }

    /// The next frame, if it is whole: a ping or pong, or a message that is rarer, as a long one, or
    /// one in an input that must not change, if it need not be unmasked.
    #[inline]
    pub(super) fn whole_frame(&self) -> Option<WholeFrame> {
        let Connection { role, config, inbound, outbound, read, .. } = &*self.conn;
        let stays = *role == Role::Server && matches!(self.input, Input::Fixed(_));
        if stays || !inbound.between_frames || outbound.lifecycle.has_ended() {
            return None;
        }
        let bytes = input_bytes(&self.input, read, self.pos, self.end - self.pos);
        let (most, messages) = (inbound.most, inbound.between_messages);
        let takes = |first| matches!(first, PING | PONG) || messages && is_message(first);
        match WholeFrame::decode(bytes, *role, most, takes) {
            // RFC 6455 5.5: a longer control frame is refused.
            Some(frame) => (frame.is_message() || frame.len <= MAX_CONTROL).then_some(frame),
            None if messages => WholeFrame::decode_long(bytes, *role, &config.limits),
            None => None,
        }
    }

    /// Takes a ping or a pong, and lends its payload.
    pub(super) fn take_control(&mut self, frame: WholeFrame) -> (Event<'_>, Sender<'_>) {
        let WholeFrame { first, key, at, len } = frame;
        let at = self.pos + at;
        self.pos = at + len;
        self.event_in_input = true;
        let Connection { role, config, outbound, read, .. } = &mut *self.conn;
        let key = (*role == Role::Server).then_some(key);
        let bytes = match &mut self.input {
            Input::Mutable(bytes) => unmasked(&mut bytes[at..at + len], key),
            Input::Own => unmasked(read.take(at..at + len), key),
            Input::Fixed(bytes) => &bytes[at..at + len],
        };
        if first == PING && config.auto_pong {
            outbound.answer_ping(bytes);
        }
        let event = if first == PING { Event::Ping(bytes) } else { Event::Pong(bytes) };
        (event, Sender { config, role: *role, outbound, compression: Compression::Auto })
    }

    /// Takes a message that is rarer, and lends it.
    pub(super) fn take_rarer(&mut self, frame: WholeFrame) -> Option<(Event<'_>, Sender<'_>)> {
        let Input::Fixed(bytes) = self.input else {
            return self.take_common(frame);
        };
        let WholeFrame { at, len, .. } = frame;
        let at = self.pos + at;
        self.pos = at + len;
        self.event_in_input = true;
        let bytes = &bytes[at..at + len];
        let event = match frame.kind() {
            Kind::Binary => Event::Binary(Payload::fixed(bytes, at)),
            Kind::Text => {
                if let Ok(text) = simd::from_utf8(bytes) {
                    Event::Text(Text::lent(text, Some(at)))
                } else {
                    self.pos = self.end;
                    refuse_text(&mut self.conn.outbound)?
                }
            }
        };
        Some((event, self.conn.sender()))
    }

    /// Takes the frame and lends its message.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub(super) fn take_common(&mut self, frame: WholeFrame) -> Option<(Event<'_>, Sender<'_>)> {
        let WholeFrame { key, at, len, .. } = frame;
        let at = self.pos + at;
        self.pos = at + len;
        self.event_in_input = true;
        let Connection { role, config, outbound, read, .. } = &mut *self.conn;
        let (bytes, shown) = match &mut self.input {
            Input::Mutable(bytes) => (&mut bytes[at..at + len], Some(at)),
            Input::Fixed(_) => (&mut [][..], None),
            Input::Own => (read.take(at..at + len), None),
        };
        let event = match (frame.kind(), *role) {
            (Kind::Binary, Role::Server) => {
                simd::xor(bytes, key);
                Event::Binary(Payload::lent(bytes, shown))
            }
            (Kind::Binary, Role::Client) => Event::Binary(Payload::lent(bytes, shown)),
            (Kind::Text, role) => {
                let text = match role {
                    Role::Server => simd::xor_text(bytes, key),
                    Role::Client => simd::from_utf8(bytes),
                };
                if let Ok(text) = text {
                    Event::Text(Text::lent(text, shown))
                } else {
                    self.pos = self.end;
                    refuse_text(outbound)?
                }
            }
        };
        let compression = Compression::Auto;
        Some((event, Sender { config, role: *role, outbound, compression }))
    }
}

fn is_message(first: u8) -> bool {
    matches!(first, TEXT | BINARY)
}

fn is_fragment(first: u8) -> bool {
    matches!(first, 0x00..=0x02 | LAST)
}

/// Of which kind the message is that a fragment begins.
fn begins(first: u8) -> Option<Kind> {
    match first {
        0x01 => Some(Kind::Text),
        0x02 => Some(Kind::Binary),
        _ => None,
    }
}

#[inline]
fn unmasked(bytes: &mut [u8], key: Option<u32>) -> &[u8] {
    if let Some(key) = key {
        simd::xor(bytes, key);
    }
    bytes
}

#[cold]
fn refuse_text(outbound: &mut Outbound) -> Option<Event<'static>> {
    outbound.fail(ProtocolError::TextNotUtf8);
    Some(Event::Closed(outbound.lifecycle.tell_end()?))
}

/// First bytes of headers (RFC 6455 5.2): final frames without reserved bits.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const LAST: u8 = 0x80;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;
