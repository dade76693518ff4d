//! An end of a pair on a connection.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyMemoryView, PyString};
use wspair_core::{self as core, Closed, Event, Kind, SendError, Sender};

use crate::buffer;
use crate::connection::{Connection, Input};
use crate::error;
use crate::message::Message;
use crate::options::{instant, seconds};
use crate::pair::{Held, Pair, which};

/// Ties an end of a pair to a connection: what the wire brings is fed here instead of to the
/// connection, and goes to the other end. `WebSocket.couple` makes it.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Coupling {
    link: core::Coupling,
    pair: Py<Pair>,
    connection: Py<Connection>,
    /// The end of the connection, until answers to the messages before it had their chance.
    ended: Mutex<Option<Closed>>,
}

#[pymethods]
impl Coupling {
    #[new]
    fn new(
        py: Python<'_>,
        pair: Py<Pair>,
        end: usize,
        connection: Py<Connection>,
    ) -> PyResult<Self> {
        if !connection.get().coupled {
            return Err(error::invalid("the connection was not made with coupled=True"));
        }
        let end = which(end)?;
        let link = pair.get().with(py, |pair| core::Coupling::new(pair, end));
        let link = link.map_err(error::pair)?;
        Ok(Self { link, pair, connection, ended: Mutex::new(None) })
    }

    /// The connection under the end.
    #[getter]
    fn connection(&self, py: Python<'_>) -> Py<Connection> {
        self.connection.clone_ref(py)
    }

    /// Feeds received bytes, any buffer.
    fn receive_data(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        buffer::with_bytes(data, |bytes| self.feed(py, Input::Bytes(bytes)))
    }

    /// Lends a buffer to read into; see `Connection.get_buffer`.
    #[pyo3(signature = (sizehint=-1), text_signature = "($self, sizehint=-1)")]
    fn get_buffer<'py>(
        &self,
        py: Python<'py>,
        sizehint: isize,
    ) -> PyResult<Bound<'py, PyMemoryView>> {
        self.connection.get().get_buffer(py, sizehint)
    }

    /// Feeds the first `nbytes` bytes written to what `get_buffer` lent.
    fn buffer_updated(&self, py: Python<'_>, nbytes: usize) -> PyResult<()> {
        self.feed(py, Input::Buffer(nbytes))
    }

    /// The peer ended its direction of the transport. Without a Close frame before it the other end
    /// sees 1006 after the messages; what it sends until then still goes out.
    fn receive_eof(&self, py: Python<'_>) -> PyResult<()> {
        self.feed(py, Input::Eof)
    }

    /// The transport is gone in both directions.
    fn transport_lost(&self, py: Python<'_>) -> PyResult<()> {
        self.feed(py, Input::Lost)
    }

    /// Tells the time, in seconds on any monotonic clock.
    fn handle_timeout(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        self.feed(py, Input::Time(instant(now)?))
    }

    /// Moves what the other end sent to the connection, until its output is congested. When the
    /// connection has ended, the other end learns of it now.
    ///
    /// Returns:
    ///     Whether more waits: call again when the transport has taken some.
    fn drain(&self, py: Python<'_>) -> bool {
        self.move_out(py).0
    }

    /// All that a host does after anything happened, in one call: drains, takes what is to be
    /// written, and looks at the rest.
    ///
    /// Args:
    ///     may_write: Whether the transport takes more.
    ///
    /// Returns:
    ///     What to write, as `bytes` or as a list of buffers; whether more waits; whether all is
    ///     as usual: the transport is open, nobody is behind, the connection has not just ended;
    ///     and when `handle_timeout` is next worth calling.
    #[allow(clippy::type_complexity)]
    fn turn<'py>(
        &self,
        py: Python<'py>,
        may_write: bool,
    ) -> PyResult<(Bound<'py, PyAny>, bool, bool, Option<f64>)> {
        let connection = self.connection.get();
        let (more, ended) = if may_write { self.move_out(py) } else { (false, false) };
        let data = if !may_write {
            PyBytes::new(py, b"").into_any()
        } else if connection.waiting(py) < VECTORED {
            connection.data_to_send(py)?.into_any()
        } else {
            connection.buffers_to_send(py)?.into_any()
        };
        let (transport, due) = connection.look(py);
        let is_usual = !ended && transport == core::TransportAction::Open && !self.is_congested(py);
        Ok((data, more, is_usual, due.map(seconds)))
    }

    /// Whether there is anything to move or to write: whether `drain`, then the connection's
    /// `data_to_send`, are worth calling.
    #[getter]
    fn wants_write(&self, py: Python<'_>) -> bool {
        self.connection.get().with_connection(py, |conn| {
            self.pair.get().with(py, |pair| self.link.wants_write(pair, conn))
        })
    }

    /// Whether the other end is behind: stop reading from the transport until it is not.
    #[getter]
    fn is_congested(&self, py: Python<'_>) -> bool {
        self.pair.get().with(py, |pair| self.link.is_congested(pair))
    }
}

impl Coupling {
    /// Whether more waits, and whether the other end was told of the connection's end.
    fn move_out(&self, py: Python<'_>) -> (bool, bool) {
        let Self { link, pair, connection, ended } = self;
        let share_from = connection.get().share_from();
        let more = connection.get().with_sender(py, |sender| {
            pair.get().with(py, |pair| {
                link.drain(pair, sender, |held, sender| send(py, held, share_from, sender))
            })
        });
        let ended = ended.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner).take();
        let has_ended = ended.is_some();
        if let Some(closed) = ended {
            pair.get().with(py, |pair| {
                link.forward(pair, Event::Closed(closed), |_, _| Held(None));
            });
        }
        (more, has_ended)
    }

    fn feed(&self, py: Python<'_>, input: Input<'_>) -> PyResult<()> {
        let Self { link, pair, connection, ended } = self;
        let make = |kind, bytes: &[u8]| {
            Held(Some(match kind {
                Kind::Text => match PyString::from_bytes(py, bytes) {
                    Ok(text) => text.into_any().unbind(),
                    Err(_) => py.None(),
                },
                Kind::Binary => PyBytes::new(py, bytes).into_any().unbind(),
            }))
        };
        connection.get().feed(py, input, |event, _| {
            if let Event::Closed(closed) = event {
                *ended.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner) = Some(closed);
            } else {
                pair.get().with(py, |pair| link.forward(pair, event, make));
            }
            Ok(())
        })
    }
}

/// Sends an object that is a message on a wire; anything else is ignored.
fn send(
    py: Python<'_>,
    held: &Held,
    share_from: usize,
    sender: &mut Sender<'_>,
) -> Result<(), SendError> {
    match held.0.as_ref().map(|message| Message::read(message.bind(py), share_from)) {
        Some(Ok(message)) => message.send(sender),
        _ => Ok(()),
    }
}

/// From this many bytes on a list of buffers is worth its making.
const VECTORED: usize = 64 << 10;
