//! The client's side of the opening handshake.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};
use wspair_core::handshake::{
    self, ClientProgress, Failure, Fields, InvalidRequest, Response, nonce_from_os,
};

use crate::buffer;
use crate::deflate::{DeflateOptions, Negotiated};
use crate::error::{invalid, no_entropy};
use crate::event::{event, repr};
use crate::fields;
use crate::options::{head_limits, instant, seconds};
use crate::words::{Bootstrap, bootstrap};

/// A request to open a connection. Always valid: what it is made of is checked at once.
///
/// Args:
///     url: A `ws:` or `wss:` address.
///     subprotocols: Those to offer, the best liked first.
///     require_subprotocol: Fail when subprotocols were offered and the server chose none, as
///         browsers do.
///     origin: On whose behalf the client asks.
///     fields: Further fields, as pairs or a mapping. `Host` replaces what the address says.
///     compression: Whether to offer permessage-deflate: `True`, `False` or `DeflateOptions`.
///
/// Raises:
///     InvalidArgumentError: an address, subprotocol or field that is not valid.
#[pyclass(frozen, from_py_object, module = "wspair")]
#[derive(Clone)]
pub(crate) struct ClientRequest(handshake::ClientRequest);

#[pymethods]
impl ClientRequest {
    #[new]
    #[pyo3(signature = (url, *, subprotocols=None, require_subprotocol=false, origin=None,
        fields=None, compression=None))]
    fn new(
        url: &str,
        subprotocols: Option<Vec<String>>,
        require_subprotocol: bool,
        origin: Option<&str>,
        fields: Option<&Bound<'_, PyAny>>,
        compression: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let fields = fields.map(fields::read).transpose()?.unwrap_or_default();
        let build = || -> Result<_, InvalidRequest> {
            let mut request = handshake::ClientRequest::new(url)?;
            for name in subprotocols.iter().flatten() {
                request = request.subprotocol(name)?;
            }
            if let Some(origin) = origin {
                request = request.origin(origin)?;
            }
            for (name, value) in &fields {
                request = request.field(name, value)?;
            }
            Ok(request.require_subprotocol(require_subprotocol))
        };
        let mut request = build().map_err(invalid)?;
        if let Some(options) = compression.map(DeflateOptions::read).transpose()?.flatten() {
            request = request.deflate(options.offer());
        }
        Ok(Self(request))
    }

    /// Whether the address is a `wss:` one.
    #[getter]
    fn is_secure(&self) -> bool {
        self.0.address().is_secure()
    }

    /// The host to connect to, without the brackets of an IPv6 address.
    #[getter]
    fn host(&self) -> &str {
        self.0.address().host()
    }

    /// The port to connect to.
    #[getter]
    fn port(&self) -> u16 {
        self.0.address().port()
    }

    /// Path and query.
    #[getter]
    fn target(&self) -> &str {
        self.0.address().target()
    }

    /// The request as fields, for another HTTP stack to send.
    ///
    /// Args:
    ///     nonce: 16 bytes, unpredictable and used once. Not used by an extended `CONNECT`.
    ///     how: How the WebSocket is started. For an extended `CONNECT` pseudo-fields come first.
    #[pyo3(signature = (nonce, how=None))]
    fn fields<'py>(
        &self,
        py: Python<'py>,
        nonce: [u8; 16],
        how: Option<Bootstrap>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let fields = self.0.fields(bootstrap(how), nonce);
        fields::to_python(py, fields.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// Checks the answer to a request that another HTTP stack sent with the same nonce.
    ///
    /// Returns:
    ///     `Opened`, `Refused` or `Failed`.
    #[pyo3(signature = (status, fields, nonce, how=None))]
    fn verify(
        &self,
        py: Python<'_>,
        status: u16,
        fields: &Bound<'_, PyAny>,
        nonce: [u8; 16],
        how: Option<Bootstrap>,
    ) -> PyResult<Py<PyAny>> {
        let fields = fields::read(fields)?;
        let lent = fields::lend(&fields);
        let response = Response::from_fields(status, Fields::from(&lent[..]));
        let progress = match response.verify(&self.0, bootstrap(how), nonce) {
            Ok(agreed) => Progress::Open(Answer::of(&response), agreed),
            Err(Failure::Status) => Progress::Refused(Answer::of(&response)),
            Err(failure) => Progress::Failed(failure),
        };
        progress.into_python(py)
    }

    fn __repr__(&self) -> String {
        let address = self.0.address();
        format!("<ClientRequest {} at {}>", address.target(), address.authority())
    }
}

/// Writes one HTTP/1.1 request, and reads the answer to it.
///
/// Once there is a verdict it stays so; `rest` is what came behind the answer.
///
/// Args:
///     request: What is asked for.
///     max_head: Most bytes of the answer's head, interim answers included. Default 16 KiB;
///         `None`, here and below, is no limit.
///     max_line: Most bytes of the first line. Default 8 KiB.
///     max_fields: Most fields. Default 100.
///     max_interim: Most interim answers (1xx). Default 8.
///     max_body: Most bytes that are kept of a refusal's body. Default 64 KiB.
///     within: Give up this many seconds after the time was first told. Default 10; `None` is
///         off.
///
/// Raises:
///     TypeError: an unknown option, or a value of the wrong type.
///     OSError: the operating system gave no random bytes.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct ClientHandshake(Mutex<State>);

struct State {
    handshake: handshake::ClientHandshake,
    out: Vec<u8>,
    rest: Vec<u8>,
}

#[pymethods]
impl ClientHandshake {
    #[new]
    #[pyo3(signature = (request, **limits))]
    fn new(request: &ClientRequest, limits: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let nonce = nonce_from_os().map_err(no_entropy)?;
        let mut out = Vec::new();
        let limits = head_limits(limits)?;
        let handshake =
            handshake::ClientHandshake::with_limits(&request.0, nonce, limits, &mut out);
        Ok(Self(Mutex::new(State { handshake, out, rest: Vec::new() })))
    }

    /// Takes what waits to be written: the request, the first time.
    fn data_to_send<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let out = std::mem::take(&mut self.lock(py).out);
        PyBytes::new(py, &out)
    }

    /// Feeds bytes, any buffer.
    ///
    /// Returns:
    ///     `Opened` when the connection is open; `Refused` when the server said no in plain HTTP;
    ///     `Failed` when the answer cannot be relied on; `None` while it is not complete.
    fn receive_data(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let progress = buffer::with_bytes(data, |bytes| {
            let State { handshake, rest, .. } = &mut *self.lock(py);
            let (used, progress) = handshake.receive(bytes);
            rest.extend_from_slice(&bytes[used..]);
            Ok(Progress::of(progress))
        })?;
        progress.into_python(py)
    }

    /// The stream ended. Before the end of the head that is a failure. Returns as `receive_data`.
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

    /// What came behind the answer: after `Opened` it is the connection's.
    #[getter]
    fn rest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let rest = self.lock(py).rest.clone();
        PyBytes::new(py, &rest)
    }
}

impl ClientHandshake {
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verdict that owns its parts, to become a Python object once nothing is locked.
enum Progress {
    NeedMore,
    Open(Answer, handshake::Negotiated),
    Refused(Answer),
    Failed(Failure),
}

struct Answer {
    status: u16,
    fields: fields::Owned,
    body: Vec<u8>,
}

impl Answer {
    fn of(response: &Response<'_>) -> Self {
        let fields = response.fields().iter();
        Self {
            status: response.status(),
            fields: fields.map(|(name, value)| (name.into(), value.into())).collect(),
            body: response.body().into(),
        }
    }

    fn fields(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        Ok(fields::to_python(py, fields::lend(&self.fields))?.unbind())
    }
}

impl Progress {
    fn of(progress: ClientProgress<'_>) -> Self {
        match progress {
            ClientProgress::Open(response, agreed) => Self::Open(Answer::of(&response), agreed),
            ClientProgress::Refused(response) => Self::Refused(Answer::of(&response)),
            ClientProgress::Failed(failure) => Self::Failed(failure),
            _ => Self::NeedMore,
        }
    }

    fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::NeedMore => Ok(py.None()),
            Self::Open(answer, agreed) => {
                let agreed = Py::new(py, Negotiated(agreed))?;
                Opened { agreed, status: answer.status, fields: answer.fields(py)? }.into_py_any(py)
            }
            Self::Refused(answer) => Refused {
                status: answer.status,
                fields: answer.fields(py)?,
                body: PyBytes::new(py, &answer.body).unbind(),
            }
            .into_py_any(py),
            Self::Failed(failure) => {
                let cause = PyString::new(py, &failure.to_string()).unbind();
                Failed { cause }.into_py_any(py)
            }
        }
    }
}

event! {
    /// The connection is open.
    Opened {
        /// What the connection is made with.
        agreed: Py<Negotiated>,
        /// 101, or 2xx for an extended `CONNECT`.
        status: u16,
        /// The fields of the answer.
        fields: Py<PyTuple>,
    }
}

event! {
    /// The server said no in plain HTTP: 401, a redirect, 426 with the versions it speaks.
    Refused {
        /// The status of the answer.
        status: u16,
        /// The fields of the answer.
        fields: Py<PyTuple>,
        /// The start of the body, as far as it came.
        body: Py<PyBytes>,
    }
}

event! {
    /// The answer cannot be relied on. End the transport; there is nothing to send.
    Failed {
        /// The rule that was broken, in words.
        cause: Py<PyString>,
    }
}
