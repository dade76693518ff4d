//! UTF-8 with AVX2, unmasked on the way: each byte is loaded once, and what is checked never waits for
//! what was stored. So it is made for texts of up to two kilobytes or so; of longer ones the check is what
//! takes the time, where they are not ASCII, and where they are a bare test is faster.
//! A bare check is made here too: with that of simdutf8, which copies what fills no block of 64 bytes, the
//! bench `client-receive-ascii-125` took 14.6 ns, with this one 10.7.
//!
//! The check is that of Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte"
//! (2021): three tables say, of the halves of two neighbouring bytes, which rules they may break.

// Its names tell where they come from.
#[allow(clippy::wildcard_imports)]
use core::arch::x86_64::*;

use crate::mask::turned;

type Vector = __m256i;

/// Fewer bytes are not worth it, and not taken.
pub(super) const LEAST: usize = 64;

/// From here on unmasking is better apart from the check.
pub(super) const LONG: usize = 2 << 10;

/// Combines the bytes behind the first `from` with the key, and tells whether they go on as UTF-8
/// behind those, of which the last three at most matter. They may end inside a character.
///
/// There must be [`LEAST`] of them.
#[target_feature(enable = "avx2")]
pub(super) fn xor_and_check(data: &mut [u8], from: usize, key: u32) -> bool {
    let (before, data) = data.split_at_mut(from);
    let mut check = Check::behind(before);
    let rest = Rest::of(data, xor_at(key, data.len()));
    let key = xor_at(key, 0);
    let (quads, others) = data.as_chunks_mut::<128>();
    for quad in quads {
        let vectors = xor(load::<4>(quad), key);
        store(quad, vectors);
        check.several(vectors);
    }
    if let Some(pair) = others.first_chunk_mut::<64>() {
        let vectors = xor(load::<2>(pair), key);
        store(pair, vectors);
        check.several(vectors);
    }
    if let Some(last) = data.last_chunk_mut::<64>() {
        store(last, [rest.one, rest.other]);
    }
    check.end(rest)
}

/// As [`xor_and_check`], for bytes that are not to be changed.
#[target_feature(enable = "avx2")]
pub(super) fn check(data: &[u8], from: usize) -> bool {
    let (before, data) = data.split_at(from);
    let mut check = Check::behind(before);
    let (quads, others) = data.as_chunks::<128>();
    for quad in quads {
        check.several(load::<4>(quad));
    }
    if let Some(pair) = others.first_chunk::<64>() {
        check.several(load::<2>(pair));
    }
    check.end(Rest::of(data, _mm256_setzero_si256()))
}

/// The last vectors, read before anything is written. They overlap what lies before the bytes that
/// fill no pair: to check a byte twice harms nothing.
struct Rest {
    /// How many bytes fill no pair.
    len: usize,
    /// What lies before the two last, where they do not hold all that is left.
    before: Vector,
    one: Vector,
    other: Vector,
}

impl Rest {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(data: &[u8], key: Vector) -> Self {
        let mut vectors = [_mm256_setzero_si256(); 3];
        if let Some(last) = data.last_chunk::<96>() {
            vectors = load::<3>(last);
        } else if let Some(last) = data.last_chunk::<64>() {
            [vectors[1], vectors[2]] = load::<2>(last);
        }
        let [before, one, other] = xor(vectors, key);
        Self { len: data.len() % 64, before, one, other }
    }
}

struct Check {
    /// Nonzero where a rule was broken.
    error: Vector,
    /// Nonzero where the last vector ends inside a character.
    open: Vector,
    last: Vector,
}

impl Check {
    /// Begins behind bytes that were checked.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn behind(before: &[u8]) -> Self {
        let zero = _mm256_setzero_si256();
        if before.is_empty() {
            return Self { error: zero, open: zero, last: zero };
        }
        let mut last = [0; 32];
        for (to, from) in last.iter_mut().rev().zip(before.iter().rev().take(3)) {
            *to = *from;
        }
        let [last] = load::<1>(&last);
        Self { error: zero, open: open(last), last }
    }

    /// The next bytes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn several<const N: usize>(&mut self, vectors: [Vector; N]) {
        let mut seen = vectors[0];
        for vector in &vectors[1..] {
            seen = _mm256_or_si256(seen, *vector);
        }
        if is_ascii(seen) {
            self.error = _mm256_or_si256(self.error, self.open);
            self.open = _mm256_setzero_si256();
            self.last = vectors[N - 1];
        } else {
            for vector in vectors {
                self.error = _mm256_or_si256(self.error, broken(self.last, vector));
                self.last = vector;
            }
            self.open = open(self.last);
        }
    }

    /// The last bytes: whether no rule was broken.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn end(mut self, rest: Rest) -> bool {
        let Rest { len, before, one, other } = rest;
        // Where both are ASCII so is the end of what was checked, which lies in them.
        if len > 0 && !is_ascii(_mm256_or_si256(one, other)) {
            if len > 32 {
                self.error = _mm256_or_si256(self.error, broken(before, one));
            }
            self.error = _mm256_or_si256(self.error, broken(one, other));
        }
        _mm256_testz_si256(self.error, self.error) == 1
    }
}

/// The rules that bytes break together with up to three before them: nonzero where one is.
#[inline]
#[target_feature(enable = "avx2")]
fn broken(before: Vector, bytes: Vector) -> Vector {
    let joint = _mm256_permute2x128_si256::<0x21>(before, bytes);
    let one_back = _mm256_alignr_epi8::<15>(bytes, joint);
    let two_back = _mm256_alignr_epi8::<14>(bytes, joint);
    let three_back = _mm256_alignr_epi8::<13>(bytes, joint);
    let first_high = looked_up(&FIRST_HIGH, upper_half(one_back));
    let first_low = looked_up(&FIRST_LOW, _mm256_and_si256(one_back, splat(0x0F)));
    let second_high = looked_up(&SECOND_HIGH, upper_half(bytes));
    let pairs = _mm256_and_si256(_mm256_and_si256(first_high, first_low), second_high);
    // Behind the beginning of three bytes two follow, behind that of four three: there, and only
    // there, two in a row are no error.
    let third = _mm256_subs_epu8(two_back, splat(0xE0 - 0x80));
    let fourth = _mm256_subs_epu8(three_back, splat(0xF0 - 0x80));
    let follows = _mm256_and_si256(_mm256_or_si256(third, fourth), splat(TWO_CONTINUATIONS));
    _mm256_xor_si256(follows, pairs)
}

#[inline]
#[target_feature(enable = "avx2")]
fn upper_half(bytes: Vector) -> Vector {
    _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), splat(0x0F))
}

/// Nonzero where the last three bytes begin a character without ending it.
#[inline]
#[target_feature(enable = "avx2")]
fn open(bytes: Vector) -> Vector {
    let mut most = [0xFF; 32];
    (most[29], most[30], most[31]) = (0xF0 - 1, 0xE0 - 1, 0xC0 - 1);
    let [most] = load::<1>(&most);
    _mm256_subs_epu8(bytes, most)
}

#[inline]
#[target_feature(enable = "avx2")]
fn is_ascii(bytes: Vector) -> bool {
    _mm256_movemask_epi8(bytes) == 0
}

/// The key as it stands `at` bytes into the data.
#[inline]
#[target_feature(enable = "avx2")]
fn xor_at(key: u32, at: usize) -> Vector {
    _mm256_set1_epi32(turned(key, at as u64).cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor<const N: usize>(mut vectors: [Vector; N], key: Vector) -> [Vector; N] {
    for vector in &mut vectors {
        *vector = _mm256_xor_si256(*vector, key);
    }
    vectors
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(byte: u8) -> Vector {
    _mm256_set1_epi8(byte.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn looked_up(table: &[u8; 16], at: Vector) -> Vector {
    // SAFETY: the load takes the 16 bytes that the reference is to, however they are aligned.
    let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
    _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), at)
}

/// The first `N` vectors of the bytes, which are as many or more.
#[inline]
#[target_feature(enable = "avx2")]
fn load<const N: usize>(bytes: &[u8]) -> [Vector; N] {
    let bytes: &[[u8; 32]; N] = bytes.as_chunks().0.first_chunk().expect("so many bytes");
    let mut vectors = [_mm256_setzero_si256(); N];
    for (vector, bytes) in vectors.iter_mut().zip(bytes) {
        // SAFETY: the load takes the 32 bytes that the reference is to, however they are aligned.
        *vector = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    }
    vectors
}

/// Writes `N` vectors to the front of the bytes, which are as many or more.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const N: usize>(bytes: &mut [u8], vectors: [Vector; N]) {
    let bytes: &mut [[u8; 32]; N] = bytes.as_chunks_mut().0.first_chunk_mut().expect("so many");
    for (to, vector) in bytes.iter_mut().zip(vectors) {
        // SAFETY: the store fills the 32 bytes that the reference is to, however they are aligned.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), vector) };
    }
}

// What two bytes that follow each other may break. Each table has the rules that the half of a byte
// does not rule out; what all three leave is broken.
const TOO_SHORT: u8 = 1 << 0;
const TOO_LONG: u8 = 1 << 1;
const OVERLONG_3: u8 = 1 << 2;
const TOO_LARGE: u8 = 1 << 3;
const SURROGATE: u8 = 1 << 4;
const OVERLONG_2: u8 = 1 << 5;
/// Also that the first byte is above 0xF4: both are told apart by what else the byte can be.
const OVERLONG_4: u8 = 1 << 6;
const TOO_LARGE_1000: u8 = 1 << 6;
const TWO_CONTINUATIONS: u8 = 1 << 7;
/// What the lower half of the first byte never rules out.
const ANY: u8 = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS;

/// By the upper half of the first byte.
const FIRST_HIGH: [u8; 16] = {
    let mut table = [TOO_LONG; 16];
    (table[8], table[9], table[10], table[11]) =
        (TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS);
    table[0xC] = TOO_SHORT | OVERLONG_2;
    table[0xD] = TOO_SHORT;
    table[0xE] = TOO_SHORT | OVERLONG_3 | SURROGATE;
    table[0xF] = TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4;
    table
};

/// By its lower half.
const FIRST_LOW: [u8; 16] = {
    let mut table = [ANY | TOO_LARGE | TOO_LARGE_1000; 16];
    table[0x0] = ANY | OVERLONG_2 | OVERLONG_3 | OVERLONG_4;
    table[0x1] = ANY | OVERLONG_2;
    (table[0x2], table[0x3]) = (ANY, ANY);
    table[0x4] = ANY | TOO_LARGE;
    table[0xD] |= SURROGATE;
    table
};

/// By the upper half of the second byte.
const SECOND_HIGH: [u8; 16] = {
    let mut table = [TOO_SHORT; 16];
    let continues = TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS;
    table[0x8] = continues | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4;
    table[0x9] = continues | OVERLONG_3 | TOO_LARGE;
    (table[0xA], table[0xB]) =
        (continues | SURROGATE | TOO_LARGE, continues | SURROGATE | TOO_LARGE);
    table
};
