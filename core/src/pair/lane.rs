//! One direction of a pair: messages, and the one thing that ends them.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::mem;

use super::event::WireAction;
use crate::error::ProtocolError;
use crate::memory::OutOfMemory;

/// What one end sent and the other has not taken.
#[derive(Debug)]
pub(super) struct Lane<M> {
    messages: VecDeque<(M, usize)>,
    queued: usize,
    ending: Ending,
}

/// How a direction ends. It leaves `Open` once, and moves on once more when it is taken.
///
/// | ending   | the sender closed | the receiver took it |
/// |----------|-------------------|----------------------|
/// | `Open`   | no                | -                    |
/// | `Close`  | yes               | no                   |
/// | `Closed` | yes               | yes                  |
/// | `Cut`    | no, it vanished   | no                   |
/// | `Broken` | no, it erred      | no                   |
/// | `Lost`   | no                | yes                  |
#[derive(Debug)]
pub(super) enum Ending {
    Open,
    Close { code: Option<u16>, reason: String },
    Closed,
    Cut,
    Broken(ProtocolError),
    Lost,
}

pub(super) enum Item<M> {
    Message(M),
    Close { code: Option<u16>, reason: String },
    Cut,
    Broken(ProtocolError),
}

impl<M> Lane<M> {
    pub(super) const fn new() -> Self {
        Self { messages: VecDeque::new(), queued: 0, ending: Ending::Open }
    }

    /// Makes sure of memory for one message more, beside its own.
    pub(super) fn reserve(&mut self) -> Result<(), OutOfMemory> {
        Ok(self.messages.try_reserve(1)?)
    }

    pub(super) fn push(&mut self, message: M, size: usize) {
        self.messages.push_back((message, size));
        self.queued = self.queued.saturating_add(size);
    }

    /// Ends the direction; what has ended stays as it is.
    pub(super) fn end(&mut self, ending: Ending) {
        if self.is_open() {
            self.ending = ending;
        }
    }

    /// The oldest of what waits.
    pub(super) fn take(&mut self) -> Option<Item<M>> {
        if let Some((message, size)) = self.messages.pop_front() {
            self.queued = self.queued.saturating_sub(size);
            return Some(Item::Message(message));
        }
        let (item, ending) = match mem::replace(&mut self.ending, Ending::Open) {
            Ending::Close { code, reason } => (Item::Close { code, reason }, Ending::Closed),
            Ending::Cut => (Item::Cut, Ending::Lost),
            Ending::Broken(error) => (Item::Broken(error), Ending::Lost),
            same => {
                self.ending = same;
                return None;
            }
        };
        self.ending = ending;
        Some(item)
    }

    /// What `take` would give, as a wire sees it.
    pub(super) fn peek(&self) -> Option<WireAction<'_, M>> {
        if let Some((message, _)) = self.messages.front() {
            return Some(WireAction::Message(message));
        }
        match &self.ending {
            Ending::Close { code, reason } => Some(WireAction::Close { code: *code, reason }),
            Ending::Cut | Ending::Broken(_) => Some(WireAction::Disconnect),
            Ending::Open | Ending::Closed | Ending::Lost => None,
        }
    }

    /// Drops the messages, which nobody will take. As in browsers they stay in the count.
    pub(super) fn discard(&mut self) {
        self.messages = VecDeque::new();
    }

    /// Bytes of messages, without what holding them costs.
    pub(super) const fn queued(&self) -> usize {
        self.queued
    }

    /// What the messages that wait count towards limits. Each costs something by itself, else a
    /// peer could fill the memory with empty ones.
    pub(super) fn cost(&self) -> usize {
        match self.messages.len() {
            // What was discarded is still in the count, but waits no more.
            0 => 0,
            messages => messages.saturating_mul(MESSAGE_COST).saturating_add(self.queued),
        }
    }

    /// Whether a message of `size` bytes would pass `max`; an empty lane takes any.
    pub(super) fn is_full(&self, size: usize, max: usize) -> bool {
        !self.messages.is_empty()
            && self.cost().saturating_add(MESSAGE_COST).saturating_add(size) > max
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.ending, Ending::Open)
    }

    /// Whether the sender closed.
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.ending, Ending::Close { .. } | Ending::Closed)
    }

    /// Whether the receiver took the ending, which is the last thing.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.ending, Ending::Closed | Ending::Lost)
    }

    /// Whether the receiver took an ending that is no close.
    pub(super) const fn is_lost(&self) -> bool {
        matches!(self.ending, Ending::Lost)
    }
}

/// See [`Lane::cost`]: about what a queue entry takes.
pub(super) const MESSAGE_COST: usize = 32;
