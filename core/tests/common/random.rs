//! Random streams, and an end of a connection that keeps count.

use proptest::prelude::*;
use wspair::{Connection, Kind, Role};

use super::*;

pub fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

pub fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Mutable), Just(Way::Fixed), Just(Way::Own)]
}

pub fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-zé€😀]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
        1 => (120..300_usize).prop_map(|len| vec![b'x'; len]),
    ]
}

/// Frames as an endpoint sends them: messages in parts, control frames between; few enough that no
/// pong is left out.
pub fn frames() -> impl Strategy<Value = Vec<u8>> {
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

pub fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Binary), Just(Kind::Text)]
}

/// What a run tells, with the chunks of each whole message joined and those of others left out.
pub fn told(events: &[OwnedEvent]) -> Vec<OwnedEvent> {
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
pub fn ends_once(events: &[OwnedEvent]) -> bool {
    let closed = |event: &OwnedEvent| matches!(event, OwnedEvent::Closed { .. });
    events.iter().position(closed).is_none_or(|at| at + 1 == events.len())
}

/// A connection, what is on its way to it, what it told, and what it sent.
pub struct End {
    pub conn: Connection,
    /// On their way to this end.
    pub wire: Vec<u8>,
    pub eof: bool,
    pub events: Vec<OwnedEvent>,
    pub sent: Vec<OwnedEvent>,
    pub open: Option<(Kind, Vec<u8>)>,
}

impl End {
    pub fn new(conn: Connection) -> Self {
        Self { conn, wire: vec![], eof: false, events: vec![], sent: vec![], open: None }
    }

    pub fn send(&mut self, kind: Kind, len: usize) {
        let (result, message) = match kind {
            Kind::Text => (self.conn.send_text("t".repeat(len)), text(&"t".repeat(len))),
            Kind::Binary => (self.conn.send_binary(vec![5; len]), binary(&vec![5; len])),
        };
        if result.is_ok() {
            self.sent.push(message);
        }
    }

    pub fn part(&mut self, kind: Kind, len: usize, fin: bool) {
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

    pub fn read(&mut self, way: Way, most: usize, events: usize, defers: bool) {
        let most = most.min(self.wire.len());
        let bytes = &mut self.wire[..most];
        // The own buffer keeps bytes back: fed whole, so that the wire need not know.
        let events = if way == Way::Own { usize::MAX } else { events };
        let fixed = bytes.to_vec();
        let mut received = match way {
            Way::Mutable => self.conn.receive(bytes),
            Way::Fixed => self.conn.receive_ref(&fixed),
            Way::Own => {
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

/// Whether polls tell the same however often they are asked.
pub fn idempotent(conn: &mut Connection) -> bool {
    let polls = |conn: &mut Connection| {
        let shown = conn.transmit().chunk().to_vec();
        (conn.poll_timeout(), conn.transport(), conn.ready_state(), shown, conn.transmit().len())
    };
    let first = polls(conn);
    // Pongs that may not pass what was shown count, and are not shown.
    let waits = conn.buffered_amount();
    first == polls(conn) && first.4 <= waits && conn.wants_write() == (waits > 0)
}
