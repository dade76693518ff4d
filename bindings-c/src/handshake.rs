//! What the handshakes of both sides have in common.

pub mod agreed;
pub mod client;
pub mod server;

use std::borrow::Cow;

use wspair_core::handshake::{Bootstrap, Fields, accept_key};

use crate::guard::{array, guard, put};
use crate::result::Wspair;
use crate::slice::{Field, Slice};

/// How a WebSocket is started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairBootstrap {
    /// GET with Upgrade, a key and status 101 (RFC 6455 4).
    Upgrade = 1,
    /// CONNECT with :protocol, no key and a status of 2xx: HTTP/2 and HTTP/3 (RFC 8441, RFC 9220).
    ///
    /// The host's duties: a server announces SETTINGS_ENABLE_CONNECT_PROTOCOL (0x8) with the value
    /// 1; a client waits for it. The end of the stream counts as the end of the transport. To drop
    /// the transport is to reset the stream, with CANCEL (0x8) or H3_REQUEST_CANCELLED (0x10c).
    ExtendedConnect = 2,
}

/// How far a handshake is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairProgress {
    /// The head is not complete.
    NeedMore = 0,
    /// Server: a valid request, to be accepted or refused.
    Request = 1,
    /// The connection is open; on a server once the output is written.
    Open = 2,
    /// Server: it was refused. Write the output, then end the transport.
    ///
    /// Client: the server said no in plain HTTP: 401, a redirect, 426.
    Refused = 3,
    /// Client: the answer cannot be relied on. End the transport; there is nothing to send.
    Failed = 4,
}

/// Makes the value of Sec-WebSocket-Accept, for programs that do all else of the handshake
/// themselves.
///
/// `key`, `len`: the value of Sec-WebSocket-Key, without white space around it. `accept`: 28 bytes
/// that are written; no NUL is.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_accept_key(key: *const u8, len: usize, accept: *mut u8) -> Wspair {
    guard(|| {
        // SAFETY: null, or as many bytes of the caller's.
        let accepted = accept_key(unsafe { array(key, len)? });
        // SAFETY: null, or 28 bytes of the caller's; an array of bytes is aligned anywhere.
        unsafe { put(accept.cast(), accepted) }
    })
}

/// Bytes for the caller to write.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) bytes: Cow<'static, [u8]>,
    written: usize,
}

impl Output {
    pub(crate) fn new(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { bytes: bytes.into(), written: 0 }
    }

    pub(crate) fn rest(&self) -> Slice {
        self.bytes[self.written..].into()
    }

    pub(crate) fn advance(&mut self, n: usize) {
        self.written = self.written.saturating_add(n).min(self.bytes.len());
    }
}

/// Fields in the memory that a handshake holds, for the caller to look at.
pub(crate) fn shown(fields: &Fields<'_>) -> Vec<Field> {
    let field = |(name, value): (&str, &[u8])| Field { name: name.into(), value: value.into() };
    fields.iter().map(field).collect()
}

/// The value of the first of that name, compared without case.
pub(crate) fn find(fields: &[Field], name: &str) -> Option<Slice> {
    // SAFETY: what `shown` made lies in memory that is held as long as the fields are.
    let is_it =
        |field: &&Field| unsafe { field.name.bytes() }.eq_ignore_ascii_case(name.as_bytes());
    fields.iter().find(is_it).map(|field| field.value)
}

/// Gives the field with that index, or that there is none.
///
/// # Safety
/// `field` is null, or may be written.
pub(crate) unsafe fn put_field(
    field: *mut Field,
    fields: &[Field],
    index: usize,
) -> Result<(), Wspair> {
    // SAFETY: the caller's promise.
    unsafe { put(field, Field { name: Slice::EMPTY, value: Slice::EMPTY })? };
    let found = *fields.get(index).ok_or(Wspair::ErrorNotFound)?;
    // SAFETY: as above.
    unsafe { put(field, found) }
}

pub(crate) fn bootstrap(number: u32) -> Result<Bootstrap, Wspair> {
    match number {
        number if number == WspairBootstrap::Upgrade as u32 => Ok(Bootstrap::Upgrade),
        number if number == WspairBootstrap::ExtendedConnect as u32 => {
            Ok(Bootstrap::ExtendedConnect)
        }
        _ => Err(Wspair::ErrorArgument),
    }
}

/// What was found, or that there is nothing.
///
/// # Safety
/// `to` is null, or may be written.
pub(crate) unsafe fn put_found<T: Into<Slice>>(
    to: *mut Slice,
    found: Option<T>,
) -> Result<(), Wspair> {
    // SAFETY: the caller's promise.
    unsafe { put(to, Slice::EMPTY)? };
    let found = found.ok_or(Wspair::ErrorNotFound)?;
    // SAFETY: as above.
    unsafe { put(to, found.into()) }
}
