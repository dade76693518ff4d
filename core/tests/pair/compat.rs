//! What changes with the compatibility date and flags.

use wspair::ReadyState::{Closed, Closing};
use wspair::pair::{Accept, Compat, Fault, Flag, PairError, PairEvent};

use super::*;

fn without(flag: Flag) -> Texts {
    with(Compat::newest().with(flag, false))
}

#[test]
fn each_flag_is_on_from_its_date() {
    for flag in Flag::ALL {
        let Some((year, month, day)) = flag.since() else {
            assert_eq!(flag, Flag::Pedantic);
            assert!(!Compat::newest().has(flag));
            continue;
        };
        assert!(!Compat::at(year, month, day - 1).has(flag), "{flag:?}");
        assert!(Compat::at(year, month, day).has(flag), "{flag:?}");
        assert!(!Compat::at(year - 1, 12, 31).has(flag), "{flag:?}");
        assert!(Compat::newest().has(flag), "{flag:?}");
    }
}

#[test]
fn flags_are_set_one_by_one_and_by_name() {
    let none = Compat::at(0, 0, 0);
    for flag in Flag::ALL {
        let on = none.with_named(flag.name()).unwrap();
        assert_eq!(on, none.with(flag, true));
        assert_eq!(on.with(flag, true), on);
        assert_eq!(Flag::ALL.into_iter().filter(|&flag| on.has(flag)).count(), 1);
        assert_eq!(on.with_named(flag.disabling_name()), Some(none));
    }
    assert_eq!(none.with_named("nodejs_compat"), None);
}

#[test]
fn without_the_limit_a_reason_may_be_long() {
    let mut pair = without(Flag::CloseReasonLimit);
    let long = "r".repeat(130);
    let refused = Err(PairError::ReasonWithoutCode);
    assert_eq!(pair.close(A, None, Some(&long)), refused);
    let refused = Err(PairError::NotAccepted);
    assert_eq!(pair.close(A, Some(1000), Some(&long)), refused);
    let mut pair = accept_both(pair, Accept::default());
    assert_eq!(pair.close(A, Some(1000), Some(&long)), Ok(()));
    assert_eq!(pair.poll_event(B), Some(close(1000, &long)));
}

#[test]
fn without_the_automatic_reply_ends_are_half_open_unless_told() {
    for (options, state) in
        [(Accept::default(), Closing), (HALF_OPEN, Closing), (AUTO_REPLY, Closed)]
    {
        let mut pair = accept_both(without(Flag::AutoReply), options);
        pair.close(A, Some(1000), None).unwrap();
        pair.poll_event(B);
        assert_eq!(pair.ready_state(B), state);
    }
}

#[test]
fn pedantic_takes_only_1000_and_3000_to_4999() {
    let strict = Compat::newest().with(Flag::Pedantic, true);
    for (code, good) in [
        (999, false),
        (1000, true),
        (1001, false),
        (2999, false),
        (3000, true),
        (4999, true),
        (5000, false),
    ] {
        let mut pair = accept_both(with(strict), Accept::default());
        let expected = if good { Ok(()) } else { Err(PairError::CloseCode(code)) };
        assert_eq!(pair.close(A, Some(code), None), expected);
    }
}

#[test]
fn before_the_new_dispatch_a_throwing_close_listener_fails_an_end_without_a_reply() {
    let mut pair = accept_both(without(Flag::DispatchExceptions), HALF_OPEN);
    pair.close(A, Some(1000), None).unwrap();
    pair.poll_event(B);
    pair.fail(B);
    assert_eq!(drain(&mut pair, B), [PairEvent::Error(Fault::Listener)]);
    assert_eq!(drain(&mut pair, A), [vanished()]);
    assert_eq!(states(&pair), (Closed, Closed));

    let mut pair = accept_both(without(Flag::DispatchExceptions), AUTO_REPLY);
    pair.close(A, Some(1000), None).unwrap();
    pair.poll_event(B);
    pair.fail(B);
    assert_eq!(drain(&mut pair, A), [close(1000, "")]);
}
