//! How much may wait between the ends.

use wspair::Limits;
use wspair::pair::{Accept, PairError, Sent};

use super::*;

/// What a message counts beside its size.
const COST: usize = 32;

fn limited(max_queued: usize) -> Pair<()> {
    let mut config = PairConfig::default();
    config.max_queued = max_queued;
    let mut pair = Pair::new(config);
    pair.accept(A, Accept::default()).unwrap();
    pair.accept(B, Accept::default()).unwrap();
    pair
}

#[test]
fn the_limit_is_16_mib_and_the_mark_1_mib() {
    let config = PairConfig::default();
    assert_eq!((config.max_queued, config.high_water_mark), (16 << 20, 1 << 20));
}

#[test]
fn what_just_fits_is_taken() {
    for (second, fits) in [(49, true), (50, true), (51, false)] {
        let mut pair = limited(100 + 2 * COST);
        pair.send(A, (), 50).unwrap();
        let full = PairError::Full { queued: 50 };
        let expected = if fits { Ok(Sent::Queued) } else { Err(full) };
        assert_eq!(pair.send(A, (), second), expected, "{second} bytes");
    }
}

#[test]
fn an_empty_queue_takes_one_message_of_any_size() {
    let mut pair = limited(0);
    assert_eq!(pair.send(A, (), 1000), Ok(Sent::Queued));
    let full = PairError::Full { queued: 1000 };
    assert_eq!(pair.send(A, (), 0), Err(full));
    pair.poll_event(B);
    assert_eq!(pair.send(A, (), 1000), Ok(Sent::Queued));
}

#[test]
fn empty_messages_count_too() {
    let mut pair = limited(10 * COST);
    for _ in 0..10 {
        pair.send(A, (), 0).unwrap();
    }
    assert_eq!(pair.send(A, (), 0), Err(PairError::Full { queued: 0 }));
}

#[test]
fn the_limit_can_be_lifted() {
    let mut pair = limited(Limits::UNLIMITED);
    for _ in 0..3 {
        pair.send(A, (), usize::MAX / 2).unwrap();
    }
}

#[test]
fn a_close_passes_a_full_queue() {
    let mut pair = limited(0);
    pair.send(A, (), 1000).unwrap();
    assert_eq!(pair.close(A, None, None), Ok(()));
}

#[test]
fn congestion_begins_at_the_mark_and_ends_below() {
    let mut pair = limited(Limits::UNLIMITED);
    pair.send(A, (), (1 << 20) - 2 * COST - 1).unwrap();
    pair.send(A, (), 0).unwrap();
    assert!(!pair.is_congested(A));
    pair.send(A, (), 1).unwrap();
    assert!(pair.is_congested(A) && !pair.is_congested(B));
    pair.poll_event(B);
    assert!(!pair.is_congested(A));
}

#[test]
fn with_a_mark_of_nothing_an_end_that_waits_for_nothing_is_not_congested() {
    let mut config = PairConfig::default();
    config.high_water_mark = 0;
    let mut pair = Pair::new(config);
    pair.accept(A, Accept::default()).unwrap();
    assert!(!pair.is_congested(A));
    pair.send(A, (), 0).unwrap();
    assert!(pair.is_congested(A));
}
