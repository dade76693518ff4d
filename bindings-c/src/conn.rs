//! One side of an open WebSocket: what comes in, what time does to it, how it stands.

use wspair_core::{Closed, Connection, Instant, MaskKeys, ReadyState, TransportAction};

use crate::config::{Config, settings_of};
use crate::event::{Batch, Event};
use crate::guard::{array, array_mut, ask, exclusive, free, guard, put, shared};
use crate::handshake::agreed::{Agreed, negotiated};
use crate::memory::{FEW, Spare};
use crate::options::WSPAIR_NEVER;
use crate::result::Wspair;

/// One side of an open WebSocket, over any ordered byte transport.
///
/// Bytes go in through `wspair_conn_receive`, bytes come out of `wspair_conn_transmit`, time goes
/// in through `wspair_conn_timeout`. The calls may be made in any order and any number of times. A
/// peer never makes a call fail: what it does wrong is told by WSPAIR_EVENT_CLOSED.
///
/// A handle may move between threads, but only one may use it at a time.
pub struct Conn {
    pub(crate) engine: Connection,
    /// The end, once it was told.
    pub(crate) closed: Option<Closed>,
}

/// What to do with the transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairTransport {
    /// Read, and write what is queued. A client stays here when the closing handshake is done: the
    /// server ends the transport (RFC 6455 7.1.1), or `close_within` does. Who has no use for the
    /// transport may drop it after WSPAIR_EVENT_CLOSED with WSPAIR_FLAG_CLEAN.
    Open = 0,
    /// Write what is queued, then end the write side; go on reading: shutdown(fd, SHUT_WR) on a
    /// socket, one SSL_shutdown that is not waited for over TLS, END_STREAM over HTTP/2.
    FinishWriting = 1,
    /// Drop it. What is still queued may be written in one last attempt that does not wait.
    ///
    /// A socket that is closed with unread input is reset, and the peer may lose what was written
    /// last: end the write side first, and read on for a second or two, or until the peer ends its
    /// own.
    Close = 2,
}

/// How far a WebSocket has come, with the numbers of readyState in browsers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairState {
    /// Messages pass.
    Open = 1,
    /// One side has closed, the other has not.
    Closing = 2,
    /// Both sides have closed, or something failed.
    Closed = 3,
}

/// Makes a server's side.
///
/// It may be fed, and send, before the answer to its request is written; that the answer goes first on
/// the transport is the program's to see to.
///
/// `config`: what it is set to; null for the defaults. `agreed`: what the handshake agreed on; null
/// for nothing. `conn`: is set to the new handle, to be ended by `wspair_conn_free`. Nothing of the
/// arguments is kept but a share of the configuration.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for windows outside their range; WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_new_server(
    config: *const Config,
    agreed: *const Agreed,
    conn: *mut *mut Conn,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, and ours during the call.
        let make = || unsafe {
            let (settings, agreed) = (settings_of(config), negotiated(agreed)?);
            let engine = Connection::server(settings.engine.clone(), agreed);
            Ok(Conn { engine, closed: None })
        };
        // SAFETY: null, or the caller's to write.
        unsafe { Spare::make(FEW, conn, make) }
    })
}

/// Makes a client's side.
///
/// `config`, `agreed`, `conn`: as for `wspair_conn_new_server`. `seed`: 32 unpredictable bytes that
/// were never used before; masking keys come from them.
///
/// Errors as `wspair_conn_new_server`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_new_client(
    config: *const Config,
    agreed: *const Agreed,
    seed: *const u8,
    conn: *mut *mut Conn,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or 32 bytes of the caller's; an array of bytes is aligned anywhere.
        let seed = unsafe { shared(seed.cast::<[u8; 32]>())? };
        // SAFETY: each is null or the caller's, and ours during the call.
        let make = || unsafe {
            let (settings, agreed) = (settings_of(config), negotiated(agreed)?);
            let masks = MaskKeys::from_seed(*seed);
            let engine = Connection::client(settings.engine.clone(), agreed, masks);
            Ok(Conn { engine, closed: None })
        };
        // SAFETY: null, or the caller's to write.
        unsafe { Spare::make(FEW, conn, make) }
    })
}

/// Ends a connection's handle. Nothing is sent by it: see `wspair_conn_close`.
///
/// `conn`: from one of the functions above, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_free(conn: *mut Conn) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(conn) };
}

/// Feeds received bytes, and gives the events that follow from them.
///
/// `conn`: the connection. `buf`, `len`: the bytes, to which it may write: payloads are unmasked
/// where they lie. `events`, `cap`: where events are written to, in order. `count`: is set to how
/// many were. `used`: is set to how many of the bytes are done with; those of an unfinished frame
/// count, they are kept inside.
///
/// WSPAIR_OK: all bytes are done with and all events are out. WSPAIR_MORE: the events have to be
/// looked at first; call again with the bytes from `used` on, of which there may be none. Not to
/// call again for a while is how a program holds a peer back. Without room, `cap` 0, the result is
/// WSPAIR_MORE though there may be nothing: no event is lost, the next call that has room gives it.
///
/// What comes behind the peer's Close frame, or WSPAIR_EVENT_CLOSED, is done with unread.
///
/// A Close frame that this input causes is queued when `wspair_conn_transmit` is called next, so
/// that answers to the messages before it still go first.
///
/// WSPAIR_ERROR_NULL; then nothing was read. Never fails for what the peer sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_receive(
    conn: *mut Conn,
    buf: *mut u8,
    len: usize,
    events: *mut Event,
    cap: usize,
    count: *mut usize,
    used: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and ours during the call.
        let (conn, input, mut batch) =
            unsafe { (exclusive(conn)?, array_mut(buf, len)?, Batch::new(events, cap, count)?) };
        // SAFETY: as above.
        unsafe { put(used, 0)? };
        let (done, result) = batch.fill(conn, buf, |engine| engine.receive(input));
        // SAFETY: as above.
        unsafe { put(used, done)? };
        Ok(result)
    })
}

/// As `wspair_conn_receive` for bytes that must not change: masked payloads are copied, as they are
/// unmasked, into the connection's memory.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_receive_const(
    conn: *mut Conn,
    buf: *const u8,
    len: usize,
    events: *mut Event,
    cap: usize,
    count: *mut usize,
    used: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and ours during the call.
        let (conn, input, mut batch) =
            unsafe { (exclusive(conn)?, array(buf, len)?, Batch::new(events, cap, count)?) };
        // SAFETY: as above.
        unsafe { put(used, 0)? };
        let (done, result) = batch.fill(conn, buf, |engine| engine.receive_ref(input));
        // SAFETY: as above.
        unsafe { put(used, done)? };
        Ok(result)
    })
}

/// Tells that the peer ended its direction of the transport: its last byte was fed, and nothing is
/// to be read any more.
///
/// Behind the peer's Close frame this ends nothing: sending goes on until our own Close is queued,
/// or `close_within` is over. Without one WSPAIR_EVENT_CLOSED with 1006 follows, and what is sent
/// before that is given still goes out. To be called once; again it changes nothing.
///
/// `events`, `cap`, `count` and results as for `wspair_conn_receive`: with WSPAIR_MORE call it, or
/// `wspair_conn_receive` without bytes, again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_eof(
    conn: *mut Conn,
    events: *mut Event,
    cap: usize,
    count: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and ours during the call.
        let (conn, mut batch) = unsafe { (exclusive(conn)?, Batch::new(events, cap, count)?) };
        Ok(batch.fill(conn, core::ptr::null(), Connection::receive_eof).1)
    })
}

/// Tells that the transport is gone in both directions: it was reset, or a write failed. As
/// `wspair_conn_eof`, but nothing can be sent any more, not even an answer to the peer's Close
/// frame: the end follows at once, with the code of that frame if it came.
///
/// `events`, `cap`, `count` and results as for `wspair_conn_receive`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_transport_lost(
    conn: *mut Conn,
    events: *mut Event,
    cap: usize,
    count: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and ours during the call.
        let (conn, mut batch) = unsafe { (exclusive(conn)?, Batch::new(events, cap, count)?) };
        Ok(batch.fill(conn, core::ptr::null(), Connection::transport_lost).1)
    })
}

/// Tells the time, acts on what is due, and gives the events that follow. Early, late and repeated
/// calls are harmless.
///
/// `now`: nanoseconds on a monotonic clock whose zero the caller picks; less than before counts as
/// before. It starts with the first call: what a handshake was told does not count.
///
/// `events`, `cap`, `count` and results as for `wspair_conn_receive`: with WSPAIR_MORE call it, or
/// `wspair_conn_receive` without bytes, again.
///
/// What the transport holds is to be read first: a pong that waits there is no silence.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_timeout(
    conn: *mut Conn,
    now: u64,
    events: *mut Event,
    cap: usize,
    count: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and ours during the call.
        let (conn, mut batch) = unsafe { (exclusive(conn)?, Batch::new(events, cap, count)?) };
        let now = Instant::from_nanos(now);
        Ok(batch.fill(conn, core::ptr::null(), |engine| engine.handle_timeout(now)).1)
    })
}

/// Tells how many of the bytes that were taken out wait in buffers of the transport still; 0 until it
/// is told. For programs that hand bytes over before they are written, or ask the system what a socket
/// has not sent (SIOCOUTQ), and use keepalive: what leaves those buffers is life of a peer that reads
/// slowly, and a ping in them has not left. To be told before the time.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_transport_holds(conn: *mut Conn, bytes: usize) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(conn)? }.engine.transport_holds(bytes);
        Ok(())
    })
}

/// Tells that the program stops reading from the transport (`held` not 0), or reads again; it reads
/// until it is told. While it does not, the peer's silence is its own doing, and keepalive waits.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_hold_input(conn: *mut Conn, held: u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(conn)? }.engine.hold_input(held != 0);
        Ok(())
    })
}

/// When `wspair_conn_timeout` is next worth calling, on the clock that it is told; WSPAIR_NEVER for
/// never, until another function was called. Null gives WSPAIR_NEVER.
///
/// What is due gives its own time, which is past, until `wspair_conn_timeout` was called: wait no time
/// at all then. So does a connection whose time was never told, with 0, and one whose end was not yet
/// given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_next_timeout(conn: *const Conn) -> u64 {
    ask(WSPAIR_NEVER, || {
        // SAFETY: null, or ours.
        let due = unsafe { shared(conn)? }.engine.poll_timeout();
        Ok(due.map_or(WSPAIR_NEVER, Instant::as_nanos))
    })
}

/// What to do with the transport now: WSPAIR_TRANSPORT_*, the same however often asked. Null gives
/// WSPAIR_TRANSPORT_CLOSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_transport(conn: *const Conn) -> u32 {
    let action = ask(WspairTransport::Close, || {
        // SAFETY: null, or ours.
        Ok(match unsafe { shared(conn)? }.engine.transport() {
            TransportAction::Open => WspairTransport::Open,
            TransportAction::FinishWriting => WspairTransport::FinishWriting,
            _ => WspairTransport::Close,
        })
    });
    action as u32
}

/// How far the connection has come: WSPAIR_STATE_*. Null gives WSPAIR_STATE_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_state(conn: *const Conn) -> u32 {
    // SAFETY: null, or ours.
    ask(WspairState::Closed, || Ok(unsafe { shared(conn)? }.engine.ready_state().into())) as u32
}

/// Gives back memory that is kept for the next message or burst. What holds data stays. Event data
/// in the connection's memory is no longer valid.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_conn_shrink(conn: *mut Conn) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(conn)? }.engine.shrink_to_fit();
        Ok(())
    })
}

impl From<ReadyState> for WspairState {
    fn from(state: ReadyState) -> Self {
        match state {
            ReadyState::Connecting | ReadyState::Open => Self::Open,
            ReadyState::Closing => Self::Closing,
            ReadyState::Closed => Self::Closed,
        }
    }
}

/// What the header says of threads.
const _: () = {
    const fn moves<T: Send>() {}
    const fn is_shared<T: Sync>() {}
    moves::<Conn>();
    is_shared::<Config>();
    is_shared::<crate::prepared::Prepared>();
};
