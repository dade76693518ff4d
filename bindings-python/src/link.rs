//! A connection on an asyncio transport: all that happens on every read, message and turn of the
//! loop, in one call each. What is rare is left to the Python class on top, `Wire`.

mod receive;
mod send;
mod state;
mod turn;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, intern};
use wspair_core::{self as core, Sender};

pub(crate) use receive::Received;
pub(crate) use state::{ANSWER_WITHIN, Inner};
use state::{Locked, Patience};

use crate::buffer;
use crate::connection::Connection;
use crate::event::Allowed;
use crate::message::{Message, Prepared};
use crate::options::instant;
use crate::read_buffer;
use crate::waiter::{Caller, Waiter};

/// The native half of `wspair.asyncio`'s protocol.
///
/// Messages are parsed as they come, and wait for `take`; reading pauses while too many do. What
/// is sent in one turn of the loop goes out in one write.
#[pyclass(frozen, subclass, module = "wspair._native")]
pub(crate) struct Link {
    #[pyo3(get)]
    connection: Py<Connection>,
    event_loop: Py<PyAny>,
    /// Whether the thread's read buffer serves.
    shares_buffer: bool,
}

#[pymethods]
impl Link {
    #[new]
    fn new(
        py: Python<'_>,
        connection: Py<Connection>,
        event_loop: Py<PyAny>,
        high: usize,
        low: usize,
    ) -> PyResult<Self> {
        let shares_buffer = read_buffer::is_shared(event_loop.bind(py))?;
        connection.get().lock(py).link = Some(Box::new(Inner::new(high, low)));
        Ok(Self { connection, event_loop, shares_buffer })
    }

    // What the transport calls.

    /// Lends a buffer to read into.
    fn get_buffer<'py>(slf: &Bound<'py, Self>, _sizehint: isize) -> PyResult<Bound<'py, PyAny>> {
        let (this, py) = (slf.get(), slf.py());
        if this.shares_buffer { read_buffer::lend(py) } else { this.lock(py).buffer.lend(py) }
    }

    /// Takes what was read, and does all that follows from it.
    fn buffer_updated(slf: &Bound<'_, Self>, nbytes: usize) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut locked = this.lock(py);
        let (conn, inner, fault) = locked.all();
        let buffer = match inner.buffer.take_back(py) {
            Some(own) => own,
            None => read_buffer::take_back(py)?,
        };
        buffer::with_read_buffer_mut(&buffer, nbytes, |bytes| {
            inner.parse(py, conn, bytes, this.allowed(), fault)
        })?;
        let news = inner.news(py);
        drop(locked);
        Self::tell(slf, news, Caller::Loop)?;
        Self::write(slf)
    }

    /// The peer ended its direction. While messages wait their answers still go out, where the
    /// other direction can stay open.
    fn end_of_stream(slf: &Bound<'_, Self>, stays: bool) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        inner.has_eof = true;
        let answers = inner.is_answering || !inner.inbox.is_empty();
        let waits = stays && answers && !inner.discards && inner.closed.is_none();
        if !stays {
            inner.patience = Patience::Off;
        }
        drop(inner);
        if !waits {
            this.tell_eof(py)?;
        }
        Self::turn(slf, Caller::Loop)
    }

    /// The transport is gone. What was received stays.
    fn lose(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        inner.has_eof = true;
        let transport = inner.transport.take();
        drop(inner);
        drop(transport);
        this.tell_eof(py)?;
        Self::turn(slf, Caller::Loop)
    }

    fn pause_writing(&self, py: Python<'_>) {
        self.lock(py).is_full = true;
    }

    /// The rest waits for the next turn: asyncio's transports end twice where one is closed here.
    fn resume_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().lock(slf.py()).is_full = false;
        Self::schedule(slf)
    }

    // What the Python class calls.

    /// Begins on an open transport, with what was read behind the handshake.
    fn start(slf: &Bound<'_, Self>, transport: Py<PyAny>, rest: &[u8], now: f64) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        this.lock(py).transport = Some(transport);
        this.parse(py, &mut rest.to_vec())?;
        // The engine knows the clock from now on.
        this.feed(py, |conn| conn.handle_timeout(instant(now).unwrap_or_default()))?;
        // Whoever takes what came already may answer it first.
        Self::schedule(slf)
    }

    /// Tells the time, and does all that follows from it. `True` when that sends a keepalive ping.
    fn tell_time(slf: &Bound<'_, Self>, now: f64) -> PyResult<bool> {
        let (this, py) = (slf.get(), slf.py());
        this.lock(py).due = None;
        let transport = this.lock(py).transport.as_ref().map(|it| it.bind(py).clone());
        if let Some(transport) = transport {
            let holds = transport.call_method0(intern!(py, "get_write_buffer_size"))?.extract()?;
            this.lock(py).both().0.transport_holds(holds);
        }
        let has_pinged = this.lock(py).both().0.awaits_pong();
        this.feed(py, |conn| conn.handle_timeout(instant(now).unwrap_or_default()))?;
        let pings = !has_pinged && this.lock(py).both().0.awaits_pong();
        Self::turn(slf, Caller::Loop)?;
        Ok(pings)
    }

    /// Tells the engine of the end of the stream now, though messages wait.
    fn tell_end_of_stream(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().tell_eof(slf.py())?;
        Self::turn(slf, Caller::Loop)
    }

    /// Sends our Close frame now, though answers to what came before it may follow.
    fn stop_answers(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().lock(slf.py()).patience = Patience::Off;
        Self::turn(slf, Caller::Loop)
    }

    /// Takes the oldest message that waits.
    ///
    /// Returns:
    ///     A message; or a `Waiter`, to be awaited before the next try; or `None` at the end.
    ///
    /// Raises:
    ///     ConcurrencyError: another task waits.
    fn receive<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match Self::take(slf, false)? {
            Received::Message(message) => Some(message),
            Received::Wait(waiter) => Some(waiter.into_bound(slf.py()).into_any()),
            Received::End => None,
        })
    }

    /// Queues a message.
    ///
    /// Returns:
    ///     `None` when that is all; else what the sender has to do: `"yield"` to the loop, wait for
    ///     `"room"`; or why nothing was queued: `"full"`, `"closed"`, a fragmented message is
    ///     `"open"`, or the message is `"parts"`, no text and no buffer.
    #[pyo3(signature = (message, compress=None))]
    fn send<'py>(
        slf: &Bound<'py, Self>,
        message: &Bound<'py, PyAny>,
        compress: Option<bool>,
    ) -> PyResult<Option<&'static str>> {
        if let Ok(prepared) = message.cast_exact::<Prepared>() {
            let prepared = &prepared.get().0;
            let send = |sender: &mut Sender<'_>| sender.send_prepared(prepared);
            return Self::queue(slf, compress, prepared.payload().len(), send);
        }
        let share_from = slf.get().connection.get().share_from();
        let Some(message) = Message::read_if_any(message, share_from)? else {
            return Ok(Some("parts"));
        };
        let len = message.as_bytes().len();
        Self::queue(slf, compress, len, |sender| message.send(sender))
    }

    /// Writes what waits, and does with the transport and the clock what the engine says.
    fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        this.lock(py).is_scheduled = false;
        Self::turn(slf, Caller::Loop)
    }

    /// Has `flush` called in this turn of the loop.
    fn schedule(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        if inner.in_turn || inner.is_scheduled {
            return Ok(());
        }
        inner.is_scheduled = true;
        drop(inner);
        let flush = slf.getattr(intern!(py, "flush"))?;
        this.event_loop.bind(py).call_method1(intern!(py, "call_soon"), (flush,))?;
        Ok(())
    }

    /// Has `_on_room` called once the transport takes more; `False` when it does already.
    fn await_room(&self, py: Python<'_>) -> bool {
        let mut locked = self.lock(py);
        let (conn, inner) = locked.both();
        inner.awaits_room = inner.is_full || conn.is_congested();
        inner.awaits_room
    }

    /// From now on messages that find no room are dropped: nothing is answered any more.
    fn discard(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        this.lock(py).discards = true;
        this.parse(py, &mut [])?;
        if this.lock(py).has_eof {
            this.tell_eof(py)?;
        }
        Self::schedule(slf)
    }

    /// Whether the connection has ended. Messages may still wait.
    #[getter]
    fn has_ended(&self, py: Python<'_>) -> bool {
        self.lock(py).closed.is_some()
    }

    /// The connection's last event, or `None`.
    #[getter]
    fn closed(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.lock(py).closed.as_ref().map(|closed| closed.clone_ref(py))
    }

    /// Whether the application was told the end where it asked for a message.
    #[getter]
    fn is_told(&self, py: Python<'_>) -> bool {
        self.lock(py).is_told
    }

    /// Has whoever waits for a message look again.
    fn wake_reader(&self, py: Python<'_>) -> PyResult<()> {
        let reader = self.lock(py).reader.as_ref().map(|reader| reader.clone_ref(py));
        reader.map_or(Ok(()), |reader| Waiter::wake(reader.bind(py), Caller::Task))
    }

    /// The transport, until it is gone.
    #[getter]
    fn transport(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.lock(py).transport.as_ref().map(|transport| transport.clone_ref(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.connection)?;
        let Some(state) = self.connection.get().try_lock() else {
            return Ok(());
        };
        let Some(inner) = &state.link else {
            return Ok(());
        };
        if let Some(transport) = &inner.transport {
            visit.call(transport)?;
        }
        if let Some(reader) = &inner.reader {
            visit.call(reader)?;
        }
        Ok(())
    }

    fn __clear__(&self, py: Python<'_>) {
        let mut inner = self.lock(py);
        let held = (inner.transport.take(), inner.reader.take());
        drop(inner);
        drop(held);
    }
}

impl Link {
    fn lock(&self, py: Python<'_>) -> Locked<'_> {
        Locked(self.connection.get().lock(py))
    }

    fn parse(&self, py: Python<'_>, bytes: &mut [u8]) -> PyResult<()> {
        let mut locked = self.lock(py);
        let (conn, inner, fault) = locked.all();
        inner.parse(py, conn, bytes, self.allowed(), fault)
    }

    fn allowed(&self) -> Allowed {
        self.connection.get().allowed
    }

    fn feed(
        &self,
        py: Python<'_>,
        input: impl FnOnce(&mut core::Connection) -> core::Receive<'_>,
    ) -> PyResult<()> {
        let mut locked = self.lock(py);
        let (conn, inner, fault) = locked.all();
        inner.take_in(py, input(conn), self.allowed(), fault, false).map(drop)
    }

    /// Tells the engine of the end of the stream, behind what is to be parsed before it.
    fn tell_eof(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.lock(py);
        let (is_lost, has_more) = (inner.transport.is_none(), !inner.unparsed.is_empty());
        drop(inner);
        match (has_more, is_lost) {
            (true, _) => Ok(()),
            (false, true) => self.feed(py, core::Connection::transport_lost),
            (false, false) => self.feed(py, core::Connection::receive_eof),
        }
    }
}
