//! What a peer, and what a caller, can do wrong. Two types, never mixed.

use core::fmt;

use crate::close::CloseCode;

/// How the peer broke the protocol, or a limit, on an open connection.
///
/// It is reported by the `Closed` event and decides the code of the Close frame that is sent
/// ([`close_code`](Self::close_code)).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit was set without an extension that gives it a meaning (RFC 6455 5.2).
    ReservedBits,
    /// An opcode from 3 to 7 or from 11 to 15 (RFC 6455 5.2).
    ReservedOpcode,
    /// A control frame was fragmented (RFC 6455 5.5).
    FragmentedControl,
    /// A control frame announced more than 125 bytes (RFC 6455 5.5).
    ControlTooLong,
    /// A client's frame was not masked (RFC 6455 5.1).
    Unmasked,
    /// A server's frame was masked (RFC 6455 5.1).
    Masked,
    /// The length was not in its shortest form (RFC 6455 5.2).
    NonMinimalLength,
    /// The top bit of a 64-bit length was set (RFC 6455 5.2).
    LengthRange,
    /// A continuation frame without a message to continue (RFC 6455 5.4).
    UnexpectedContinuation,
    /// A new message began inside a fragmented one (RFC 6455 5.4).
    ExpectedContinuation,
    /// A text message was not UTF-8 (RFC 6455 8.1).
    TextNotUtf8,
    /// Compressed data was not DEFLATE, or did not end with its message (RFC 7692 7.2.2).
    Deflate,
    /// A close frame's body was a single byte (RFC 6455 5.5.1).
    CloseBody,
    /// A close frame carried a code that may not travel (RFC 6455 7.4).
    CloseCode,
    /// A close frame's reason was not UTF-8 (RFC 6455 5.5.1).
    CloseReasonNotUtf8,
    /// A frame was longer than [`Limits::max_frame`](crate::config::Limits::max_frame).
    FrameTooLong,
    /// A message was longer than [`Limits::max_message`](crate::config::Limits::max_message).
    MessageTooLong,
    /// A message came in more frames than [`Limits::max_fragments`](crate::config::Limits::max_fragments).
    TooManyFragments,
}

impl ProtocolError {
    /// The close code that tells the peer (RFC 6455 7.4.1).
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::TextNotUtf8 | Self::Deflate | Self::CloseReasonNotUtf8 => CloseCode::INVALID_DATA,
            Self::FrameTooLong | Self::MessageTooLong => CloseCode::TOO_BIG,
            Self::TooManyFragments => CloseCode::POLICY,
            _ => CloseCode::PROTOCOL,
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReservedBits => "reserved bits set without an extension",
            Self::ReservedOpcode => "reserved opcode",
            Self::FragmentedControl => "fragmented control frame",
            Self::ControlTooLong => "control frame longer than 125 bytes",
            Self::Unmasked => "unmasked frame from a client",
            Self::Masked => "masked frame from a server",
            Self::NonMinimalLength => "length not in its shortest form",
            Self::LengthRange => "length beyond 63 bits",
            Self::UnexpectedContinuation => "continuation without a message",
            Self::ExpectedContinuation => "new message inside a fragmented one",
            Self::TextNotUtf8 => "text is not valid UTF-8",
            Self::Deflate => "compressed data is not DEFLATE",
            Self::CloseBody => "close frame with a body of one byte",
            Self::CloseCode => "close code that may not be sent",
            Self::CloseReasonNotUtf8 => "close reason is not valid UTF-8",
            Self::FrameTooLong => "frame over the size limit",
            Self::MessageTooLong => "message over the size limit",
            Self::TooManyFragments => "message in too many fragments",
        })
    }
}

impl core::error::Error for ProtocolError {}

/// Why something was not sent. The caller's mistake, or the peer being slow; nothing was queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// Bytes already wait and this would pass
    /// [`Limits::max_outgoing`](crate::config::Limits::max_outgoing).
    Backpressure {
        /// How many bytes wait.
        queued: usize,
    },
    /// The code may not be sent (RFC 6455 7.4).
    CloseCode,
    /// The reason is over 123 bytes, or there is a reason without a code (RFC 6455 5.5.1).
    CloseReason,
    /// The connection is closing or closed.
    Closing,
    /// The payload of a ping or pong is over 125 bytes (RFC 6455 5.5).
    ControlTooLong,
    /// A fragmented message is open, or a fragment is of another kind than its first
    /// (RFC 6455 5.4).
    Fragment,
    /// There was no memory to queue it in.
    OutOfMemory,
    /// Framing in place would overtake what is queued.
    Pending,
    /// There is no room for the header in front of the payload.
    Room,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backpressure { queued } => {
                write!(f, "output is full: {queued} bytes are waiting")
            }
            Self::CloseCode => f.write_str("close code may not be sent"),
            Self::CloseReason => f.write_str("close reason is too long or without a code"),
            Self::Closing => f.write_str("connection is closing"),
            Self::ControlTooLong => f.write_str("control frame payload over 125 bytes"),
            Self::Fragment => f.write_str("a fragmented message is open"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::Pending => f.write_str("queued output has to go first"),
            Self::Room => f.write_str("no room for the header"),
        }
    }
}

#[cfg(feature = "alloc")]
impl From<crate::memory::OutOfMemory> for SendError {
    fn from(_: crate::memory::OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl core::error::Error for SendError {}
