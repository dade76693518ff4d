//! A server's answer as the client checks it (RFC 6455 4.1, RFC 8441 5).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::accept::{accept_key, key};
use super::client_request::ClientRequest;
use super::fields::Fields;
use super::head::HeadError;
use super::{Bootstrap, DeflateOffer, DeflateParams, Negotiated, deflate, extensions, malformed};

/// A server's answer.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    status: u16,
    fields: Fields<'a>,
    body: &'a [u8],
}

impl<'a> Response<'a> {
    /// An answer that another HTTP stack parsed, for [`verify`](Self::verify).
    pub fn from_fields(status: u16, fields: Fields<'a>) -> Self {
        Self::new(status, fields, &[])
    }

    pub(super) fn new(status: u16, fields: Fields<'a>, body: &'a [u8]) -> Self {
        Self { status, fields, body }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of the first field of that name.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.get(name)
    }

    /// All fields.
    pub fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// The start of a refusal's body, as it came: a transfer coding is not undone. Empty when
    /// the answer opens the connection.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Checks the answer to a request that another HTTP stack sent, with the same nonce.
    ///
    /// [`Failure::Status`] is the server's plain no: 401, 404, a redirect.
    pub fn verify(
        &self,
        request: &ClientRequest,
        how: Bootstrap,
        nonce: [u8; 16],
    ) -> Result<Negotiated, Failure> {
        Expected::new(request, how, nonce).check(self)
    }
}

/// Why a client does not open a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The bytes are not an HTTP/1 head (RFC 9112).
    Syntax,
    /// An upgrade by HTTP/1.0.
    HttpVersion,
    /// The heads are over [`HeadLimits::max_head`](super::HeadLimits::max_head) or
    /// [`HeadLimits::max_line`](super::HeadLimits::max_line).
    HeadTooLong,
    /// There are more fields than [`HeadLimits::max_fields`](super::HeadLimits::max_fields).
    TooManyFields,
    /// There are more interim responses than
    /// [`HeadLimits::max_interim`](super::HeadLimits::max_interim).
    TooManyInterim,
    /// The head was not complete in time.
    TimedOut,
    /// The stream ended before the head was complete.
    UnexpectedEof,
    /// The status does not open a connection.
    Status,
    /// `Upgrade` is not `websocket`.
    Upgrade,
    /// `Connection` does not list `Upgrade`.
    Connection,
    /// `Sec-WebSocket-Accept` is missing, repeated, or does not answer the key.
    Accept,
    /// `Sec-WebSocket-Protocol` is repeated or not one of those offered.
    Subprotocol,
    /// None of the subprotocols was chosen, and
    /// [`require_subprotocol`](ClientRequest::require_subprotocol) is on.
    NoSubprotocol,
    /// `Sec-WebSocket-Extensions` breaks its grammar (RFC 6455 9.1).
    Extensions,
    /// An extension that was not offered.
    ExtensionNotOffered,
    /// permessage-deflate twice.
    ExtensionRepeated,
    /// A parameter of permessage-deflate is unknown, repeated or badly valued (RFC 7692 7.1).
    DeflateParameter,
    /// The answer about permessage-deflate does not keep to the offer (RFC 7692 7.1).
    DeflateTerms,
    /// The answer is malformed as HTTP/2 and HTTP/3 define it (RFC 9113 8.2 and 8.3): reset the
    /// stream with `PROTOCOL_ERROR` (0x1) or `H3_MESSAGE_ERROR` (0x10e).
    Malformed,
    /// There was no memory for the answer.
    OutOfMemory,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "malformed response head",
            Self::HttpVersion => "upgrade by HTTP/1.0",
            Self::HeadTooLong => "response head over the size limit",
            Self::TooManyFields => "too many header fields",
            Self::TooManyInterim => "too many interim responses",
            Self::TimedOut => "response head not complete in time",
            Self::UnexpectedEof => "stream ended before the response",
            Self::Status => "status does not open a connection",
            Self::Upgrade => "Upgrade other than websocket",
            Self::Connection => "Connection without Upgrade",
            Self::Accept => "missing, repeated or wrong Sec-WebSocket-Accept",
            Self::Subprotocol => "subprotocol that was not offered",
            Self::NoSubprotocol => "no subprotocol was chosen",
            Self::Extensions => "malformed Sec-WebSocket-Extensions",
            Self::ExtensionNotOffered => "extension that was not offered",
            Self::ExtensionRepeated => "extension answered twice",
            Self::DeflateParameter => "invalid parameter of permessage-deflate",
            Self::DeflateTerms => "permessage-deflate beyond what was offered",
            Self::Malformed => "malformed response fields",
            Self::OutOfMemory => "out of memory",
        })
    }
}

impl core::error::Error for Failure {}

impl From<HeadError> for Failure {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Syntax | HeadError::Version => Self::Syntax,
            HeadError::LineTooLong | HeadError::HeadTooLong => Self::HeadTooLong,
            HeadError::TooManyFields => Self::TooManyFields,
            HeadError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

/// What a client knows about the answer it waits for.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// `None` for an extended `CONNECT`.
    accept: Option<[u8; 28]>,
    subprotocols: Vec<String>,
    must_choose: bool,
    deflate: Option<DeflateOffer>,
}

impl Expected {
    pub(super) fn new(request: &ClientRequest, how: Bootstrap, nonce: [u8; 16]) -> Self {
        Self {
            accept: match how {
                Bootstrap::Upgrade => Some(accept_key(&key(nonce))),
                Bootstrap::ExtendedConnect => None,
            },
            subprotocols: request.subprotocols().to_vec(),
            must_choose: request.must_choose(),
            deflate: request.offered_deflate(),
        }
    }

    pub(super) fn check(&self, response: &Response<'_>) -> Result<Negotiated, Failure> {
        match self.accept {
            Some(accept) => check_upgrade(response, accept)?,
            None if malformed::check_response(&response.fields).is_err() => {
                return Err(Failure::Malformed);
            }
            None if !matches!(response.status, 200..=299) => return Err(Failure::Status),
            None => {}
        }
        let deflate = self.deflate(response)?;
        Ok(Negotiated { subprotocol: self.subprotocol(response)?, deflate })
    }

    fn deflate(&self, response: &Response<'_>) -> Result<Option<DeflateParams>, Failure> {
        let extensions = extensions::read(&response.fields).map_err(|_| Failure::Extensions)?;
        let is_offered = |name| self.deflate.is_some() && name == deflate::NAME.as_bytes();
        match (&*extensions, &self.deflate) {
            ([], _) => Ok(None),
            ([answer], Some(offer)) if is_offered(answer.name) => offer.check(answer).map(Some),
            (answers, _) if answers.iter().all(|answer| is_offered(answer.name)) => {
                Err(Failure::ExtensionRepeated)
            }
            _ => Err(Failure::ExtensionNotOffered),
        }
    }

    fn subprotocol(&self, response: &Response<'_>) -> Result<Option<String>, Failure> {
        let chosen = response.fields.single("Sec-WebSocket-Protocol");
        match chosen.map_err(|_| Failure::Subprotocol)? {
            Some(chosen) => self
                .subprotocols
                .iter()
                .find(|offered| offered.as_bytes() == chosen)
                .map(|chosen| Some(chosen.clone()))
                .ok_or(Failure::Subprotocol),
            None if self.must_choose && !self.subprotocols.is_empty() => {
                Err(Failure::NoSubprotocol)
            }
            None => Ok(None),
        }
    }
}

/// RFC 6455 4.1, the client's checks 1 to 4.
fn check_upgrade(response: &Response<'_>, accept: [u8; 28]) -> Result<(), Failure> {
    let fields = &response.fields;
    if response.status != 101 {
        return Err(Failure::Status);
    }
    match fields.single("Upgrade") {
        Ok(Some(upgrade)) if upgrade.eq_ignore_ascii_case(b"websocket") => {}
        _ => return Err(Failure::Upgrade),
    }
    if !fields.lists("Connection", "Upgrade") {
        return Err(Failure::Connection);
    }
    match fields.single("Sec-WebSocket-Accept") {
        Ok(Some(answer)) if *answer == accept => Ok(()),
        _ => Err(Failure::Accept),
    }
}
