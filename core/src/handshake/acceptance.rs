//! A server's yes: what it agrees to, and the answer that opens the connection.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::fields::{self, FieldList, InvalidField};
use super::{Bootstrap, DeflateDecline, DeflatePolicy, Negotiated, Origins, Refusal};
use crate::deflate::DeflateConfig;

/// What a server agrees to. The default agrees to all origins and to no extension.
///
/// ```
/// use wspair::handshake::{Origins, Policy};
/// let mut policy = Policy::default();
/// policy.origins = Some(Origins::new(["https://example.org"])?);
/// # Ok::<(), wspair::handshake::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Policy {
    /// The origins whose pages may connect. Default `None`: all, which is right only for a
    /// service that does not rely on what a browser sends by itself, as cookies.
    pub origins: Option<Origins>,
    /// How to agree to permessage-deflate. Default `None`: not at all. To be set only when the
    /// connection has a compressor.
    pub deflate: Option<DeflatePolicy>,
}

crate::setters::setters! {
    Policy {
        with_origins: origins = impl Into<Option<Origins>>,
        with_deflate: deflate = impl Into<Option<DeflatePolicy>>,
    }
}

impl Policy {
    /// The policy of a server whose connections compress as `deflate` says: without a
    /// [codec](DeflateConfig::has_codec) they can't, and it is not agreed on.
    pub fn for_codec(&self, deflate: &DeflateConfig) -> Cow<'_, Self> {
        if self.deflate.is_none() || deflate.has_codec() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(self.clone().with_deflate(None))
    }
}

/// The answer that opens a connection, and what was agreed.
///
/// Written out with [`write_response`](Self::write_response), or sent by another HTTP stack from
/// its parts.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Acceptance {
    /// 101, or 200 for an extended `CONNECT`.
    pub status: u16,
    /// The fields of the answer; over HTTP/2 and HTTP/3 their names are in lower case.
    pub fields: Vec<(&'static str, String)>,
    /// What the connection is made with.
    pub agreed: Negotiated,
    /// Why permessage-deflate is not used though the client offered it: what stood against the
    /// first of its offers.
    pub deflate_declined: Option<DeflateDecline>,
}

impl Acceptance {
    /// The fields of the answer and further ones of the caller, for another HTTP stack to send.
    ///
    /// Over HTTP/2 and HTTP/3 names are in lower case, and what these forbid is left out. Fails as
    /// [`write_response`](Self::write_response) does.
    pub fn fields_with<'a>(
        &'a self,
        extra: &[(&'a str, &'a [u8])],
    ) -> Result<FieldList<'a>, InvalidField> {
        for (name, value) in extra {
            fields::check(name, value)?;
        }
        let how = match self.status {
            101 => Bootstrap::Upgrade,
            _ => Bootstrap::ExtendedConnect,
        };
        let own = self.fields.iter().map(|(name, value)| (*name, value.as_bytes()));
        let all = own.chain(extra.iter().copied());
        Ok(all.filter_map(|(name, value)| fields::carried(how, name, value)).collect())
    }

    /// Appends the answer as HTTP/1.1, with further fields of the caller.
    ///
    /// Fails for a further field that would break the answer apart, or that the engine writes
    /// itself; then nothing is appended. An extended `CONNECT` is not answered this way.
    pub fn write_response(
        &self,
        extra: &[(&str, &[u8])],
        out: &mut Vec<u8>,
    ) -> Result<(), InvalidField> {
        for (name, value) in extra {
            fields::check(name, value)?;
        }
        let lines = self.fields.iter().map(|(name, value)| name.len() + value.len() + 4);
        let extra_lines = extra.iter().map(|(name, value)| name.len() + value.len() + 4);
        out.reserve(STATUS_LINE.len() + 2 + lines.chain(extra_lines).sum::<usize>());
        out.extend_from_slice(STATUS_LINE);
        for (name, value) in &self.fields {
            fields::write(name, value.as_bytes(), out);
        }
        for (name, value) in extra {
            fields::write(name, value, out);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

const STATUS_LINE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n";

/// Why a request was not accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AcceptError {
    /// The policy says no. The client has to be told.
    Refused(Refusal),
    /// The caller chose a subprotocol that the client did not offer: a mistake of the server, not
    /// of the client. The request can still be accepted.
    NotOffered,
}

impl From<Refusal> for AcceptError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotOffered => f.write_str("subprotocol was not offered"),
        }
    }
}

impl core::error::Error for AcceptError {}
