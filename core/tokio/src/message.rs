//! Messages, as they are sent and received.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::Bytes;
use bytestring::ByteString;
use wspair::{CloseCode, Compression, Connection, Event, OutgoingText, SendError};

/// What a WebSocket carries: a whole message, or a control frame.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping, up to 125 bytes. One that is received was answered already.
    Ping(Bytes),
    /// A pong, up to 125 bytes. The answers to keepalive's own pings are received, too.
    Pong(Bytes),
    /// A Close frame. One that is received was answered already; to send one is to
    /// [`close`](crate::Sender::close) without waiting.
    Close(Option<CloseFrame>),
}

/// Code and reason of a Close frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloseFrame {
    /// The code.
    pub code: CloseCode,
    /// The reason, up to 123 bytes.
    pub reason: Utf8Bytes,
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    pub fn binary(data: impl Into<Bytes>) -> Self {
        Self::Binary(data.into())
    }

    /// Whether it is text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it is binary.
    pub fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Whether it is a ping, a pong or a Close frame.
    pub fn is_control(&self) -> bool {
        !self.is_text() && !self.is_binary()
    }

    /// The text of a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The payload; of a Close frame the reason.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data,
            Self::Close(frame) => frame.as_ref().map_or(&[], |frame| frame.reason.as_bytes()),
        }
    }

    /// Takes the payload; of a Close frame the reason.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data,
            Self::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
        }
    }

    /// How many bytes the payload has.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether the payload is empty.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl Message {
    /// What an event of the engine brings, if it is a message.
    pub(crate) fn of(event: Event<'_>) -> Option<Self> {
        match event {
            Event::Text(text) => Some(Self::text(text.into_string())),
            Event::Binary(data) => Some(Self::binary(data.into_vec())),
            Event::Ping(payload) => Some(Self::Ping(Bytes::copy_from_slice(payload))),
            Event::Pong(payload) => Some(Self::Pong(Bytes::copy_from_slice(payload))),
            Event::PeerClosing(frame) => Some(Self::Close(frame.code.map(|code| {
                let reason = frame.reason.into();
                CloseFrame { code, reason }
            }))),
            _ => None,
        }
    }

    /// Queues it, by reference from `share_from` bytes on.
    pub(crate) fn send(
        &self,
        conn: &mut Connection,
        compression: Compression,
        share_from: usize,
    ) -> Result<(), SendError> {
        let mut sender = conn.sender().with_compression(compression);
        match self {
            Self::Text(text) if text.len() >= share_from => {
                sender.send_text(OutgoingText::from_utf8_bytes(text.clone().into()))
            }
            Self::Text(text) => sender.send_text(text),
            Self::Binary(data) if data.len() >= share_from => sender.send_binary(data.clone()),
            Self::Binary(data) => sender.send_binary(&data[..]),
            Self::Ping(payload) => sender.send_ping(payload),
            Self::Pong(payload) => sender.send_pong(payload),
            Self::Close(None) => sender.close(None, ""),
            Self::Close(Some(frame)) => sender.close(Some(frame.code), &frame.reason),
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(data))
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Self {
        Self::Binary(data.into())
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Self {
        Self::Binary(data)
    }
}

/// Shared bytes that are UTF-8: a `str` that is cloned for the price of a counter.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Utf8Bytes(ByteString);

impl Utf8Bytes {
    /// Text that lives as long as the program, without a copy.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Utf8Bytes {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Utf8Bytes {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Utf8Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Borrow<str> for Utf8Bytes {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Utf8Bytes {
    /// Without a copy.
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Utf8Bytes> for String {
    fn from(text: Utf8Bytes) -> Self {
        text.0.into()
    }
}

impl From<Utf8Bytes> for Bytes {
    /// Without a copy.
    fn from(text: Utf8Bytes) -> Self {
        text.0.into_bytes()
    }
}

impl TryFrom<Bytes> for Utf8Bytes {
    type Error = Utf8Error;

    /// Without a copy, once it is checked.
    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        ByteString::try_from(bytes).map(Self)
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Utf8Bytes {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}
