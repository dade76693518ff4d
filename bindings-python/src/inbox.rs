//! Messages that wait for the application, and how many are too many.

use std::collections::VecDeque;

use pyo3::prelude::*;

/// The messages that were received and not taken.
pub(crate) struct Inbox {
    messages: VecDeque<(Py<PyAny>, usize)>,
    /// What they count, in bytes.
    held: usize,
    high: usize,
    low: usize,
}

impl Inbox {
    /// It is full with more than `high` messages or `HELD` bytes, and has room again with `low`
    /// messages and a quarter of the bytes.
    pub(crate) fn new(high: usize, low: usize) -> Self {
        Self { messages: VecDeque::new(), held: 0, high, low }
    }

    pub(crate) fn push(&mut self, message: Py<PyAny>, len: usize) {
        let size = len + OVERHEAD;
        self.held += size;
        self.messages.push_back((message, size));
    }

    pub(crate) fn pop<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let (message, size) = self.messages.pop_front()?;
        self.held -= size;
        Some(message.into_bound(py))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.messages.len() > self.high || self.held >= HELD
    }

    pub(crate) fn has_room(&self) -> bool {
        self.messages.len() <= self.low && self.held <= HELD / 4
    }
}

/// From this many bytes on the inbox is full.
const HELD: usize = 1 << 20;

/// What a message counts beside its bytes: its object, and its place.
const OVERHEAD: usize = 64;
