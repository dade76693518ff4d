//! Where an end stands. Nothing here changes anything.

use super::side::Holder;
use super::{End, Pair, PairError};
use crate::ready_state::ReadyState;

/// Who uses an end.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// Nobody yet.
    Fresh,
    /// The holder, since [`Pair::accept`].
    Accepted,
    /// The holder, since [`Pair::accept_hibernatable`].
    Hibernatable,
    /// Nobody any more: it was given away, failed, or both closes have been taken.
    Spent,
}

impl<M> Pair<M> {
    /// How far `end` has come; never [`Connecting`](ReadyState::Connecting).
    ///
    /// | end                      | closed | told | state   |
    /// |--------------------------|--------|------|---------|
    /// | coupled                  |        |      | open    |
    /// | failed                   |        |      | closed  |
    /// | any other                | no     | no   | open    |
    /// |                          | yes    | no   | closing |
    /// |                          | no     | yes  | closing |
    /// |                          | yes    | yes  | closed  |
    ///
    /// An end is told when it polls the close of the other one. A close with 1006 counts once its
    /// event is done; at a hibernatable end at once.
    pub fn ready_state(&self, end: End) -> ReadyState {
        let side = self.side(end);
        let incoming = &self.side(end.other()).out;
        let late = side.in_hand && incoming.is_lost();
        let told = match side.holder {
            Holder::Wire { .. } => return ReadyState::Open,
            Holder::Failed { .. } => return ReadyState::Closed,
            Holder::Accepted { .. } => incoming.is_done() && !late,
            Holder::Fresh | Holder::Hibernatable | Holder::Nobody => incoming.is_done(),
        };
        match (side.out.is_closed(), told) {
            (false, false) => ReadyState::Open,
            (true, true) => ReadyState::Closed,
            _ => ReadyState::Closing,
        }
    }

    /// Who uses `end`.
    pub fn phase(&self, end: End) -> Phase {
        match self.side(end).holder {
            Holder::Fresh => Phase::Fresh,
            Holder::Accepted { .. } if !self.is_finished(end) => Phase::Accepted,
            Holder::Hibernatable if !self.is_finished(end) => Phase::Hibernatable,
            _ => Phase::Spent,
        }
    }

    /// Whether anybody will take what `end` queues.
    pub(super) fn is_heard(&self, end: End) -> Result<bool, PairError> {
        match self.side(end).holder {
            Holder::Fresh => Err(PairError::NotAccepted),
            Holder::Accepted { .. } | Holder::Hibernatable => {
                Ok(self.side(end).out.is_open() && !self.side(end.other()).is_deaf())
            }
            Holder::Wire { .. } | Holder::Failed { .. } | Holder::Nobody => Ok(false),
        }
    }

    /// Whether nothing can happen at an accepted end any more.
    fn is_finished(&self, end: End) -> bool {
        let (side, other) = (self.side(end), self.side(end.other()));
        let closed = side.out.is_closed() && other.out.is_done();
        let flushed = side.out.is_done() || other.is_deaf();
        !side.in_hand && (other.out.is_lost() || closed && flushed)
    }
}
