//! How a stream is cut, by which way it comes and how it is delivered makes no difference.

mod common;

use common::random::{ends_once, frames, role, told, way};
use common::*;
use proptest::prelude::*;
use proptest::sample::Index;
use wspair::{Config, Delivery};

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

proptest! {
    #![proptest_config(cases::cases(400))]

    #[test]
    fn cuts_ways_and_deliveries_make_no_difference(
        role in role(),
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
        let chunks = config(|config| config.delivery = Delivery::Chunks);

        let (events, out) = drive(role, Config::default(), &[&stream]);
        prop_assert!(ends_once(&events));
        frames_from(role, &out);
        let cut = drive_by(way, role, Config::default(), &pieces);
        prop_assert_eq!((&cut.0, &cut.1), (&events, &out));
        // Each piece by a way of its own.
        let (mut conn, mut mixed) = (connection(role, Config::default()), (vec![], vec![]));
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
            prop_assert_eq!(frames.last(), Some(&sent_close(error.close_code().get())));
        }
    }
}
