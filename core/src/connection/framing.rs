//! Frames as bytes: what one is made of, and how it is put behind others.

use crate::frame::{MAX_CONTROL, Opcode, encode, encode_short};
use crate::{mask, simd};

/// What is fixed about a frame before its length and key are known: its first byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape(u8);

impl Shape {
    /// A control frame, or all of a message.
    pub(super) const fn whole(opcode: Opcode) -> Self {
        Self(FIN | opcode as u8)
    }

    /// A frame of a message: its last one, or not.
    pub(super) const fn part(opcode: Opcode, fin: bool) -> Self {
        Self(if fin { FIN } else { 0 } | opcode as u8)
    }

    /// The same with the first reserved bit, or without.
    pub(super) const fn with_rsv1(self, rsv1: bool) -> Self {
        Self(self.0 & !RSV1 | if rsv1 { RSV1 } else { 0 })
    }

    /// The same, but as one of several frames: the last one, or not.
    pub(super) const fn with_fin(self, fin: bool) -> Self {
        Self(self.0 & !FIN | if fin { FIN } else { 0 })
    }

    /// Writes the header of a frame with a payload of `len` bytes to the front of `to`, which has
    /// room for the longest: how long it is.
    #[inline]
    pub(super) fn write_header(self, len: usize, mask: Option<[u8; 4]>, to: &mut [u8]) -> usize {
        let (front, _) = to.split_first_chunk_mut().expect("room for a header");
        encode(self.0, len as u64, mask, front)
    }

    /// Writes a frame to the front of `to`, which has room for the payload and the longest header:
    /// how long it is.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub(super) fn write(self, payload: &[u8], mask: Option<[u8; 4]>, to: &mut [u8]) -> usize {
        if payload.len() > MAX_CONTROL {
            return self.write_long(payload, mask, to);
        }
        let (header, header_len) = encode_short(self.0, payload.len() as u64, mask);
        // Eight bytes are copied, whatever the header takes, as a fixed length is fastest.
        to[..8].copy_from_slice(&header.to_le_bytes());
        let to = &mut to[header_len..][..payload.len()];
        simd::copy_short(payload, to, mask.map(u32::from_le_bytes));
        header_len + payload.len()
    }

    #[inline]
    fn write_long(self, payload: &[u8], mask: Option<[u8; 4]>, to: &mut [u8]) -> usize {
        let header_len = self.write_header(payload.len(), mask, to);
        let to = &mut to[header_len..][..payload.len()];
        match mask {
            None => to.copy_from_slice(payload),
            Some(key) => mask::copy(payload, to, key, 0),
        }
        header_len + payload.len()
    }
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
