//! An end on the wire.

use wspair::ReadyState::{Closed, Open};
use wspair::error::ProtocolError;
use wspair::pair::{Accept, Fault, PairError, PairEvent, Phase, Sent, WireAction};

use super::*;

#[test]
fn an_end_in_use_cannot_be_coupled() {
    let mut pair = accepted();
    assert_eq!(pair.couple(A), Err(PairError::Accepted));
    let mut pair = fresh();
    pair.accept_hibernatable(A).unwrap();
    assert_eq!(pair.couple(A), Err(PairError::Hibernatable));
    assert_eq!(pair.couple(B), Ok(()));
    assert_eq!(pair.couple(B), Err(PairError::Spent));
}

#[test]
fn a_coupled_end_is_spent_and_stays_open() {
    let mut pair = wired();
    assert_eq!(pair.phase(B), Phase::Spent);
    assert_eq!(pair.close(B, Some(1000), None), Ok(()));
    assert_eq!(drain(&mut pair, A), []);
    pair.deliver(B, "x", 1);
    pair.deliver_close(B, Some(1000), "");
    drain(&mut pair, A);
    assert!(!pair.has_event(B));
    assert_eq!(pair.poll_event(B), None);
    pair.abandon(B);
    assert_eq!(states(&pair), (Closed, Open));
}

#[test]
fn what_the_other_end_sends_goes_out_in_order() {
    let mut pair = wired();
    send(&mut pair, A, "1").unwrap();
    pair.close(A, Some(4001), Some("bye")).unwrap();
    for _ in 0..2 {
        assert_eq!(pair.poll_outgoing(B), Some(WireAction::Message(&"1")));
    }
    assert_eq!(pair.buffered_amount(A), 1);
    pair.sent(B);
    assert_eq!(pair.buffered_amount(A), 0);
    let (code, reason) = (Some(4001), "bye");
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Close { code, reason }));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), None);
    pair.sent(B);
    pair.deliver_close(B, code, reason);
    assert_eq!(drain(&mut pair, A), [close(4001, "bye")]);
    assert_eq!(pair.ready_state(A), Closed);
}

#[test]
fn what_comes_in_reaches_the_other_end_and_its_close_is_answered_once_read() {
    let mut pair = wired();
    assert_eq!(pair.deliver(B, "in", 2), Sent::Queued);
    pair.deliver_close(B, None, "");
    assert_eq!(pair.deliver(B, "too late", 8), Sent::Ignored);
    assert_eq!(pair.poll_outgoing(B), None);
    let all = [PairEvent::Message("in"), close(1005, "")];
    assert_eq!(drain(&mut pair, A), all);
    let (code, reason) = (None, "");
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Close { code, reason }));
}

#[test]
fn messages_wait_for_a_kept_end_that_is_not_accepted() {
    let mut pair = fresh();
    pair.couple(B).unwrap();
    pair.deliver(B, "early", 5);
    assert_eq!(pair.poll_event(A), None);
    pair.accept(A, Accept::default()).unwrap();
    assert_eq!(pair.poll_event(A), Some(PairEvent::Message("early")));
}

#[test]
fn a_peer_that_sends_empty_messages_is_stopped_too() {
    let mut pair = wired();
    let mut fed = 0;
    while !pair.is_congested(B) {
        assert_eq!(pair.deliver(B, "", 0), Sent::Queued);
        fed += 1;
    }
    assert_eq!(fed, (1 << 20) / 32);
}

#[test]
fn a_wire_that_nobody_listens_to_is_read_on() {
    let mut pair = wired();
    pair.deliver(B, "", 1 << 20);
    assert!(pair.is_congested(B));
    pair.fail(A);
    assert!(!pair.is_congested(B));
}

#[test]
fn a_lost_wire_is_1006_after_what_it_brought() {
    let mut pair = wired();
    pair.deliver(B, "last", 4);
    send(&mut pair, A, "never out").unwrap();
    pair.abandon(B);
    assert_eq!(pair.poll_outgoing(B), None);
    assert_eq!(pair.deliver(B, "x", 1), Sent::Ignored);
    assert_eq!(send(&mut pair, A, "x"), Ok(Sent::Ignored));
    let all = [PairEvent::Message("last"), vanished()];
    assert_eq!(drain(&mut pair, A), all);
}

#[test]
fn what_is_sent_before_a_wires_end_is_seen_goes_out_and_nothing_after() {
    let mut pair = wired();
    pair.deliver(B, "last", 4);
    pair.deliver_end(B);
    assert_eq!(pair.deliver(B, "x", 1), Sent::Ignored);
    send(&mut pair, A, "before").unwrap();
    assert_eq!(pair.poll_event(A), Some(PairEvent::Message("last")));
    send(&mut pair, A, "reply").unwrap();
    for text in ["before", "reply"] {
        assert_eq!(pair.poll_outgoing(B), Some(WireAction::Message(&text)));
        pair.sent(B);
    }
    assert_eq!(pair.poll_outgoing(B), None, "the end was not seen yet");
    send(&mut pair, A, "unsent").unwrap();
    assert_eq!(drain(&mut pair, A), [vanished()]);
    assert_eq!(send(&mut pair, A, "x"), Ok(Sent::Ignored));
    assert_eq!(pair.close(A, Some(1000), None), Ok(()));
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Message(&"unsent")));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Disconnect));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), None);
    assert_eq!(pair.phase(A), Phase::Spent);
}

#[test]
fn a_close_before_a_wires_end_is_seen_goes_out() {
    let mut pair = wired();
    pair.deliver_end(B);
    pair.close(A, Some(1000), None).unwrap();
    assert_eq!(drain(&mut pair, A), [vanished()]);
    let (code, reason) = (Some(1000), "");
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Close { code, reason }));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), None);
}

#[test]
fn a_wires_end_behind_its_close_changes_nothing() {
    let mut pair = wired();
    pair.deliver_close(B, Some(1000), "bye");
    pair.deliver_end(B);
    assert_eq!(drain(&mut pair, A), [close(1000, "bye")]);
    let (code, reason) = (Some(1000), "bye");
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Close { code, reason }));
}

#[test]
fn the_end_of_one_wire_passes_to_the_other_and_back() {
    let mut pair = fresh();
    pair.couple(A).unwrap();
    pair.couple(B).unwrap();
    pair.deliver(A, "last", 4);
    pair.deliver_end(A);
    assert_eq!(pair.poll_outgoing(A), None, "the other wire was not told yet");
    pair.sent(B);
    assert_eq!(pair.deliver(B, "answer", 6), Sent::Queued);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Disconnect));
    pair.sent(B);
    assert_eq!(pair.deliver(B, "late", 4), Sent::Ignored);
    assert_eq!(pair.poll_outgoing(A), Some(WireAction::Message(&"answer")));
    pair.sent(A);
    assert_eq!(pair.poll_outgoing(A), Some(WireAction::Disconnect));
}

#[test]
fn a_wire_that_ends_after_its_close_is_clean() {
    let mut pair = wired();
    pair.deliver_close(B, Some(1000), "bye");
    pair.abandon(B);
    assert_eq!(drain(&mut pair, A), [close(1000, "bye")]);
    assert_eq!(pair.ready_state(A), Closed);
    assert_eq!(pair.accept(A, Accept::default()), Err(PairError::Spent));
}

#[test]
fn a_failed_end_drops_the_wire_after_its_messages() {
    let mut pair = wired();
    send(&mut pair, A, "before").unwrap();
    pair.fail(A);
    assert_eq!(pair.deliver(B, "x", 1), Sent::Ignored);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Message(&"before")));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Disconnect));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), None);
}

#[test]
fn a_kept_end_that_vanishes_drops_the_wire() {
    let mut pair = fresh();
    pair.couple(B).unwrap();
    pair.abandon(A);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Disconnect));
}

#[test]
fn a_violation_on_the_wire_fails_the_kept_end() {
    let mut pair = wired();
    pair.deliver(B, "good", 4);
    pair.deliver_error(B, ProtocolError::MessageTooLong);
    let error = Fault::Wire(ProtocolError::MessageTooLong);
    let all = [PairEvent::Message("good"), PairEvent::Error(error)];
    assert_eq!(drain(&mut pair, A), all);
    assert_eq!(pair.ready_state(A), Closed);
    assert_eq!(send(&mut pair, A, "x"), Ok(Sent::Ignored));
    assert_eq!(pair.close(A, None, None), Ok(()));
    assert_eq!(pair.poll_outgoing(B), None);
}

#[test]
fn both_ends_may_be_given_away() {
    let mut pair = fresh();
    pair.couple(A).unwrap();
    pair.couple(B).unwrap();
    pair.deliver(A, "through", 7);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Message(&"through")));
    pair.sent(B);
    pair.deliver_error(A, ProtocolError::Masked);
    assert_eq!(pair.poll_outgoing(B), Some(WireAction::Disconnect));
    pair.sent(B);
    assert_eq!(pair.poll_outgoing(B), None);
}

#[test]
fn only_a_coupled_end_has_a_wire() {
    let mut pair = accepted();
    send(&mut pair, A, "x").unwrap();
    assert_eq!(pair.poll_outgoing(B), None);
    pair.sent(B);
    assert_eq!(pair.deliver(B, "x", 1), Sent::Ignored);
    pair.deliver_close(B, None, "");
    pair.deliver_end(B);
    pair.deliver_error(B, ProtocolError::Masked);
    assert_eq!(drain(&mut pair, A), []);
    assert_eq!(pair.poll_event(B), Some(PairEvent::Message("x")));
}
