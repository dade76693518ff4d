//! Queueing messages, so that no sender keeps the loop for itself.

use pyo3::prelude::*;
use wspair_core::{SendError, Sender};

use super::Link;
use super::state::Inner;
use crate::connection::compression;
use crate::error;

impl Link {
    /// Queues a message of `len` bytes; see `send`.
    pub(super) fn queue(
        slf: &Bound<'_, Self>,
        compress: Option<bool>,
        len: usize,
        send: impl FnOnce(&mut Sender<'_>) -> Result<(), SendError>,
    ) -> PyResult<Option<&'static str>> {
        let (this, py) = (slf.get(), slf.py());
        let mut locked = this.lock(py);
        let (conn, inner) = locked.both();
        if inner.is_told || inner.transport.is_none() {
            return Ok(Some("closed"));
        }
        match send(&mut conn.sender().with_compression(compression(compress))) {
            Ok(()) => {}
            Err(SendError::Closing) => return Ok(Some("closed")),
            Err(SendError::Backpressure { .. }) => return Ok(Some("full")),
            Err(SendError::Fragment) => return Ok(Some("open")),
            Err(error) => return Err(error::send(error)),
        }
        inner.sent += len + OVERHEAD;
        let what = match inner {
            Inner { is_full: true, .. } => Some("room"),
            Inner { sent: TURN.., .. } => Some("yield"),
            _ => None,
        };
        let is_seen_to = inner.in_turn || inner.is_scheduled;
        drop(locked);
        if !is_seen_to {
            Self::schedule(slf)?;
        }
        Ok(what)
    }
}

/// What is sent without a turn of the loop before the sender has to let it turn.
const TURN: usize = 64 << 10;

/// What a message counts of it beside its bytes.
const OVERHEAD: usize = 1 << 10;
