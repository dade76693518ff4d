//! Messages as their senders have them: borrowed, or owned.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::event::Kind;

/// A binary payload to send: borrowed bytes are copied, owned ones may be queued by reference.
///
/// When sending is refused an owned payload is dropped; a clone of `Bytes` shares it.
#[derive(Clone, Debug)]
pub struct OutgoingBinary<'a>(pub(super) Body<'a>);

/// A text to send: a borrowed one is copied, an owned one may be queued by reference.
///
/// When sending is refused an owned text is dropped.
#[derive(Clone, Debug)]
pub struct OutgoingText<'a>(pub(super) Body<'a>);

impl OutgoingText<'_> {
    /// A text that is shared as bytes. That they are UTF-8 is the caller's to keep: they are not
    /// looked at.
    pub fn from_utf8_bytes(bytes: Bytes) -> Self {
        Self(Body::Shared(bytes))
    }
}

impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for OutgoingText<'a> {
    #[inline]
    fn from(text: &'a T) -> Self {
        Self(Body::Borrowed(text.as_ref().as_bytes()))
    }
}

impl From<String> for OutgoingText<'_> {
    fn from(text: String) -> Self {
        Self(Body::Shared(text.into()))
    }
}

impl From<Box<str>> for OutgoingText<'_> {
    fn from(text: Box<str>) -> Self {
        String::from(text).into()
    }
}

impl<'a> From<Cow<'a, str>> for OutgoingText<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

/// A message to send: one of many.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    pub(super) kind: Kind,
    pub(super) body: Body<'a>,
}

impl<'a> From<OutgoingText<'a>> for Outgoing<'a> {
    fn from(text: OutgoingText<'a>) -> Self {
        Self { kind: Kind::Text, body: text.0 }
    }
}

impl<'a> From<OutgoingBinary<'a>> for Outgoing<'a> {
    fn from(data: OutgoingBinary<'a>) -> Self {
        Self { kind: Kind::Binary, body: data.0 }
    }
}

/// A message, as its sender has it.
#[derive(Clone, Debug)]
pub(super) enum Body<'a> {
    Borrowed(&'a [u8]),
    Shared(Bytes),
}

impl Body<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    /// What lies behind the first `n` bytes.
    #[cfg(feature = "std")]
    pub(super) fn behind(&self, n: usize) -> Self {
        match self {
            Self::Borrowed(bytes) => Self::Borrowed(&bytes[n..]),
            Self::Shared(bytes) => Self::Shared(bytes.slice(n..)),
        }
    }
}

impl<'a> From<&'a [u8]> for OutgoingBinary<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(Body::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for OutgoingBinary<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self(Body::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for OutgoingBinary<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self(Body::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for OutgoingBinary<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Body::Shared(bytes.into()))
    }
}

impl From<Bytes> for OutgoingBinary<'_> {
    fn from(bytes: Bytes) -> Self {
        Self(Body::Shared(bytes))
    }
}
