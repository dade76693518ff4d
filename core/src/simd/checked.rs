//! Bytes of which a run was checked to be text: each is looked at once, when it comes, and the run is
//! lent as text when it is whole.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::{Deref, Range};

use super::mask::xor;
use super::text::check_more;
use crate::memory::OutOfMemory;
use crate::utf8::{Invalid, unfinished};

/// A buffer that knows of one run of its bytes that they are text. Whatever may change them makes
/// it forget.
#[derive(Debug, Default)]
pub(crate) struct CheckedBytes {
    bytes: Vec<u8>,
    /// Where the run is. It holds whole characters.
    text: Range<usize>,
}

impl CheckedBytes {
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The bytes, to be changed.
    pub(crate) fn as_mut(&mut self) -> &mut Vec<u8> {
        self.text = 0..0;
        &mut self.bytes
    }

    /// A part of the bytes, to be changed.
    #[inline]
    pub(crate) fn part_mut(&mut self, part: Range<usize>) -> &mut [u8] {
        if part.start < self.text.end {
            self.text = 0..0;
        }
        &mut self.bytes[part]
    }

    /// Makes sure of memory for `more` bytes behind the last.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        Ok(self.bytes.try_reserve_exact(more)?)
    }

    /// Adds bytes to be changed, or cuts some off the end.
    pub(crate) fn resize(&mut self, len: usize) {
        if len < self.text.end {
            self.text = 0..0;
        }
        self.bytes.resize(len, 0);
    }

    /// Gives back the memory behind `len` bytes, or behind what there is. Where there is none to move
    /// to, all is left as it is.
    pub(crate) fn shrink_to(&mut self, len: usize) {
        let len = len.max(self.bytes.len());
        if self.bytes.is_empty() && len < self.bytes.capacity() {
            self.bytes = Vec::new();
        }
        let mut less = Vec::new();
        if len < self.bytes.capacity() && less.try_reserve_exact(len).is_ok() {
            less.extend_from_slice(&self.bytes);
            self.bytes = less;
        }
    }

    /// Moves a part to the front, and what is known of it with it.
    pub(crate) fn move_to_front(&mut self, part: Range<usize>) {
        let Range { start, end } = self.text;
        self.text = match (start.checked_sub(part.start), end <= part.end) {
            (Some(new), true) => new..end - part.start,
            _ => 0..0,
        };
        self.bytes.copy_within(part, 0);
    }

    /// Appends a piece of a payload, masked where there is a key, block by block, so that each is
    /// unmasked, and checked if it `is_text`, while it is in the nearest cache.
    #[inline]
    pub(crate) fn append(
        &mut self,
        piece: &[u8],
        key: Option<u32>,
        is_text: bool,
    ) -> Result<(), Invalid> {
        if piece.len() <= BLOCK {
            return self.append_block(piece, key, is_text);
        }
        self.append_blocks(piece, key, is_text)
    }

    #[inline(never)]
    fn append_blocks(
        &mut self,
        piece: &[u8],
        key: Option<u32>,
        is_text: bool,
    ) -> Result<(), Invalid> {
        piece.chunks(BLOCK).try_for_each(|block| self.append_block(block, key, is_text))
    }

    #[inline]
    fn append_block(
        &mut self,
        block: &[u8],
        key: Option<u32>,
        is_text: bool,
    ) -> Result<(), Invalid> {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(block);
        if is_text {
            self.check(0, at..at + block.len(), key)?;
        } else if let Some(key) = key {
            xor(&mut self.bytes[at..], key);
        }
        Ok(())
    }

    /// Unmasks a piece of a text that began at `start`, where there is a key, and checks it: fails
    /// where the text cannot become UTF-8 any more. The pieces before must have been checked so.
    #[inline]
    pub(crate) fn check(
        &mut self,
        start: usize,
        piece: Range<usize>,
        key: Option<u32>,
    ) -> Result<(), Invalid> {
        if self.text.start != start || self.text.end > piece.start {
            self.text = start..start;
        }
        if piece.start - self.text.end > MOST_OPEN {
            check_more(&mut self.bytes[start..piece.start], self.text.end - start, None)?;
        }
        let text = &mut self.bytes[start..piece.end];
        check_more(text, piece.start - start, key)?;
        self.text.end = piece.end - unfinished(text);
        Ok(())
    }

    /// Whether all of a part was checked, and ends with a whole character.
    pub(crate) fn is_text(&self, part: &Range<usize>) -> bool {
        self.text == *part || part.is_empty()
    }

    /// That part of the bytes as text, empty if it was not checked to be.
    #[cfg(not(wspair_portable))]
    #[inline]
    pub(crate) fn text(&self, part: Range<usize>) -> &str {
        if !self.is_text(&part) {
            return "";
        }
        // SAFETY: the part is empty or the run, which holds whole characters that were checked to
        // be UTF-8, and has not been changed since: all that gives out bytes to be changed, or cuts
        // them off, forgets the run.
        unsafe { core::str::from_utf8_unchecked(&self.bytes[part]) }
    }

    #[cfg(wspair_portable)]
    pub(crate) fn text(&self, part: Range<usize>) -> &str {
        core::str::from_utf8(&self.bytes[part]).unwrap_or_default()
    }

    /// Takes all bytes as text, which they were checked to be: empty if not.
    pub(crate) fn take_text(&mut self) -> String {
        let is_text = self.is_text(&(0..self.bytes.len()));
        let bytes = core::mem::take(self.as_mut());
        if !is_text {
            return String::new();
        }
        // SAFETY: all of the bytes are the run, as in `text`.
        #[cfg(not(wspair_portable))]
        return unsafe { String::from_utf8_unchecked(bytes) };
        #[cfg(wspair_portable)]
        return String::from_utf8(bytes).unwrap_or_default();
    }
}

impl Deref for CheckedBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is treated at a time, so that it is in the nearest cache still: a multiple of the key's
/// length.
const BLOCK: usize = 8 << 10;

/// Most bytes of a character that does not end.
const MOST_OPEN: usize = 3;
