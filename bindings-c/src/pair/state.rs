//! How the ends of a pair stand, and what their holders tell of themselves.

use wspair_core::ReadyState;
use wspair_core::pair::{MAX_ATTACHMENT, Phase};

use super::{Pair, end_of};
use crate::conn::WspairState;
use crate::guard::{array, ask, exclusive, guard, shared};
use crate::handshake::put_found;
use crate::result::Wspair;
use crate::slice::Slice;

/// Who uses an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairPhase {
    /// Nobody yet.
    Fresh = 0,
    /// The holder, since `wspair_pair_accept`.
    Accepted = 1,
    /// The holder, since `wspair_pair_accept_hibernatable`.
    Hibernatable = 2,
    /// Nobody any more: it was given away, failed, or both closes have been taken.
    Spent = 3,
}

/// Tells that a listener at an end threw: the end fails, and the other one sees 1006.
///
/// `end`: WSPAIR_END_*.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_fail(pair: *mut Pair, end: u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(pair)? }.engine.fail(end_of(end)?);
        Ok(())
    })
}

/// Tells that nobody holds an end any more, or that the wire under it is gone: the other end sees
/// 1006 after what was sent before, unless it was a close.
///
/// `end`: WSPAIR_END_*.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_abandon(pair: *mut Pair, end: u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(pair)? }.engine.abandon(end_of(end)?);
        Ok(())
    })
}

/// Tells that the listeners of the last event at an end have run. Polling the end again implies it;
/// until then a close with 1006 does not count in `wspair_pair_state`.
///
/// `end`: WSPAIR_END_*.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_event_done(pair: *mut Pair, end: u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(pair)? }.engine.event_done(end_of(end)?);
        Ok(())
    })
}

/// Keeps bytes with an end, instead of those before.
///
/// `end`: WSPAIR_END_*. `data`, `len`: up to 16384 bytes, which are copied.
///
/// WSPAIR_PAIR_ATTACHMENT_TOO_LARGE, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_set_attachment(
    pair: *mut Pair,
    end: u32,
    data: *const u8,
    len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (pair, bytes) = unsafe { (exclusive(pair)?, array(data, len)?) };
        let end = end_of(end)?;
        // What is too long is refused, whatever is left of it.
        let kept = &bytes[..len.min(MAX_ATTACHMENT + 1)];
        let mut copy = Vec::new();
        copy.try_reserve_exact(kept.len()).map_err(|_| Wspair::ErrorMemory)?;
        copy.extend_from_slice(kept);
        Ok(pair.engine.set_attachment(end, copy)?)
    })
}

/// Gives what `wspair_pair_set_attachment` kept.
///
/// `end`: WSPAIR_END_*. `attachment`: is set to bytes in the pair's memory, which stay until others
/// are kept or the pair is freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_attachment(
    pair: *const Pair,
    end: u32,
    attachment: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(pair)? }.engine.attachment(end_of(end)?);
        // SAFETY: null, or the caller's to write.
        unsafe { put_found(attachment, found) }
    })
}

/// 1 when `wspair_pair_poll` would give an event at this end; else, and for null, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_has_event(pair: *const Pair, end: u32) -> u32 {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(pair)? }.engine.has_event(end_of(end)?).into()))
}

/// How far an end has come: WSPAIR_STATE_*. Null, or no end, gives WSPAIR_STATE_CLOSED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_state(pair: *const Pair, end: u32) -> u32 {
    let state = ask(ReadyState::Closed, || {
        // SAFETY: null, or ours.
        Ok(unsafe { shared(pair)? }.engine.ready_state(end_of(end)?))
    });
    WspairState::from(state) as u32
}

/// Who uses an end: WSPAIR_PHASE_*. Null, or no end, gives WSPAIR_PHASE_SPENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_phase(pair: *const Pair, end: u32) -> u32 {
    let phase = ask(WspairPhase::Spent, || {
        // SAFETY: null, or ours.
        Ok(match unsafe { shared(pair)? }.engine.phase(end_of(end)?) {
            Phase::Fresh => WspairPhase::Fresh,
            Phase::Accepted => WspairPhase::Accepted,
            Phase::Hibernatable => WspairPhase::Hibernatable,
            Phase::Spent => WspairPhase::Spent,
        })
    });
    phase as u32
}

/// How many bytes an end sent that the other one has not taken. Null, or no end, gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_buffered(pair: *const Pair, end: u32) -> usize {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(pair)? }.engine.buffered_amount(end_of(end)?)))
}

/// 1 when the other end is behind with what this end, or the wire under it, sent: stop feeding the
/// wire until it is not. Else, and for null or no end, 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_is_congested(pair: *const Pair, end: u32) -> u32 {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(pair)? }.engine.is_congested(end_of(end)?).into()))
}
