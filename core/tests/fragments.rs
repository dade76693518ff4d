//! Messages in parts (RFC 6455 5.4): rows F of `rows.txt`.

mod common;

use common::*;
use wspair::{Config, Delivery, Kind, Limits, ProtocolError, Role};

#[test]
fn parts_make_one_message() {
    check_both("F-01", "01 03 48656c 80 02 6c6f", &[text("Hello")], &[]);
    check_both("F-02", "01 00 00 00 80 00", &[text("")], &[]);
    check_both("F-02", "02 00 80 00", &[binary(b"")], &[]);
    check_both("F-02", "01 00 80 02 6869 01 02 6869 80 00", &[text("hi"), text("hi")], &[]);
    check_both("F-09", "02 01 03 00 01 01 80 01 02", &[binary(&[3, 1, 2])], &[]);
}

#[test]
fn control_frames_between_parts_act_at_once() {
    let events = [ping(b"p"), text("Hello")];
    check_both("F-03", "01 03 48656c 89 01 70 80 02 6c6f", &events, &[sent(0x8a, b"p")]);
    let events = [ping(b"1"), pong(b"2"), ping(b""), binary(b"ab")];
    let frames = "02 01 61 89 01 31 00 00 8a 01 32 89 00 80 01 62";
    check_both("F-03", frames, &events, &[sent(0x8a, b"1"), sent(0x8a, b"")]);
}

#[test]
fn a_ping_between_parts_is_answered_before_the_message_is_whole() {
    for role in ROLES {
        let mut conn = connection(role, Config::default()); // F-03
        feed(&mut conn, Way::Mutable, &to(role, &hex("01 03 48656c 89 01 70")));
        assert_eq!(drain(&mut conn), [sent(0x8a, b"p")]);
    }
}

#[test]
fn a_close_between_parts_ends_cleanly_and_drops_them() {
    let events = [close(1000), clean(1000)];
    check_both("F-04", "01 03 48656c 88 02 03e8", &events, &[sent_close(1000)]);
    check_both("F-04", "01 03 48656c 88 02 03e8 80 02 6c6f", &events, &[sent_close(1000)]);
}

#[test]
fn a_continuation_needs_a_message() {
    use ProtocolError::UnexpectedContinuation;
    for frames in ["80 01 78", "00 01 78", "80 00"] {
        check_fault("F-05", frames, &[], UnexpectedContinuation);
    }
    let before = [text("ab")];
    check_fault("F-06", "01 01 61 80 01 62 80 01 63", &before, UnexpectedContinuation);
    check_fault("F-06", "81 02 6162 80 01 63", &before, UnexpectedContinuation);
    check_fault("F-06", "81 02 6162 00 01 63", &before, UnexpectedContinuation);
}

#[test]
fn a_message_does_not_begin_inside_another() {
    for frames in ["01 01 61 81 01 62", "01 01 61 02 01 62", "02 00 82 00", "02 01 61 01 00"] {
        check_fault("F-07", frames, &[], ProtocolError::ExpectedContinuation);
    }
    let error = ProtocolError::ExpectedContinuation;
    for role in ROLES {
        for len in [300, 70_000] {
            let bytes =
                [frame_to(role, 0x01, b"a"), frame_to(role, 0x82, &vec![b'b'; len])].concat();
            let close = [sent_close(error.close_code().get())];
            check("F-07", role, &Config::default(), &bytes, &[fault(error)], &close);
        }
    }
}

#[test]
fn control_frames_are_never_split() {
    for frames in ["09 01 61", "08 02 03e8", "0a 00"] {
        check_fault("F-08", frames, &[], ProtocolError::FragmentedControl);
        let inside = format!("01 01 61 {frames}");
        check_fault("F-08", &inside, &[], ProtocolError::FragmentedControl);
    }
}

#[test]
fn the_borders_of_frames_mean_nothing() {
    let message = "abcdefghijklmnopqrstuvwxyz";
    for parts in [1, 2, 26] {
        let pieces: Vec<_> = message.as_bytes().chunks(26 / parts).collect();
        let frames: Vec<_> = pieces
            .iter()
            .enumerate()
            .flat_map(|(at, piece)| {
                let fin = if at + 1 == pieces.len() { 0x80 } else { 0 };
                frame(fin | u8::from(at == 0), piece)
            })
            .collect();
        for role in ROLES {
            let bytes = to(role, &frames);
            check("F-10", role, &Config::default(), &bytes, &[text(message)], &[]);
        }
    }
}

#[test]
fn the_size_limit_holds_over_the_sum_at_each_header() {
    let config = config(|config| config.limits.max_message = 10);
    let error = ProtocolError::MessageTooLong;
    for role in ROLES {
        // F-11: the second header alone is enough.
        let bytes = to(role, &hex("02 06 616161616161 80 05"));
        let close = sent_close_saying(1009, "message of 11 bytes is over the limit of 10");
        check("F-11", role, &config, &bytes, &[fault(error)], &[close]);
        let fits = to(role, &hex("02 06 616161616161 89 00 80 04 61616161"));
        let events = [ping(b""), binary(&[b'a'; 10])];
        check("F-11", role, &config, &fits, &events, &[sent(0x8a, b"")]);
    }
}

#[test]
fn the_sum_cannot_overflow_however_high_the_limit() {
    // F-12
    let frames = to(Role::Client, &hex("02 01 61 00 7f 7fffffffffffffff"));
    let error = ProtocolError::MessageTooLong;
    let size = 1_u64 << 63;
    let reason = format!("message of {size} bytes is over the limit of {}", 1 << 20);
    let close = sent_close_saying(1009, &reason);
    check("F-12", Role::Client, &Config::default(), &frames, &[fault(error)], &[close]);

    let endless = config(|config| {
        config.limits.max_message = Limits::UNLIMITED;
        config.delivery = Delivery::Chunks;
    });
    let mut conn = connection(Role::Client, endless);
    feed(&mut conn, Way::Mutable, &hex("02 01 61 00 7f 7fffffffffffffff 62"));
    assert_eq!(drain(&mut conn), []);
}

#[test]
fn the_number_of_parts_is_limited() {
    for role in ROLES {
        for (parts, good) in [(16_383, true), (16_384, true), (16_385, false), (20_000, false)] {
            let mut frames = frame(0x02, b"");
            for _ in 2..parts {
                frames.extend(frame(0x00, b""));
            }
            frames.extend(frame(0x80, b""));
            let (events, out) = drive(role, Config::default(), &[&to(role, &frames)]);
            let out = frames_from(role, &out);
            if good {
                assert_eq!((events, out), (vec![binary(b"")], vec![]), "F-13 {parts}");
            } else {
                let error = ProtocolError::TooManyFragments;
                assert_eq!(events, [fault(error)], "F-13 {parts}");
                let reason = "message is over the limit of 16384 fragments";
                assert_eq!(out, [sent_close_saying(1008, reason)], "F-13 {parts}");
            }
        }
    }
}

#[test]
fn the_count_of_parts_starts_anew_with_each_message() {
    let config = config(|config| config.limits.max_fragments = 2);
    for role in ROLES {
        let frames = to(role, &hex("01 01 61 80 01 62").repeat(3)); // F-13
        let events = [text("ab"), text("ab"), text("ab")];
        check("F-13", role, &config, &frames, &events, &[]);
    }
}

#[test]
fn chunks_come_as_they_arrive_and_tell_where_a_message_begins_and_ends() {
    let config = config(|config| config.delivery = Delivery::Chunks);
    let chunk = |data: &[u8], first, last| OwnedEvent::Chunk {
        kind: Kind::Text,
        data: data.into(),
        first,
        last,
    };
    for role in ROLES {
        let frames = to(role, &hex("01 03 616263 89 00 00 00 80 00 81 00 01 00 80 01 64"));
        let (events, _) = drive(role, config.clone(), &[&frames]);
        let expected = [
            chunk(b"abc", true, false),
            ping(b""),
            chunk(b"", false, true),
            chunk(b"", true, true),
            chunk(b"d", true, true),
        ];
        assert_eq!(events, expected);

        let head = frames.len() - to(role, &hex("89 00 00 00 80 00 81 00 01 00 80 01 64")).len();
        let (events, _) = drive(role, config.clone(), &[&frames[..head - 1]]);
        assert_eq!(events, [chunk(b"ab", true, false)], "before the frame is whole");
    }
}
