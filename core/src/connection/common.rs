//! The common frame: a data message that is one frame, whole in the input.
//!
//! It is taken in one step, without touching what is remembered between inputs. Whatever does not
//! fit here, down to frames of a few bytes at the input's end and all that breaks a rule, is left
//! to the general path, which treats this frame alike.

use super::Connection;
use super::inbound::Input;
use super::outbound::Outbound;
use super::receive::Receive;
use super::sender::{Compression, Sender};
use crate::config::Limits;
use crate::error::ProtocolError;
use crate::event::{Event, Kind, Payload, Text};
use crate::frame::Role;
use crate::simd;

/// Such a frame. `at` is where its payload begins behind the header's first byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonFrame {
    kind: Kind,
    key: u32,
    at: usize,
    len: usize,
}

impl CommonFrame {
    /// Reads the frame at the front of `bytes`, sent to `role`, with a payload of up to `most`.
    #[inline]
    fn decode(bytes: &[u8], role: Role, most: u16) -> Option<Self> {
        // They hold all of the header, its key included, where the length has up to 16 bits.
        let header: &[u8; 8] = bytes.first_chunk()?;
        let kind = match header[0] {
            0x81 => Kind::Text,
            0x82 => Kind::Binary,
            _ => return None,
        };
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
        (fits && len <= bytes.len() - at).then_some(Self { kind, key, at, len })
    }

    /// As [`decode`](Self::decode) for a frame whose length has 64 bits.
    fn decode_long(bytes: &[u8], role: Role, limits: &Limits) -> Option<Self> {
        let header: &[u8; 14] = bytes.first_chunk()?;
        let kind = match (header[0], header[1], role) {
            (0x81, 0xff, Role::Server) | (0x81, 0x7f, Role::Client) => Kind::Text,
            (0x82, 0xff, Role::Server) | (0x82, 0x7f, Role::Client) => Kind::Binary,
            _ => return None,
        };
        let len = usize::try_from(u64::from_be_bytes(*header[2..].first_chunk()?)).ok()?;
        let (at, key) = match role {
            Role::Server => (14, u32::from_le_bytes(*header.last_chunk()?)),
            Role::Client => (10, 0),
        };
        let fits = len > usize::from(u16::MAX) && len <= limits.max_frame.min(limits.max_message);
        (fits && len <= bytes.len() - at).then_some(Self { kind, key, at, len })
    }
}

impl Receive<'_> {
    /// The next frame, if it is a common one. Nothing is taken yet.
    #[inline]
    pub(super) fn common_frame(&self) -> Option<CommonFrame> {
        let Connection { role, inbound, outbound, read, .. } = &*self.conn;
        if !inbound.between_messages || outbound.lifecycle.has_ended() {
            return None;
        }
        let bytes = match &self.input {
            Input::Mutable(bytes) => &bytes[self.pos..],
            Input::Own => &read.bytes()[self.pos..self.end],
            Input::Fixed(_) => return None,
        };
        CommonFrame::decode(bytes, *role, inbound.most)
    }

    /// As [`common_frame`](Self::common_frame), where such frames are rarer: long ones, and those in
    /// an input that must not change, if they need not be unmasked.
    pub(super) fn rarer_frame(&self) -> Option<CommonFrame> {
        let Connection { role, config, inbound, outbound, read, .. } = &*self.conn;
        if !inbound.between_messages || outbound.lifecycle.has_ended() {
            return None;
        }
        let bytes = match &self.input {
            Input::Mutable(bytes) => &bytes[self.pos..],
            Input::Own => &read.bytes()[self.pos..self.end],
            Input::Fixed(bytes) if *role == Role::Client => &bytes[self.pos..],
            Input::Fixed(_) => return None,
        };
        CommonFrame::decode(bytes, *role, inbound.most)
            .or_else(|| CommonFrame::decode_long(bytes, *role, &config.limits))
    }

    /// Takes such a frame and lends its message.
    pub(super) fn take_rarer(&mut self, frame: CommonFrame) -> Option<(Event<'_>, Sender<'_>)> {
        let Input::Fixed(bytes) = self.input else {
            return self.take_common(frame);
        };
        let CommonFrame { kind, at, len, .. } = frame;
        let at = self.pos + at;
        self.pos = at + len;
        self.event_in_input = true;
        let bytes = &bytes[at..at + len];
        let event = match kind {
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
    pub(super) fn take_common(&mut self, frame: CommonFrame) -> Option<(Event<'_>, Sender<'_>)> {
        let CommonFrame { kind, key, at, len } = frame;
        let at = self.pos + at;
        self.pos = at + len;
        self.event_in_input = true;
        let Connection { role, config, outbound, read, .. } = &mut *self.conn;
        let (bytes, shown) = match &mut self.input {
            Input::Mutable(bytes) => (&mut bytes[at..at + len], Some(at)),
            Input::Fixed(_) => (&mut [][..], None),
            Input::Own => (read.take(at..at + len), None),
        };
        let event = match (kind, *role) {
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

#[cold]
fn refuse_text(outbound: &mut Outbound) -> Option<Event<'static>> {
    outbound.fail(ProtocolError::TextNotUtf8);
    Some(Event::Closed(outbound.lifecycle.tell_end()?))
}
