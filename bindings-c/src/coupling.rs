//! An end of a pair on a wire.

use wspair_core::bindings::CouplingBinding;
use wspair_core::{CloseCode, CloseFrame, Coupling as Engine, Event as EngineEvent, SendError};

use crate::conn::Conn;
use crate::event::{Body, Event, WspairEvent, body};
use crate::guard::{ask, exclusive, free, guard, put, shared, text};
use crate::memory::Place;
use crate::pair::message::{Message, Owned};
use crate::pair::{Pair, end_of};
use crate::result::Wspair;

/// Ties one end of a pair to a connection: what handing it to the network comes to.
///
/// The connection's options have to go through `wspair_coupling_configure`.
pub struct Coupling(Engine);

/// Gives an end of a pair to the network. At that end nothing happens any more.
///
/// `pair`: the pair. `end`: WSPAIR_END_*. `coupling`: is set to the new handle, to be ended by
/// `wspair_coupling_free`. It holds on to neither pair nor connection: each call is told them.
///
/// WSPAIR_PAIR_ACCEPTED, WSPAIR_PAIR_HIBERNATABLE, WSPAIR_PAIR_SPENT, WSPAIR_ERROR_NULL,
/// WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_new(
    pair: *mut Pair,
    end: u32,
    coupling: *mut *mut Coupling,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let pair = unsafe { exclusive(pair)? };
        if coupling.is_null() {
            return Err(Wspair::ErrorNull);
        }
        // The end is given away only once there is memory for the handle.
        let place = Place::new()?;
        let made = Coupling(Engine::new(&mut pair.engine, end_of(end)?)?);
        // SAFETY: not null, and the caller's to write.
        unsafe { place.hand_out(made, coupling) }
    })
}

/// Ends a coupling's handle. The end stays given away: see `wspair_pair_abandon`.
///
/// `coupling`: from `wspair_coupling_new`, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_free(coupling: *mut Coupling) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(coupling) };
}

/// Wire to pair: to be called with each event of the connection, before the next batch is read.
///
/// `coupling`, `pair`, `conn`: the three that belong together. `event`: the event. `message`: of
/// WSPAIR_EVENT_TEXT and WSPAIR_EVENT_BINARY, the caller's message made of it, which is taken
/// whatever comes of it; else not looked at, and may be null.
///
/// The end of the wire without a Close frame waits in the pair behind the messages: until the other
/// end sees it, what that sends still goes out. When the transport is dropped before, call
/// `wspair_pair_abandon`.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_UTF8 for a text that is not; WSPAIR_ERROR_STATE for
/// WSPAIR_EVENT_CLOSED of another connection; WSPAIR_ERROR_ARGUMENT for another kind or event;
/// WSPAIR_ERROR_MEMORY for a message that found none: it is freed, and the other end misses it, so
/// that `wspair_pair_abandon` and `wspair_conn_abort` are what is left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_forward(
    coupling: *const Coupling,
    pair: *mut Pair,
    conn: *const Conn,
    event: *const Event,
    message: *const Message,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or the caller's.
        let event = unsafe { shared(event)? };
        let is = |what: WspairEvent| event.r#type == what as u32;
        let carries = is(WspairEvent::Text) || is(WspairEvent::Binary);
        // SAFETY: null, or a message whose bytes the caller lets us read.
        let message = carries.then(|| unsafe { Owned::take(message) }).transpose()?;
        // SAFETY: each is null or ours.
        let (coupling, pair, conn) =
            unsafe { (&shared(coupling)?.0, &mut exclusive(pair)?.engine, shared(conn)?) };
        // Messages are the caller's, so only what else came is an event of the engine's own.
        let discard = |_, _: &[u8]| unreachable!();
        if let Some(message) = message {
            let len = message.0.len;
            pair.reserve(coupling.end())?;
            pair.deliver(coupling.end(), message, len);
        } else if is(WspairEvent::PeerClosing) {
            // SAFETY: the event's data are in the connection's or the caller's memory still.
            let reason = unsafe { text(event.data, event.len)? };
            let code = CloseCode::new(event.code);
            coupling.forward(pair, EngineEvent::PeerClosing(CloseFrame { code, reason }), discard);
        } else if is(WspairEvent::Closed) {
            let closed = conn.closed.as_ref().ok_or(Wspair::ErrorState)?;
            coupling.forward_end(pair, closed.cause);
        } else if is(WspairEvent::Chunk) || !(is(WspairEvent::Ping) || is(WspairEvent::Pong)) {
            return Err(Wspair::ErrorArgument);
        }
        Ok(())
    })
}

/// Pair to wire: moves what the connection will take, until its output is congested. To be called
/// whenever the other end has sent, closed or polled an event.
///
/// `coupling`, `pair`, `conn`: the three that belong together. Messages are freed once they are
/// queued.
///
/// WSPAIR_MORE while more waits: call again when the transport has taken some. WSPAIR_ERROR_NULL.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_drain(
    coupling: *const Coupling,
    pair: *mut Pair,
    conn: *mut Conn,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or ours.
        let (coupling, pair, conn) =
            unsafe { (shared(coupling)?, exclusive(pair)?, exclusive(conn)?) };
        let more =
            coupling.0.drain(&mut pair.engine, &mut conn.engine.sender(), |message, wire| {
                let Message { kind, data, len, .. } = message.0;
                // SAFETY: the message's bytes stay as they are until it is freed.
                match unsafe { body(kind, data, len) } {
                    Ok(Body::Text(text)) => wire.send_text(text),
                    Ok(Body::Binary(data)) => wire.send_binary(data),
                    // It was looked at when it was taken: only one that was changed since comes here.
                    Err(_) => Err(SendError::Closing),
                }
            });
        Ok(if more { Wspair::More } else { Wspair::Ok })
    })
}

/// 1 when `wspair_coupling_drain` and then `wspair_conn_transmit` are worth calling: the other end
/// sent something, or the connection has something to write. Else, and for null, 0.
///
/// `coupling`, `pair`, `conn`: the three that belong together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_wants_write(
    coupling: *const Coupling,
    pair: *const Pair,
    conn: *const Conn,
) -> u32 {
    ask(0, || {
        // SAFETY: each is null or ours.
        let (coupling, pair, conn) = unsafe { (shared(coupling)?, shared(pair)?, shared(conn)?) };
        Ok(coupling.0.wants_write(&pair.engine, &conn.engine).into())
    })
}

/// Gives the end that is coupled.
///
/// `end`: is set to WSPAIR_END_*.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_end(coupling: *const Coupling, end: *mut u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let coupled = unsafe { shared(coupling)? }.0.end();
        // SAFETY: null, or the caller's to write.
        unsafe { put(end, coupled as u32) }
    })
}
