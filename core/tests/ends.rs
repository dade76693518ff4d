//! A client and a server, joined in memory, always end once each, and agree.

mod common;

use core::time::Duration;

use common::random::{End, ends_once, idempotent, kind, told, way};
use common::*;
use proptest::prelude::*;
use wspair::{CloseCode, Config, Delivery, Instant, Kind, Role, TransportAction};

/// A client and a server, joined in memory.
struct Joined {
    ends: [End; 2],
    now: u64,
    cut: bool,
    /// This end's direction has ended, though it goes on reading.
    fin: [bool; 2],
}

#[derive(Clone, Debug)]
enum Act {
    Send(Kind, usize),
    Part(Kind, usize, bool),
    Ping,
    Close(u16),
    Write(usize),
    Read(Way, usize, usize, bool),
    Tell(u64),
    Fin,
    Cut,
    Lost,
}

fn act() -> impl Strategy<Value = Act> {
    let len = || prop_oneof![0..5_usize, 120..130_usize, 4000..9000_usize];
    prop_oneof![
        6 => (kind(), len()).prop_map(|(kind, len)| Act::Send(kind, len)),
        4 => (kind(), len(), any::<bool>()).prop_map(|(kind, len, fin)| Act::Part(kind, len, fin)),
        2 => Just(Act::Ping),
        1 => (3000..5000_u16).prop_map(Act::Close),
        8 => (1..20_000_usize).prop_map(Act::Write),
        8 => (way(), 1..20_000_usize, 1..5_usize, any::<bool>())
            .prop_map(|(way, most, events, defers)| Act::Read(way, most, events, defers)),
        1 => (0..12_u64).prop_map(Act::Tell),
        1 => prop_oneof![3 => Just(Act::Fin), 1 => Just(Act::Cut), 1 => Just(Act::Lost)],
    ]
}

impl Joined {
    fn new(configs: [Config; 2]) -> Self {
        let [client, server] = configs;
        let ends =
            [connection(Role::Client, client), connection(Role::Server, server)].map(End::new);
        Self { ends, now: 0, cut: false, fin: [false; 2] }
    }

    fn act(&mut self, at: usize, act: &Act) {
        let end = &mut self.ends[at];
        match *act {
            Act::Send(kind, len) => end.send(kind, len),
            Act::Part(kind, len, fin) => end.part(kind, len, fin),
            Act::Ping => _ = end.conn.send_ping(b"ping"),
            Act::Close(code) => end.conn.close(CloseCode::new(code), "bye").unwrap(),
            Act::Write(most) => self.write(at, most),
            Act::Read(way, most, events, defers) => {
                end.read(way, most, events, defers);
                self.pass_fin(at);
            }
            Act::Tell(seconds) => self.tell(at, seconds),
            Act::Fin => {
                self.write(at, usize::MAX);
                self.fin[at] = true;
            }
            Act::Cut | Act::Lost => {
                self.cut = true;
                for end in &mut self.ends {
                    end.wire.clear();
                    end.events.extend(match act {
                        Act::Lost => collect(&mut end.conn.transport_lost()),
                        _ => collect(&mut end.conn.receive_eof()),
                    });
                    end.eof = true;
                }
            }
        }
    }

    /// The end of the other's direction, behind its last byte.
    fn pass_fin(&mut self, at: usize) {
        let end = &mut self.ends[at];
        if self.fin[1 - at] && end.wire.is_empty() && !end.eof {
            end.eof = true;
            end.events.extend(collect(&mut end.conn.receive_eof()));
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
        if !self.cut && !other.eof && !self.fin[at] {
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
                self.ends[at].read(Way::Mutable, usize::MAX, usize::MAX, false);
                let ends_transport = match self.ends[at].conn.transport() {
                    TransportAction::Close => true,
                    TransportAction::FinishWriting => self.ends[at].conn.transmit().is_empty(),
                    _ => false,
                };
                self.fin[at] |= ends_transport;
                self.pass_fin(1 - at);
            }
            let done = |end: &End| end.conn.transport() == TransportAction::Close;
            if self.ends.iter().all(done) {
                return;
            }
            self.tell(0, 1);
            self.tell(1, 0);
        }
    }
}

proptest! {
    #![proptest_config(cases::cases(400))]

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
        let fin = joined.fin;
        joined.ends.iter_mut().for_each(|end| end.conn.close(None, "").unwrap());
        joined.settle();

        let (mut ends, mut all_came) = (Vec::new(), Vec::new());
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
            all_came.push(messages.len() == sent.len());
            prop_assert!(!clean || all_came[at], "all came before a clean end");
        }
        let late = ends.iter().any(|(_, cause)| matches!(cause, wspair::ClosedCause::Timeout(_)));
        if joined.cut || late {
            return Ok(());
        }
        match fin {
            [false, false] => prop_assert_eq!(&ends, &[(true, wspair::ClosedCause::Handshake); 2]),
            // Who ends only its own direction goes on reading what the other may still send.
            [ended, _] => prop_assert!(fin == [true; 2] || all_came[usize::from(!ended)]),
        }
    }
}
