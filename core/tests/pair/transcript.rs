//! Scripts whose transcripts the Workers runtime has shown: the same calls give the same events, in
//! the same order, with the same states.

use wspair::pair::{Accept, PairEvent};

use super::host::{Host, Listened};
use super::*;

#[test]
fn accept_second_call_cannot_change_options() {
    let mut host = Host::accepted();
    host.pair.accept(B, HALF_OPEN).unwrap();
    host.close(A, 4000, Some("x"));
    host.turn(B);
    host.turn(A);
    host.states();
    host.shows(&["b close 4000 \"x\" true, 3", "a close 4000 \"x\" true, 3", "states 3 3"]);
}

#[test]
fn send_after_own_close() {
    let mut host = Host::accepted();
    host.close(A, 1000, None);
    host.send(A, "x");
    host.turn(B);
    host.settle();
    host.send(A, "x");
    host.send(B, "x");
    host.shows(&[
        "send: end has closed",
        "b close 1000 \"\" true, 3",
        "a close 1000 \"\" true, 3",
        "send: end has closed",
        "send: end has closed",
    ]);
}

#[test]
fn order_queued_messages_precede_close() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    let mut host = Host::new(pair);
    host.send(A, "m1");
    host.send(A, "m2");
    host.close(A, 1000, Some("done"));
    host.settle();
    host.states();
    host.pair.accept(B, Accept::default()).unwrap();
    host.settle();
    host.states();
    host.shows(&[
        "states 2 1",
        "b message m1, 1",
        "b message m2, 1",
        "b close 1000 \"done\" true, 3",
        "a close 1000 \"done\" true, 3",
        "states 3 3",
    ]);
}

#[test]
fn order_replies_while_queue_drains() {
    let mut host = Host::accepted().listen(|pair, end, event| {
        if let (B, PairEvent::Message(text)) = (end, event) {
            send(pair, B, text).unwrap();
        }
        Listened::Fine
    });
    for text in ["1", "2", "3"] {
        host.send(A, text);
    }
    host.settle();
    host.shows_by_end(
        &["a message 1, 1", "a message 2, 1", "a message 3, 1"],
        &["b message 1, 1", "b message 2, 1", "b message 3, 1"],
    );
}

#[test]
fn order_thousand_messages() {
    let mut pair = Pair::new(PairConfig::default());
    pair.accept(A, Accept::default()).unwrap();
    for number in 0..1000 {
        pair.send(A, number, 4).unwrap();
    }
    pair.accept(B, Accept::default()).unwrap();
    for number in 1000..1200 {
        pair.send(A, number, 4).unwrap();
    }
    for number in 0..1200 {
        assert_eq!(pair.poll_event(B), Some(PairEvent::Message(number)));
    }
    assert_eq!(pair.poll_event(B), None);
}

#[test]
fn close_handshake_from_second_end() {
    let mut host = Host::accepted();
    host.close(B, 4321, Some("other way"));
    host.states();
    host.settle();
    host.states();
    host.shows(&[
        "states 1 2",
        "a close 4321 \"other way\" true, 3",
        "b close 4321 \"other way\" true, 3",
        "states 3 3",
    ]);
}

#[test]
fn close_no_arguments() {
    let mut host = Host::accepted();
    host.close(A, None, None);
    host.settle();
    host.shows(&["b close 1005 \"\" true, 3", "a close 1005 \"\" true, 3"]);
}

#[test]
fn close_invalid_call_leaves_socket_open() {
    let mut host = Host::accepted();
    host.close(A, 1006, None);
    host.states();
    host.send(A, "still here");
    host.close(A, 1000, Some("ok"));
    host.settle();
    host.shows(&[
        "close: close code 1006 may not be sent",
        "states 1 1",
        "b message still here, 1",
        "b close 1000 \"ok\" true, 3",
        "a close 1000 \"ok\" true, 3",
    ]);
}

#[test]
fn close_twice() {
    let mut host = Host::accepted();
    host.close(A, 1000, Some("first"));
    host.close(A, 3000, Some("second"));
    host.settle();
    host.close(A, None, None);
    host.close(B, 3001, Some("third"));
    host.shows(&["b close 1000 \"first\" true, 3", "a close 1000 \"first\" true, 3"]);
}

#[test]
fn close_arguments_still_checked_when_closed() {
    let mut host = Host::accepted();
    host.close(A, 1000, None);
    host.close(A, 999, None);
    host.settle();
    host.close(A, 999, None);
    host.close(B, None, Some("r"));
    host.shows(&[
        "close: close code 999 may not be sent",
        "b close 1000 \"\" true, 3",
        "a close 1000 \"\" true, 3",
        "close: close code 999 may not be sent",
        "close: close reason without a code",
    ]);
}

#[test]
fn close_both_ends_at_once() {
    let mut host = Host::accepted();
    host.close(A, 1000, Some("from a"));
    host.close(B, 3001, Some("from b"));
    host.states();
    host.settle();
    host.states();
    host.shows(&[
        "states 2 2",
        "a close 3001 \"from b\" true, 3",
        "b close 1000 \"from a\" true, 3",
        "states 3 3",
    ]);
}

#[test]
fn close_before_peer_accepts() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    let mut host = Host::new(pair);
    host.close(A, 1000, Some("early"));
    host.settle();
    host.states();
    host.pair.accept(B, Accept::default()).unwrap();
    host.states();
    host.settle();
    host.shows(&[
        "states 2 1",
        "states 2 1",
        "b close 1000 \"early\" true, 3",
        "a close 1000 \"early\" true, 3",
    ]);
}

#[test]
fn close_calls_inside_the_close_handler() {
    let mut host = Host::accepted().listen(|pair, end, _| {
        if end == B {
            assert_eq!(pair.close(B, Some(3000), Some("mine")), Ok(()));
            assert_eq!(send(pair, B, "late"), Err(PairError::Closing));
        }
        Listened::Fine
    });
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.shows(&["b close 1000 \"bye\" true, 3", "a close 1000 \"bye\" true, 3"]);
}

#[test]
fn close_messages_already_sent_by_the_other_end_arrive() {
    let mut host = Host::accepted();
    host.send(B, "b1");
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.shows_by_end(
        &["a message b1, 2", "a close 1000 \"bye\" true, 3"],
        &["b close 1000 \"bye\" true, 3"],
    );
}

#[test]
fn close_one_answer_then_reply() {
    let mut host = Host::accepted().listen(|pair, end, event| {
        if let (B, PairEvent::Message(text)) = (end, event) {
            send(pair, B, text).unwrap();
        }
        Listened::Fine
    });
    host.send(A, "1");
    host.send(A, "2");
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.states();
    host.shows_by_end(
        &["a message 1, 2", "a message 2, 2", "a close 1000 \"bye\" true, 3"],
        &["b message 1, 1", "b message 2, 1", "b close 1000 \"bye\" true, 3"],
    );
    assert_eq!(host.log.last().unwrap(), "states 3 3");
}

#[test]
fn close_several_sends_crossing_a_close() {
    let mut host = Host::accepted();
    host.close(A, 1000, Some("bye"));
    for text in ["b1", "b2", "b3"] {
        host.send(B, text);
    }
    host.settle();
    host.shows_by_end(
        &["a message b1, 2", "a message b2, 2", "a message b3, 2", "a close 1000 \"bye\" true, 3"],
        &["b close 1000 \"bye\" true, 3"],
    );
}

#[test]
fn close_states_seen_from_the_other_handler() {
    let mut host = Host::accepted().listen(|pair, end, _| {
        let expected = if end == A { (3, 3) } else { (2, 3) };
        let (a, b) = states(pair);
        assert_eq!((a as u8, b as u8), expected);
        Listened::Fine
    });
    host.close(A, 3456, Some("s"));
    host.settle();
    assert_eq!(host.log.len(), 2);
}

#[test]
fn half_open_receiver_stays_closing() {
    let mut host = Host::half_open();
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.states();
    host.close(B, 3000, Some("later"));
    host.states();
    host.settle();
    host.states();
    host.shows(&[
        "b close 1000 \"bye\" true, 2",
        "states 2 2",
        "states 2 3",
        "a close 3000 \"later\" true, 3",
        "states 3 3",
    ]);
}

#[test]
fn half_open_receiver_may_still_send() {
    let mut host = Host::half_open();
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.send(B, "late 1");
    host.send(A, "x");
    host.settle();
    host.states();
    host.shows(&[
        "b close 1000 \"bye\" true, 2",
        "send: end has closed",
        "a message late 1, 2",
        "states 2 2",
    ]);
}

#[test]
fn half_open_reply_from_the_close_handler() {
    let mut host = Host::half_open().listen(|pair, end, event| {
        if let (B, PairEvent::Close { code, .. }) = (end, event) {
            send(pair, B, "last words").unwrap();
            pair.close(B, Some(*code), Some("echoed")).unwrap();
            assert_eq!(pair.ready_state(B) as u8, 3);
        }
        Listened::Fine
    });
    host.close(A, 4000, Some("x"));
    host.settle();
    host.states();
    host.shows(&[
        "b close 4000 \"x\" true, 2",
        "a message last words, 2",
        "a close 4000 \"echoed\" true, 3",
        "states 3 3",
    ]);
}

#[test]
fn half_open_option_on_the_closer_changes_nothing() {
    let mut host = Host::half_open();
    host.close(B, 1000, Some("bye"));
    host.settle();
    host.states();
    host.shows(&["a close 1000 \"bye\" true, 3", "b close 1000 \"bye\" true, 3", "states 3 3"]);
}

fn throwing_at_messages(_: &mut Texts, end: End, event: &Event) -> Listened {
    match (end, event) {
        (B, PairEvent::Message(_)) => Listened::Threw,
        _ => Listened::Fine,
    }
}

#[test]
fn exceptions_message_listener_throws() {
    let mut host = Host::accepted().listen(throwing_at_messages);
    host.send(A, "1");
    host.turn(B);
    host.turn(B);
    host.settle();
    host.states();
    host.shows(&[
        "b message 1, 1",
        "b error, 3",
        "a close 1006 \"WebSocket disconnected without sending Close frame.\" false, 1",
        "states 2 3",
    ]);
}

#[test]
fn exceptions_calls_after_the_failure_are_ignored() {
    let mut host = Host::accepted().listen(throwing_at_messages);
    host.send(A, "1");
    host.settle();
    host.log.clear();
    for end in [A, B] {
        host.send(end, "2");
        host.close(end, 1000, None);
    }
    host.settle();
    host.states();
    host.shows(&["states 2 3"]);
}

fn throwing_at_closes(_: &mut Texts, end: End, event: &Event) -> Listened {
    match (end, event) {
        (B, PairEvent::Close { .. }) => Listened::Threw,
        _ => Listened::Fine,
    }
}

#[test]
fn exceptions_close_listener_throws() {
    let mut host = Host::accepted().listen(throwing_at_closes);
    host.close(A, 1000, Some("x"));
    host.settle();
    host.states();
    host.shows(&["b close 1000 \"x\" true, 3", "a close 1000 \"x\" true, 3", "states 3 3"]);
}

#[test]
fn exceptions_close_listener_throws_in_2023() {
    let mut host = Host::of_2023().listen(throwing_at_closes);
    host.close(A, 1000, Some("x"));
    host.settle();
    host.states();
    host.shows_by_end(
        &["a close 1006 \"WebSocket disconnected without sending Close frame.\" false, 2"],
        &["b close 1000 \"x\" true, 2", "b error, 3"],
    );
    assert_eq!(host.log.last().unwrap(), "states 3 3");
}

#[test]
fn close_handshake_in_2023() {
    let mut host = Host::of_2023();
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.states();
    host.shows(&["b close 1000 \"bye\" true, 2", "states 2 2"]);
}

#[test]
fn close_calls_inside_the_close_handler_in_2023() {
    let mut host = Host::of_2023().listen(|pair, end, _| {
        if end == B {
            pair.close(B, Some(3000), Some("mine")).unwrap();
            assert_eq!(send(pair, B, "late"), Err(PairError::Closing));
        }
        Listened::Fine
    });
    host.close(A, 1000, Some("bye"));
    host.settle();
    host.shows(&["b close 1000 \"bye\" true, 2", "a close 3000 \"mine\" true, 3"]);
}

#[test]
fn abandon_unaccepted_end_collected() {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    let mut host = Host::new(pair);
    host.pair.abandon(B);
    host.settle();
    host.states();
    host.shows(&[
        "a close 1006 \"WebSocket disconnected without sending Close frame.\" false, 1",
        "states 2 1",
    ]);
}

#[test]
fn durable_server_side_close() {
    let mut pair = fresh();
    pair.accept_hibernatable(B).unwrap();
    pair.accept(A, Accept::default()).unwrap();
    let mut host = Host::new(pair).listen(|pair, end, event| {
        if let (B, PairEvent::Message(_)) = (end, event) {
            pair.close(B, Some(4002), Some("server")).unwrap();
            assert_eq!(send(pair, B, "x"), Err(PairError::Closing));
            assert_eq!(pair.close(B, None, None), Ok(()));
        }
        Listened::Fine
    });
    host.send(A, "go");
    host.settle();
    host.shows(&[
        "b message go, 1",
        "a close 4002 \"server\" true, 3",
        "b close 4002 \"server\" true, 3",
    ]);
}
