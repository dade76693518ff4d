//! A client's request as the server sees it: checked, then accepted (RFC 6455 4.2).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::accept::{accept_key, is_key};
use super::acceptance::{AcceptError, Acceptance, Policy};
use super::address::Authority;
use super::fields::{self, Fields};
use super::known::{Known, Places, Single};
use super::refusal::{Refusal, RefusalCause};
use super::{Bootstrap, DeflateDecline, Negotiated, deflate, extensions, malformed};
use crate::simd;

/// A valid opening handshake, whatever version of HTTP carried it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    how: Bootstrap,
    target: Cow<'a, str>,
    /// The authority in the target, if there is one.
    absolute: Option<&'a str>,
    fields: Fields<'a>,
    places: Places,
}

impl<'a> Request<'a> {
    /// Checks a request that another HTTP stack parsed.
    ///
    /// For [`Bootstrap::Upgrade`] the stack has made sure of HTTP/1.1. For
    /// [`Bootstrap::ExtendedConnect`] the target is `:path`, and `:protocol`, `:scheme` and
    /// `:authority` are among the fields, before all others. A request whose stream ended with its
    /// fields is refused by the host: see [`Refusal::stream_ended`].
    ///
    /// The first broken rule decides: what HTTP/2 and HTTP/3 call malformed, then method, target,
    /// `Host`, body, `Upgrade`, `Connection`, version, key, `Origin`, subprotocols, extensions.
    ///
    /// ```
    /// use wspair::handshake::{Bootstrap, Fields, Request};
    /// let fields = [
    ///     (":protocol", &b"websocket"[..]),
    ///     (":scheme", b"https"),
    ///     (":authority", b"example.org"),
    ///     ("sec-websocket-version", b"13"),
    /// ];
    /// let fields = Fields::from(&fields);
    /// let request = Request::from_fields(Bootstrap::ExtendedConnect, "CONNECT", "/chat", fields)?;
    /// assert_eq!(request.authority(), "example.org");
    /// # Ok::<(), wspair::handshake::Refusal>(())
    /// ```
    pub fn from_fields(
        how: Bootstrap,
        method: &str,
        target: &'a str,
        fields: Fields<'a>,
    ) -> Result<Self, Refusal> {
        let mut request = Self::read(how, target, fields, Places::default());
        match request.check(method) {
            Ok(places) => {
                request.places = places;
                Ok(request)
            }
            Err(cause) => Err(Refusal::because(cause, how)),
        }
    }

    /// As [`from_fields`](Self::from_fields) for an extended `CONNECT` whose `:method` and `:path`
    /// are among the fields too.
    pub fn from_pseudo_fields(fields: Fields<'a>) -> Result<Self, Refusal> {
        let text = |name| core::str::from_utf8(fields.get(name)?).ok();
        let method = text(":method").unwrap_or_default();
        let target = text(":path").unwrap_or_default();
        Self::from_fields(Bootstrap::ExtendedConnect, method, target, fields)
    }

    /// Splits a request into its parts without judging them. `places` are those that judging it
    /// gave, if it was.
    pub(super) fn read(
        how: Bootstrap,
        target: &'a str,
        fields: Fields<'a>,
        places: Places,
    ) -> Self {
        let (absolute, target) = match how {
            Bootstrap::Upgrade => split_target(target),
            Bootstrap::ExtendedConnect => (None, target.into()),
        };
        Self { how, target, absolute, fields, places }
    }

    pub(super) fn check(&self, method: &str) -> Result<Places, RefusalCause> {
        match self.how {
            Bootstrap::Upgrade if method != "GET" => return Err(RefusalCause::Method),
            Bootstrap::Upgrade => {}
            Bootstrap::ExtendedConnect => self.check_connect(method)?,
        }
        let known = Known::of(&self.fields);
        self.check_target(known.host)?;
        // The bytes of a body would be read as frames.
        if known.has_body {
            return Err(RefusalCause::Body);
        }
        if self.how == Bootstrap::Upgrade {
            if !known.upgrade {
                return Err(RefusalCause::Upgrade);
            }
            if !known.connection {
                return Err(RefusalCause::Connection);
            }
        }
        check_version(known.version)?;
        if self.how == Bootstrap::Upgrade {
            match known.key {
                Single::Once(key) if is_key(key) => {}
                _ => return Err(RefusalCause::Key),
            }
        }
        match known.origin {
            Single::Absent => {}
            // One that is not text would look as if it were missing.
            Single::Once(origin) if origin.iter().all(|byte| matches!(byte, b' '..=b'~')) => {}
            _ => return Err(RefusalCause::OriginSyntax),
        }
        if known.has_subprotocols {
            self.check_subprotocols()?;
        }
        if !known.extensions.is_sound() {
            return Err(RefusalCause::Extensions);
        }
        Ok(known.places)
    }

    /// RFC 8441 4 and 5.
    fn check_connect(&self, method: &str) -> Result<(), RefusalCause> {
        malformed::check_request(&self.fields, method, &self.target)?;
        if method != "CONNECT" {
            return Err(RefusalCause::Method);
        }
        match self.fields.get(":protocol") {
            None => Err(RefusalCause::NoProtocol),
            Some(protocol) if protocol.eq_ignore_ascii_case(b"websocket") => Ok(()),
            Some(_) => Err(RefusalCause::Protocol),
        }
    }

    fn check_target(&self, host: Single<'_>) -> Result<(), RefusalCause> {
        let target = self.target.as_bytes();
        let is_target_byte = |byte: &u8| byte.is_ascii_graphic() && *byte != b'#';
        if target.first() != Some(&b'/') || !target.iter().all(is_target_byte) {
            return Err(RefusalCause::Target);
        }
        // RFC 9112 3.2: one Host, and a valid one, even when the target has an authority too.
        match host {
            Single::Once(host) if is_authority(host) => {}
            Single::Absent if self.how == Bootstrap::ExtendedConnect => {}
            _ => return Err(RefusalCause::Host),
        }
        let is_host = self.how == Bootstrap::Upgrade && self.absolute.is_none();
        if is_host || is_authority(self.authority().as_bytes()) {
            Ok(())
        } else {
            Err(RefusalCause::Host)
        }
    }

    fn check_subprotocols(&self) -> Result<(), RefusalCause> {
        let mut seen: Vec<&[u8]> = Vec::new();
        for name in self.fields.all(SUBPROTOCOL[0]).flat_map(fields::elements) {
            if seen.len() == MAX_SUBPROTOCOLS || !fields::is_token(name) || seen.contains(&name) {
                return Err(RefusalCause::Subprotocols);
            }
            seen.push(name);
        }
        if seen.is_empty() { Err(RefusalCause::Subprotocols) } else { Ok(()) }
    }

    /// Path and query. Starts with a slash; still percent-encoded.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The host, and the port if there is one, that the client asked for. An authority in the
    /// target wins over `Host` (RFC 9112 3.2.2).
    pub fn authority(&self) -> &'a str {
        let of_fields = || match self.how {
            Bootstrap::Upgrade => self.fields.get("Host"),
            Bootstrap::ExtendedConnect => self.fields.get(":authority").or(self.fields.get("Host")),
        };
        let text = || simd::from_utf8(of_fields()?).ok();
        self.absolute.or_else(text).unwrap_or_default()
    }

    /// The origin of the page that asks. Programs other than browsers often send none.
    pub fn origin(&self) -> Option<&'a str> {
        core::str::from_utf8(self.fields.get("Origin")?).ok()
    }

    /// The subprotocols the client speaks, the one it likes best first. At most 64.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> {
        self.fields.all(SUBPROTOCOL[0]).flat_map(fields::elements).filter_map(fields::token)
    }

    /// The first of `spoken` that the client offers: the order is the server's. `None` where there is
    /// none, which opens the connection without a subprotocol.
    ///
    /// ```
    /// # use wspair::handshake::{AcceptError, Acceptance, Policy, Request};
    /// fn accept(request: &Request<'_>) -> Result<Acceptance, AcceptError> {
    ///     request.accept(&Policy::default(), request.choose_subprotocol(&["chat.v2", "chat.v1"]))
    /// }
    /// ```
    pub fn choose_subprotocol<'s, S: AsRef<str>>(&self, spoken: &'s [S]) -> Option<&'s str> {
        let is_offered = |name: &&str| self.subprotocols().any(|offered| offered == *name);
        spoken.iter().map(AsRef::as_ref).find(is_offered)
    }

    /// The value of the first field of that name.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.get(name)
    }

    /// All fields.
    pub fn fields(&self) -> &Fields<'a> {
        &self.fields
    }

    /// How the connection is started.
    pub fn bootstrap(&self) -> Bootstrap {
        self.how
    }

    /// Applies the policy and agrees to one of the client's subprotocols, or to none.
    ///
    /// Nothing is sent by this: see [`Acceptance`]. A host that says no for its own reasons drops
    /// the request and answers with a [`Refusal::new`].
    pub fn accept(
        &self,
        policy: &Policy,
        subprotocol: Option<&str>,
    ) -> Result<Acceptance, AcceptError> {
        if let Some(chosen) = subprotocol
            && !self.subprotocols().any(|offered| offered == chosen)
        {
            return Err(AcceptError::NotOffered);
        }
        if let Some(origins) = &policy.origins
            && !origins.allow(self.origin())
        {
            return Err(Refusal::because(RefusalCause::Origin, self.how).into());
        }
        let (deflate, deflate_declined) = match policy.deflate {
            _ if !self.places.has_deflate => (None, None),
            None => (None, Some(DeflateDecline::Off)),
            Some(policy) => {
                let offers = extensions::first(&self.fields, self.places.extensions);
                match deflate::answer(policy, offers) {
                    Ok(answer) => (answer, None),
                    Err(reason) => (None, Some(reason)),
                }
            }
        };
        let (deflate, extensions) = deflate.map(|answer| (answer.params, answer.text)).unzip();
        let mut fields = match self.how {
            Bootstrap::Upgrade => self.upgrade_fields(),
            Bootstrap::ExtendedConnect => Vec::new(),
        };
        fields.extend(subprotocol.map(|name| (self.cased(SUBPROTOCOL), name.into())));
        fields.extend(extensions.map(|list| (self.cased(EXTENSIONS), list)));
        Ok(Acceptance {
            status: match self.how {
                Bootstrap::Upgrade => 101,
                Bootstrap::ExtendedConnect => 200,
            },
            fields,
            agreed: Negotiated { subprotocol: subprotocol.map(Into::into), deflate },
            deflate_declined,
        })
    }

    /// RFC 6455 4.2.2.
    fn upgrade_fields(&self) -> Vec<(&'static str, String)> {
        let accept = accept_key(self.fields.value_at(self.places.key));
        let accept = simd::from_utf8(&accept).unwrap_or_default().into();
        alloc::vec![
            ("Upgrade", "websocket".into()),
            ("Connection", "Upgrade".into()),
            ("Sec-WebSocket-Accept", accept),
        ]
    }

    /// One of two spellings, as the carrier wants it.
    fn cased(&self, [mixed, lower]: [&'static str; 2]) -> &'static str {
        match self.how {
            Bootstrap::Upgrade => mixed,
            Bootstrap::ExtendedConnect => lower,
        }
    }
}

const SUBPROTOCOL: [&str; 2] = ["Sec-WebSocket-Protocol", "sec-websocket-protocol"];
const EXTENSIONS: [&str; 2] = ["Sec-WebSocket-Extensions", "sec-websocket-extensions"];

const MAX_SUBPROTOCOLS: usize = 64;

/// RFC 6455 4.2.1 and 4.4.
fn check_version(version: Single<'_>) -> Result<(), RefusalCause> {
    match version {
        Single::Once(b"13") => Ok(()),
        Single::Once(version) if is_version(version) => Err(RefusalCause::Version),
        _ => Err(RefusalCause::VersionSyntax),
    }
}

/// RFC 9112 3.2: takes an absolute target apart into authority and path.
fn split_target(target: &str) -> (Option<&str>, Cow<'_, str>) {
    if target.starts_with('/') {
        return (None, target.into());
    }
    let Some((scheme, rest)) = target.split_once("://") else {
        return (None, target.into());
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return (None, target.into());
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = match path.as_bytes().first() {
        Some(b'/') => path.into(),
        _ => alloc::format!("/{path}").into(),
    };
    (Some(authority), path)
}

fn is_authority(text: &[u8]) -> bool {
    simd::from_utf8(text).is_ok_and(|text| Authority::parse(text).is_ok())
}

/// 0 to 255 without a leading zero (RFC 6455 4.3).
fn is_version(version: &[u8]) -> bool {
    let is_number = match version {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_number && core::str::from_utf8(version).is_ok_and(|text| text.parse::<u8>().is_ok())
}
