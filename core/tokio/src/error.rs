//! What can go wrong: in the handshake, on an open connection, and with what a caller asks for.

use std::fmt;
use std::io;

use wspair::handshake::{Failure, InvalidField, InvalidRequest, Refusal};
use wspair::{CloseCode, Closed, ClosedCause, ProtocolError, SendError};

/// Why something failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The connection has ended, and this is how. To receive gives it once where that was not
    /// clean; to send gives it ever after.
    Closed(Closed),
    /// The peer sent a message over [`max_message`](wspair::Limits::max_message), and was told so
    /// with 1009.
    TooLong {
        /// Bytes that the message had, as far as that is known: where it was compressed, at least
        /// so many.
        size: u64,
        /// The limit.
        limit: usize,
    },
    /// What was to be sent may not be, or no more, or is too much for now. Nothing was sent.
    Send(SendError),
    /// The transport failed before the connection was open.
    Io(io::Error),
    /// Server: the client's request was refused, and that was the answer.
    Refused(Refusal),
    /// Client: the server did not open a connection, but answered in plain HTTP.
    Answered(Answer),
    /// Client: the server's answer can't be relied on.
    Failed(Failure),
    /// Client: the address or a field of the request is not valid.
    Request(InvalidRequest),
    /// Server: a field of the answer is not valid.
    Field(InvalidField),
    /// Client: a `wss` address needs a stream with TLS, to be given to
    /// [`connect_with`](crate::connect_with).
    NeedsTls,
}

/// A server's answer that is not the one hoped for: 401, a redirect, 503.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The fields, in their order.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body, or as much of it as [`HeadLimits::max_body`](wspair::handshake::HeadLimits) takes.
    pub body: Vec<u8>,
}

impl Error {
    /// How the connection ended, if that is what this is about.
    pub(crate) fn of_end(closed: &Closed, too_long: Option<u64>, limit: usize) -> Self {
        match too_long {
            Some(size) => Self::TooLong { size, limit },
            None => Self::Closed(closed.clone()),
        }
    }

    /// Which rule the peer broke, if that is what ended the connection.
    pub fn protocol_error(&self) -> Option<ProtocolError> {
        match self {
            Self::TooLong { .. } => Some(ProtocolError::MessageTooLong),
            Self::Closed(Closed { cause: ClosedCause::Peer(error), .. }) => Some(*error),
            _ => None,
        }
    }

    /// The code that the connection ended with: the peer's, or the one that it was told what it
    /// did wrong with. `None` where there was none.
    pub fn close_code(&self) -> Option<CloseCode> {
        match (self.protocol_error(), self) {
            (Some(error), _) => Some(error.close_code()),
            (None, Self::Closed(closed)) => CloseCode::new(closed.code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Closed { code, reason, cause, .. }) => match cause {
                ClosedCause::Peer(error) => write!(f, "the peer broke the protocol: {error}"),
                ClosedCause::Timeout(timer) => write!(f, "the connection was lost: {timer}"),
                ClosedCause::Transport => {
                    f.write_str("the connection was lost: the transport ended")
                }
                _ if reason.is_empty() => write!(f, "the connection was closed: {code}"),
                _ => write!(f, "the connection was closed: {code} {reason}"),
            },
            Self::TooLong { size, limit } => {
                write!(f, "a message of {size} bytes, where {limit} are allowed")
            }
            Self::Send(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Refused(refusal) => write!(f, "the request was refused: {}", refusal.cause()),
            Self::Answered(answer) => write!(f, "the server answered with {}", answer.status),
            Self::Failed(failure) => failure.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Field(error) => error.fmt(f),
            Self::NeedsTls => f.write_str("a wss address needs a stream with TLS"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Failed(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<InvalidRequest> for Error {
    fn from(error: InvalidRequest) -> Self {
        Self::Request(error)
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Self {
        Self::Field(error)
    }
}
