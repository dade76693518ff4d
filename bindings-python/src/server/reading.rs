//! Reading a request from HTTP/1.1.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict};
use wspair_core::handshake::{self, ServerProgress};

use super::{Refusal, Request};
use crate::buffer;
use crate::options::{head_limits, instant, seconds};

/// Reads one HTTP/1.1 request, and says whether it is a valid opening handshake.
///
/// Once there is a `Request` or a `Refusal` it stays so; `rest` is what came behind the head.
///
/// Args:
///     max_head: Most bytes of the head. Default 16 KiB; `None`, here and below, is no limit.
///         Breach: status 431.
///     max_line: Most bytes of the first line. Default 8 KiB. Breach: 414.
///     max_fields: Most fields. Default 100. Breach: 431.
///     within: Give up this many seconds after the time was first told. Default 10; `None` is
///         off. Breach: 408.
///
/// Raises:
///     TypeError: an unknown option, or a value of the wrong type.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct ServerHandshake(Mutex<State>);

struct State {
    handshake: handshake::ServerHandshake,
    rest: Vec<u8>,
}

#[pymethods]
impl ServerHandshake {
    #[new]
    #[pyo3(signature = (**limits))]
    fn new(limits: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let handshake = handshake::ServerHandshake::new(head_limits(limits)?);
        Ok(Self(Mutex::new(State { handshake, rest: Vec::new() })))
    }

    /// Feeds bytes, any buffer.
    ///
    /// Returns:
    ///     A valid `Request`, to be accepted or refused; a `Refusal`, to be written before the
    ///     transport is ended; `None` while the head is not complete.
    fn receive_data(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let progress = buffer::with_bytes(data, |bytes| {
            let State { handshake, rest } = &mut *self.lock(py);
            let (used, progress) = handshake.receive(bytes);
            rest.extend_from_slice(&bytes[used..]);
            Ok(Progress::of(progress))
        })?;
        progress.into_python(py)
    }

    /// The stream ended. Inside a head that is a refusal. Returns as `receive_data`.
    fn receive_eof(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let progress = Progress::of(self.lock(py).handshake.receive_eof());
        progress.into_python(py)
    }

    /// Tells the time, in seconds on any monotonic clock. Returns as `receive_data`.
    fn handle_timeout(&self, py: Python<'_>, now: f64) -> PyResult<Py<PyAny>> {
        let progress = Progress::of(self.lock(py).handshake.handle_timeout(instant(now)?));
        progress.into_python(py)
    }

    /// When to call `handle_timeout`; `None` once there is a verdict.
    #[getter]
    fn next_timeout(&self, py: Python<'_>) -> Option<f64> {
        self.lock(py).handshake.poll_timeout().map(seconds)
    }

    /// What came behind the head: after a `Request` it is the connection's.
    #[getter]
    fn rest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let rest = self.lock(py).rest.clone();
        PyBytes::new(py, &rest)
    }
}

impl ServerHandshake {
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verdict that owns its parts, to become a Python object once nothing is locked.
enum Progress {
    NeedMore,
    Request(Request),
    Refused(handshake::Refusal),
}

impl Progress {
    fn of(progress: ServerProgress<'_>) -> Self {
        match progress {
            ServerProgress::Request(request) => Self::Request(Request::of(&request)),
            ServerProgress::Refused(refusal) => Self::Refused(refusal.clone()),
            _ => Self::NeedMore,
        }
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::NeedMore => Ok(py.None()),
            Self::Request(request) => request.into_py_any(py),
            Self::Refused(refusal) => Refusal(refusal).into_py_any(py),
        }
    }
}
