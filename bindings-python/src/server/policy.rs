//! What a server agrees to.

use pyo3::prelude::*;
use wspair_core::handshake::{self, Origins};

use crate::deflate::DeflateOptions;
use crate::error::invalid;

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
pub(crate) struct Policy(pub(super) handshake::Policy);

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
