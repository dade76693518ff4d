//! Masking (RFC 6455 5.3): byte `i` of a payload is combined by XOR with byte `i mod 4` of its key.
//!
//! Masking and unmasking are the same. `offset` is the position in the payload at which the slice
//! begins, so that a payload can be treated in pieces.

use crate::simd;

/// Masks or unmasks `data` where it lies.
///
/// ```
/// let mut data = *b"\x7f\x9f\x4d\x51\x58";
/// wspair::mask::in_place(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(&data, b"Hello");
/// ```
pub fn in_place(data: &mut [u8], key: [u8; 4], offset: usize) {
    simd::xor(data, turned(u32::from_le_bytes(key), offset as u64));
}

/// Copies `from` into `to`, masking or unmasking in the same pass.
///
/// Copies as many bytes as the shorter of the two holds.
pub fn copy(from: &[u8], to: &mut [u8], key: [u8; 4], offset: usize) {
    simd::xor_copy(from, to, turned(u32::from_le_bytes(key), offset as u64));
}

/// A key, as a number whose lowest byte is the first, as it stands `by` bytes further on.
#[inline(always)]
#[allow(clippy::inline_always)]
pub(crate) fn turned(key: u32, by: u64) -> u32 {
    key.rotate_right(8 * u32::from(by.to_le_bytes()[0] & 3))
}
