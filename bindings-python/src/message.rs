//! What Python gives to be sent.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};
use wspair_core::bindings::Outgoing;
use wspair_core::{self as core, Kind, OutgoingBinary, OutgoingText, SendError, Sender};

use crate::buffer;

/// A message to send, read from a Python object before the connection is locked.
pub(crate) enum Message<'a> {
    Text(&'a str),
    Lent(&'a [u8]),
    Owned(Bytes),
}

impl<'a> Message<'a> {
    /// A `str` is text, any buffer is binary. A `bytes` of at least `share_from` bytes is taken by
    /// reference.
    pub(crate) fn read(message: &'a Bound<'_, PyAny>, share_from: usize) -> PyResult<Self> {
        if let Ok(text) = message.cast::<PyString>() {
            return Ok(Self::Text(text.to_str()?));
        }
        // A subclass may do anything when it is released.
        Ok(match message.cast_exact::<PyBytes>() {
            Ok(bytes) if bytes.as_bytes().len() < share_from => Self::Lent(bytes.as_bytes()),
            Ok(bytes) => Self::Owned(Bytes::from_owner(PyBackedBytes::from(bytes.clone()))),
            Err(_) => Self::Owned(buffer::to_vec(message)?.into()),
        })
    }

    /// As `read`; `None` of an object that is neither text nor a buffer.
    pub(crate) fn read_if_any(
        message: &'a Bound<'_, PyAny>,
        share_from: usize,
    ) -> PyResult<Option<Self>> {
        if message.is_instance_of::<PyString>() || buffer::is_buffer(message) {
            return Self::read(message, share_from).map(Some);
        }
        Ok(None)
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Lent(_) | Self::Owned(_) => Kind::Binary,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Lent(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    /// As one of many.
    pub(crate) fn into_outgoing(self) -> Outgoing<'a> {
        match self {
            Self::Text(text) => OutgoingText::from(text).into(),
            Self::Lent(bytes) => OutgoingBinary::from(bytes).into(),
            Self::Owned(bytes) => OutgoingBinary::from(bytes).into(),
        }
    }

    pub(crate) fn send(self, sender: &mut Sender<'_>) -> Result<(), SendError> {
        match self {
            Self::Text(text) => sender.send_text(text),
            Self::Lent(bytes) => sender.send_binary(bytes),
            Self::Owned(bytes) => sender.send_binary(bytes),
        }
    }
}

/// A message encoded once, to be sent on many connections.
///
/// Servers send it by reference. Where compression was agreed on it is also compressed only once
/// for each set of parameters.
///
/// Args:
///     message: Text as `str`, or binary as any buffer.
#[pyclass(frozen, module = "wspair")]
pub(crate) struct Prepared(pub(crate) core::Prepared);

#[pymethods]
impl Prepared {
    #[new]
    fn new(message: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(match Message::read(message, usize::MAX)? {
            Message::Text(text) => core::Prepared::text(text),
            other => core::Prepared::binary(other.as_bytes()),
        }))
    }

    /// What the message carries.
    #[getter]
    fn kind(&self) -> crate::words::Kind {
        match self.0.kind() {
            Kind::Text => crate::words::Kind::TEXT,
            Kind::Binary => crate::words::Kind::BINARY,
        }
    }

    fn __repr__(&self) -> String {
        let kind = if self.0.kind() == Kind::Text { "text" } else { "binary" };
        format!("<Prepared {kind}, {} bytes>", self.0.payload().len())
    }
}
