//! What `transmit` showed stays what it is and where it is until `advance` passes it: asynchronous
//! writers keep the addresses.

mod common;
#[path = "common/moving.rs"]
mod moving;

use core::time::Duration;

use bytes::Bytes;
use common::*;
use proptest::prelude::*;
use wspair::{Config, Connection, Kind, Prepared, Role};

/// Bytes that lie together, as the host was shown them.
#[derive(Clone, Debug)]
struct Run {
    address: usize,
    bytes: Vec<u8>,
}

/// A host whose writes are under way: what it was shown and has not advanced past.
#[derive(Default)]
struct Host {
    held: Vec<Run>,
    written: Vec<u8>,
}

impl Host {
    /// Looks at up to so many slices; the chunk where there are none. What is held must be among
    /// them, as far as they go.
    fn look(&mut self, conn: &mut Connection, most: usize) {
        let mut slices = vec![&b""[..]; most];
        let mut transmit = conn.transmit();
        let seen = if most == 0 {
            vec![transmit.chunk()]
        } else {
            let count = transmit.slices(&mut slices);
            slices.truncate(count);
            slices
        };
        let mut held = self.held.iter().map(|run| (run.address, &run.bytes[..]));
        let mut run = (0, &b""[..]);
        let mut new = Vec::new();
        for slice in seen {
            let mut slice = (slice.as_ptr() as usize, slice);
            while !slice.1.is_empty() {
                if run.1.is_empty() {
                    let Some(next) = held.next() else {
                        new.push(Run { address: slice.0, bytes: slice.1.to_vec() });
                        break;
                    };
                    run = next;
                }
                let both = run.1.len().min(slice.1.len());
                assert_eq!(run.0, slice.0, "it has moved");
                assert!(run.1[..both] == slice.1[..both], "it has changed");
                run = (run.0 + both, &run.1[both..]);
                slice = (slice.0 + both, &slice.1[both..]);
            }
        }
        self.held.extend(new);
    }

    /// Some of what was shown is written now.
    fn advance(&mut self, conn: &mut Connection, mut n: usize) {
        n = n.min(self.held.iter().map(|run| run.bytes.len()).sum());
        conn.transmit().advance(n);
        while n > 0 {
            let first = &mut self.held[0];
            let done = n.min(first.bytes.len());
            self.written.extend(first.bytes.drain(..done));
            first.address += done;
            n -= done;
            if first.bytes.is_empty() {
                self.held.remove(0);
            }
        }
    }
}

type Call = (&'static str, fn(&mut Connection));

/// All that can be called while a write is under way.
const CALLS: [Call; 22] = [
    ("a short text", |conn| _ = conn.send_text("text")),
    ("a short message", |conn| _ = conn.send_binary(&[7; 125])),
    ("a longer message", |conn| _ = conn.send_binary(vec![8; 5000].as_slice())),
    ("a long message", |conn| _ = conn.send_binary(vec![9; 70_000].as_slice())),
    ("a shared message", |conn| _ = conn.send_binary(vec![10; 5000])),
    ("a prepared message", |conn| _ = conn.send_prepared(&Prepared::binary(&[11; 50]))),
    ("a long prepared message", |conn| _ = conn.send_prepared(&Prepared::binary(&[12; 5000]))),
    ("a fragment", |conn| _ = conn.send_fragment(Kind::Binary, &[13; 60], false)),
    ("the last fragment", |conn| _ = conn.send_fragment(Kind::Binary, &[14; 60], true)),
    ("a ping", |conn| _ = conn.send_ping(b"ours")),
    ("a pong", |conn| _ = conn.send_pong(b"ours")),
    ("a received ping", |conn| receive(conn, &frame(0x89, b"theirs"))),
    ("many received pings", |conn| receive(conn, &frame(0x89, &[1; 125]).repeat(40))),
    ("a received message", |conn| receive(conn, &frame(0x82, &[2; 3000]))),
    ("a received Close", |conn| receive(conn, &frame(0x88, &[3, 232]))),
    ("a received fault", |conn| receive(conn, &hex("83 00"))),
    ("the end", |conn| drop(collect(&mut conn.receive_eof()))),
    ("the loss of the transport", |conn| drop(collect(&mut conn.transport_lost()))),
    ("a close", |conn| _ = conn.close(None, "")),
    ("time", |conn| {
        let later = conn.poll_timeout().unwrap_or_default() + Duration::from_secs(1);
        drop(collect(&mut conn.handle_timeout(later)));
    }),
    ("shrinking", Connection::shrink_to_fit),
    ("moving", |conn| {
        let empty = connection(conn.role(), Config::default());
        let moved = Box::new(core::mem::replace(conn, empty));
        *conn = *moved;
    }),
];

fn receive(conn: &mut Connection, frames: &[u8]) {
    let mut bytes = to(conn.role(), frames);
    let mut received = conn.receive(&mut bytes);
    received.defer_close();
    drop(collect(&mut received));
}

fn any_config() -> impl Strategy<Value = Config> {
    (any::<bool>(), any::<bool>()).prop_map(|(splits, pings)| {
        config(|config| {
            config.split_above = splits.then_some(1000);
            config.ping_after = pings.then_some(Duration::from_secs(5));
        })
    })
}

#[test]
fn nothing_moves_what_was_shown() {
    for role in ROLES {
        for len in [0, 10, 60, 125, 126, 1000, 4000, 5000, 16_000, 65_000, 70_000] {
            for (name, call) in CALLS {
                let mut conn = connection(role, Config::default());
                let mut host = Host::default();
                conn.send_binary(vec![1; len].as_slice()).unwrap();
                conn.send_binary(vec![2; len]).unwrap();
                host.look(&mut conn, 16);
                for _ in 0..5 {
                    call(&mut conn);
                    host.look(&mut conn, 16);
                }
                host.advance(&mut conn, usize::MAX);
                assert!(host.written.len() >= 2 * len, "{name}");
            }
        }
    }
}

#[test]
fn a_write_may_be_under_way_for_ever() {
    // The host never advances past all: its next write always begins before the last has ended.
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut host = Host::default();
        for round in 0..2000_usize {
            conn.send_binary(vec![1; round % 300].as_slice()).unwrap();
            if round % 7 == 0 {
                conn.send_binary(Bytes::from(vec![2; 5000])).unwrap();
            }
            host.look(&mut conn, 16);
            host.advance(&mut conn, host.held[0].bytes.len().saturating_sub(1));
        }
        while !conn.transmit().is_empty() {
            host.look(&mut conn, 0);
            host.advance(&mut conn, usize::MAX);
        }
        assert_eq!(frames_from(role, &host.written).len(), 2000 + 2000 / 7 + 1);
    }
}

/// What the connection is asked to do, and what its host does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call(usize),
    Look(usize),
    Advance(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..CALLS.len()).prop_map(Step::Call),
        4 => (0..20_usize).prop_map(Step::Look),
        3 => prop_oneof![0..10_usize, 100..6000_usize, Just(usize::MAX)].prop_map(Step::Advance),
    ]
}

proptest! {
    #![proptest_config(cases::cases(400))]

    #[test]
    fn what_was_shown_stays_where_it_is_whatever_is_called(
        steps in prop::collection::vec(step(), 1..60),
        config in any_config(),
        server in any::<bool>(),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let mut conn = connection(role, config);
        let mut host = Host::default();
        for step in steps {
            match step {
                Step::Call(at) => CALLS[at].1(&mut conn),
                Step::Look(most) => host.look(&mut conn, most),
                Step::Advance(n) => host.advance(&mut conn, n),
            }
        }
        while !conn.transmit().is_empty() {
            host.look(&mut conn, 64);
            host.advance(&mut conn, usize::MAX);
        }
        frames_from(role, &host.written);
    }
}
