//! A server's no: why, and the whole answer that says so.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::Bootstrap;
use super::fields::{self, FieldList, InvalidField};

/// Why a server does not open a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RefusalCause {
    /// The application's own reasons: [`Refusal::new`].
    Application,
    /// The bytes are not an HTTP/1.1 head (RFC 9112). 400.
    Syntax,
    /// The version of HTTP is unknown. 505.
    HttpVersion,
    /// HTTP/1.0 has no upgrade (RFC 9110 7.8). 400.
    Http10,
    /// The request line is over [`HeadLimits::max_line`](super::HeadLimits::max_line). 414.
    LineTooLong,
    /// The head is over [`HeadLimits::max_head`](super::HeadLimits::max_head). 431.
    HeadTooLong,
    /// There are more fields than [`HeadLimits::max_fields`](super::HeadLimits::max_fields). 431.
    TooManyFields,
    /// The head was not complete in time. 408.
    TimedOut,
    /// The stream ended inside the head. 400.
    UnexpectedEof,
    /// The method is neither `GET` nor an extended `CONNECT`. 405.
    Method,
    /// The target is no path and no absolute `http:` or `https:` address. 400.
    Target,
    /// `Host` is missing, repeated or malformed (RFC 9112 3.2). 400.
    Host,
    /// The request has, or may have, a body. 400.
    Body,
    /// `Upgrade` does not list `websocket`. 426.
    Upgrade,
    /// `Connection` does not list `Upgrade` (RFC 6455 4.2.2). 400.
    Connection,
    /// `Sec-WebSocket-Version` is missing, repeated or not a number up to 255. 400.
    VersionSyntax,
    /// `Sec-WebSocket-Version` is not 13. 426; 400 over HTTP/2 and HTTP/3.
    Version,
    /// `Sec-WebSocket-Key` is missing, repeated or not the base64 form of 16 bytes. 400.
    Key,
    /// `Origin` is repeated or not made of visible ASCII. 400.
    OriginSyntax,
    /// The policy does not allow the origin. 403.
    Origin,
    /// `Sec-WebSocket-Protocol` is not a list of 1 to 64 different tokens. 400.
    Subprotocols,
    /// `Sec-WebSocket-Extensions` breaks its grammar (RFC 6455 9.1). 400.
    Extensions,
    /// A `CONNECT` without `:protocol` is no WebSocket request (RFC 8441 4). 400.
    NoProtocol,
    /// `:protocol` is not `websocket`. 501.
    Protocol,
    /// A field that HTTP/2 and HTTP/3 forbid, as `Connection`, and as `TE` with another value than
    /// `trailers` (RFC 9113 8.2.2). 400, but see [`Refusal::is_malformed`].
    ConnectionField,
    /// Over HTTP/2 and HTTP/3 a name that is not a token in lower case, or a value with white space
    /// around it, a line end or NUL in it (RFC 9113 8.2.1). 400, but see
    /// [`Refusal::is_malformed`].
    FieldSyntax,
    /// A pseudo-field is repeated, unknown, behind other fields, or does not belong to the method,
    /// or `:path` is missing (RFC 9113 8.3, RFC 8441 4). 400, but see [`Refusal::is_malformed`].
    PseudoField,
    /// `:scheme` is missing, or neither `http` nor `https` (RFC 8441 4). 400, but see
    /// [`Refusal::is_malformed`].
    Scheme,
    /// `Host` names another server than `:authority` (RFC 9113 8.3.1). 400, but see
    /// [`Refusal::is_malformed`].
    Authority,
    /// The stream ended with the request, so nothing can be said on it: see
    /// [`Refusal::stream_ended`]. 400.
    StreamEnded,
    /// There was no memory for the request. 503.
    OutOfMemory,
}

impl RefusalCause {
    const fn status(self, how: Bootstrap) -> u16 {
        match (self, how) {
            (Self::Origin, _) => 403,
            (Self::Method, _) => 405,
            (Self::TimedOut, _) => 408,
            (Self::LineTooLong, _) => 414,
            (Self::Upgrade, _) | (Self::Version, Bootstrap::Upgrade) => 426,
            (Self::HeadTooLong | Self::TooManyFields, _) => 431,
            (Self::Protocol, _) => 501,
            (Self::OutOfMemory, _) => 503,
            (Self::HttpVersion, _) => 505,
            _ => 400,
        }
    }
}

impl fmt::Display for RefusalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Application => "refused by the application",
            Self::Syntax => "malformed request head",
            Self::HttpVersion => "unknown version of HTTP",
            Self::Http10 => "no upgrade from HTTP/1.0",
            Self::LineTooLong => "request line over the size limit",
            Self::HeadTooLong => "request head over the size limit",
            Self::TooManyFields => "too many header fields",
            Self::TimedOut => "request head not complete in time",
            Self::UnexpectedEof => "stream ended inside the request head",
            Self::Method => "method not allowed",
            Self::Target => "malformed request target",
            Self::Host => "missing, repeated or malformed Host",
            Self::Body => "opening handshake with a body",
            Self::Upgrade => "Upgrade without websocket",
            Self::Connection => "Connection without Upgrade",
            Self::VersionSyntax => "missing, repeated or malformed Sec-WebSocket-Version",
            Self::Version => "WebSocket version other than 13",
            Self::Key => "missing, repeated or malformed Sec-WebSocket-Key",
            Self::OriginSyntax => "repeated or malformed Origin",
            Self::Origin => "origin not allowed",
            Self::Subprotocols => "malformed Sec-WebSocket-Protocol",
            Self::Extensions => "malformed Sec-WebSocket-Extensions",
            Self::NoProtocol => "CONNECT without a protocol",
            Self::Protocol => "protocol other than websocket",
            Self::ConnectionField => "connection-specific header field",
            Self::FieldSyntax => "malformed header field",
            Self::PseudoField => "missing, repeated or misplaced pseudo-field",
            Self::Scheme => "scheme other than http and https",
            Self::Authority => "Host other than the authority",
            Self::StreamEnded => "stream ended with the request",
            Self::OutOfMemory => "out of memory",
        })
    }
}

/// The answer to a request that does not become a connection.
///
/// After it the server ends the transport; nothing that follows the request is read.
///
/// ```
/// use wspair::handshake::Refusal;
/// let refusal = Refusal::new(401)?.field("WWW-Authenticate", b"Basic")?;
/// let mut out = Vec::new();
/// refusal.write_response(&mut out);
/// assert!(out.starts_with(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    status: u16,
    cause: RefusalCause,
    fields: Vec<(Cow<'static, str>, Vec<u8>)>,
    content: Vec<u8>,
}

impl Refusal {
    /// Refuses for the application's own reasons: 401, 404, a redirect, a plain page.
    ///
    /// Fails for a status outside 200–599. Over HTTP/2 and HTTP/3 a status below 300 would open
    /// the connection.
    pub fn new(status: u16) -> Result<Self, InvalidStatus> {
        if !matches!(status, 200..=599) {
            return Err(InvalidStatus);
        }
        Ok(Self {
            status,
            cause: RefusalCause::Application,
            fields: Vec::new(),
            content: Vec::new(),
        })
    }

    /// The answer to an extended `CONNECT` whose stream the client ended along with its fields: by
    /// END_STREAM on HEADERS, over HTTP/3 by a FIN behind them. Nobody could talk on it.
    ///
    /// ```
    /// use wspair::handshake::{Fields, Refusal, Request};
    /// fn judge(fields: Fields<'_>, end_stream: bool) -> Result<Request<'_>, Refusal> {
    ///     match Request::from_pseudo_fields(fields)? {
    ///         _ if end_stream => Err(Refusal::stream_ended()),
    ///         request => Ok(request),
    ///     }
    /// }
    /// ```
    pub fn stream_ended() -> Self {
        Self::because(RefusalCause::StreamEnded, Bootstrap::ExtendedConnect)
    }

    /// Adds a field. Fails for what would break the answer apart, and for fields that the engine
    /// writes itself.
    pub fn field(mut self, name: &str, value: &[u8]) -> Result<Self, InvalidField> {
        fields::check(name, value)?;
        self.fields.push((Cow::Owned(name.to_string()), value.to_vec()));
        Ok(self)
    }

    /// Sets the content; its type is a [`field`](Self::field). Default none.
    #[must_use]
    pub fn body(mut self, content: impl Into<Vec<u8>>) -> Self {
        self.content = content.into();
        self
    }

    pub(super) fn because(cause: RefusalCause, how: Bootstrap) -> Self {
        let status = cause.status(how);
        let mut fields = Vec::new();
        let mut add = |name, value: &str| fields.push((Cow::Borrowed(name), value.into()));
        match (cause, how) {
            (RefusalCause::Method, Bootstrap::Upgrade) => add("Allow", "GET"),
            (RefusalCause::Method, Bootstrap::ExtendedConnect) => add("Allow", "CONNECT"),
            (RefusalCause::Version | RefusalCause::VersionSyntax, _) => {
                add("Sec-WebSocket-Version", "13");
            }
            _ => {}
        }
        // The request may have been HEAD, whose answer has no content.
        let content = if cause == RefusalCause::Method {
            Vec::new()
        } else {
            add("Content-Type", "text/plain; charset=utf-8");
            alloc::format!("{cause}\n").into_bytes()
        };
        Self { status, cause, fields, content }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What decided.
    pub fn cause(&self) -> RefusalCause {
        self.cause
    }

    /// The content of the answer: for refusals by the engine a line that names the rule.
    pub fn content(&self) -> &[u8] {
        if self.has_content() { &self.content } else { &[] }
    }

    /// Whether the request is malformed as HTTP/2 and HTTP/3 define it. The answer then is to
    /// reset the stream: `PROTOCOL_ERROR` (0x1) or `H3_MESSAGE_ERROR` (0x10e).
    pub fn is_malformed(&self) -> bool {
        matches!(
            self.cause,
            RefusalCause::ConnectionField
                | RefusalCause::FieldSyntax
                | RefusalCause::PseudoField
                | RefusalCause::Scheme
                | RefusalCause::Authority
        )
    }

    /// All fields of the answer, for a host that has another HTTP stack send it.
    ///
    /// Over HTTP/2 and HTTP/3 names are in lower case, and what these forbid is left out.
    pub fn fields(&self, how: Bootstrap) -> FieldList<'_> {
        let own = self.fields.iter();
        let mut fields: Vec<_> =
            own.filter_map(|(name, value)| fields::carried(how, name, value)).collect();
        if how == Bootstrap::Upgrade {
            // RFC 9110 15.5.22 and 7.8: 426 names what to upgrade to, and the option with it.
            let connection: &[u8] = if self.status == 426 {
                fields.push(("Upgrade".into(), b"websocket"[..].into()));
                b"Upgrade, close"
            } else {
                b"close"
            };
            fields.push(("Connection".into(), connection.into()));
        }
        if self.has_content() {
            let name = match how {
                Bootstrap::Upgrade => "Content-Length",
                Bootstrap::ExtendedConnect => "content-length",
            };
            let length: String = self.content.len().to_string();
            fields.push((name.into(), length.into_bytes().into()));
        }
        fields
    }

    /// Appends the answer as HTTP/1.1.
    pub fn write_response(&self, out: &mut Vec<u8>) {
        let line = alloc::format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        out.extend_from_slice(line.as_bytes());
        for (name, value) in self.fields(Bootstrap::Upgrade) {
            fields::write(&name, &value, out);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(self.content());
    }

    /// RFC 9110 8.6: 204 and 304 have no content.
    fn has_content(&self) -> bool {
        !matches!(self.status, 204 | 304)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.status)
    }
}

impl core::error::Error for Refusal {}

/// A status that no refusal can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidStatus;

impl fmt::Display for InvalidStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("status outside 200 to 599")
    }
}

impl core::error::Error for InvalidStatus {}

/// The phrase that goes with a status; it may be empty (RFC 9112 4).
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
