//! Header fields: looking them up, the lists in them, and what a caller may add.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use super::Bootstrap;
use super::head::Span;
use crate::simd;

/// Header fields in their order, as an HTTP stack parsed them.
///
/// Names compare without case. White space around a value is no part of it (RFC 9110 5.5).
/// Pseudo-fields of HTTP/2 and HTTP/3 (`:path`) are fields like others.
///
/// ```
/// use wspair::handshake::Fields;
/// let fields = Fields::from_iter([("Host", &b"example.org"[..]), ("X-A", b" 1 ")]);
/// assert_eq!(fields.get("x-a"), Some(&b"1"[..]));
/// ```
#[derive(Clone, Default)]
pub struct Fields<'a>(Source<'a>);

/// Where the fields are.
#[derive(Clone)]
enum Source<'a> {
    Parts(Cow<'a, [(&'a str, &'a [u8])]>),
    /// In the bytes of a head, as places: taken out when they are asked for.
    Head(&'a [u8], &'a [(Span, Span)]),
}

impl Default for Source<'_> {
    fn default() -> Self {
        Self::Parts(Cow::Borrowed(&[]))
    }
}

impl<'a> Fields<'a> {
    pub(super) fn in_head(head: &'a [u8], spans: &'a [(Span, Span)]) -> Self {
        Self(Source::Head(head, spans))
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The values of all fields of that name, in their order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all_from(0, name)
    }

    /// As [`all`](Self::all), from the field `at` on.
    pub(super) fn all_from(&self, mut at: usize, name: &str) -> impl Iterator<Item = &'a [u8]> {
        core::iter::from_fn(move || self.next(&mut at, name.as_bytes()))
    }

    /// Names and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.as_they_came().map(|(name, value)| (name, trim(value)))
    }

    /// Names and values with the white space that an HTTP stack left on them.
    pub(super) fn as_they_came(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        (0..self.len()).map(|at| match &self.0 {
            Source::Parts(parts) => parts[at],
            Source::Head(head, spans) => {
                let (name, value) = spans[at];
                (name.text(head), value.in_head(head))
            }
        })
    }

    /// The value of a field that may occur once.
    pub(super) fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated),
        }
    }

    /// Whether the comma-separated lists of that name hold `token`, without case.
    pub(super) fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name).any(|list| lists(list, token))
    }

    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Source::Parts(parts) => parts.len(),
            Source::Head(_, spans) => spans.len(),
        }
    }

    /// The name of the field `at`.
    #[inline]
    pub(super) fn name_at(&self, at: usize) -> &'a [u8] {
        match &self.0 {
            Source::Parts(parts) => parts[at].0.as_bytes(),
            Source::Head(head, spans) => spans[at].0.in_head(head),
        }
    }

    /// Its value.
    #[inline]
    pub(super) fn value_at(&self, at: usize) -> &'a [u8] {
        trim(match &self.0 {
            Source::Parts(parts) => parts[at].1,
            Source::Head(head, spans) => spans[at].1.in_head(head),
        })
    }

    /// The next value of that name, from the field `at` on.
    #[inline(never)]
    fn next(&self, at: &mut usize, name: &[u8]) -> Option<&'a [u8]> {
        let is = |other: &[u8]| other.eq_ignore_ascii_case(name);
        let found = match &self.0 {
            Source::Parts(parts) => {
                parts.get(*at..)?.iter().position(|(name, _)| is(name.as_bytes()))
            }
            Source::Head(head, spans) => {
                let is = |(other, _): &(Span, Span)| {
                    other.len() == name.len() && is(other.in_head(head))
                };
                spans.get(*at..)?.iter().position(is)
            }
        };
        let value = self.value_at(*at + found?);
        *at += found? + 1;
        Some(value)
    }
}

impl PartialEq for Fields<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_they_came().eq(other.as_they_came())
    }
}

impl Eq for Fields<'_> {}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_they_came()).finish()
    }
}

impl<'a> From<&'a [(&'a str, &'a [u8])]> for Fields<'a> {
    fn from(fields: &'a [(&'a str, &'a [u8])]) -> Self {
        Self(Source::Parts(Cow::Borrowed(fields)))
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, &'a [u8]); N]> for Fields<'a> {
    fn from(fields: &'a [(&'a str, &'a [u8]); N]) -> Self {
        Self(Source::Parts(Cow::Borrowed(fields)))
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Fields<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(fields: I) -> Self {
        Self(Source::Parts(Cow::Owned(fields.into_iter().collect())))
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = alloc::vec::IntoIter<Self::Item>;

    /// Names and values, in their order.
    fn into_iter(self) -> Self::IntoIter {
        self.iter().collect::<Vec<_>>().into_iter()
    }
}

impl<'a> Extend<(&'a str, &'a [u8])> for Fields<'a> {
    fn extend<I: IntoIterator<Item = (&'a str, &'a [u8])>>(&mut self, fields: I) {
        *self = self.as_they_came().chain(fields).collect();
    }
}

/// Names and values for another HTTP stack to send, in their order.
pub type FieldList<'a> = Vec<(Cow<'a, str>, Cow<'a, [u8]>)>;

/// A field that may occur once occurred again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated;

/// Why a field of the caller is not sent. Nothing was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidField {
    /// The name is not a token (RFC 9110 5.6.2).
    Name,
    /// The value holds CR, LF, NUL or another control character (RFC 9110 5.5).
    Value,
    /// The engine writes this field itself.
    Owned,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "field name is not a token",
            Self::Value => "field value holds a control character",
            Self::Owned => "field is written by the engine",
        })
    }
}

impl core::error::Error for InvalidField {}

/// Checks a field that a caller wants to send.
///
/// Refused are what would change the message's framing or its nature, whatever the direction.
pub(super) fn check(name: &str, value: &[u8]) -> Result<(), InvalidField> {
    if !is_token(name.as_bytes()) {
        return Err(InvalidField::Name);
    }
    if value.iter().copied().any(is_control) {
        return Err(InvalidField::Value);
    }
    if OWNED.iter().any(|owned| owned.eq_ignore_ascii_case(name)) {
        return Err(InvalidField::Owned);
    }
    Ok(())
}

const OWNED: [&str; 9] = [
    "Connection",
    "Content-Length",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
    "Transfer-Encoding",
    "Upgrade",
];

/// Whether HTTP/2 and HTTP/3 forbid the field (RFC 9113 8.2.2, RFC 9114 4.2).
pub(super) fn is_connection_specific(name: &str, value: &[u8]) -> bool {
    let is_te = name.eq_ignore_ascii_case("TE");
    ["Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"]
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
        || is_te && !trim(value).eq_ignore_ascii_case(b"trailers")
}

/// A field as its carrier wants it: over HTTP/2 and HTTP/3 the name in lower case, no white space
/// around the value, and `None` for what they forbid (RFC 9113 8.2).
pub(super) fn carried<'a>(
    how: Bootstrap,
    name: &'a str,
    value: &'a [u8],
) -> Option<(Cow<'a, str>, Cow<'a, [u8]>)> {
    match how {
        Bootstrap::Upgrade => Some((name.into(), value.into())),
        Bootstrap::ExtendedConnect if is_connection_specific(name, value) => None,
        Bootstrap::ExtendedConnect => Some((name.to_ascii_lowercase().into(), trim(value).into())),
    }
}

/// Whether a comma-separated list holds `token`, without case.
pub(super) fn lists(list: &[u8], token: &str) -> bool {
    list.eq_ignore_ascii_case(token.as_bytes())
        || elements(list).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// The elements of a comma-separated list; empty ones do not count (RFC 9110 5.6.1).
pub(super) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// The bytes as a token (RFC 9110 5.6.2).
pub(super) fn token(bytes: &[u8]) -> Option<&str> {
    is_token(bytes).then(|| simd::from_utf8(bytes).ok()).flatten()
}

pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().copied().all(is_token_byte)
}

#[inline]
pub(super) const fn is_token_byte(byte: u8) -> bool {
    BYTES[byte as usize] & TOKEN != 0
}

/// Whether the byte may stand in the name of a host: unreserved characters, sub-delimiters and `%`
/// (RFC 3986 3.2.2).
#[inline]
pub(super) const fn is_host_byte(byte: u8) -> bool {
    BYTES[byte as usize] & HOST != 0
}

/// Whether the byte is a letter of base64 (RFC 4648 4).
#[inline]
pub(super) const fn is_base64_byte(byte: u8) -> bool {
    BYTES[byte as usize] & BASE64 != 0
}

const TOKEN: u8 = 1;
const HOST: u8 = 2;
const BASE64: u8 = 4;

/// What each byte may be a part of.
const BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_letter = byte.is_ascii_alphanumeric();
        let token = is_letter
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        let host = is_letter
            || matches!(
                byte,
                b'-' | b'.' | b'_' | b'~' | b'%' | b'!' | b'$' | b'&'..=b',' | b';' | b'='
            );
        let base64 = is_letter || matches!(byte, b'+' | b'/');
        table[byte as usize] =
            (TOKEN * token as u8) | (HOST * host as u8) | (BASE64 * base64 as u8);
        byte += 1;
    }
    table
};

/// Whether the byte is a control character that no line of a head may hold.
pub(super) const fn is_control(byte: u8) -> bool {
    byte != b'\t' && byte.is_ascii_control()
}

/// How many bytes come before the first control character. Blocks are looked at as a whole.
pub(super) fn text_run(bytes: &[u8]) -> usize {
    let is_text =
        |block: &&[u8; 16]| !block.iter().fold(false, |any, byte| any | is_control(*byte));
    let blocks = bytes.as_chunks().0.iter().take_while(is_text).count();
    let (text, rest) = bytes.split_at(16 * blocks);
    text.len() + rest.iter().position(|byte| is_control(*byte)).unwrap_or(rest.len())
}

/// The bytes without the spaces and tabs around them.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let is_inner = |byte: &u8| !matches!(byte, b' ' | b'\t');
    if let ([first, ..], [.., last]) = (bytes, bytes)
        && is_inner(first)
        && is_inner(last)
    {
        return bytes;
    }
    let start = bytes.iter().position(is_inner).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_inner).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// Appends a field's line.
pub(super) fn write(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
