//! The closing handshake, half-open ends, and every other way to end.

use std::rc::Rc;

use wspair::ReadyState::{Closed, Closing, Open};
use wspair::pair::{Accept, Compat, Fault, PairError, PairEvent, Phase, Sent};

use super::*;

#[test]
fn close_checks_its_arguments_in_order_and_before_the_state() {
    let long = "r".repeat(124);
    let cases = [
        ((Some(999), Some(&*long)), PairError::CloseCode(999)),
        ((Some(1000), Some(&*long)), PairError::CloseReason),
        ((None, Some(&*long)), PairError::CloseReason),
        ((None, Some("r")), PairError::ReasonWithoutCode),
        ((None, Some("")), PairError::ReasonWithoutCode),
    ];
    let mut closed = accepted();
    closed.close(A, None, None).unwrap();
    drain(&mut closed, B);
    drain(&mut closed, A);
    let mut failed = accepted();
    failed.fail(A);
    for mut pair in [fresh(), accepted(), wired(), closed, failed] {
        for ((code, reason), error) in cases {
            for end in [A, B] {
                assert_eq!(pair.close(end, code, reason), Err(error));
            }
        }
    }
}

#[test]
fn close_takes_the_codes_that_may_be_sent() {
    for code in (990..5010).chain([0, u16::MAX]) {
        let good = matches!(code, 1000..=1003 | 1007..=1014 | 1016..=4999);
        let mut pair = accepted();
        let expected = if good { Ok(()) } else { Err(PairError::CloseCode(code)) };
        assert_eq!(pair.close(A, Some(code), None), expected);
        assert_eq!(pair.ready_state(A) == Closing, good);
    }
}

#[test]
fn close_takes_reasons_of_up_to_123_bytes() {
    let mut pair = accepted();
    let over = "é".repeat(62);
    assert_eq!(pair.close(A, Some(1000), Some(&over)), Err(PairError::CloseReason));
    let most = "漢".repeat(41);
    assert_eq!(pair.close(A, Some(1000), Some(&most)), Ok(()));
    assert_eq!(pair.poll_event(B), Some(close(1000, &most)));
}

#[test]
fn close_needs_an_accepted_end() {
    let mut pair = fresh();
    assert_eq!(pair.close(A, None, None), Err(PairError::NotAccepted));
    pair.accept(B, Accept::default()).unwrap();
    pair.abandon(B);
    assert_eq!(pair.close(A, None, None), Err(PairError::NotAccepted));
    assert_eq!(pair.ready_state(A), Open);
}

#[test]
fn a_refused_close_leaves_the_end_open() {
    let mut pair = accepted();
    pair.close(A, Some(1006), None).unwrap_err();
    assert_eq!(states(&pair), (Open, Open));
    assert_eq!(send(&mut pair, A, "still here"), Ok(Sent::Queued));
}

#[test]
fn a_close_is_answered_before_its_event_is_handed_out() {
    let mut pair = accepted();
    pair.close(A, Some(1000), Some("bye")).unwrap();
    assert_eq!(states(&pair), (Closing, Open));
    assert_eq!(pair.poll_event(B), Some(close(1000, "bye")));
    assert_eq!(states(&pair), (Closing, Closed));
    assert_eq!(pair.poll_event(A), Some(close(1000, "bye")));
    assert_eq!(states(&pair), (Closed, Closed));
}

#[test]
fn a_close_after_a_close_changes_nothing() {
    let mut pair = accepted();
    pair.close(A, Some(1000), Some("first")).unwrap();
    assert_eq!(pair.close(A, Some(3000), Some("second")), Ok(()));
    assert_eq!(drain(&mut pair, B), [close(1000, "first")]);
    assert_eq!(pair.close(B, Some(3001), None), Ok(()));
    assert_eq!(drain(&mut pair, A), [close(1000, "first")]);
    assert_eq!(pair.close(A, None, None), Ok(()));
}

#[test]
fn the_reply_is_never_lost_behind_messages() {
    for crossing in 0..4 {
        let mut pair = accepted();
        pair.close(A, None, None).unwrap();
        for _ in 0..crossing {
            send(&mut pair, B, "crossing").unwrap();
        }
        drain(&mut pair, B);
        let got = drain(&mut pair, A);
        assert_eq!(got.len(), crossing + 1);
        assert_eq!(got.last(), Some(&close(1005, "")));
    }
}

#[test]
fn a_close_that_nobody_can_take_is_ignored() {
    let mut pair = accepted();
    pair.fail(B);
    assert_eq!(pair.close(A, None, None), Ok(()));
    assert_eq!(pair.close(B, None, None), Ok(()));
    drain(&mut pair, A);
    assert_eq!(pair.close(A, None, None), Ok(()));
    assert_eq!(states(&pair), (Closing, Closed));
}

#[test]
fn a_half_open_pair_without_an_answer_stays_closing() {
    let mut pair = accept_both(fresh(), HALF_OPEN);
    pair.close(A, None, None).unwrap();
    drain(&mut pair, B);
    assert_eq!(drain(&mut pair, A), []);
    assert_eq!(states(&pair), (Closing, Closing));
    assert_eq!(pair.phase(B), Phase::Accepted);
}

#[test]
fn an_abandoned_end_is_1006_at_the_other_after_its_messages() {
    let mut pair = accepted();
    send(&mut pair, B, "last").unwrap();
    pair.abandon(B);
    let all = [PairEvent::Message("last"), vanished()];
    assert_eq!(drain(&mut pair, A), all);
}

#[test]
fn a_1006_shows_after_its_event_not_during() {
    let mut pair = accepted();
    pair.abandon(B);
    assert_eq!(pair.poll_event(A), Some(vanished()));
    assert_eq!(pair.ready_state(A), Open);
    pair.event_done(A);
    assert_eq!(pair.ready_state(A), Closing);
}

#[test]
fn polling_again_is_as_good_as_done() {
    let mut pair = accepted();
    pair.abandon(B);
    assert_eq!(drain(&mut pair, A), [vanished()]);
    assert_eq!(pair.ready_state(A), Closing);
}

#[test]
fn after_the_own_close_a_1006_leads_to_closed() {
    let mut pair = accepted();
    pair.close(A, None, None).unwrap();
    pair.abandon(B);
    assert_eq!(pair.poll_event(A), Some(vanished()));
    assert_eq!(pair.ready_state(A), Closing);
    pair.event_done(A);
    assert_eq!(pair.ready_state(A), Closed);
}

#[test]
fn an_end_that_has_closed_vanishes_unseen() {
    let mut pair = accepted();
    pair.close(B, Some(1001), None).unwrap();
    pair.abandon(B);
    assert_eq!(drain(&mut pair, A), [close(1001, "")]);
    assert_eq!(pair.ready_state(A), Closed);
}

#[test]
fn what_was_sent_to_an_end_that_vanishes_is_dropped_at_once() {
    let message = Rc::new(());
    let mut pair = Pair::new(PairConfig::default());
    pair.accept(A, Accept::default()).unwrap();
    pair.send(A, message.clone(), 1).unwrap();
    pair.abandon(B);
    assert_eq!(Rc::strong_count(&message), 1);
}

#[test]
fn a_throwing_message_listener_is_an_error_here_and_1006_there() {
    let mut pair = accepted();
    send(&mut pair, A, "1").unwrap();
    send(&mut pair, A, "never seen").unwrap();
    send(&mut pair, B, "before").unwrap();
    pair.poll_event(B);
    pair.fail(B);
    assert_eq!(drain(&mut pair, B), [PairEvent::Error(Fault::Listener)]);
    assert_eq!(pair.ready_state(B), Closed);
    let all = [PairEvent::Message("before"), vanished()];
    assert_eq!(drain(&mut pair, A), all);
    assert_eq!(states(&pair), (Closing, Closed));
}

#[test]
fn a_second_throw_adds_nothing() {
    let mut pair = accepted();
    pair.fail(B);
    pair.fail(B);
    assert_eq!(drain(&mut pair, B), [PairEvent::Error(Fault::Listener)]);
    pair.fail(B);
    assert_eq!(drain(&mut pair, B), []);
}

#[test]
fn the_close_of_an_end_that_then_fails_still_arrives() {
    let mut pair = accepted();
    pair.close(A, Some(4000), None).unwrap();
    send(&mut pair, B, "x").unwrap();
    pair.poll_event(A);
    pair.fail(A);
    assert_eq!(drain(&mut pair, B), [close(4000, "")]);
    assert_eq!(drain(&mut pair, A), [PairEvent::Error(Fault::Listener)]);
    assert_eq!(states(&pair), (Closed, Closed));
}

#[test]
fn both_ends_may_fail() {
    let mut pair = accepted();
    pair.fail(A);
    pair.fail(B);
    for end in [A, B] {
        assert_eq!(drain(&mut pair, end), [PairEvent::Error(Fault::Listener)]);
    }
}

#[test]
fn a_failed_end_that_is_abandoned_stays_closed_and_silent() {
    let mut pair = accepted();
    pair.fail(A);
    pair.abandon(A);
    assert_eq!(drain(&mut pair, A), []);
    assert_eq!(pair.ready_state(A), Closed);
    assert_eq!(drain(&mut pair, B), [vanished()]);
}

#[test]
fn a_throwing_close_listener_changes_nothing() {
    for options in [Accept::default(), HALF_OPEN] {
        let mut pair = accept_both(fresh(), options);
        pair.close(A, Some(1000), None).unwrap();
        pair.poll_event(B);
        pair.fail(B);
        pair.close(B, Some(1000), None).unwrap();
        assert_eq!(drain(&mut pair, B), []);
        assert_eq!(drain(&mut pair, A), [close(1000, "")]);
    }
}

#[test]
fn a_listener_that_throws_at_a_1006_changes_nothing_at_any_date() {
    for compat in [Compat::newest(), Compat::at(2023, 1, 1)] {
        let mut pair = accept_both(with(compat), Accept::default());
        pair.abandon(B);
        pair.poll_event(A);
        pair.fail(A);
        assert_eq!(drain(&mut pair, A), []);
        assert_eq!(pair.ready_state(A), Closing);
    }
}

#[test]
fn an_end_without_listeners_cannot_fail() {
    let mut pair = wired();
    pair.fail(B);
    assert_eq!(drain(&mut pair, A), []);
    let mut pair = fresh();
    pair.fail(A);
    assert_eq!(pair.phase(A), Phase::Fresh);
}
