//! One end of a pair on a wire: what its peer there and the kept end see of each other.

use core::time::Duration;

use wspair::bindings::CouplingBinding;
use wspair::event::{Closed, ClosedCause};
use wspair::pair::{Accept, Coupling, End, Fault, Pair, PairConfig, PairEvent, Phase, Sent};
use wspair::{
    CloseCode, Config, Connection, Event, Instant, Kind, MaskKeys, Negotiated, ProtocolError,
    ReadyState, SendError, Sender, TransportAction,
};

#[derive(Clone, Debug, Eq, PartialEq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

fn make(kind: Kind, bytes: &[u8]) -> Message {
    match kind {
        Kind::Text => Message::Text(String::from_utf8(bytes.to_vec()).unwrap()),
        Kind::Binary => Message::Binary(bytes.to_vec()),
    }
}

fn send(message: &Message, wire: &mut Sender<'_>) -> Result<(), SendError> {
    match message {
        Message::Text(text) => wire.send_text(text),
        Message::Binary(data) => wire.send_binary(data),
    }
}

fn text(text: &str) -> Message {
    Message::Text(text.into())
}

/// A pair whose first end is on the wire, and the client at the wire's other side.
struct World {
    pair: Pair<Message>,
    coupling: Coupling,
    server: Connection,
    client: Connection,
    client_saw: Vec<Message>,
    client_closed: Option<Closed>,
}

impl World {
    fn new(config: Config) -> Self {
        let mut pair = Pair::new(PairConfig::default());
        let coupling = Coupling::new(&mut pair, End::First).unwrap();
        let server = Connection::server(Coupling::configure(config), Negotiated::default());
        let masks = MaskKeys::from_seed([1; 32]);
        let client = Connection::client(Config::default(), Negotiated::default(), masks);
        Self { pair, coupling, server, client, client_saw: Vec::new(), client_closed: None }
    }

    fn accept(&mut self, allow_half_open: Option<bool>) {
        self.pair.accept(End::Second, Accept { allow_half_open }).unwrap();
    }

    /// Moves bytes and messages both ways until nothing moves; what the kept end sees, it drops.
    fn settle(&mut self) {
        loop {
            self.coupling.drain(&mut self.pair, &mut self.server.sender(), send);
            let (mut down, mut up) = (Vec::new(), Vec::new());
            self.server.transmit().drain_into(&mut down);
            self.client.transmit().drain_into(&mut up);
            if down.is_empty() && up.is_empty() {
                return;
            }
            let mut received = self.server.receive(&mut up);
            while let Some(event) = received.next() {
                self.coupling.forward(&mut self.pair, event, make);
            }
            let mut received = self.client.receive(&mut down);
            while let Some(event) = received.next() {
                match event {
                    Event::Text(text) => self.client_saw.push(Message::Text(text.into_string())),
                    Event::Binary(data) => self.client_saw.push(Message::Binary(data.into_vec())),
                    Event::Closed(closed) => self.client_closed = Some(closed),
                    _ => {}
                }
            }
        }
    }

    fn poll(&mut self) -> Option<PairEvent<Message>> {
        self.pair.poll_event(End::Second)
    }

    fn closed(&self) -> (u16, &str, bool) {
        let closed = self.client_closed.as_ref().expect("the client was told of the end");
        (closed.code, &closed.reason, closed.clean)
    }

    /// The peer sends this and ends its direction, before the kept end gets to run.
    fn last(&mut self, mut bytes: Vec<u8>) {
        let mut received = self.server.receive(&mut bytes);
        while let Some(event) = received.next() {
            self.coupling.forward(&mut self.pair, event, make);
        }
        self.cut();
    }

    /// The peer ends its direction.
    fn cut(&mut self) {
        let mut received = self.server.receive_eof();
        while let Some(event) = received.next() {
            self.coupling.forward(&mut self.pair, event, make);
        }
    }

    /// Tells the server the time.
    fn tell(&mut self, seconds: u64) {
        let now = Instant::from(Duration::from_secs(seconds));
        let mut received = self.server.handle_timeout(now);
        while let Some(event) = received.next() {
            self.coupling.forward(&mut self.pair, event, make);
        }
    }

    /// The kept end answers each message as it sees it.
    fn echo(&mut self) -> Vec<PairEvent<Message>> {
        let mut seen = Vec::new();
        while let Some(event) = self.poll() {
            if let PairEvent::Message(message) = &event {
                self.pair.send(End::Second, message.clone(), 1).unwrap();
            }
            seen.push(event);
        }
        seen
    }

    fn drain(&mut self) -> Vec<u8> {
        self.coupling.drain(&mut self.pair, &mut self.server.sender(), send);
        let mut down = Vec::new();
        self.server.transmit().drain_into(&mut down);
        down
    }
}

fn close(code: u16, reason: &str, clean: bool) -> PairEvent<Message> {
    PairEvent::Close { code, reason: reason.into(), clean }
}

#[test]
fn messages_pass_both_ways_in_order_and_keep_their_kind() {
    let mut world = World::new(Config::default());
    world.client.send_text("before accept").unwrap();
    world.settle();
    world.accept(None);
    world.client.send_binary(&[1, 2]).unwrap();
    world.pair.send(End::Second, text("out"), 3).unwrap();
    world.pair.send(End::Second, Message::Binary(vec![9]), 1).unwrap();
    world.settle();
    assert_eq!(world.poll(), Some(PairEvent::Message(text("before accept"))));
    assert_eq!(world.poll(), Some(PairEvent::Message(Message::Binary(vec![1, 2]))));
    assert_eq!(world.poll(), None);
    assert_eq!(world.client_saw, [text("out"), Message::Binary(vec![9])]);
    assert_eq!(world.pair.buffered_amount(End::Second), 0);
}

#[test]
fn a_close_from_the_wire_is_answered_when_the_kept_end_reads_it() {
    let mut world = World::new(Config::default());
    world.client.close(CloseCode::new(3333), "client bye").unwrap();
    world.settle();
    assert_eq!(world.client.ready_state(), ReadyState::Closing, "nobody has read it yet");
    world.accept(None);
    assert_eq!(world.poll(), Some(close(3333, "client bye", true)));
    world.settle();
    assert_eq!(world.closed(), (3333, "client bye", true), "code and reason are echoed");
    assert_eq!(world.server.transport(), TransportAction::Close);
}

#[test]
fn a_close_of_the_kept_end_goes_out_behind_its_messages() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.pair.send(End::Second, text("last"), 4).unwrap();
    world.pair.close(End::Second, Some(4001), Some("server says bye")).unwrap();
    world.settle();
    assert_eq!(world.client_saw, [text("last")]);
    assert_eq!(world.closed(), (4001, "server says bye", true));
    assert_eq!(world.poll(), Some(close(4001, "", true)), "the answer of the client");
    assert_eq!(world.pair.ready_state(End::Second), ReadyState::Closed);
}

#[test]
fn a_half_open_end_goes_on_sending_after_the_close_from_the_wire() {
    let mut world = World::new(Config::default());
    world.accept(Some(true));
    world.client.close(CloseCode::new(1000), "").unwrap();
    world.settle();
    assert_eq!(world.poll(), Some(close(1000, "", true)));
    world.pair.send(End::Second, text("still"), 5).unwrap();
    world.pair.close(End::Second, None, None).unwrap();
    world.settle();
    assert_eq!(world.client_saw, [text("still")]);
    assert_eq!(world.closed(), (1005, "", true));
}

#[test]
fn a_wire_that_breaks_is_1006_at_the_kept_end() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.client.send_text("whole").unwrap();
    world.settle();
    world.cut();
    assert_eq!(world.poll(), Some(PairEvent::Message(text("whole"))));
    let Some(PairEvent::Close { code: 1006, clean: false, .. }) = world.poll() else {
        panic!("no 1006")
    };
    assert_eq!(world.poll(), None);
}

const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

fn masked(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| frame(0x81, 0x80, text)).collect()
}

fn unmasked(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| frame(0x81, 0, text)).collect()
}

fn frame(first: u8, masked: u8, text: &str) -> Vec<u8> {
    let len = u8::try_from(text.len()).unwrap();
    let key: &[u8] = if masked == 0 { &[] } else { &[0; 4] };
    [&[first, masked | len], key, text.as_bytes()].concat()
}

fn vanished() -> PairEvent<Message> {
    close(1006, wspair::pair::DISCONNECTED, false)
}

#[test]
fn a_peer_that_closes_and_ends_its_direction_gets_replies_and_the_answer() {
    for half_open in [false, true] {
        let mut world = World::new(Config::default());
        world.accept(Some(half_open));
        world.last([masked(&["a", "b"]), CLOSE.to_vec()].concat());
        assert_eq!(world.drain(), b"");
        assert_eq!(world.server.transport(), TransportAction::Open);
        let messages = ["a", "b"].map(|it| PairEvent::Message(text(it)));
        assert_eq!(world.echo(), [&messages[..], &[close(1000, "", true)]].concat());
        if half_open {
            world.pair.send(End::Second, text("more"), 4).unwrap();
            world.pair.close(End::Second, Some(1000), None).unwrap();
        }
        let texts: &[_] = if half_open { &["a", "b", "more"] } else { &["a", "b"] };
        assert_eq!(world.drain(), [&unmasked(texts)[..], b"\x88\x02\x03\xe8"].concat());
        assert_eq!(world.server.transport(), TransportAction::Close);
        world.cut();
        assert_eq!(world.server.poll_timeout(), None);
        assert_eq!(world.pair.ready_state(End::Second), ReadyState::Closed);
    }
}

#[test]
fn a_peer_that_ends_its_direction_without_a_close_gets_replies_until_the_kept_end_sees_it() {
    for between in [false, true] {
        let mut world = World::new(Config::default());
        world.accept(None);
        world.last(masked(&["a", "b", "c"]));
        if between {
            assert_eq!(world.drain(), b"");
        }
        assert_eq!(world.server.transport(), TransportAction::Open);
        let messages = ["a", "b", "c"].map(|it| PairEvent::Message(text(it)));
        assert_eq!(world.echo(), [&messages[..], &[vanished()]].concat());
        assert_eq!(world.pair.send(End::Second, text("late"), 4), Ok(Sent::Ignored));
        assert_eq!(world.drain(), unmasked(&["a", "b", "c"]));
        assert_eq!(
            (world.server.transport(), world.server.poll_timeout()),
            (TransportAction::Close, None)
        );
        assert_eq!(world.pair.phase(End::Second), Phase::Spent);
    }
}

#[test]
fn a_close_of_the_kept_end_reaches_a_peer_that_ended_its_direction_without_one() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.last(masked(&["a"]));
    assert_eq!(world.poll(), Some(PairEvent::Message(text("a"))));
    world.pair.close(End::Second, Some(1000), None).unwrap();
    assert_eq!(world.drain(), b"\x88\x02\x03\xe8");
    assert_eq!(world.server.transport(), TransportAction::Close);
    assert_eq!(world.poll(), Some(vanished()));
}

#[test]
fn a_kept_end_that_does_not_look_holds_a_wire_that_ended_only_so_long() {
    for last in [masked(&["a"]), [masked(&["a"]), CLOSE.to_vec()].concat()] {
        let mut world = World::new(Config::default());
        let closes = last.ends_with(CLOSE);
        world.last(last);
        world.tell(0);
        assert_eq!(world.server.transport(), TransportAction::Open);
        world.tell(10);
        assert_eq!(
            (world.server.transport(), world.server.poll_timeout()),
            (TransportAction::Close, None)
        );
        world.accept(None);
        world.pair.send(End::Second, text("too late"), 8).unwrap();
        assert_eq!(world.drain(), b"");
        assert_eq!(world.pair.send(End::Second, text("late"), 4), Ok(Sent::Ignored));
        let end = if closes { close(1000, "", true) } else { vanished() };
        assert_eq!(world.echo(), [PairEvent::Message(text("a")), end]);
        assert_eq!(world.drain(), b"", "the wire is gone");
    }
}

#[test]
fn a_kept_end_that_is_gone_or_failed_holds_no_wire() {
    let leave: [fn(&mut World); 2] =
        [|world| world.pair.abandon(End::Second), |world| world.pair.fail(End::Second)];
    for leave in leave {
        for before in [true, false] {
            let mut world = World::new(Config::default());
            world.accept(None);
            if before {
                leave(&mut world);
            }
            world.last(masked(&["a"]));
            if !before {
                leave(&mut world);
            }
            assert_eq!(world.drain(), b"");
            assert_eq!(world.server.transport(), TransportAction::Close);
        }
    }
}

#[test]
fn a_wire_that_is_lost_is_1006_behind_its_messages_and_takes_nothing() {
    let mut world = World::new(Config::default());
    world.accept(None);
    let mut bytes = masked(&["a"]);
    let mut received = world.server.receive(&mut bytes);
    while let Some(event) = received.next() {
        world.coupling.forward(&mut world.pair, event, make);
    }
    let mut received = world.server.transport_lost();
    while let Some(event) = received.next() {
        world.coupling.forward(&mut world.pair, event, make);
    }
    assert_eq!(
        (world.server.transport(), world.server.poll_timeout()),
        (TransportAction::Close, None)
    );
    world.pair.send(End::Second, text("into the void"), 13).unwrap();
    let World { pair, coupling, server, .. } = &mut world;
    assert!(!coupling.drain(pair, &mut server.sender(), send), "nothing more goes out");
    assert_eq!(world.pair.send(End::Second, text("late"), 4), Ok(Sent::Ignored));
    let message = PairEvent::Message(text("a"));
    let seen: Vec<_> = std::iter::from_fn(|| world.poll()).collect();
    assert_eq!(seen, [message, vanished()]);
}

#[test]
fn codes_that_only_a_runtime_gives_out_pass() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.pair.close(End::Second, Some(2000), Some("bye")).unwrap();
    assert_eq!(world.drain(), b"\x88\x05\x07\xd0bye");
}

#[test]
fn a_listener_that_throws_drops_the_wire_behind_what_was_sent() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.pair.send(End::Second, text("sent before"), 11).unwrap();
    world.client.send_text("boom").unwrap();
    world.settle();
    assert!(matches!(world.poll(), Some(PairEvent::Message(_))));
    world.pair.fail(End::Second);
    assert_eq!(world.poll(), Some(PairEvent::Error(Fault::Listener)));
    world.settle();
    assert_eq!(world.client_saw, [text("sent before")]);
    assert_eq!(world.server.transport(), TransportAction::Close);
    assert_eq!(world.client_closed, None, "no Close frame went out");
}

#[test]
fn a_message_over_the_limit_fails_the_kept_end_and_tells_the_peer() {
    let mut config = Config::default();
    config.limits.max_message = 10;
    let mut world = World::new(config);
    world.accept(None);
    world.client.send_binary(&[0; 11]).unwrap();
    world.settle();
    let error = Fault::Wire(ProtocolError::MessageTooLong);
    assert_eq!(world.poll(), Some(PairEvent::Error(error)));
    assert_eq!(world.closed().0, 1009);
}

#[test]
fn a_full_wire_keeps_messages_in_the_pair() {
    let mut config = Config::default();
    config.limits.high_water_mark = 100;
    let mut world = World::new(config);
    world.accept(None);
    for _ in 0..10 {
        world.pair.send(End::Second, Message::Binary(vec![0; 60]), 60).unwrap();
    }
    let World { pair, coupling, server, .. } = &mut world;
    assert!(coupling.drain(pair, &mut server.sender(), send), "more waits");
    assert!(server.is_congested());
    assert!(pair.buffered_amount(End::Second) >= 8 * 60);
    world.settle();
    assert_eq!(world.client_saw.len(), 10);
    assert_eq!(world.pair.buffered_amount(End::Second), 0);
}

#[test]
fn a_kept_end_that_takes_nothing_congests_the_wire() {
    let mut world = World::new(Config::default());
    world.accept(None);
    assert!(!world.coupling.is_congested(&world.pair));
    for _ in 0..3 {
        world.client.send_binary(vec![0; 500 << 10]).unwrap();
        world.settle();
    }
    assert!(world.coupling.is_congested(&world.pair));
    while world.poll().is_some() {}
    assert!(!world.coupling.is_congested(&world.pair));
}

#[test]
fn a_pair_between_two_wires_is_a_proxy() {
    let mut pair = Pair::new(PairConfig::default());
    let left = Coupling::new(&mut pair, End::First).unwrap();
    let right = Coupling::new(&mut pair, End::Second).unwrap();
    let config = || Coupling::configure(Config::default());
    let mut inner =
        Connection::client(config(), Negotiated::default(), MaskKeys::from_seed([2; 32]));
    left.forward(&mut pair, Event::Ping(b"ignored"), make);
    pair.deliver(End::First, text("through"), 7);
    pair.deliver_close(End::First, Some(4000), "end");
    assert!(!right.drain(&mut pair, &mut inner.sender(), send));
    assert_eq!(inner.ready_state(), ReadyState::Closing);
    inner.close(None, "").unwrap();
    let mut wire = Vec::new();
    inner.transmit().drain_into(&mut wire);
    assert_eq!(wire.len(), 6 + 7 + 6 + 5, "one message and one Close frame");
    assert_eq!(left.end(), End::First);
    pair.abandon(End::Second);
    let mut outer = Connection::server(config(), Negotiated::default());
    left.drain(&mut pair, &mut outer.sender(), send);
    assert_eq!(outer.transport(), TransportAction::Close);
    let mut received = outer.receive(&mut []);
    let Some(Event::Closed(closed)) = received.next() else { panic!("no end") };
    assert_eq!(closed.cause, ClosedCause::Abort);
}

#[test]
fn a_coupling_tells_whether_there_is_anything_to_write() {
    let mut pair = Pair::new(PairConfig::default());
    let coupling = Coupling::new(&mut pair, End::First).unwrap();
    let config = Coupling::configure(Config::default());
    let mut conn = Connection::server(config, Negotiated::default());
    let drained = |pair: &mut Pair<&str>, conn: &mut Connection| {
        assert!(coupling.wants_write(pair, conn));
        coupling.drain(pair, &mut conn.sender(), |text, wire| wire.send_text(text));
        assert!(coupling.wants_write(pair, conn));
        let mut out = Vec::new();
        conn.transmit().drain_into(&mut out);
        assert!(!coupling.wants_write(pair, conn));
        out
    };
    assert!(!coupling.wants_write(&pair, &conn));
    pair.accept(End::Second, Accept::default()).unwrap();
    pair.send(End::Second, "hello", 5).unwrap();
    assert_eq!(drained(&mut pair, &mut conn), b"\x81\x05hello");
    let mut ping = *b"\x89\x81\0\0\0\0p";
    assert!(matches!(conn.receive(&mut ping).next(), Some(Event::Ping(b"p"))));
    assert_eq!(drained(&mut pair, &mut conn), b"\x8a\x01p");
    pair.close(End::Second, Some(4000), None).unwrap();
    assert_eq!(drained(&mut pair, &mut conn), b"\x88\x02\x0f\xa0");
}

#[test]
fn a_message_that_the_wire_has_no_room_for_waits_in_the_pair() {
    let mut config = Config::default();
    config.limits.max_outgoing = 1000;
    let mut world = World::new(config);
    world.accept(None);
    for _ in 0..3 {
        world.pair.send(End::Second, Message::Binary(vec![7; 600]), 600).unwrap();
    }
    let World { pair, coupling, server, .. } = &mut world;
    let mut out = Vec::new();
    for more in [true, true, false] {
        assert_eq!(coupling.drain(pair, &mut server.sender(), send), more);
        let before = out.len();
        server.transmit().drain_into(&mut out);
        assert_eq!(out.len() - before, 604, "one at a time");
    }
}

#[test]
fn a_closing_handshake_that_is_over_drops_nothing() {
    let mut world = World::new(Config::default());
    world.accept(None);
    world.pair.send(End::Second, text("sent"), 4).unwrap();
    world.coupling.forward_end(&mut world.pair, ClosedCause::Handshake);
    assert_eq!(world.drain(), unmasked(&["sent"]));
}

#[test]
fn an_end_that_is_taken_makes_no_coupling() {
    let mut pair = Pair::<Message>::new(PairConfig::default());
    pair.accept(End::First, Accept::default()).unwrap();
    assert!(Coupling::new(&mut pair, End::First).is_err(), "accepted");
    Coupling::new(&mut pair, End::Second).unwrap();
    assert!(Coupling::new(&mut pair, End::Second).is_err(), "on a wire");
}
