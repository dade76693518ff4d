//! What the fuzz targets share: events as owned values, every way to feed bytes, models to compare
//! with, and small worlds in which what must hold is checked.

pub mod conversation;
pub mod coupled;
pub mod ends;
pub mod feeding;
pub mod heads;
pub mod pair;
pub mod reference;
pub mod settings;

use wspair::event::Chunk;
use wspair::{CloseCode, Closed, ClosedCause, Event, Kind, Receive};

/// An event, kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Message(Kind, Vec<u8>),
    Chunk { kind: Kind, data: Vec<u8>, first: bool, last: bool },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Closed(Ended),
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub code: u16,
    pub reason: String,
    pub clean: bool,
    pub cause: ClosedCause,
}

impl Seen {
    pub fn new(event: &Event<'_>) -> Self {
        let text = format!("{event:?}");
        assert!(text.len() < 1000, "a log would have the payload: {text}");
        match event {
            Event::Text(text) => Self::Message(Kind::Text, text.as_bytes().to_vec()),
            Event::Binary(data) => Self::Message(Kind::Binary, data.to_vec()),
            Event::Chunk(chunk) => Self::Chunk {
                kind: chunk.kind,
                data: chunk.data.to_vec(),
                first: chunk.first,
                last: chunk.last,
            },
            Event::Ping(payload) => Self::Ping(payload.as_ref().to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::PeerClosing(frame) => {
                Self::Close(frame.code.map(CloseCode::get), frame.reason.to_owned())
            }
            Event::Closed(closed) => {
                let Closed { code, reason, clean, cause, .. } = closed.clone();
                Self::Closed(Ended { code, reason, clean, cause })
            }
            _ => unreachable!("an event of a new kind"),
        }
    }

    /// The same, with the memory that the event has for itself.
    pub fn taken(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => {
                assert!(text.range().is_none_or(|range| range.len() == text.len()));
                Self::Message(Kind::Text, text.into_string().into_bytes())
            }
            Event::Binary(data) => {
                assert!(data.range().is_none_or(|range| range.len() == data.len()));
                Self::Message(Kind::Binary, data.into_vec())
            }
            Event::Chunk(Chunk { kind, data, first, last }) => {
                Self::Chunk { kind, data: data.into_vec(), first, last }
            }
            Event::Closed(closed) => {
                if let ClosedCause::Peer(error) = closed.cause {
                    check_text(&error);
                }
                Self::new(&Event::Closed(closed))
            }
            event => Self::new(&event),
        }
    }
}

/// Keeps all events of an input, and checks that it is used up and that nothing follows the end.
pub fn keep_all(mut received: Receive<'_>, len: usize, seen: &mut Vec<Seen>) {
    while let Some(event) = received.next() {
        assert!(!matches!(seen.last(), Some(Seen::Closed(_))), "after the end: {event:?}");
        let event = Seen::taken(event);
        keep(seen, event);
    }
    assert_eq!(received.consumed(), len);
}

/// What an error says: one line, and not nothing.
pub fn check_text(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
}

/// Keeps an event. Where a message is cut into chunks is the transport's choice: joined, they
/// compare.
pub fn keep(seen: &mut Vec<Seen>, event: Seen) {
    match (seen.last_mut(), event) {
        (
            Some(Seen::Chunk { data, last: joined_last @ false, .. }),
            Seen::Chunk { data: more, first: false, last, .. },
        ) => {
            data.extend(more);
            *joined_last = last;
        }
        (_, event) => seen.push(event),
    }
}

/// The messages received, chunks joined; one that was begun only does not count.
pub fn messages(all: &[Seen]) -> Vec<(Kind, Vec<u8>)> {
    let mut messages = Vec::new();
    let mut begun = Vec::new();
    for seen in all {
        match seen {
            Seen::Message(kind, data) => messages.push((*kind, data.clone())),
            Seen::Chunk { kind, data, last, .. } => {
                begun.extend(data);
                if *last {
                    messages.push((*kind, std::mem::take(&mut begun)));
                }
            }
            _ => {}
        }
    }
    messages
}

/// A message, the same for the same length.
pub fn message(len: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(len).collect()
}

pub fn as_text(data: &[u8]) -> &str {
    std::str::from_utf8(data).expect("ASCII")
}
