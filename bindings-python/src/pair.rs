//! Two connected ends in memory, for any objects.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyString};
use wspair_core::pair::{Accept, Compat, Fault};
use wspair_core::{self as core, End, PairConfig, PairEvent};

use crate::buffer;
use crate::error;
use crate::event::{event, repr, rule};
use crate::options::{each, limit};
use crate::words::{self, Phase, ReadyState};

/// The state of two connected ends; `WebSocketPair` and `WebSocket` are made of it. Ends are 0
/// and 1.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Pair(Mutex<core::Pair<Held>>);

#[pymethods]
impl Pair {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut config = PairConfig::default();
        each(options, |name, value| {
            match name {
                "max_queued" => config.max_queued = limit(value)?,
                "high_water_mark" | "queue_mark" => config.high_water_mark = limit(value)?,
                "compatibility_date" => {
                    if let Some(date) = value.extract::<Option<String>>()? {
                        config.compat = compat_at(&date).ok_or_else(|| {
                            error::invalid("compatibility date is not of the form YYYY-MM-DD")
                        })?;
                    }
                }
                "compatibility_flags" => {}
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        // Behind the date, which sets all of them.
        let flags = options.map(|it| it.get_item("compatibility_flags")).transpose()?.flatten();
        for flag in
            flags.map(|flags| flags.extract::<Vec<String>>()).transpose()?.into_iter().flatten()
        {
            config.compat = config.compat.with_named(&flag).unwrap_or(config.compat);
        }
        Ok(Self(Mutex::new(core::Pair::new(config))))
    }

    /// Starts delivery at an end, with what the other one has sent so far.
    #[pyo3(signature = (end, allow_half_open=None))]
    fn accept(&self, py: Python<'_>, end: usize, allow_half_open: Option<bool>) -> PyResult<()> {
        let end = which(end)?;
        self.with(py, |pair| pair.accept(end, Accept { allow_half_open })).map_err(error::pair)
    }

    /// Starts delivery at an end to handlers that outlive its holder's memory.
    fn accept_hibernatable(&self, py: Python<'_>, end: usize) -> PyResult<()> {
        let end = which(end)?;
        self.with(py, |pair| pair.accept_hibernatable(end)).map_err(error::pair)
    }

    /// Queues a message for the other end, and tells whether that one is now behind.
    fn send(&self, py: Python<'_>, end: usize, message: Bound<'_, PyAny>) -> PyResult<bool> {
        let (end, size) = (which(end)?, size(&message)?);
        let message = Held(Some(message.unbind()));
        self.with(py, |pair| {
            pair.send(end, message, size)?;
            Ok(pair.is_congested(end))
        })
        .map_err(error::pair)
    }

    /// Closes the direction away from an end, or completes the close of the other end.
    #[pyo3(signature = (end, code=None, reason=None))]
    fn close(
        &self,
        py: Python<'_>,
        end: usize,
        code: Option<i64>,
        reason: Option<&str>,
    ) -> PyResult<()> {
        let end = which(end)?;
        // What does not fit is no code, and 0 is none either.
        let code = code.map(|code| u16::try_from(code).unwrap_or(0));
        self.with(py, |pair| pair.close(end, code, reason)).map_err(error::pair)
    }

    /// What happened at an end, the oldest first, or `None`.
    fn poll_event(&self, py: Python<'_>, end: usize) -> PyResult<Option<Py<PyAny>>> {
        let end = which(end)?;
        let event = match self.with(py, |pair| pair.poll_event(end)) {
            None => return Ok(None),
            Some(PairEvent::Message(message)) => {
                let data = message.into_inner().unwrap_or_else(|| py.None());
                MessageEvent { data }.into_py_any(py)
            }
            Some(PairEvent::Close { code, reason, clean }) => {
                let reason = PyString::new(py, &reason).unbind();
                CloseEvent { code, reason, clean, cause: None }.into_py_any(py)
            }
            Some(PairEvent::Error(fault)) => {
                let (error, code) = match fault {
                    Fault::Listener => {
                        (PyString::new(py, "a listener raised an exception").unbind(), None)
                    }
                    Fault::Wire(error) => (rule(py, error)?, Some(error.close_code().get())),
                };
                ErrorEvent { error, code, limit: None, size: None }.into_py_any(py)
            }
        };
        event.map(Some)
    }

    /// The listeners of the last event at an end have run.
    fn event_done(&self, py: Python<'_>, end: usize) -> PyResult<()> {
        let end = which(end)?;
        self.with(py, |pair| pair.event_done(end));
        Ok(())
    }

    /// Whether `poll_event` would give one.
    fn has_event(&self, py: Python<'_>, end: usize) -> PyResult<bool> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.has_event(end)))
    }

    /// A listener at an end raised an exception.
    fn fail(&self, py: Python<'_>, end: usize) -> PyResult<()> {
        let end = which(end)?;
        self.with(py, |pair| pair.fail(end));
        Ok(())
    }

    /// Nobody holds an end any more: the other one sees 1006 after what was sent before.
    fn abandon(&self, py: Python<'_>, end: usize) -> PyResult<()> {
        let end = which(end)?;
        self.with(py, |pair| pair.abandon(end));
        Ok(())
    }

    /// How far an end has come.
    fn ready_state(&self, py: Python<'_>, end: usize) -> PyResult<ReadyState> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.ready_state(end)).into())
    }

    /// Who uses an end.
    fn phase(&self, py: Python<'_>, end: usize) -> PyResult<Phase> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.phase(end)).into())
    }

    /// Bytes that an end sent and the other one has not taken.
    fn buffered_amount(&self, py: Python<'_>, end: usize) -> PyResult<usize> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.buffered_amount(end)))
    }

    /// Whether the other end is behind with what an end sent.
    fn is_congested(&self, py: Python<'_>, end: usize) -> PyResult<bool> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.is_congested(end)))
    }

    /// Keeps bytes with an end, instead of those before.
    fn set_attachment(&self, py: Python<'_>, end: usize, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let (end, bytes) = (which(end)?, buffer::to_vec(data)?);
        self.with(py, |pair| pair.set_attachment(end, bytes)).map_err(error::pair)
    }

    /// What `set_attachment` kept, or `None`.
    fn attachment<'py>(
        &self,
        py: Python<'py>,
        end: usize,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let end = which(end)?;
        Ok(self.with(py, |pair| pair.attachment(end).map(|bytes| PyBytes::new(py, bytes))))
    }
}

impl Pair {
    /// The pair, locked. `f` runs no Python code; messages that it drops are released afterwards,
    /// as that may run some.
    pub(crate) fn with<R>(&self, py: Python<'_>, f: impl FnOnce(&mut core::Pair<Held>) -> R) -> R {
        let mut pair = self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        DROPPED.set(Some(Vec::new()));
        let result = f(&mut pair);
        drop(pair);
        drop(DROPPED.take());
        result
    }
}

thread_local! {
    /// Messages that were dropped while this thread held a pair; `None` while it holds none.
    static DROPPED: RefCell<Option<Vec<Py<PyAny>>>> = const { RefCell::new(None) };
}

/// A message on its way through a pair.
pub(crate) struct Held(pub(crate) Option<Py<PyAny>>);

impl Held {
    fn into_inner(mut self) -> Option<Py<PyAny>> {
        self.0.take()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let message = self.0.take();
        // What is not kept is dropped at the end, with nothing borrowed.
        let _released = DROPPED.try_with(|dropped| match &mut *dropped.borrow_mut() {
            Some(dropped) => {
                dropped.extend(message);
                None
            }
            None => message,
        });
    }
}

/// How many bytes a message counts: of UTF-8, of a buffer, and none for anything else.
fn size(message: &Bound<'_, PyAny>) -> PyResult<usize> {
    if let Ok(text) = message.cast::<PyString>() {
        return Ok(text.to_str()?.len());
    }
    match message.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes().len()),
        Err(_) => Ok(buffer::len(message).unwrap_or(0)),
    }
}

pub(crate) fn which(end: usize) -> PyResult<End> {
    match end {
        0 => Ok(End::First),
        1 => Ok(End::Second),
        _ => Err(error::invalid("an end is 0 or 1")),
    }
}

fn compat_at(date: &str) -> Option<Compat> {
    let mut parts = date.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    Some(Compat::at(year, month, parts.next()?.parse().ok()?))
}

event! {
    /// The other end sent a message.
    MessageEvent {
        /// What it sent: the same object, or what came from the wire.
        data: Py<PyAny>,
    }
}

event! {
    /// No more messages come.
    CloseEvent {
        /// 1005 when the other end gave none, 1006 when it vanished.
        code: u16,
        /// What the other end gave.
        reason: Py<PyString>,
        /// Whether the other end closed, rather than vanished.
        clean: bool,
    } more {
        /// What ended the connection; `None` in memory.
        cause: words::Cause,
    }
}

event! {
    /// The end failed. Nothing follows, not even a close.
    ErrorEvent {
        /// Why: a `ProtocolError` where the peer broke a rule, else in words.
        error: Py<PyString>,
    } more {
        /// The close code that the peer got.
        code: u16,
        /// The limit that the peer broke; `None` where it broke none.
        limit: u64,
        /// How long what broke it had got, in bytes; `None` where that is not known.
        size: u64,
    }
}
