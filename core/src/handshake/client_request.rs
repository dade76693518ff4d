//! What a client asks for (RFC 6455 4.1, RFC 8441 4).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::accept::key;
use super::address::{Address, Authority, InvalidAddress};
use super::fields::{self, FieldList, InvalidField};
use super::{Bootstrap, DeflateOffer};
use crate::deflate::DeflateConfig;

/// A request to open a connection. Always valid: what it is built from is checked at once.
///
/// ```
/// use wspair::handshake::ClientRequest;
/// let request = ClientRequest::new("wss://example.org/chat")?
///     .subprotocol("chat.v2")?
///     .subprotocol("chat.v1")?
///     .field("Authorization", b"Bearer token")?;
/// assert_eq!(request.address().port(), 443);
/// # Ok::<(), wspair::handshake::InvalidRequest>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientRequest {
    address: Address,
    host: Option<String>,
    origin: Option<Vec<u8>>,
    subprotocols: Vec<String>,
    extra: Vec<(String, Vec<u8>)>,
    must_choose: bool,
    deflate: Option<DeflateOffer>,
}

impl ClientRequest {
    /// A request to the server at a `ws:` or `wss:` address.
    ///
    /// # Errors
    /// [`InvalidRequest::Address`] for another scheme, a fragment, or what is no address.
    pub fn new(address: &str) -> Result<Self, InvalidRequest> {
        Ok(Self {
            address: Address::parse(address)?,
            host: None,
            origin: None,
            subprotocols: Vec::new(),
            extra: Vec::new(),
            must_choose: false,
            deflate: None,
        })
    }

    /// Offers a subprotocol, liked less than those before it.
    ///
    /// Fails for what is not a token, and for one that is offered already.
    pub fn subprotocol(mut self, name: &str) -> Result<Self, InvalidRequest> {
        if !fields::is_token(name.as_bytes()) {
            return Err(InvalidRequest::Subprotocol);
        }
        if self.subprotocols.iter().any(|offered| offered == name) {
            return Err(InvalidRequest::RepeatedSubprotocol);
        }
        self.subprotocols.push(name.into());
        Ok(self)
    }

    /// Fails the handshake when subprotocols were offered and the server chose none, as browsers
    /// do. Default off: RFC 6455 4.1 lets the connection open.
    #[must_use]
    pub fn require_subprotocol(mut self, required: bool) -> Self {
        self.must_choose = required;
        self
    }

    /// Adds a field. `Host` and `Origin` replace what was set before.
    ///
    /// Fails for what would break the request apart, and for fields that the engine writes itself.
    pub fn field(mut self, name: &str, value: &[u8]) -> Result<Self, InvalidRequest> {
        fields::check(name, value)?;
        if name.eq_ignore_ascii_case("Host") {
            let host = core::str::from_utf8(fields::trim(value));
            let host = host.map_err(|_| InvalidAddress::Host)?;
            Authority::parse(host)?;
            self.host = Some(host.into());
        } else if name.eq_ignore_ascii_case("Origin") {
            self.origin = Some(fields::trim(value).into());
        } else {
            self.extra.push((name.into(), value.into()));
        }
        Ok(self)
    }

    /// Names the origin on whose behalf the client asks. Default none.
    ///
    /// # Errors
    /// As [`field`](Self::field).
    pub fn origin(self, origin: &str) -> Result<Self, InvalidRequest> {
        self.field("Origin", origin.as_bytes())
    }

    /// Offers permessage-deflate; `None`, the default, does not. To be offered only when the
    /// connection [has a codec](crate::deflate::DeflateConfig::has_codec).
    ///
    /// Whether the server agreed is in [`Negotiated::deflate`](super::Negotiated::deflate). A
    /// client that insists on it closes with
    /// [`EXTENSION_REQUIRED`](crate::CloseCode::EXTENSION_REQUIRED) otherwise.
    #[must_use]
    pub fn deflate(mut self, offer: impl Into<Option<DeflateOffer>>) -> Self {
        self.deflate = offer.into();
        self
    }

    /// The request for a connection that compresses as `deflate` says: without a
    /// [codec](DeflateConfig::has_codec) it can't, and it is not offered.
    #[must_use]
    pub fn for_codec(mut self, deflate: &DeflateConfig) -> Self {
        self.deflate = self.deflate.filter(|_| deflate.has_codec());
        self
    }

    /// Where to connect to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The request as fields, for another HTTP stack to send.
    ///
    /// For an extended `CONNECT` pseudo-fields come first, names are in lower case, what HTTP/2 and
    /// HTTP/3 forbid is left out, and the nonce is not used. Otherwise the method is `GET` and the
    /// target [`Address::target`].
    ///
    /// `nonce` must be unpredictable and used once. The answer is checked with
    /// [`Response::verify`](super::Response::verify).
    ///
    /// ```
    /// use wspair::handshake::{Bootstrap, ClientRequest};
    /// let request = ClientRequest::new("wss://example.org/chat")?;
    /// let fields = request.fields(Bootstrap::ExtendedConnect, [0; 16]);
    /// assert!(fields.contains(&(":protocol".into(), b"websocket"[..].into())));
    /// # Ok::<(), wspair::handshake::InvalidRequest>(())
    /// ```
    pub fn fields(&self, how: Bootstrap, nonce: [u8; 16]) -> FieldList<'_> {
        let mut list = RequestFields { how, fields: Vec::new() };
        let authority = self.host.as_deref().unwrap_or(self.address.authority());
        match how {
            Bootstrap::Upgrade => {
                list.add("Host", authority.as_bytes());
                list.add("Upgrade", &b"websocket"[..]);
                list.add("Connection", &b"Upgrade"[..]);
                list.add("Sec-WebSocket-Key", key(nonce).to_vec());
            }
            Bootstrap::ExtendedConnect => {
                let scheme: &[u8] = if self.address.is_secure() { b"https" } else { b"http" };
                list.add(":method", &b"CONNECT"[..]);
                list.add(":protocol", &b"websocket"[..]);
                list.add(":scheme", scheme);
                list.add(":path", self.address.target().as_bytes());
                list.add(":authority", authority.as_bytes());
            }
        }
        list.add("Sec-WebSocket-Version", &b"13"[..]);
        if let Some(origin) = &self.origin {
            list.add("Origin", &**origin);
        }
        if !self.subprotocols.is_empty() {
            list.add("Sec-WebSocket-Protocol", self.subprotocols.join(", ").into_bytes());
        }
        if let Some(offer) = &self.deflate {
            list.add("Sec-WebSocket-Extensions", offer.write().into_bytes());
        }
        let extra = self.extra.iter();
        list.fields.extend(extra.filter_map(|(name, value)| fields::carried(how, name, value)));
        list.fields
    }

    pub(super) fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    pub(super) fn must_choose(&self) -> bool {
        self.must_choose
    }

    pub(super) fn offered_deflate(&self) -> Option<DeflateOffer> {
        self.deflate
    }

    /// Appends the request as HTTP/1.1.
    pub(super) fn write(&self, nonce: [u8; 16], out: &mut Vec<u8>) {
        out.extend_from_slice(b"GET ");
        out.extend_from_slice(self.address.target().as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
        for (name, value) in self.fields(Bootstrap::Upgrade, nonce) {
            fields::write(&name, &value, out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Fields in the case that their carrier wants.
struct RequestFields<'a> {
    how: Bootstrap,
    fields: FieldList<'a>,
}

impl<'a> RequestFields<'a> {
    fn add(&mut self, name: &'a str, value: impl Into<Cow<'a, [u8]>>) {
        let name = match self.how {
            Bootstrap::Upgrade => name.into(),
            Bootstrap::ExtendedConnect => name.to_ascii_lowercase().into(),
        };
        self.fields.push((name, value.into()));
    }
}

/// Why a request cannot be made. Nothing was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// The address, or a `Host` field, is not valid.
    Address(InvalidAddress),
    /// A field is not valid.
    Field(InvalidField),
    /// A subprotocol is not a token.
    Subprotocol,
    /// A subprotocol is offered twice.
    RepeatedSubprotocol,
}

impl From<InvalidAddress> for InvalidRequest {
    fn from(error: InvalidAddress) -> Self {
        Self::Address(error)
    }
}

impl From<InvalidField> for InvalidRequest {
    fn from(error: InvalidField) -> Self {
        Self::Field(error)
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::Field(error) => error.fmt(f),
            Self::Subprotocol => f.write_str("subprotocol is not a token"),
            Self::RepeatedSubprotocol => f.write_str("subprotocol is offered twice"),
        }
    }
}

impl core::error::Error for InvalidRequest {}
