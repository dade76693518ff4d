//! A client's request, as the server looks at it.

use core::ffi::c_char;

use super::ServerHandshake;
use crate::guard::{ask, guard, put, shared, string};
use crate::handshake::{find, put_field, put_found};
use crate::result::Wspair;
use crate::slice::{Field, Slice};

/// Gives path and query of the request, still percent-encoded; it starts with a slash.
///
/// `target`: is set to bytes in the handshake's memory, which stay until it is freed.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no valid request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_target(
    handshake: *const ServerHandshake,
    target: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(handshake)? }.asked()?.target.as_str().into();
        // SAFETY: null, or the caller's to write.
        unsafe { put(target, found) }
    })
}

/// Gives the host, and the port if there is one, that the client asked for. Arguments and errors as
/// for `wspair_server_handshake_target`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_authority(
    handshake: *const ServerHandshake,
    authority: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(handshake)? }.asked()?.authority;
        // SAFETY: null, or the caller's to write.
        unsafe { put(authority, found) }
    })
}

/// Gives the value of the first field of that name.
///
/// `name`: ended by a NUL. `value`: is set to bytes in the handshake's memory, which stay until it
/// is freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8; WSPAIR_ERROR_STATE while there is
/// no valid request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_field(
    handshake: *const ServerHandshake,
    name: *const c_char,
    value: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, and strings end with a NUL.
        let (handshake, name) = unsafe { (shared(handshake)?, string(name)?) };
        let name = name.ok_or(Wspair::ErrorNull)?;
        let found = find(&handshake.asked()?.fields, name);
        // SAFETY: null, or the caller's to write.
        unsafe { put_found(value, found) }
    })
}

/// How many fields the request has, for `wspair_server_handshake_field_at`; 0 while there is no valid
/// one, and for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_field_count(
    handshake: *const ServerHandshake,
) -> usize {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(handshake)? }.asked()?.fields.len()))
}

/// Gives a field of the request, in the order they came; a name may come several times.
///
/// `index`: from 0 on. `field`: is set to name and value, in the handshake's memory until it is
/// freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND beyond the last; WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no
/// valid request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_field_at(
    handshake: *const ServerHandshake,
    index: usize,
    field: *mut Field,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let fields = unsafe { &shared(handshake)?.asked()?.fields };
        // SAFETY: null, or the caller's to write.
        unsafe { put_field(field, fields, index) }
    })
}

/// Gives one of the subprotocols the client speaks, the one it likes best first.
///
/// `index`: from 0 on. `name`: is set to bytes in the handshake's memory, which stay until it is
/// freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND beyond the last; WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no
/// valid request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_subprotocol(
    handshake: *const ServerHandshake,
    index: usize,
    name: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(handshake)? }.asked()?.subprotocols.get(index).copied();
        // SAFETY: null, or the caller's to write.
        unsafe { put_found(name, found) }
    })
}
