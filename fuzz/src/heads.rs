//! Heads of the opening handshake, in three cuts.

use std::fmt::Debug;

use std::time::Duration;

use wspair::Instant;
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

/// A moment before the time for the handshake is over, and one after it.
pub const EARLY: Instant = Instant::from_nanos(1_000_000_000);
pub const LATE: Instant = Instant::from_nanos(60_000_000_000);

/// When a handshake that reads wants to be called: within the time it has.
pub fn check_deadline(due: Option<Instant>, reading: bool) {
    let within = HeadLimits::default().within.unwrap_or(Duration::ZERO);
    assert_eq!(due.is_some(), reading);
    assert!(due.is_none_or(|due| due <= EARLY + within), "{due:?}");
}
