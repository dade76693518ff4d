//! The connection's own read buffer, for hosts whose transport reads into memory it is given.
//!
//! Its bytes are one after the other: done with, kept, received, and free.
//!
//! | bytes | what they are | they come by | they go by |
//! |---|---|---|---|
//! | received | read from the transport, and not yet taken | `make_space`, `space`, `fill` | `take`, `take_to`, `keep` |
//! | kept | the payload so far of a message that is not whole, unmasked and checked | `keep` | `keep` of its last piece; `take_kept` to go on elsewhere; `drop_kept` |

use core::ops::Range;

use super::decay::Decay;
use super::inbound::Piece;
use crate::event::Kind;
use crate::memory::{Late, OutOfMemory};
use crate::simd::{self, CheckedBytes};
use crate::utf8::Invalid;

/// The buffer of a host that asked for one.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer(Late<Buffer>);

/// Bytes `start..end` were received and not yet taken. Before them lie `kept` bytes of a message
/// that is not whole: its payload, unmasked and checked, stays where it was read, and is lent from
/// there.
#[derive(Debug, Default)]
struct Buffer {
    bytes: CheckedBytes,
    start: usize,
    end: usize,
    kept: usize,
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
        if len == 0 { Ok(()) } else { self.0.ask()?.make_space(len.min(MAX_READ), announced) }
    }

    /// Lends that memory; without, what there is, if there is any.
    pub(super) fn space(&mut self, len: usize) -> &mut [u8] {
        self.0.get_mut().map_or(&mut [], |buffer| buffer.space(len.min(MAX_READ)))
    }

    /// Forgets what is there.
    pub(super) fn discard(&mut self) {
        if let Some(buffer) = self.0.get_mut() {
            (buffer.start, buffer.end, buffer.kept) = (0, 0, 0);
        }
    }

    /// The host wrote `n` bytes into the space; more than there was counts as all of it.
    pub(super) fn fill(&mut self, n: usize) {
        if let Some(buffer) = self.0.get_mut() {
            buffer.end = buffer.end.saturating_add(n).min(buffer.bytes.len());
        }
    }

    /// Where the bytes lie that were received and not taken.
    pub(super) fn unread(&self) -> Range<usize> {
        self.0.get().map_or(0..0, |buffer| buffer.start..buffer.end)
    }

    /// What comes before `pos` is taken.
    #[inline]
    pub(super) fn take_to(&mut self, pos: usize) {
        if let Some(buffer) = self.0.get_mut() {
            buffer.start = pos;
        }
    }

    /// As [`take_to`](Self::take_to) the end of a part, which is lent to be changed.
    #[inline]
    pub(super) fn take(&mut self, part: Range<usize>) -> &mut [u8] {
        let Some(buffer) = self.0.get_mut() else { return &mut [] };
        buffer.start = part.end;
        buffer.bytes.part_mut(part)
    }

    /// All bytes, wherever they belong to.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.get().map_or(&[], |buffer| &buffer.bytes)
    }

    /// Some of them, to be changed.
    #[inline]
    pub(super) fn part_mut(&mut self, part: Range<usize>) -> &mut [u8] {
        self.0.get_mut().map_or(&mut [], |buffer| buffer.bytes.part_mut(part))
    }

    /// Some of them as text: a message that [`keep`](Self::keep) gave.
    pub(super) fn text(&self, part: Range<usize>) -> &str {
        self.0.get().map_or("", |buffer| buffer.bytes.text(part))
    }

    /// Whether a message is kept that is not whole.
    pub(super) fn keeps(&self) -> bool {
        self.0.get().is_some_and(|buffer| buffer.kept > 0)
    }

    /// What is kept of a message is not worth anything any more.
    pub(super) fn drop_kept(&mut self) {
        if let Some(buffer) = self.0.get_mut() {
            buffer.kept = 0;
        }
    }

    /// What is kept of a message, to go on with it elsewhere.
    pub(super) fn take_kept(&mut self) -> &[u8] {
        let Some(buffer) = self.0.get_mut() else { return &[] };
        let kept = core::mem::take(&mut buffer.kept);
        &buffer.bytes[buffer.start - kept..buffer.start]
    }

    /// Leaves a piece of a message that is one frame where it is, unmasked and checked. Behind the
    /// last one, tells where the message lies.
    pub(super) fn keep(
        &mut self,
        kind: Kind,
        piece: Piece,
    ) -> Result<Option<Range<usize>>, Invalid> {
        let Piece { at, len, key, last, .. } = piece;
        let Some(Buffer { bytes, kept, .. }) = self.0.get_mut() else { return Ok(None) };
        let (start, end) = (at - *kept, at + len);
        match (kind, key) {
            (Kind::Text, key) => bytes.check(start, at..end, key)?,
            (Kind::Binary, Some(key)) => simd::xor(bytes.part_mut(at..end), key),
            (Kind::Binary, None) => {}
        }
        if !last {
            *kept += len;
            return Ok(None);
        }
        *kept = 0;
        if kind == Kind::Text && !bytes.is_text(&(start..end)) {
            return Err(Invalid);
        }
        Ok(Some(start..end))
    }

    /// The time was told.
    pub(super) fn tick(&mut self) {
        let Some(buffer) = self.0.get_mut() else { return };
        if let Some(len) = buffer.decay.pass(buffer.bytes.capacity()) {
            buffer.cut(len);
        }
        self.drop_empty();
    }

    /// Gives back what holds nothing.
    pub(super) fn shrink_to_fit(&mut self) {
        if let Some(buffer) = self.0.get_mut() {
            buffer.cut(0);
        }
        self.drop_empty();
    }

    fn drop_empty(&mut self) {
        if self.0.get().is_some_and(|buffer| buffer.bytes.capacity() == 0) {
            self.0.clear();
        }
    }
}

impl Buffer {
    fn make_space(
        &mut self,
        len: usize,
        announced: impl FnOnce() -> usize,
    ) -> Result<(), OutOfMemory> {
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

    fn space(&mut self, len: usize) -> &mut [u8] {
        let needed = self.end + len.min(self.bytes.capacity() - self.end);
        if self.bytes.len() < needed {
            self.bytes.resize(needed);
        }
        self.bytes.part_mut(self.end..needed)
    }

    /// Cuts the buffer to `len` bytes, or to what it holds.
    fn cut(&mut self, len: usize) {
        let holds = self.end - self.start + self.kept;
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
