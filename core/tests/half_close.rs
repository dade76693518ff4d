//! The end of one direction of the transport (RFC 6455 5.5.1, RFC 8441 5), and the loss of both.

mod common;

use common::random::{ends_once, frames, role, way};
use common::*;
use proptest::prelude::*;
use proptest::sample::Index;
use wspair::event::Timer;
use wspair::{CloseCode, ClosedCause, Config, Connection, ReadyState, SendError, TransportAction};

fn eof(conn: &mut Connection) -> Vec<OwnedEvent> {
    collect(&mut conn.receive_eof())
}

fn lost(conn: &mut Connection) -> Vec<OwnedEvent> {
    collect(&mut conn.transport_lost())
}

fn more(conn: &mut Connection) -> Vec<OwnedEvent> {
    collect(&mut conn.receive(&mut []))
}

fn code(code: u16) -> CloseCode {
    CloseCode::new(code).expect("a code that may be sent")
}

fn half_open() -> Config {
    config(|config| config.auto_close = false)
}

fn lingering() -> Config {
    config(|config| (config.auto_close, config.auto_end) = (false, false))
}

fn unclean(code: u16, cause: ClosedCause) -> OwnedEvent {
    OwnedEvent::Closed { code, reason: String::new(), clean: false, cause }
}

/// Writes all that waits, and checks what is then to become of the transport.
fn written(conn: &mut Connection, then: TransportAction) -> Vec<Sent> {
    if !conn.transmit().is_empty() {
        assert_ne!(conn.transport(), TransportAction::Close, "output waits");
    }
    let frames = drain(conn);
    assert_eq!(conn.transport(), then);
    frames
}

const TEXT_AND_CLOSE: &str = "81 02 6869 88 02 0fa0";

#[test]
fn behind_a_close_the_end_leaves_our_direction_open() {
    for role in ROLES {
        let bytes = to(role, &hex(TEXT_AND_CLOSE));
        for (way, cut) in
            WAYS.iter().flat_map(|way| cuts(&bytes).into_iter().map(move |cut| (*way, cut)))
        {
            let mut conn = connection(role, half_open());
            let events: Vec<_> = cut.iter().flat_map(|piece| feed(&mut conn, way, piece)).collect();
            assert_eq!(events, [text("hi"), close(4000)]);
            assert_eq!(eof(&mut conn), []);
            assert_eq!(
                (conn.ready_state(), conn.transport()),
                (ReadyState::Closing, TransportAction::Open)
            );
            conn.send_text("re hi").unwrap();
            assert_eq!(written(&mut conn, TransportAction::Open), [sent(0x81, b"re hi")]);
            conn.close(Some(code(4000)), "").unwrap();
            assert_eq!(more(&mut conn), [clean(4000)], "M-13");
            assert_eq!(written(&mut conn, TransportAction::Close), [sent_close(4000)]);
            assert_eq!(conn.send_text("late"), Err(SendError::Closing));
            assert_eq!(conn.poll_timeout(), None);
        }
    }
}

#[test]
fn an_automatic_answer_goes_out_after_the_end_and_behind_the_replies() {
    for role in ROLES {
        let bytes = to(role, &hex(TEXT_AND_CLOSE));
        for cut in cuts(&bytes) {
            let mut conn = connection(role, Config::default());
            for piece in cut {
                let mut piece = piece.to_vec();
                let mut received = conn.receive(&mut piece);
                received.defer_close();
                collect(&mut received);
            }
            assert_eq!(eof(&mut conn), [], "the end was told with the Close");
            conn.send_text("re hi").unwrap();
            let frames = [sent(0x81, b"re hi"), sent_close(4000)];
            assert_eq!(written(&mut conn, TransportAction::Close), frames);
            assert_eq!(conn.poll_timeout(), None);
        }
    }
}

#[test]
fn an_end_that_is_told_early_comes_behind_what_is_unread() {
    for role in ROLES {
        let bytes = to(role, &hex(TEXT_AND_CLOSE));
        let mut conn = connection(role, half_open());
        conn.read_buf(bytes.len())[..bytes.len()].copy_from_slice(&bytes);
        assert!(conn.receive_buf(bytes.len()).next().is_some());
        assert!(conn.unread() > 0);
        let _ = conn.receive_eof();
        assert_eq!(conn.ready_state(), ReadyState::Open);
        conn.send_text("re hi").unwrap();
        assert_eq!(eof(&mut conn), [close(4000)]);
        conn.close(None, "").unwrap();
        assert_eq!(eof(&mut conn), [clean(4000)]);
        let frames = [sent(0x81, b"re hi"), sent(0x88, b"")];
        assert_eq!(written(&mut conn, TransportAction::Close), frames);
    }
}

#[test]
fn a_host_that_never_answers_a_close_is_waited_for_no_longer_than_for_a_peer() {
    for role in ROLES {
        let mut conn = connection(role, half_open());
        tell(&mut conn, at(0));
        feed(&mut conn, Way::Mutable, &to(role, &hex("88 02 0fa0")));
        tell(&mut conn, at(50));
        assert_eq!(conn.poll_timeout(), None, "half-open while the peer's direction is open");
        assert_eq!(eof(&mut conn), []);
        assert_eq!(conn.poll_timeout(), Some(at(50)), "due, as it does not know the time yet");
        assert_eq!(tell(&mut conn, at(50)), []);
        assert_eq!(conn.poll_timeout(), Some(at(60)));
        assert_eq!(eof(&mut conn), [], "told again");
        assert_eq!(conn.poll_timeout(), Some(at(60)));
        let expected = unclean(4000, ClosedCause::Timeout(Timer::Close));
        assert_eq!(tell(&mut conn, at(60)), [expected]);
        assert_eq!((conn.transport(), conn.poll_timeout()), (TransportAction::Close, None));
        assert_eq!(conn.send_text("late"), Err(SendError::Closing));
    }
}

#[test]
fn the_peer_has_its_full_time_for_a_close_that_comes_late() {
    for role in ROLES {
        let mut conn = connection(role, half_open());
        feed(&mut conn, Way::Mutable, &to(role, &hex("88 02 0fa0")));
        eof(&mut conn);
        tell(&mut conn, at(0));
        tell(&mut conn, at(9));
        conn.close(None, "").unwrap();
        assert_eq!(tell(&mut conn, at(9)), [clean(4000)]);
        assert_eq!(
            (conn.transport(), conn.poll_timeout()),
            (TransportAction::FinishWriting, Some(at(19)))
        );
        assert_eq!(tell(&mut conn, at(19)), []);
        assert_eq!((conn.transport(), conn.poll_timeout()), (TransportAction::Close, None));
    }
}

#[test]
fn without_a_close_what_is_sent_before_the_end_is_read_goes_out() {
    for role in ROLES {
        for config in [Config::default(), half_open()] {
            let mut conn = connection(role, config);
            feed(&mut conn, Way::Mutable, &to(role, &hex("81 02 6869 01 01 61")));
            let _ = conn.receive_eof();
            assert_eq!(
                (conn.ready_state(), conn.transport()),
                (ReadyState::Open, TransportAction::Open)
            );
            conn.send_text("re hi").unwrap();
            assert_eq!(written(&mut conn, TransportAction::Open), [sent(0x81, b"re hi")]);
            conn.send_text("more").unwrap();
            assert_eq!(conn.poll_timeout(), Some(at(0)), "the end is to be told");
            assert_eq!(tell(&mut conn, at(0)), [abnormal(ClosedCause::Transport)]);
            assert_eq!(conn.send_text("late"), Err(SendError::Closing));
            assert_eq!(conn.ready_state(), ReadyState::Closed);
            assert_eq!(written(&mut conn, TransportAction::Close), [sent(0x81, b"more")]);
        }
    }
}

#[test]
fn a_fragmented_message_can_be_finished_until_the_end_is_read() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_fragment(wspair::Kind::Text, b"a", false).unwrap();
        let _ = conn.receive_eof();
        conn.send_fragment(wspair::Kind::Text, b"b", true).unwrap();
        assert_eq!(more(&mut conn), [abnormal(ClosedCause::Transport)]);
        assert_eq!(
            written(&mut conn, TransportAction::Close),
            [sent(0x01, b"a"), sent(0x80, b"b")]
        );
    }
}

#[test]
fn a_close_of_ours_before_the_end_is_read_goes_out_and_changes_nothing() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let _ = conn.receive_eof();
        conn.close(Some(code(1000)), "").unwrap();
        assert_eq!(more(&mut conn), [abnormal(ClosedCause::Transport)]);
        assert_eq!(written(&mut conn, TransportAction::Close), [sent_close(1000)]);
    }
}

#[test]
fn nothing_is_read_behind_the_end() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let _ = conn.receive_eof();
        let events = feed(&mut conn, Way::Mutable, &frame_to(role, 0x81, b"a whole one"));
        assert_eq!(events, [abnormal(ClosedCause::Transport)]);
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn an_end_that_nobody_read_is_told_by_whatever_comes_next() {
    let ways: [fn(&mut Connection) -> Vec<OwnedEvent>; 5] = [
        more,
        eof,
        lost,
        |conn| tell(conn, at(1000)),
        |conn| {
            conn.abort();
            more(conn)
        },
    ];
    for role in ROLES {
        for way in ways {
            let keepalive =
                config(|config| config.ping_after = Some(core::time::Duration::from_secs(1)));
            let mut conn = connection(role, keepalive);
            tell(&mut conn, at(0));
            let _ = conn.receive_eof();
            assert_eq!(way(&mut conn), [abnormal(ClosedCause::Transport)]);
            assert_eq!(way(&mut conn), []);
            assert_eq!(written(&mut conn, TransportAction::Close), [], "not even a ping");
        }
    }
}

#[test]
fn without_auto_end_our_direction_stays_the_hosts_to_end() {
    type Ended<'a> = (fn(&mut Connection), &'a [Sent]);
    for role in ROLES {
        let bye = [sent(0x88, b"\x03\xe8bye")];
        let ends: [Ended<'_>; 3] = [
            (|conn| conn.close(Some(code(1000)), "bye").unwrap(), &bye),
            (Connection::abort, &[]),
            (|conn| assert_eq!(tell(conn, at(10)), []), &[]),
        ];
        for (end, frames) in ends {
            let mut conn = connection(role, lingering());
            tell(&mut conn, at(0));
            feed(&mut conn, Way::Mutable, &frame_to(role, 0x81, b"hi"));
            assert_eq!(eof(&mut conn), [abnormal(ClosedCause::Transport)]);
            tell(&mut conn, at(0));
            assert_eq!(
                (conn.transport(), conn.poll_timeout()),
                (TransportAction::Open, Some(at(10)))
            );
            conn.send_text("re hi").unwrap();
            assert_eq!(written(&mut conn, TransportAction::Open), [sent(0x81, b"re hi")]);
            end(&mut conn);
            assert_eq!(more(&mut conn), [], "it was told");
            assert_eq!(conn.send_text("late"), Err(SendError::Closing));
            assert_eq!(written(&mut conn, TransportAction::Close), frames);
            assert_eq!(conn.poll_timeout(), None);
        }
        // Where our Close went before, nothing is left to send.
        let mut conn = connection(role, lingering());
        conn.close(Some(code(1000)), "").unwrap();
        assert_eq!(eof(&mut conn), [abnormal(ClosedCause::Transport)]);
        assert_eq!(written(&mut conn, TransportAction::Close), [sent_close(1000)]);
    }
}

#[test]
fn a_lost_transport_ends_every_state_at_once() {
    type Before = fn(&mut Connection) -> OwnedEvent;
    let befores: [(&str, Before); 7] = [
        ("open", |_| abnormal(ClosedCause::Transport)),
        ("with output", |conn| {
            conn.send_text("never written").unwrap();
            abnormal(ClosedCause::Transport)
        }),
        ("our Close sent", |conn| {
            conn.close(None, "").unwrap();
            abnormal(ClosedCause::Transport)
        }),
        ("the peer's Close received", |conn| {
            let bytes = to(conn.role(), &hex("88 02 0fa0"));
            feed(conn, Way::Mutable, &bytes);
            unclean(4000, ClosedCause::Transport)
        }),
        ("half-closed behind the peer's Close", |conn| {
            let bytes = to(conn.role(), &hex("88 02 0fa0"));
            feed(conn, Way::Mutable, &bytes);
            eof(conn);
            unclean(4000, ClosedCause::Transport)
        }),
        ("a Close put off", |conn| {
            let mut bytes = to(conn.role(), &hex("83 00"));
            let mut received = conn.receive(&mut bytes);
            received.defer_close();
            assert_eq!(collect(&mut received), [fault(wspair::ProtocolError::ReservedOpcode)]);
            text("the end was told")
        }),
        ("ended, untold", |conn| {
            let _ = conn.receive_eof();
            abnormal(ClosedCause::Transport)
        }),
    ];
    for role in ROLES {
        for (name, before) in befores {
            for config in [half_open(), lingering()] {
                let mut conn = connection(role, config);
                tell(&mut conn, at(0));
                let expected = before(&mut conn);
                let _ = conn.transport_lost();
                assert_eq!(conn.transport(), TransportAction::Close, "{name}");
                assert_eq!(conn.send_text("late"), Err(SendError::Closing), "{name}");
                let waits = conn.buffered_amount();
                conn.close(Some(code(1000)), "").unwrap();
                assert_eq!(conn.buffered_amount(), waits, "{name}");
                if expected != text("the end was told") {
                    assert_eq!(lost(&mut conn), [expected], "{name}");
                }
                assert_eq!(lost(&mut conn), [], "{name}");
                assert_eq!(
                    (conn.transport(), conn.poll_timeout()),
                    (TransportAction::Close, None),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn what_came_before_the_loss_is_read_and_its_close_is_not_answered() {
    for role in ROLES {
        let bytes = to(role, &hex(TEXT_AND_CLOSE));
        let mut conn = connection(role, Config::default());
        conn.read_buf(bytes.len())[..bytes.len()].copy_from_slice(&bytes);
        let _ = conn.receive_buf(bytes.len());
        let events = lost(&mut conn);
        assert_eq!(events, [text("hi"), close(4000), unclean(4000, ClosedCause::Transport)]);
        assert_eq!(drain(&mut conn), []);
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}

#[test]
fn a_transport_that_is_lost_after_both_closes_is_no_other_end() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Way::Mutable, &to(role, &hex("88 00")));
        assert_eq!(lost(&mut conn), []);
        assert_eq!((conn.transport(), conn.poll_timeout()), (TransportAction::Close, None));
    }
}

/// When the application answers the messages it was given.
#[derive(Clone, Copy, Debug)]
enum Answers {
    AtOnce,
    BehindTheBatch,
    BehindTheEnd,
}

fn answers() -> impl Strategy<Value = Answers> {
    prop_oneof![Just(Answers::AtOnce), Just(Answers::BehindTheBatch), Just(Answers::BehindTheEnd)]
}

proptest! {
    #![proptest_config(cases::cases(400))]

    /// Whatever a peer sends before it ends its direction: every message is answered, a Close or a
    /// fault too, and the one end tells which it was.
    #[test]
    fn nothing_that_answers_the_peer_is_lost_by_its_end(
        role in role(),
        stream in frames(),
        upto in any::<Index>(),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        way in way(),
        answers in answers(),
        auto_close in any::<bool>(),
        auto_end in any::<bool>(),
    ) {
        let stream = to(role, &stream);
        let stream = &stream[..upto.index(stream.len() + 1)];
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut conn = connection(role, config(|config| {
            config.auto_close = auto_close;
            config.auto_end = auto_end;
        }));
        let (mut events, mut replies, mut out) = (vec![], vec![], vec![]);
        let mut answered = 0;
        let mut answer = |conn: &mut Connection, events: &[OwnedEvent]| {
            for event in &events[answered..] {
                match event {
                    OwnedEvent::Text(text) => {
                        conn.send_text(text).unwrap();
                        replies.push(sent(0x81, text.as_bytes()));
                    }
                    OwnedEvent::Binary(data) => {
                        conn.send_binary(data).unwrap();
                        replies.push(sent(0x82, data));
                    }
                    OwnedEvent::Close(..) => {
                        conn.close(None, "").unwrap();
                    }
                    _ => {}
                }
            }
            answered = events.len();
        };
        for cut in cuts.windows(2) {
            let piece = &stream[cut[0]..cut[1]];
            let mut copy = piece.to_vec();
            let mut received = match way {
                Way::Mutable => conn.receive(&mut copy),
                Way::Fixed => conn.receive_ref(piece),
                Way::Own => {
                    conn.read_buf(piece.len())[..piece.len()].copy_from_slice(piece);
                    conn.receive_buf(piece.len())
                }
            };
            received.defer_close();
            events.extend(collect(&mut received));
            if let Answers::AtOnce | Answers::BehindTheBatch = answers {
                answer(&mut conn, &events);
                if let Answers::AtOnce = answers {
                    conn.transmit().drain_into(&mut out);
                }
            }
        }
        let _ = conn.receive_eof();
        answer(&mut conn, &events);
        let told_of_the_end = |event: &OwnedEvent| {
            matches!(event, OwnedEvent::Close(..) | OwnedEvent::Closed { .. })
        };
        if !events.iter().any(told_of_the_end) {
            prop_assert_eq!(conn.transport(), TransportAction::Open);
        }
        events.extend(eof(&mut conn));
        events.extend(more(&mut conn));
        if !auto_end {
            conn.abort();
        }
        conn.transmit().drain_into(&mut out);

        prop_assert!(ends_once(&events));
        let closes = events.iter().any(|event| matches!(event, OwnedEvent::Close(..)));
        let Some(OwnedEvent::Closed { clean, cause, .. }) = events.last() else {
            panic!("no end: {events:?}")
        };
        prop_assert_eq!(*clean, closes);
        let mut frames = frames_from(role, &out);
        frames.retain(|(first, _)| *first != 0x8a);
        let close = frames.pop_if(|(first, _)| *first == 0x88);
        prop_assert_eq!(frames, replies);
        match cause {
            ClosedCause::Handshake => prop_assert!(closes && close.is_some()),
            ClosedCause::Peer(error) => {
                prop_assert_eq!(close, Some(sent_close(error.close_code().get())));
            }
            _ => prop_assert_eq!((*cause, closes, close), (ClosedCause::Transport, false, None)),
        }
        prop_assert_eq!((conn.transport(), conn.poll_timeout().is_none()), (TransportAction::Close, true));
    }
}
