//! Two connected ends in memory: messages of the caller's pass through them.

pub mod state;

use core::ffi::{c_char, c_void};
use core::mem;

use wspair_core::pair::{Accept, Compat, PairEvent as Engine, Sent};
use wspair_core::{End, Pair as EnginePair, PairConfig};

use crate::config::strings;
use crate::event::{WSPAIR_FLAG_CLEAN, WspairKind, kind};
use crate::guard::{array, exclusive, free, guard, hand_out, put, text};
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

/// A message that passes through a pair. It is never copied.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Message {
    /// WSPAIR_KIND_*.
    pub kind: u32,
    /// Its bytes, which stay as they are until it is freed. Null is possible where `len` is 0.
    pub data: *const u8,
    /// How many there are; what limits count.
    pub len: usize,
    /// Whatever the caller wants to find again, and what `free` is called with.
    pub owner: *mut c_void,
    /// Ends the message; called once, by whoever has it last. It must not call into the pair, nor
    /// leave other than by returning. Null for nothing to do.
    pub free: Option<unsafe extern "C" fn(owner: *mut c_void)>,
}

/// What pairs are set to.
///
/// Call `wspair_pair_options_init` first: fields may be added at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PairOptions {
    /// The struct's size as the program knows it; set by `wspair_pair_options_init`.
    pub size: usize,
    /// Most bytes that an end may have waiting for the other before sending is refused. Each message
    /// counts 32 bytes beside its length. Default 16 MiB; the largest number is no limit. An empty
    /// queue takes one message of any length.
    pub max_queued: usize,
    /// From this many waiting bytes on a direction is congested. Default 1 MiB.
    pub queue_mark: usize,
    /// Which behaviour of the runtime is imitated: a compatibility date, as 20260407. Default 0, the
    /// newest.
    pub compat_date: u32,
    /// The runtime's names of compatibility flags, each ended by a NUL, that change what the date
    /// says. Names it does not know change nothing. Default none.
    pub compat_flags: *const *const c_char,
    /// How many there are.
    pub compat_flags_len: usize,
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

/// Sets every field to its default.
///
/// `options`: is written, as far as `size` says. `size`: sizeof *options.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_options_init(
    options: *mut PairOptions,
    size: usize,
) -> Wspair {
    guard(|| {
        if size != size_of::<PairOptions>() {
            return Err(Wspair::ErrorArgument);
        }
        let PairConfig { max_queued, queue_mark, .. } = PairConfig::default();
        let compat_flags = core::ptr::null();
        let defaults = PairOptions {
            size,
            max_queued,
            queue_mark,
            compat_date: 0,
            compat_flags,
            compat_flags_len: 0,
        };
        // SAFETY: null, or a struct of that size that the caller lets us write.
        unsafe { put(options, defaults) }
    })
}

/// Makes a pair of two fresh ends.
///
/// `options`: initialised, or null for the defaults; what it points to is copied. `pair`: is set to
/// the new handle, to be ended by `wspair_pair_free`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_ARGUMENT for options that
/// were not initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_new(
    options: *const PairOptions,
    pair: *mut *mut Pair,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or options of the caller's that name strings of the caller's.
        let config = unsafe { pair_config(options)? };
        let made = Pair { engine: EnginePair::new(config), reasons: Default::default() };
        // SAFETY: null, or the caller's to write.
        unsafe { hand_out(made, pair) }
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

/// Frees a message that a pair gave out: calls its `free`, and forgets it.
///
/// `message`: the message, or null. Calling it again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_message_free(message: *mut Message) {
    guard(|| {
        // SAFETY: null, or the caller's.
        let message = unsafe { exclusive(message)? };
        drop(Owned(mem::replace(message, Message::NONE)));
        Ok(())
    });
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
/// that is not; WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
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
/// WSPAIR_PAIR_NOT_ACCEPTED before the end is accepted. WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
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
                    flags: if clean { WSPAIR_FLAG_CLEAN } else { 0 },
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

/// A message that is ours: freed with us, unless it is given out.
#[derive(Debug)]
pub(crate) struct Owned(pub(crate) Message);

impl Owned {
    /// # Safety
    /// `message` is null, or a message whose bytes may be read until it is freed.
    pub(crate) unsafe fn take(message: *const Message) -> Result<Self, Wspair> {
        if message.is_null() {
            return Err(Wspair::ErrorNull);
        }
        // SAFETY: not null, and the caller's promise.
        let owned = Self(unsafe { message.read() });
        owned.check().map(|()| owned)
    }

    fn check(&self) -> Result<(), Wspair> {
        let Message { data, len, .. } = self.0;
        // SAFETY: the promise of `take`.
        match kind(self.0.kind)? {
            wspair_core::Kind::Text => unsafe { text(data, len).map(|_| ()) },
            // SAFETY: as above.
            wspair_core::Kind::Binary => unsafe { array(data, len).map(|_| ()) },
        }
    }

    fn into_inner(self) -> Message {
        mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: the caller's own function for the caller's own pointer, called once.
            unsafe { free(self.0.owner) };
        }
    }
}

impl Message {
    const NONE: Self = Self {
        kind: WspairKind::Binary as u32,
        data: core::ptr::null(),
        len: 0,
        owner: core::ptr::null_mut(),
        free: None,
    };
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

/// # Safety
/// `options` is null, or points to as many bytes as its `size` says, which name strings that end
/// with a NUL.
unsafe fn pair_config(options: *const PairOptions) -> Result<PairConfig, Wspair> {
    let mut config = PairConfig::default();
    if options.is_null() {
        return Ok(config);
    }
    // SAFETY: not null, and the size comes first in every version.
    if unsafe { options.cast::<usize>().read() } != size_of::<PairOptions>() {
        return Err(Wspair::ErrorArgument);
    }
    // SAFETY: as many bytes as this version has.
    let options = unsafe { options.read() };
    config.max_queued = options.max_queued;
    config.queue_mark = options.queue_mark;
    if options.compat_date != 0 {
        let [year, month, day] = [
            options.compat_date / 10_000,
            options.compat_date / 100 % 100,
            options.compat_date % 100,
        ];
        let year = u16::try_from(year).map_err(|_| Wspair::ErrorArgument)?;
        config.compat = Compat::at(year, month as u8, day as u8);
    }
    // SAFETY: the caller's promise.
    for name in unsafe { strings(options.compat_flags, options.compat_flags_len)? } {
        config.compat = config.compat.with_named(name).unwrap_or(config.compat);
    }
    Ok(config)
}
