//! Deadlines, by told time.

mod common;

use core::time::Duration;

use common::*;
use wspair::event::Timer;
use wspair::{ClosedCause, Config, Connection, Instant, ReadyState, Role, TransportAction};

#[test]
fn without_deadlines_no_time_is_worth_telling() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        assert_eq!(conn.poll_timeout(), None);
        assert_eq!(tell(&mut conn, at(1_000_000)), []);
        assert_eq!(conn.poll_timeout(), None);
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn a_deadline_that_was_armed_without_a_clock_counts_from_the_next_told_time() {
    for role in ROLES {
        for told in [None, Some(at(50))] {
            let mut conn = connection(role, Config::default());
            told.map(|told| tell(&mut conn, told));
            conn.close(None, "").unwrap();
            drain(&mut conn);
            assert_eq!(conn.poll_timeout(), Some(told.unwrap_or(at(0))), "due now");
            assert_eq!(tell(&mut conn, at(100)), []);
            assert_eq!(conn.poll_timeout(), Some(at(110)));
            assert_eq!(tell(&mut conn, just_before(110)), [], "never early");
            let expected = abnormal(ClosedCause::Timeout(Timer::Close));
            assert_eq!(tell(&mut conn, at(110)), [expected], "H-17");
            assert_eq!(conn.transport(), TransportAction::Close, "H-17");
            assert_eq!(conn.ready_state(), ReadyState::Closed);
            assert_eq!(conn.poll_timeout(), None);
        }
    }
}

#[test]
fn extra_calls_change_nothing() {
    for role in ROLES {
        let script = |extra: fn(&mut Connection, u64)| {
            let mut conn = connection(role, keepalive(20, Some(5)));
            let mut seen = Vec::new();
            for second in 0..70 {
                let events = tell(&mut conn, at(second));
                extra(&mut conn, second);
                seen.push((events, drain(&mut conn), conn.poll_timeout(), conn.transport()));
                if second == 10 || second == 33 {
                    hear(&mut conn);
                }
            }
            seen
        };
        let plain = script(|_, _| {});
        let with_extra = script(|conn, second| {
            for told in [second, second, second.saturating_sub(7), 0] {
                assert_eq!(tell(conn, at(told)), []);
            }
        });
        assert_eq!(plain, with_extra);
    }
}

#[test]
fn time_does_not_run_backwards() {
    let mut conn = connection(Role::Server, keepalive(20, Some(5)));
    tell(&mut conn, at(100));
    tell(&mut conn, at(0));
    hear(&mut conn);
    tell(&mut conn, at(50));
    assert_eq!(conn.poll_timeout(), Some(at(120)));
}

#[test]
fn a_server_that_closed_both_ways_need_not_wait() {
    let mut conn = connection(Role::Server, Config::default());
    tell(&mut conn, at(5));
    feed(&mut conn, Way::Mutable, &to(Role::Server, &hex("88 00")));
    drain(&mut conn);
    assert_eq!(conn.transport(), TransportAction::Close, "H-15");
    assert_eq!(conn.poll_timeout(), None);
}

#[test]
fn a_client_that_closed_both_ways_waits_for_the_end_until_its_deadline() {
    let mut conn = connection(Role::Client, Config::default());
    tell(&mut conn, at(5));
    let events = feed(&mut conn, Way::Mutable, &hex("88 00"));
    assert_eq!(*events.last().unwrap(), clean(1005));
    drain(&mut conn);
    assert_eq!(conn.poll_timeout(), Some(at(5)));
    tell(&mut conn, at(6));
    assert_eq!(conn.poll_timeout(), Some(at(16)));
    tell(&mut conn, just_before(16));
    assert_eq!(conn.transport(), TransportAction::Open);
    assert_eq!(tell(&mut conn, at(16)), [], "the end was told before");
    assert_eq!(conn.transport(), TransportAction::Close, "H-16");
    assert_eq!(conn.poll_timeout(), None);
}

#[test]
fn a_peer_that_does_not_take_our_last_bytes_is_dropped_in_time() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Way::Mutable, &hex("83 00"));
        tell(&mut conn, at(0));
        assert_eq!(conn.transport(), TransportAction::FinishWriting);
        assert_eq!(conn.poll_timeout(), Some(at(10)));
        tell(&mut conn, at(10));
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}

#[test]
fn what_waits_when_the_transport_ends_is_given_up_in_time() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("late").unwrap();
        assert_eq!(collect(&mut conn.receive_eof()), [abnormal(ClosedCause::Transport)]);
        tell(&mut conn, at(0));
        assert_eq!(conn.transport(), TransportAction::FinishWriting);
        assert_eq!(conn.poll_timeout(), Some(at(10)));
        tell(&mut conn, at(10));
        assert_eq!(conn.transport(), TransportAction::Close);
    }
}

#[test]
fn activity_does_not_move_the_deadline_of_a_close() {
    let mut conn = connection(Role::Server, Config::default());
    conn.close(None, "").unwrap();
    tell(&mut conn, at(0));
    for second in 1..10 {
        hear(&mut conn);
        assert_eq!(tell(&mut conn, at(second)), []);
    }
    assert_eq!(tell(&mut conn, at(10)), [abnormal(ClosedCause::Timeout(Timer::Close))]);
}

#[test]
fn a_deadline_may_be_off_or_zero() {
    let mut conn = connection(Role::Server, config(|config| config.close_within = None));
    conn.close(None, "").unwrap();
    assert_eq!(conn.poll_timeout(), None);
    assert_eq!(tell(&mut conn, at(1_000_000)), []);

    let zero = config(|config| config.close_within = Some(Duration::ZERO));
    let mut conn = connection(Role::Server, zero);
    conn.close(None, "").unwrap();
    assert_eq!(tell(&mut conn, at(0)), [abnormal(ClosedCause::Timeout(Timer::Close))]);
}

#[test]
fn the_longest_times_do_not_wrap() {
    let longest = config(|config| {
        config.ping_after = Some(Duration::MAX);
        config.close_within = Some(Duration::MAX);
    });
    let mut conn = connection(Role::Client, longest);
    tell(&mut conn, at(1));
    assert_eq!(conn.poll_timeout(), Some(Instant::from_nanos(u64::MAX)));
    conn.close(None, "").unwrap();
    tell(&mut conn, Instant::from_nanos(u64::MAX - 1));
    assert_eq!(conn.poll_timeout(), Some(Instant::from_nanos(u64::MAX)));
}

#[test]
fn an_untold_end_is_due_now() {
    let half_open = config(|config| {
        config.auto_close = false;
        config.close_within = None;
    });
    let mut conn = connection(Role::Server, half_open);
    feed(&mut conn, Way::Mutable, &to(Role::Server, &hex("88 00")));
    assert_eq!(conn.poll_timeout(), None);
    conn.close(None, "").unwrap();
    assert_eq!(conn.poll_timeout(), Some(at(0)));
    assert_eq!(tell(&mut conn, at(0)), [clean(1005)]);
    assert_eq!(conn.poll_timeout(), None);
}
