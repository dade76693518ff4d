//! A pair, what was sent through it, and what must hold of it.

use std::collections::VecDeque;

use wspair::pair::{
    Accept, Compat, End, Fault, Flag, Pair, PairConfig, PairError, PairEvent, Sent, WireAction,
};
use wspair::{ProtocolError, ReadyState};

use crate::check_text;

/// A pair whose messages are numbered. A step is told by two bytes: which end does what, and how.
pub struct Watched {
    pair: Pair<usize>,
    next: usize,
    /// What each end sent that the other has not got.
    waiting: [VecDeque<usize>; 2],
    /// Whether each end was told that no more comes, and that it failed.
    told: [bool; 2],
    failed: [bool; 2],
    /// A throwing listener of a close event adds an error event.
    late_errors: bool,
}

impl Watched {
    pub fn new(flags: u8) -> Self {
        let on = |bit: u8| flags >> bit & 1 == 1;
        for flag in Flag::ALL {
            let on = Compat::newest().with_named(flag.name());
            assert!(on.is_some_and(|compat| compat.has(flag)));
            let off = Compat::newest().with_named(flag.disabling_name());
            assert!(off.is_some_and(|compat| !compat.has(flag)));
        }
        let mut config = PairConfig::default();
        config.compat = Compat::newest()
            .with(Flag::AutoReply, !on(0))
            .with(Flag::DispatchExceptions, !on(1))
            .with(Flag::Pedantic, on(2))
            .with(Flag::CloseReasonLimit, !on(3));
        if on(4) {
            config.max_queued = 200;
            config.high_water_mark = 100;
        }
        Self {
            pair: Pair::new(config),
            next: 0,
            waiting: Default::default(),
            told: [false; 2],
            failed: [false; 2],
            late_errors: on(1),
        }
    }

    pub fn step(&mut self, what: u8, much: u8) {
        let end = if what >> 7 == 0 { End::First } else { End::Second };
        let size = usize::from(much);
        let pair = &mut self.pair;
        let before = look(pair);
        let refused = match what % 16 {
            0 => {
                let allow_half_open = [None, Some(false), Some(true)][size % 3];
                refused(pair.accept(end, Accept { allow_half_open }))
            }
            1 => refused(pair.accept_hibernatable(end)),
            2 => refused(pair.couple(end)),
            3..=5 => refused(self.send(end, size)),
            6 => {
                let code = (much > 0).then_some(997 + 20 * u16::from(much));
                let reason = much.is_multiple_of(2).then_some("why");
                refused(pair.close(end, code, reason))
            }
            7 => refused(pair.close(end, Some(1000), None)),
            8..=10 => {
                self.poll(end);
                false
            }
            11 => {
                pair.event_done(end);
                false
            }
            12 => {
                self.take_outgoing(end);
                false
            }
            13 => {
                if pair.deliver(end, self.next, size) == Sent::Queued {
                    self.count(end);
                }
                false
            }
            14 => {
                match much % 5 {
                    0 => pair.deliver_error(end, ProtocolError::Masked),
                    1 => pair.deliver_close(end, Some(1001), "away"),
                    2 => pair.deliver_close(end, None, ""),
                    3 => pair.deliver_end(end),
                    _ => {
                        let kept = pair.set_attachment(end, vec![0; 100 * size]);
                        let len = pair.attachment(end).map(<[u8]>::len);
                        assert!(kept.is_err() || len == Some(100 * size));
                        pair.reserve(end).expect("there is memory");
                    }
                }
                false
            }
            _ => {
                if much.is_multiple_of(2) {
                    pair.fail(end);
                } else {
                    pair.abandon(end);
                }
                false
            }
        };
        assert!(!refused || before == look(&self.pair), "a refusal changed something");
    }

    /// Polls what is left, which comes to an end.
    pub fn finish(mut self) {
        for end in [End::First, End::Second, End::First] {
            while self.poll(end) {}
            while self.take_outgoing(end) {}
        }
    }

    fn send(&mut self, end: End, size: usize) -> Result<(), PairError> {
        if self.pair.send(end, self.next, size)? == Sent::Queued {
            self.count(end);
        }
        Ok(())
    }

    fn count(&mut self, end: End) {
        self.waiting[end as usize].push_back(self.next);
        self.next += 1;
    }

    fn poll(&mut self, end: End) -> bool {
        let announced = self.pair.has_event(end);
        let event = self.pair.poll_event(end);
        assert_eq!(announced, event.is_some());
        let at = end as usize;
        let over = self.failed[at] || self.told[at] && !self.late_errors;
        assert!(!over || event.is_none(), "after the end: {event:?}");
        match event {
            None => return false,
            Some(PairEvent::Message(number)) => {
                assert!(!self.told[at], "a message after the close");
                assert_eq!(Some(number), self.waiting[end.other() as usize].pop_front());
            }
            Some(PairEvent::Close { code, clean, .. }) => {
                assert!(!self.told[at], "two closes");
                assert_eq!(clean, code != 1006);
                self.told[at] = true;
            }
            Some(PairEvent::Error(fault)) => {
                self.failed[at] = true;
                let told = self.told[at];
                assert!(!told || fault == Fault::Listener, "broken after the close");
            }
        }
        true
    }

    fn take_outgoing(&mut self, end: End) -> bool {
        match self.pair.poll_outgoing(end) {
            None => return false,
            Some(WireAction::Message(&number)) => {
                assert_eq!(Some(number), self.waiting[end.other() as usize].pop_front());
            }
            Some(_) => {
                assert!(!std::mem::replace(&mut self.told[end as usize], true), "two ends");
            }
        }
        self.pair.sent(end);
        true
    }
}

/// Whether a call was refused, with a reason that can be read.
fn refused(result: Result<(), PairError>) -> bool {
    if let Err(error) = &result {
        check_text(error);
    }
    result.is_err()
}

/// All that can be seen of a pair.
fn look(pair: &Pair<usize>) -> [(ReadyState, wspair::pair::Phase, usize, bool, bool); 2] {
    [End::First, End::Second].map(|end| {
        let state = (pair.ready_state(end), pair.phase(end));
        let queued = (pair.buffered_amount(end), pair.is_congested(end));
        (state.0, state.1, queued.0, queued.1, pair.has_event(end))
    })
}
