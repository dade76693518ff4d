//! What a holder of an end can do wrong.

use core::fmt;

use crate::memory::OutOfMemory;

/// Why a call on an end was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PairError {
    /// Sending and closing need an accepted end.
    NotAccepted,
    /// The end is accepted, by `accept` or by `accept_hibernatable`.
    Accepted,
    /// The end was accepted as hibernatable.
    Hibernatable,
    /// The other end is accepted, given away or gone.
    PeerTaken,
    /// The end was given away, or everything is over at it.
    Spent,
    /// Nothing may be sent after a close, own or automatic.
    Closing,
    /// The code may not be sent.
    CloseCode(u16),
    /// The reason is over 123 bytes.
    CloseReason,
    /// There is a reason, even an empty one, and no code.
    ReasonWithoutCode,
    /// There was no memory to queue it in.
    OutOfMemory,
    /// Messages wait and this one would pass
    /// [`PairConfig::max_queued`](super::PairConfig::max_queued).
    Full {
        /// How many bytes of messages wait.
        queued: usize,
    },
    /// The attachment is over [`MAX_ATTACHMENT`](super::MAX_ATTACHMENT) bytes.
    AttachmentTooLarge {
        /// How many bytes it has.
        size: usize,
    },
}

impl fmt::Display for PairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted => f.write_str("end is not accepted"),
            Self::Accepted => f.write_str("end is accepted already"),
            Self::Hibernatable => f.write_str("end was accepted as hibernatable"),
            Self::PeerTaken => f.write_str("other end is accepted, given away or gone"),
            Self::Spent => f.write_str("end was given away or is finished"),
            Self::Closing => f.write_str("end has closed"),
            Self::CloseCode(code) => write!(f, "close code {code} may not be sent"),
            Self::CloseReason => f.write_str("close reason is over 123 bytes"),
            Self::ReasonWithoutCode => f.write_str("close reason without a code"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::Full { queued } => write!(f, "pair is full: {queued} bytes are waiting"),
            Self::AttachmentTooLarge { size } => {
                write!(f, "attachment of {size} bytes is too large")
            }
        }
    }
}

impl From<OutOfMemory> for PairError {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl core::error::Error for PairError {}
