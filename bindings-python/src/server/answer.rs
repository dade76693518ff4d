//! A server's yes or no.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use wspair_core::handshake;

use crate::buffer;
use crate::deflate::Negotiated;
use crate::error::invalid;
use crate::fields;
use crate::words::{Bootstrap, bootstrap};

/// The answer that opens a connection, and what was agreed.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Acceptance(pub(super) handshake::Acceptance);

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
pub(crate) struct Refusal(pub(super) handshake::Refusal);

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
