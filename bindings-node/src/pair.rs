//! Pairs as numbers: JavaScript keeps the messages in the order in which they were sent, this side
//! decides what becomes of each.
//!
//! A pair has an id, an end of it a handle: twice the id, plus one for the second end. A call that
//! can be refused gives a status, see [`status`].

use std::cell::RefCell;

use napi::bindgen_prelude::{Env, Object};
use napi_derive::napi;
use wspair_core::pair::{Accept, Phase, Sent, WireAction};
use wspair_core::{End, Limits, Pair, PairConfig, PairError, PairEvent, ProtocolError};

use crate::compat;
use crate::numeric::{self, Numeric};
use crate::slab::Slab;

thread_local! {
    // A worker thread has its own pairs: its ends cannot be moved to another.
    static PAIRS: RefCell<Slab<Entry>> = const { RefCell::new(Slab::new()) };
}

pub(crate) struct Entry {
    pub(crate) pair: Pair<()>,
    /// The reason of the close that each end polled.
    reasons: [String; 2],
}

/// Which end of which pair.
#[derive(Clone, Copy)]
pub(crate) struct Handle {
    id: usize,
    pub(crate) end: End,
}

impl From<u32> for Handle {
    fn from(number: u32) -> Self {
        let end = if number & 1 == 0 { End::First } else { End::Second };
        Self { id: number as usize / 2, end }
    }
}

impl From<f64> for Handle {
    fn from(number: f64) -> Self {
        Self::from(unsigned(number))
    }
}

/// Runs `f` on the pair of `handle`.
///
/// Panics if it was freed: the shell frees a pair once nothing can name it.
pub(crate) fn with<R>(handle: Handle, f: impl FnOnce(&mut Entry) -> R) -> R {
    PAIRS.with_borrow_mut(|pairs| f(pairs.get_mut(handle.id).expect("the pair is alive")))
}

/// What a call came to: 0 is done, 1 ignored, the others are the causes in `lib/web/errors.ts`.
pub(crate) fn status(result: Result<(), PairError>) -> u32 {
    match result {
        Ok(()) => 0,
        Err(PairError::NotAccepted) => 2,
        Err(PairError::Accepted) => 3,
        Err(PairError::Hibernatable) => 4,
        Err(PairError::Spent) => 5,
        Err(PairError::Closing) => 6,
        Err(PairError::CloseCode(_)) => 7,
        Err(PairError::CloseReason) => 8,
        Err(PairError::ReasonWithoutCode) => 9,
        Err(PairError::AttachmentTooLarge { .. }) => 10,
        Err(PairError::PeerTaken) => 11,
        Err(other) => panic!("the shell does not know of: {other}"),
    }
}

fn sent(sent: Sent) -> u32 {
    match sent {
        Sent::Queued => 0,
        Sent::Ignored => 1,
    }
}

/// Closes an end. Gives a status.
#[napi(catch_unwind)]
pub(crate) fn pair_close(handle: u32, code: Option<i32>, reason: Option<String>) -> u32 {
    let handle = Handle::from(handle);
    // A number that does not fit is no code, and 0 is none either.
    let code = code.map(|code| u16::try_from(code).unwrap_or(0));
    with(handle, |entry| status(entry.pair.close(handle.end, code, reason.as_deref())))
}

/// The reason of the close that the end polled last.
#[napi(catch_unwind)]
pub(crate) fn pair_reason(handle: u32) -> String {
    let handle = Handle::from(handle);
    with(handle, |entry| entry.reasons[handle.end as usize].clone())
}

/// The reason of the close that waits to go out on the wire under a coupled end.
#[napi(catch_unwind)]
pub(crate) fn pair_outgoing_reason(handle: u32) -> String {
    let handle = Handle::from(handle);
    with(handle, |entry| match entry.pair.poll_outgoing(handle.end) {
        Some(WireAction::Close { reason, .. }) => reason.to_owned(),
        _ => String::new(),
    })
}

/// A Close frame came from the wire under a coupled end.
#[napi(catch_unwind)]
pub(crate) fn pair_deliver_close(handle: u32, code: Option<u16>, reason: String) {
    let handle = Handle::from(handle);
    with(handle, |entry| entry.pair.deliver_close(handle.end, code, &reason));
}

/// A function of a handle and perhaps a second number.
macro_rules! functions {
    ($($(#[$doc:meta])* $type:ident $name:literal = |$a:ident, $b:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            struct $type;

            impl Numeric for $type {
                const NAME: &std::ffi::CStr = $name;

                fn call($a: f64, $b: f64) -> f64 {
                    f64::from($body)
                }
            }
        )*

        /// Adds the functions of this module that take only numbers.
        pub(crate) fn register(env: Env, exports: &Object) -> napi::Result<()> {
            $(numeric::register::<$type>(env, exports)?;)*
            Ok(())
        }
    };
}

functions! {
    /// Two fresh ends with the behaviour of these bits. Gives the id.
    New c"pairNew" = |bits, _b| {
        let mut config = PairConfig::default();
        config.compat = compat::from_bits(unsigned(bits));
        // As in the runtime, where nothing between two ends in memory is ever refused.
        config.max_queued = Limits::UNLIMITED;
        let entry = Entry { pair: Pair::new(config), reasons: [const { String::new() }; 2] };
        let id = PAIRS.with_borrow_mut(|pairs| pairs.insert(entry));
        u32::try_from(id).expect("fewer pairs than that")
    };

    /// Forgets the pair with this id.
    Free c"pairFree" = |id, _b| {
        PAIRS.with_borrow_mut(|pairs| pairs.remove(unsigned(id) as usize)).map_or(1, |_| 0)
    };

    /// How many pairs there are.
    Count c"pairCount" = |_a, _b| {
        PAIRS.with_borrow(|pairs| u32::try_from(pairs.len()).unwrap_or(u32::MAX))
    };

    /// Accepts an end: half-open if 1, not if 0, as is usual if left out. Gives a status.
    Accepts c"pairAccept" = |handle, half_open| on(handle, |pair, end| {
        let allow_half_open = if half_open.is_nan() { None } else { Some(half_open != 0.0) };
        status(pair.accept(end, Accept { allow_half_open }))
    });

    /// Accepts an end as hibernatable. Gives a status.
    AcceptsHibernatable c"pairAcceptHibernatable" = |handle, _b| on(handle, |pair, end| {
        status(pair.accept_hibernatable(end))
    });

    /// Who uses an end: 0 nobody yet, 1 who accepted it, 2 who accepted it as hibernatable, 3 nobody
    /// any more.
    Phases c"pairPhase" = |handle, _b| on(handle, |pair, end| match pair.phase(end) {
        Phase::Fresh => 0,
        Phase::Accepted => 1,
        Phase::Hibernatable => 2,
        Phase::Spent => 3,
    });

    /// Whether something happened at an end that it has yet to be told.
    HasEvent c"pairHasEvent" = |handle, _b| on(handle, |pair, end| u32::from(pair.has_event(end)));

    /// Queues a message of this size. Gives a status.
    Sends c"pairSend" = |handle, size| on(handle, |pair, end| {
        match pair.send(end, (), length(size)) {
            Ok(told) => sent(told),
            Err(error) => status(Err(error)),
        }
    });

    /// What happened at an end, see [`packed`]. The event is in hand until `pairEventDone` or the
    /// next poll.
    Poll c"pairPoll" = |handle, _b| {
        let handle = Handle::from(handle);
        with(handle, |entry| {
            let event = entry.pair.poll_event(handle.end);
            let word = match event {
                None => NOTHING,
                Some(PairEvent::Message(())) => MESSAGE,
                Some(PairEvent::Close { code, reason, clean }) => {
                    entry.reasons[handle.end as usize] = reason;
                    packed(CLOSE, Some(code)) | if clean { CLEAN } else { 0 }
                }
                Some(PairEvent::Error(_)) => FAULT,
            };
            word | if entry.pair.has_event(handle.end) { MORE } else { 0 }
        })
    };

    /// The listeners of the event that was polled have run.
    EventDone c"pairEventDone" = |handle, _b| on(handle, |pair, end| {
        pair.event_done(end);
        0
    });

    /// The `readyState` of an end.
    State c"pairState" = |handle, _b| on(handle, |pair, end| pair.ready_state(end) as u32);

    /// The bytes that wait for the other end.
    Buffered c"pairBuffered" = |handle, _b| on(handle, |pair, end| {
        #[expect(clippy::cast_precision_loss, reason = "a count of 9 PB may be off by one")]
        let bytes = pair.buffered_amount(end) as f64;
        bytes
    });

    /// Whether the other end is behind.
    Congested c"pairCongested" = |handle, _b| on(handle, |pair, end| {
        u32::from(pair.is_congested(end))
    });

    /// A listener at the end threw.
    Fail c"pairFail" = |handle, _b| on(handle, |pair, end| {
        pair.fail(end);
        0
    });

    /// Nobody holds the end any more, or the wire under it is gone.
    Abandon c"pairAbandon" = |handle, _b| on(handle, |pair, end| {
        pair.abandon(end);
        0
    });

    /// Gives the end to the network. Gives a status.
    Couple c"pairCouple" = |handle, _b| on(handle, |pair, end| status(pair.couple(end)));

    /// What has to go out on the wire under a coupled end, see [`packed`].
    Outbound c"pairOutgoing" = |handle, _b| on(handle, |pair, end| {
        match pair.poll_outgoing(end) {
            None => NOTHING,
            Some(WireAction::Message(())) => MESSAGE,
            Some(WireAction::Close { code, .. }) => packed(CLOSE, code),
            Some(WireAction::Disconnect) => FAULT,
        }
    });

    /// What `pairOutgoing` showed is on the wire.
    OutboundSent c"pairSent" = |handle, _b| on(handle, |pair, end| {
        pair.sent(end);
        0
    });

    /// A message of this size came from the wire under a coupled end. Gives a status.
    Deliver c"pairDeliver" = |handle, size| on(handle, |pair, end| {
        sent(pair.deliver(end, (), length(size)))
    });

    /// The wire under a coupled end brings nothing more, and no Close frame came.
    DeliverEnd c"pairDeliverEnd" = |handle, _b| on(handle, |pair, end| {
        pair.deliver_end(end);
        0
    });

    /// The peer on the wire under a coupled end broke the protocol, or a limit.
    DeliverError c"pairDeliverError" = |handle, _b| on(handle, |pair, end| {
        // Which one it was is told to listeners in the shell's words; the pair only orders it.
        pair.deliver_error(end, ProtocolError::MessageTooLong);
        0
    });
}

fn on<R>(handle: f64, f: impl FnOnce(&mut Pair<()>, End) -> R) -> R {
    let handle = Handle::from(handle);
    with(handle, |entry| f(&mut entry.pair, handle.end))
}

/// A kind, and the code of a close in the upper half; no code is 0, which none is.
fn packed(kind: u32, code: Option<u16>) -> u32 {
    kind | u32::from(code.unwrap_or(0)) << 16
}

/// The number of an id, a handle or a set of bits; the shell passes nothing else.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn unsigned(number: f64) -> u32 {
    number as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn length(number: f64) -> usize {
    number as usize
}

const NOTHING: u32 = 0;
const MESSAGE: u32 = 1;
const CLOSE: u32 = 2;
/// Of an event: the end failed. Of what goes out: drop the transport.
const FAULT: u32 = 3;
/// More events wait at the end.
const MORE: u32 = 4;
/// The other end closed, rather than vanished.
const CLEAN: u32 = 8;
