//! Pings into silence, and the peer that is given up. Other deadlines are in `timers.rs`.

mod common;

use core::time::Duration;

use common::*;
use proptest::prelude::*;
use wspair::bindings::SenderBinding;
use wspair::event::Timer;
use wspair::{ClosedCause, Config, Connection, Instant, Kind, ReadyState, Role, TransportAction};

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
            feed(&mut conn, Way::Mutable, &[*byte]);
        }
        assert_eq!(drain(&mut conn), []);
        assert_eq!(conn.ready_state(), ReadyState::Open);
    }
}

#[test]
fn a_read_without_bytes_is_no_life() {
    let mut conn = connection(Role::Server, keepalive(20, Some(5)));
    tell(&mut conn, at(0));
    feed(&mut conn, Way::Mutable, b"");
    feed(&mut conn, Way::Own, b"");
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
        assert_eq!(tell(&mut conn, at(25)), [abnormal(ClosedCause::Timeout(Timer::Pong))]);
        let close = [&1011_u16.to_be_bytes()[..], b"no answer to a ping"].concat();
        assert_eq!(drain(&mut conn), [sent(0x89, b""), sent(0x88, &close)], "H-24");
        assert_eq!(conn.transport(), TransportAction::Close);
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
        assert_eq!(feed(&mut conn, Way::Mutable, &to(role, &hex("88 00"))).len(), 1);
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
            feed(&mut conn, Way::Mutable, &pings);
            assert_eq!(tell(&mut conn, at(round * 24)), []);
            assert_eq!(tell(&mut conn, at(round * 24 + 20)), []);
            conn.transmit().chunk();
        }
        let waits = conn.buffered_amount();
        assert!(waits < 1000 + 3 * 16 * 131, "{waits} bytes wait");
    }
}

/// The host writes so many bytes of what waits.
fn write(conn: &mut Connection, n: usize) -> Vec<u8> {
    let mut written = Vec::new();
    let mut transmit = conn.transmit();
    while written.len() < n && !transmit.is_empty() {
        let chunk = transmit.chunk();
        let taken = chunk.len().min(n - written.len());
        written.extend(&chunk[..taken]);
        transmit.advance(taken);
    }
    written
}

/// How long a frame gets.
fn wire_len(role: Role, len: usize) -> usize {
    len + match len {
        0..126 => 2,
        126..65536 => 4,
        _ => 10,
    } + if role == Role::Client { 4 } else { 0 }
}

fn gave_up() -> OwnedEvent {
    abnormal(ClosedCause::Timeout(Timer::Pong))
}

/// Tells the time whenever it is due, from now up to a moment.
fn follow(conn: &mut Connection, mut now: Instant, upto: Instant) -> Vec<OwnedEvent> {
    let mut events = Vec::new();
    while let Some(due) = conn.poll_timeout().filter(|due| *due <= upto) {
        now = now.max(due);
        events.extend(tell(conn, now));
        assert!(conn.poll_timeout().is_none_or(|due| due > now), "due again at {now:?}");
    }
    events
}

#[test]
fn an_answer_is_due_from_when_the_ping_left() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        tell(&mut conn, at(0));
        conn.send_binary(vec![0; 1000]).unwrap();
        tell(&mut conn, at(20));
        for second in 21..60 {
            write(&mut conn, 10);
            assert_eq!(tell(&mut conn, at(second)), [], "the ping is in the queue");
        }
        assert_eq!(drain(&mut connection(role, Config::default())), []);
        let rest = write(&mut conn, usize::MAX);
        assert_eq!(
            rest.iter().rev().position(|byte| *byte == 0x89),
            Some(if role == Role::Server { 1 } else { 5 })
        );
        assert_eq!(conn.poll_timeout(), Some(at(59)), "when it left is not known yet");
        assert_eq!(tell(&mut conn, at(60)), []);
        assert_eq!(tell(&mut conn, at(64)), []);
        assert!(conn.poll_timeout() >= Some(at(65)));
        assert_eq!(follow(&mut conn, at(64), at(200)), [gave_up()]);
    }
}

#[test]
fn a_peer_that_takes_a_little_at_a_time_lives() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(2, Some(2)));
        tell(&mut conn, at(0));
        conn.send_binary(vec![0; 100_000]).unwrap();
        let mut pings = 0;
        for second in 0..90 {
            let written = write(&mut conn, 1000);
            pings += usize::from(written.ends_with(b"\\x89\\x00"));
            assert_eq!(tell(&mut conn, at(second)), [], "at {second} s");
        }
        assert_eq!((conn.ready_state(), pings), (ReadyState::Open, 0));
        assert_eq!(conn.buffered_amount(), wire_len(role, 100_000) - 90_000, "no ping waits");
    }
}

#[test]
fn output_that_does_not_move_is_the_end_in_the_time_of_a_silence() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        tell(&mut conn, at(0));
        conn.send_binary(vec![0; 100_000]).unwrap();
        write(&mut conn, 50_000);
        assert_eq!(follow(&mut conn, at(0), just_before(25)), []);
        assert_eq!(follow(&mut conn, at(25), at(25)), [gave_up()]);
    }
}

#[test]
fn what_the_transport_takes_at_once_is_no_life_of_the_peer() {
    for role in ROLES {
        let mut conn = connection(role, keepalive(20, Some(5)));
        tell(&mut conn, at(0));
        for second in 0..25 {
            assert_eq!(tell(&mut conn, at(second)), [], "at {second} s");
            conn.send_text("tick").unwrap();
            write(&mut conn, usize::MAX);
        }
        assert_eq!(tell(&mut conn, at(25)), [gave_up()]);
    }
}

#[test]
fn a_ping_that_finds_no_room_is_not_unanswered_while_output_moves() {
    for role in ROLES {
        let mut config = keepalive(20, Some(5));
        config.limits.max_outgoing = 100;
        let mut conn = connection(role, config);
        tell(&mut conn, at(0));
        conn.send_binary(vec![0; 1000]).unwrap();
        tell(&mut conn, at(0));
        for step in 1..60 {
            assert_eq!(follow(&mut conn, at(step * 4 - 4), at(step * 4)), [], "at {} s", step * 4);
            assert_eq!(write(&mut conn, 10).len(), 10);
        }
        let upto = at(59 * 4 + 25 + 5);
        assert_eq!(follow(&mut conn, at(59 * 4), upto), [gave_up()], "then nothing moved");
    }
}

#[test]
fn a_ping_that_found_no_room_is_sent_when_there_is_some() {
    for role in ROLES {
        let mut config = keepalive(20, Some(5));
        config.limits.max_outgoing = 100;
        let mut conn = connection(role, config);
        tell(&mut conn, at(0));
        conn.send_binary(vec![0; 1000]).unwrap();
        assert_eq!(follow(&mut conn, at(0), at(22)), []);
        assert_eq!(output(&mut conn).len(), wire_len(role, 1000), "no ping");
        assert_eq!(follow(&mut conn, at(22), at(45)), [], "nothing was asked");
        assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
        assert_eq!(follow(&mut conn, at(45), at(200)), [gave_up()]);
    }
}

#[test]
fn output_that_moves_delays_no_ping_where_nobody_gives_up() {
    let mut conn = connection(Role::Server, keepalive(20, None));
    tell(&mut conn, at(0));
    conn.send_binary(vec![0; 1000]).unwrap();
    for second in 0..20 {
        tell(&mut conn, at(second));
        write(&mut conn, 10);
        assert_eq!(conn.poll_timeout(), Some(at(20)));
    }
    tell(&mut conn, at(20));
    assert!(output(&mut conn).ends_with(b"\x89\x00"));
}

#[test]
fn a_silence_of_no_time_lets_time_go_on() {
    let mut conn = connection(Role::Server, keepalive(0, None));
    tell(&mut conn, at(1));
    assert!(conn.poll_timeout() > Some(at(1)));
}

#[test]
fn progress_is_placed_to_a_quarter_of_the_silence() {
    let mut conn = connection(Role::Server, keepalive(20, Some(5)));
    conn.send_binary(vec![0; 1000]).unwrap();
    tell(&mut conn, at(0));
    assert_eq!(conn.poll_timeout(), Some(at(20)));
    write(&mut conn, 10);
    assert_eq!(conn.poll_timeout(), Some(at(5)));
}

/// After so many bytes in so many seconds.
fn after_a_slow_transfer(bytes: usize, seconds: u64) -> Connection {
    let config = config(|config| {
        config.ping_after = Some(Duration::from_secs(20));
        config.pong_within = Some(Duration::from_secs(5));
        config.limits.max_outgoing = usize::MAX;
    });
    let mut conn = connection(Role::Server, config);
    tell(&mut conn, at(0));
    conn.send_binary(vec![0; bytes]).unwrap();
    for second in 0..=seconds {
        assert_eq!(tell(&mut conn, at(second)), []);
        write(&mut conn, bytes.div_ceil(seconds as usize));
    }
    assert!(conn.transmit().is_empty());
    assert_eq!(tell(&mut conn, at(seconds)), []);
    conn
}

#[test]
fn what_the_transport_may_hold_is_allowed_for_up_to_four_mebibytes() {
    for (mebibytes, more) in [(1, 60), (4, 60), (40, 6)] {
        let mut conn = after_a_slow_transfer(mebibytes << 20, 60);
        assert_eq!(follow(&mut conn, at(60), at(80)), []);
        assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
        let due = 60 + u64::max(20, more) + 5;
        assert_eq!(follow(&mut conn, at(80), at(due - 2)), [], "after {mebibytes} MiB");
        assert_eq!(
            follow(&mut conn, at(due - 2), at(due + 2)),
            [gave_up()],
            "after {mebibytes} MiB"
        );
    }
}

#[test]
fn what_the_transport_may_hold_is_not_allowed_for_where_output_stands_still() {
    let mut conn = after_a_slow_transfer(1 << 20, 60);
    conn.send_binary(vec![0; 1000]).unwrap();
    assert_eq!(follow(&mut conn, at(60), at(60 + 25 + 1)), [gave_up()]);
}

#[test]
fn life_is_placed_to_a_quarter_of_the_silence() {
    for role in ROLES {
        for heard in [1, 4, 6, 19] {
            let mut conn = connection(role, keepalive(20, Some(5)));
            tell(&mut conn, at(0));
            hear(&mut conn);
            assert_eq!(conn.poll_timeout(), Some(at(5)));
            assert_eq!(follow(&mut conn, at(heard), just_before(heard + 20)), []);
            assert_eq!(drain(&mut conn), [], "heard at {heard} s");
            assert_eq!(follow(&mut conn, at(heard + 20), just_before(heard + 25)), []);
            let upto = at(heard + 20 + 5 + 5);
            assert_eq!(follow(&mut conn, at(heard + 25), upto), [gave_up()], "heard at {heard} s");
        }
    }
}

#[test]
fn while_the_host_does_not_read_the_peers_silence_means_nothing() {
    for role in ROLES {
        for before in [0, 19, 22] {
            let mut conn = connection(role, keepalive(20, Some(5)));
            tell(&mut conn, at(0));
            assert_eq!(follow(&mut conn, at(0), at(before)), []);
            drain(&mut conn);
            conn.hold_input(true);
            assert_eq!(conn.poll_timeout(), None);
            assert_eq!(tell(&mut conn, at(1000)), []);
            conn.hold_input(false);
            assert_eq!(follow(&mut conn, at(1001), just_before(1021)), []);
            assert_eq!(drain(&mut conn), []);
            assert_eq!(follow(&mut conn, at(1021), just_before(1026)), []);
            assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
            assert_eq!(follow(&mut conn, at(1026), at(1026)), [gave_up()]);
        }
    }
}

/// A client behind a transport with buffers of its own, which reads at its own pace and answers
/// pings; and a server whose host does what it should.
struct Network {
    server: Connection,
    now: u64,
    /// What the transport took and the client did not read, and how much it takes.
    buffer: Vec<u8>,
    capacity: usize,
    /// The host hands over all at once: what its transport keeps of that for later.
    held: Option<Vec<u8>>,
    /// The transport does not take more until a third is free, as sockets do.
    blocked: bool,
    /// Bytes the client reads in a millisecond.
    pace: usize,
    unparsed: Vec<u8>,
    events: Vec<OwnedEvent>,
}

impl Network {
    fn new(config: Config, capacity: usize, pace: usize, hands_over: bool) -> Self {
        Self {
            server: connection(Role::Server, config),
            now: 0,
            buffer: vec![],
            capacity,
            held: hands_over.then(Vec::new),
            blocked: false,
            pace,
            unparsed: vec![],
            events: vec![],
        }
    }

    fn send(&mut self, len: usize) {
        let mut header = [0; wspair::frame::MAX_HEADER];
        match (&mut self.held, self.server.frame_beside(Kind::Binary, len, &mut header)) {
            (Some(held), Ok(Some(header_len))) => {
                held.extend(&header[..header_len]);
                held.resize(held.len() + len, 0);
            }
            _ => self.server.send_binary(vec![0; len]).unwrap(),
        }
    }

    fn is_written(&mut self) -> bool {
        self.held.as_ref().is_none_or(Vec::is_empty) && self.server.transmit().is_empty()
    }

    fn run(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds {
            self.now += 1;
            self.write();
            for _ in 0..self.read() {
                let pong = frame_to(Role::Server, 0x8a, b"");
                self.events.extend(feed(&mut self.server, Way::Mutable, &pong));
            }
            let now = Instant::from(Duration::from_millis(self.now));
            if let Some(held) = &self.held {
                self.server.transport_holds(held.len());
            }
            if self.server.poll_timeout().is_some_and(|due| due <= now) {
                self.events.extend(tell(&mut self.server, now));
                assert!(self.server.poll_timeout().is_none_or(|due| due > now), "it spins");
                self.write();
            }
        }
    }

    fn write(&mut self) {
        let room = self.capacity - self.buffer.len();
        self.blocked &= room < self.capacity / 3;
        if !self.blocked {
            if let Some(held) = &mut self.held {
                held.extend(write(&mut self.server, usize::MAX));
                let room = room.min(held.len());
                self.buffer.extend(held.drain(..room));
            } else {
                self.buffer.extend(write(&mut self.server, room));
            }
            self.blocked = !self.is_written();
        }
    }

    /// The client reads: how many pings.
    fn read(&mut self) -> usize {
        let most = self.pace.min(self.buffer.len());
        self.unparsed.extend(self.buffer.drain(..most));
        let mut pings = 0;
        while let [first, len, rest @ ..] = &self.unparsed[..] {
            let (long, len) = match len {
                127 if rest.len() >= 8 => (8, u64::from_be_bytes(rest[..8].try_into().unwrap())),
                126 if rest.len() >= 2 => (2, u64::from(u16::from_be_bytes([rest[0], rest[1]]))),
                126 | 127 => break,
                len => (0, u64::from(*len)),
            };
            let frame = 2 + long + len as usize;
            if self.unparsed.len() < frame {
                break;
            }
            pings += usize::from(*first == 0x89);
            self.unparsed.drain(..frame);
        }
        pings
    }

    fn has_ended(&self) -> bool {
        self.events.iter().any(|event| matches!(event, OwnedEvent::Closed { .. }))
    }
}

fn fast_keepalive() -> Config {
    config(|config| {
        config.ping_after = Some(Duration::from_millis(100));
        config.pong_within = Some(Duration::from_millis(100));
    })
}

proptest! {
    #![proptest_config(cases::cases(60))]

    #[test]
    fn a_slow_reader_lives_to_the_end_and_beyond(
        pace in 10..100_usize,
        // What the transport holds lasts the client longer than any deadline, a third of it less.
        lasts in 20..280_usize,
        messages in prop::collection::vec((3..8_usize, 0..2_000_u64), 1..4),
        hands_over in any::<bool>(),
    ) {
        let capacity = pace * lasts;
        let mut network = Network::new(fast_keepalive(), capacity, pace, hands_over);
        for (fills, pause) in messages {
            network.send(fills * capacity);
            network.run(pause);
        }
        network.run(40_000);
        prop_assert!(network.is_written());
        prop_assert!(!network.has_ended(), "{:?}", network.events.last());
    }

    #[test]
    fn a_peer_that_vanishes_ends_in_time(
        pace in 10..100_usize,
        lasts in 20..280_usize,
        fills in prop_oneof![Just(0), 3..8_usize],
        before in 0..4_000_u64,
        ticks in any::<bool>(),
        hands_over in any::<bool>(),
    ) {
        let capacity = pace * lasts;
        let mut network = Network::new(fast_keepalive(), capacity, pace, hands_over);
        network.send(fills * capacity);
        network.run(before);
        prop_assert!(!network.has_ended());
        network.pace = 0;
        // A silence, an answer, and what life is placed late.
        let mut bound = 100 + 100 + 25 + 25;
        if network.is_written() && fills > 0 {
            // What the transport has left is read as slowly as the rest was.
            bound += before;
        }
        for _ in 0..=bound / 10 {
            network.run(10);
            if ticks {
                let _ = network.server.send_text("tick");
            }
        }
        prop_assert_eq!(network.events.last(), Some(&gave_up()));
        prop_assert_eq!(network.server.transport(), TransportAction::Close);
    }
}
