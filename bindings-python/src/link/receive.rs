//! Taking messages, and waiting for them.

use pyo3::prelude::*;

use super::Link;
use super::state::{ANSWER_WITHIN, Locked, Patience};
use crate::error::ConcurrencyError;
use crate::waiter::Waiter;

/// What there is for who asks for a message.
pub(crate) enum Received<'py> {
    Message(Bound<'py, PyAny>),
    Wait(Py<Waiter>),
    End,
}

impl Link {
    /// As `receive`, for an awaitable that begins to wait, or goes on after it.
    pub(crate) fn receive_or_wait<'py>(slf: &Bound<'py, Self>) -> PyResult<Received<'py>> {
        let received = Self::take(slf, true)?;
        if let Received::Wait(waiter) = &received {
            waiter.get().block()?;
        }
        Ok(received)
    }

    /// Nobody waits for a message any more.
    pub(crate) fn stop_waiting(&self, py: Python<'_>) {
        let reader = self.lock(py).reader.as_ref().map(|reader| reader.clone_ref(py));
        if let Some(reader) = reader {
            reader.get().reset(py);
        }
    }

    /// Takes the oldest message that waits, or says what to wait for. Whoever `is_waiter` may have
    /// been woken.
    pub(super) fn take<'py>(slf: &Bound<'py, Self>, is_waiter: bool) -> PyResult<Received<'py>> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        if let Some(reader) = inner.reader.as_ref().filter(|_| is_waiter) {
            reader.get().goes_on();
        }
        let mut message = inner.inbox.pop(py);
        if inner.has_more() || (!inner.is_reading && inner.inbox.has_room()) {
            // Input stopped for want of room.
            drop(inner);
            this.parse(py, &mut [])?;
            Self::schedule(slf)?;
            inner = this.lock(py);
            message = message.or_else(|| inner.inbox.pop(py));
        }
        if message.is_none() && inner.has_eof && inner.closed.is_none() {
            // Whoever took the messages before it has answered them, as far as it will.
            drop(inner);
            this.tell_eof(py)?;
            Self::schedule(slf)?;
            inner = this.lock(py);
        }
        inner.is_answering = message.is_some();
        if inner.patience == Patience::Runs {
            // It begins anew with each message, and is over when no more are asked for.
            drop(inner);
            match message {
                Some(_) => Self::await_answers(slf, ANSWER_WITHIN)?,
                None => Self::schedule(slf)?,
            }
            inner = this.lock(py);
        }
        match message {
            Some(message) => Ok(Received::Message(message)),
            None => this.wait(py, inner),
        }
    }

    /// What to await until there is a message, unless the end has come.
    fn wait<'py>(&self, py: Python<'py>, mut inner: Locked<'_>) -> PyResult<Received<'py>> {
        if inner.closed.is_some() {
            inner.is_told = true;
            return Ok(Received::End);
        }
        if let Some(reader) = &inner.reader {
            if reader.get().is_waiting() {
                return Err(ConcurrencyError::new_err("another task is reading"));
            }
            if reader.get().is_idle() {
                return Ok(Received::Wait(reader.clone_ref(py)));
            }
        }
        drop(inner);
        let reader = Py::new(py, Waiter::new(self.event_loop.clone_ref(py)))?;
        let before = self.lock(py).reader.replace(reader.clone_ref(py));
        drop(before);
        Ok(Received::Wait(reader))
    }
}
