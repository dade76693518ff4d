//! The fields that decide about a request, found in one pass.

use super::extensions::Seen;
use super::fields::{self, Fields};

/// A field that may occur once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Single<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Repeated,
}

/// What a request says where an opening handshake has to say something (RFC 6455 4.2.1).
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(super) struct Known<'a> {
    pub(super) host: Single<'a>,
    pub(super) key: Single<'a>,
    pub(super) origin: Single<'a>,
    pub(super) version: Single<'a>,
    /// A field announces a body. A length of zero is none.
    pub(super) has_body: bool,
    /// `Upgrade` lists `websocket`.
    pub(super) upgrade: bool,
    /// `Connection` lists `Upgrade`.
    pub(super) connection: bool,
    pub(super) has_subprotocols: bool,
    pub(super) extensions: Seen,
    pub(super) places: Places,
}

/// The fields that accepting a request looks at once more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    /// That of the key.
    pub(super) key: usize,
    /// The first of extensions.
    pub(super) extensions: usize,
    /// Whether permessage-deflate is among these.
    pub(super) has_deflate: bool,
}

impl<'a> Known<'a> {
    pub(super) fn of(fields: &Fields<'a>) -> Self {
        let mut known = Self::default();
        for at in 0..fields.len() {
            known.note(fields, at);
        }
        known.places.has_deflate = known.extensions.has_deflate();
        known
    }

    /// A name's length tells most names apart.
    #[inline]
    fn note(&mut self, fields: &Fields<'a>, at: usize) {
        let name = fields.name_at(at);
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        let value = || fields.value_at(at);
        match name.len() {
            4 if is(b"host") => self.host.note(value()),
            6 if is(b"origin") => self.origin.note(value()),
            7 if is(b"upgrade") => self.upgrade |= fields::lists(value(), "websocket"),
            10 if is(b"connection") => self.connection |= fields::lists(value(), "upgrade"),
            14 if is(b"content-length") => self.has_body |= !is_zero(value()),
            17 if is(b"sec-websocket-key") => {
                self.key.note(value());
                self.places.key = at;
            }
            17 if is(b"transfer-encoding") => self.has_body = true,
            21 if is(b"sec-websocket-version") => self.version.note(value()),
            22 if is(b"sec-websocket-protocol") => self.has_subprotocols = true,
            24 if is(b"sec-websocket-extensions") => {
                if self.extensions.is_empty() {
                    self.places.extensions = at;
                }
                self.extensions.line(value());
            }
            _ => {}
        }
    }
}

impl<'a> Single<'a> {
    fn note(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            _ => Self::Repeated,
        };
    }
}

fn is_zero(length: &[u8]) -> bool {
    !length.is_empty() && length.iter().all(|digit| *digit == b'0')
}
