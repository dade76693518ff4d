//! The memory that frames are gathered in: where a tail has no room, what of it stays for the next
//! burst, and what is given back.

use super::Queue;
use super::backlog::Backlog;
use super::block::Block;
use crate::frame::MAX_HEADER;
use crate::memory::OutOfMemory;

impl Queue {
    /// Makes the tail one that has room for `more` bytes.
    #[inline]
    pub(super) fn make_room(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if self.tail.fits(more) { Ok(()) } else { self.move_to_room(more) }
    }

    fn move_to_room(&mut self, more: usize) -> Result<(), OutOfMemory> {
        let doubled = (2 * self.tail.size()).clamp(MIN_TAIL, MAX_TAIL);
        let (len, open_len) = (self.tail.len(), self.open_len());
        let holds_nothing = open_len == 0 && self.backlog().is_some_and(|it| it.leaves(len));
        if holds_nothing && let Some([backlog]) = self.backlog.as_deref_mut() {
            self.tail.clear();
            backlog.restart();
        } else if self.shown > self.advanced || len + more > MAX_TAIL {
            self.end_block()?;
        }
        if !self.tail.fits(more) {
            let needed = self.tail.len() + more;
            let spare = self.backlog_mut().and_then(|backlog| backlog.spare(needed));
            let mut next = match spare {
                Some(spare) => spare,
                None => Block::new(doubled.max(needed))?,
            };
            next.append(self.tail.bytes());
            self.tail = next;
        }
        Ok(())
    }

    /// Puts the tail among the blocks, where it holds anything.
    pub(super) fn end_block(&mut self) -> Result<(), OutOfMemory> {
        if !self.tail.is_empty() {
            self.make_backlog(1)?.make_room_for_block()?;
            self.seal()?;
            let tail = core::mem::take(&mut self.tail);
            self.make_backlog(0)?.push_block(tail);
        }
        Ok(())
    }

    /// Nothing waits any more.
    pub(super) fn drained(&mut self) {
        self.open = self.queued;
        self.note_needed();
        if let Some([backlog]) = self.backlog.as_deref_mut() {
            backlog.clear(&mut self.tail);
        }
        self.tail.clear();
        if self.tail.size() > MAX_TAIL {
            let tail = core::mem::take(&mut self.tail);
            if let Ok(backlog) = self.make_backlog(0) {
                backlog.recycle(tail);
            }
        }
        if self.decay.is_period_over()
            && let Some(most) = self.decay.pass(self.kept())
        {
            self.keep(most);
        }
        // The host may be told that nothing waits, and not look again.
        let _ = self.settle_pongs();
    }

    /// The time was told.
    pub(in super::super) fn tick(&mut self) {
        self.note_needed();
        if let Some(most) = self.decay.pass(self.kept()) {
            self.keep(most);
        }
    }

    fn note_needed(&mut self) {
        let backlog = self.backlog_mut().map_or(0, Backlog::needed);
        let tail = if self.tail.is_empty() { 0 } else { self.tail.len() + MAX_HEADER };
        self.decay.needs(tail + backlog);
    }

    /// The memory that there is for what comes.
    #[inline]
    fn kept(&self) -> usize {
        self.tail.size() + self.backlog().map_or(0, Backlog::kept)
    }

    /// Gives back memory that holds nothing, until so much is left, or less.
    #[cold]
    fn keep(&mut self, most: usize) {
        if self.tail.is_empty() && self.tail.size() > most {
            self.tail = Block::new(most).unwrap_or_default();
        }
        let rest = most.saturating_sub(self.tail.size());
        if let Some(backlog) = self.backlog_mut() {
            backlog.keep(rest);
        }
    }

    /// Gives back memory that holds nothing, but does not move what was shown.
    pub(in super::super) fn shrink_to_fit(&mut self) {
        let (len, shown) = (self.tail.len(), self.shown > self.advanced);
        if len < self.tail.size()
            && !shown
            && let Ok(mut fitting) = Block::new(len)
        {
            fitting.append(self.tail.bytes());
            self.tail = fitting;
        }
        match self.backlog_mut() {
            Some(backlog) if backlog.len() > 0 => backlog.shrink_to_fit(),
            _ => self.backlog = None,
        }
        self.pongs.shrink_to_fit(self.advanced);
    }
}

/// A tail ends here: pongs pass no part of one, and one that grows is copied.
pub(super) const MAX_TAIL: usize = 64 << 10;

/// The least that a tail is made for.
const MIN_TAIL: usize = 64;

/// The most memory that is kept for the next burst.
pub(super) const MAX_KEPT: usize = 2 << 20;

/// The same for one whose messages were sent at once: 4 MiB of them, with their headers.
pub(super) const MAX_RUN: usize = (4 << 20) + (64 << 10);
