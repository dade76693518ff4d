//! A connection on an asyncio transport: all that happens on every read, message and turn of the
//! loop, in one call each. What is rare is left to the Python class on top, `Wire`.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use wspair_core::event::Timer;
use wspair_core::{
    self as core, CloseCode, ClosedCause, Event, ProtocolError, ReadyState, SendError, Sender,
};

use crate::buffer;
use crate::connection::{Connection, State, compression, output};
use crate::error::{self, ConcurrencyError};
use crate::event::{self, Allowed};
use crate::inbox::Inbox;
use crate::message::{Message, Prepared};
use crate::options::{instant, seconds};
use crate::read_buffer::{self, Own};
use crate::waiter::{Caller, Waiter};
use crate::words::TransportAction;

/// The native half of `wspair.asyncio`'s protocol.
///
/// Messages are parsed as they come, and wait for `take`; reading pauses while too many do. What
/// is sent in one turn of the loop goes out in one write.
#[pyclass(frozen, subclass, module = "wspair._native")]
pub(crate) struct Link {
    #[pyo3(get)]
    connection: Py<Connection>,
    event_loop: Py<PyAny>,
}

/// What a link has beside its connection, behind the same lock.
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Inner {
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
    /// Where the thread's read buffer is lent to another.
    buffer: Own,
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
    fn new(
        py: Python<'_>,
        connection: Py<Connection>,
        event_loop: Py<PyAny>,
        high: usize,
        low: usize,
    ) -> Self {
        let inner = Box::new(Inner {
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
        });
        connection.get().lock(py).link = Some(inner);
        Self { connection, event_loop }
    }

    // What the transport calls.

    /// Lends a buffer to read into.
    fn get_buffer<'py>(slf: &Bound<'py, Self>, _sizehint: isize) -> PyResult<Bound<'py, PyAny>> {
        match read_buffer::lend(slf.py(), slf.as_ptr().addr())? {
            Some(view) => Ok(view),
            None => slf.get().lock(slf.py()).buffer.lend(slf.py()),
        }
    }

    /// Takes what was read, and does all that follows from it.
    fn buffer_updated(slf: &Bound<'_, Self>, nbytes: usize) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut locked = this.lock(py);
        let (conn, inner) = locked.both();
        let buffer = match inner.buffer.take() {
            Some(own) => own.into_bound(py),
            None => read_buffer::take_back(py, slf.as_ptr().addr())?,
        };
        buffer::with_read_buffer_mut(&buffer, nbytes, |bytes| {
            inner.parse(py, conn, bytes, this.allowed())
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
        read_buffer::release(slf.as_ptr().addr());
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
            this.lock(py).both().0.transport_holds(holds);
        }
        this.feed(py, |conn| conn.handle_timeout(instant(now).unwrap_or_default()))?;
        Self::turn(slf, Caller::Loop)
    }

    /// Tells the engine of the end of the stream now, though messages wait.
    fn tell_end_of_stream(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().tell_eof(slf.py())?;
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
    fn take<'py>(slf: &Bound<'py, Self>, is_waiter: bool) -> PyResult<Received<'py>> {
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

    fn lock(&self, py: Python<'_>) -> Locked<'_> {
        Locked(self.connection.get().lock(py))
    }

    fn parse(&self, py: Python<'_>, bytes: &mut [u8]) -> PyResult<()> {
        let mut locked = self.lock(py);
        let (conn, inner) = locked.both();
        inner.parse(py, conn, bytes, self.allowed())
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
        let (conn, inner) = locked.both();
        inner.take_in(py, input(conn), self.allowed(), false).map(drop)
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
        let mut locked = this.lock(py);
        let (conn, inner) = locked.both();
        if inner.closed.is_none() && conn.ready_state() == ReadyState::Closed {
            // It was ended by a call.
            inner.take_in(py, conn.receive(&mut []), this.allowed(), false)?;
        }
        let news = inner.news(py);
        drop(locked);
        Self::tell(slf, news, caller)?;
        Self::write(slf)
    }

    /// Tells the application what there is to know. What it sends meanwhile is written by `write`,
    /// which has to follow.
    fn tell(slf: &Bound<'_, Self>, news: News, caller: Caller) -> PyResult<()> {
        let py = slf.py();
        for pong in news.pongs {
            slf.call_method1(intern!(py, "_on_pong"), (pong,))?;
        }
        if news.ends {
            slf.call_method0(intern!(py, "_on_end"))?;
        }
        match news.reader {
            Some(reader) => Waiter::wake(reader.bind(py), caller).inspect_err(|_| {
                slf.get().lock(py).in_turn = false;
            }),
            None => Ok(()),
        }
    }

    /// Writes what waits, then does with reading, transport and clock what the engine says.
    fn write(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        loop {
            let mut locked = this.lock(py);
            let (conn, inner) = locked.both();
            inner.in_turn = false;
            inner.sent = 0;
            if inner.has_more() {
                drop(locked);
                this.parse(py, &mut [])?;
                return Self::turn(slf, Caller::Loop);
            }
            if inner.waits_for_answers() {
                drop(locked);
                return Self::schedule(slf);
            }
            let Some(transport) = inner.transport.as_ref().map(|it| it.bind(py).clone()) else {
                return Ok(());
            };
            let data = if inner.is_full { None } else { output(py, conn)? };
            if data.is_some() && conn.wants_write() {
                drop(locked);
                if transport.call_method0(intern!(py, "is_closing"))?.is_truthy()? {
                    return Ok(());
                }
                hand_over(&transport, data)?;
                continue;
            }
            let duties = inner.duties(conn);
            drop(locked);
            hand_over(&transport, data)?;
            return Self::carry_out(slf, duties);
        }
    }

    fn carry_out(slf: &Bound<'_, Self>, duties: Duties) -> PyResult<()> {
        let py = slf.py();
        if duties.tells_room {
            slf.call_method0(intern!(py, "_on_room"))?;
        }
        if duties.arms {
            slf.call_method1(intern!(py, "_arm"), (duties.due.map(seconds),))?;
        }
        if let Some(reads) = duties.reads {
            slf.call_method1(intern!(py, "_read"), (reads,))?;
        }
        if let Some(how) = duties.ends {
            slf.call_method1(intern!(py, "_end_transport"), (TransportAction::from(how),))?;
        }
        Ok(())
    }

    /// Queues a message of `len` bytes; see `send`.
    fn queue(
        slf: &Bound<'_, Self>,
        compress: Option<bool>,
        len: usize,
        send: impl FnOnce(&mut Sender<'_>) -> Result<(), SendError>,
    ) -> PyResult<Option<&'static str>> {
        let (this, py) = (slf.get(), slf.py());
        let mut locked = this.lock(py);
        let (conn, inner) = locked.both();
        if inner.is_told || inner.transport.is_none() {
            return Ok(Some("closed"));
        }
        match send(&mut conn.sender().with_compression(compression(compress))) {
            Ok(()) => {}
            Err(SendError::Closing) => return Ok(Some("closed")),
            Err(SendError::Backpressure { .. }) => return Ok(Some("full")),
            Err(SendError::Fragment) => return Ok(Some("open")),
            Err(error) => return Err(error::send(error)),
        }
        inner.sent += len + OVERHEAD;
        let what = match inner {
            Inner { is_full: true, .. } => Some("room"),
            Inner { sent: TURN.., .. } => Some("yield"),
            _ => None,
        };
        let is_seen_to = inner.in_turn || inner.is_scheduled;
        drop(locked);
        if !is_seen_to {
            Self::schedule(slf)?;
        }
        Ok(what)
    }
}

/// Gives the transport something to write. One that is lost says so in its own time.
fn hand_over<'py>(transport: &Bound<'py, PyAny>, data: Option<Bound<'py, PyAny>>) -> PyResult<()> {
    let py = transport.py();
    let Some(data) = data else {
        return Ok(());
    };
    let is_list = data.is_instance_of::<PyList>();
    let method = if is_list { intern!(py, "writelines") } else { intern!(py, "write") };
    match transport.call_method1(method, (data,)) {
        Err(error) if !error.is_instance_of::<PyRuntimeError>(py) => Err(error),
        _ => Ok(()),
    }
}

/// What the application is to be told.
struct News {
    pongs: Vec<Py<PyBytes>>,
    /// The connection has ended.
    ends: bool,
    /// There is something to take.
    reader: Option<Py<Waiter>>,
}

/// What is to be done beside writing.
struct Duties {
    tells_room: bool,
    arms: bool,
    due: Option<core::Instant>,
    reads: Option<bool>,
    ends: Option<core::TransportAction>,
}

/// A connection and its link, locked. No Python code may run until they are unlocked.
struct Locked<'a>(MutexGuard<'a, State>);

impl Locked<'_> {
    fn both(&mut self) -> (&mut core::Connection, &mut Inner) {
        let State { conn, link, .. } = &mut *self.0;
        (conn, link.as_mut().expect("made by Link::new"))
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

impl Inner {
    /// Parses what was kept and then `bytes`, as far as there is room, and keeps the rest.
    fn parse(
        &mut self,
        py: Python<'_>,
        conn: &mut core::Connection,
        bytes: &mut [u8],
        allowed: Allowed,
    ) -> PyResult<()> {
        let had_ended = self.closed.is_some();
        if self.unparsed.is_empty() {
            let used = self.take_in(py, conn.receive(bytes), allowed, true)?;
            self.unparsed.extend_from_slice(&bytes[used..]);
        } else {
            let mut kept = std::mem::take(&mut self.unparsed);
            kept.extend_from_slice(bytes);
            let used = self.take_in(py, conn.receive(&mut kept), allowed, true)?;
            self.unparsed = kept.split_off(used);
        }
        match &self.fault {
            Some((_, reason)) if !had_ended => conn.explain_close(reason).map_err(error::send),
            _ => Ok(()),
        }
    }

    /// What to tell now; `write` has to follow.
    fn news(&mut self, py: Python<'_>) -> News {
        let has_ended = self.closed.is_some();
        let ends = has_ended && !std::mem::replace(&mut self.has_told_end, has_ended);
        let wakes = has_ended || !self.inbox.is_empty();
        self.in_turn = true;
        News {
            pongs: std::mem::take(&mut self.pongs),
            ends,
            reader: self.reader.as_ref().filter(|_| wakes).map(|reader| reader.clone_ref(py)),
        }
    }

    /// Whether the Close frame is put off for a turn, as messages before it are not taken yet.
    fn waits_for_answers(&mut self) -> bool {
        let waits = self.closed.is_some() && !self.inbox.is_empty() && self.patience > 0;
        self.patience -= u8::from(waits);
        waits
    }

    /// What the engine says is to be done, as far as that is new.
    fn duties(&mut self, conn: &mut core::Connection) -> Duties {
        let doing = conn.transport();
        let reads = doing != core::TransportAction::Open || self.reads();
        let turns = std::mem::replace(&mut self.is_reading, reads) != reads;
        if turns {
            conn.hold_input(!reads);
        }
        let has_room = !self.is_full && !conn.is_congested();
        let due = conn.poll_timeout();
        let arms = std::mem::replace(&mut self.due, due) != due;
        Duties {
            tells_room: has_room && std::mem::take(&mut self.awaits_room),
            arms,
            due,
            reads: turns.then_some(reads),
            ends: match doing {
                core::TransportAction::Open => None,
                core::TransportAction::FinishWriting if conn.wants_write() => None,
                _ => Some(doing),
            },
        }
    }

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
                        ClosedCause::Peer(error) => {
                            let code = error.close_code().get();
                            Some((code, explanation(error, allowed, size)))
                        }
                        ClosedCause::Timeout(Timer::Pong) => {
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
