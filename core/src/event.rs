//! What a connection tells its host.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, Range};

use crate::close::CloseFrame;
use crate::error::ProtocolError;
use crate::simd::CheckedBytes;

/// What a message carries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// Any bytes.
    Binary,
    /// UTF-8.
    Text,
}

/// Something that happened on a connection. It borrows until the next one is asked for. `Debug` shows
/// how long payloads are, not what they are.
#[non_exhaustive]
pub enum Event<'a> {
    /// A text message, complete.
    Text(Text<'a>),
    /// A binary message, complete.
    Binary(Payload<'a>),
    /// A part of a message; only with [`Delivery::Chunks`](crate::Delivery::Chunks).
    Chunk(Chunk<'a>),
    /// A ping's payload, up to 125 bytes. With `auto_pong` it is already answered.
    Ping(&'a [u8]),
    /// A pong's payload, up to 125 bytes.
    Pong(&'a [u8]),
    /// The peer's Close frame. With `auto_close` it is already answered.
    PeerClosing(CloseFrame<'a>),
    /// The end. Every connection reports it exactly once, and nothing follows it.
    Closed(Closed),
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Binary(data) => f.debug_tuple("Binary").field(&Size(data.len())).finish(),
            Self::Chunk(chunk) => chunk.fmt(f),
            Self::Ping(payload) => f.debug_tuple("Ping").field(&Size(payload.len())).finish(),
            Self::Pong(payload) => f.debug_tuple("Pong").field(&Size(payload.len())).finish(),
            Self::PeerClosing(frame) => f.debug_tuple("PeerClosing").field(frame).finish(),
            Self::Closed(closed) => closed.fmt(f),
        }
    }
}

/// How long a payload is, to be shown in its place.
struct Size(usize);

impl fmt::Debug for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// A part of a message, as it arrived.
#[derive(Debug)]
pub struct Chunk<'a> {
    /// What the message carries. Text was checked up to here, but a chunk may end inside a
    /// character.
    pub kind: Kind,
    /// The bytes; empty only where a message ends with nothing more to tell.
    pub data: Payload<'a>,
    /// Whether the message begins here.
    pub first: bool,
    /// Whether the message ends here.
    pub last: bool,
}

/// The bytes of a binary message: a part of the input, or of the connection's own memory.
pub struct Payload<'a>(Bytes<'a>);

enum Bytes<'a> {
    Lent {
        bytes: &'a mut [u8],
        at: Option<usize>,
    },
    /// In an input that must not change.
    Fixed {
        bytes: &'a [u8],
        at: usize,
    },
    Assembled(&'a mut Vec<u8>),
    /// A copy of a fixed one, made to be changed.
    Copied(Vec<u8>),
}

impl<'a> Payload<'a> {
    pub(crate) fn lent(bytes: &'a mut [u8], at: Option<usize>) -> Self {
        Self(Bytes::Lent { bytes, at })
    }

    pub(crate) fn fixed(bytes: &'a [u8], at: usize) -> Self {
        Self(Bytes::Fixed { bytes, at })
    }

    pub(crate) fn assembled(bytes: &'a mut Vec<u8>) -> Self {
        Self(Bytes::Assembled(bytes))
    }

    /// The message.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Lent { bytes, .. } => bytes,
            Bytes::Fixed { bytes, .. } => bytes,
            Bytes::Assembled(bytes) => bytes,
            Bytes::Copied(bytes) => bytes,
        }
    }

    /// The message, to be changed: where it lies, or in a copy made now when it lies in an input
    /// that must not change.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        if let Bytes::Fixed { bytes, .. } = &self.0 {
            self.0 = Bytes::Copied(bytes.to_vec());
        }
        match &mut self.0 {
            Bytes::Lent { bytes, .. } => bytes,
            Bytes::Assembled(bytes) => bytes,
            Bytes::Copied(bytes) => bytes,
            Bytes::Fixed { .. } => &mut [],
        }
    }

    /// Takes the bytes. One copy for a message that lies in the input ([`range`](Self::range) is
    /// `Some`) or in the connection's read buffer; free for one that the connection put together, of
    /// fragments, of several inputs or out of compression, whose buffer it is.
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Bytes::Lent { bytes, .. } => bytes.to_vec(),
            Bytes::Fixed { bytes, .. } => bytes.to_vec(),
            Bytes::Assembled(bytes) => core::mem::take(bytes),
            Bytes::Copied(bytes) => bytes,
        }
    }

    /// Where in the input the message lies; `None` when it lies in the connection's memory.
    pub fn range(&self) -> Option<Range<usize>> {
        match &self.0 {
            Bytes::Lent { bytes, at } => at.map(|at| at..at + bytes.len()),
            Bytes::Fixed { bytes, at } => Some(*at..at + bytes.len()),
            Bytes::Assembled(_) | Bytes::Copied(_) => None,
        }
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&Size(self.len())).finish()
    }
}

impl AsRef<[u8]> for Payload<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// A text message: a part of the input, or of the connection's own memory.
pub struct Text<'a>(Str<'a>);

enum Str<'a> {
    Lent { text: &'a str, at: Option<usize> },
    Assembled(&'a mut CheckedBytes),
}

impl<'a> Text<'a> {
    pub(crate) fn lent(text: &'a str, at: Option<usize>) -> Self {
        Self(Str::Lent { text, at })
    }

    pub(crate) fn assembled(text: &'a mut CheckedBytes) -> Self {
        Self(Str::Assembled(text))
    }

    /// The message.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Str::Lent { text, .. } => text,
            Str::Assembled(text) => text.text(0..text.len()),
        }
    }

    /// Takes the text. One copy for a message that lies in the input ([`range`](Self::range) is
    /// `Some`) or in the connection's read buffer; free for one that the connection put together, of
    /// fragments, of several inputs or out of compression, whose buffer it is.
    pub fn into_string(self) -> String {
        match self.0 {
            Str::Lent { text, .. } => String::from(text),
            Str::Assembled(text) => text.take_text(),
        }
    }

    /// Where in the input the message lies; `None` when it lies in the connection's memory.
    pub fn range(&self) -> Option<Range<usize>> {
        match &self.0 {
            Str::Lent { text, at } => at.map(|at| at..at + text.len()),
            Str::Assembled(_) => None,
        }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Text").field(&Size(self.len())).finish()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

/// How a connection ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// The code of the peer's Close frame; 1005 when it had none, 1006 when no frame came
    /// (RFC 6455 7.1.5).
    pub code: u16,
    /// The reason in the peer's Close frame (RFC 6455 7.1.6).
    pub reason: String,
    /// Whether both Close frames passed (RFC 6455 7.1.4).
    pub clean: bool,
    /// What ended it.
    pub cause: ClosedCause,
}

/// What ended a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClosedCause {
    /// Both Close frames passed.
    Handshake,
    /// The peer broke the protocol or a limit; a Close frame that says so was queued, unless one
    /// had been sent before.
    Peer(ProtocolError),
    /// The transport ended before the closing handshake was done.
    Transport,
    /// A deadline passed.
    Timeout(Timer),
    /// [`Sender::abort`](crate::Sender::abort) was called.
    Abort,
    /// There was no memory for what the peer sent, or for what is owed to it. A Close frame with
    /// 1011 was queued if there was memory for that.
    OutOfMemory,
}

/// A deadline of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Timer {
    /// The peer did not answer our Close frame:
    /// [`close_within`](crate::Config::close_within).
    Close,
    /// The peer was silent after a keepalive ping, and took no output either:
    /// [`pong_within`](crate::Config::pong_within).
    Pong,
}

impl Timer {
    /// What did not come in time.
    pub(crate) fn missed(self) -> &'static str {
        match self {
            Self::Close => "no answer to the close",
            Self::Pong => "no answer to a ping",
        }
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.missed())
    }
}
