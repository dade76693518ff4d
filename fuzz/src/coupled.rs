//! An end of a pair on a wire: a client at the wire's far side, somebody at the pair's other end,
//! and what must hold of both.

use std::time::Duration;

use wspair::pair::{Accept, Compat, Coupling, End, Fault, Flag, Pair, PairConfig, PairEvent, Sent};
use wspair::{
    CloseCode, ClosedCause, Connection, Event, Instant, Kind, MaskKeys, SendError, Sender,
    TransportAction,
};

use crate::settings::{agreed, config};
use crate::{Seen, as_text, keep_all, message, messages};

type Message = (Kind, Vec<u8>);

/// A step is told by two bytes: what happens, and how much of it.
pub struct Coupled {
    pair: Pair<Message>,
    coupling: Coupling,
    server: Connection,
    client: Connection,
    now: Instant,
    /// Bytes under way to the client, and to the server.
    down: Vec<u8>,
    up: Vec<u8>,
    sent_by_client: Vec<Message>,
    sent_by_end: Vec<Message>,
    client_saw: Vec<Seen>,
    end_saw: Vec<PairEvent<Message>>,
    /// A side vanished or failed: what was under way is lost.
    broken: bool,
}

const WIRED: End = End::First;
const KEPT: End = End::Second;

impl Coupled {
    pub fn new(flags: u8, deflate: u8) -> Self {
        let on = |bit: u8| flags >> bit & 1 == 1;
        let mut pair_config = PairConfig::default();
        pair_config.compat = Compat::newest()
            .with(Flag::AutoReply, !on(0))
            .with(Flag::DispatchExceptions, !on(1))
            .with(Flag::CloseReasonLimit, !on(2));
        if on(3) {
            pair_config.max_queued = 400;
            pair_config.high_water_mark = 100;
        }
        let mut pair = Pair::new(pair_config);
        let mut wire = Coupling::configure(config(0));
        if on(4) {
            wire.limits.high_water_mark = 100;
            wire.limits.max_outgoing = 300;
        }
        if on(5) {
            wire.limits.max_message = 200;
        }
        wire.split_above = on(6).then_some(60);
        let agreed =
            agreed(deflate & 1 == 1, deflate >> 1, 7 - (deflate >> 3 & 3), 7 - (deflate >> 5));
        let masks = MaskKeys::from_seed([7; 32]);
        Self {
            coupling: Coupling::new(&mut pair, WIRED).expect("a fresh end"),
            pair,
            server: Connection::server(wire, agreed.clone()),
            client: Connection::client(config(flags >> 7), agreed, masks),
            now: Instant::default(),
            down: Vec::new(),
            up: Vec::new(),
            sent_by_client: Vec::new(),
            sent_by_end: Vec::new(),
            client_saw: Vec::new(),
            end_saw: Vec::new(),
            broken: false,
        }
    }

    pub fn step(&mut self, what: u8, much: u8) {
        let len = usize::from(much);
        match what % 20 {
            0 => {
                let allow_half_open = [None, Some(false), Some(true)][len % 3];
                let _ = self.pair.accept(KEPT, Accept { allow_half_open });
            }
            1 => drop(self.pair.accept_hibernatable(KEPT)),
            2 => self.client_sends(Kind::Text, len),
            3 => self.client_sends(Kind::Binary, len),
            4 => drop(self.client.send_ping(&message(len % 126))),
            5 => drop(self.client.close(CloseCode::new(3000 + u16::from(much)), "client")),
            6 => self.end_sends(Kind::Text, len),
            7 => self.end_sends(Kind::Binary, len),
            8 => {
                let code = (much > 0).then_some(997 + 20 * u16::from(much));
                let reason = code.map(|_| "x".repeat(len));
                // A pair takes these, a client does not: nobody has defined them.
                self.broken |= code.is_some_and(|code| matches!(code, 1016..=2999));
                let _ = self.pair.close(KEPT, code, reason.as_deref());
            }
            9 | 10 => drop(self.poll()),
            11 => self.pair.event_done(KEPT),
            12 | 13 => drop(self.drain()),
            14 => self.move_down(len),
            15 => self.move_up(len),
            16 => self.move_all(),
            17 => {
                self.now = self.now + Duration::from_secs(much.into());
                let mut received = self.server.handle_timeout(self.now);
                while let Some(event) = received.next() {
                    self.broken |= ends_early(&event);
                    self.coupling.forward(&mut self.pair, event, make);
                }
            }
            18 if much < 8 => {
                self.broken = true;
                match much {
                    0 | 1 => self.pair.fail(KEPT),
                    2 => self.pair.abandon(KEPT),
                    3 => self.pair.abandon(WIRED),
                    4 => self.server_ends(),
                    5 => {
                        let mut received = self.server.transport_lost();
                        while let Some(event) = received.next() {
                            self.coupling.forward(&mut self.pair, event, make);
                        }
                    }
                    6 => keep_all(self.client.receive_eof(), 0, &mut self.client_saw),
                    _ => self.server.abort(),
                }
            }
            18 => self.server.shrink_to_fit(),
            _ => drop(self.pair.set_attachment(KEPT, vec![0; 100 * len])),
        }
    }

    /// Closes at both sides, does what a host does until all is over, and checks what must hold.
    pub fn finish(mut self) {
        let _ = self.pair.accept(KEPT, Accept::default());
        for _ in 0..4 {
            while self.poll() {}
            let _ = self.pair.close(KEPT, Some(1000), Some("done"));
            let _ = self.client.close(None, "");
            self.move_all();
        }
        let got = messages(&self.client_saw);
        assert!(self.sent_by_end.starts_with(&got), "the client got what nobody sent");
        let from_wire: Vec<_> = self
            .end_saw
            .iter()
            .filter_map(|event| match event {
                PairEvent::Message(message) => Some(message.clone()),
                _ => None,
            })
            .collect();
        assert!(self.sent_by_client.starts_with(&from_wire), "the end got what nobody sent");
        if !self.broken {
            assert_eq!(got.len(), self.sent_by_end.len(), "lost on the way down");
            assert_eq!(from_wire.len(), self.sent_by_client.len(), "lost on the way up");
            let Some(Seen::Closed(closed)) = self.client_saw.last() else { panic!("no end") };
            assert!(closed.clean, "{closed:?}");
            assert_eq!(self.server.transport(), TransportAction::Close);
            let Some(PairEvent::Close { clean: true, .. }) = self.end_saw.last() else {
                panic!("{:?}", self.end_saw.last())
            };
        }
    }

    fn client_sends(&mut self, kind: Kind, len: usize) {
        let data = message(len);
        let sent = match kind {
            Kind::Text => self.client.send_text(as_text(&data)),
            Kind::Binary => self.client.send_binary(&data),
        };
        if sent.is_ok() {
            self.sent_by_client.push((kind, data));
        }
    }

    fn end_sends(&mut self, kind: Kind, len: usize) {
        let data = message(len);
        if self.pair.send(KEPT, (kind, data.clone()), len) == Ok(Sent::Queued) {
            self.sent_by_end.push((kind, data));
        }
    }

    fn poll(&mut self) -> bool {
        let announced = self.pair.has_event(KEPT);
        let event = self.pair.poll_event(KEPT);
        assert_eq!(announced, event.is_some());
        let Some(event) = event else { return false };
        match self.end_saw.last() {
            Some(PairEvent::Error(_)) => panic!("after an error: {event:?}"),
            Some(PairEvent::Close { .. }) => {
                assert_eq!(event, PairEvent::Error(Fault::Listener), "after the close");
            }
            _ => {}
        }
        self.end_saw.push(event);
        true
    }

    fn drain(&mut self) -> bool {
        self.coupling.drain(&mut self.pair, &mut self.server.sender(), send)
    }

    fn move_down(&mut self, most: usize) {
        let mut out = vec![0; most];
        let len = self.server.transmit().drain_to(&mut out);
        self.down.extend_from_slice(&out[..len]);
        let mut bytes = std::mem::take(&mut self.down);
        let len = bytes.len();
        keep_all(self.client.receive(&mut bytes), len, &mut self.client_saw);
    }

    /// Up to `most` bytes of the client's come to the pair, unless its other end is behind.
    fn move_up(&mut self, most: usize) {
        self.client.transmit().drain_into(&mut self.up);
        let len = most.min(self.up.len());
        let mut taken = 0;
        while taken < len && !self.coupling.is_congested(&self.pair) {
            let mut received = self.server.receive(&mut self.up[taken..len]);
            let event = received.next();
            let ends = event.is_none();
            if let Some(event) = event {
                self.broken |= ends_early(&event);
                self.coupling.forward(&mut self.pair, event, make);
            }
            taken += received.consumed();
            if ends {
                break;
            }
        }
        self.up.drain(..taken);
    }

    fn server_ends(&mut self) {
        let mut received = self.server.receive_eof();
        while let Some(event) = received.next() {
            self.coupling.forward(&mut self.pair, event, make);
        }
    }

    /// Everything both ways, until nothing moves.
    fn move_all(&mut self) {
        for _ in 0..10_000 {
            let waits = self.drain();
            let to_write = self.coupling.wants_write(&self.pair, &self.server);
            self.move_down(1 << 16);
            self.move_up(usize::MAX);
            // An event may come of nothing: the end.
            let mut received = self.server.receive(&mut []);
            while let Some(event) = received.next() {
                self.broken |= ends_early(&event);
                self.coupling.forward(&mut self.pair, event, make);
            }
            let held = self.coupling.is_congested(&self.pair) && !self.up.is_empty();
            if held && self.pair.has_event(KEPT) {
                self.poll();
            } else if !waits && !to_write && !self.client.wants_write() {
                return;
            }
        }
        panic!("it never comes to rest");
    }
}

/// An end for another reason than that both closed.
fn ends_early(event: &Event<'_>) -> bool {
    matches!(event, Event::Closed(closed) if closed.cause != ClosedCause::Handshake)
}

fn make(kind: Kind, bytes: &[u8]) -> Message {
    (kind, bytes.to_vec())
}

fn send((kind, data): &Message, wire: &mut Sender<'_>) -> Result<(), SendError> {
    match kind {
        Kind::Text => wire.send_text(as_text(data)),
        Kind::Binary => wire.send_binary(data),
    }
}
