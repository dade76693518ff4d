//! The server's side of the opening handshake.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::{MutexExt, PyOnceLock};
use pyo3::types::{PyBytes, PyDict, PyTuple};
use pyo3::{IntoPyObjectExt, intern};
use wspair_core::handshake::{self, AcceptError, Fields, Origins, ServerProgress};

use crate::buffer;
use crate::deflate::{DeflateOptions, Negotiated};
use crate::error::invalid;
use crate::fields;
use crate::options::{head_limits, instant, seconds};
use crate::words::{Bootstrap, bootstrap};

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

/// A valid opening handshake, whatever version of HTTP carried it.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Request {
    how: Bootstrap,
    target: String,
    authority: String,
    origin: Option<String>,
    subprotocols: Vec<String>,
    fields: fields::Owned,
    /// The same, for whoever asked.
    headers: PyOnceLock<Py<PyAny>>,
}

#[pymethods]
impl Request {
    /// Checks a request that another HTTP stack parsed. The first broken rule decides.
    ///
    /// Args:
    ///     method: `GET`, or `CONNECT` with `Bootstrap.EXTENDED_CONNECT`.
    ///     target: Path and query, or an absolute address; `:path`.
    ///     fields: Pairs of name and value, or a mapping; each a `str` or a buffer. With
    ///         `Bootstrap.EXTENDED_CONNECT` `:protocol`, `:scheme` and `:authority` are among
    ///         them, before all others.
    ///     how: How the WebSocket is started.
    ///     end_stream: Whether the client ended the stream of its extended `CONNECT` along with
    ///         the fields: nobody could talk on it, and it is refused.
    ///
    /// Returns:
    ///     A `Request`, or the `Refusal` to answer with.
    #[staticmethod]
    #[pyo3(signature = (method, target, fields, how=None, *, end_stream=false))]
    fn from_fields(
        py: Python<'_>,
        method: &str,
        target: &str,
        fields: &Bound<'_, PyAny>,
        how: Option<Bootstrap>,
        end_stream: bool,
    ) -> PyResult<Py<PyAny>> {
        let fields = fields::read(fields)?;
        let lent = fields::lend(&fields);
        let fields = Fields::from(&lent[..]);
        let request = handshake::Request::from_fields(bootstrap(how), method, target, fields);
        Self::judged(py, request, end_stream)
    }

    /// As `from_fields` for an extended `CONNECT` whose `:method` and `:path` are among the fields.
    #[staticmethod]
    #[pyo3(signature = (fields, *, end_stream=false))]
    fn from_pseudo_fields(
        py: Python<'_>,
        fields: &Bound<'_, PyAny>,
        end_stream: bool,
    ) -> PyResult<Py<PyAny>> {
        let fields = fields::read(fields)?;
        let lent = fields::lend(&fields);
        let request = handshake::Request::from_pseudo_fields(Fields::from(&lent[..]));
        Self::judged(py, request, end_stream)
    }

    /// Path and query. Starts with a slash; still percent-encoded.
    #[getter]
    fn target(&self) -> &str {
        &self.target
    }

    /// The same as `target`.
    #[getter]
    fn path(&self) -> &str {
        &self.target
    }

    /// All fields, as a `Headers`.
    #[getter]
    fn headers(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let headers = self.headers.get_or_try_init(py, || {
            let fields = fields::to_python(py, fields::lend(&self.fields))?;
            py.import(intern!(py, "wspair._http"))?
                .call_method1(intern!(py, "Headers"), (fields,))
                .map(Bound::unbind)
        })?;
        Ok(headers.clone_ref(py))
    }

    /// The host, and the port if there is one, that the client asked for.
    #[getter]
    fn authority(&self) -> &str {
        &self.authority
    }

    /// The origin of the page that asks, or `None`.
    #[getter]
    fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The subprotocols the client speaks, the one it likes best first. At most 64.
    #[getter]
    fn subprotocols(&self) -> Vec<String> {
        self.subprotocols.clone()
    }

    /// All fields, in their order.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        fields::to_python(py, fields::lend(&self.fields))
    }

    /// The value of the first field of that name, compared without case, or `None`.
    fn field<'py>(&self, py: Python<'py>, name: &str) -> Option<Bound<'py, PyBytes>> {
        let lent = fields::lend(&self.fields);
        Fields::from(&lent[..]).get(name).map(|value| PyBytes::new(py, value))
    }

    /// Applies the policy and agrees to one of the client's subprotocols, or to none.
    ///
    /// Nothing is sent by this. A host that says no for its own reasons answers with a `Refusal`
    /// it makes itself.
    ///
    /// Returns:
    ///     An `Acceptance`, or the `Refusal` to answer with.
    ///
    /// Raises:
    ///     InvalidArgumentError: the client did not offer the subprotocol.
    #[pyo3(signature = (policy=None, subprotocol=None))]
    fn accept(
        &self,
        py: Python<'_>,
        policy: Option<&Policy>,
        subprotocol: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let fields = fields::lend(&self.fields);
        let method = match self.how {
            Bootstrap::UPGRADE => "GET",
            Bootstrap::EXTENDED_CONNECT => "CONNECT",
        };
        let fields = Fields::from(&fields[..]);
        let request =
            handshake::Request::from_fields(self.how.into(), method, &self.target, fields);
        let default = handshake::Policy::default();
        let policy = policy.map_or(&default, |policy| &policy.0);
        match request.map_err(AcceptError::from).and_then(|it| it.accept(policy, subprotocol)) {
            Ok(acceptance) => Acceptance(acceptance).into_py_any(py),
            Err(AcceptError::Refused(refusal)) => Refusal(refusal).into_py_any(py),
            Err(error @ AcceptError::NotOffered) => Err(invalid(error)),
        }
    }

    fn __repr__(&self) -> String {
        format!("<Request {} at {}>", self.target, self.authority)
    }
}

impl Request {
    fn judged(
        py: Python<'_>,
        request: Result<handshake::Request<'_>, handshake::Refusal>,
        end_stream: bool,
    ) -> PyResult<Py<PyAny>> {
        match request {
            Ok(_) if end_stream => Refusal(handshake::Refusal::stream_ended()).into_py_any(py),
            Ok(request) => Self::of(&request).into_py_any(py),
            Err(refusal) => Refusal(refusal).into_py_any(py),
        }
    }

    fn of(request: &handshake::Request<'_>) -> Self {
        let fields = request.fields().iter();
        Self {
            how: request.bootstrap().into(),
            target: request.target().into(),
            authority: request.authority().into(),
            origin: request.origin().map(String::from),
            subprotocols: request.subprotocols().map(String::from).collect(),
            fields: fields.map(|(name, value)| (name.into(), value.into())).collect(),
            headers: PyOnceLock::new(),
        }
    }
}

/// What a server agrees to.
///
/// Args:
///     origins: The origins whose pages may connect, each `scheme://host` or
///         `scheme://host:port`. Default `None`: all, which is right only for a service that does
///         not rely on what a browser sends by itself, as cookies.
///     allow_missing_origin: Whether a request without an origin may connect, with `origins`.
///     compression: Whether to agree to permessage-deflate: `True`, `False` or `DeflateOptions`.
///
/// Raises:
///     InvalidArgumentError: an origin of another form.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Policy(handshake::Policy);

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (*, origins=None, allow_missing_origin=true, compression=None))]
    fn new(
        origins: Option<Vec<String>>,
        allow_missing_origin: bool,
        compression: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut policy = handshake::Policy::default();
        if let Some(origins) = origins {
            let origins = Origins::new(origins.iter().map(String::as_str)).map_err(invalid)?;
            policy.origins = Some(origins.missing(allow_missing_origin));
        }
        let compression = compression.map(DeflateOptions::read).transpose()?.flatten();
        policy.deflate = compression.map(|options| options.policy());
        Ok(Self(policy))
    }
}

/// The answer that opens a connection, and what was agreed.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Acceptance(handshake::Acceptance);

#[pymethods]
impl Acceptance {
    /// 101, or 200 for an extended `CONNECT`.
    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    /// The fields of the answer; over HTTP/2 and HTTP/3 their names are in lower case.
    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let fields = self.0.fields.iter();
        fields::to_python(py, fields.map(|(name, value)| (*name, value.as_bytes())))
    }

    /// The fields and further ones of the caller, for a host that has another HTTP stack send
    /// them. Over HTTP/2 and HTTP/3 names are in lower case, and what these forbid is left out.
    ///
    /// Raises:
    ///     InvalidArgumentError: as `to_bytes`.
    fn fields_with<'py>(
        &self,
        py: Python<'py>,
        extra: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let extra = fields::read(extra)?;
        let lent = fields::lend(&extra);
        let fields = self.0.fields_with(&lent).map_err(invalid)?;
        fields::to_python(py, fields.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// What the connection is made with.
    #[getter]
    fn agreed(&self) -> Negotiated {
        Negotiated(self.0.agreed.clone())
    }

    /// The answer as HTTP/1.1, with further fields of the caller.
    ///
    /// Raises:
    ///     InvalidArgumentError: a further field would break the answer apart, or is one that the
    ///         engine writes itself.
    #[pyo3(signature = (extra=None))]
    fn to_bytes<'py>(
        &self,
        py: Python<'py>,
        extra: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let extra = extra.map(fields::read).transpose()?.unwrap_or_default();
        let mut out = Vec::new();
        self.0.write_response(&fields::lend(&extra), &mut out).map_err(invalid)?;
        Ok(PyBytes::new(py, &out))
    }

    fn __repr__(&self) -> String {
        format!("<Acceptance {}>", self.0.status)
    }
}

/// A server's no, with the whole answer that says so.
///
/// Args:
///     status: 200 to 599.
///     fields: Further fields, as pairs or a mapping.
///     body: The content; its type is a field.
///
/// Raises:
///     InvalidArgumentError: another status, or a field that would break the answer apart or that
///         the engine writes itself.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Refusal(handshake::Refusal);

#[pymethods]
impl Refusal {
    #[new]
    #[pyo3(signature = (status, fields=None, body=None))]
    fn new(
        status: u16,
        fields: Option<&Bound<'_, PyAny>>,
        body: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut refusal = handshake::Refusal::new(status).map_err(invalid)?;
        for (name, value) in fields.map(fields::read).transpose()?.unwrap_or_default() {
            refusal = refusal.field(&name, &value).map_err(invalid)?;
        }
        let body = body.map(buffer::to_vec).transpose()?.unwrap_or_default();
        Ok(Self(refusal.body(body)))
    }

    /// The status of the answer.
    #[getter]
    fn status(&self) -> u16 {
        self.0.status()
    }

    /// The rule that was broken, in words.
    #[getter]
    fn cause(&self) -> String {
        self.0.cause().to_string()
    }

    /// The content of the answer.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.content())
    }

    /// All fields of the answer, for a host that has another HTTP stack send it.
    #[pyo3(signature = (how=None))]
    fn fields<'py>(
        &self,
        py: Python<'py>,
        how: Option<Bootstrap>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let fields = self.0.fields(bootstrap(how));
        fields::to_python(py, fields.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// Whether the request is malformed as HTTP/2 and HTTP/3 define it: reset the stream with
    /// `PROTOCOL_ERROR` (0x1) or `H3_MESSAGE_ERROR` (0x10e) instead of answering.
    #[getter]
    fn is_malformed(&self) -> bool {
        self.0.is_malformed()
    }

    /// The answer as HTTP/1.1.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::new();
        self.0.write_response(&mut out);
        PyBytes::new(py, &out)
    }

    fn __repr__(&self) -> String {
        format!("<Refusal {}>", self.0)
    }
}

/// The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 4.2.2).
#[pyfunction]
pub(crate) fn accept_key(key: &str) -> String {
    handshake::accept_key(key.as_bytes()).map(char::from).iter().collect()
}
