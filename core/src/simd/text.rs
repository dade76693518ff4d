//! Bytes as text (RFC 3629).

use super::mask::xor_and_test;
use crate::utf8::Invalid;

/// The bytes as text, if they are UTF-8.
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Result<&str, Invalid> {
    if bytes.len() >= VECTOR {
        return simdutf8::basic::from_utf8(bytes).map_err(|_| Invalid);
    }
    if is_ascii(bytes) { Ok(ascii(bytes)) } else { checked(bytes) }
}

/// Combines `data` with the key where it lies, and gives it as text, if it is UTF-8: ASCII in one
/// pass over the bytes.
#[inline]
pub(crate) fn xor_text(data: &mut [u8], key: u32) -> Result<&str, Invalid> {
    let is_ascii = xor_and_test(data, key);
    if is_ascii {
        Ok(ascii(data))
    } else if data.len() >= VECTOR {
        simdutf8::basic::from_utf8(data).map_err(|_| Invalid)
    } else {
        checked(data)
    }
}

/// Where the standard library's check is outlined: it is long.
#[inline(never)]
fn checked(bytes: &[u8]) -> Result<&str, Invalid> {
    core::str::from_utf8(bytes).map_err(|_| Invalid)
}

/// Two blocks that overlap, or a few bytes one by one.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    fn ends<const N: usize>(bytes: &[u8]) -> bool {
        let ends = bytes.first_chunk::<N>().zip(bytes.last_chunk::<N>());
        ends.is_some_and(|(first, last)| {
            first.iter().zip(last).fold(0, |seen, (one, other)| seen | one | other) < 0x80
        })
    }
    match bytes.len() {
        0..4 => bytes.iter().fold(0, |seen, byte| seen | byte) < 0x80,
        4..8 => ends::<4>(bytes),
        8..=16 => ends::<8>(bytes),
        17..=32 => ends::<16>(bytes),
        _ => ends::<32>(bytes),
    }
}

/// Bytes that were tested to be ASCII, as text.
#[cfg(not(wspair_portable))]
#[inline]
fn ascii(bytes: &[u8]) -> &str {
    // SAFETY: both callers have tested all of the bytes: ASCII is UTF-8.
    unsafe { core::str::from_utf8_unchecked(bytes) }
}

#[cfg(wspair_portable)]
fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

/// The vectorised check looks at so many bytes at a time, and takes a detour for fewer.
const VECTOR: usize = 64;
