//! `defer_close`, for hosts that read all events of an input before they answer any.

mod common;

use common::*;
use wspair::{Config, Connection, Instant, Role, TransportAction};

/// Reads a batch, deferring or not, and answers all of its texts behind it.
fn batch(conn: &mut Connection, defers: bool, bytes: &[u8]) -> Vec<OwnedEvent> {
    let mut bytes = bytes.to_vec();
    let mut received = conn.receive(&mut bytes);
    if defers {
        received.defer_close();
    }
    let events = collect(&mut received);
    for event in &events {
        if let OwnedEvent::Text(text) = event {
            let _ = conn.send_text(text);
        }
    }
    events
}

#[test]
fn a_deferred_close_goes_behind_the_answers_to_its_batch() {
    for role in ROLES {
        for (frames, close) in [
            ("81 01 61 83 00", 1002),
            ("81 01 61 81 01 ff", 1007),
            ("81 01 61 88 02 0fa0", 4000),
            ("81 01 61 89 01 70 83 00", 1002),
        ] {
            let mut conn = connection(role, Config::default());
            let events = batch(&mut conn, true, &to(role, &hex(frames)));
            assert!(matches!(events.last(), Some(OwnedEvent::Closed { .. })));
            assert_eq!(
                conn.transport(),
                match (role, close) {
                    (Role::Client, 4000) => TransportAction::Open,
                    _ => TransportAction::FinishWriting,
                }
            );
            let mut frames = drain(&mut conn);
            frames.retain(|frame| frame.0 != 0x8a);
            assert_eq!(frames, [sent(0x81, b"a"), sent_close(close)]);
            assert!(conn.send_text("late").is_err());
            assert!(conn.send_ping(b"").is_err());
            assert_eq!(drain(&mut conn), []);
        }
    }
}

#[test]
fn without_deferring_the_close_is_queued_at_once() {
    let mut conn = connection(Role::Client, Config::default());
    batch(&mut conn, false, &hex("81 01 61 83 00"));
    assert_eq!(drain(&mut conn), [sent_close(1002)]);
}

#[test]
fn deferring_lasts_for_one_read_and_moves_no_close_of_the_caller() {
    let mut conn = connection(Role::Client, Config::default());
    batch(&mut conn, true, &hex("81 01 61"));
    batch(&mut conn, false, &hex("81 01 62 83 00"));
    assert_eq!(drain(&mut conn), [sent(0x81, b"a"), sent_close(1002)]);

    let mut conn = connection(Role::Client, Config::default());
    conn.close(None, "").unwrap();
    batch(&mut conn, true, &hex("81 01 61 83 00"));
    assert_eq!(drain(&mut conn), [sent(0x88, b"")]);

    // A deferred Close frame is decided on: the caller's comes too late.
    let mut conn = connection(Role::Client, Config::default());
    batch(&mut conn, true, &hex("83 00"));
    conn.close(None, "").unwrap();
    assert_eq!(drain(&mut conn), [sent_close(1002)]);
}

#[test]
fn a_deferred_close_is_queued_whatever_is_called_before_one_looks() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        batch(&mut conn, true, &hex("83 00"));
        assert!(conn.wants_write());
        assert_eq!(feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, b"")), []);
        assert_eq!(collect(&mut conn.handle_timeout(Instant::default())), []);
        assert_eq!(collect(&mut conn.receive_eof()), []);
        assert_eq!(conn.transport(), TransportAction::FinishWriting);
        assert_eq!(drain(&mut conn), [sent_close(1002)]);
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}
