//! Compression under random messages, parameters and cuts, and under streams gone wrong.
#![cfg(feature = "deflate")]

mod common;

use common::deflate::*;
use common::random::{kind, role, way};
use common::*;
use proptest::prelude::*;
use proptest::sample::Index;
use wspair::handshake::DeflateParams;
use wspair::{Compression, Config, Connection, Delivery, Kind, Prepared};

fn any_params() -> impl Strategy<Value = DeflateParams> {
    (9..=15_u8, 9..=15_u8, any::<bool>(), any::<bool>()).prop_map(|(server, client, one, other)| {
        let mut params = params(server, one);
        params.client_max_window_bits = client;
        params.client_no_context_takeover = other;
        params
    })
}

fn any_config() -> impl Strategy<Value = Config> {
    let split = prop::option::of(1..5000_usize);
    let share = prop_oneof![Just(0), Just(1000), Just(usize::MAX)];
    (0..=9_u8, 1..=9_u8, 0..200_usize, split, share, any::<bool>()).prop_map(
        |(level, mem_level, threshold, split, share, chunks)| {
            config(|config| {
                config.deflate.level = level;
                config.deflate.mem_level = mem_level;
                config.deflate.threshold = threshold;
                config.split_above = split;
                // Whatever the other end splits.
                config.limits.max_fragments = u32::MAX;
                config.share_from = share;
                config.delivery = if chunks { Delivery::Chunks } else { Delivery::Messages };
            })
        },
    )
}

/// Text, so that it can be sent as either kind.
fn content() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-zé€😀]{0,40}",
        2 => (0..9000_usize, 0..5_usize).prop_map(|(len, seed)| json(len, seed)),
        1 => (0..40_000_usize).prop_map(|len| "x".repeat(len)),
        1 => (0..3000_usize, 0..3_u64).prop_map(|(len, seed)| {
            noise(len, seed).into_iter().map(char::from).collect()
        }),
    ]
}

#[derive(Clone, Debug)]
enum Act {
    Send(Kind, Compression, String),
    Parts(Kind, Compression, Vec<String>),
    Prepared(Kind, String),
    Ping,
    Shrink,
}

fn act() -> impl Strategy<Value = Act> {
    let how =
        || prop_oneof![Just(Compression::Auto), Just(Compression::On), Just(Compression::Off)];
    prop_oneof![
        4 => (kind(), how(), content()).prop_map(|(kind, how, data)| Act::Send(kind, how, data)),
        2 => (kind(), how(), prop::collection::vec(content(), 1..5))
            .prop_map(|(kind, how, parts)| Act::Parts(kind, how, parts)),
        1 => (kind(), content()).prop_map(|(kind, data)| Act::Prepared(kind, data)),
        1 => Just(Act::Ping),
        1 => Just(Act::Shrink),
    ]
}

fn message(kind: Kind, data: &str) -> OwnedEvent {
    match kind {
        Kind::Text => text(data),
        Kind::Binary => binary(data.as_bytes()),
    }
}

impl Act {
    /// Does it, and says what the other side is to tell.
    fn on(&self, conn: &mut Connection) -> Vec<OwnedEvent> {
        match self {
            Self::Send(kind, how, data) => {
                let mut sender = conn.sender().with_compression(*how);
                match kind {
                    Kind::Text => sender.send_text(data).unwrap(),
                    Kind::Binary => sender.send_binary(data.as_bytes()).unwrap(),
                }
                vec![message(*kind, data)]
            }
            Self::Parts(kind, how, parts) => {
                for (at, part) in parts.iter().enumerate() {
                    let fin = at + 1 == parts.len();
                    let mut sender = conn.sender().with_compression(*how);
                    sender.send_fragment(*kind, part.as_bytes(), fin).unwrap();
                    sender.send_ping(b"between").unwrap();
                }
                let mut told = vec![ping(b"between"); parts.len()];
                told.insert(parts.len() - 1, message(*kind, &parts.concat()));
                told
            }
            Self::Prepared(kind, data) => {
                let prepared = match kind {
                    Kind::Text => Prepared::text(data),
                    Kind::Binary => Prepared::binary(data.as_bytes()),
                };
                conn.send_prepared(&prepared).unwrap();
                vec![message(*kind, data)]
            }
            Self::Ping => {
                conn.send_ping(b"ping").unwrap();
                vec![ping(b"ping")]
            }
            Self::Shrink => {
                conn.shrink_to_fit();
                vec![]
            }
        }
    }
}

/// Joins the chunks of each message, and leaves out those of one that did not end.
fn joined(events: Vec<OwnedEvent>) -> Vec<OwnedEvent> {
    let (mut joined, mut open) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            OwnedEvent::Chunk { kind, data, last, .. } => {
                open.extend(data);
                if last {
                    let data = std::mem::take(&mut open);
                    joined.push(match kind {
                        Kind::Text => text(&String::from_utf8(data).unwrap()),
                        Kind::Binary => binary(&data),
                    });
                }
            }
            event => joined.push(event),
        }
    }
    joined
}

proptest! {
    #![proptest_config(cases::cases(600))]

    #[test]
    fn what_one_end_sends_the_other_tells(
        role in role(),
        params in any_params(),
        configs in (any_config(), any_config()),
        acts in prop::collection::vec((act(), way(), 1..20_000_usize), 1..12),
    ) {
        let mut from = deflating(role, configs.0, params);
        let mut to = deflating(other(role), configs.1, params);
        for (act, way, step) in acts {
            let expected = act.on(&mut from);
            let wire = output(&mut from);
            let told = wire.chunks(step).flat_map(|piece| feed(&mut to, way, piece)).collect();
            prop_assert_eq!(joined(told), expected);
            feed(&mut from, Way::Mutable, &output(&mut to));
        }
    }

    /// K-15, K-16, K-18: anything may come; it is cut off at the limit, and the cut does not tell.
    #[test]
    fn streams_gone_wrong_end_within_the_limits(
        role in role(),
        way in way(),
        params in any_params(),
        data in prop::collection::vec((kind(), content()), 1..4),
        hits in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        limit in prop_oneof![Just(100), Just(5000), Just(1 << 20)],
        chunks in any::<bool>(),
        step in 1..3000_usize,
    ) {
        let mut from = deflating(other(role), Config::default(), params);
        let mut payloads = Vec::new();
        for (kind, data) in &data {
            from.send_fragment(*kind, data.as_bytes(), true).unwrap();
            payloads.extend(messages_from(from.role(), &output(&mut from)));
        }
        let last = payloads.len() - 1;
        for (at, byte) in hits {
            let hit = &mut payloads[last].1;
            let at = at.index(hit.len());
            hit[at] ^= byte;
        }
        let frames = payloads.iter().map(|(first, payload)| frame(0x80 | first, payload));
        let bytes = to(role, &frames.collect::<Vec<_>>().concat());
        let config = config(|config| {
            config.limits.max_message = limit;
            config.delivery = if chunks { Delivery::Chunks } else { Delivery::Messages };
        });
        let run = |step: usize, way| {
            let mut conn = deflating(role, config.clone(), params);
            let told = bytes.chunks(step).flat_map(|piece| feed(&mut conn, way, piece)).collect();
            joined(told)
        };
        let (whole, cut) = (run(bytes.len(), Way::Mutable), run(step, way));
        for event in &whole {
            let len = match event {
                OwnedEvent::Text(text) => text.len(),
                OwnedEvent::Binary(data) => data.len(),
                _ => 0,
            };
            prop_assert!(len <= limit);
        }
        prop_assert_eq!(whole, cut);
    }
}
