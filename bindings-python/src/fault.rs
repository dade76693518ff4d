//! What this side gave up for: the code that the peer gets, and why in words.

use wspair_core::event::Timer;
use wspair_core::{CloseCode, Closed, ClosedCause, ProtocolError};

use crate::event::Allowed;

pub(crate) type Fault = (u16, String);

/// Of the last event; `None` where the peer did no wrong. `size` is how long a message was that was
/// too long.
pub(crate) fn of(closed: &Closed, allowed: Allowed, size: Option<u64>) -> Option<Fault> {
    match closed.cause {
        ClosedCause::Peer(error) => {
            Some((error.close_code().get(), explanation(error, allowed, size)))
        }
        ClosedCause::Timeout(Timer::Pong) => {
            Some((CloseCode::INTERNAL.get(), Timer::Pong.to_string()))
        }
        _ => None,
    }
}

/// Why the peer's connection is closed, in words.
fn explanation(error: ProtocolError, allowed: Allowed, size: Option<u64>) -> String {
    match (error, size) {
        (ProtocolError::MessageTooLong, Some(size)) => {
            format!("message of {size} bytes is over the limit of {}", allowed.message)
        }
        (ProtocolError::FrameTooLong, _) => {
            format!("frame is over the limit of {} bytes", allowed.frame)
        }
        (ProtocolError::TooManyFragments, _) => {
            format!("message is over the limit of {} fragments", allowed.fragments)
        }
        _ => error.to_string(),
    }
}
