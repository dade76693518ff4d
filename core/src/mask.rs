//! Masking (RFC 6455 5.3): byte `i` of a payload is combined by XOR with byte `i mod 4` of its key.
//!
//! Masking and unmasking are the same. `offset` is the position in the payload at which the slice
//! begins, so that a payload can be treated in pieces.

/// Masks or unmasks `data` where it lies.
///
/// ```
/// let mut data = *b"\x7f\x9f\x4d\x51\x58";
/// wspair::mask::in_place(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(&data, b"Hello");
/// ```
pub fn in_place(data: &mut [u8], key: [u8; 4], offset: usize) {
    let key = rotate(key, offset);
    let wide = widen(key);
    let mut words = data.chunks_exact_mut(8);
    for word in &mut words {
        let mut value = [0; 8];
        value.copy_from_slice(word);
        word.copy_from_slice(&(u64::from_ne_bytes(value) ^ wide).to_ne_bytes());
    }
    for (byte, key) in words.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// Copies `from` into `to`, masking or unmasking in the same pass.
///
/// Copies as many bytes as the shorter of the two holds.
pub fn copy(from: &[u8], to: &mut [u8], key: [u8; 4], offset: usize) {
    let key = rotate(key, offset);
    let wide = widen(key);
    let len = from.len().min(to.len());
    let (from, to) = (&from[..len], &mut to[..len]);
    let mut sources = from.chunks_exact(8);
    let mut targets = to.chunks_exact_mut(8);
    for (source, target) in (&mut sources).zip(&mut targets) {
        let mut value = [0; 8];
        value.copy_from_slice(source);
        target.copy_from_slice(&(u64::from_ne_bytes(value) ^ wide).to_ne_bytes());
    }
    let rest = sources.remainder().iter().zip(targets.into_remainder());
    for ((source, target), key) in rest.zip(key.iter().cycle()) {
        *target = source ^ key;
    }
}

/// The key as it stands `offset` bytes into the payload.
fn rotate(mut key: [u8; 4], offset: usize) -> [u8; 4] {
    key.rotate_left(offset % 4);
    key
}

fn widen(key: [u8; 4]) -> u64 {
    let key = u64::from(u32::from_ne_bytes(key));
    key << 32 | key
}
