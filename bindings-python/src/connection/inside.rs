//! What the rest of the package does with a connection: it feeds, sends and looks.

use std::sync::{MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyByteArray, PyList};
use wspair_core::bindings::ReceiveBinding;
use wspair_core::{self as core, Compression, Event, Instant, Sender};

use super::Connection;
use crate::buffer;
use crate::event::{self, to_python};
use crate::fault::{self, Fault};
use crate::link::Inner;

pub(crate) struct State {
    pub(crate) conn: core::Connection,
    pub(super) read: Option<Py<PyByteArray>>,
    /// What this side gave up for.
    pub(crate) fault: Option<Fault>,
    /// What a host on asyncio has beside it.
    pub(crate) link: Option<Box<Inner>>,
}

/// What a connection is told.
pub(crate) enum Input<'a> {
    Bytes(&'a [u8]),
    /// So many bytes were written to the read buffer.
    Buffer(usize),
    Eof,
    Lost,
    Time(Instant),
}

impl Connection {
    /// The connection, locked. No Python code may run until it is unlocked.
    pub(crate) fn lock(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        self.state.try_lock().ok()
    }

    /// Calls the sending half, which runs no Python code.
    pub(crate) fn sending<R>(
        &self,
        py: Python<'_>,
        compress: Option<bool>,
        send: impl FnOnce(&mut Sender<'_>) -> R,
    ) -> R {
        send(&mut self.lock(py).conn.sender().with_compression(compression(compress)))
    }

    pub(super) fn events<'py>(
        &self,
        py: Python<'py>,
        input: Input<'_>,
    ) -> PyResult<Bound<'py, PyList>> {
        let events = PyList::empty(py);
        self.feed(py, input, |event, size| {
            events.append(match event {
                Event::Closed(closed) => event::closed(py, &closed, self.allowed, size)?,
                event => to_python(py, event)?,
            })
        })?;
        Ok(events)
    }

    /// Feeds the connection and hands over each event, with the end how long a message was that was
    /// too long. `take` runs no Python code.
    pub(crate) fn feed(
        &self,
        py: Python<'_>,
        input: Input<'_>,
        mut take: impl FnMut(Event<'_>, Option<u64>) -> PyResult<()>,
    ) -> PyResult<()> {
        let mut state = self.lock(py);
        let State { conn, read, fault, .. } = &mut *state;
        let mut run = |mut received: core::Receive<'_>| {
            // The host sees all events of an input before it answers any.
            received.defer_close();
            while let Some(event) = received.next() {
                match event {
                    Event::Closed(closed) => {
                        let size = received.too_long();
                        *fault = fault::of(&closed, self.allowed, size);
                        take(Event::Closed(closed), size)?;
                    }
                    event => take(event, None)?,
                }
            }
            Ok(())
        };
        match (input, read) {
            (Input::Bytes(bytes), _) => run(conn.receive_ref(bytes)),
            (Input::Buffer(n), Some(read)) => {
                buffer::with_read_buffer(read.bind(py), n, |bytes| run(conn.receive_ref(bytes)))
            }
            (Input::Buffer(_), None) => Ok(()),
            (Input::Eof, _) => run(conn.receive_eof()),
            (Input::Lost, _) => run(conn.transport_lost()),
            (Input::Time(now), _) => run(conn.handle_timeout(now)),
        }
    }

    /// From how many bytes on a payload is taken by reference.
    pub(crate) fn share_from(&self) -> usize {
        self.share_from
    }

    /// How many bytes wait to be written.
    pub(crate) fn waiting(&self, py: Python<'_>) -> usize {
        self.lock(py).conn.buffered_amount()
    }

    /// What to do with the transport, and when to tell the time.
    pub(crate) fn look(&self, py: Python<'_>) -> (core::TransportAction, Option<Instant>) {
        let state = self.lock(py);
        (state.conn.transport(), state.conn.poll_timeout())
    }

    pub(crate) fn with_connection<R>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&core::Connection) -> R,
    ) -> R {
        look(&self.lock(py).conn)
    }

    /// The sending half, for what an end of a pair sends. `send` runs no Python code.
    pub(crate) fn with_sender<R>(
        &self,
        py: Python<'_>,
        send: impl FnOnce(&mut Sender<'_>) -> R,
    ) -> R {
        self.sending(py, None, send)
    }
}

/// Whether a message is compressed; `None` leaves it to the threshold.
pub(crate) fn compression(compress: Option<bool>) -> Compression {
    match compress {
        None => Compression::Auto,
        Some(true) => Compression::On,
        Some(false) => Compression::Off,
    }
}
