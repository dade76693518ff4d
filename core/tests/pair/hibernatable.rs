//! Ends whose events go to handlers that outlive their holder's memory.

use wspair::ReadyState::{Closed, Closing};
use wspair::error::ProtocolError;
use wspair::pair::{Accept, Fault, PairError, PairEvent, Phase, Sent};

use super::*;

/// A accepted, B hibernatable.
fn hibernatable() -> Texts {
    let mut pair = fresh();
    pair.accept_hibernatable(B).unwrap();
    pair.accept(A, Accept::default()).unwrap();
    pair
}

#[test]
fn it_is_refused_on_an_accepted_end_first() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    assert_eq!(pair.accept_hibernatable(A), Err(PairError::Accepted));
    let mut pair = hibernatable();
    assert_eq!(pair.accept_hibernatable(B), Err(PairError::Accepted));
}

#[test]
fn it_is_refused_when_the_other_end_is_not_fresh() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    assert_eq!(pair.accept_hibernatable(B), Err(PairError::PeerTaken));

    let mut pair = fresh();
    pair.accept_hibernatable(A).unwrap();
    assert_eq!(pair.accept_hibernatable(B), Err(PairError::PeerTaken));

    let mut pair = fresh();
    pair.couple(A).unwrap();
    assert_eq!(pair.accept_hibernatable(B), Err(PairError::PeerTaken));

    let mut pair = fresh();
    pair.abandon(A);
    assert_eq!(pair.accept_hibernatable(B), Err(PairError::PeerTaken));
}

#[test]
fn it_is_refused_on_an_end_given_away_last() {
    let mut pair = fresh();
    pair.couple(A).unwrap();
    assert_eq!(pair.accept_hibernatable(A), Err(PairError::Spent));
    pair.accept(B, Accept::default()).unwrap();
    assert_eq!(pair.accept_hibernatable(A), Err(PairError::PeerTaken));
}

#[test]
fn it_sends_at_once() {
    let mut pair = hibernatable();
    assert_eq!(send(&mut pair, B, "hello"), Ok(Sent::Queued));
    assert_eq!(pair.poll_event(A), Some(PairEvent::Message("hello")));
}

#[test]
fn it_never_answers_a_close_by_itself() {
    let mut pair = hibernatable();
    pair.close(A, Some(4000), Some("bye")).unwrap();
    assert_eq!(pair.poll_event(B), Some(close(4000, "bye")));
    assert_eq!(states(&pair), (Closing, Closing));
    assert_eq!(pair.phase(B), Phase::Hibernatable);
    pair.close(B, Some(4000), Some("reply")).unwrap();
    assert_eq!(pair.ready_state(B), Closed);
    assert_eq!(drain(&mut pair, A), [close(4000, "reply")]);
}

#[test]
fn when_it_closed_first_it_is_closed_but_in_use_in_its_handler() {
    let mut pair = hibernatable();
    pair.close(B, Some(4002), Some("server")).unwrap();
    drain(&mut pair, A);
    assert_eq!(pair.poll_event(B), Some(close(4002, "server")));
    assert_eq!(pair.ready_state(B), Closed);
    assert_eq!(pair.phase(B), Phase::Hibernatable);
    pair.event_done(B);
    assert_eq!(pair.phase(B), Phase::Spent);
}

#[test]
fn it_is_closing_at_a_1006() {
    let mut pair = hibernatable();
    pair.abandon(A);
    assert_eq!(pair.poll_event(B), Some(vanished()));
    assert_eq!(pair.ready_state(B), Closing);
    assert_eq!(send(&mut pair, B, "x"), Ok(Sent::Ignored));
    assert_eq!(pair.close(B, Some(1000), None), Ok(()));
    assert_eq!(pair.ready_state(B), Closing);
}

#[test]
fn it_does_not_fail_when_a_handler_throws() {
    let mut pair = hibernatable();
    send(&mut pair, A, "bad").unwrap();
    send(&mut pair, A, "good").unwrap();
    pair.poll_event(B);
    pair.fail(B);
    assert_eq!(pair.poll_event(B), Some(PairEvent::Message("good")));
    assert_eq!(drain(&mut pair, A), []);
}

#[test]
fn it_is_closing_at_a_violation_on_the_wire() {
    let mut pair = fresh();
    pair.accept_hibernatable(B).unwrap();
    pair.couple(A).unwrap();
    pair.deliver_error(A, ProtocolError::MessageTooLong);
    let error = Fault::Wire(ProtocolError::MessageTooLong);
    assert_eq!(pair.poll_event(B), Some(PairEvent::Error(error)));
    assert_eq!(pair.ready_state(B), Closing);
    assert_eq!(send(&mut pair, B, "x"), Ok(Sent::Ignored));
    assert_eq!(pair.close(B, Some(1000), None), Ok(()));
    assert_eq!(drain(&mut pair, B), []);
}
