//! Ping and Pong (RFC 6455 5.5): rows G of `rows.txt`.

mod common;

use common::*;
use wspair::{Config, ProtocolError, Role, SendError};

#[test]
fn a_control_payload_is_judged_on_the_first_two_bytes() {
    for frames in ["89 7e 007e", "89 7e 0003", "8a 7f", "88 7e", "89 7e"] {
        check_fault("G-01", frames, &[], ProtocolError::ControlTooLong);
    }
}

#[test]
fn a_control_frame_longer_than_125_bytes_is_refused_though_all_of_it_is_there() {
    let error = ProtocolError::ControlTooLong;
    for role in ROLES {
        for (first, len) in [(0x88, 126), (0x89, 126), (0x89, 700), (0x8a, 126), (0x8a, 70_000)] {
            let bytes = frame_to(role, first, &vec![b'x'; len]);
            let close = [sent_close(error.close_code().get())];
            check("G-01", role, &Config::default(), &bytes, &[fault(error)], &close);
        }
    }
}

#[test]
fn a_ping_is_answered_with_its_payload() {
    check_both("G-02", "89 05 48656c6c6f", &[ping(b"Hello")], &[sent(0x8a, b"Hello")]);
    check_both("G-02", "89 00", &[ping(b"")], &[sent(0x8a, b"")]);
    check_both("G-03", "89 01 ff", &[ping(b"\xff")], &[sent(0x8a, b"\xff")]);
    check_both("G-03", "8a 01 ff", &[pong(b"\xff")], &[]);
    let longest = [b'x'; 125];
    for role in ROLES {
        let bytes = frame_to(role, 0x89, &longest);
        let sent = [sent(0x8a, &longest)];
        check("G-02", role, &Config::default(), &bytes, &[ping(&longest)], &sent);
    }
}

#[test]
fn ten_pings_in_one_read_get_ten_pongs_in_order() {
    let frames: Vec<_> = (0..10).flat_map(|at| frame(0x89, &[at])).collect();
    let events: Vec<_> = (0..10).map(|at| ping(&[at])).collect();
    let pongs: Vec<_> = (0..10).map(|at| sent(0x8a, &[at])).collect();
    for role in ROLES {
        check("G-04", role, &Config::default(), &to(role, &frames), &events, &pongs);
    }
}

#[test]
fn nothing_is_answered_after_a_close() {
    let events = [close(1000), clean(1000)];
    check_both("G-05", "88 02 03e8 89 00", &events, &[sent_close(1000)]);
}

#[test]
fn a_pong_that_nobody_asked_for_is_only_told() {
    check_both("G-06", "8a 02 6869", &[pong(b"hi")], &[]);
    check_both("G-06", "8a 00", &[pong(b"")], &[]);
}

#[test]
fn of_the_pongs_that_wait_the_newest_sixteen_are_kept() {
    for role in ROLES {
        let pings: Vec<_> = (0..5000_u16).flat_map(|at| frame(0x89, &at.to_be_bytes())).collect();
        let newest: Vec<_> = (4984..5000_u16).map(|at| sent(0x8a, &at.to_be_bytes())).collect();
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Way::Mutable, &to(role, &pings));
        assert_eq!(drain(&mut conn), newest, "G-07");
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn the_newest_pongs_are_kept_however_long_and_many_they_are() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut kept = Vec::new();
        for at in 0..600_usize {
            let payload = vec![at.to_le_bytes()[0]; at * 31 % 126];
            feed(&mut conn, Way::Own, &frame_to(role, 0x89, &payload));
            kept.push(sent(0x8a, &payload));
            // Now and then the host takes them out.
            if at % 97 == 0 || at == 599 {
                let waits = conn.buffered_amount();
                let out = output(&mut conn);
                assert_eq!(out.len(), waits);
                assert_eq!(frames_from(role, &out), kept[kept.len().saturating_sub(16)..], "G-07");
                kept.clear();
            }
        }
    }
}

#[test]
fn a_host_that_looks_but_never_writes_does_not_make_pongs_pile_up() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        for at in 0..5000_u16 {
            feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, &at.to_be_bytes()));
            conn.transmit().chunk();
        }
        let pongs = drain(&mut conn);
        assert!(pongs.len() <= 48, "G-07: {}", pongs.len());
        assert_eq!(*pongs.last().unwrap(), sent(0x8a, &4999_u16.to_be_bytes()));
    }
}

#[test]
fn pongs_that_waited_for_others_are_shown_before_nothing_waits() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        for at in 0..3 {
            feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, &[at]));
            assert!(!conn.transmit().chunk().is_empty());
        }
        let mut out = Vec::new();
        let mut transmit = conn.transmit();
        while !transmit.is_empty() {
            out.extend_from_slice(transmit.chunk());
            let shown = transmit.chunk().len();
            transmit.advance(shown);
        }
        let pongs = [sent(0x8a, &[0]), sent(0x8a, &[1]), sent(0x8a, &[2])];
        assert_eq!(frames_from(role, &out), pongs);
        assert!(conn.transmit().is_empty());
    }
}

#[test]
fn pings_pass_only_while_the_connection_is_open() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_ping(b"ping").unwrap();
        conn.send_pong(b"pong").unwrap();
        conn.close(None, "").unwrap();
        assert_eq!(conn.send_ping(b""), Err(SendError::Closing), "G-08");
        assert_eq!(conn.send_pong(b""), Err(SendError::Closing), "G-08");
        assert_eq!(drain(&mut conn), [sent(0x89, b"ping"), sent(0x8a, b"pong"), sent(0x88, b"")]);
    }
}

#[test]
fn a_control_payload_of_the_caller_is_at_most_125_bytes() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        assert_eq!(conn.send_ping(&[0; 126]), Err(SendError::ControlTooLong));
        assert_eq!(conn.send_pong(&[0; 126]), Err(SendError::ControlTooLong));
        assert_eq!(drain(&mut conn), []);
        conn.send_ping(&[1; 125]).unwrap();
        conn.send_pong(&[2; 125]).unwrap();
        assert_eq!(drain(&mut conn), [sent(0x89, &[1; 125]), sent(0x8a, &[2; 125])]);
    }
}

#[test]
fn without_auto_pong_a_ping_is_only_told() {
    let config = config(|config| config.auto_pong = false);
    for role in ROLES {
        let bytes = frame_to(role, 0x89, b"hi");
        check("auto_pong", role, &config, &bytes, &[ping(b"hi")], &[]);
    }
}

#[test]
fn a_pong_takes_its_place_among_the_answers_to_what_came_with_it() {
    let mut conn = connection(Role::Client, Config::default());
    let mut input = hex("81 01 61 89 01 70 81 01 62");
    let mut received = conn.receive(&mut input);
    while let Some((event, mut sender)) = received.next_and_sender() {
        if let wspair::Event::Text(text) = event {
            sender.send_text(&text).unwrap();
        }
    }
    assert_eq!(drain(&mut conn), [sent(0x81, b"a"), sent(0x8a, b"p"), sent(0x81, b"b")]);
}
