//! What HTTP/2 and HTTP/3 call malformed, which is answered by a reset of the stream
//! (RFC 9113 8.2 and 8.3, RFC 9114 4.2 and 4.3, RFC 8441 4).

use super::address::Authority;
use super::fields::{self, Fields};
use super::refusal::RefusalCause;

/// Checks the fields of a request; its method and path may be among them or not.
pub(super) fn check_request(
    fields: &Fields<'_>,
    method: &str,
    path: &str,
) -> Result<(), RefusalCause> {
    check_lines(fields, &[":authority", ":method", ":path", ":protocol", ":scheme"])?;
    if fields.get(":protocol").is_some() {
        // RFC 8441 4: it belongs to CONNECT, and asks for :scheme and :path, which CONNECT alone
        // must not have.
        if method != "CONNECT" || path.is_empty() {
            return Err(RefusalCause::PseudoField);
        }
        if default_port(fields).is_none() {
            return Err(RefusalCause::Scheme);
        }
    }
    // RFC 9113 8.3.1: `host` may repeat what :authority says, and say nothing else.
    match fields.get(":authority") {
        Some(authority) if !fields.all("host").all(|host| is_same(host, authority, fields)) => {
            Err(RefusalCause::Authority)
        }
        _ => Ok(()),
    }
}

/// Checks the fields of a response; its status may be among them or not.
pub(super) fn check_response(fields: &Fields<'_>) -> Result<(), RefusalCause> {
    check_lines(fields, &[":status"])
}

/// The rules that each line keeps whatever the message is.
fn check_lines(fields: &Fields<'_>, pseudo_fields: &[&str]) -> Result<(), RefusalCause> {
    let mut in_regular = false;
    for (name, value) in fields.as_they_came() {
        if name.starts_with(':') {
            let is_once = fields.all(name).nth(1).is_none();
            if in_regular || !is_once || !pseudo_fields.contains(&name) {
                return Err(RefusalCause::PseudoField);
            }
        } else {
            in_regular = true;
            if fields::is_connection_specific(name, value) {
                return Err(RefusalCause::ConnectionField);
            }
            let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
            if !is_lower || !fields::is_token(name.as_bytes()) {
                return Err(RefusalCause::FieldSyntax);
            }
        }
        if fields::trim(value) != value || value.iter().any(|byte| b"\0\r\n".contains(byte)) {
            return Err(RefusalCause::FieldSyntax);
        }
    }
    Ok(())
}

/// The port that an authority without one stands for.
fn default_port(fields: &Fields<'_>) -> Option<u16> {
    match fields.get(":scheme")? {
        scheme if scheme.eq_ignore_ascii_case(b"http") => Some(80),
        scheme if scheme.eq_ignore_ascii_case(b"https") => Some(443),
        _ => None,
    }
}

/// Whether both name the same server after normalization by scheme (RFC 3986 6.2.3).
fn is_same(host: &[u8], authority: &[u8], fields: &Fields<'_>) -> bool {
    let parts = |text| {
        let authority = Authority::parse(core::str::from_utf8(text).ok()?).ok()?;
        Some((authority.normal_host(), authority.port.or(default_port(fields))))
    };
    host == authority || parts(host).is_some_and(|host| Some(host) == parts(authority))
}
