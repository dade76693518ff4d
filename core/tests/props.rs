//! How a stream is cut, by which way it comes and how it is delivered makes no difference.

mod common;

use common::random::{ends_once, frames, role, told, way};
use common::*;
use proptest::prelude::*;
use proptest::sample::Index;
use wspair::{Delivery, Limits};

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

/// The usual limits, or such as many a stream breaks.
fn limits() -> impl Strategy<Value = Limits> {
    let tight = (0..6_u32, 0..300_usize, 0..400_usize).prop_map(|(fragments, frame, message)| {
        config(|config| {
            config.limits.max_fragments = fragments;
            config.limits.max_frame = frame;
            config.limits.max_message = message;
        })
        .limits
    });
    prop_oneof![3 => Just(Limits::default()), 1 => tight]
}

proptest! {
    #![proptest_config(cases::cases(400))]

    #[test]
    fn cuts_ways_and_deliveries_make_no_difference(
        role in role(),
        limits in limits(),
        stream in frames(),
        mutations in mutations(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
        way in way(),
        ways in prop::collection::vec(way(), 13),
    ) {
        let mut stream = to(role, &stream);
        for mutation in &mutations {
            mutation.apply(&mut stream);
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        let config = config(|config| config.limits = limits);
        let mut chunks = config.clone();
        chunks.delivery = Delivery::Chunks;

        let (events, out) = drive(role, config.clone(), &[&stream]);
        prop_assert!(ends_once(&events));
        frames_from(role, &out);
        let cut = drive_by(way, role, config.clone(), &pieces);
        prop_assert_eq!((&cut.0, &cut.1), (&events, &out));
        // Each piece by a way of its own.
        let (mut conn, mut mixed) = (connection(role, config), (vec![], vec![]));
        for (piece, way) in pieces.iter().zip(ways) {
            mixed.0.extend(feed(&mut conn, way, piece));
            mixed.1.extend(output(&mut conn));
        }
        prop_assert_eq!((&mixed.0, &mixed.1), (&events, &out));
        for pieces in [&[&stream[..]][..], &pieces] {
            let chunked = drive_by(way, role, chunks.clone(), pieces);
            prop_assert_eq!((&told(&chunked.0), &chunked.1), (&events, &out));
        }
        // What is on the wire is a Close frame's code, told as the cause.
        if let Some(OwnedEvent::Closed { cause: wspair::ClosedCause::Peer(error), .. }) = events.last() {
            let frames = frames_from(role, &out);
            let (first, body) = sent_close(error.close_code().get());
            let (last, told) = frames.last().expect("a Close frame");
            prop_assert_eq!((*last, &told[..2]), (first, &body[..]));
        }
    }
}
