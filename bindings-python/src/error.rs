//! The caller's mistakes, as exceptions. What a peer does is never one.

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use wspair_core::{PairError, SendError};

pyo3::import_exception!(wspair.exceptions, BackpressureError);
pyo3::import_exception!(wspair.exceptions, ClosingError);
pyo3::import_exception!(wspair.exceptions, ConcurrencyError);
pyo3::import_exception!(wspair.exceptions, InvalidArgumentError);
pyo3::import_exception!(wspair.exceptions, LocalProtocolError);

/// An argument that no state would make right.
pub(crate) fn invalid(error: impl ToString) -> PyErr {
    InvalidArgumentError::new_err(error.to_string())
}

pub(crate) fn send(error: SendError) -> PyErr {
    let text = error.to_string();
    match error {
        SendError::Backpressure { queued } => BackpressureError::new_err((text, queued)),
        SendError::CloseCode | SendError::CloseReason | SendError::ControlTooLong => invalid(text),
        SendError::Closing => ClosingError::new_err(text),
        SendError::OutOfMemory => PyMemoryError::new_err(text),
        _ => LocalProtocolError::new_err(text),
    }
}

pub(crate) fn pair(error: PairError) -> PyErr {
    let text = error.to_string();
    match error {
        PairError::Full { queued } => BackpressureError::new_err((text, queued)),
        PairError::CloseCode(_)
        | PairError::CloseReason
        | PairError::ReasonWithoutCode
        | PairError::AttachmentTooLarge { .. } => invalid(text),
        PairError::Closing => ClosingError::new_err(text),
        PairError::OutOfMemory => PyMemoryError::new_err(text),
        _ => LocalProtocolError::new_err(text),
    }
}

/// The operating system gave no random bytes.
pub(crate) fn no_entropy(error: impl ToString) -> PyErr {
    pyo3::exceptions::PyOSError::new_err(error.to_string())
}
