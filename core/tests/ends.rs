//! A client and a server, joined in memory, always end once each, and agree.

mod common;

use core::time::Duration;

use common::random::{End, door, ends_once, idempotent, kind, told};
use common::*;
use proptest::prelude::*;
use wspair::{CloseCode, Config, Delivery, Instant, Kind, Role, Transport};

/// A client and a server, joined in memory.
struct Joined {
    ends: [End; 2],
    now: u64,
    cut: bool,
}

#[derive(Clone, Debug)]
enum Act {
    Send(Kind, usize),
    Part(Kind, usize, bool),
    Ping,
    Close(u16),
    Write(usize),
    Read(Door, usize, usize, bool),
    Tell(u64),
    Cut,
}

fn act() -> impl Strategy<Value = Act> {
    let len = || prop_oneof![0..5_usize, 120..130_usize, 4000..9000_usize];
    prop_oneof![
        6 => (kind(), len()).prop_map(|(kind, len)| Act::Send(kind, len)),
        4 => (kind(), len(), any::<bool>()).prop_map(|(kind, len, fin)| Act::Part(kind, len, fin)),
        2 => Just(Act::Ping),
        1 => (3000..5000_u16).prop_map(Act::Close),
        8 => (1..20_000_usize).prop_map(Act::Write),
        8 => (door(), 1..20_000_usize, 1..5_usize, any::<bool>())
            .prop_map(|(door, most, events, defers)| Act::Read(door, most, events, defers)),
        1 => (0..12_u64).prop_map(Act::Tell),
        1 => Just(Act::Cut),
    ]
}

impl Joined {
    fn new(configs: [Config; 2]) -> Self {
        let [client, server] = configs;
        let ends =
            [connection(Role::Client, client), connection(Role::Server, server)].map(End::new);
        Self { ends, now: 0, cut: false }
    }

    fn act(&mut self, at: usize, act: &Act) {
        let end = &mut self.ends[at];
        match *act {
            Act::Send(kind, len) => end.send(kind, len),
            Act::Part(kind, len, fin) => end.part(kind, len, fin),
            Act::Ping => _ = end.conn.send_ping(b"ping"),
            Act::Close(code) => end.conn.close(CloseCode::new(code), "bye").unwrap(),
            Act::Write(most) => self.write(at, most),
            Act::Read(door, most, events, defers) => end.read(door, most, events, defers),
            Act::Tell(seconds) => self.tell(at, seconds),
            Act::Cut => {
                self.cut = true;
                for end in &mut self.ends {
                    end.wire.clear();
                    end.events.extend(collect(&mut end.conn.receive_eof()));
                    end.eof = true;
                }
            }
        }
    }

    fn write(&mut self, at: usize, most: usize) {
        let mut bytes = Vec::<u8>::new();
        let mut transmit = self.ends[at].conn.transmit();
        while bytes.len() < most && !transmit.is_empty() {
            let taken = transmit.chunk().len().min(most - bytes.len());
            bytes.extend(&transmit.chunk()[..taken]);
            transmit.advance(taken);
        }
        let other = &mut self.ends[1 - at];
        if !self.cut && !other.eof {
            other.wire.extend(bytes);
        }
    }

    fn tell(&mut self, at: usize, seconds: u64) {
        self.now += seconds;
        let conn = &mut self.ends[at].conn;
        let events =
            collect(&mut conn.handle_timeout(Instant::from(Duration::from_secs(self.now))));
        self.ends[at].events.extend(events);
    }

    /// Does what the connections ask for until nothing is left to do.
    fn settle(&mut self) {
        for round in 0_u64.. {
            assert!(round < 100, "it never ends");
            for at in [0, 1] {
                self.write(at, usize::MAX);
                self.ends[at].read(Door::Mutable, usize::MAX, usize::MAX, false);
                let ends_transport = match self.ends[at].conn.transport() {
                    Transport::Close => true,
                    Transport::FinishWriting => self.ends[at].conn.transmit().is_empty(),
                    _ => false,
                };
                let other = &mut self.ends[1 - at];
                if ends_transport && other.wire.is_empty() && !other.eof {
                    other.eof = true;
                    other.events.extend(collect(&mut other.conn.receive_eof()));
                }
            }
            let done = |end: &End| end.conn.transport() == Transport::Close;
            if self.ends.iter().all(done) {
                return;
            }
            self.tell(0, 1);
            self.tell(1, 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn two_ends_always_end_once_and_agree(
        acts in prop::collection::vec((0..2_usize, act()), 0..60),
        half_open in (any::<bool>(), any::<bool>()),
        chunks in (any::<bool>(), any::<bool>()),
        split in any::<bool>(),
    ) {
        let configs = [(half_open.0, chunks.0), (half_open.1, chunks.1)].map(|(half_open, chunks)| {
            config(|config| {
                config.auto_close = !half_open;
                config.delivery = if chunks { Delivery::Chunks } else { Delivery::Messages };
                config.split_above = split.then_some(1000);
                config.ping_after = Some(Duration::from_secs(20));
                config.limits.max_outgoing = 20_000;
            })
        });
        let mut joined = Joined::new(configs);
        for (at, act) in &acts {
            joined.act(*at, act);
            for end in &mut joined.ends {
                prop_assert!(idempotent(&mut end.conn));
            }
        }
        joined.ends.iter_mut().for_each(|end| end.conn.close(None, "").unwrap());
        joined.settle();

        let mut ends = Vec::new();
        for at in [0, 1] {
            let end = &joined.ends[at];
            prop_assert!(ends_once(&end.events));
            let Some(OwnedEvent::Closed { clean, cause, .. }) = end.events.last() else {
                panic!("no end: {:?}", end.events)
            };
            ends.push((*clean, *cause));
            let messages: Vec<_> = told(&end.events)
                .into_iter()
                .filter(|event| matches!(event, OwnedEvent::Text(_) | OwnedEvent::Binary(_)))
                .collect();
            let sent = &joined.ends[1 - at].sent;
            prop_assert!(sent.starts_with(&messages));
            prop_assert!(!clean || messages.len() == sent.len(), "all came before a clean end");
        }
        let late = ends.iter().any(|(_, cause)| matches!(cause, wspair::Cause::Timeout(_)));
        if !joined.cut && !late {
            prop_assert_eq!(&ends, &[(true, wspair::Cause::Handshake); 2]);
        }
    }
}
