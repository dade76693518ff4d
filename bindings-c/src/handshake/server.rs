//! The server's side of the opening handshake.

pub mod answer;
pub mod request;
mod verdict;

use core::ffi::c_char;
use std::sync::Arc;

use wspair_core::Instant;
use wspair_core::handshake::{Refusal, ServerHandshake as Engine};

use self::verdict::{Answer, Asked, Source};

use crate::config::{Config, Settings, settings_of};
use crate::guard::{array, ask, exclusive, foreign, free, guard, length, put, shared};
use crate::handshake::{Output, WspairProgress, bootstrap};
use crate::memory::{FEW, Spare, room_for};
use crate::options::WSPAIR_NEVER;
use crate::result::Wspair;
use crate::slice::{Field, Kept, fields, weight};

/// Reads a client's request, and makes the answer to it.
///
/// From bytes: `wspair_server_handshake_new`, then `wspair_server_handshake_receive` until
/// `wspair_server_handshake_progress` is WSPAIR_PROGRESS_REQUEST. From the fields that another HTTP
/// stack parsed: `wspair_server_handshake_from_fields`. Then accept or refuse, write the output, and
/// make the connection with what was agreed.
pub struct ServerHandshake {
    settings: Arc<Settings>,
    source: Source,
    /// The bytes of the source, as far as they came.
    weight: usize,
    /// A valid request, once there is one.
    asked: Option<Asked>,
    answer: Option<Answer>,
    fields: Kept,
    output: Output,
}

/// Waits for a request in bytes, as HTTP/1.1. The deadline starts when the time is first told.
///
/// `config`: limits and origins; null for the defaults. `handshake`: is set to the new handle, to be
/// ended by `wspair_server_handshake_free`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_new(
    config: *const Config,
    handshake: *mut *mut ServerHandshake,
) -> Wspair {
    guard(|| {
        let make = || {
            // SAFETY: null, or ours.
            let settings = unsafe { settings_of(config) };
            let source = Source::Bytes(Engine::new(settings.head));
            Ok(ServerHandshake::new(settings, source, 0))
        };
        // SAFETY: null, or the caller's to write.
        unsafe { Spare::make(FEW, handshake, make) }
    })
}

/// Takes a request that another HTTP stack parsed. It is copied, and judged at once.
///
/// `config`: origins; null for the defaults. `how`: WSPAIR_BOOTSTRAP_*. `method`, `target`: ended by
/// a NUL; of an extended CONNECT the target is :path. `list`, `list_len`: the fields; of an extended
/// CONNECT :protocol, :scheme and :authority among them, before all others. `handshake`: is set to
/// the new handle, to be ended by `wspair_server_handshake_free`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY. A request that is not valid is no
/// error: the progress is WSPAIR_PROGRESS_REFUSED then.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_from_fields(
    config: *const Config,
    how: u32,
    method: *const c_char,
    target: *const c_char,
    list: *const Field,
    list_len: usize,
    handshake: *mut *mut ServerHandshake,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and strings end with a NUL.
        let size = unsafe { weight(list, list_len)? + length(method)? + length(target)? };
        let how = bootstrap(how)?;
        // SAFETY: as above.
        let make = || unsafe {
            let source = Source::Fields {
                how,
                method: foreign(method)?.into_owned(),
                target: foreign(target)?.into_owned(),
                fields: Kept::new(fields(list, list_len)?),
            };
            let mut made = ServerHandshake::new(settings_of(config), source, size);
            made.judge();
            Ok(made)
        };
        // SAFETY: as above; and null, or the caller's to write.
        unsafe { Spare::make(room_for(size), handshake, make) }
    })
}

/// Ends a handshake's handle, and all that it has shown.
///
/// `handshake`: from one of the functions above, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_free(handshake: *mut ServerHandshake) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(handshake) };
}

/// Feeds received bytes.
///
/// `handshake`: from `wspair_server_handshake_new`. `data`, `len`: the bytes. `used`: is set to how
/// many belong to the head; the rest is the connection's, which may be fed it before the answer is
/// written. Once there is a verdict nothing more is taken: what comes behind a refusal is nobody's, and
/// may be read only so that the transport is not reset.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields. Never fails for what the peer
/// sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_receive(
    handshake: *mut ServerHandshake,
    data: *const u8,
    len: usize,
    used: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (handshake, data) = unsafe { (exclusive(handshake)?, array(data, len)?) };
        // SAFETY: null, or the caller's to write.
        unsafe { put(used, 0)? };
        let mut taken = 0;
        handshake.work(data.len(), &mut |engine| taken = engine.receive(data).0)?;
        // SAFETY: as above.
        unsafe { put(used, taken) }
    })
}

/// Tells that the stream ended. Inside a head that is a refusal.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_eof(handshake: *mut ServerHandshake) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }.work(0, &mut |engine| _ = engine.receive_eof())
    })
}

/// Tells that the stream of an extended CONNECT ended along with its fields: by END_STREAM on HEADERS,
/// over HTTP/3 by a FIN behind them. Nobody could talk on it: it is refused, unless it was answered.
///
/// `handshake`: from `wspair_server_handshake_from_fields`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_STATE for a handshake from bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_stream_ended(
    handshake: *mut ServerHandshake,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let handshake = unsafe { exclusive(handshake)? };
        if let Source::Bytes(_) = handshake.source {
            return Err(Wspair::ErrorState);
        }
        if handshake.answer.is_some() {
            return Ok(());
        }
        let spare = Spare::set_aside(FEW)?;
        let refused = spare.keep(handshake.refused(Refusal::stream_ended()))?;
        handshake.settle(refused);
        Ok(())
    })
}

/// Tells the time. A request that is not complete by its deadline is refused with 408.
///
/// `now`: nanoseconds, as for `wspair_conn_timeout`.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_timeout(
    handshake: *mut ServerHandshake,
    now: u64,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }
            .work(0, &mut |engine| _ = engine.handle_timeout(Instant::from_nanos(now)))
    })
}

/// When `wspair_server_handshake_timeout` is next worth calling: 0 as long as the time was never
/// told. WSPAIR_NEVER once there is a verdict, and for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_next_timeout(
    handshake: *const ServerHandshake,
) -> u64 {
    ask(WSPAIR_NEVER, || {
        // SAFETY: null, or ours.
        let handshake = unsafe { shared(handshake)? };
        let due = match &handshake.source {
            Source::Bytes(engine) if handshake.answer.is_none() => engine.poll_timeout(),
            _ => None,
        };
        Ok(due.map_or(WSPAIR_NEVER, Instant::as_nanos))
    })
}

/// How far it is: WSPAIR_PROGRESS_*. Null gives WSPAIR_PROGRESS_REFUSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_progress(
    handshake: *const ServerHandshake,
) -> u32 {
    let progress = ask(WspairProgress::Refused, || {
        // SAFETY: null, or ours.
        let handshake = unsafe { shared(handshake)? };
        Ok(match handshake.answer {
            Some(Answer::Accepted(..)) => WspairProgress::Open,
            Some(Answer::Refused(_) | Answer::Lost) => WspairProgress::Refused,
            None if handshake.asked.is_some() => WspairProgress::Request,
            None => WspairProgress::NeedMore,
        })
    });
    progress as u32
}

/// Why it was refused: WSPAIR_REFUSED_*, for `wspair_strerror`. WSPAIR_OK when it was not.
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_error(
    handshake: *const ServerHandshake,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        Ok(match unsafe { &shared(handshake)?.answer } {
            Some(Answer::Refused(refusal)) => refusal.cause().into(),
            Some(Answer::Lost) => Wspair::RefusedMemory,
            _ => Wspair::Ok,
        })
    })
}

/// 1 when the request was refused as HTTP/2 and HTTP/3 call it malformed: then the answer is to reset
/// the stream, with PROTOCOL_ERROR (0x1) or H3_MESSAGE_ERROR (0x10e). Else, and for null, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_is_malformed(
    handshake: *const ServerHandshake,
) -> u32 {
    ask(0, || {
        // SAFETY: null, or ours.
        Ok(match unsafe { &shared(handshake)?.answer } {
            Some(Answer::Refused(refusal)) => refusal.is_malformed().into(),
            _ => 0,
        })
    })
}
