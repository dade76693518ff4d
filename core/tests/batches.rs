//! Messages that are sent many at once: `SenderBinding::send_many`.

mod common;
#[path = "common/heap.rs"]
mod heap;

use bytes::Bytes;
use common::*;
use heap::{HEAP, Heap, measured};
use proptest::prelude::*;
use wspair::bindings::{Outgoing, SenderBinding};
use wspair::{Config, Connection, Kind, OutgoingBinary, OutgoingText, SendError};

static DATA: [u8; 70_000] = [b'x'; 70_000];

/// One of many: how long it is, whether it is text, and whether it is shared.
type Message = (usize, bool, bool);

fn outgoing((len, is_text, is_shared): Message) -> Outgoing<'static> {
    let bytes = Bytes::from_static(&DATA).slice(..len);
    match (is_text, is_shared) {
        (true, true) => OutgoingText::from_utf8_bytes(bytes).into(),
        (true, false) => OutgoingText::from(core::str::from_utf8(&DATA[..len]).unwrap()).into(),
        (false, true) => OutgoingBinary::from(bytes).into(),
        (false, false) => OutgoingBinary::from(&DATA[..len]).into(),
    }
}

/// What became of it: how many were queued, why no more were, and the frames.
type Outcome = (usize, Result<(), SendError>, Vec<Sent>);

fn at_once(conn: &mut Connection, messages: &[Message]) -> Outcome {
    let messages: Vec<_> = messages.iter().copied().map(outgoing).collect();
    let (sent, outcome) = conn.send_many(messages);
    (sent, outcome, drain(conn))
}

fn one_by_one(conn: &mut Connection, messages: &[Message]) -> Outcome {
    let mut sent = 0;
    let outcome = messages.iter().try_for_each(|&(len, is_text, _)| {
        let text = core::str::from_utf8(&DATA[..len]).unwrap();
        if is_text {
            conn.send_text(text)?;
        } else {
            conn.send_binary(&DATA[..len])?;
        }
        sent += 1;
        Ok(())
    });
    (sent, outcome, drain(conn))
}

fn message() -> impl Strategy<Value = Message> {
    let len = prop_oneof![0..200_usize, 3000..6000_usize, 15_000..70_000_usize];
    (len, any::<bool>(), any::<bool>())
}

proptest! {
    #![proptest_config(cases::cases(24))]

    #[test]
    fn many_at_once_are_sent_as_one_by_one(
        messages in prop::collection::vec(message(), 0..30),
        before in 0..3_usize,
        most in prop_oneof![Just(16 << 20), 0..300_000_usize],
        split in prop_oneof![Just(None), (1000..9000_usize).prop_map(Some)],
    ) {
        for role in ROLES {
            let config = config(|config| {
                config.limits.max_outgoing = most;
                config.split_above = split;
            });
            let [mut ours, mut other] = [(); 2].map(|()| connection(role, config.clone()));
            for conn in [&mut ours, &mut other] {
                (0..before).for_each(|_| _ = conn.send_binary(&DATA[..40_000]));
            }
            prop_assert_eq!(at_once(&mut ours, &messages), one_by_one(&mut other, &messages));
            prop_assert_eq!(at_once(&mut ours, &messages), one_by_one(&mut other, &messages));
        }
    }
}

#[test]
fn nothing_of_a_batch_is_sent_where_nothing_may_be() {
    for role in ROLES {
        let many = [(30_000, false, false); 5];
        let mut conn = connection(role, Config::default());
        conn.send_fragment(Kind::Binary, b"part", false).unwrap();
        let (sent, outcome, frames) = at_once(&mut conn, &many);
        assert_eq!((sent, outcome, frames.len()), (0, Err(SendError::Fragment), 1));
        conn.close(None, "").unwrap();
        let (sent, outcome, _) = at_once(&mut conn, &many);
        assert_eq!((sent, outcome), (0, Err(SendError::Closing)));
        assert_eq!(at_once(&mut conn, &[]), (0, Ok(()), vec![]));
    }
}

/// A batch that grew by doubling, or went into blocks that are cleared first, would touch its bytes
/// twice, and more memory than it has.
#[test]
fn a_batch_takes_one_piece_of_memory_as_long_as_its_frames() {
    for role in ROLES {
        for (count, len) in [(30, 100), (500, 125), (500, 1 << 10), (256, 16 << 10), (4, 1 << 20)] {
            let data = vec![7; len];
            let mut conn = connection(role, Config::default());
            let messages = (0..count).map(|_| OutgoingBinary::from(&data).into()).collect();
            let ((sent, outcome), heap) = measured(|| conn.send_many(messages));
            assert_eq!((sent, outcome), (count, Ok(())));
            let total = conn.buffered_amount();
            // Beside it: the list of the parts, and where they end. What is given back counts, too.
            let Heap { peak, calls, .. } = heap;
            assert!(peak <= total + (8 << 10), "{role:?} {count} {len}: {peak} of {total}");
            assert!(calls <= 10, "{role:?} {count} {len}: {calls}");
        }
    }
}

/// Writes all that waits, in the way of one kind of host.
type Host = fn(&mut Connection);

const HOSTS: [Host; 2] = [
    |conn| conn.transmit().advance(usize::MAX),
    |conn| while conn.transmit().take_chunk().is_some() {},
];

#[test]
fn a_batch_lies_where_the_one_before_lay_once_that_is_gone() {
    for (role, write) in ROLES.into_iter().flat_map(|role| HOSTS.map(|write| (role, write))) {
        let mut conn = connection(role, Config::default());
        let batch = |conn: &mut Connection, count: usize| {
            let messages = vec![outgoing((16_000, false, false)); count];
            measured(|| assert_eq!(conn.send_many(messages).0, count)).1
        };
        let first = batch(&mut conn, 100);
        assert!(first.live >= 1_590_000, "{first:?}");
        let beside = batch(&mut conn, 5);
        assert!(beside.live >= 79_000, "it waits still: {beside:?}");
        write(&mut conn);
        batch(&mut conn, 100);
        write(&mut conn);
        let again = batch(&mut conn, 90);
        assert!(again.peak <= 4 << 10, "{role:?} {again:?}");
        write(&mut conn);

        // What is longer than what is kept is given back at once, and all of it in time.
        let ((), long) = measured(|| {
            batch(&mut conn, 300);
            write(&mut conn);
        });
        assert!(long.live <= 8 << 10, "{role:?} {long:?}");
        batch(&mut conn, 100);
        write(&mut conn);
        let kept = HEAP.get().live;
        (0..5).for_each(|second| assert_eq!(tell(&mut conn, at(second)), []));
        let given_back = kept - HEAP.get().live;
        assert!(given_back >= 1_590_000, "{given_back}");
        batch(&mut conn, 200);
        write(&mut conn);
        let kept = HEAP.get().live;
        for _ in 0..130 {
            batch(&mut conn, 5);
            write(&mut conn);
        }
        let given_back = kept - HEAP.get().live;
        assert!(given_back >= 3_000_000, "shorter ones do not need it: {given_back}");
        conn.shrink_to_fit();
        let ((), heap) = measured(|| drop(conn));
        assert_eq!(heap.live, 0);
    }
}

#[test]
fn a_long_batch_is_taken_out_in_parts_of_64_kibibytes() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let (sent, _) = conn.send_many(vec![outgoing((16_000, false, false)); 200]);
        assert_eq!(sent, 200);
        let (mut out, mut parts) = (Vec::new(), 0);
        let mut transmit = conn.transmit();
        while let Some(part) = transmit.take_chunk() {
            assert!(part.len() >= 64 << 10 || transmit.is_empty());
            out.extend_from_slice(&part);
            parts += 1;
        }
        assert!((30..=200 / 4).contains(&parts), "{parts}");
        assert_eq!(frames_from(role, &out), vec![sent_binary(16_000); 200]);
    }
}

fn sent_binary(len: usize) -> Sent {
    sent(0x82, &DATA[..len])
}

#[test]
fn a_pong_passes_all_of_a_batch_but_its_first_part() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let (sent, _) = conn.send_many(vec![outgoing((16_000, false, false)); 200]);
        assert_eq!(sent, 200);
        conn.transmit().chunk();
        feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, b""));
        let frames = drain(&mut conn);
        let at = frames.iter().position(|frame| frame.0 == 0x8a);
        assert!(at.is_some_and(|at| at <= 5), "{at:?}");
        assert_eq!(frames.len(), 201);
    }
}
