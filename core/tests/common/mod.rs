//! What the tests share. Frames are built and read plainly here, never by the code under test.
#![allow(dead_code, unreachable_pub, clippy::cast_possible_truncation)]

pub mod cases;
pub mod deflate;
pub mod inflate;
pub mod random;

use core::time::Duration;
use std::sync::Arc;

use wspair::{
    ClosedCause, Config, Connection, Event, Instant, Kind, MaskKeys, Negotiated, ProtocolError,
    Receive, Role,
};

/// The key of every frame that a test sends to a server.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const ROLES: [Role; 2] = [Role::Client, Role::Server];
pub const WAYS: [Way; 3] = [Way::Mutable, Way::Fixed, Way::Own];

/// A way to hand bytes to a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    Mutable,
    Fixed,
    Own,
}

/// An event that outlives its connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OwnedEvent {
    Text(String),
    Binary(Vec<u8>),
    Chunk { kind: Kind, data: Vec<u8>, first: bool, last: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Closed { code: u16, reason: String, clean: bool, cause: ClosedCause },
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.as_str().into()),
            Event::Binary(data) => Self::Binary(data.to_vec()),
            Event::Chunk(chunk) => Self::Chunk {
                kind: chunk.kind,
                data: chunk.data.to_vec(),
                first: chunk.first,
                last: chunk.last,
            },
            Event::Ping(data) => Self::Ping(data.into()),
            Event::Pong(data) => Self::Pong(data.into()),
            Event::PeerClosing(frame) => {
                Self::Close(frame.code.map(Into::into), frame.reason.into())
            }
            Event::Closed(closed) => Self::Closed {
                code: closed.code,
                reason: closed.reason,
                clean: closed.clean,
                cause: closed.cause,
            },
            other => panic!("an event the tests do not know: {other:?}"),
        }
    }
}

pub fn text(text: &str) -> OwnedEvent {
    OwnedEvent::Text(text.into())
}

pub fn binary(data: &[u8]) -> OwnedEvent {
    OwnedEvent::Binary(data.into())
}

pub fn ping(data: &[u8]) -> OwnedEvent {
    OwnedEvent::Ping(data.into())
}

pub fn pong(data: &[u8]) -> OwnedEvent {
    OwnedEvent::Pong(data.into())
}

pub fn close(code: u16) -> OwnedEvent {
    OwnedEvent::Close(Some(code), String::new())
}

/// The end after both Close frames passed.
pub fn clean(code: u16) -> OwnedEvent {
    let cause = ClosedCause::Handshake;
    OwnedEvent::Closed { code, reason: String::new(), clean: true, cause }
}

/// The end without the peer's Close frame.
pub fn abnormal(cause: ClosedCause) -> OwnedEvent {
    OwnedEvent::Closed { code: 1006, reason: String::new(), clean: false, cause }
}

/// The end after the peer broke a rule.
pub fn fault(error: ProtocolError) -> OwnedEvent {
    abnormal(ClosedCause::Peer(error))
}

/// A frame that was sent: its first byte and its payload, unmasked.
pub type Sent = (u8, Vec<u8>);

/// The Close frame with that code, as sent.
pub fn sent_close(code: u16) -> Sent {
    (0x88, code.to_be_bytes().into())
}

pub fn sent_close_saying(code: u16, reason: &str) -> Sent {
    sent(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
}

pub fn sent(first: u8, payload: &[u8]) -> Sent {
    (first, payload.into())
}

pub fn config(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    set(&mut config);
    config
}

pub fn connection(role: Role, config: impl Into<Arc<Config>>) -> Connection {
    match role {
        Role::Server => Connection::server(config, Negotiated::default()),
        Role::Client => {
            Connection::client(config, Negotiated::default(), MaskKeys::from_seed([7; 32]))
        }
    }
}

/// Bytes from hexadecimal digits; blanks do not count.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// A frame without a mask, its length in the shortest form.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(len as u8),
        len @ 126..=65535 => {
            bytes.push(126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// A frame as `role` receives it.
pub fn frame_to(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    to(role, &frame(first, payload))
}

/// Unmasked frames as `role` receives them: for a server each is masked. The last may be cut off,
/// and their headers may break any rule but the mask's.
pub fn to(role: Role, frames: &[u8]) -> Vec<u8> {
    match role {
        Role::Client => frames.to_vec(),
        Role::Server => masked(frames, KEY),
    }
}

pub fn masked(mut frames: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, second, rest @ ..] = frames {
        assert_eq!(second & 0x80, 0, "masked already");
        bytes.extend([*first, second | 0x80]);
        let long = match second {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((long, rest)) = rest.split_at_checked(long) else {
            bytes.extend(rest);
            return bytes;
        };
        bytes.extend(long);
        bytes.extend(key);
        let len = match second {
            126 | 127 => long.iter().fold(0, |len, byte| len << 8 | u64::from(*byte)),
            short => u64::from(*short),
        };
        let len = rest.len().min(usize::try_from(len).unwrap_or(usize::MAX));
        bytes.extend(rest[..len].iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
        frames = &rest[len..];
    }
    bytes.extend(frames);
    bytes
}

/// Reads what an endpoint sent: whole frames, masked if and only if a client sent them, lengths in
/// the shortest form.
pub fn frames_from(role: Role, mut bytes: &[u8]) -> Vec<Sent> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (first, second) = (bytes[0], bytes[1]);
        assert_eq!(second & 0x80 != 0, role == Role::Client, "mask bit");
        let (len, at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(bytes[2..4].try_into().unwrap())), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().unwrap()) as usize, 10),
            short => (usize::from(short), 2),
        };
        let shortest = match len {
            0..=125 => 2,
            126..=65535 => 4,
            _ => 10,
        };
        assert_eq!(at, shortest, "length form");
        let (key, at) = match role {
            Role::Client => (bytes[at..at + 4].try_into().unwrap(), at + 4),
            Role::Server => ([0; 4], at),
        };
        let payload = &bytes[at..at + len];
        frames.push((first, payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect()));
        bytes = &bytes[at + len..];
    }
    frames
}

/// All that is left to read.
pub fn collect(received: &mut Receive<'_>) -> Vec<OwnedEvent> {
    let mut events = Vec::new();
    while let Some(event) = received.next() {
        events.push(event.into());
    }
    events
}

/// Feeds bytes through a way, and reads all events.
pub fn feed(conn: &mut Connection, way: Way, bytes: &[u8]) -> Vec<OwnedEvent> {
    let mut copy = bytes.to_vec();
    let mut received = match way {
        Way::Mutable => conn.receive(&mut copy),
        Way::Fixed => conn.receive_ref(bytes),
        Way::Own => {
            conn.read_buf(bytes.len())[..bytes.len()].copy_from_slice(bytes);
            conn.receive_buf(bytes.len())
        }
    };
    let events = collect(&mut received);
    assert_eq!(received.consumed(), bytes.len());
    events
}

pub fn at(seconds: u64) -> Instant {
    Instant::from(Duration::from_secs(seconds))
}

pub fn just_before(seconds: u64) -> Instant {
    Instant::from_nanos(at(seconds).as_nanos() - 1)
}

/// Tells the time, and reads all events.
pub fn tell(conn: &mut Connection, now: Instant) -> Vec<OwnedEvent> {
    collect(&mut conn.handle_timeout(now))
}

/// The peer is heard: a pong that nobody asked for.
pub fn hear(conn: &mut Connection) {
    let pong = frame_to(conn.role(), 0x8a, b"");
    assert_eq!(feed(conn, Way::Mutable, &pong).len(), 1);
}

pub fn keepalive(after: u64, within: Option<u64>) -> Config {
    config(|config| {
        config.ping_after = Some(Duration::from_secs(after));
        config.pong_within = within.map(Duration::from_secs);
    })
}

pub fn output(conn: &mut Connection) -> Vec<u8> {
    let mut output = Vec::new();
    conn.transmit().drain_into(&mut output);
    output
}

/// What a connection sent, frame by frame.
pub fn drain(conn: &mut Connection) -> Vec<Sent> {
    let bytes = output(conn);
    frames_from(conn.role(), &bytes)
}

/// Feeds pieces to a new connection, and writes what waits after each.
pub fn drive(role: Role, config: Config, pieces: &[&[u8]]) -> (Vec<OwnedEvent>, Vec<u8>) {
    drive_by(Way::Mutable, role, config, pieces)
}

pub fn drive_by(
    way: Way,
    role: Role,
    config: Config,
    pieces: &[&[u8]],
) -> (Vec<OwnedEvent>, Vec<u8>) {
    let mut conn = connection(role, config);
    let (mut events, mut out) = (Vec::new(), Vec::new());
    for piece in pieces {
        events.extend(feed(&mut conn, way, piece));
        conn.transmit().drain_into(&mut out);
    }
    (events, out)
}

/// The ways a test cuts its input: whole, byte by byte, and in two at every point when short.
pub fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut cuts = vec![vec![bytes], bytes.chunks(1).collect()];
    if bytes.len() < 64 {
        cuts.extend((1..bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]));
    }
    cuts
}

/// Checks that a role answers `bytes` with these events and frames, however they are cut and by
/// whichever way they come.
pub fn check(
    row: &str,
    role: Role,
    config: &Config,
    bytes: &[u8],
    events: &[OwnedEvent],
    frames: &[Sent],
) {
    for way in WAYS {
        for cut in cuts(bytes) {
            let (got, out) = drive_by(way, role, config.clone(), &cut);
            let lens: Vec<_> = cut.iter().map(|piece| piece.len()).collect();
            assert_eq!(got, events, "events of {row}, {role:?}, {way:?}, cut {lens:?}");
            let out = frames_from(role, &out);
            assert_eq!(out, frames, "output of {row}, {role:?}, {way:?}, cut {lens:?}");
        }
    }
}

/// Checks that a message of `size` bytes, as headers announce it, is over the default limit.
pub fn check_too_long(row: &str, digits: &str, size: u64) {
    let reason = format!("message of {size} bytes is over the limit of {}", 1 << 20);
    let events = [fault(ProtocolError::MessageTooLong)];
    check_both(row, digits, &events, &[sent_close_saying(1009, &reason)]);
}

/// As [`check`], for both roles, from hexadecimal digits of unmasked frames.
pub fn check_both(row: &str, digits: &str, events: &[OwnedEvent], frames: &[Sent]) {
    for role in ROLES {
        check(row, role, &Config::default(), &to(role, &hex(digits)), events, frames);
    }
}

/// Both roles answer these frames with these events and a Close frame that names the error.
pub fn check_fault(row: &str, digits: &str, before: &[OwnedEvent], error: ProtocolError) {
    let events = [before, &[fault(error)]].concat();
    check_both(row, digits, &events, &[sent_close(error.close_code().get())]);
}
