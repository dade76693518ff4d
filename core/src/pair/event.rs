//! What comes out of a pair.

use alloc::string::String;

use crate::error::ProtocolError;

/// What happens at an end, one at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PairEvent<M> {
    /// The other end sent this.
    Message(M),
    /// No more messages come. At most one at an end, and the last event, unless its listener
    /// throws while [`Flag::DispatchExceptions`](super::Flag::DispatchExceptions) is off.
    Close {
        /// 1005 when the other end gave none, 1006 when it vanished.
        code: u16,
        /// What the other end gave; [`DISCONNECTED`] with 1006.
        reason: String,
        /// Whether the other end closed, rather than vanished.
        clean: bool,
    },
    /// The end failed. Nothing follows, not even a close.
    Error(Fault),
}

/// The reason of the close that an end sees when the other one vanished without one.
pub const DISCONNECTED: &str = "WebSocket disconnected without sending Close frame.";

/// Why an end failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Its listener threw, as [`Pair::fail`](super::Pair::fail) was told.
    Listener,
    /// The peer on the wire broke the protocol or a limit.
    Wire(ProtocolError),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// It waits for the other end.
    Queued,
    /// Nobody will take it, so it was dropped in silence.
    Ignored,
}

/// What has to go out on the wire under an end.
#[derive(Debug, Eq, PartialEq)]
pub enum WireAction<'a, M> {
    /// A message.
    Message(&'a M),
    /// A Close frame. Nothing follows it.
    Close {
        /// `None` is a Close frame without a body.
        code: Option<u16>,
        /// Over 123 bytes only if the pair was told not to limit reasons.
        reason: &'a str,
    },
    /// The other end failed or vanished: drop the transport without a Close frame.
    Disconnect,
}
