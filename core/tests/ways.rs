//! The ways in: three for bytes, the end of the transport, the time.

mod common;

use core::time::Duration;

use common::*;
use wspair::bindings::ReceiveBinding;
use wspair::event::Timer;
use wspair::{
    ClosedCause, Config, Connection, Delivery, Event, Instant, ProtocolError, ReadyState, Role,
    SendError,
};

/// Messages of both kinds, whole and in parts, with control frames between, and a Close frame.
const STREAM: &str =
    "81 05 48656c6c6f 82 00 89 01 70 01 02 f09f 8a 01 71 00 00 80 02 9880 82 02 ffff
    89 00 02 01 01 80 01 02 81 00 88 05 03e8 627965";

/// What of an event is the same in both deliveries, wherever the chunks are cut.
fn joined(events: &[OwnedEvent]) -> Vec<OwnedEvent> {
    let mut message = Vec::new();
    let mut joined = Vec::new();
    for event in events {
        let OwnedEvent::Chunk { kind, data, first, last } = event else {
            joined.push(event.clone());
            continue;
        };
        if *first {
            assert!(message.is_empty(), "a message began inside another");
        }
        message.extend(data);
        if *last {
            let data = core::mem::take(&mut message);
            joined.push(match kind {
                wspair::Kind::Text => OwnedEvent::Text(String::from_utf8(data).unwrap()),
                wspair::Kind::Binary => OwnedEvent::Binary(data),
            });
        }
    }
    joined
}

#[test]
fn all_ways_and_deliveries_give_the_same_events() {
    let chunks = config(|config| config.delivery = Delivery::Chunks);
    for role in ROLES {
        let stream = to(role, &hex(STREAM));
        let (expected, out) = drive(role, Config::default(), &[&stream]);
        assert_eq!(expected.len(), 11);
        for size in 1..=stream.len() {
            let pieces: Vec<_> = stream.chunks(size).collect();
            for way in WAYS {
                let got = drive_by(way, role, Config::default(), &pieces);
                assert_eq!(got.0, expected, "{role:?} {way:?} {size}");
                assert_eq!(got.1.len(), out.len());
                let got = drive_by(way, role, chunks.clone(), &pieces);
                assert_eq!(joined(&got.0), expected, "{role:?} {way:?} {size}");
            }
        }
    }
}

#[test]
fn ways_may_change_inside_a_message() {
    for role in ROLES {
        let stream = to(role, &hex(STREAM));
        let (expected, _) = drive(role, Config::default(), &[&stream]);
        for size in 1..20 {
            let mut conn = connection(role, Config::default());
            let ways = WAYS.iter().cycle();
            let events: Vec<_> = stream
                .chunks(size)
                .zip(ways)
                .flat_map(|(piece, way)| feed(&mut conn, *way, piece))
                .collect();
            assert_eq!(events, expected);
        }
    }
}

#[test]
fn what_is_not_consumed_may_be_fed_again_and_nothing_is_lost() {
    for role in ROLES {
        let stream = to(role, &hex(STREAM));
        let (expected, _) = drive(role, Config::default(), &[&stream]);
        for way in WAYS {
            let mut conn = connection(role, Config::default());
            let mut rest = stream.clone();
            let mut events = Vec::<OwnedEvent>::new();
            if way == Way::Own {
                conn.read_buf(rest.len())[..rest.len()].copy_from_slice(&rest);
                let _ = conn.receive_buf(rest.len());
            }
            // One event a call.
            while events.len() < expected.len() {
                let mut received = match way {
                    Way::Mutable => conn.receive(&mut rest),
                    Way::Fixed => conn.receive_ref(&rest),
                    Way::Own => conn.receive_buf(0),
                };
                assert_eq!(received.consumed(), 0);
                events.push(received.next().expect("more to come").into());
                let consumed = received.consumed();
                if way != Way::Own {
                    rest.drain(..consumed);
                }
            }
            assert_eq!(events, expected, "{role:?} {way:?}");
        }
    }
}

#[test]
fn what_is_never_read_changes_nothing() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut bytes = frame_to(role, 0x88, b"");
        let before = bytes.clone();
        assert_eq!(conn.receive(&mut bytes).consumed(), 0);
        assert_eq!(bytes, before);
        assert_eq!(conn.ready_state(), ReadyState::Open);
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn a_read_that_is_used_up_stays_used_up() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut bytes = to(role, &hex("81 01 61 88 00"));
        let mut received = conn.receive(&mut bytes);
        assert_eq!(collect(&mut received).len(), 3);
        for _ in 0..3 {
            assert!(received.next().is_none());
        }
    }
}

#[test]
fn an_event_in_the_input_stays_while_others_are_read() {
    let config = config(|config| config.delivery = Delivery::Messages);
    let mut conn = connection(Role::Server, config);
    let mut bytes = to(Role::Server, &hex("81 02 6162 89 01 70 82 01 07 01 01 63"));
    let range = bytes.as_ptr_range();
    let mut received = conn.receive(&mut bytes);
    let Some(Event::Text(text)) = received.next() else { panic!() };
    let text = text.range().unwrap();
    assert!(received.event_is_in_input());
    let Some(Event::Ping(ping)) = received.next() else { panic!() };
    assert!(range.contains(&ping.as_ptr()));
    assert!(received.event_is_in_input());
    let Some(Event::Binary(data)) = received.next() else { panic!() };
    let data = data.range().unwrap();
    assert!(received.event_is_in_input());
    assert!(received.next().is_none());
    assert!(!received.event_is_in_input());
    assert_eq!((&bytes[text], &bytes[data]), (&b"ab"[..], &[7][..]));

    // What began in an earlier input lies in the connection's own memory.
    let mut bytes = to(Role::Server, &hex("80 01 64"));
    let mut received = conn.receive(&mut bytes);
    let Some(Event::Text(text)) = received.next() else { panic!() };
    assert_eq!((text.as_str(), text.range()), ("cd", None));
    assert!(!received.event_is_in_input());
}

#[test]
fn fixed_input_is_lent_unmasked_and_copied_masked() {
    for (role, lies) in [(Role::Client, true), (Role::Server, false)] {
        for first in [0x81, 0x82, 0x89, 0x8a] {
            let mut conn = connection(role, Config::default());
            let bytes = frame_to(role, first, b"data");
            let before = bytes.clone();
            let mut received = conn.receive_ref(&bytes);
            assert!(received.next().is_some());
            assert_eq!(received.event_is_in_input(), lies, "{role:?} {first:x}");
            assert_eq!(bytes, before);
        }
    }
}

#[test]
fn payloads_may_be_changed_and_taken() {
    for role in ROLES {
        for way in WAYS {
            for frames in ["82 03 616263 82 03 616263", "02 02 6162 80 01 63 02 00 80 03 616263"] {
                let mut conn = connection(role, Config::default());
                let mut bytes = to(role, &hex(frames));
                let fixed = bytes.clone();
                let mut received = match way {
                    Way::Mutable => conn.receive(&mut bytes),
                    Way::Fixed => conn.receive_ref(&fixed),
                    Way::Own => {
                        conn.read_buf(fixed.len())[..fixed.len()].copy_from_slice(&fixed);
                        conn.receive_buf(fixed.len())
                    }
                };
                let Some(Event::Binary(mut data)) = received.next() else { panic!() };
                data.as_mut_bytes()[0] = b'x';
                assert_eq!(data.as_bytes(), b"xbc");
                if way == Way::Fixed {
                    assert_eq!(data.range(), None, "changed in a copy");
                }
                assert_eq!(data.into_vec(), b"xbc");
                let Some(Event::Binary(data)) = received.next() else { panic!() };
                assert_eq!(data.into_vec(), b"abc");
                assert!(received.next().is_none());
            }
        }
    }
}

#[test]
fn the_read_buffer_keeps_what_was_not_taken() {
    let mut conn = connection(Role::Client, Config::default());
    let frames = hex("81 01 61 81 01 62 81 01 63");
    conn.read_buf(5)[..5].copy_from_slice(&frames[..5]);
    let mut received = conn.receive_buf(5);
    assert!(matches!(received.next(), Some(Event::Text(_))));
    assert_eq!(received.consumed(), 3);
    let room = conn.read_buf(4);
    assert!(room.len() >= 4);
    room[..4].copy_from_slice(&frames[5..]);
    assert_eq!(collect(&mut conn.receive_buf(4)), [text("b"), text("c")]);
    assert_eq!(collect(&mut conn.receive_buf(0)), []);

    // More than was lent counts as all of it.
    let room = conn.read_buf(9);
    assert_eq!(room.len(), 9);
    room.copy_from_slice(&frames);
    assert_eq!(collect(&mut conn.receive_buf(usize::MAX)).len(), 3);
    conn.shrink_to_fit();
    assert!(conn.read_buf(0).is_empty());
}

/// However many reads it takes, whatever follows it, and with a ping and another message before.
#[test]
fn a_message_in_one_frame_is_lent_from_the_read_buffer() {
    for role in ROLES {
        for first in [0x81, 0x82] {
            let long = "größer".repeat(1250).into_bytes();
            let frames =
                [frame(0x89, b"p"), frame(0x81, b"a"), frame(first, &long), frame(0x81, b"b")];
            let bytes = to(role, &frames.concat());
            let mut conn = connection(role, Config::default());
            let (mut whole, mut copies) = (0, 0);
            for piece in bytes.chunks(700) {
                let space = conn.read_buf(700);
                assert_eq!(space.len(), 700);
                let behind = space.as_ptr().addr() + 700;
                space[..piece.len()].copy_from_slice(piece);
                let mut received = conn.receive_buf(piece.len());
                while let Some(event) = received.next() {
                    let data = match &event {
                        Event::Text(text) => text.as_bytes(),
                        Event::Binary(data) => data.as_bytes(),
                        _ => continue,
                    };
                    if data.len() > 1 {
                        assert_eq!(*data, long);
                        whole += 1;
                        let end = data.as_ptr().addr() + data.len();
                        copies += usize::from(!(behind - 700..=behind).contains(&end));
                    }
                }
            }
            assert_eq!((whole, copies), (1, 0), "{role:?} {first:x}");
        }
    }
}

/// What a host reads next, and no more: nothing is left over, nothing has to be moved.
#[test]
fn wanted_is_what_the_frame_lacks() {
    for role in ROLES {
        let bytes = frame_to(role, 0x82, &[7; 5000]);
        for way in WAYS {
            let mut conn = connection(role, Config::default());
            assert_eq!(conn.wanted(), 0);
            assert_eq!(feed(&mut conn, way, &bytes[..1]), []);
            assert_eq!(conn.wanted(), 0, "not known yet");
            assert_eq!(feed(&mut conn, way, &bytes[1..100]), []);
            assert_eq!(conn.wanted(), bytes.len() - 100);
            assert_eq!(feed(&mut conn, way, &bytes[100..]).len(), 1);
            assert_eq!(conn.wanted(), 0);
            feed(&mut conn, way, &bytes[..100]);
            let _ = conn.receive_eof().next();
            assert_eq!(conn.wanted(), 0, "nothing is to come");
        }
    }
}

#[test]
fn nothing_is_wanted_once_the_connection_has_ended() {
    for role in ROLES {
        let bytes = frame_to(role, 0x82, &[7; 5000]);
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Way::Mutable, &bytes[..100]);
        conn.abort();
        assert_eq!(conn.wanted(), 0);

        let config = Config::default().with_close_within(Some(Duration::from_secs(1)));
        let mut conn = connection(role, config);
        let _ = conn.handle_timeout(Instant::default()).next();
        feed(&mut conn, Way::Mutable, &bytes[..100]);
        conn.close(None, "").expect("open");
        conn.transmit().drain_into(&mut Vec::new());
        assert!(conn.wanted() > 0, "a closing end reads on");
        for seconds in [1, 9] {
            let _ = conn.handle_timeout(Instant::from(Duration::from_secs(seconds))).next();
        }
        assert_eq!(conn.wanted(), 0);
    }
}

#[test]
fn no_range_is_told_where_the_host_has_no_input() {
    let mut conn = connection(Role::Client, Config::default());
    conn.read_buf(6).copy_from_slice(&hex("81 01 61 82 01 62"));
    let mut received = conn.receive_buf(6);
    let Some(Event::Text(text)) = received.next() else { panic!() };
    assert_eq!(text.range(), None);
    let Some(Event::Binary(data)) = received.next() else { panic!() };
    assert_eq!(data.range(), None);
    assert!(received.event_is_in_input(), "it lies in the read buffer");
}

#[test]
fn a_connection_may_move_between_threads() {
    fn moves<T: Send + Sync>() {}
    moves::<Connection>();
    moves::<wspair::Prepared>();
}

#[test]
fn one_can_look_and_send_between_events() {
    let mut conn = connection(Role::Client, Config::default());
    let mut bytes = hex("81 01 61 88 00");
    let mut received = conn.receive(&mut bytes);
    assert!(received.next().is_some());
    received.sender().send_text("between").unwrap();
    assert!(received.next().is_some());
    assert_eq!(received.sender().send_text("late"), Err(SendError::Closing));
    assert_eq!(drain(&mut conn), [sent(0x81, b"between"), sent(0x88, b"")]);
}

#[test]
fn the_end_comes_by_whichever_door_is_next() {
    type Next = fn(&mut Connection) -> Vec<OwnedEvent>;
    let half_open = config(|config| config.auto_close = false);
    let ways: [Next; 5] = [
        |conn| feed(conn, Way::Mutable, b""),
        |conn| feed(conn, Way::Fixed, &[0xff; 10]),
        |conn| feed(conn, Way::Own, b"x"),
        |conn| collect(&mut conn.receive_eof()),
        |conn| collect(&mut conn.handle_timeout(Instant::default())),
    ];
    for role in ROLES {
        for next in ways {
            let mut conn = connection(role, half_open.clone());
            feed(&mut conn, Way::Mutable, &frame_to(role, 0x88, b""));
            conn.close(None, "").unwrap();
            assert_eq!(next(&mut conn), [clean(1005)]);
            for again in ways {
                assert_eq!(again(&mut conn), []);
            }
        }
    }
}

#[test]
fn the_first_end_counts() {
    let eof = |conn: &mut Connection| collect(&mut conn.receive_eof());
    let late = Instant::from(Duration::from_secs(1000));
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.close(None, "").unwrap();
        let _ = conn.handle_timeout(Instant::default());
        let _ = conn.handle_timeout(late); // ended, and not told
        assert_eq!(eof(&mut conn), [abnormal(ClosedCause::Timeout(Timer::Close))]);

        let mut conn = connection(role, Config::default());
        let _ = conn.receive_eof();
        assert_eq!(
            feed(&mut conn, Way::Mutable, &hex("83 00")),
            [abnormal(ClosedCause::Transport)]
        );
        assert_eq!(drain(&mut conn), []);

        let mut conn = connection(role, Config::default());
        let events = feed(&mut conn, Way::Mutable, &hex("83 00"));
        assert_eq!(events, [fault(ProtocolError::ReservedOpcode)]);
        assert_eq!(eof(&mut conn), []);
        assert_eq!(collect(&mut conn.handle_timeout(late)), []);
    }
}

#[test]
fn messages_unread_when_the_transport_ends_still_come() {
    // H-19
    let mut conn = connection(Role::Server, Config::default());
    let bytes =
        [frame_to(Role::Server, 0x81, b"one"), frame_to(Role::Server, 0x81, b"two")].concat();
    conn.read_buf(bytes.len())[..bytes.len()].copy_from_slice(&bytes);
    let mut received = conn.receive_buf(bytes.len());
    assert!(matches!(received.next(), Some(wspair::Event::Text(text)) if &*text == "one"));
    let mut received = conn.receive_eof();
    assert!(matches!(received.next(), Some(wspair::Event::Text(text)) if &*text == "two"));
    assert_eq!(collect(&mut received), [abnormal(ClosedCause::Transport)]);
}
