//! Frames as bytes: what one is made of, and how it is put behind others.

use alloc::vec::Vec;

use crate::frame::{Header, MAX_HEADER, Opcode};
use crate::mask;

/// What is fixed about a frame before its length and key are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
}

impl Shape {
    pub(super) fn control(opcode: Opcode) -> Self {
        Self { fin: true, rsv1: false, opcode }
    }

    /// The header of a frame with a payload of `len` bytes, and how long it is.
    pub(super) fn header(self, mask: Option<[u8; 4]>, len: usize) -> ([u8; MAX_HEADER], usize) {
        let Self { fin, rsv1, opcode } = self;
        let mut bytes = [0; MAX_HEADER];
        let header = Header { fin, rsv1, opcode, mask, len: len as u64 };
        let header_len = header.encode(&mut bytes);
        (bytes, header_len)
    }
}

/// Appends all the bytes a header may have, as a copy of fixed length, then cuts it to its own.
pub(super) fn append_header(to: &mut Vec<u8>, header: &[u8; MAX_HEADER], len: usize) {
    let end = to.len() + len;
    to.extend_from_slice(header);
    to.truncate(end);
}

/// Appends a piece of a payload that begins `offset` bytes into it, masked where there is a key:
/// block by block, so that each is masked while it is in the nearest cache.
pub(super) fn append_at(to: &mut Vec<u8>, piece: &[u8], mask: Option<[u8; 4]>, offset: usize) {
    let Some(key) = mask else {
        to.extend_from_slice(piece);
        return;
    };
    for block in piece.chunks(BLOCK) {
        let start = to.len();
        to.extend_from_slice(block);
        mask::in_place(&mut to[start..], key, offset);
    }
}

/// What is copied, then masked, at a time: a multiple of the key's length.
const BLOCK: usize = 4 << 10;
