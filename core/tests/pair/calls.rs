//! Accepting, sending, attaching, and what is refused.

use wspair::ReadyState::{Closed, Open};
use wspair::pair::{Accept, MAX_ATTACHMENT, PairError, PairEvent, Phase, Sent};

use super::*;

#[test]
fn a_fresh_end_is_open_and_stays_so_when_accepted() {
    let mut pair = fresh();
    assert_eq!(states(&pair), (Open, Open));
    pair.accept(A, Accept::default()).unwrap();
    assert_eq!(states(&pair), (Open, Open));
    assert_eq!((pair.phase(A), pair.phase(B)), (Phase::Accepted, Phase::Fresh));
    assert_eq!(drain(&mut pair, A), []);
}

#[test]
fn nothing_arrives_before_accept() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    send(&mut pair, A, "m").unwrap();
    assert!(!pair.has_event(B));
    assert_eq!(pair.poll_event(B), None);
    pair.accept(B, Accept::default()).unwrap();
    assert!(pair.has_event(B));
    assert_eq!(pair.poll_event(B), Some(PairEvent::Message("m")));
}

#[test]
fn a_second_accept_changes_nothing_nor_the_options() {
    let mut pair = accepted();
    assert_eq!(pair.accept(B, HALF_OPEN), Ok(()));
    pair.close(A, Some(4000), Some("x")).unwrap();
    assert_eq!(pair.poll_event(B), Some(close(4000, "x")));
    assert_eq!(pair.ready_state(B), Closed);
}

#[test]
fn accept_is_refused_on_an_end_given_away() {
    let mut pair = fresh();
    pair.couple(A).unwrap();
    assert_eq!(pair.accept(A, Accept::default()), Err(PairError::Spent));
}

#[test]
fn accept_is_refused_on_a_hibernatable_end() {
    let mut pair = fresh();
    pair.accept_hibernatable(A).unwrap();
    let refused = Err(PairError::Hibernatable);
    assert_eq!(pair.accept(A, Accept::default()), refused);
}

#[test]
fn accept_is_refused_once_both_closes_are_taken() {
    let mut pair = accepted();
    pair.close(A, Some(1000), None).unwrap();
    assert_eq!(pair.accept(A, Accept::default()), Ok(()));
    pair.poll_event(B);
    pair.event_done(B);
    assert_eq!(pair.accept(B, Accept::default()), Ok(()), "reply waits");
    pair.poll_event(A);
    assert_eq!(pair.accept(A, Accept::default()), Ok(()), "event in hand");
    pair.event_done(A);
    assert_eq!(pair.accept(A, Accept::default()), Err(PairError::Spent));
    assert_eq!(pair.accept(B, Accept::default()), Err(PairError::Spent));
}

#[test]
fn accept_is_refused_after_a_failure_at_either_end() {
    let mut pair = accepted();
    pair.fail(B);
    assert_eq!(pair.accept(B, Accept::default()), Err(PairError::Spent));
    drain(&mut pair, A);
    assert_eq!(pair.accept(A, Accept::default()), Err(PairError::Spent));
}

#[test]
fn accept_is_possible_when_the_other_end_is_gone() {
    let mut pair = fresh();
    pair.abandon(A);
    assert_eq!(pair.accept(B, Accept::default()), Ok(()));
    assert_eq!(drain(&mut pair, B), [vanished()]);
}

#[test]
fn an_end_is_spent_when_nothing_can_happen_at_it_and_not_before() {
    // The other one vanished, which it has not seen.
    let mut pair = accepted();
    pair.abandon(B);
    assert_eq!(pair.phase(A), Phase::Accepted);
    assert_eq!(drain(&mut pair, A), [vanished()]);
    pair.event_done(A);
    assert_eq!(pair.phase(A), Phase::Spent);

    // It has closed, and the other one vanished.
    let mut pair = accepted();
    pair.close(A, Some(1000), None).unwrap();
    pair.abandon(B);
    assert_eq!(pair.phase(A), Phase::Accepted);

    // The other one closed and vanished, and it has not closed.
    let mut pair = accept_both(fresh(), HALF_OPEN);
    pair.close(B, Some(1000), None).unwrap();
    assert_eq!(drain(&mut pair, A), [close(1000, "")]);
    pair.event_done(A);
    pair.abandon(B);
    assert_eq!(pair.phase(A), Phase::Accepted);
}

#[test]
fn send_needs_an_accepted_end_whatever_the_other_did() {
    let mut pair = fresh();
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::NotAccepted));
    pair.accept(B, Accept::default()).unwrap();
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::NotAccepted));
    pair.close(B, None, None).unwrap();
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::NotAccepted));
    pair.abandon(B);
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::NotAccepted));
}

#[test]
fn send_is_refused_after_the_own_close() {
    let mut pair = accepted();
    pair.close(A, None, None).unwrap();
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::Closing));
    drain(&mut pair, B);
    drain(&mut pair, A);
    assert_eq!(send(&mut pair, A, "x"), Err(PairError::Closing));
}

#[test]
fn send_is_refused_after_an_automatic_reply() {
    let mut pair = accepted();
    pair.close(A, None, None).unwrap();
    assert_eq!(send(&mut pair, B, "crossing"), Ok(Sent::Queued));
    pair.poll_event(B);
    assert_eq!(send(&mut pair, B, "x"), Err(PairError::Closing));
}

#[test]
fn send_is_refused_after_the_own_close_even_if_either_end_failed() {
    for failing in [A, B] {
        let mut pair = accepted();
        pair.close(A, None, None).unwrap();
        pair.fail(failing);
        drain(&mut pair, A);
        assert_eq!(send(&mut pair, A, "x"), Err(PairError::Closing));
    }
}

#[test]
fn send_is_ignored_after_a_failure_at_either_end() {
    let mut pair = accepted();
    pair.fail(B);
    assert_eq!(send(&mut pair, B, "x"), Ok(Sent::Ignored));
    assert_eq!(send(&mut pair, A, "before the event"), Ok(Sent::Ignored));
    drain(&mut pair, A);
    assert_eq!(send(&mut pair, A, "after it"), Ok(Sent::Ignored));
    assert_eq!(pair.buffered_amount(A), 0);
}

#[test]
fn send_is_ignored_on_an_end_given_away() {
    let mut pair = wired();
    assert_eq!(send(&mut pair, B, "x"), Ok(Sent::Ignored));
    pair.deliver_close(B, None, "");
    assert_eq!(send(&mut pair, B, "x"), Ok(Sent::Ignored));
}

#[test]
fn bytes_count_until_they_are_taken_and_a_close_counts_nothing() {
    let mut pair = accepted();
    send(&mut pair, A, "12345").unwrap();
    send(&mut pair, A, "67").unwrap();
    pair.close(A, Some(1000), Some("abc")).unwrap();
    assert_eq!((pair.buffered_amount(A), pair.buffered_amount(B)), (7, 0));
    pair.poll_event(B);
    assert_eq!(pair.buffered_amount(A), 2);
    pair.poll_event(B);
    assert_eq!(pair.buffered_amount(A), 0);
}

#[test]
fn bytes_that_were_queued_at_a_failure_stay_counted() {
    let mut pair = accepted();
    send(&mut pair, A, "12345").unwrap();
    pair.fail(B);
    assert_eq!(pair.buffered_amount(A), 5);
}

#[test]
fn messages_keep_their_order_and_the_close_is_last() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    send(&mut pair, A, "1").unwrap();
    send(&mut pair, A, "2").unwrap();
    pair.close(A, Some(1000), Some("done")).unwrap();
    pair.accept(B, Accept::default()).unwrap();
    let all = [PairEvent::Message("1"), PairEvent::Message("2"), close(1000, "done")];
    assert_eq!(drain(&mut pair, B), all);
}

#[test]
fn an_attachment_is_kept_by_end_and_replaced() {
    let mut pair = accepted();
    assert_eq!(pair.attachment(A), None);
    pair.set_attachment(A, vec![1]).unwrap();
    pair.set_attachment(A, vec![2]).unwrap();
    assert_eq!(pair.attachment(A), Some(&[2][..]));
    assert_eq!(pair.attachment(B), None);
}

#[test]
fn an_attachment_has_at_most_16384_bytes() {
    let mut pair = fresh();
    assert_eq!(pair.set_attachment(A, vec![6; MAX_ATTACHMENT - 1]), Ok(()));
    assert_eq!(pair.set_attachment(A, vec![7; MAX_ATTACHMENT]), Ok(()));
    assert_eq!(
        pair.set_attachment(A, vec![8; MAX_ATTACHMENT + 1]),
        Err(PairError::AttachmentTooLarge { size: 16_385 })
    );
    assert_eq!(pair.attachment(A), Some(&[7; 16_384][..]));
}

#[test]
fn an_attachment_may_be_set_at_any_time() {
    let mut pair = accepted();
    pair.fail(B);
    drain(&mut pair, A);
    assert_eq!(pair.set_attachment(A, vec![1]), Ok(()));
    assert_eq!(pair.set_attachment(B, vec![2]), Ok(()));
}

#[test]
fn errors_say_what_is_wrong_in_our_words() {
    for (error, text) in [
        (PairError::NotAccepted, "end is not accepted"),
        (PairError::Accepted, "end is accepted already"),
        (PairError::Hibernatable, "end was accepted as hibernatable"),
        (PairError::PeerTaken, "other end is accepted, given away or gone"),
        (PairError::Spent, "end was given away or is finished"),
        (PairError::Closing, "end has closed"),
        (PairError::CloseCode(1006), "close code 1006 may not be sent"),
        (PairError::CloseReason, "close reason is over 123 bytes"),
        (PairError::ReasonWithoutCode, "close reason without a code"),
        (PairError::Full { queued: 7 }, "pair is full: 7 bytes are waiting"),
        (PairError::AttachmentTooLarge { size: 20_000 }, "attachment of 20000 bytes is too large"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
