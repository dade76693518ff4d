//! Messages that are encoded once and sent on many connections.

use wspair_core::Prepared as Engine;

use crate::conn::Conn;
use crate::event::{Body, body};
use crate::guard::{exclusive, free, guard, shared};
use crate::memory::{FEW, Spare};
use crate::result::Wspair;

/// A message encoded once, for broadcast.
///
/// It never changes: threads may send it at the same time.
pub struct Prepared(Engine);

/// Encodes a message for many connections.
///
/// `message_kind`: WSPAIR_KIND_*. `data`, `len`: the message; it is copied. `prepared`: is set to
/// the new handle, to be ended by `wspair_prepared_free`.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another kind; WSPAIR_ERROR_UTF8 for a text that is
/// not; WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_prepared_new(
    message_kind: u32,
    data: *const u8,
    len: usize,
    prepared: *mut *mut Prepared,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or as many bytes of the caller's.
        let body = unsafe { body(message_kind, data, len)? };
        let make = || {
            let encoded = match body {
                Body::Text(text) => Engine::try_text(text),
                Body::Binary(data) => Engine::try_binary(data),
            };
            encoded.map(Prepared).map_err(|_| Wspair::ErrorMemory)
        };
        // SAFETY: null, or the caller's to write.
        unsafe { Spare::make(FEW, prepared, make) }
    })
}

/// Ends a prepared message. Where it is queued it stays.
///
/// `prepared`: from `wspair_prepared_new`, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_prepared_free(prepared: *mut Prepared) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(prepared) };
}

/// Queues a prepared message. A server queues it by reference from `share_from` bytes on; a client
/// encodes it anew, as it masks. It is never split. Where compression was agreed on it is compressed
/// from `deflate_threshold` bytes on, once for all connections with the same windows; where that
/// makes it no shorter, or there is no memory for it, it goes out as it is.
///
/// `conn`: the connection. `prepared`: the message.
///
/// WSPAIR_ERROR_NULL, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT, WSPAIR_SEND_BACKPRESSURE,
/// WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_send_prepared(
    conn: *mut Conn,
    prepared: *const Prepared,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or ours.
        let (conn, prepared) = unsafe { (exclusive(conn)?, shared(prepared)?) };
        Ok(conn.engine.send_prepared(&prepared.0)?)
    })
}
