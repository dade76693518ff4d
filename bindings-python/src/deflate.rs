//! permessage-deflate, as options and as what was agreed on.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use wspair_core::deflate::DeflateConfig;
use wspair_core::handshake::{self, DeflateOffer, DeflatePolicy};

use crate::error::invalid;

/// How messages are compressed (permessage-deflate, RFC 7692).
///
/// Args:
///     threshold: Shorter messages, in bytes, are sent as they are.
///     level: Effort, 0 to 9.
///     mem_level: Memory of a compressor, 1 to 9.
///     server_no_context_takeover: The server compresses each message alone.
///     client_no_context_takeover: The client compresses each message alone.
///     server_max_window_bits: Largest window of the server's compressor, 9 to 15. `None` is the
///         default of each side: 12 for a server, no wish for a client.
///     client_max_window_bits: Largest window of the client's compressor, 9 to 15. `None` is the
///         default of each side: 12 for a server, 15 for a client.
///
/// Raises:
///     ValueError: a number outside its range.
#[pyclass(frozen, get_all, from_py_object, module = "wspair")]
#[derive(Clone)]
pub(crate) struct DeflateOptions {
    /// Shorter messages, in bytes, are sent as they are.
    threshold: usize,
    /// Effort.
    level: u8,
    /// Memory of a compressor.
    mem_level: u8,
    /// Whether the server compresses each message alone.
    server_no_context_takeover: bool,
    /// Whether the client compresses each message alone.
    client_no_context_takeover: bool,
    /// Largest window of the server's compressor; `None` is the default of each side.
    server_max_window_bits: Option<u8>,
    /// Largest window of the client's compressor; `None` is the default of each side.
    client_max_window_bits: Option<u8>,
}

#[pymethods]
impl DeflateOptions {
    #[new]
    #[pyo3(signature = (*, threshold=64, level=1, mem_level=5, server_no_context_takeover=false,
        client_no_context_takeover=false, server_max_window_bits=None, client_max_window_bits=None))]
    fn new(
        threshold: usize,
        level: u8,
        mem_level: u8,
        server_no_context_takeover: bool,
        client_no_context_takeover: bool,
        server_max_window_bits: Option<u8>,
        client_max_window_bits: Option<u8>,
    ) -> PyResult<Self> {
        let windows = [server_max_window_bits, client_max_window_bits];
        if windows.into_iter().flatten().any(|bits| !(9..=15).contains(&bits)) {
            return Err(invalid("window bits outside 9 to 15"));
        }
        if level > 9 || !(1..=9).contains(&mem_level) {
            return Err(invalid("level outside 0 to 9, or mem_level outside 1 to 9"));
        }
        Ok(Self {
            threshold,
            level,
            mem_level,
            server_no_context_takeover,
            client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        })
    }

    fn __repr__(&self) -> String {
        let Self { threshold, level, mem_level, .. } = self;
        format!("DeflateOptions(threshold={threshold}, level={level}, mem_level={mem_level})")
    }
}

impl DeflateOptions {
    /// Reads the value of a `compression` keyword: `True` is the defaults, `False` and `None` are
    /// no compression.
    pub(crate) fn read(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if value.is_none() {
            return Ok(None);
        }
        if let Ok(on) = value.extract::<bool>() {
            let defaults = || Self::new(64, 1, 5, false, false, None, None);
            return on.then(defaults).transpose();
        }
        value
            .extract()
            .map(Some)
            .map_err(|_| PyTypeError::new_err("compression is True, False, None or DeflateOptions"))
    }

    /// The server's part.
    pub(crate) fn policy(&self) -> DeflatePolicy {
        let mut policy = DeflatePolicy::default();
        policy.server_no_context_takeover = self.server_no_context_takeover;
        policy.client_no_context_takeover = self.client_no_context_takeover;
        let Self { server_max_window_bits: server, client_max_window_bits: client, .. } = self;
        policy.server_max_window_bits = server.unwrap_or(policy.server_max_window_bits);
        policy.client_max_window_bits = client.unwrap_or(policy.client_max_window_bits);
        policy
    }

    /// The client's part.
    pub(crate) fn offer(&self) -> DeflateOffer {
        let mut offer = DeflateOffer::default();
        offer.server_no_context_takeover = self.server_no_context_takeover;
        offer.client_no_context_takeover = self.client_no_context_takeover;
        offer.server_max_window_bits = self.server_max_window_bits;
        offer.client_max_window_bits = self.client_max_window_bits.or(offer.client_max_window_bits);
        offer
    }

    /// The connection's part.
    pub(crate) fn config(&self) -> DeflateConfig {
        let mut config = DeflateConfig::default();
        config.threshold = self.threshold;
        config.level = self.level;
        config.mem_level = self.mem_level;
        config
    }
}

/// What a handshake agreed on, for the connection that follows.
#[pyclass(frozen, from_py_object, module = "wspair")]
#[derive(Clone, Default)]
pub(crate) struct Negotiated(pub(crate) handshake::Negotiated);

#[pymethods]
impl Negotiated {
    /// The subprotocol, or `None`.
    #[getter]
    fn subprotocol(&self) -> Option<&str> {
        self.0.subprotocol.as_deref()
    }

    /// Whether messages may be compressed.
    #[getter]
    fn compression(&self) -> bool {
        self.0.deflate.is_some()
    }

    fn __repr__(&self) -> String {
        let subprotocol = self.0.subprotocol.as_ref().map_or("None".into(), |s| format!("{s:?}"));
        let compression = if self.compression() { "True" } else { "False" };
        format!("<Negotiated subprotocol={subprotocol} compression={compression}>")
    }
}
