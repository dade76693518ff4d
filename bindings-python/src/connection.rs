//! One side of an open WebSocket.

mod inside;
mod output;

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyMemoryView};
use wspair_core::bindings::SenderBinding;
use wspair_core::{self as core, CloseCode, Limits, MaskKeys, SendError, Sender};

pub(crate) use inside::{Input, State, compression};
pub(crate) use output::output;

use crate::buffer;
use crate::deflate::Negotiated;
use crate::error;
use crate::event::Allowed;
use crate::fault::Fault;
use crate::message::{Message, Prepared};
use crate::options::{Options, instant, seconds};
use crate::words::{Kind, ReadyState, Role, TransportAction};

/// One side of an open WebSocket, over any ordered byte transport. It does no I/O.
///
/// Bytes go in through `receive_data` (or `get_buffer` and `buffer_updated`), bytes come out of
/// `data_to_send` (or `buffers_to_send`), time goes in through `handle_timeout`. The calls may be
/// made in any order, any number of times, and from any thread. After each of them: write what
/// waits, and do with the transport what `transport_state` says.
///
/// What the peer does is never an exception; a connection ends with exactly one `Closed` event.
///
/// Args:
///     role: `Role.SERVER` or `Role.CLIENT`.
///     agreed: What the handshake agreed on. Default nothing.
///     max_message: Longest message accepted, in bytes, after decompression. Default 1 MiB;
///         `None`, here and below, is no limit. Breach: close code 1009.
///     max_frame: Longest frame accepted, in bytes. Default `None`. Breach: 1009.
///     max_fragments: Most frames that one message may come in. Default 16384. Breach: 1008.
///     max_outgoing: Most bytes that wait before sending raises `BackpressureError`. Default
///         16 MiB. An empty queue takes one message of any length.
///     high_water_mark: From this many waiting bytes on, `is_congested` is true. Default 1 MiB.
///     chunks: One `Chunk` a run of payload bytes as they arrive, instead of one event a message.
///         Default `False`.
///     auto_pong: Answer pings. Default `True`.
///     auto_close: Answer the peer's close at once. Default `True`; `False` leaves the connection
///         half-open until `close` is called.
///     auto_end: End the output when the peer's ended without a Close frame and that was told.
///         Default `True`; `False` leaves it open until `close` or `abort` is called, at the latest
///         for `close_within`.
///     ping_after: Ping after this many seconds of silence. Default `None`, off.
///     pong_within: Give up this many seconds after a ping left when nothing was heard since, and
///         no output that waited has moved. Default 20; `None` is off. Matters only with
///         `ping_after`.
///     close_within: Drop the transport this many seconds after our Close frame, the end of the
///         peer's direction or the failure of the connection. Default 10; `None` is off.
///     split_above: Longer messages go out in fragments of this many bytes. Default `None`, off.
///     share_from: A server queues a `bytes` of at least this length by reference. Default 4096.
///     compression: `DeflateOptions` for messages, where the handshake agreed on compression;
///         `True` is their defaults.
///     coupled: The connection is to be given to `WebSocket.couple`. Default `False`.
///
/// Raises:
///     TypeError: an unknown option, or a value of the wrong type.
///     ValueError: a negative number of seconds.
///     OSError: a client got no random bytes from the operating system.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Connection {
    state: Mutex<State>,
    /// Payloads of at least this length are taken by reference.
    share_from: usize,
    pub(crate) allowed: Allowed,
    pub(crate) coupled: bool,
}

#[pymethods]
impl Connection {
    #[new]
    #[pyo3(signature = (role, agreed=None, **options))]
    fn new(
        role: Role,
        agreed: Option<Negotiated>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let Options { config, coupled } = Options::read(options)?;
        let agreed = agreed.unwrap_or_default().0;
        let Limits { max_message, max_frame, max_fragments, .. } = config.limits;
        let allowed = Allowed { message: max_message, frame: max_frame, fragments: max_fragments };
        // What is masked has to be copied.
        let share_from = if role == Role::SERVER { config.share_from } else { usize::MAX };
        let conn = match role {
            Role::SERVER => core::Connection::server(config, agreed),
            Role::CLIENT => {
                let masks = MaskKeys::from_os().map_err(error::no_entropy)?;
                core::Connection::client(config, agreed, masks)
            }
        };
        Ok(Self {
            state: Mutex::new(State { conn, read: None, fault: None, link: None }),
            share_from,
            allowed,
            coupled,
        })
    }

    /// Feeds received bytes, any buffer, and returns the events in them, in order.
    ///
    /// A close that these bytes cause goes out behind what is sent before the next
    /// `data_to_send`: answers to the messages before it still reach the peer.
    fn receive_data<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        buffer::with_bytes(data, |bytes| self.events(py, Input::Bytes(bytes)))
    }

    /// Lends a buffer to read into, as `asyncio.BufferedProtocol` does: 64 KiB, or `sizehint`
    /// bytes if that is more. It is the connection's; write to it only before `buffer_updated`.
    #[pyo3(signature = (sizehint=-1), text_signature = "($self, sizehint=-1)")]
    pub(crate) fn get_buffer<'py>(
        &self,
        py: Python<'py>,
        sizehint: isize,
    ) -> PyResult<Bound<'py, PyMemoryView>> {
        let wanted = usize::try_from(sizehint).unwrap_or(0).max(READ);
        let lent = self.lock(py).read.as_ref().map(|read| read.bind(py).clone());
        let read = match lent {
            Some(read) if read.len() >= wanted => read,
            _ => {
                let read = PyByteArray::new(py, &vec![0; wanted]);
                self.lock(py).read = Some(read.clone().unbind());
                read
            }
        };
        PyMemoryView::from(&read)
    }

    /// Feeds the first `nbytes` bytes written to what `get_buffer` lent; see `receive_data`.
    fn buffer_updated<'py>(&self, py: Python<'py>, nbytes: usize) -> PyResult<Bound<'py, PyList>> {
        self.events(py, Input::Buffer(nbytes))
    }

    /// The peer ended its direction of the transport: its last byte has been fed, and nothing is to
    /// be read any more. Returns the events that follow.
    ///
    /// Behind the peer's Close frame there are none: sending goes on until our own Close is queued,
    /// or `close_within` is over. Without one the connection ends now, with 1006: what was sent
    /// before still goes out. A host that passes messages on later than it reads them calls this
    /// once they were passed on.
    fn receive_eof<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.events(py, Input::Eof)
    }

    /// The transport is gone in both directions: it was reset, or a write failed. Returns the events
    /// that follow: the end, with the code of the peer's Close frame if it came. Nothing can be sent
    /// any more.
    fn transport_lost<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.events(py, Input::Lost)
    }

    /// Tells the time, acts on what is due, and returns the events that follow. Early, late and
    /// repeated calls are harmless.
    ///
    /// Args:
    ///     now: Seconds on any monotonic clock, not negative: `time.monotonic()`, `loop.time()`.
    fn handle_timeout<'py>(&self, py: Python<'py>, now: f64) -> PyResult<Bound<'py, PyList>> {
        self.events(py, Input::Time(instant(now)?))
    }

    /// Tells how many of the bytes that were taken out wait in buffers of the transport still, as
    /// `asyncio.WriteTransport.get_write_buffer_size()` and what the system has not sent of them; 0
    /// until it is told. Where `ping_after` is set it is to be told before the time: what leaves those
    /// buffers is life of a peer that reads slowly, and a ping in them has not left.
    fn transport_holds(&self, py: Python<'_>, nbytes: usize) {
        self.lock(py).conn.transport_holds(nbytes);
    }

    /// Tells that the host stops reading from the transport, or reads again; it reads until it is
    /// told. While it does not, the peer's silence is the host's own doing, and keepalive waits.
    fn hold_input(&self, py: Python<'_>, held: bool) {
        self.lock(py).conn.hold_input(held);
    }

    /// When `handle_timeout` is next worth calling, on its clock; `None` for never, until another
    /// method was called. Zero, or the last told time, where a deadline has yet to learn the time.
    #[getter]
    fn next_timeout(&self, py: Python<'_>) -> Option<f64> {
        self.lock(py).conn.poll_timeout().map(seconds)
    }

    /// Takes all bytes that wait to be written, as one object; empty when there are none.
    pub(crate) fn data_to_send<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        output::joined(py, self.lock(py).conn.transmit())
    }

    /// Takes all bytes that wait to be written, as a list for a vectored write: `bytes`, and a
    /// `memoryview` of each part that is kept by reference. Long payloads are not copied.
    pub(crate) fn buffers_to_send<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let parts = output::parts(self.lock(py).conn.transmit());
        output::buffers(py, parts)
    }

    /// What to do with the transport now: derived from the state, the same however often asked.
    #[getter]
    fn transport_state(&self, py: Python<'_>) -> TransportAction {
        self.lock(py).conn.transport().into()
    }

    /// Whether a ping of keepalive (`ping_after`) has no answer yet. Its payload is empty.
    #[getter]
    fn awaits_pong(&self, py: Python<'_>) -> bool {
        self.lock(py).conn.awaits_pong()
    }

    /// Whether there is anything to write, automatic pongs and an answer to a Close included.
    #[getter]
    fn wants_write(&self, py: Python<'_>) -> bool {
        self.lock(py).conn.wants_write()
    }

    /// Bytes that wait to be written, frame headers included.
    #[getter]
    fn buffered_amount(&self, py: Python<'_>) -> usize {
        self.lock(py).conn.buffered_amount()
    }

    /// Whether at least `high_water_mark` bytes wait: a sender that can pause should.
    #[getter]
    fn is_congested(&self, py: Python<'_>) -> bool {
        self.lock(py).conn.is_congested()
    }

    /// The state as the WebSocket API numbers it; never connecting.
    #[getter]
    fn ready_state(&self, py: Python<'_>) -> ReadyState {
        self.lock(py).conn.ready_state().into()
    }

    /// What this side gave up for: the code that the peer gets, and why in words; `None` where it
    /// did not.
    #[getter]
    fn fault(&self, py: Python<'_>) -> Option<Fault> {
        self.lock(py).fault.clone()
    }

    /// Which side this is.
    #[getter]
    fn role(&self, py: Python<'_>) -> Role {
        self.lock(py).conn.role().into()
    }

    /// What the handshake agreed on.
    #[getter]
    fn agreed(&self, py: Python<'_>) -> Negotiated {
        Negotiated(self.lock(py).conn.agreed().clone())
    }

    /// Sends a message: a `str` as text, any buffer as binary. A server keeps a long `bytes` by
    /// reference.
    ///
    /// Args:
    ///     message: The message.
    ///     compress: Whether it is compressed, where that was agreed on; `None` leaves it to
    ///         `DeflateOptions.threshold`.
    ///
    /// Raises:
    ///     BackpressureError: too much waits to be written. Nothing was queued.
    ///     ClosingError: a Close frame was sent, or the connection ended.
    ///     LocalProtocolError: a fragmented message is open.
    #[pyo3(signature = (message, *, compress=None))]
    fn send(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        compress: Option<bool>,
    ) -> PyResult<()> {
        let message = Message::read(message, self.share_from)?;
        self.sending(py, compress, |sender| message.send(sender)).map_err(error::send)
    }

    /// Sends a text message; see `send`.
    #[pyo3(signature = (text, *, compress=None))]
    fn send_text(&self, py: Python<'_>, text: &str, compress: Option<bool>) -> PyResult<()> {
        self.sending(py, compress, |sender| sender.send_text(text)).map_err(error::send)
    }

    /// Sends a binary message from any buffer; see `send`.
    ///
    /// Raises:
    ///     TypeError: `data` is not a buffer, as a `str`.
    #[pyo3(signature = (data, *, compress=None))]
    fn send_binary(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        compress: Option<bool>,
    ) -> PyResult<()> {
        let message = match Message::read(data, self.share_from)? {
            Message::Text(_) => Message::Owned(buffer::to_vec(data)?.into()),
            binary => binary,
        };
        self.sending(py, compress, |sender| message.send(sender)).map_err(error::send)
    }

    /// Sends the messages of a sequence, each as `send` does, and returns how many were queued:
    /// all, or fewer when the output is full.
    ///
    /// Raises:
    ///     ClosingError, LocalProtocolError: as `send`.
    #[pyo3(signature = (messages, *, compress=None))]
    fn send_many(
        &self,
        py: Python<'_>,
        messages: Vec<Bound<'_, PyAny>>,
        compress: Option<bool>,
    ) -> PyResult<usize> {
        let messages = messages
            .iter()
            .map(|message| Message::read(message, self.share_from).map(Message::into_outgoing))
            .collect::<PyResult<Vec<_>>>()?;
        match self.sending(py, compress, |sender| sender.send_many(messages)) {
            (sent, Ok(()) | Err(SendError::Backpressure { .. })) => Ok(sent),
            (_, Err(error)) => Err(error::send(error)),
        }
    }

    /// Sends a message in parts; control frames may pass between.
    ///
    /// Args:
    ///     part: A `str`, or any buffer. The parts of a text need not end between characters; that
    ///         the whole is UTF-8 is the caller's to keep.
    ///     fin: Whether the message ends with this part.
    ///     kind: What the message carries; `None` is text for a `str` and binary for a buffer.
    ///     compress: As in `send`; counts at the first part.
    ///
    /// Raises:
    ///     BackpressureError, ClosingError: as `send`.
    ///     LocalProtocolError: `kind` is not that of the first part.
    #[pyo3(signature = (part, *, fin, kind=None, compress=None))]
    fn send_fragment(
        &self,
        py: Python<'_>,
        part: &Bound<'_, PyAny>,
        fin: bool,
        kind: Option<Kind>,
        compress: Option<bool>,
    ) -> PyResult<()> {
        let part = Message::read(part, usize::MAX)?;
        let kind = kind.map_or(part.kind(), core::Kind::from);
        let send = |sender: &mut Sender<'_>| sender.send_fragment(kind, part.as_bytes(), fin);
        self.sending(py, compress, send).map_err(error::send)
    }

    /// Sends a message that was encoded once for many connections; see `send`.
    #[pyo3(signature = (message, *, compress=None))]
    fn send_prepared(
        &self,
        py: Python<'_>,
        message: &Bound<'_, Prepared>,
        compress: Option<bool>,
    ) -> PyResult<()> {
        let message = &message.get().0;
        self.sending(py, compress, |sender| sender.send_prepared(message)).map_err(error::send)
    }

    /// Sends a ping with up to 125 bytes of payload.
    ///
    /// Raises:
    ///     InvalidArgumentError: the payload is longer.
    ///     BackpressureError, ClosingError: as `send`.
    #[pyo3(signature = (data=None))]
    fn ping(&self, py: Python<'_>, data: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let data = data.map(buffer::to_vec).transpose()?.unwrap_or_default();
        self.sending(py, None, |sender| sender.send_ping(&data)).map_err(error::send)
    }

    /// Sends a pong nobody asked for, or the answer to a ping where `auto_pong` is off. Raises as
    /// `ping`.
    #[pyo3(signature = (data=None))]
    fn pong(&self, py: Python<'_>, data: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let data = data.map(buffer::to_vec).transpose()?.unwrap_or_default();
        self.sending(py, None, |sender| sender.send_pong(&data)).map_err(error::send)
    }

    /// Starts, or completes, the closing handshake. The Close frame goes behind what is queued.
    /// Where one was sent before, or the connection ended, nothing happens.
    ///
    /// Args:
    ///     code: 1000 to 1003, 1007 to 1014 or 3000 to 4999; `None` is a frame without a body.
    ///     reason: Up to 123 bytes of UTF-8; needs a code.
    ///
    /// Raises:
    ///     InvalidArgumentError: another code, a longer reason, a reason without a code.
    #[pyo3(signature = (code=None, reason=""))]
    fn close(&self, py: Python<'_>, code: Option<u16>, reason: &str) -> PyResult<()> {
        let code = code
            .map(|code| CloseCode::new(code).ok_or(SendError::CloseCode))
            .transpose()
            .map_err(error::send)?;
        self.sending(py, None, |sender| sender.close(code, reason)).map_err(error::send)
    }

    /// Says why: gives the Close frame that the last input caused a reason, until `data_to_send` is
    /// asked for it. Does nothing when there is none.
    ///
    /// Args:
    ///     reason: Up to 123 bytes of UTF-8, as that of `fault`.
    ///
    /// Raises:
    ///     InvalidArgumentError: a longer reason, or one that would stand without a code.
    fn explain_close(&self, py: Python<'_>, reason: &str) -> PyResult<()> {
        self.lock(py).conn.explain_close(reason).map_err(error::send)
    }

    /// Gives up without a closing handshake: the transport is to be dropped once what is queued
    /// was written, and the peer sees it vanish (1006).
    fn abort(&self, py: Python<'_>) {
        self.lock(py).conn.abort();
    }

    /// Gives back memory that is kept for the next message, read or burst. What holds data stays.
    fn shrink_to_fit(&self, py: Python<'_>) {
        let mut state = self.lock(py);
        state.conn.shrink_to_fit();
        state.read = None;
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let state = self.lock(py);
        let (role, ready) = (state.conn.role(), state.conn.ready_state());
        format!("<Connection {role:?} {ready:?}>").to_lowercase().replacen('c', "C", 1)
    }
}

/// What one read gets at most, unless more is asked for.
const READ: usize = 64 << 10;
