//! An end that is given to the network: what goes out on the wire and what comes in.

use super::event::{Sent, WireAction};
use super::lane::{Ending, Item};
use super::side::Holder;
use super::{End, Pair, PairError, Phase};
use crate::error::ProtocolError;
use crate::memory;

impl<M> Pair<M> {
    /// Gives `end` to the network, as returning it in a response does.
    ///
    /// What the other end sends is then read by [`poll_outgoing`](Self::poll_outgoing) instead of
    /// [`poll_event`](Self::poll_event). At `end` itself nothing happens any more: it cannot be
    /// accepted, sending and closing are ignored, and it stays open to look at.
    ///
    /// Refused with [`Accepted`](PairError::Accepted) and
    /// [`Hibernatable`](PairError::Hibernatable) for an end that is in use, and with
    /// [`Spent`](PairError::Spent) for one that was given away or is finished.
    pub fn couple(&mut self, end: End) -> Result<(), PairError> {
        match self.phase(end) {
            Phase::Fresh => {
                self.side_mut(end).holder = Holder::Wire { up: true };
                Ok(())
            }
            Phase::Accepted => Err(PairError::Accepted),
            Phase::Hibernatable => Err(PairError::Hibernatable),
            Phase::Spent => Err(PairError::Spent),
        }
    }

    /// What the other end sent that has to go out on the wire under the coupled `end`.
    ///
    /// It stays until [`sent`](Self::sent) is called, so a full connection can be tried again.
    pub fn poll_outgoing(&self, end: End) -> Option<WireAction<'_, M>> {
        if self.is_wired(end) { self.side(end.other()).out.peek() } else { None }
    }

    /// What [`poll_outgoing`](Self::poll_outgoing) showed is on the wire, or the transport was
    /// dropped as it said. Does nothing when it shows nothing.
    pub fn sent(&mut self, end: End) {
        if self.is_wired(end)
            && let Some(Item::Cut) = self.side_mut(end.other()).out.take()
        {
            self.answer_cut(end);
        }
    }

    /// A message of `size` bytes came from the wire under the coupled `end`.
    ///
    /// It is never refused: stop reading the wire while [`is_congested`](Self::is_congested).
    pub fn deliver(&mut self, end: End, message: M, size: usize) -> Sent {
        let wanted = self.is_wired(end) && !self.side(end.other()).is_deaf();
        let out = &mut self.side_mut(end).out;
        if !wanted || !out.is_open() {
            return Sent::Ignored;
        }
        out.push(message, size);
        Sent::Queued
    }

    /// A Close frame came from the wire under the coupled `end`.
    ///
    /// The answer comes out of [`poll_outgoing`](Self::poll_outgoing) once the other end has read
    /// it, or closes by itself. The code and reason are taken as they are.
    pub fn deliver_close(&mut self, end: End, code: Option<u16>, reason: &str) {
        if self.is_wired(end) {
            let reason = memory::copied(reason);
            self.side_mut(end).out.end(Ending::Close { code, reason });
        }
    }

    /// The wire under the coupled `end` brings nothing more, and no Close frame came: the other end
    /// sees 1006 after the messages that came before.
    ///
    /// What that end sends until it sees it still goes out; then
    /// [`poll_outgoing`](Self::poll_outgoing) says to drop the transport. When that is gone
    /// already, call [`abandon`](Self::abandon).
    pub fn deliver_end(&mut self, end: End) {
        if self.is_wired(end) {
            self.side_mut(end).out.end(Ending::Cut);
        }
    }

    /// The peer on the wire under the coupled `end` broke the protocol or a limit: the other end
    /// fails, after the messages that came before.
    ///
    /// The wire is done with: telling the peer is the connection's duty.
    pub fn deliver_error(&mut self, end: End, error: ProtocolError) {
        if self.is_wired(end) {
            self.detach(end, Ending::Broken(error), Holder::Wire { up: false });
        }
    }

    fn is_wired(&self, end: End) -> bool {
        matches!(self.side(end).holder, Holder::Wire { up: true })
    }
}
