//! WebSocket addresses (RFC 6455 3) and authorities (RFC 3986 3.2).

use alloc::string::String;
use core::fmt;
use core::net::Ipv6Addr;

use super::fields::is_host_byte;

/// Where a client connects to: a parsed `ws:` or `wss:` address.
///
/// ```
/// use wspair::handshake::Address;
/// let address = Address::parse("wss://me:secret@[::1]:8443/chat?room=1")?;
/// assert!(address.is_secure());
/// assert_eq!((address.host(), address.port()), ("::1", 8443));
/// assert_eq!(address.authority(), "[::1]:8443");
/// assert_eq!(address.target(), "/chat?room=1");
/// assert_eq!(address.user_info(), Some("me:secret"));
/// # Ok::<(), wspair::handshake::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Address {
    secure: bool,
    authority: String,
    port: Option<u16>,
    target: String,
    user_info: Option<String>,
}

impl Address {
    /// Parses an address. Only the characters of RFC 3986 in the authority, and visible ASCII
    /// after it, are taken: anything else has to be percent-encoded, or in punycode, before.
    ///
    /// Fails for a scheme other than `ws` and `wss`, a fragment, or an authority or port that
    /// does not parse.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidAddress::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidAddress::Scheme)?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ => return Err(InvalidAddress::Scheme),
        };
        if rest.contains('#') {
            return Err(InvalidAddress::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(end);
        let (user_info, authority) = match authority.split_once('@') {
            Some((user_info, authority)) => (Some(user_info), authority),
            None => (None, authority),
        };
        if !user_info.unwrap_or_default().bytes().all(is_user_info_byte) {
            return Err(InvalidAddress::Character);
        }
        let Authority { host, port } = Authority::parse(authority)?;
        let port = port.filter(|port| *port != default_port(secure));
        Ok(Self {
            secure,
            authority: match port {
                Some(port) => alloc::format!("{host}:{port}"),
                None => host.into(),
            },
            port,
            target: resource_name(resource),
            user_info: user_info.map(Into::into),
        })
    }

    /// Whether the connection goes through TLS: `wss`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        let host = Authority::split(&self.authority).0;
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port to connect to. Without one in the address 443 for `wss`, 80 for `ws`.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(default_port(self.secure))
    }

    /// Host and port as the `Host` field has them: a default port is left out.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query, as the request line has them. Starts with a slash.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What stood before the `@`, still percent-encoded. It is never sent by the engine: making
    /// an `Authorization` field of it is the caller's choice.
    pub fn user_info(&self) -> Option<&str> {
        self.user_info.as_deref()
    }
}

/// Why an address is not a WebSocket address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// A space, a control character, one outside ASCII, or one that does not belong there.
    Character,
    /// There is a fragment (RFC 6455 3).
    Fragment,
    /// The host is missing or malformed.
    Host,
    /// The port is not a number from 0 to 65535.
    Port,
    /// The scheme is neither `ws` nor `wss`.
    Scheme,
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Character => "address holds a character that has to be encoded",
            Self::Fragment => "address has a fragment",
            Self::Host => "address has no valid host",
            Self::Port => "address has no valid port",
            Self::Scheme => "address is neither ws nor wss",
        })
    }
}

impl core::error::Error for InvalidAddress {}

/// A host, in brackets when it is an IPv6 address, and a port if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authority<'a> {
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Parses `host [":" port]`. The port may be empty (RFC 3986 3.2.3).
    pub(super) fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        let (host, port) = Self::split(text);
        let is_host = match host.strip_prefix('[') {
            Some(v6) => v6.strip_suffix(']').is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok()),
            None => !host.is_empty() && host.bytes().all(is_host_byte),
        };
        if !is_host {
            return Err(InvalidAddress::Host);
        }
        let port = match port {
            None | Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().map_err(|_| InvalidAddress::Port)?)
            }
            Some(_) => return Err(InvalidAddress::Port),
        };
        Ok(Self { host, port })
    }

    /// The host in the one form that compares (RFC 3986 6.2.2, RFC 5952).
    pub(super) fn normal_host(self) -> String {
        match self.host.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
            Ok(v6) => alloc::format!("[{v6}]"),
            Err(_) => self.host.to_ascii_lowercase(),
        }
    }

    #[inline(never)]
    fn split(text: &str) -> (&str, Option<&str>) {
        // Byte by byte: a host is too short for the search of a text to pay.
        let bytes = text.as_bytes();
        let bracket = bytes.iter().rposition(|byte| *byte == b']').unwrap_or(0);
        match bytes[bracket..].iter().position(|byte| *byte == b':') {
            Some(colon) => (&text[..bracket + colon], Some(&text[bracket + colon + 1..])),
            None => (text, None),
        }
    }
}

const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// RFC 6455 3: the path, `/` when it is empty, and the query unless that is empty. The first `?`
/// begins the query; those behind it are part of it (RFC 3986 3.4).
fn resource_name(resource: &str) -> String {
    let resource = match resource.split_once('?') {
        Some((path, "")) => path,
        _ => resource,
    };
    match resource.as_bytes().first() {
        Some(b'/') => resource.into(),
        _ => alloc::format!("/{resource}"),
    }
}

const fn is_user_info_byte(byte: u8) -> bool {
    byte == b':' || is_host_byte(byte)
}
