//! Closing (RFC 6455 5.5.1 and 7): rows H of `rows.txt`. Deadlines are in `timers.rs`.

mod common;

use common::*;
use wspair::{
    CloseCode, ClosedCause, Config, Connection, ProtocolError, ReadyState, Role, SendError,
    TransportAction,
};

fn code(code: u16) -> CloseCode {
    CloseCode::new(code).expect("a code that may be sent")
}

fn eof(conn: &mut Connection) -> Vec<OwnedEvent> {
    collect(&mut conn.receive_eof())
}

#[test]
fn a_close_is_echoed_and_ends_cleanly() {
    let bare = [OwnedEvent::Close(None, String::new()), clean(1005)];
    check_both("H-01", "88 00", &bare, &[sent(0x88, b"")]);
    check_both("H-02", "88 02 03e8", &[close(1000), clean(1000)], &[sent_close(1000)]);
    let all = (1000..=1003).chain(1007..=1014).chain(3000..=4999);
    for code in all.filter(|code| *code < 3003 || *code > 4996 || code % 500 == 0) {
        let frame = format!("88 02 {code:04x}");
        check_both("H-06", &frame, &[close(code), clean(code)], &[sent_close(code)]);
    }
}

#[test]
fn the_reason_is_told_and_only_the_code_is_echoed() {
    for reason in ["bye", "\u{feff}ü", &"x".repeat(123)] {
        let frame = frame(0x88, &[&[0x03, 0xe8], reason.as_bytes()].concat());
        let events = [
            OwnedEvent::Close(Some(1000), reason.into()),
            OwnedEvent::Closed {
                code: 1000,
                reason: reason.into(),
                clean: true,
                cause: ClosedCause::Handshake,
            },
        ];
        for role in ROLES {
            let bytes = to(role, &frame); // H-09
            check("H-09", role, &Config::default(), &bytes, &events, &[sent_close(1000)]);
        }
    }
}

#[test]
fn a_bad_close_body_fails_the_connection() {
    check_fault("H-03", "88 01 03", &[], ProtocolError::CloseBody);
    for (row, code) in [
        ("H-04", 0),
        ("H-04", 1),
        ("H-04", 999),
        ("H-05", 1004),
        ("H-05", 1005),
        ("H-05", 1006),
        ("H-05", 1015),
        ("H-07", 1016),
        ("H-07", 2999),
        ("H-07", 5000),
        ("H-07", 65535),
    ] {
        check_fault(row, &format!("88 02 {code:04x}"), &[], ProtocolError::CloseCode);
    }
    for body in ["04 03e8 fffe", "03 03e8 c3", "05 03e8 eda080"] {
        check_fault("H-08", &format!("88 {body}"), &[], ProtocolError::CloseReasonNotUtf8);
    }
    check_fault("H-09", "88 7e 007e 03e8", &[], ProtocolError::ControlTooLong);
}

#[test]
fn one_close_each_way_and_never_two() {
    let events = [close(1000), clean(1000)];
    check_both("H-10", "88 02 03e8 88 02 0fa0", &events, &[sent_close(1000)]);
    check_fault("H-10", "83 00 88 02 03e8", &[], ProtocolError::ReservedOpcode);
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.close(Some(code(1000)), "one").unwrap();
        conn.close(Some(code(1001)), "two").unwrap();
        assert_eq!(drain(&mut conn), [sent(0x88, b"\x03\xe8one")], "H-10");
        // A broken rule after our Close frame sends no other.
        assert_eq!(feed(&mut conn, Way::Mutable, &hex("83 00")).len(), 1);
        conn.close(Some(code(1001)), "three").unwrap();
        assert_eq!(drain(&mut conn), [], "H-10");
    }
}

#[test]
fn nothing_is_sent_after_a_close() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.close(None, "").unwrap();
        assert_eq!(conn.send_text("late"), Err(SendError::Closing), "H-11");
        assert_eq!(drain(&mut conn), [sent(0x88, b"")]);
        feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, b"ping"));
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn nothing_is_read_after_a_close() {
    for (row, rest) in [("H-12", "81 01 61"), ("H-12", "83 00"), ("G-05", "89 00"), ("H-12", "ff")]
    {
        let frames = format!("88 02 03e8 {rest}");
        check_both(row, &frames, &[close(1000), clean(1000)], &[sent_close(1000)]);
    }
}

#[test]
fn nothing_is_read_after_a_fault() {
    const RESTS: [&str; 4] = ["81 01 61", "88 02 03e8", "89 00", "83 00"];
    for (fault, error) in [
        ("83 00", ProtocolError::ReservedOpcode),
        ("81 01 80", ProtocolError::TextNotUtf8),
        ("88 01 03", ProtocolError::CloseBody),
    ] {
        for rest in RESTS {
            check_fault("H-20", &format!("{fault} {rest}"), &[], error);
        }
    }
    for rest in RESTS {
        check_too_long("H-20", &format!("82 7f 7fffffffffffffff {rest}"), (1 << 63) - 1);
    }
}

#[test]
fn data_may_arrive_until_the_peer_closes_too() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.close(Some(code(1000)), "").unwrap();
        assert_eq!(conn.ready_state(), ReadyState::Closing);
        let events = feed(&mut conn, Way::Mutable, &to(role, &hex("81 01 61 88 02 03e8")));
        assert_eq!(events, [text("a"), close(1000), clean(1000)], "H-13");
        assert_eq!(conn.ready_state(), ReadyState::Closed);
        assert_eq!(drain(&mut conn), [sent_close(1000)]);
    }
}

#[test]
fn closes_that_cross_end_cleanly_with_the_peers_code() {
    for role in ROLES {
        for (row, theirs) in [("H-14", 4000), ("H-22", 4001)] {
            let mut conn = connection(role, Config::default());
            conn.close(Some(code(1000)), "").unwrap();
            let frame = format!("88 02 {theirs:04x}");
            let events = feed(&mut conn, Way::Mutable, &to(role, &hex(&frame)));
            assert_eq!(events, [close(theirs), clean(theirs)], "{row}");
            assert_eq!(drain(&mut conn), [sent_close(1000)], "{row}");
        }
    }
}

#[test]
fn a_server_is_told_to_end_the_transport_as_soon_as_both_closed() {
    let mut conn = connection(Role::Server, Config::default());
    feed(&mut conn, Way::Mutable, &to(Role::Server, &hex("88 00")));
    assert_eq!(conn.transport(), TransportAction::FinishWriting);
    assert_eq!(drain(&mut conn), [sent(0x88, b"")]);
    assert_eq!(conn.transport(), TransportAction::Close, "H-15: the peer first");

    let mut conn = connection(Role::Server, Config::default());
    conn.close(None, "").unwrap();
    assert_eq!(conn.transport(), TransportAction::Open);
    assert_eq!(drain(&mut conn), [sent(0x88, b"")]);
    assert_eq!(conn.transport(), TransportAction::Open);
    feed(&mut conn, Way::Mutable, &to(Role::Server, &hex("88 00")));
    assert_eq!(conn.transport(), TransportAction::Close);
}

#[test]
fn a_client_waits_for_the_server_to_end_the_transport() {
    for own_first in [false, true] {
        let mut conn = connection(Role::Client, Config::default());
        if own_first {
            conn.close(None, "").unwrap();
        }
        feed(&mut conn, Way::Mutable, &hex("88 00"));
        assert_eq!(drain(&mut conn), [sent(0x88, b"")]);
        assert_eq!(conn.transport(), TransportAction::Open);
        assert_eq!(eof(&mut conn), []);
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}

#[test]
fn a_failed_connection_writes_its_close_and_reads_on_until_the_peer_ends() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Way::Mutable, &hex("83 00"));
        assert_eq!(conn.transport(), TransportAction::FinishWriting);
        assert_eq!(drain(&mut conn), [sent_close(1002)]);
        assert_eq!(conn.transport(), TransportAction::FinishWriting);
        assert_eq!(feed(&mut conn, Way::Mutable, &[0xff; 1000]), []);
        assert_eq!(eof(&mut conn), []);
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}

#[test]
fn a_stream_that_ends_without_a_close_is_not_clean() {
    for frames in ["", "81", "82 7e 01", "81 05 4865", "01 01 61", "01 01 61 80 01", "88 02 03"] {
        for role in ROLES {
            let mut conn = connection(role, Config::default());
            assert_eq!(feed(&mut conn, Way::Mutable, &to(role, &hex(frames))), []);
            assert_eq!(eof(&mut conn), [abnormal(ClosedCause::Transport)], "H-18 {frames}");
            assert_eq!(eof(&mut conn), [], "H-18 {frames}");
            assert_eq!(drain(&mut conn), [], "H-18 {frames}");
            assert_eq!(conn.transport(), TransportAction::Close);
            assert_eq!(conn.send_text(""), Err(SendError::Closing));
        }
    }
}

#[test]
fn whole_messages_before_the_end_are_delivered() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let events = feed(&mut conn, Way::Mutable, &frame_to(role, 0x81, b"a"));
        assert_eq!(events, [text("a")], "H-19");
        assert_eq!(eof(&mut conn), [abnormal(ClosedCause::Transport)]);
    }
}

#[test]
fn what_waits_is_still_to_be_written_after_the_peers_last_byte() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text("late").unwrap();
    eof(&mut conn);
    assert_eq!(conn.transport(), TransportAction::FinishWriting);
    assert_eq!(drain(&mut conn), [sent(0x81, b"late")]);
    assert_eq!(conn.transport(), TransportAction::Close);
}

#[test]
fn only_codes_that_may_be_sent_exist() {
    for bad in [0, 1, 999, 1004, 1005, 1006, 1015, 5000, 65535] {
        assert_eq!(CloseCode::new(bad), None, "H-23 {bad}");
        assert_eq!(CloseCode::from_peer(bad), None, "H-05 {bad}");
    }
    for good in (1000..=4999).filter(|code| !matches!(code, 1004..=1006 | 1015)) {
        assert_eq!(CloseCode::new(good).map(u16::from), Some(good), "H-23");
        let known = !(1016..=2999).contains(&good);
        assert_eq!(CloseCode::from_peer(good).is_some(), known, "H-07");
    }
}

#[test]
fn each_fault_has_its_code() {
    use ProtocolError::*;
    let protocol = [ReservedBits, ReservedOpcode, FragmentedControl, ControlTooLong, Unmasked]
        .into_iter()
        .chain([
            Masked,
            NonMinimalLength,
            LengthRange,
            UnexpectedContinuation,
            ExpectedContinuation,
        ])
        .chain([CloseBody, ProtocolError::CloseCode])
        .map(|error| (error, 1002));
    let others = [(TextNotUtf8, 1007), (CloseReasonNotUtf8, 1007), (TooManyFragments, 1008)]
        .into_iter()
        .chain([(FrameTooLong, 1009), (MessageTooLong, 1009)]);
    for (error, code) in protocol.chain(others) {
        assert_eq!(error.close_code().get(), code, "H-24 {error}");
    }
}

#[test]
fn a_reason_that_does_not_fit_is_the_callers_mistake() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let too_long = [("x".repeat(200), Some(code(1000))), ("x".repeat(124), Some(code(1000)))];
        for (reason, code) in too_long.into_iter().chain([("no code".into(), None)]) {
            assert_eq!(conn.close(code, &reason), Err(SendError::CloseReason), "H-25");
            assert_eq!(conn.ready_state(), ReadyState::Open);
        }
        assert_eq!(drain(&mut conn), []);
        conn.close(Some(code(4999)), &"x".repeat(123)).unwrap();
        let body = [&4999_u16.to_be_bytes()[..], &[b'x'; 123]].concat();
        assert_eq!(drain(&mut conn), [sent(0x88, &body)]);
        assert_eq!(conn.close(None, "no code"), Err(SendError::CloseReason));
    }
}

#[test]
fn a_code_that_a_peer_would_refuse_is_the_callers_mistake() {
    for role in ROLES {
        for bad in [1016, 1999, 2000, 2999] {
            let mut conn = connection(role, Config::default());
            assert_eq!(conn.close(Some(code(bad)), "why"), Err(SendError::CloseCode), "H-23 {bad}");
            assert_eq!((conn.ready_state(), drain(&mut conn)), (ReadyState::Open, vec![]));
            conn.close(None, "").unwrap();
            assert_eq!(conn.close(Some(code(bad)), ""), Err(SendError::CloseCode), "closed or not");
        }
        for good in [1000, 1003, 1007, 1014, 3000, 4999] {
            let mut conn = connection(role, Config::default());
            conn.close(Some(code(good)), "").unwrap();
            assert_eq!(drain(&mut conn), [sent_close(good)], "H-23 {good}");
        }
    }
}

#[test]
fn a_close_that_is_passed_on_carries_what_may_travel() {
    let long = "\u{e4}".repeat(100);
    for (code, reason, body) in [
        (None, "no code", vec![]),
        (Some(0), "no code", vec![]),
        (Some(1005), "no code", vec![]),
        (Some(1006), "", vec![]),
        (Some(5000), "no code", vec![]),
        (Some(2999), "why", [&2999_u16.to_be_bytes()[..], b"why"].concat()),
        (Some(1000), &long, [&1000_u16.to_be_bytes()[..], &long.as_bytes()[..122]].concat()),
    ] {
        for role in ROLES {
            let mut conn = connection(role, Config::default());
            conn.pass_close(code, reason);
            conn.pass_close(Some(1000), "a second one");
            assert_eq!(drain(&mut conn), [sent(0x88, &body)], "{code:?}");
        }
    }
}

#[test]
fn a_half_open_connection_sends_on_after_the_peers_close() {
    let config = config(|config| config.auto_close = false);
    for role in ROLES {
        let mut conn = connection(role, config.clone());
        let frames = to(role, &hex("88 02 0fa1 81 01 61"));
        assert_eq!(feed(&mut conn, Way::Mutable, &frames), [close(4001)]);
        assert_eq!(
            (conn.ready_state(), conn.transport()),
            (ReadyState::Closing, TransportAction::Open)
        );
        conn.send_text("more").unwrap();
        assert_eq!(drain(&mut conn), [sent(0x81, b"more")]);
        assert_eq!(feed(&mut conn, Way::Mutable, &frames), []);
        conn.close(Some(code(1000)), "done").unwrap();
        assert_eq!(feed(&mut conn, Way::Mutable, b""), [clean(4001)]);
        assert_eq!(drain(&mut conn), [sent(0x88, b"\x03\xe8done")]);
        assert_eq!(conn.send_text("late"), Err(SendError::Closing));
    }
}

#[test]
fn a_half_open_connection_that_loses_its_transport_keeps_the_peers_code() {
    let config = config(|config| config.auto_close = false);
    let mut conn = connection(Role::Client, config);
    feed(&mut conn, Way::Mutable, &hex("88 05 0fa1 627965"));
    let expected = OwnedEvent::Closed {
        code: 4001,
        reason: "bye".into(),
        clean: false,
        cause: ClosedCause::Transport,
    };
    assert_eq!(collect(&mut conn.transport_lost()), [expected]);
}
