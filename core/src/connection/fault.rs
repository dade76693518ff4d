//! What can end a connection while it reads.

use alloc::collections::TryReserveError;
use alloc::string::String;
use core::fmt::Write;

use crate::close::{CloseCode, MAX_REASON};
use crate::config::Limits;
use crate::error::ProtocolError;
use crate::event::ClosedCause;
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

    /// The reason that goes with the code: which limit was passed, and by a frame or message of
    /// what size, as far as headers announced it. The peer cannot know that; what else it can do
    /// wrong, the code says well enough.
    pub(super) fn reason(self, limits: &Limits, size: Option<u64>) -> String {
        let mut reason = String::new();
        let (what, limit, unit) = match self {
            Self::Peer(ProtocolError::MessageTooLong) => {
                ("message", limits.max_message as u64, "bytes")
            }
            Self::Peer(ProtocolError::FrameTooLong) => ("frame", limits.max_frame as u64, "bytes"),
            Self::Peer(ProtocolError::TooManyFragments) => {
                ("message", limits.max_fragments.into(), "fragments")
            }
            _ => return reason,
        };
        // All of it is shorter, so that nothing below has to find memory.
        if reason.try_reserve_exact(MAX_REASON).is_ok() {
            let _ = match size {
                Some(size) => {
                    write!(reason, "{what} of {size} {unit} is over the limit of {limit}")
                }
                None => write!(reason, "{what} is over the limit of {limit} {unit}"),
            };
        }
        reason
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

impl From<Fault> for ClosedCause {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Peer(error) => Self::Peer(error),
            Fault::OutOfMemory => Self::OutOfMemory,
        }
    }
}
