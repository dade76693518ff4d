//! Two connected ends in memory, as Workers' `WebSocketPair` has them.

use alloc::string::String;
use alloc::vec::Vec;

pub use compat::{Compat, Flag};
pub use config::{Accept, PairConfig};
pub use coupling::Coupling;
pub use error::PairError;
pub use event::{DISCONNECTED, Fault, PairEvent, Sent, WireAction};
use lane::{Ending, Item};
use side::{Holder, Side};
pub use state::Phase;

use crate::close::{CloseCode, MAX_REASON};
use crate::memory;

mod compat;
mod config;
mod coupling;
mod error;
mod event;
mod lane;
mod side;
mod state;
mod wire;

/// One of the two ends of a [`Pair`]. They are alike.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum End {
    /// The one a Worker calls `0`.
    First,
    /// The one a Worker calls `1`.
    Second,
}

impl End {
    /// The end at the other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Two connected ends: what one sends, the other receives.
///
/// Calls on an end go in, [`poll_event`](Self::poll_event) brings out what the other end caused,
/// in order and one at a time. Messages are opaque: they are moved through, never looked into, and
/// come with a size for the limits. An end that is given to the network is read and fed through
/// [`poll_outgoing`](Self::poll_outgoing) and [`deliver`](Self::deliver) instead.
///
/// ```
/// use wspair::pair::{Accept, End, Pair, PairConfig, PairEvent};
///
/// let mut pair = Pair::new(PairConfig::default());
/// pair.accept(End::First, Accept::default())?;
/// pair.send(End::First, "hello", 5)?;
/// pair.close(End::First, Some(1000), Some("bye"))?;
///
/// pair.accept(End::Second, Accept::default())?;
/// assert_eq!(pair.poll_event(End::Second), Some(PairEvent::Message("hello")));
/// let close = PairEvent::Close { code: 1000, reason: "bye".into(), clean: true };
/// assert_eq!(pair.poll_event(End::Second), Some(close.clone()));
/// assert_eq!(pair.poll_event(End::First), Some(close));
/// # Ok::<(), wspair::PairError>(())
/// ```
#[derive(Debug)]
pub struct Pair<M> {
    config: PairConfig,
    sides: [Side<M>; 2],
}

impl<M> Pair<M> {
    /// Two fresh ends.
    pub fn new(config: PairConfig) -> Self {
        Self { config, sides: [Side::new(), Side::new()] }
    }

    /// Starts delivery at `end`, with what the other one has sent so far.
    ///
    /// Accepting again changes nothing, nor does it change the options. Refused with
    /// [`Spent`](PairError::Spent) for an end that was given away or is finished, and with
    /// [`Hibernatable`](PairError::Hibernatable) for an end accepted in that way.
    pub fn accept(&mut self, end: End, options: Accept) -> Result<(), PairError> {
        match self.phase(end) {
            Phase::Fresh => {
                let half_open =
                    options.allow_half_open.unwrap_or(!self.config.compat.has(Flag::AutoReply));
                self.side_mut(end).holder = Holder::Accepted { half_open };
                Ok(())
            }
            Phase::Accepted => Ok(()),
            Phase::Hibernatable => Err(PairError::Hibernatable),
            Phase::Spent => Err(PairError::Spent),
        }
    }

    /// Starts delivery at `end` to handlers that outlive its holder's memory.
    ///
    /// Such an end never answers a close by itself, and does not fail when a handler throws. The
    /// other end must be fresh, and may be accepted or coupled afterwards.
    ///
    /// Refused with [`Accepted`](PairError::Accepted) for an end that is accepted in either way,
    /// then with [`PeerTaken`](PairError::PeerTaken) when the other end is not fresh, then with
    /// [`Spent`](PairError::Spent) for an end that was given away.
    pub fn accept_hibernatable(&mut self, end: End) -> Result<(), PairError> {
        match (self.phase(end), self.phase(end.other())) {
            (Phase::Accepted | Phase::Hibernatable, _) => Err(PairError::Accepted),
            (_, Phase::Accepted | Phase::Hibernatable | Phase::Spent) => Err(PairError::PeerTaken),
            (Phase::Spent, _) => Err(PairError::Spent),
            (Phase::Fresh, Phase::Fresh) => {
                self.side_mut(end).holder = Holder::Hibernatable;
                Ok(())
            }
        }
    }

    /// Queues a message of `size` bytes for the other end.
    ///
    /// Checked in this order: refused with [`Closing`](PairError::Closing) after a close of `end`;
    /// ignored when `end` failed or was given away; refused with
    /// [`NotAccepted`](PairError::NotAccepted) before `accept`; ignored when the other end failed
    /// or is gone; refused with [`Full`](PairError::Full) over the limit, and with
    /// [`OutOfMemory`](PairError::OutOfMemory). A refused message is dropped.
    pub fn send(&mut self, end: End, message: M, size: usize) -> Result<Sent, PairError> {
        let max = self.config.max_queued;
        let Side { holder, out, .. } = self.side(end);
        if out.is_closed() && !matches!(holder, Holder::Wire { .. }) {
            return Err(PairError::Closing);
        }
        if !self.is_heard(end)? {
            return Ok(Sent::Ignored);
        }
        let out = &mut self.side_mut(end).out;
        if out.is_full(size, max) {
            return Err(PairError::Full { queued: out.queued() });
        }
        out.reserve()?;
        out.push(message, size);
        Ok(Sent::Queued)
    }

    /// Makes sure that the next message that `end`, or the wire under it, sends has a place to wait
    /// in: then [`send`](Self::send) and [`deliver`](Self::deliver) take no memory for it.
    pub fn reserve(&mut self, end: End) -> Result<(), PairError> {
        Ok(self.side_mut(end).out.reserve()?)
    }

    /// Closes the direction away from `end`, or completes the close of the other end.
    ///
    /// The arguments are checked first, whatever the state: the code
    /// ([`CloseCode`](PairError::CloseCode); 1000–4999 but 1004, 1005, 1006 and 1015), the length
    /// of the reason ([`CloseReason`](PairError::CloseReason)), then that a reason comes with a
    /// code ([`ReasonWithoutCode`](PairError::ReasonWithoutCode)). A number that does not fit is
    /// no code: pass 0. After that it does nothing at an end that has closed, failed or was given
    /// away, and is refused with [`NotAccepted`](PairError::NotAccepted) before `accept`, and with
    /// [`OutOfMemory`](PairError::OutOfMemory).
    pub fn close(
        &mut self,
        end: End,
        code: Option<u16>,
        reason: Option<&str>,
    ) -> Result<(), PairError> {
        self.check_close(code, reason)?;
        if self.side(end).out.is_closed() || !self.is_heard(end)? {
            return Ok(());
        }
        let given = reason.unwrap_or_default();
        let mut reason = String::new();
        reason.try_reserve_exact(given.len()).map_err(|_| PairError::OutOfMemory)?;
        reason.push_str(given);
        self.side_mut(end).out.end(Ending::Close { code, reason });
        Ok(())
    }

    /// A listener at `end` threw.
    ///
    /// The end fails: it is closed, [`Error`](PairEvent::Error) is its last event, and the other
    /// end sees 1006 after what was sent before. Only an accepted end can fail, and not by a close
    /// listener, unless [`Flag::DispatchExceptions`] is off and the end has not closed.
    pub fn fail(&mut self, end: End) {
        let side = self.side(end);
        let incoming = &self.side(end.other()).out;
        let fails = matches!(side.holder, Holder::Accepted { .. })
            && !incoming.is_lost()
            && (!incoming.is_done()
                || !self.config.compat.has(Flag::DispatchExceptions) && !side.out.is_closed());
        if fails {
            let untold = Some(Fault::Listener);
            self.detach(end, Ending::Cut, Holder::Failed { untold });
        }
    }

    /// Nobody holds `end` any more, or the wire under it is gone: the other end sees 1006 after
    /// what was sent before, unless it was a close.
    pub fn abandon(&mut self, end: End) {
        let holder = match self.side(end).holder {
            Holder::Wire { .. } => Holder::Wire { up: false },
            Holder::Failed { .. } => Holder::Failed { untold: None },
            _ => Holder::Nobody,
        };
        self.detach(end, Ending::Cut, holder);
    }

    /// What happened at `end`, the oldest first.
    ///
    /// When it gives a close that is to be answered, the answer is queued already. The event is in
    /// the caller's hands until [`event_done`](Self::event_done) or the next call for this end.
    pub fn poll_event(&mut self, end: End) -> Option<PairEvent<M>> {
        let event = match &mut self.side_mut(end).holder {
            Holder::Failed { untold } => untold.take().map(PairEvent::Error),
            Holder::Accepted { half_open } => {
                let reply = !*half_open;
                self.receive(end, reply)
            }
            Holder::Hibernatable => self.receive(end, false),
            Holder::Fresh | Holder::Wire { .. } | Holder::Nobody => None,
        };
        self.side_mut(end).in_hand = event.is_some();
        event
    }

    /// The listeners of the last event at `end` have run.
    ///
    /// Two things wait for it: a close with 1006 counts in [`ready_state`](Self::ready_state) only
    /// from then on, and an end that is finished is in use until then. Polling `end` again
    /// implies it; call it where one of them must be seen at once.
    pub fn event_done(&mut self, end: End) {
        self.side_mut(end).in_hand = false;
    }

    /// Whether [`poll_event`](Self::poll_event) would give one.
    pub fn has_event(&self, end: End) -> bool {
        match &self.side(end).holder {
            Holder::Failed { untold } => untold.is_some(),
            Holder::Accepted { .. } | Holder::Hibernatable => {
                self.side(end.other()).out.peek().is_some()
            }
            Holder::Fresh | Holder::Wire { .. } | Holder::Nobody => false,
        }
    }

    /// Bytes that `end` sent and the other one has not taken. What can never be taken stays in the
    /// count, as in browsers.
    pub fn buffered_amount(&self, end: End) -> usize {
        self.side(end).out.queued()
    }

    /// Whether the other end is behind with what `end`, or the wire under it, sent.
    pub fn is_congested(&self, end: End) -> bool {
        self.side(end).out.cost() >= self.config.high_water_mark.max(1)
    }

    /// Keeps bytes with `end`, instead of those before. Possible at any time.
    ///
    /// Refused with [`AttachmentTooLarge`](PairError::AttachmentTooLarge) over
    /// [`MAX_ATTACHMENT`] bytes.
    pub fn set_attachment(&mut self, end: End, bytes: Vec<u8>) -> Result<(), PairError> {
        let size = bytes.len();
        if size > MAX_ATTACHMENT {
            return Err(PairError::AttachmentTooLarge { size });
        }
        self.side_mut(end).attachment = Some(bytes);
        Ok(())
    }

    /// What [`set_attachment`](Self::set_attachment) kept.
    pub fn attachment(&self, end: End) -> Option<&[u8]> {
        self.side(end).attachment.as_deref()
    }

    fn receive(&mut self, end: End, reply: bool) -> Option<PairEvent<M>> {
        Some(match self.side_mut(end.other()).out.take()? {
            Item::Message(message) => PairEvent::Message(message),
            Item::Close { code, reason } => {
                if reply {
                    let reason = memory::copied(&reason);
                    self.side_mut(end).out.end(Ending::Close { code, reason });
                }
                PairEvent::Close { code: code.unwrap_or(1005), reason, clean: true }
            }
            Item::Cut => {
                self.answer_cut(end);
                PairEvent::Close { code: 1006, reason: memory::copied(DISCONNECTED), clean: false }
            }
            Item::Broken(error) => {
                let side = self.side_mut(end);
                if let Holder::Accepted { .. } = side.holder {
                    side.holder = Holder::Failed { untold: None };
                }
                PairEvent::Error(Fault::Wire(error))
            }
        })
    }

    /// `end` knows that nothing more comes from the other one, which by now takes no more either.
    fn answer_cut(&mut self, end: End) {
        self.side_mut(end).out.end(Ending::Cut);
    }

    /// Changes the holder of `end` to one that neither sends nor reads.
    fn detach(&mut self, end: End, ending: Ending, holder: Holder) {
        let side = self.side_mut(end);
        side.holder = holder;
        side.out.end(ending);
        self.side_mut(end.other()).out.discard();
    }

    fn check_close(&self, code: Option<u16>, reason: Option<&str>) -> Result<(), PairError> {
        let compat = self.config.compat;
        if let Some(code) = code {
            let pedantic = compat.has(Flag::Pedantic) && !matches!(code, 1000 | 3000..=4999);
            if pedantic || CloseCode::new(code).is_none() {
                return Err(PairError::CloseCode(code));
            }
        }
        match reason {
            Some(reason) if reason.len() > MAX_REASON && compat.has(Flag::CloseReasonLimit) => {
                Err(PairError::CloseReason)
            }
            Some(_) if code.is_none() => Err(PairError::ReasonWithoutCode),
            _ => Ok(()),
        }
    }

    fn side(&self, end: End) -> &Side<M> {
        &self.sides[end as usize]
    }

    fn side_mut(&mut self, end: End) -> &mut Side<M> {
        &mut self.sides[end as usize]
    }
}

/// Most bytes of an attachment.
pub const MAX_ATTACHMENT: usize = 16_384;
