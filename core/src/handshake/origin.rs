//! Which web pages may connect (RFC 6455 10.2).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::address::Authority;

/// The origins whose pages may connect.
///
/// A browser sends its user's cookies along with whatever page's request, so a server that trusts
/// cookies has to name the pages it trusts. Scheme, host and port compare as a whole: scheme and
/// host without case, IPv6 addresses however they are written, a port that is left out as the
/// scheme's own. `null` is never allowed.
///
/// ```
/// use wspair::handshake::Origins;
/// let origins = Origins::new(["https://example.org"])?;
/// assert!(origins.allow(Some("https://EXAMPLE.org:443")));
/// assert!(!origins.allow(Some("http://example.org")));
/// assert!(origins.allow(None));
/// # Ok::<(), wspair::handshake::InvalidOrigin>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origins {
    allowed: Vec<Origin>,
    missing: bool,
}

impl Origins {
    /// Allows these origins, each written `scheme://host` or `scheme://host:port`, and requests
    /// without one.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for what is no origin.
    pub fn new<'a>(allowed: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidOrigin> {
        let allowed = allowed
            .into_iter()
            .map(|origin| Origin::parse(origin).ok_or(InvalidOrigin))
            .collect::<Result<_, _>>()?;
        Ok(Self { allowed, missing: true })
    }

    /// Whether a request without an origin may connect: other programs than browsers often send
    /// none. Default yes.
    #[must_use]
    pub fn missing(mut self, allowed: bool) -> Self {
        self.missing = allowed;
        self
    }

    /// Whether a request with this origin may connect.
    pub fn allow(&self, origin: Option<&str>) -> bool {
        match origin {
            Some(origin) => {
                Origin::parse(origin).is_some_and(|origin| self.allowed.contains(&origin))
            }
            None => self.missing,
        }
    }
}

/// An origin to allow is not of the form `scheme://host` or `scheme://host:port`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidOrigin;

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("origin is not a scheme, a host and at most a port")
    }
}

impl core::error::Error for InvalidOrigin {}

/// An origin in the form that compares.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        if scheme.is_empty() || !scheme.bytes().all(is_scheme_byte) {
            return None;
        }
        let authority = Authority::parse(authority).ok()?;
        let scheme = scheme.to_ascii_lowercase();
        let default_port = match scheme.as_str() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        };
        Some(Self { scheme, host: authority.normal_host(), port: authority.port.or(default_port) })
    }
}
