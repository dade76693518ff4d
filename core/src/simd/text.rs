//! Bytes as text (RFC 3629).

#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
use super::avx2;
use super::mask::xor_and_test;
use crate::utf8::Invalid;
#[cfg(any(feature = "alloc", feature = "std"))]
use crate::utf8::unfinished;

/// The bytes as text, if they are UTF-8.
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Result<&str, Invalid> {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
    if super::takes_avx2(bytes.len(), avx2::LEAST) {
        // SAFETY: the processor has AVX2: `takes_avx2` asked it.
        let goes_on = unsafe { avx2::check(bytes, 0) };
        return whole(bytes, goes_on);
    }
    if bytes.len() >= VECTOR {
        return long(bytes);
    }
    if is_ascii(bytes) { Ok(ascii(bytes)) } else { checked(bytes) }
}

/// Combines `data` with the key where it lies, and gives it as text, if it is UTF-8: what is ASCII,
/// and what is short, in one pass over the bytes.
#[inline]
pub(crate) fn xor_text(data: &mut [u8], key: u32) -> Result<&str, Invalid> {
    if data.len() >= VECTOR {
        xor_longer_text(data, key)
    } else if xor_and_test(data, key) {
        Ok(ascii(data))
    } else {
        checked(data)
    }
}

#[inline(never)]
fn xor_longer_text(data: &mut [u8], key: u32) -> Result<&str, Invalid> {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
    if data.len() < avx2::LONG && super::takes_avx2(data.len(), avx2::LEAST) {
        // SAFETY: the processor has AVX2: `takes_avx2` asked it.
        let goes_on = unsafe { avx2::xor_and_check(data, 0, key) };
        return whole(data, goes_on);
    }
    if xor_and_test(data, key) { Ok(ascii(data)) } else { from_utf8(data) }
}

/// Goes on with a text of which the first `from` bytes were checked, and may end inside a character:
/// combines those behind them with the key, where there is one, and checks them. Fails where the text
/// cannot become UTF-8 any more.
#[cfg(feature = "alloc")]
#[inline]
pub(super) fn check_more(text: &mut [u8], from: usize, key: Option<u32>) -> Result<(), Invalid> {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
    if text.len() - from < avx2::LONG && super::takes_avx2(text.len() - from, avx2::LEAST) {
        let goes_on = match key {
            // SAFETY: the processor has AVX2: `takes_avx2` asked it.
            Some(key) => unsafe { avx2::xor_and_check(text, from, key) },
            // SAFETY: as above.
            None => unsafe { avx2::check(text, from) },
        };
        let open = &text[text.len() - unfinished(text)..];
        return if goes_on && may_begin(open) { Ok(()) } else { Err(Invalid) };
    }
    check_blocks(text, from, key)
}

/// Whether a character begins so. The kernel looks at pairs: of a last byte that begins none it
/// would learn from the next one.
#[cfg(feature = "alloc")]
#[inline]
fn may_begin(open: &[u8]) -> bool {
    open.is_empty() || core::str::from_utf8(open).is_err_and(|error| error.error_len().is_none())
}

/// Block by block, so that each is in the nearest cache still when it is checked.
#[cfg(feature = "alloc")]
fn check_blocks(text: &mut [u8], from: usize, key: Option<u32>) -> Result<(), Invalid> {
    // Before this all are whole characters, and checked.
    let mut whole = from - unfinished(&text[..from]);
    let mut at = from;
    while at < text.len() {
        let end = text.len().min(at + BLOCK);
        let block = &mut text[at..end];
        let is_ascii = key.is_some_and(|key| xor_and_test(block, key));
        if !is_ascii || whole < at {
            let new = &text[whole..end];
            let (new, open) = new.split_at(new.len() - unfinished(new));
            from_utf8(new)?;
            if !may_begin(open) {
                return Err(Invalid);
            }
            whole += new.len();
        } else {
            whole = end;
        }
        at = end;
    }
    Ok(())
}

/// Bytes that were tested to be UTF-8, but for the end of their last character.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
#[inline]
fn whole(bytes: &[u8], goes_on: bool) -> Result<&str, Invalid> {
    if !goes_on || unfinished(bytes) > 0 {
        return Err(Invalid);
    }
    // SAFETY: the kernel found no broken rule, and the last character is whole.
    Ok(unsafe { core::str::from_utf8_unchecked(bytes) })
}

/// Where processors of before 2013 come to: what else there is for them would be linked for all.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
fn long(bytes: &[u8]) -> Result<&str, Invalid> {
    checked(bytes)
}

#[cfg(not(all(feature = "std", target_arch = "x86_64", not(wspair_portable))))]
fn long(bytes: &[u8]) -> Result<&str, Invalid> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Invalid)
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

/// What is treated at a time: a multiple of the key's length.
#[cfg(feature = "alloc")]
const BLOCK: usize = 8 << 10;
