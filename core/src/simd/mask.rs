//! XOR with a key of four bytes, in place and while copying, with a test for ASCII on the way.
//!
//! A key is a little-endian number, so that turning it by eight bits is going on by one byte: a last
//! block of whole keys, which ends where the data does, begins with the key turned by its length.

// A kernel is compiled anew, as a whole, for each instruction set it is called from.
#![allow(clippy::inline_always)]

use crate::mask::turned;

/// Combines `data` with the key, where it lies.
pub(crate) fn xor(data: &mut [u8], key: u32) {
    masked::<false>(data, key);
}

/// As [`xor`], and tells whether the result is ASCII.
pub(super) fn xor_and_test(data: &mut [u8], key: u32) -> bool {
    masked::<true>(data, key)
}

/// Copies `from`, combined with the key, to `to`: as many bytes as the shorter of the two holds.
pub(crate) fn xor_copy(from: &[u8], to: &mut [u8], key: u32) {
    let len = from.len().min(to.len());
    let (from, to) = (&from[..len], &mut to[..len]);
    if len <= SHORT {
        return short_copy::<true>(from, to, key);
    }
    #[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
    if super::takes_avx2(len, super::WIDE) {
        // SAFETY: the processor has AVX2: `takes_avx2` asked it.
        return unsafe { copy_avx2(from, to, key) };
    }
    copy_blocks(from, to, key);
}

/// Copies up to [`SHORT`] bytes to `to`, which is as long, combined with the key where there is one:
/// without a call, for what is done once a message.
#[inline(always)]
pub(crate) fn copy_short(from: &[u8], to: &mut [u8], key: Option<u32>) {
    match key {
        Some(key) => short_copy::<true>(from, to, key),
        None => short_copy::<false>(from, to, 0),
    }
}

#[inline(always)]
fn short_copy<const XOR: bool>(from: &[u8], to: &mut [u8], key: u32) {
    match from.len() {
        0..4 => {
            for ((from, to), key) in from.iter().zip(to).zip(key.to_le_bytes()) {
                *to = from ^ key;
            }
        }
        4..8 => copy_ends::<XOR, 4>(from, to, key),
        8..=16 => copy_ends::<XOR, 8>(from, to, key),
        17..=32 => copy_ends::<XOR, 16>(from, to, key),
        33..=64 => copy_ends::<XOR, 32>(from, to, key),
        _ => copy_ends::<XOR, 64>(from, to, key),
    }
}

/// The first `N` bytes and the last, which may overlap.
#[inline(always)]
fn copy_ends<const XOR: bool, const N: usize>(from: &[u8], to: &mut [u8], key: u32) {
    let behind = turned(key, from.len() as u64);
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return;
    };
    let (mut first, mut last) = (*first, *last);
    if XOR {
        xor_words(&mut first, key);
        xor_words(&mut last, behind);
    }
    if let Some(to) = to.first_chunk_mut() {
        *to = first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = last;
    }
}

#[inline(always)]
fn xor_words(bytes: &mut [u8], key: u32) {
    for word in bytes.as_chunks_mut::<4>().0 {
        *word = (u32::from_le_bytes(*word) ^ key).to_le_bytes();
    }
}

/// Without `TEST` the result means nothing.
#[inline]
fn masked<const TEST: bool>(data: &mut [u8], key: u32) -> bool {
    let seen = match data.len() {
        0..4 => bytes(data, key),
        4..8 => small_ends(data, key),
        8..=16 => ends::<TEST, 1>(data, key),
        17..=32 => ends::<TEST, 2>(data, key),
        33..=64 => ends::<TEST, 4>(data, key),
        65..=128 => ends::<TEST, 8>(data, key),
        _ => long::<TEST>(data, key),
    };
    seen & HIGH_BITS == 0
}

/// Up to three bytes. Returns all of them, one on the other.
#[inline]
fn bytes(data: &mut [u8], key: u32) -> u64 {
    let mut seen = 0;
    for (byte, key) in data.iter_mut().zip(key.to_le_bytes()) {
        *byte ^= key;
        seen |= *byte;
    }
    seen.into()
}

/// The first four bytes and the last four, which may overlap: both are read before one is written.
#[inline]
fn small_ends(data: &mut [u8], key: u32) -> u64 {
    let behind = turned(key, data.len() as u64);
    let (Some(first), Some(last)) = (data.first_chunk(), data.last_chunk()) else {
        return 0;
    };
    let first = u32::from_le_bytes(*first) ^ key;
    let last = u32::from_le_bytes(*last) ^ behind;
    if let Some(to) = data.first_chunk_mut() {
        *to = first.to_le_bytes();
    }
    if let Some(to) = data.last_chunk_mut() {
        *to = last.to_le_bytes();
    }
    u64::from(first | last)
}

/// The first `N` words of eight bytes and the last `N`, which may overlap: all are read before one
/// is written.
#[inline(always)]
fn ends<const TEST: bool, const N: usize>(data: &mut [u8], key: u32) -> u64 {
    let (key, behind) = (widened(key), widened(turned(key, data.len() as u64)));
    let first = *front::<N>(data.as_chunks_mut().0);
    let last = *back::<N>(data.as_rchunks_mut().1);
    let (first, last) = (combined(first, key), combined(last, behind));
    *front::<N>(data.as_chunks_mut().0) = first;
    *back::<N>(data.as_rchunks_mut().1) = last;
    if TEST { folded(first) | folded(last) } else { 0 }
}

#[inline]
fn long<const TEST: bool>(data: &mut [u8], key: u32) -> u64 {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
    if super::takes_avx2(data.len(), super::WIDE) {
        // SAFETY: the processor has AVX2: `takes_avx2` asked it.
        return unsafe { blocks_avx2::<TEST>(data, key) };
    }
    blocks::<TEST, 8>(data, key)
}

#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
#[target_feature(enable = "avx2")]
fn blocks_avx2<const TEST: bool>(data: &mut [u8], key: u32) -> u64 {
    if data.len() < ALIGNED {
        return blocks::<TEST, 16>(data, key);
    }
    // A first block that overlaps the others, so that they lie as memory is cut into lines.
    let first = combined(*front::<16>(data.as_chunks_mut().0), widened(key));
    let skip = data.as_ptr().align_offset(LINE).min(LINE);
    let seen = blocks::<TEST, 16>(&mut data[skip..], turned(key, skip as u64));
    *front::<16>(data.as_chunks_mut().0) = first;
    if TEST { seen | folded(first) } else { 0 }
}

#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
#[target_feature(enable = "avx2")]
fn copy_avx2(from: &[u8], to: &mut [u8], key: u32) {
    if to.len() < ALIGNED {
        return copy_blocks(from, to, key);
    }
    // A first block that overlaps the others, as in `blocks_avx2`.
    if let (Some(from), Some(to)) = (from.first_chunk::<LINE>(), to.first_chunk_mut::<LINE>()) {
        *to = *from;
        xor_words(to, key);
    }
    let skip = to.as_ptr().align_offset(LINE).min(LINE);
    copy_blocks(&from[skip..], &mut to[skip..], turned(key, skip as u64));
}

/// Whole blocks of `N` words, and a last one that overlaps them, read before they are written.
/// `data` is at least a block long.
#[inline(always)]
fn blocks<const TEST: bool, const N: usize>(data: &mut [u8], key: u32) -> u64 {
    let (key, behind) = (widened(key), widened(turned(key, data.len() as u64)));
    let last = combined(*back::<N>(data.as_rchunks_mut().1), behind);
    let mut seen = [0; N];
    for block in data.as_chunks_mut::<8>().0.as_chunks_mut::<N>().0 {
        *block = combined(*block, key);
        if TEST {
            for (seen, word) in seen.iter_mut().zip(&*block) {
                *seen |= u64::from_le_bytes(*word);
            }
        }
    }
    *back::<N>(data.as_rchunks_mut().1) = last;
    if TEST { seen.iter().fold(0, |one, other| one | other) | folded(last) } else { 0 }
}

#[inline(always)]
fn copy_blocks(from: &[u8], to: &mut [u8], key: u32) {
    let (wide, behind) = (widened(key), widened(turned(key, from.len() as u64)));
    if from.len() < 8 {
        let (from, rest) = from.as_chunks::<4>();
        let (to, to_rest) = to.as_chunks_mut::<4>();
        for (from, to) in from.iter().zip(to) {
            *to = (u32::from_le_bytes(*from) ^ key).to_le_bytes();
        }
        let rest = rest.iter().zip(to_rest).zip(key.to_le_bytes());
        return rest.for_each(|((from, to), key)| *to = from ^ key);
    }
    let words = from.as_chunks::<8>().0.iter().zip(to.as_chunks_mut::<8>().0);
    words.for_each(|(from, to)| *to = combined([*from], wide)[0]);
    if let (Some(from), Some(to)) = (from.last_chunk(), to.last_chunk_mut()) {
        *to = combined([*from], behind)[0];
    }
}

/// The first `N` words; there are as many.
#[inline(always)]
fn front<const N: usize>(words: &mut [[u8; 8]]) -> &mut [[u8; 8]; N] {
    words.first_chunk_mut().expect("as long as its length")
}

/// The last `N` words; there are as many.
#[inline(always)]
fn back<const N: usize>(words: &mut [[u8; 8]]) -> &mut [[u8; 8]; N] {
    words.last_chunk_mut().expect("as long as its length")
}

/// The key twice.
#[inline(always)]
fn widened(key: u32) -> u64 {
    u64::from(key) << 32 | u64::from(key)
}

#[inline(always)]
fn combined<const N: usize>(mut words: [[u8; 8]; N], key: u64) -> [[u8; 8]; N] {
    for word in &mut words {
        *word = (u64::from_le_bytes(*word) ^ key).to_le_bytes();
    }
    words
}

/// All words, one on the other.
#[inline(always)]
fn folded<const N: usize>(words: [[u8; 8]; N]) -> u64 {
    words.iter().fold(0, |seen, word| seen | u64::from_le_bytes(*word))
}

/// The bits that no ASCII byte has.
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// From this many bytes on it pays to begin where a line of memory does.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
const ALIGNED: usize = 1 << 10;

/// A cache line.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
const LINE: usize = 64;

/// What is copied in two blocks that overlap.
const SHORT: usize = 128;
