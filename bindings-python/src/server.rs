//! The server's side of the opening handshake.

mod answer;
mod policy;
mod reading;
mod request;

use pyo3::prelude::*;
use wspair_core::handshake;

pub(crate) use answer::{Acceptance, Refusal};
pub(crate) use policy::Policy;
pub(crate) use reading::ServerHandshake;
pub(crate) use request::Request;

/// The value of `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 4.2.2).
#[pyfunction]
pub(crate) fn accept_key(key: &str) -> String {
    handshake::accept_key(key.as_bytes()).map(char::from).iter().collect()
}
