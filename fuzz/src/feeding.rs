//! Every way to feed bytes, and that neither the way nor the cut tells.

use std::ops::Range;
use std::time::Duration;

use wspair::bindings::ReceiveBinding;
use wspair::{ClosedCause, Connection, Event, Instant, ReadyState};

use crate::reference::{Frame, frames};
use crate::{Seen, keep, keep_all};

/// The ways to feed bytes.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    InPlace,
    Fixed,
    Own,
    /// In place, starting anew after each event with what is left.
    EventByEvent,
    /// Through the own read buffer, which lends more than is read into it, event by event.
    OwnEventByEvent,
    /// In place, with Close frames put off until the output is looked at.
    Deferring,
    /// Copied into the own read buffer, as what came behind a handshake's last byte.
    Fed,
    /// Through the own read buffer, lent together with the output that waits.
    WithOutput,
}

const WAYS: [Way; 8] = [
    Way::InPlace,
    Way::Fixed,
    Way::Own,
    Way::EventByEvent,
    Way::OwnEventByEvent,
    Way::Deferring,
    Way::Fed,
    Way::WithOutput,
];

impl Way {
    /// Any number is a way.
    pub fn new(number: u8) -> Self {
        WAYS[usize::from(number) % WAYS.len()]
    }

    /// Whether output is shown on the way. What was shown stays, so that a later pong does not take
    /// the place of one that was.
    fn shows(self) -> bool {
        matches!(self, Self::WithOutput)
    }

    pub fn feed(self, conn: &mut Connection, bytes: &[u8], seen: &mut Vec<Seen>) {
        let len = bytes.len();
        match self {
            Self::InPlace => keep_all(conn.receive(&mut bytes.to_vec()), len, seen),
            Self::Fixed => keep_all(conn.receive_ref(bytes), len, seen),
            Self::Own => {
                conn.read_buf(len)[..len].copy_from_slice(bytes);
                keep_all(conn.receive_buf(len), len, seen);
            }
            Self::EventByEvent => {
                let mut bytes = bytes.to_vec();
                let mut at = 0;
                loop {
                    let mut received = conn.receive(&mut bytes[at..]);
                    let Some(event) = received.next() else { break };
                    let range = range(&event);
                    keep(seen, Seen::new(&event));
                    // A message in the input is told of as lying there.
                    assert!(range.is_none() || received.event_is_in_input());
                    at += received.consumed();
                }
            }
            Self::OwnEventByEvent => {
                conn.read_buf(len + 100)[..len].copy_from_slice(bytes);
                let mut fed = len;
                loop {
                    let mut received = conn.receive_buf(fed);
                    let Some(event) = received.next() else { break };
                    keep(seen, Seen::new(&event));
                    fed = 0;
                }
                assert_eq!(conn.unread(), 0);
            }
            Self::Deferring => {
                let mut bytes = bytes.to_vec();
                let mut received = conn.receive(&mut bytes);
                received.defer_close();
                keep_all(received, len, seen);
            }
            Self::Fed => {
                let mut received = conn.feed(bytes);
                while let Some(event) = received.next() {
                    keep(seen, Seen::taken(event));
                }
                assert_eq!(conn.unread(), 0);
            }
            Self::WithOutput => {
                let waiting = conn.buffered_amount();
                let (space, mut out) = conn.read_buf_and_transmit(len);
                space[..len].copy_from_slice(bytes);
                assert!(out.chunk().len() <= waiting);
                keep_all(conn.receive_buf(len), len, seen);
            }
        }
    }
}

/// Where a message lies in the input.
fn range(event: &Event<'_>) -> Option<Range<usize>> {
    match event {
        Event::Text(text) => text.range(),
        Event::Binary(data) => data.range(),
        _ => None,
    }
}

/// What can be seen of a connection from outside fits together.
pub fn look(conn: &Connection) {
    let waiting = conn.buffered_amount();
    assert_eq!(conn.wants_write(), waiting > 0, "{conn:?}");
    assert!(conn.too_long().is_none() || conn.ready_state() == ReadyState::Closed, "{conn:?}");
    assert!(conn.wanted() == 0 || conn.ready_state() != ReadyState::Closed, "{conn:?}");
}

/// The pongs of an output, and its other frames.
fn parted(output: &[u8]) -> (Vec<Frame>, Vec<Frame>) {
    frames(output).into_iter().partition(|(first, _)| first & 0x0F == 0x0A)
}

/// Feeds the same bytes in three cuts, in some way: events and output must not tell. Returns the
/// events and the output.
pub fn check_cuts(
    new: impl Fn() -> Connection,
    way: Way,
    cut: usize,
    bytes: &[u8],
) -> (Vec<Seen>, Vec<u8>) {
    let cut = cut % (bytes.len() + 1);
    let run = |step: usize, first: usize, way: Way| {
        let mut conn = new();
        let mut seen = Vec::new();
        let (head, tail) = bytes.split_at(first);
        for piece in head.chunks(step).chain(tail.chunks(step)) {
            way.feed(&mut conn, piece, &mut seen);
            look(&conn);
        }
        end(&mut conn, &mut seen);
        let mut output = Vec::new();
        conn.transmit().drain_into(&mut output);
        forget_chunk_before_failure(&mut seen);
        (seen, output)
    };
    let whole = run(usize::MAX, 0, Way::InPlace);
    for (step, first) in [(usize::MAX, 0), (1, 0), (usize::MAX, cut)] {
        let other = run(step, first, way);
        assert_eq!(whole.0, other.0, "steps of {step}, cut at {first}, {way:?}");
        if way.shows() {
            let ((pongs, frames), (more_pongs, same_frames)) = (parted(&whole.1), parted(&other.1));
            assert_eq!(frames, same_frames, "steps of {step}, cut at {first}, {way:?}");
            assert!(more_pongs.ends_with(&pongs), "{more_pongs:?} does not end with {pongs:?}");
        } else {
            assert_eq!(whole.1, other.1, "steps of {step}, cut at {first}, {way:?}");
        }
    }
    whole
}

/// The peer's direction ends, and the host closes what is half-open still.
fn end(conn: &mut Connection, seen: &mut Vec<Seen>) {
    keep_all(conn.receive_eof(), 0, seen);
    conn.close(None, "").expect("nothing wrong with it");
    keep_all(conn.handle_timeout(Instant::from(Duration::from_mins(1))), 0, seen);
    assert!(matches!(seen.last(), Some(Seen::Closed(_))), "no end");
}

/// How much of a chunk comes before the bytes that end all depends on the cut.
pub fn forget_chunk_before_failure(seen: &mut Vec<Seen>) {
    if let [.., Seen::Chunk { last: false, .. }, Seen::Closed(closed)] = &seen[..]
        && closed.cause != ClosedCause::Transport
    {
        seen.remove(seen.len() - 2);
    }
}
