//! Heads of the opening handshake, in three cuts.

use std::fmt::Debug;

use wspair::handshake::HeadLimits;

/// Reads the same bytes whole, bytewise and cut in two: what comes of it must not tell.
pub fn check_cuts<T: Debug + PartialEq>(cut: u8, bytes: &[u8], read: impl Fn(&[&[u8]]) -> T) {
    let (head, tail) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    let whole = read(&[bytes]);
    assert_eq!(whole, read(&bytes.chunks(1).collect::<Vec<_>>()), "bytewise");
    assert_eq!(whole, read(&[head, tail]), "cut at {}", head.len());
}

/// Limits that short inputs reach, where the flags say so.
pub fn limits(flags: u8) -> HeadLimits {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let mut limits = HeadLimits::default();
    if on(0) {
        limits.max_head = 300;
    }
    if on(1) {
        limits.max_line = 40;
    }
    if on(2) {
        limits.max_fields = 6;
    }
    if on(3) {
        limits.max_interim = 1;
    }
    if on(4) {
        limits.max_body = 10;
    }
    limits
}
