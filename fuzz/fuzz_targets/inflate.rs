//! The decompressor alone: never more than was asked for, and the same for every size of input and
//! output.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::deflate::{Codec, Progress, Zlib};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (step, room, bytes) = input;
    let whole = inflate(bytes.len().max(1), 1 << 12, bytes);
    assert_eq!(whole, inflate(usize::from(step) + 1, usize::from(room) + 1, bytes));
});

/// What comes out, up to a limit, and whether it broke off as corrupt.
fn inflate(step: usize, room: usize, bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut decompressor = Zlib::default().decompressor(15);
    let (mut all, mut out) = (Vec::new(), vec![0; room]);
    for mut piece in bytes.chunks(step) {
        loop {
            let Ok(Progress { taken, made, finished }) = decompressor.decompress(piece, &mut out)
            else {
                return (all, true);
            };
            assert!(taken <= piece.len() && made <= room);
            assert!(taken + made > 0 || finished || piece.is_empty(), "stuck");
            all.extend_from_slice(&out[..made]);
            if all.len() >= LIMIT {
                all.truncate(LIMIT);
                return (all, false);
            }
            piece = &piece[taken..];
            if piece.is_empty() && made == 0 {
                break;
            }
        }
    }
    (all, false)
}

const LIMIT: usize = 1 << 16;
