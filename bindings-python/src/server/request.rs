//! A client's request.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};
use pyo3::{IntoPyObjectExt, intern};
use wspair_core::handshake::{self, AcceptError, Fields};

use super::{Acceptance, Policy, Refusal};
use crate::error::invalid;
use crate::fields;
use crate::words::{Bootstrap, bootstrap};

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

    pub(super) fn of(request: &handshake::Request<'_>) -> Self {
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
