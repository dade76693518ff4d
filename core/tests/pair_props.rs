//! What holds for a pair under any script of calls.
#![cfg(feature = "alloc")]

#[path = "common/cases.rs"]
mod cases;

use std::collections::VecDeque;

use proptest::prelude::*;
use wspair::ReadyState;
use wspair::error::ProtocolError;
use wspair::pair::{
    Accept, Compat, End, Flag, Pair, PairConfig, PairEvent, Phase, Sent, WireAction,
};

#[derive(Clone, Debug)]
enum Call {
    Accept(Option<bool>),
    AcceptHibernatable,
    Couple,
    Send(usize),
    Close(Option<u16>, Option<&'static str>),
    Fail,
    Abandon,
    Poll,
    Done,
    TakeOutgoing,
    Deliver(usize),
    DeliverClose,
    DeliverEnd,
    DeliverError,
}

fn calls() -> impl Strategy<Value = Vec<(End, Call)>> {
    let code = prop_oneof![Just(None), Just(Some(1000)), Just(Some(1006)), Just(Some(3000))];
    let reason = prop_oneof![Just(None), Just(Some("why"))];
    let call = prop_oneof![
        3 => any::<Option<bool>>().prop_map(Call::Accept),
        1 => Just(Call::AcceptHibernatable),
        1 => Just(Call::Couple),
        8 => (0..200_usize).prop_map(Call::Send),
        2 => (code, reason).prop_map(|(code, reason)| Call::Close(code, reason)),
        1 => Just(Call::Fail),
        1 => Just(Call::Abandon),
        8 => Just(Call::Poll),
        2 => Just(Call::Done),
        4 => Just(Call::TakeOutgoing),
        4 => (0..200_usize).prop_map(Call::Deliver),
        1 => Just(Call::DeliverClose),
        1 => Just(Call::DeliverEnd),
        1 => Just(Call::DeliverError),
    ];
    prop::collection::vec((end(), call), 0..80)
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::First), Just(End::Second)]
}

fn config() -> impl Strategy<Value = PairConfig> {
    let max_queued = prop_oneof![Just(0), Just(500), Just(usize::MAX)];
    (any::<bool>(), any::<bool>(), max_queued).prop_map(|(reply, dispatch, max_queued)| {
        let mut config = PairConfig::default();
        config.compat =
            Compat::newest().with(Flag::AutoReply, reply).with(Flag::DispatchExceptions, dispatch);
        config.max_queued = max_queued;
        config
    })
}

/// A pair whose messages are `(number, size)`, beside what is known about each direction.
struct Watched {
    pair: Pair<(usize, usize)>,
    next: usize,
    directions: [Direction; 2],
    old_dispatch: bool,
}

#[derive(Default)]
struct Direction {
    waiting: VecDeque<(usize, usize)>,
    queued: usize,
    /// What the receiver was told.
    closed: bool,
    failed: bool,
}

impl Watched {
    fn new(config: PairConfig) -> Self {
        Self {
            old_dispatch: !config.compat.has(Flag::DispatchExceptions),
            pair: Pair::new(config),
            next: 0,
            directions: Default::default(),
        }
    }

    fn run(&mut self, end: End, call: &Call) {
        let before = self.look();
        let kept = match *call {
            Call::Accept(allow_half_open) => {
                self.pair.accept(end, Accept { allow_half_open }).is_err()
            }
            Call::AcceptHibernatable => self.pair.accept_hibernatable(end).is_err(),
            Call::Couple => self.pair.couple(end).is_err(),
            Call::Close(code, reason) => self.pair.close(end, code, reason).is_err(),
            Call::Send(size) => {
                let message = self.message(size);
                let sent = self.pair.send(end, message, size);
                self.count(end, message, sent == Ok(Sent::Queued));
                sent != Ok(Sent::Queued)
            }
            Call::Deliver(size) => {
                let message = self.message(size);
                let sent = self.pair.deliver(end, message, size);
                self.count(end, message, sent == Sent::Queued);
                sent == Sent::Ignored
            }
            Call::Poll => {
                self.poll(end);
                false
            }
            Call::TakeOutgoing => {
                if let Some(WireAction::Message(&message)) = self.pair.poll_outgoing(end) {
                    self.taken(end, message);
                }
                self.pair.sent(end);
                false
            }
            Call::Done => {
                self.pair.event_done(end);
                false
            }
            Call::Fail => {
                self.pair.fail(end);
                false
            }
            Call::Abandon => {
                self.pair.abandon(end);
                false
            }
            Call::DeliverClose => {
                self.pair.deliver_close(end, Some(1000), "wire");
                false
            }
            Call::DeliverEnd => {
                self.pair.deliver_end(end);
                false
            }
            Call::DeliverError => {
                self.pair.deliver_error(end, ProtocolError::Masked);
                false
            }
        };
        let after = self.look();
        if kept {
            assert_eq!(before, after, "a refused or ignored call changed something");
        }
        for (before, after) in before.into_iter().zip(after) {
            assert!(before.0 <= after.0, "state went back");
            assert!(after.1 != Phase::Fresh || before.1 == Phase::Fresh);
            assert!(before.1 != Phase::Spent || after.1 == Phase::Spent);
        }
        for end in [End::First, End::Second] {
            let direction = &self.directions[end as usize];
            assert_eq!(self.pair.buffered_amount(end), direction.queued);
        }
    }

    fn poll(&mut self, end: End) -> bool {
        let expected = self.pair.has_event(end);
        let event = self.pair.poll_event(end);
        assert_eq!(event.is_some(), expected);
        let seen = &mut self.directions[end.other() as usize];
        match event {
            None => return false,
            Some(PairEvent::Message(message)) => self.taken(end, message),
            Some(PairEvent::Close { .. }) => {
                assert!(!seen.closed && !seen.failed);
                seen.closed = true;
            }
            Some(PairEvent::Error(_)) => {
                assert!(!seen.failed && (!seen.closed || self.old_dispatch));
                seen.failed = true;
            }
        }
        true
    }

    fn message(&mut self, size: usize) -> (usize, usize) {
        self.next += 1;
        (self.next, size)
    }

    fn count(&mut self, from: End, message: (usize, usize), queued: bool) {
        if queued {
            let direction = &mut self.directions[from as usize];
            direction.waiting.push_back(message);
            direction.queued += message.1;
        }
    }

    fn taken(&mut self, to: End, message: (usize, usize)) {
        let direction = &mut self.directions[to.other() as usize];
        assert!(!direction.closed && !direction.failed, "message too late");
        assert_eq!(direction.waiting.pop_front(), Some(message));
        direction.queued -= message.1;
    }

    fn look(&self) -> [(ReadyState, Phase, usize, bool); 2] {
        [End::First, End::Second].map(|end| {
            (
                self.pair.ready_state(end),
                self.pair.phase(end),
                self.pair.buffered_amount(end),
                self.pair.has_event(end),
            )
        })
    }

    fn settle(&mut self) {
        while self.poll(End::First) | self.poll(End::Second) {}
    }
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn any_script_keeps_order_counts_and_states(config in config(), calls in calls()) {
        let mut watched = Watched::new(config);
        for (end, call) in &calls {
            watched.run(*end, call);
        }
        watched.settle();
    }

    #[test]
    fn after_both_closes_both_ends_are_closed(
        config in config(),
        sizes in prop::collection::vec((end(), 0..200_usize), 0..20),
        first in end(),
        half_open in any::<[Option<bool>; 2]>(),
        polled_between in any::<bool>(),
    ) {
        let mut watched = Watched::new(config);
        for (end, allow_half_open) in [End::First, End::Second].into_iter().zip(half_open) {
            watched.run(end, &Call::Accept(allow_half_open));
        }
        for (end, size) in sizes {
            watched.run(end, &Call::Send(size));
        }
        watched.run(first, &Call::Close(Some(1000), None));
        if polled_between {
            watched.settle();
        }
        watched.run(first.other(), &Call::Close(Some(3000), None));
        watched.settle();
        for end in [End::First, End::Second] {
            prop_assert_eq!(watched.pair.ready_state(end), ReadyState::Closed);
            prop_assert_eq!(watched.pair.phase(end), Phase::Spent);
            prop_assert_eq!(watched.pair.buffered_amount(end), 0);
            prop_assert!(watched.directions[end as usize].closed);
        }
    }

    #[test]
    fn one_close_is_enough_unless_the_other_end_is_half_open(
        first in end(),
        half_open in any::<bool>(),
        code in prop_oneof![Just(None), (3000..5000_u16).prop_map(Some)],
    ) {
        let mut watched = Watched::new(PairConfig::default());
        watched.run(first, &Call::Accept(None));
        watched.run(first.other(), &Call::Accept(Some(half_open)));
        watched.run(first, &Call::Close(code, None));
        watched.settle();
        let state = if half_open { ReadyState::Closing } else { ReadyState::Closed };
        prop_assert_eq!(watched.pair.ready_state(first), state);
        prop_assert_eq!(watched.pair.ready_state(first.other()), state);
    }
}
