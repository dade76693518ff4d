//! What the fuzz targets share: events as owned values, and every way to feed bytes.

pub mod ends;
pub mod heads;
pub mod pair;

use wspair::{
    CloseCode, Closed, ClosedCause, Config, Connection, Delivery, Event, Kind, Limits, Receive,
};

/// An event, kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Message(Kind, Vec<u8>),
    Chunk { kind: Kind, data: Vec<u8>, first: bool, last: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Closed(Closed),
}

impl Seen {
    pub fn new(event: &Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Message(Kind::Text, text.as_bytes().to_vec()),
            Event::Binary(data) => Self::Message(Kind::Binary, data.to_vec()),
            Event::Chunk(chunk) => Self::Chunk {
                kind: chunk.kind,
                data: chunk.data.to_vec(),
                first: chunk.first,
                last: chunk.last,
            },
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::PeerClosing(frame) => {
                Self::Close(frame.code.map(CloseCode::get), frame.reason.to_owned())
            }
            Event::Closed(closed) => Self::Closed(closed.clone()),
            _ => unreachable!("an event of a new kind"),
        }
    }
}

/// Keeps all events of an input, and checks that it is used up and that nothing follows the end.
pub fn keep_all(mut received: Receive<'_>, len: usize, seen: &mut Vec<Seen>) {
    while let Some(event) = received.next() {
        assert!(!matches!(seen.last(), Some(Seen::Closed(_))), "after the end: {event:?}");
        keep(seen, &event);
    }
    assert_eq!(received.consumed(), len);
}

fn keep(seen: &mut Vec<Seen>, event: &Event<'_>) {
    match (seen.last_mut(), Seen::new(event)) {
        // Where a message is cut into chunks is the transport's choice: joined, they compare.
        (
            Some(Seen::Chunk { data, last: joined_last, .. }),
            Seen::Chunk { data: more, first: false, last, .. },
        ) => {
            data.extend(more);
            *joined_last = last;
        }
        (_, event) => seen.push(event),
    }
}

/// The ways to feed bytes.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    InPlace,
    Fixed,
    Own,
    /// In place, starting anew after each event with what is left.
    EventByEvent,
}

pub const WAYS: [Way; 4] = [Way::InPlace, Way::Fixed, Way::Own, Way::EventByEvent];

pub fn feed(conn: &mut Connection, bytes: &[u8], way: Way, seen: &mut Vec<Seen>) {
    let len = bytes.len();
    match way {
        Way::InPlace => keep_all(conn.receive(&mut bytes.to_vec()), len, seen),
        Way::Fixed => keep_all(conn.receive_ref(bytes), len, seen),
        Way::Own => {
            conn.read_buf(len)[..len].copy_from_slice(bytes);
            keep_all(conn.receive_buf(len), len, seen);
        }
        Way::EventByEvent => {
            let mut bytes = bytes.to_vec();
            let mut at = 0;
            loop {
                let mut received = conn.receive(&mut bytes[at..]);
                let Some(event) = received.next() else { break };
                keep(seen, &event);
                at += received.consumed();
            }
        }
    }
}

/// Feeds the same bytes in three cuts, in the way that the flags say: events and output must not
/// tell.
pub fn check_cuts(new: impl Fn(Config) -> Connection, flags: u8, cut: usize, bytes: &[u8]) {
    let cut = cut % (bytes.len() + 1);
    let run = |step: usize, first: usize, way| {
        let mut conn = new(config(flags));
        let mut seen = Vec::new();
        let (head, tail) = bytes.split_at(first);
        for piece in head.chunks(step).chain(tail.chunks(step)) {
            feed(&mut conn, piece, way, &mut seen);
        }
        keep_all(conn.receive_eof(), 0, &mut seen);
        assert!(matches!(seen.last(), Some(Seen::Closed(_))), "no end");
        let mut output = Vec::new();
        conn.transmit().drain_into(&mut output);
        forget_chunk_before_failure(&mut seen);
        (seen, output)
    };
    let whole = run(usize::MAX, 0, Way::InPlace);
    let way = WAYS[usize::from(flags >> 6)];
    for (step, first) in [(usize::MAX, 0), (1, 0), (usize::MAX, cut)] {
        let other = run(step, first, way);
        assert_eq!(whole, other, "steps of {step}, cut at {first}, {way:?}");
    }
}

/// How much of a chunk comes before the bytes that end all depends on the cut.
fn forget_chunk_before_failure(seen: &mut Vec<Seen>) {
    if let [.., Seen::Chunk { last: false, .. }, Seen::Closed(closed)] = &seen[..]
        && closed.cause != ClosedCause::Transport
    {
        seen.remove(seen.len() - 2);
    }
}

/// A configuration from six bits, with limits that short inputs reach.
pub fn config(flags: u8) -> Config {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let mut config = Config::default();
    config.delivery = if on(0) { Delivery::Chunks } else { Delivery::Messages };
    config.auto_pong = !on(1);
    config.auto_close = !on(2);
    config.limits.max_message = if on(3) { 64 } else { Limits::UNLIMITED };
    config.limits.max_frame = if on(4) { 32 } else { Limits::UNLIMITED };
    config.limits.max_fragments = if on(5) { 3 } else { u32::MAX };
    config
}
