//! What can end a connection while it reads.

use alloc::collections::TryReserveError;

use crate::close::CloseCode;
use crate::error::ProtocolError;
use crate::event::Cause;
use crate::memory::OutOfMemory;

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The peer broke a rule.
    Peer(ProtocolError),
    OutOfMemory,
}

impl Fault {
    /// The close code that tells the peer (RFC 6455 7.4.1).
    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Self::Peer(error) => error.close_code(),
            Self::OutOfMemory => CloseCode::INTERNAL,
        }
    }
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Peer(error)
    }
}

impl From<OutOfMemory> for Fault {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<TryReserveError> for Fault {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Peer(error) => Self::Peer(error),
            Fault::OutOfMemory => Self::OutOfMemory,
        }
    }
}
