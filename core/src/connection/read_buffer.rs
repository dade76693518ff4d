//! The connection's own read buffer, for hosts whose transport reads into memory it is given.

use super::decay::Decay;
use crate::memory::OutOfMemory;
use crate::simd::CheckedBytes;

/// Bytes `start..end` were received and not yet taken. Before them lie `kept` bytes of a message
/// that is not whole: its payload, unmasked and checked, stays where it was read, and is lent from
/// there.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    pub(super) bytes: CheckedBytes,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kept: usize,
    /// The transport ended behind these bytes.
    pub(super) eof: bool,
    decay: Decay,
}

impl ReadBuffer {
    /// Makes sure of memory for `len` bytes, but for 16 MiB at most, right behind what is there.
    /// `announced` is how much of a message is still to come: so far the buffer grows by doubling.
    pub(super) fn make_space(
        &mut self,
        len: usize,
        announced: impl FnOnce() -> usize,
    ) -> Result<(), OutOfMemory> {
        let len = len.min(MAX_READ);
        let from = self.start - self.kept;
        if from == self.end {
            (self.start, self.end) = (0, 0);
            if let Some(most) = self.decay.used(self.bytes.capacity()) {
                self.cut(most.max(len));
            }
        } else if from > 0 && (self.end - from <= CHEAP || self.bytes.capacity() - self.end < len) {
            self.bytes.move_to_front(from..self.end);
            (self.start, self.end) = (self.kept, self.end - from);
        }
        let needed = self.end + len;
        self.decay.needs(needed);
        if self.bytes.capacity() < needed {
            let most = needed.saturating_add(announced());
            let capacity = needed.max(most.min(2 * self.bytes.capacity()));
            self.bytes.reserve(capacity - self.bytes.len())?;
        }
        Ok(())
    }

    /// Lends that memory; without, what there is, if there is any.
    pub(super) fn space(&mut self, len: usize) -> &mut [u8] {
        let (len, left) = (len.min(MAX_READ), self.bytes.capacity() - self.end);
        let needed = self.end + if left > 0 { len.min(left) } else { len };
        if self.bytes.len() < needed {
            self.bytes.resize(needed);
        }
        self.bytes.part_mut(self.end..needed)
    }

    /// Forgets what is there.
    pub(super) fn discard(&mut self) {
        (self.start, self.end, self.kept) = (0, 0, 0);
    }

    /// The host wrote `n` bytes into the space; more than there was counts as all of it.
    pub(super) fn fill(&mut self, n: usize) {
        self.end = self.end.saturating_add(n).min(self.bytes.len());
    }

    pub(super) fn unread(&self) -> usize {
        self.end - self.start
    }

    /// What is kept of a message, to go on with it elsewhere.
    pub(super) fn take_kept(&mut self) -> &[u8] {
        let kept = core::mem::take(&mut self.kept);
        &self.bytes[self.start - kept..self.start]
    }

    /// The time was told.
    pub(super) fn tick(&mut self) {
        if let Some(len) = self.decay.pass(self.bytes.capacity()) {
            self.cut(len);
        }
    }

    /// Gives back what holds nothing.
    pub(super) fn shrink_to_fit(&mut self) {
        self.cut(0);
    }

    /// Cuts the buffer to `len` bytes, or to what it holds.
    fn cut(&mut self, len: usize) {
        let holds = self.unread() + self.kept;
        if holds == 0 {
            (self.start, self.end) = (0, 0);
        }
        let len = len.max(self.end);
        self.bytes.resize(len.min(self.bytes.len()));
        self.bytes.shrink_to(len);
    }
}

/// So few bytes are rather moved to the front than followed by others, further on in memory that
/// no cache holds.
const CHEAP: usize = 2 << 10;

/// Most bytes that the buffer is lent for.
const MAX_READ: usize = 16 << 20;
