//! What a link has beside its connection: what was received and not taken, and how far it has come.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use wspair_core::bindings::{ReceiveBinding, SenderBinding};
use wspair_core::{self as core, ClosedCause, Event};

use crate::connection::State;
use crate::error;
use crate::event::{self, Allowed};
use crate::fault::{self, Fault};
use crate::inbox::Inbox;
use crate::read_buffer::Own;
use crate::waiter::Waiter;

/// What a link has beside its connection, behind the same lock.
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Inner {
    /// `None` before the start and when it is gone.
    pub(super) transport: Option<Py<PyAny>>,
    pub(super) inbox: Inbox,
    /// Bytes that were read and not parsed, because the inbox is full.
    pub(super) unparsed: Vec<u8>,
    pub(super) pongs: Vec<Py<PyBytes>>,
    /// The connection's last event.
    pub(super) closed: Option<Py<PyAny>>,
    pub(super) has_told_end: bool,
    /// A message was taken, and the next one not asked for.
    pub(super) is_answering: bool,
    /// The application was told the end where it asked for a message.
    pub(super) is_told: bool,
    /// Whether our Close frame waits for answers to what came before it.
    pub(super) patience: Patience,
    /// When the last messages came.
    came: Option<Instant>,
    pub(super) reader: Option<Py<Waiter>>,
    /// Where the thread's read buffer does not serve.
    pub(super) buffer: Own,
    /// When the time is to be told, as the loop knows.
    pub(super) due: Option<core::Instant>,
    /// How much was sent since the loop last turned: bytes, and some for each message.
    pub(super) sent: usize,
    /// The transport takes no more.
    pub(super) is_full: bool,
    pub(super) is_reading: bool,
    /// Somebody is running who will flush.
    pub(super) in_turn: bool,
    pub(super) is_scheduled: bool,
    pub(super) awaits_room: bool,
    /// The peer ended its direction, and the engine is told when the messages before are taken.
    pub(super) has_eof: bool,
    /// What the inbox has no room for is dropped: nobody will take it.
    pub(super) discards: bool,
}

impl Inner {
    /// It pauses reading with more than `high` messages, and goes on with `low`.
    pub(super) fn new(high: usize, low: usize) -> Self {
        Self {
            transport: None,
            inbox: Inbox::new(high, low),
            unparsed: Vec::new(),
            pongs: Vec::new(),
            closed: None,
            has_told_end: false,
            is_answering: false,
            is_told: false,
            patience: Patience::Off,
            came: None,
            reader: None,
            buffer: Own::default(),
            due: None,
            sent: 0,
            is_full: false,
            is_reading: true,
            in_turn: false,
            is_scheduled: false,
            awaits_room: false,
            has_eof: false,
            discards: false,
        }
    }

    /// Parses what was kept and then `bytes`, as far as there is room, and keeps the rest.
    pub(super) fn parse(
        &mut self,
        py: Python<'_>,
        conn: &mut core::Connection,
        bytes: &mut [u8],
        allowed: Allowed,
        fault: &mut Option<Fault>,
    ) -> PyResult<()> {
        let had_ended = self.closed.is_some();
        if self.unparsed.is_empty() {
            let used = self.take_in(py, conn.receive(bytes), allowed, fault, true)?;
            self.unparsed.extend_from_slice(&bytes[used..]);
        } else {
            let mut kept = std::mem::take(&mut self.unparsed);
            kept.extend_from_slice(bytes);
            let used = self.take_in(py, conn.receive(&mut kept), allowed, fault, true)?;
            self.unparsed = kept.split_off(used);
        }
        match fault {
            Some((_, reason)) if !had_ended => conn.explain_close(reason).map_err(error::send),
            _ => Ok(()),
        }
    }

    /// Takes the events of an input, as far as there is room where that matters, and tells how
    /// many of its bytes are done with.
    pub(super) fn take_in(
        &mut self,
        py: Python<'_>,
        mut received: core::Receive<'_>,
        allowed: Allowed,
        fault: &mut Option<Fault>,
        is_bounded: bool,
    ) -> PyResult<usize> {
        // What the application answers at once still goes out before a Close frame.
        received.defer_close();
        let is_bounded = is_bounded && !self.discards;
        let mut brings_messages = false;
        while !(is_bounded && self.inbox.is_full()) {
            let Some(event) = received.next() else {
                break;
            };
            let (message, len) = match event {
                Event::Text(text) => (PyString::new(py, &text).into_any(), text.len()),
                Event::Binary(data) => (PyBytes::new(py, &data).into_any(), data.len()),
                Event::Pong(data) => {
                    self.pongs.push(PyBytes::new(py, data).unbind());
                    continue;
                }
                Event::Closed(closed) => {
                    let size = received.too_long();
                    *fault = fault::of(&closed, allowed, size);
                    if let ClosedCause::Handshake | ClosedCause::Peer(_) = closed.cause {
                        self.patience = Patience::Fresh;
                    }
                    self.closed = Some(event::closed(py, &closed, allowed, size)?);
                    continue;
                }
                _ => continue,
            };
            if !(self.discards && self.inbox.is_full()) {
                self.inbox.push(message.unbind(), len);
                brings_messages = true;
            }
        }
        if brings_messages {
            self.came = Some(Instant::now());
        }
        Ok(received.consumed())
    }

    /// Whether our Close frame is put off, as the application is at work on messages that came
    /// before it (RFC 6455 5.5.1).
    pub(super) fn waits_for_answers(&self) -> bool {
        self.patience == Patience::Runs && self.may_answer()
    }

    /// For how long it is, where that begins now.
    pub(super) fn begins_to_wait(&mut self) -> Option<Duration> {
        if self.patience != Patience::Fresh || !self.may_answer() {
            return None;
        }
        // Who was not at work on them before will not begin now.
        let left = ANSWER_WITHIN.checked_sub(self.came?.elapsed())?;
        self.patience = Patience::Runs;
        Some(left)
    }

    fn may_answer(&self) -> bool {
        !self.discards && (self.is_answering || !self.inbox.is_empty())
    }

    /// Whether there are bytes to parse, and room for what is in them.
    pub(super) fn has_more(&self) -> bool {
        !self.unparsed.is_empty() && (self.discards || self.inbox.has_room())
    }

    /// Whether the transport is to be read from.
    pub(super) fn reads(&self) -> bool {
        let has_room = if self.is_reading { !self.inbox.is_full() } else { self.inbox.has_room() };
        self.discards || (has_room && self.unparsed.is_empty())
    }
}

/// How our Close frame waits for answers to what came before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Patience {
    /// Not at all: there is none to come, or it waited long enough.
    Off,
    /// It was decided on.
    Fresh,
    /// A timer runs.
    Runs,
}

/// How long that is, from when the last message came, or was taken behind the end.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// A connection and its link, locked. No Python code may run until they are unlocked.
pub(super) struct Locked<'a>(pub(super) MutexGuard<'a, State>);

impl Locked<'_> {
    pub(super) fn both(&mut self) -> (&mut core::Connection, &mut Inner) {
        let (conn, inner, _) = self.all();
        (conn, inner)
    }

    /// And what this side gave up for.
    pub(super) fn all(&mut self) -> (&mut core::Connection, &mut Inner, &mut Option<Fault>) {
        let State { conn, link, fault, .. } = &mut *self.0;
        (conn, link.as_mut().expect("made by Link::new"), fault)
    }
}

impl Deref for Locked<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        self.0.link.as_ref().expect("made by Link::new")
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        self.both().1
    }
}
