//! Two connected ends in memory: messages of the caller's pass through them.

pub mod message;
pub mod options;
pub mod state;

use wspair_core::pair::{Accept, PairEvent as Engine, Sent};
use wspair_core::{End, Pair as EnginePair};

use self::message::{Message, Owned};
use self::options::{PairOptions, names, pair_config};
use crate::event::WspairFlag;
use crate::guard::{exclusive, free, guard, put, text};
use crate::memory::{Spare, room_for};
use crate::result::Wspair;
use crate::send::WSPAIR_NO_CODE;

/// One of the two ends of a pair. They are alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairEnd {
    /// The one a Worker calls 0.
    First = 0,
    /// The one a Worker calls 1.
    Second = 1,
}

/// Two connected ends, with the semantics of Workers' WebSocketPair: what one sends, the other
/// receives.
///
/// A handle may move between threads, but only one may use it at a time.
pub struct Pair {
    pub(crate) engine: EnginePair<Owned>,
    /// The reason of each end's last close event.
    reasons: [String; 2],
}

/// What happens at an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairPairEvent {
    /// Nothing now.
    None = 0,
    /// The other end sent a message. It is the caller's now: see `wspair_message_free`.
    Message = 1,
    /// No more messages come. `code` is 1005 when the other end gave none, 1006 when it vanished;
    /// WSPAIR_FLAG_CLEAN says whether it closed.
    Close = 2,
    /// The end failed: `error` says why. Nothing follows, not even a close.
    Error = 3,
}

/// Something that happened at an end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PairEvent {
    /// WSPAIR_PAIR_EVENT_*.
    pub r#type: u32,
    /// Of a close, WSPAIR_FLAG_CLEAN or 0.
    pub flags: u32,
    /// Of a message.
    pub message: Message,
    /// Of a close; else 0.
    pub code: u16,
    /// Of an error, a wspair_result: WSPAIR_PAIR_LISTENER or WSPAIR_PROTOCOL_*.
    pub error: i32,
    /// Of a close: in the pair's memory until the next event is polled at this end.
    pub reason: *const u8,
    /// How many bytes the reason has.
    pub reason_len: usize,
}

/// Makes a pair of two fresh ends.
///
/// `options`: initialised, or null for the defaults; what it points to is copied. `pair`: is set to
/// the new handle, to be ended by `wspair_pair_free`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_ARGUMENT for options that
/// were not initialised.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_new(
    options: *const PairOptions,
    pair: *mut *mut Pair,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or options of the caller's that name strings of the caller's.
        let make = || unsafe {
            let engine = EnginePair::new(pair_config(options)?);
            Ok(Pair { engine, reasons: Default::default() })
        };
        // SAFETY: as above; and null, or the caller's to write.
        unsafe { Spare::make(room_for(names(options)?), pair, make) }
    })
}

/// Ends a pair, and frees the messages that wait in it.
///
/// `pair`: from `wspair_pair_new`, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_free(pair: *mut Pair) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(pair) };
}

/// Starts delivery at an end, with what the other one has sent so far. Again it changes nothing.
///
/// `end`: WSPAIR_END_*. `half_open`: 1 when the end may go on sending after the other one closed,
/// until it closes too; 0 when the close is answered at once; -1 for what the compatibility date
/// says, 0 with the newest.
///
/// WSPAIR_PAIR_SPENT, WSPAIR_PAIR_HIBERNATABLE, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_accept(pair: *mut Pair, end: u32, half_open: i32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let pair = unsafe { exclusive(pair)? };
        let allow_half_open = match half_open {
            -1 => None,
            0 => Some(false),
            1 => Some(true),
            _ => return Err(Wspair::ErrorArgument),
        };
        Ok(pair.engine.accept(end_of(end)?, Accept { allow_half_open })?)
    })
}

/// Starts delivery at an end to handlers that outlive its holder's memory: it never answers a close
/// by itself. The other end must be fresh.
///
/// `end`: WSPAIR_END_*.
///
/// WSPAIR_PAIR_ACCEPTED, WSPAIR_PAIR_PEER_TAKEN, WSPAIR_PAIR_SPENT, WSPAIR_ERROR_NULL,
/// WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_accept_hibernatable(pair: *mut Pair, end: u32) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let pair = unsafe { exclusive(pair)? };
        Ok(pair.engine.accept_hibernatable(end_of(end)?)?)
    })
}

/// Queues a message for the other end.
///
/// `end`: WSPAIR_END_*. `message`: the message, which is taken whatever comes of it: one that is
/// refused, or that nobody will take, is freed at once.
///
/// WSPAIR_PAIR_CLOSING, WSPAIR_PAIR_NOT_ACCEPTED, WSPAIR_PAIR_FULL; WSPAIR_ERROR_UTF8 for a text
/// that is not; WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_send(
    pair: *mut Pair,
    end: u32,
    message: *const Message,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or a message whose bytes the caller lets us read.
        let message = unsafe { Owned::take(message)? };
        // SAFETY: null, or ours.
        let pair = unsafe { exclusive(pair)? };
        let len = message.0.len;
        match pair.engine.send(end_of(end)?, message, len)? {
            Sent::Queued | Sent::Ignored => Ok(()),
        }
    })
}

/// Closes the direction away from an end, or completes the close of the other end.
///
/// `end`: WSPAIR_END_*. `code`: as for `wspair_conn_close`, or WSPAIR_NO_CODE. `reason`, `len`: up to
/// 123 bytes of UTF-8; null for none, as it has to be without a code.
///
/// The arguments are checked first, whatever the state: WSPAIR_PAIR_CLOSE_CODE,
/// WSPAIR_PAIR_CLOSE_REASON, WSPAIR_PAIR_REASON_WITHOUT_CODE, WSPAIR_ERROR_UTF8. Then
/// WSPAIR_PAIR_NOT_ACCEPTED before the end is accepted. WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT,
/// WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_close(
    pair: *mut Pair,
    end: u32,
    code: i32,
    reason: *const u8,
    len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (pair, given) = unsafe { (exclusive(pair)?, text(reason, len)?) };
        let reason = (!reason.is_null()).then_some(given);
        let code = match code {
            WSPAIR_NO_CODE => None,
            // A number that does not fit is no code.
            code => Some(u16::try_from(code).unwrap_or(0)),
        };
        Ok(pair.engine.close(end_of(end)?, code, reason)?)
    })
}

/// Gives what happened at an end, the oldest first.
///
/// `end`: WSPAIR_END_*. `event`: is written; WSPAIR_PAIR_EVENT_NONE when nothing did. The event is
/// in the caller's hands until `wspair_pair_event_done`, or the next call for this end.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_poll(
    pair: *mut Pair,
    end: u32,
    event: *mut PairEvent,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let pair = unsafe { exclusive(pair)? };
        let end = end_of(end)?;
        // SAFETY: null, or the caller's to write. It comes first: no message may get lost.
        unsafe { put(event, PairEvent::NONE)? };
        let Some(polled) = pair.engine.poll_event(end) else {
            return Ok(());
        };
        let polled = match polled {
            Engine::Message(message) => PairEvent {
                message: message.into_inner(),
                ..PairEvent::new(WspairPairEvent::Message)
            },
            Engine::Close { code, reason, clean } => {
                let kept = &mut pair.reasons[end as usize];
                *kept = reason;
                PairEvent {
                    code,
                    flags: if clean { WspairFlag::Clean as u32 } else { 0 },
                    reason: kept.as_ptr(),
                    reason_len: kept.len(),
                    ..PairEvent::new(WspairPairEvent::Close)
                }
            }
            Engine::Error(fault) => PairEvent {
                error: Wspair::from(fault) as i32,
                ..PairEvent::new(WspairPairEvent::Error)
            },
        };
        // SAFETY: as above.
        unsafe { put(event, polled) }
    })
}

impl PairEvent {
    const NONE: Self = Self::new(WspairPairEvent::None);

    const fn new(what: WspairPairEvent) -> Self {
        Self {
            r#type: what as u32,
            flags: 0,
            message: Message::NONE,
            code: 0,
            error: 0,
            reason: core::ptr::null(),
            reason_len: 0,
        }
    }
}

pub(crate) fn end_of(number: u32) -> Result<End, Wspair> {
    match number {
        number if number == WspairEnd::First as u32 => Ok(End::First),
        number if number == WspairEnd::Second as u32 => Ok(End::Second),
        _ => Err(Wspair::ErrorArgument),
    }
}
