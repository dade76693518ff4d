//! The sending half, and what waits to be written.

use core::mem::MaybeUninit;

use wspair_core::bindings::SenderBinding;
use wspair_core::frame::MAX_HEADER;
use wspair_core::{CloseCode, Compression, SendError};

use crate::conn::Conn;
use crate::event::{Body, body, kind};
use crate::guard::{array, array_mut, ask, exclusive, guard, put, shared, text};
use crate::result::Wspair;
use crate::slice::Slice;

/// No code in a Close frame.
pub const WSPAIR_NO_CODE: i32 = -1;

/// Whether a message is compressed, where the handshake agreed that it may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairCompression {
    /// From `deflate_threshold` bytes on; a message that is sent in fragments always.
    Auto = 0,
    /// It is.
    On = 1,
    /// It is not.
    Off = 2,
}

/// Queues a message. It is copied.
///
/// A message that is refused is one the peer misses: where every one counts, send it again once
/// `wspair_conn_buffered` has fallen, or close, with 1011 or 1013, so that the peer learns of the gap.
///
/// `conn`: the connection. `message_kind`: WSPAIR_KIND_*. `data`, `len`: the message; may be an
/// event's own data.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another kind; WSPAIR_ERROR_UTF8 for a text that is
/// not; WSPAIR_SEND_CLOSING once a Close frame was sent or the connection ended;
/// WSPAIR_SEND_FRAGMENT inside a fragmented message; WSPAIR_SEND_BACKPRESSURE when the queue is
/// full; WSPAIR_ERROR_MEMORY. Then nothing was queued.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_send(
    conn: *mut Conn,
    message_kind: u32,
    data: *const u8,
    len: usize,
) -> Wspair {
    // SAFETY: passed on as it came.
    unsafe { wspair_conn_send_with(conn, message_kind, WspairCompression::Auto as u32, data, len) }
}

/// As `wspair_conn_send`, and says whether the message is compressed.
///
/// `compression`: WSPAIR_COMPRESSION_*.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_send_with(
    conn: *mut Conn,
    message_kind: u32,
    compression: u32,
    data: *const u8,
    len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let conn = unsafe { exclusive(conn)? };
        let compression = match compression {
            number if number == WspairCompression::Auto as u32 => Compression::Auto,
            number if number == WspairCompression::On as u32 => Compression::On,
            number if number == WspairCompression::Off as u32 => Compression::Off,
            _ => return Err(Wspair::ErrorArgument),
        };
        let mut sender = conn.engine.sender().with_compression(compression);
        // SAFETY: null, or as many bytes of the caller's.
        let sent = match unsafe { body(message_kind, data, len)? } {
            Body::Text(text) => sender.send_text(text),
            Body::Binary(data) => sender.send_binary(data),
        };
        Ok(sent?)
    })
}

/// Queues a part of a message. It is copied. Control frames may pass between the parts.
///
/// `conn`: the connection. `message_kind`: WSPAIR_KIND_*, the same for all parts of a message.
/// `data`, `len`: the part; parts of a text need not end between characters, and that the whole is
/// UTF-8 is the caller's to keep. `fin`: not 0 for the last part.
///
/// Errors as `wspair_conn_send`; WSPAIR_SEND_FRAGMENT for another kind than the first part's.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_send_fragment(
    conn: *mut Conn,
    message_kind: u32,
    data: *const u8,
    len: usize,
    fin: u32,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, part) = unsafe { (exclusive(conn)?, array(data, len)?) };
        Ok(conn.engine.send_fragment(kind(message_kind)?, part, fin != 0)?)
    })
}

/// Queues a ping.
///
/// `conn`: the connection. `data`, `len`: its payload, up to 125 bytes.
///
/// WSPAIR_ERROR_NULL, WSPAIR_SEND_CONTROL_TOO_LONG, WSPAIR_SEND_CLOSING, WSPAIR_SEND_BACKPRESSURE,
/// WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_ping(conn: *mut Conn, data: *const u8, len: usize) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, payload) = unsafe { (exclusive(conn)?, array(data, len)?) };
        Ok(conn.engine.send_ping(payload)?)
    })
}

/// Queues a pong nobody asked for, or the answer to a ping where `auto_pong` is off. Arguments and
/// errors as for `wspair_conn_ping`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_pong(conn: *mut Conn, data: *const u8, len: usize) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, payload) = unsafe { (exclusive(conn)?, array(data, len)?) };
        Ok(conn.engine.send_pong(payload)?)
    })
}

/// Starts, or completes, the closing handshake: the Close frame goes behind what is queued. Where
/// one was sent before, or the connection ended, nothing happens. The peer's messages go on coming
/// until its own Close frame does.
///
/// `conn`: the connection. `code`: 1000 to 1003, 1007 to 1014, 3000 to 4999, or WSPAIR_NO_CODE.
/// `reason`, `len`: up to 123 bytes of UTF-8; none without a code.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_SEND_CLOSE_CODE, WSPAIR_SEND_CLOSE_REASON,
/// WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_close(
    conn: *mut Conn,
    code: i32,
    reason: *const u8,
    len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, reason) = unsafe { (exclusive(conn)?, text(reason, len)?) };
        let code = match code {
            WSPAIR_NO_CODE => None,
            code => Some(close_code(code).ok_or(SendError::CloseCode)?),
        };
        Ok(conn.engine.close(code, reason)?)
    })
}

/// Says why: gives the Close frame that a receive put off until `wspair_conn_transmit` a reason. Does
/// nothing when none is put off.
///
/// `conn`: the connection. `reason`, `len`: up to 123 bytes of UTF-8.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_SEND_CLOSE_REASON, WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_explain_close(
    conn: *mut Conn,
    reason: *const u8,
    len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, reason) = unsafe { (exclusive(conn)?, text(reason, len)?) };
        Ok(conn.engine.explain_close(reason)?)
    })
}

/// Gives up without a closing handshake: once what is queued was written the transport is to be
/// dropped, and the peer sees it vanish. WSPAIR_EVENT_CLOSED comes of the next `wspair_conn_timeout`
/// or `wspair_conn_receive`, as ever.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_abort(conn: *mut Conn) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(conn)? }.engine.abort();
        Ok(())
    })
}

/// Frames a message where it lies, with its header in the bytes before it: no copy, no queue. What
/// is to be written next is `buf[*start]` to `buf[len - 1]`. A client's payload is masked in place.
/// It is never compressed or split.
///
/// `conn`: the connection. `message_kind`: WSPAIR_KIND_*; that a text is UTF-8 is the caller's to
/// keep. `buf`, `len`: room for a header, then the message, up to the buffer's end. `at`: where the
/// message begins; 14 is always enough. `start`: is set to where the frame begins.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT;
/// WSPAIR_SEND_PENDING while anything is queued; WSPAIR_SEND_ROOM when the header does not fit.
/// Then nothing was changed.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_frame_in_place(
    conn: *mut Conn,
    message_kind: u32,
    buf: *mut u8,
    len: usize,
    at: usize,
    start: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (conn, buf) = unsafe { (exclusive(conn)?, array_mut(buf, len)?) };
        // SAFETY: null, or the caller's to write.
        unsafe { put(start, 0)? };
        let range = conn.engine.frame_in_place(kind(message_kind)?, buf, at)?;
        // SAFETY: as above.
        unsafe { put(start, range.start) }
    })
}

/// Writes the header of a message that the caller writes itself, as it is, right behind it: for writev.
/// No copy, no queue.
///
/// `conn`: the connection. `message_kind`: as for `wspair_conn_frame_in_place`. `payload_len`: how long
/// the message is. `header`: 14 bytes that are written. `header_len`: is set to how many of them count.
///
/// WSPAIR_SEND_NOT_AS_IT_IS where a payload may not go out as it is: a client masks it, a message that
/// is compressed or split has to be sent. WSPAIR_SEND_PENDING while anything is queued.
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_frame_beside(
    conn: *mut Conn,
    message_kind: u32,
    payload_len: usize,
    header: *mut u8,
    header_len: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's to write; an array of bytes is aligned anywhere.
        let (conn, to) =
            unsafe { (exclusive(conn)?, exclusive(header.cast::<[u8; MAX_HEADER]>())?) };
        // SAFETY: as above.
        unsafe { put(header_len, 0)? };
        if isize::try_from(payload_len).is_err() {
            return Err(Wspair::ErrorArgument);
        }
        let framed = conn.engine.frame_beside(kind(message_kind)?, payload_len, to)?;
        // SAFETY: as above.
        unsafe { put(header_len, framed.ok_or(Wspair::SendNotAsItIs)?) }
    })
}

/// Shows what waits to be written, oldest first.
///
/// `conn`: the connection. `slices`, `cap`: where the parts are written to, of which at most 16 are
/// shown at a time. `count`: is set to how many were; 0 when nothing waits, or there is no room: see
/// `wspair_conn_wants_write`.
///
/// They stay as they are and where they are until `wspair_conn_advance` passes them, whatever is
/// called in between, so an asynchronous write may be under way. Only `wspair_conn_free` ends them
/// sooner.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_transmit(
    conn: *mut Conn,
    slices: *mut Slice,
    cap: usize,
    count: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says; slots need not be
        // initialised.
        let (conn, slots) =
            unsafe { (exclusive(conn)?, array_mut(slices.cast::<MaybeUninit<Slice>>(), cap)?) };
        // SAFETY: null, or the caller's to write.
        unsafe { put(count, 0)? };
        let mut parts: [&[u8]; 16] = [&[]; 16];
        let most = parts.len().min(cap);
        let mut transmit = conn.engine.transmit();
        let shown = transmit.slices(&mut parts[..most]);
        for (slot, part) in slots.iter_mut().zip(&parts[..shown]) {
            slot.write(Slice::from(*part));
        }
        // SAFETY: as above.
        unsafe { put(count, shown) }
    })
}

/// Forgets the first bytes that wait: they were written. Slices that were shown are valid only from
/// there on.
///
/// `conn`: the connection. `n`: how many; more than there are counts as all.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_advance(conn: *mut Conn, n: usize) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(conn)? }.engine.transmit().advance(n);
        Ok(())
    })
}

/// 1 when `wspair_conn_transmit` would show anything, pongs and a Close frame that was put off
/// included; what was shown counts until it was advanced past. Else, and for null, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_wants_write(conn: *const Conn) -> u32 {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(conn)? }.engine.wants_write().into()))
}

/// How many bytes wait to be written, frame headers included. Pongs, and a Close frame that was put
/// off, count as well, though their place among the others is open. Null gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_buffered(conn: *const Conn) -> usize {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(conn)? }.engine.buffered_amount()))
}

/// 1 when at least `high_water_mark` bytes wait, so that a sender that can pause should; else, and
/// for null, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_is_congested(conn: *const Conn) -> u32 {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(conn)? }.engine.is_congested().into()))
}

fn close_code(code: i32) -> Option<CloseCode> {
    u16::try_from(code).ok().and_then(CloseCode::new)
}
