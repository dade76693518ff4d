//! Deadlines, by told time.

mod common;

use core::time::Duration;

use common::*;
use wspair::event::Timer;
use wspair::{Cause, Config, Connection, Instant, ReadyState, Role, Transport};

fn at(seconds: u64) -> Instant {
    Instant::from(Duration::from_secs(seconds))
}

fn just_before(seconds: u64) -> Instant {
    Instant::from_nanos(at(seconds).as_nanos() - 1)
}

fn tell(conn: &mut Connection, now: Instant) -> Vec<OwnedEvent> {
    collect(&mut conn.handle_timeout(now))
}

fn hear(conn: &mut Connection) {
    let pong = frame_to(conn.role(), 0x8a, b"");
    assert_eq!(feed(conn, Door::Mutable, &pong).len(), 1);
}

fn keepalive(after: u64, within: Option<u64>) -> Config {
    config(|config| {
        config.ping_after = Some(Duration::from_secs(after));
        config.pong_within = within.map(Duration::from_secs);
    })
}

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
            let expected = abnormal(Cause::Timeout(Timer::Close));
            assert_eq!(tell(&mut conn, at(110)), [expected], "H-17");
            assert_eq!(conn.transport(), Transport::Close, "H-17");
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
fn silence_is_broken_by_a_ping_and_a_pong_keeps_the_connection() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        assert_eq!(conn.poll_timeout(), Some(at(0)));
        tell(&mut conn, at(3));
        assert_eq!(conn.poll_timeout(), Some(at(23)));
        tell(&mut conn, just_before(23));
        assert_eq!(drain(&mut conn), []);
        tell(&mut conn, at(23));
        assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
        assert_eq!(conn.poll_timeout(), Some(at(28)));
        hear(&mut conn);
        assert_eq!(tell(&mut conn, at(28)), []);
        assert_eq!(conn.poll_timeout(), Some(at(48)));
        assert_eq!(conn.ready_state(), ReadyState::Open);
    }
}

#[test]
fn any_byte_counts_as_life() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        tell(&mut conn, at(0));
        let frame = frame_to(role, 0x82, &[0; 100]);
        for (second, byte) in (1..).map(|step| step * 15).zip(&frame) {
            tell(&mut conn, at(second));
            feed(&mut conn, Door::Mutable, &[*byte]);
        }
        assert_eq!(drain(&mut conn), []);
        assert_eq!(conn.ready_state(), ReadyState::Open);
    }
}

#[test]
fn a_read_without_bytes_is_no_life() {
    let mut conn = connection(Role::Server, keepalive(20, Some(5)));
    tell(&mut conn, at(0));
    feed(&mut conn, Door::Mutable, b"");
    feed(&mut conn, Door::Own, b"");
    tell(&mut conn, at(20));
    assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
}

#[test]
fn silence_after_a_ping_is_the_end() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        tell(&mut conn, at(0));
        tell(&mut conn, at(20));
        assert_eq!(tell(&mut conn, just_before(25)), []);
        assert_eq!(tell(&mut conn, at(25)), [abnormal(Cause::Timeout(Timer::Pong))]);
        let close = [&1011_u16.to_be_bytes()[..], b"no answer to a ping"].concat();
        assert_eq!(drain(&mut conn), [sent(0x89, b""), sent(0x88, &close)], "H-24");
        assert_eq!(conn.transport(), Transport::Close);
        assert_eq!(conn.poll_timeout(), None);
        assert_eq!(tell(&mut conn, at(1000)), []);
        assert_eq!(drain(&mut conn), []);
    }
}

#[test]
fn a_late_call_gives_the_peer_its_time_to_answer() {
    let mut conn = connection(Role::Server, keepalive(20, Some(5)));
    tell(&mut conn, at(0));
    assert_eq!(tell(&mut conn, at(1000)), []);
    assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
    assert_eq!(conn.poll_timeout(), Some(at(1005)));
    hear(&mut conn);
    assert_eq!(tell(&mut conn, at(2000)), [], "heard before the time was told");
}

#[test]
fn without_a_limit_for_the_answer_pings_go_on() {
    let mut conn = connection(Role::Server, keepalive(20, None));
    for second in 0..=60 {
        tell(&mut conn, at(second));
    }
    assert_eq!(drain(&mut conn), [sent(0x89, b""), sent(0x89, b""), sent(0x89, b"")]);
    assert_eq!(conn.poll_timeout(), Some(at(80)));
}

#[test]
fn a_closing_connection_does_not_ping() {
    let mut conn = connection(Role::Server, keepalive(1, Some(1)));
    tell(&mut conn, at(0));
    conn.close(None, "").unwrap();
    drain(&mut conn);
    for second in 1..10 {
        assert_eq!(tell(&mut conn, at(second)), []);
    }
    assert_eq!(drain(&mut conn), []);
}

/// After its Close frame a peer has nothing more to say, not even a Pong.
#[test]
fn a_half_open_connection_does_not_take_the_peers_silence_for_death() {
    for role in ROLES {
        let mut config = keepalive(20, Some(5));
        config.auto_close = false;
        let mut conn = connection(role, config);
        tell(&mut conn, at(0));
        assert_eq!(feed(&mut conn, Door::Mutable, &to(role, &hex("88 00"))).len(), 1);
        for second in 1..1000 {
            assert_eq!(tell(&mut conn, at(second)), [], "at {second} s");
        }
        conn.send_text("still here").unwrap();
        assert_eq!(drain(&mut conn), [sent(0x81, b"still here")]);
        assert_eq!(conn.poll_timeout(), None);
    }
}

#[test]
fn keepalive_pings_do_not_pile_up_before_a_peer_that_reads_nothing() {
    for role in ROLES {
        let mut config = keepalive(20, Some(5));
        config.limits.max_outgoing = 1000;
        let mut conn = connection(role, config);
        let pings = frame_to(role, 0x89, &[b'x'; 125]).repeat(16);
        for round in 0..1000 {
            // Heard, then silent for long enough to be pinged, but not to be given up.
            feed(&mut conn, Door::Mutable, &pings);
            assert_eq!(tell(&mut conn, at(round * 24)), []);
            assert_eq!(tell(&mut conn, at(round * 24 + 20)), []);
            conn.transmit().chunk();
        }
        let waits = conn.buffered_amount();
        assert!(waits < 1000 + 3 * 16 * 131, "{waits} bytes wait");
    }
}

#[test]
fn a_server_that_closed_both_ways_need_not_wait() {
    let mut conn = connection(Role::Server, Config::default());
    tell(&mut conn, at(5));
    feed(&mut conn, Door::Mutable, &to(Role::Server, &hex("88 00")));
    drain(&mut conn);
    assert_eq!(conn.transport(), Transport::Close); // H-15
    assert_eq!(conn.poll_timeout(), None);
}

#[test]
fn a_client_that_closed_both_ways_waits_for_the_end_until_its_deadline() {
    let mut conn = connection(Role::Client, Config::default());
    tell(&mut conn, at(5));
    let events = feed(&mut conn, Door::Mutable, &hex("88 00"));
    assert_eq!(*events.last().unwrap(), clean(1005));
    drain(&mut conn);
    assert_eq!(conn.poll_timeout(), Some(at(5)));
    tell(&mut conn, at(6));
    assert_eq!(conn.poll_timeout(), Some(at(16)));
    tell(&mut conn, just_before(16));
    assert_eq!(conn.transport(), Transport::Open);
    assert_eq!(tell(&mut conn, at(16)), [], "the end was told before");
    assert_eq!(conn.transport(), Transport::Close, "H-16");
    assert_eq!(conn.poll_timeout(), None);
}

#[test]
fn a_peer_that_does_not_take_our_last_bytes_is_dropped_in_time() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        feed(&mut conn, Door::Mutable, &hex("83 00"));
        tell(&mut conn, at(0));
        assert_eq!(conn.transport(), Transport::FinishWriting);
        assert_eq!(conn.poll_timeout(), Some(at(10)));
        tell(&mut conn, at(10));
        assert_eq!(conn.transport(), Transport::Close);
    }
}

#[test]
fn what_waits_when_the_transport_ends_is_given_up_in_time() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("late").unwrap();
        assert_eq!(collect(&mut conn.receive_eof()), [abnormal(Cause::Transport)]);
        tell(&mut conn, at(0));
        assert_eq!(conn.transport(), Transport::FinishWriting);
        assert_eq!(conn.poll_timeout(), Some(at(10)));
        tell(&mut conn, at(10));
        assert_eq!(conn.transport(), Transport::Close);
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
    assert_eq!(tell(&mut conn, at(10)), [abnormal(Cause::Timeout(Timer::Close))]);
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
    assert_eq!(tell(&mut conn, at(0)), [abnormal(Cause::Timeout(Timer::Close))]);
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
    feed(&mut conn, Door::Mutable, &to(Role::Server, &hex("88 00")));
    assert_eq!(conn.poll_timeout(), None);
    conn.close(None, "").unwrap();
    assert_eq!(conn.poll_timeout(), Some(at(0)));
    assert_eq!(tell(&mut conn, at(0)), [clean(1005)]);
    assert_eq!(conn.poll_timeout(), None);
}
