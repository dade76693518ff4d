//! What breaks a limit costs no more than the limit says, however much of it comes: the heap, counted.
//!
//! Where something grows it moves, so old and new are there at once: hence twice the limit for a message,
//! and three times for a head, which grows by doubling. Compressed messages are in `deflate_limits.rs`;
//! output, pings and the read buffer in `heap.rs`.

mod common;
#[path = "common/heap.rs"]
mod heap;

use common::*;
use heap::{Heap, measured};
use wspair::handshake::{
    ClientHandshake, ClientProgress, ClientRequest, HeadLimits, ServerHandshake, ServerProgress,
};
use wspair::pair::{Accept, End, Sent};
use wspair::{Config, Limits, Pair, PairConfig, PairError};

/// What a handshake keeps beside the bytes of a head.
const BESIDE: usize = 8 << 10;

/// Heads that never end, in which the same piece comes over and over.
const ENDLESS: [(&str, &str); 5] = [
    ("", "GET /"),
    ("GET / HTTP/1.1\r\n", "X: y\r\n"),
    ("GET / HTTP/1.1\r\nX: ", "xxxxxxxx"),
    ("GET / HTTP/1.1\r\nSec-WebSocket-Extensions: a", ",a;b=c"),
    ("", "\r\n"),
];

fn pieces(start: &str, again: &str, step: usize) -> Vec<Vec<u8>> {
    let bytes = [start.as_bytes(), &again.as_bytes().repeat(2_000_000 / again.len())].concat();
    bytes.chunks(step).map(<[u8]>::to_vec).collect()
}

#[test]
fn a_head_that_never_ends_costs_its_limit() {
    for (start, again) in ENDLESS {
        for (max_head, step) in [(16 << 10, 1000), (16 << 10, 1 << 20), (100 << 10, 7000)] {
            let limits = HeadLimits::default().with_max_head(max_head);
            let limits =
                if step == 7000 { limits.with_max_fields(HeadLimits::UNLIMITED) } else { limits };
            let pieces = pieces(start, again, step);
            let (refused, heap) = measured(|| {
                let mut server = ServerHandshake::new(limits);
                pieces
                    .iter()
                    .any(|piece| matches!(server.receive(piece).1, ServerProgress::Refused(_)))
            });
            assert!(refused, "{again}");
            assert!(heap.peak <= 3 * max_head + BESIDE, "{again} {step} {heap:?}");
            assert_eq!(heap.live, 0);
        }
    }
}

#[test]
fn an_answer_that_never_ends_costs_its_limits() {
    let request = ClientRequest::new("ws://h/").unwrap();
    let heads = [
        ("HTTP/1.1 101 x\r\n", "X: y\r\n"),
        ("HTTP/1.1 101 ", "xxxxxxxx"),
        ("", "HTTP/1.1 100 C\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n\r\n", "a page "),
        ("HTTP/1.1 403 No\r\nContent-Length: 1000000\r\n\r\n", "a page "),
    ];
    for (start, again) in heads {
        for (max_body, step) in [(64 << 10, 1000), (64 << 10, 1 << 20), (0, 7000)] {
            let limits = HeadLimits::default().with_max_body(max_body);
            let pieces = pieces(start, again, step);
            let mut out = Vec::with_capacity(1000);
            let (over, heap) = measured(|| {
                let mut client = ClientHandshake::with_limits(&request, [7; 16], limits, &mut out);
                pieces
                    .iter()
                    .any(|piece| !matches!(client.receive(piece).1, ClientProgress::NeedMore))
            });
            assert!(over, "{start}");
            let most = 3 * ((16 << 10) + max_body) + BESIDE;
            assert!(heap.peak <= most, "{start} {step} {heap:?}");
        }
    }
}

/// A message in fragments of so many bytes each, which ends far over all limits or never.
fn endless(role: wspair::Role, len: usize) -> impl Iterator<Item = Vec<u8>> {
    let first = frame_to(role, 0x02, &vec![1; len]);
    let more = frame_to(role, 0x00, &vec![1; len]);
    std::iter::once(first).chain(std::iter::repeat_n(more, 3_000_000 / (len + 1) + 10))
}

fn fed(role: wspair::Role, limits: Limits, len: usize) -> Heap {
    let config = config(|config| config.limits = limits);
    for way in WAYS {
        let mut conn = connection(role, config.clone());
        let frames: Vec<_> = endless(role, len).take(40_000).collect();
        let ((), heap) = measured(|| {
            for frame in &frames {
                let closed = match way {
                    Way::Own => {
                        conn.read_buf(frame.len())[..frame.len()].copy_from_slice(frame);
                        conn.receive_buf(frame.len()).next().is_some()
                    }
                    _ => conn.receive_ref(frame).next().is_some(),
                };
                if closed {
                    return;
                }
            }
            panic!("{role:?} {way:?} {len}: nothing ends it");
        });
        if way == Way::Own {
            return heap;
        }
        assert!(heap.peak <= bound(&limits, 0), "{role:?} {way:?} {len} {heap:?}");
    }
    unreachable!()
}

/// What a message may cost: what it may be long, twice where it moves, and the parts of a frame.
fn bound(limits: &Limits, read_buffer: usize) -> usize {
    2 * limits.max_message + read_buffer + (4 << 10)
}

#[test]
fn a_message_that_never_ends_costs_its_limit() {
    for role in ROLES {
        for max_message in [0, 1000, 100_000, 1 << 20] {
            for len in [1000, 70_000] {
                let mut limits = Limits::default();
                limits.max_message = max_message;
                let heap = fed(role, limits, len);
                let read_buffer = 4 * (len + 100) + (64 << 10);
                assert!(heap.peak <= bound(&limits, read_buffer), "{role:?} {len} {heap:?}");
            }
        }
        // Empty parts, and those of a byte: their number is what ends them.
        for len in [0, 1] {
            let mut limits = Limits::default();
            limits.max_fragments = 16_384;
            let heap = fed(role, limits, len);
            assert!(heap.peak <= 2 * 16_384 + (68 << 10), "{role:?} {len} {heap:?}");
        }
    }
}

#[test]
fn what_is_fed_behind_the_end_costs_one_read() {
    let mut conn = connection(wspair::Role::Server, Config::default());
    collect(&mut conn.transport_lost());
    let late = vec![0; 48 << 20];
    let ((), heap) = measured(|| assert_eq!(collect(&mut conn.feed(&late)), []));
    assert!(heap.peak <= 17 << 20, "{heap:?}");
}

#[test]
fn a_pair_that_nobody_reads_costs_its_limit() {
    for size in [0, 1, 100, 5000] {
        let mut config = PairConfig::default();
        config.max_queued = 1 << 20;
        let mut pair = Pair::new(config);
        pair.accept(End::First, Accept::default()).unwrap();
        let (refused, heap) = measured(|| {
            (0..1_000_000).find_map(|_| {
                let sent = pair.send(End::First, vec![1_u8; size].into_boxed_slice(), size);
                (sent != Ok(Sent::Queued)).then_some(sent)
            })
        });
        assert!(matches!(refused, Some(Err(PairError::Full { .. }))), "{refused:?}");
        // Places for them are up to twice as many as there are, and move.
        assert!(heap.peak <= 3 << 20, "{size} {heap:?}");
        assert!(heap.live <= 2 << 20, "{size} {heap:?}");
    }
}
