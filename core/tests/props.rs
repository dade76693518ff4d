//! The rules of the connection, under random input and random calls.

mod common;

use core::time::Duration;

use common::*;
use proptest::prelude::*;
use proptest::sample::Index;
use wspair::{
    CloseCode, Config, Connection, Delivery, Instant, Kind, ProtocolError, ReadyState, Role,
    Transport,
};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn door() -> impl Strategy<Value = Door> {
    prop_oneof![Just(Door::Mutable), Just(Door::Fixed), Just(Door::Own)]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-zé€😀]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => (120..300_usize).prop_map(|len| vec![b'x'; len]),
    ]
}

/// Frames as an endpoint sends them: messages in parts, control frames between; few enough that no
/// pong is left out.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let control = prop_oneof![Just(0x89_u8), Just(0x8a)];
    let message = (1..3_u8, prop::collection::vec(payload(), 1..4), prop::option::of(control));
    let close = prop::option::of(prop_oneof![Just(vec![]), Just(vec![3, 232]), payload()]);
    (prop::collection::vec(message, 0..5), close).prop_map(|(messages, close)| {
        let mut frames = Vec::new();
        for (opcode, parts, control) in messages {
            let last = parts.len() - 1;
            for (at, part) in parts.iter().enumerate() {
                let opcode = if at == 0 { opcode } else { 0 };
                frames.extend(frame(opcode | if at == last { 0x80 } else { 0 }, part));
                if let Some(control) = control {
                    frames.extend(frame(control, &part[..part.len().min(125)]));
                }
            }
        }
        if let Some(close) = close {
            frames.extend(frame(0x88, &close));
        }
        frames
    })
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Remove(Index),
    Insert(Index, u8),
    Truncate(Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(len)] = *byte,
            Self::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
            Self::Remove(at) => _ = bytes.remove(at.index(len)),
            Self::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Self::Truncate(at) => bytes.truncate(at.index(len)),
        }
    }
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let mutation = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        any::<Index>().prop_map(Mutation::Remove),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Truncate),
    ];
    prop_oneof![Just(vec![]), prop::collection::vec(mutation, 1..4)]
}

/// What a run tells, with the chunks of each whole message joined and those of others left out.
fn told(events: &[OwnedEvent]) -> Vec<OwnedEvent> {
    let mut message = Vec::new();
    let mut told = Vec::new();
    for event in events {
        match event {
            OwnedEvent::Chunk { kind, data, first, last } => {
                assert_eq!(*first, message.is_empty());
                message.push(data.clone());
                if *last {
                    let data = core::mem::take(&mut message).concat();
                    told.push(match kind {
                        Kind::Text => text(core::str::from_utf8(&data).unwrap()),
                        Kind::Binary => binary(&data),
                    });
                }
            }
            other => told.push(other.clone()),
        }
    }
    told
}

/// At most one `Closed`, and nothing behind it.
fn ends_once(events: &[OwnedEvent]) -> bool {
    let closed = |event: &OwnedEvent| matches!(event, OwnedEvent::Closed { .. });
    events.iter().position(closed).is_none_or(|at| at + 1 == events.len())
}

/// A client and a server, joined in memory.
struct Joined {
    ends: [End; 2],
    now: u64,
    cut: bool,
}

struct End {
    conn: Connection,
    /// On their way to this end.
    wire: Vec<u8>,
    eof: bool,
    events: Vec<OwnedEvent>,
    sent: Vec<OwnedEvent>,
    open: Option<(Kind, Vec<u8>)>,
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

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Binary), Just(Kind::Text)]
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

impl End {
    fn new(conn: Connection) -> Self {
        Self { conn, wire: vec![], eof: false, events: vec![], sent: vec![], open: None }
    }

    fn send(&mut self, kind: Kind, len: usize) {
        let (result, message) = match kind {
            Kind::Text => (self.conn.send_text(&"t".repeat(len)), text(&"t".repeat(len))),
            Kind::Binary => (self.conn.send_binary(vec![5; len]), binary(&vec![5; len])),
        };
        if result.is_ok() {
            self.sent.push(message);
        }
    }

    fn part(&mut self, kind: Kind, len: usize, fin: bool) {
        let kind = self.open.as_ref().map_or(kind, |(kind, _)| *kind);
        if self.conn.send_fragment(kind, &vec![b'f'; len], fin).is_ok() {
            let (_, message) = self.open.get_or_insert((kind, vec![]));
            message.resize(message.len() + len, b'f');
            if fin && let Some((kind, message)) = self.open.take() {
                self.sent.push(match kind {
                    Kind::Text => text(core::str::from_utf8(&message).unwrap()),
                    Kind::Binary => binary(&message),
                });
            }
        }
    }

    fn read(&mut self, door: Door, most: usize, events: usize, defers: bool) {
        let most = most.min(self.wire.len());
        let bytes = &mut self.wire[..most];
        // The own buffer keeps bytes back: fed whole, so that the wire need not know.
        let events = if door == Door::Own { usize::MAX } else { events };
        let fixed = bytes.to_vec();
        let mut received = match door {
            Door::Mutable => self.conn.receive(bytes),
            Door::Fixed => self.conn.receive_ref(&fixed),
            Door::Own => {
                self.conn.read_buf(most)[..most].copy_from_slice(&fixed);
                self.conn.receive_buf(most)
            }
        };
        if defers {
            received.defer_close();
        }
        for _ in 0..events {
            let Some(event) = received.next() else { break };
            self.events.push(event.into());
        }
        let consumed = received.consumed();
        self.wire.drain(..consumed);
    }
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

fn idempotent(conn: &mut Connection) -> bool {
    let polls = |conn: &mut Connection| {
        let shown = conn.transmit().chunk().to_vec();
        (conn.poll_timeout(), conn.transport(), conn.ready_state(), shown, conn.transmit().len())
    };
    let first = polls(conn);
    first == polls(conn) && first.4 == conn.buffered_amount()
}

#[derive(Clone, Debug)]
enum Call {
    Receive(Door, Vec<u8>, usize, bool),
    Frames(Door, Vec<u8>, usize, bool),
    ReceiveBuf(usize, usize),
    Eof,
    Tell(u64),
    Act(Act),
    InPlace(usize, usize),
    Pong(usize),
    CloseWith(Option<u16>, usize),
    Advance(usize),
    Slices(usize),
    Shrink,
}

fn call() -> impl Strategy<Value = Call> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20);
    let size = || prop_oneof![0..200_usize, Just(usize::MAX)];
    prop_oneof![
        1 => (door(), bytes(), 0..4_usize, any::<bool>())
            .prop_map(|(door, bytes, events, defers)| Call::Receive(door, bytes, events, defers)),
        8 => (door(), frames(), 0..9_usize, any::<bool>())
            .prop_map(|(door, bytes, events, defers)| Call::Frames(door, bytes, events, defers)),
        1 => (0..200_usize, size()).prop_map(|(lent, n)| Call::ReceiveBuf(lent, n)),
        1 => Just(Call::Eof),
        4 => prop_oneof![0..30_u64, Just(u64::MAX)].prop_map(Call::Tell),
        9 => act().prop_map(Call::Act),
        1 => (0..40_usize, size()).prop_map(|(len, at)| Call::InPlace(len, at)),
        1 => (0..130_usize).prop_map(Call::Pong),
        1 => (prop::option::of(any::<u16>()), 0..130_usize)
            .prop_map(|(code, len)| Call::CloseWith(code, len)),
        4 => size().prop_map(Call::Advance),
        2 => (0..4_usize).prop_map(Call::Slices),
        1 => Just(Call::Shrink),
    ]
}

fn any_config() -> impl Strategy<Value = Config> {
    let small = || prop_oneof![Just(0), Just(1), 100..400_usize, Just(usize::MAX)];
    let time = || prop::option::of((0..20_u64).prop_map(Duration::from_secs));
    let limits = (small(), small(), 0..9_u32, small(), small());
    let times = (time(), time(), time());
    let switches = (any::<bool>(), any::<bool>(), any::<bool>());
    (limits, times, switches, prop::option::of(small()), small()).prop_map(
        |(limits, times, switches, split_above, share_from)| {
            config(|config| {
                config.limits.max_message = limits.0;
                config.limits.max_frame = limits.1;
                config.limits.max_fragments = limits.2;
                config.limits.max_outgoing = limits.3;
                config.limits.outgoing_mark = limits.4;
                (config.ping_after, config.pong_within, config.close_within) = times;
                config.auto_pong = switches.0;
                config.auto_close = switches.1;
                if switches.2 {
                    config.delivery = Delivery::Chunks;
                }
                config.split_above = split_above;
                config.share_from = share_from;
            })
        },
    )
}

/// Makes a call; `written` gets what the host wrote.
fn make(end: &mut End, call: Call, written: &mut Vec<u8>) {
    match call {
        Call::Receive(door, bytes, events, defers) => {
            end.wire = bytes;
            end.read(door, usize::MAX, events, defers);
        }
        Call::Frames(door, bytes, events, defers) => {
            end.wire = to(end.conn.role(), &bytes);
            end.read(door, usize::MAX, events, defers);
        }
        Call::ReceiveBuf(lent, n) => {
            assert!(end.conn.read_buf(lent).len() >= lent);
            end.events.extend(collect(&mut end.conn.receive_buf(n)));
        }
        Call::Eof => end.events.extend(collect(&mut end.conn.receive_eof())),
        Call::Tell(seconds) => {
            let now = Instant::from(Duration::from_secs(seconds));
            end.events.extend(collect(&mut end.conn.handle_timeout(now)));
        }
        Call::Act(Act::Send(kind, len)) => end.send(kind, len),
        Call::Act(Act::Part(kind, len, fin)) => end.part(kind, len, fin),
        Call::Act(_) => _ = end.conn.send_ping(b"ping"),
        Call::InPlace(len, at) => {
            let mut buf = vec![1; len];
            if let Ok(range) = end.conn.frame_in_place(Kind::Binary, &mut buf, at) {
                assert!(end.conn.transmit().is_empty());
                written.extend(&buf[range]);
            }
        }
        Call::Pong(len) => _ = end.conn.send_pong(&vec![0; len]),
        Call::CloseWith(code, len) => {
            _ = end.conn.close(code.and_then(CloseCode::new), &"r".repeat(len));
        }
        Call::Advance(n) => {
            let mut slices = [&b""[..]; 100];
            let mut transmit = end.conn.transmit();
            let count = transmit.slices(&mut slices);
            let shown = slices[..count].concat();
            let n = n.min(shown.len());
            transmit.advance(n);
            written.extend(&shown[..n]);
        }
        Call::Slices(most) => _ = end.conn.transmit().slices(&mut vec![&b""[..]; most]),
        Call::Shrink => end.conn.shrink_to_fit(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn cuts_doors_and_deliveries_make_no_difference(
        role in role(),
        stream in frames(),
        mutations in mutations(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
        door in door(),
    ) {
        let mut stream = to(role, &stream);
        mutations.iter().for_each(|mutation| mutation.apply(&mut stream));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        let chunks = config(|config| config.delivery = Delivery::Chunks);

        let (events, out) = drive(role, Config::default(), &[&stream]);
        prop_assert!(ends_once(&events));
        frames_from(role, &out);
        let cut = drive_by(door, role, Config::default(), &pieces);
        prop_assert_eq!((&cut.0, &cut.1), (&events, &out));
        for pieces in [&[&stream[..]][..], &pieces] {
            let chunked = drive_by(door, role, chunks.clone(), pieces);
            prop_assert_eq!((&told(&chunked.0), &chunked.1), (&events, &out));
        }
        // What is on the wire is a Close frame's code, told as the cause.
        if let Some(OwnedEvent::Closed { cause: wspair::Cause::Peer(error), .. }) = events.last() {
            let error: ProtocolError = *error;
            let frames = frames_from(role, &out);
            prop_assert_eq!(frames.last(), Some(&sent_close(error.close_code().get())));
        }
    }

    #[test]
    fn no_calls_in_any_order_panic_or_break_the_output(
        role in role(),
        config in any_config(),
        calls in prop::collection::vec(call(), 1..40),
    ) {
        let mut end = End::new(connection(role, config));
        let mut written = Vec::new();
        for call in calls {
            let was_closed = end.conn.ready_state() == ReadyState::Closed;
            make(&mut end, call, &mut written);
            prop_assert!(idempotent(&mut end.conn));
            prop_assert!(!was_closed || end.conn.ready_state() == ReadyState::Closed);
            prop_assert!(ends_once(&end.events));
        }
        end.conn.transmit().drain_into(&mut written);
        prop_assert!(end.conn.transmit().is_empty());
        let frames = frames_from(role, &written);
        let close = frames.iter().position(|(first, _)| *first == 0x88);
        prop_assert!(close.is_none_or(|at| at + 1 == frames.len()), "{:?}", frames);
        prop_assert!(frames.iter().all(|(first, data)| first & 8 == 0 || data.len() <= 125));
    }

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
