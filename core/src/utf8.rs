//! Streaming UTF-8 check (RFC 3629) that fails at the first impossible byte.

use crate::simd;

/// A piece of text could not be part of valid UTF-8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Invalid;

/// Checks text that arrives in pieces.
///
/// At most three bytes of an unfinished character are kept between pieces.
///
/// ```
/// let mut check = wspair::utf8::Utf8Check::new();
/// assert!(check.push(b"\xf0\x9f").is_ok());
/// assert!(!check.is_complete());
/// assert!(check.push(b"\x98\x80").is_ok());
/// assert!(check.is_complete());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Utf8Check {
    held: [u8; 4],
    len: u8,
}

/// A piece, cut at the borders of its characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pieces<'a> {
    joint: [u8; 4],
    joint_len: u8,
    /// The whole characters of the piece, after the joint.
    pub rest: &'a str,
}

impl Pieces<'_> {
    /// The character that began in an earlier piece and ends in this one; else empty.
    pub fn joint(&self) -> &str {
        core::str::from_utf8(&self.joint[..usize::from(self.joint_len)]).unwrap_or_default()
    }
}

impl Utf8Check {
    /// Nothing read yet.
    pub const fn new() -> Self {
        Self { held: [0; 4], len: 0 }
    }

    /// Checks the next piece and gives its text: an unfinished character at its end is held back
    /// for the next.
    ///
    /// After a failure the check must not be used on.
    pub fn push<'a>(&mut self, piece: &'a [u8]) -> Result<Pieces<'a>, Invalid> {
        let mut pieces = Pieces { joint: [0; 4], joint_len: 0, rest: "" };
        let taken = if self.len == 0 { 0 } else { self.finish_held(piece, &mut pieces)? };
        let piece = &piece[taken..];
        let (whole, tail) = piece.split_at(piece.len() - unfinished(piece));
        pieces.rest = simd::from_utf8(whole)?;
        if !tail.is_empty() {
            self.finish_held(tail, &mut pieces)?;
        }
        Ok(pieces)
    }

    /// Whether the text may end here: no character is unfinished.
    pub const fn is_complete(&self) -> bool {
        self.len == 0
    }

    /// Adds bytes to the held character until it is whole, impossible, or the piece is used up.
    fn finish_held(&mut self, piece: &[u8], pieces: &mut Pieces<'_>) -> Result<usize, Invalid> {
        for (taken, byte) in piece.iter().enumerate() {
            // At most three bytes are held: a fourth makes the character whole or impossible.
            self.held[usize::from(self.len)] = *byte;
            self.len += 1;
            match core::str::from_utf8(&self.held[..usize::from(self.len)]) {
                Ok(_) => {
                    (pieces.joint, pieces.joint_len) = (self.held, self.len);
                    self.len = 0;
                    return Ok(taken + 1);
                }
                Err(error) if error.error_len().is_some() => return Err(Invalid),
                Err(_) => {}
            }
        }
        Ok(piece.len())
    }
}

/// How many bytes at the end begin a character without ending it: at most three.
pub(crate) fn unfinished(text: &[u8]) -> usize {
    let Some(following) = text.iter().rev().take(3).position(|byte| byte & 0xC0 != 0x80) else {
        return 0;
    };
    let begun = following + 1;
    let needed = match text[text.len() - begun] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
        _ => 1,
    };
    if begun < needed { begun } else { 0 }
}
