//! A connection on an asyncio transport: all that happens on every read, message and turn of the
//! loop, in one call each. What is rare is left to the Python class on top, `Wire`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use wspair_core::event::Timer;
use wspair_core::{self as core, Cause, CloseCode, Event, ProtocolError, ReadyState, SendError};

use crate::buffer;
use crate::connection::{Connection, output};
use crate::error;
use crate::event::{self, Allowed};
use crate::inbox::Inbox;
use crate::message::{Message, Prepared};
use crate::options::{instant, seconds};
use crate::read_buffer::Lease;
use crate::waiter::{Caller, Waiter};
use crate::words::Transport;

/// The native half of `wspair.asyncio`'s protocol.
///
/// Messages are parsed as they come, and wait for `take`; reading pauses while too many do. What
/// is sent in one turn of the loop goes out in one write.
#[pyclass(frozen, subclass, module = "wspair._native")]
pub(crate) struct Link {
    #[pyo3(get)]
    connection: Py<Connection>,
    event_loop: Py<PyAny>,
    /// Locked behind the connection where both are.
    inner: Mutex<Inner>,
}

#[allow(clippy::struct_excessive_bools)]
struct Inner {
    /// `None` before the start and when it is gone.
    transport: Option<Py<PyAny>>,
    inbox: Inbox,
    /// Bytes that were read and not parsed, because the inbox is full.
    unparsed: Vec<u8>,
    pongs: Vec<Py<PyBytes>>,
    /// The connection's last event.
    closed: Option<Py<PyAny>>,
    /// What this side gave up for: the code, and why in words.
    fault: Option<(u16, String)>,
    has_told_end: bool,
    /// A message was taken, and the next one not asked for.
    is_answering: bool,
    /// The application was told the end where it asked for a message.
    is_told: bool,
    /// Turns of the loop that the application still gets to answer what came before the end.
    patience: u8,
    reader: Option<Py<Waiter>>,
    lease: Lease,
    /// When the time is to be told, as the loop knows.
    due: Option<core::Instant>,
    /// How much was sent since the loop last turned: bytes, and some for each message.
    sent: usize,
    /// The transport takes no more.
    is_full: bool,
    is_reading: bool,
    /// Somebody is running who will flush.
    in_turn: bool,
    is_scheduled: bool,
    awaits_room: bool,
    /// The peer ended its direction, and the engine is told when the messages before are taken.
    has_eof: bool,
    /// What the inbox has no room for is dropped: nobody will take it.
    discards: bool,
}

#[pymethods]
impl Link {
    #[new]
    fn new(connection: Py<Connection>, event_loop: Py<PyAny>, high: usize, low: usize) -> Self {
        let inner = Mutex::new(Inner {
            transport: None,
            inbox: Inbox::new(high, low),
            unparsed: Vec::new(),
            pongs: Vec::new(),
            closed: None,
            fault: None,
            has_told_end: false,
            is_answering: false,
            is_told: false,
            patience: 2,
            reader: None,
            lease: Lease::default(),
            due: None,
            sent: 0,
            is_full: false,
            is_reading: true,
            in_turn: false,
            is_scheduled: false,
            awaits_room: false,
            has_eof: false,
            discards: false,
        });
        Self { connection, event_loop, inner }
    }

    // What the transport calls.

    /// Lends a buffer to read into.
    fn get_buffer<'py>(&self, py: Python<'py>, _sizehint: isize) -> PyResult<Bound<'py, PyAny>> {
        self.lock(py).lease.lend(py)
    }

    /// Takes what was read, and does all that follows from it.
    fn buffer_updated(slf: &Bound<'_, Self>, nbytes: usize) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let buffer = this.lock(py).lease.take_back(py)?;
        buffer::with_read_buffer_mut(&buffer, nbytes, |bytes| this.parse(py, bytes))?;
        Self::turn(slf, Caller::Loop)
    }

    /// The peer ended its direction. While messages wait their answers still go out, where the
    /// other direction can stay open.
    fn end_of_stream(slf: &Bound<'_, Self>, stays: bool) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        inner.has_eof = true;
        let answers = inner.is_answering || !inner.inbox.is_empty();
        let waits = stays && answers && !inner.discards;
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

    fn resume_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().lock(slf.py()).is_full = false;
        Self::flush(slf)
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

    /// Tells the time, and does all that follows from it.
    fn tell_time(slf: &Bound<'_, Self>, now: f64) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        this.lock(py).due = None;
        let transport = this.lock(py).transport.as_ref().map(|it| it.bind(py).clone());
        if let Some(transport) = transport {
            let holds = transport.call_method0(intern!(py, "get_write_buffer_size"))?.extract()?;
            this.connection.get().lock(py).conn.transport_holds(holds);
        }
        this.feed(py, |conn| conn.handle_timeout(instant(now).unwrap_or_default()))?;
        Self::turn(slf, Caller::Loop)
    }

    /// Tells the engine of the end of the stream now, though messages wait.
    fn tell_end_of_stream(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().tell_eof(slf.py())?;
        Self::turn(slf, Caller::Loop)
    }

    /// Takes the oldest message that waits; `None` when there is none.
    fn take<'py>(slf: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        let message = inner.inbox.pop(py);
        let goes_on = inner.goes_on();
        // Whoever took the messages before the end has answered them, as far as it will.
        let ends = message.is_none() && inner.has_eof && inner.closed.is_none();
        inner.is_told |= message.is_none() && inner.closed.is_some();
        inner.is_answering = message.is_some();
        drop(inner);
        if goes_on {
            this.parse(py, &mut [])?;
            Self::schedule(slf)?;
        } else if ends {
            this.tell_eof(py)?;
            Self::schedule(slf)?;
        }
        Ok(message)
    }

    /// What to await until `take` may have something, or the end has come.
    ///
    /// Raises:
    ///     RuntimeError: another task waits.
    fn readable(&self, py: Python<'_>) -> PyResult<Py<Waiter>> {
        let reader = self.lock(py).reader.as_ref().map(|reader| reader.clone_ref(py));
        if let Some(reader) = reader {
            if reader.get().is_idle(py) {
                return Ok(reader);
            }
            if reader.get().is_waiting(py) {
                return Err(PyRuntimeError::new_err("another task is reading"));
            }
        }
        let reader = Py::new(py, Waiter::new(self.event_loop.clone_ref(py)))?;
        let before = self.lock(py).reader.replace(reader.clone_ref(py));
        drop(before);
        Ok(reader)
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
        let (this, py) = (slf.get(), slf.py());
        let connection = this.connection.get();
        if this.lock(py).is_told {
            return Ok(Some("closed"));
        }
        if let Ok(prepared) = message.cast_exact::<Prepared>() {
            let prepared = &prepared.get().0;
            let result = connection.sending(py, compress, |sender| sender.send_prepared(prepared));
            return Self::sent(slf, prepared.payload().len(), result);
        }
        let Some(message) = Message::read_if_any(message, connection.share_from())? else {
            return Ok(Some("parts"));
        };
        let len = message.as_bytes().len();
        let result = connection.sending(py, compress, |sender| message.send(sender));
        Self::sent(slf, len, result)
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
        let is_congested = self.connection.get().lock(py).conn.is_congested();
        let mut inner = self.lock(py);
        inner.awaits_room = inner.is_full || is_congested;
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

    /// What this side gave up for, code and words; `None` where it did not.
    #[getter]
    fn fault(&self, py: Python<'_>) -> Option<(u16, String)> {
        self.lock(py).fault.clone()
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
        let Ok(inner) = self.inner.try_lock() else {
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
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Inner> {
        self.inner.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    /// Parses what was kept and then `bytes`, as far as there is room, and keeps the rest.
    fn parse(&self, py: Python<'_>, bytes: &mut [u8]) -> PyResult<()> {
        let mut state = self.connection.get().lock(py);
        let mut inner = self.lock(py);
        let had_ended = inner.closed.is_some();
        if inner.unparsed.is_empty() {
            let used = inner.take_in(py, state.conn.receive(bytes), self.allowed(), true)?;
            inner.unparsed.extend_from_slice(&bytes[used..]);
        } else {
            let mut kept = std::mem::take(&mut inner.unparsed);
            kept.extend_from_slice(bytes);
            let used = inner.take_in(py, state.conn.receive(&mut kept), self.allowed(), true)?;
            inner.unparsed = kept.split_off(used);
        }
        if let (false, Some((_, reason))) = (had_ended, &inner.fault) {
            state.conn.explain_close(reason).map_err(error::send)?;
        }
        Ok(())
    }

    fn allowed(&self) -> Allowed {
        self.connection.get().allowed
    }

    fn feed(
        &self,
        py: Python<'_>,
        input: impl FnOnce(&mut core::Connection) -> core::Receive<'_>,
    ) -> PyResult<()> {
        let mut state = self.connection.get().lock(py);
        self.lock(py).take_in(py, input(&mut state.conn), self.allowed(), false).map(drop)
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

    /// What follows when something happened: the application is told, and what it answers at once
    /// is written.
    fn turn(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        loop {
            this.fetch_end(py)?;
            Self::tell(slf, caller)?;
            if !this.lock(py).has_more() {
                return Self::write(slf);
            }
            this.parse(py, &mut [])?;
        }
    }

    /// Tells the application what there is to know.
    fn tell(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut inner = this.lock(py);
        let has_ended = inner.closed.is_some();
        let pongs = std::mem::take(&mut inner.pongs);
        let ends = has_ended && !std::mem::replace(&mut inner.has_told_end, has_ended);
        let wakes = has_ended || !inner.inbox.is_empty();
        let reader = inner.reader.as_ref().filter(|_| wakes).map(|reader| reader.clone_ref(py));
        inner.in_turn = true;
        drop(inner);
        let told = Self::call(slf, pongs, ends, reader, caller);
        this.lock(py).in_turn = false;
        told
    }

    /// The last event of a connection that was ended by a call.
    fn fetch_end(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.connection.get().lock(py);
        if state.conn.ready_state() == ReadyState::Closed {
            let mut inner = self.lock(py);
            if inner.closed.is_none() {
                inner.take_in(py, state.conn.receive(&mut []), self.allowed(), false)?;
            }
        }
        Ok(())
    }

    fn call(
        slf: &Bound<'_, Self>,
        pongs: Vec<Py<PyBytes>>,
        ends: bool,
        reader: Option<Py<Waiter>>,
        caller: Caller,
    ) -> PyResult<()> {
        let py = slf.py();
        for pong in pongs {
            slf.call_method1(intern!(py, "_on_pong"), (pong,))?;
        }
        if ends {
            slf.call_method0(intern!(py, "_on_end"))?;
        }
        match reader {
            Some(reader) => Waiter::wake(reader.bind(py), caller),
            None => Ok(()),
        }
    }

    /// Writes what waits, then does with reading, transport and clock what the engine says.
    fn write(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        if this.waits_for_answers(py) {
            return Self::schedule(slf);
        }
        while Self::write_some(slf)? {}
        let mut state = this.connection.get().lock(py);
        let mut inner = this.lock(py);
        if inner.transport.is_none() {
            return Ok(());
        }
        let doing = state.conn.transport();
        let reads = doing != core::Transport::Open || inner.reads();
        let turns = std::mem::replace(&mut inner.is_reading, reads) != reads;
        if turns {
            state.conn.hold_input(!reads);
        }
        let waits = state.conn.wants_write();
        let has_room = !inner.is_full && !state.conn.is_congested();
        let tells_room = has_room && std::mem::take(&mut inner.awaits_room);
        let due = state.conn.poll_timeout();
        let arms = std::mem::replace(&mut inner.due, due) != due;
        drop((inner, state));
        if tells_room {
            slf.call_method0(intern!(py, "_on_room"))?;
        }
        if arms {
            slf.call_method1(intern!(py, "_arm"), (due.map(seconds),))?;
        }
        if turns {
            slf.call_method1(intern!(py, "_read"), (reads,))?;
        }
        let ends = match doing {
            core::Transport::Open => false,
            core::Transport::FinishWriting => !waits,
            _ => true,
        };
        if ends {
            slf.call_method1(intern!(py, "_end_transport"), (Transport::from(doing),))?;
        }
        Ok(())
    }

    /// Whether the Close frame is put off for a turn, as messages before it are not taken yet.
    fn waits_for_answers(&self, py: Python<'_>) -> bool {
        let mut inner = self.lock(py);
        let waits = inner.closed.is_some() && !inner.inbox.is_empty() && inner.patience > 0;
        inner.patience -= u8::from(waits);
        waits
    }

    /// Writes a part of what waits. Tells whether the transport takes more, and more waits.
    fn write_some(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let (this, py) = (slf.get(), slf.py());
        let mut state = this.connection.get().lock(py);
        let mut inner = this.lock(py);
        inner.sent = 0;
        if inner.is_full {
            return Ok(false);
        }
        let Some(transport) = inner.transport.as_ref().map(|it| it.bind(py).clone()) else {
            return Ok(false);
        };
        drop(inner);
        let Some(data) = output(py, &mut state.conn)? else {
            return Ok(false);
        };
        let waits = state.conn.wants_write();
        drop(state);
        if transport.call_method0(intern!(py, "is_closing"))?.is_truthy()? {
            return Ok(false);
        }
        let method = if data.is_instance_of::<PyList>() {
            intern!(py, "writelines")
        } else {
            intern!(py, "write")
        };
        transport.call_method1(method, (data,))?;
        Ok(waits && !this.lock(py).is_full)
    }

    /// What became of a message to send.
    fn sent(
        slf: &Bound<'_, Self>,
        len: usize,
        result: Result<(), SendError>,
    ) -> PyResult<Option<&'static str>> {
        match result {
            Ok(()) => {}
            Err(SendError::Closing) => return Ok(Some("closed")),
            Err(SendError::Backpressure { .. }) => return Ok(Some("full")),
            Err(SendError::Fragment) => return Ok(Some("open")),
            Err(error) => return Err(error::send(error)),
        }
        Self::schedule(slf)?;
        let mut inner = slf.get().lock(slf.py());
        inner.sent += len + OVERHEAD;
        Ok(match &*inner {
            Inner { transport: None, .. } => Some("closed"),
            Inner { is_full: true, .. } => Some("room"),
            Inner { sent: TURN.., .. } => Some("yield"),
            _ => None,
        })
    }
}

impl Inner {
    /// Takes the events of an input, as far as there is room where that matters, and tells how
    /// many of its bytes are done with.
    fn take_in(
        &mut self,
        py: Python<'_>,
        mut received: core::Receive<'_>,
        allowed: Allowed,
        is_bounded: bool,
    ) -> PyResult<usize> {
        // What the application answers at once still goes out before a Close frame.
        received.defer_close();
        let is_bounded = is_bounded && !self.discards;
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
                    let size = received.connection().too_long();
                    self.fault = match closed.cause {
                        Cause::Peer(error) => {
                            let code = error.close_code().get();
                            Some((code, explanation(error, allowed, size)))
                        }
                        Cause::Timeout(Timer::Pong) => {
                            Some((CloseCode::INTERNAL.get(), "no answer to a ping".into()))
                        }
                        _ => None,
                    };
                    self.closed = Some(event::closed(py, &closed, allowed, size)?);
                    continue;
                }
                _ => continue,
            };
            if !(self.discards && self.inbox.is_full()) {
                self.inbox.push(message.unbind(), len);
            }
        }
        Ok(received.consumed())
    }

    /// Whether there are bytes to parse, and room for what is in them.
    fn has_more(&self) -> bool {
        !self.unparsed.is_empty() && (self.discards || self.inbox.has_room())
    }

    /// Whether input stopped for want of room, which there is again.
    fn goes_on(&self) -> bool {
        self.has_more() || (!self.is_reading && self.inbox.has_room())
    }

    /// Whether the transport is to be read from.
    fn reads(&self) -> bool {
        let has_room = if self.is_reading { !self.inbox.is_full() } else { self.inbox.has_room() };
        self.discards || (has_room && self.unparsed.is_empty())
    }
}

/// What is sent without a turn of the loop before the sender has to let it turn.
const TURN: usize = 64 << 10;

/// What a message counts of it beside its bytes.
const OVERHEAD: usize = 1 << 10;

/// Why the peer's connection is closed, in words.
fn explanation(error: ProtocolError, allowed: Allowed, size: Option<u64>) -> String {
    match (error, size) {
        (ProtocolError::MessageTooLong, Some(size)) => {
            format!("message of {size} bytes is over the limit of {}", allowed.message)
        }
        (ProtocolError::FrameTooLong, _) => {
            format!("frame is over the limit of {} bytes", allowed.frame)
        }
        (ProtocolError::TooManyFragments, _) => {
            format!("message is over the limit of {} fragments", allowed.fragments)
        }
        _ => error.to_string(),
    }
}
