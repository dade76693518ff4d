//! From the transport to the application.

use std::task::{Context, Poll};

use wspair::{Event, Receive};

use super::inbox::{Inbox, MAX_INBOX};
use super::{Presence, State};
use crate::error::Error;
use crate::message::Message;

impl State {
    /// The next message, for the application; `None` behind the last.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        self.reader.visits += 1;
        if self.reader.presence == Presence::Absent {
            self.reader.presence = Presence::Present;
        }
        loop {
            if let Some(message) = self.inbox.pop().or_else(|| self.take_in()) {
                if !self.input.is_empty() {
                    // Should nobody come for the rest.
                    self.leaves_more();
                }
                self.reader.is_busy = true;
                return Poll::Ready(Some(Ok(message)));
            }
            self.reader.is_busy = false;
            // The answers to all that was taken, in one go.
            self.write();
            if self.closed.is_some() {
                return Poll::Ready(self.tell_end());
            }
            if self.ends.eof {
                self.end_input();
                continue;
            }
            self.wakes.reader.register(cx.waker());
            if self.read().is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn tell_end(&mut self) -> Option<Result<Message, Error>> {
        let closed = self.closed.as_ref().filter(|closed| !self.reader.was_told && !closed.clean);
        let error =
            closed.map(|closed| Error::of_end(closed, self.conn.too_long(), self.max_message));
        self.reader.was_told = true;
        error.map(Err)
    }

    /// Takes in one message of what was read.
    fn take_in(&mut self) -> Option<Message> {
        while !self.input.is_empty() {
            let bytes = self.input.unread();
            let mut received = self.conn.receive(bytes);
            let message = note(&mut received, &mut self.closed);
            let used = received.consumed();
            self.input.consume(used);
            if let Some(Message::Close(_)) = message {
                // With our answer to it that was the end.
                self.note_end();
            } else if self.closed.is_some() {
                self.has_ended();
            }
            if message.is_some() {
                return message;
            }
        }
        None
    }

    /// Takes in all that was read, as far as there is room; whether there was room for all.
    pub(crate) fn take_in_all(&mut self) -> bool {
        loop {
            let is_full = self.is_inbox_full();
            // Behind our Close frame only the peer's counts, for who does not come for the rest.
            let is_left = is_full && !self.is_open() && self.reader.presence == Presence::Absent;
            let drops = self.reader.presence == Presence::Gone || is_left;
            if is_full && !drops {
                return self.input.is_empty();
            }
            match self.take_in() {
                Some(message) if !drops || matches!(message, Message::Close(_)) => {
                    self.inbox.push(message);
                    self.wakes.reader.wake();
                }
                Some(_) => {}
                None => return true,
            }
        }
    }

    /// Whether what was taken in has to be received before more is.
    pub(crate) fn is_inbox_full(&self) -> bool {
        self.inbox.bytes >= MAX_INBOX
    }

    /// Whether something was read that is not taken in.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Whether there is, or may be, something to take.
    pub(crate) fn has_something(&self) -> bool {
        self.has_input() || self.ends.eof || (self.wakes.is_ready() && self.may_read())
    }

    pub(crate) fn has_eof(&self) -> bool {
        self.ends.eof && self.input.is_empty()
    }

    /// Whether all that came was taken by the application.
    pub(crate) fn is_taken(&self) -> bool {
        self.input.is_empty() && self.inbox.messages.is_empty()
    }

    /// Reads once, where all that was read before is taken in.
    pub(crate) fn read(&mut self) -> Poll<()> {
        if !self.may_read() {
            return Poll::Pending;
        }
        self.wakes.looks();
        if std::mem::take(&mut self.holds_input) {
            self.conn.hold_input(false);
            self.check_alarm();
        }
        let Some(io) = &mut self.io else { return Poll::Pending };
        match self.input.poll_fill(io.as_mut(), &mut Context::from_waker(&self.read_waker)) {
            Poll::Ready(Ok(1..)) => {}
            Poll::Ready(Ok(0)) if !self.ends.unwritable => self.ends.eof = true,
            Poll::Pending if !self.ends.unwritable => return Poll::Pending,
            _ => self.lose(),
        }
        self.leaves_more();
        Poll::Ready(())
    }

    pub(super) fn may_read(&self) -> bool {
        self.io.is_some() && !(self.ends.eof || self.ends.eof_told || self.ends.lost)
    }

    /// Tells the engine that nothing more comes.
    pub(crate) fn end_input(&mut self) {
        (self.ends.eof, self.ends.eof_told) = (false, true);
        let mut received = self.conn.receive_eof();
        note(&mut received, &mut self.closed);
        self.has_moved();
    }

    /// The transport is good for nothing any more. What came before stays readable.
    pub(super) fn lose(&mut self) {
        self.ends.lost = true;
        self.take_in_all();
        self.input.clear();
        let mut received = self.conn.transport_lost();
        note(&mut received, &mut self.closed);
        self.has_moved();
    }

    /// Nobody will receive any more.
    pub(crate) fn forget_reader(&mut self) {
        self.reader.presence = Presence::Gone;
        self.inbox = Inbox::default();
        self.call_driver();
    }
}

/// The next message, or what is to be noted instead.
pub(super) fn note(
    received: &mut Receive<'_>,
    closed: &mut Option<wspair::Closed>,
) -> Option<Message> {
    received.defer_close();
    match received.next()? {
        Event::Closed(how) => {
            *closed = Some(how);
            None
        }
        event => Message::of(event),
    }
}
