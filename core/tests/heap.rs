//! What the limits bound: the heap, counted by an allocator for each thread.

mod common;
#[path = "common/heap.rs"]
mod heap;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use heap::{HEAP, Heap, measured};
use wspair::pair::{Accept, End, Sent};
use wspair::{
    Config, Connection, Delivery, Event, Instant, Limits, Pair, PairConfig, Receive, Role,
    SendError,
};

/// Reads all events, looks at their bytes, and keeps nothing; says how many there were.
fn read(conn: &mut Connection, bytes: &mut [u8]) -> usize {
    count(conn.receive(bytes))
}

fn read_by(way: Way, conn: &mut Connection, bytes: &mut [u8]) -> usize {
    match way {
        Way::Mutable => count(conn.receive(bytes)),
        Way::Fixed => count(conn.receive_ref(bytes)),
        Way::Own => {
            conn.read_buf(bytes.len())[..bytes.len()].copy_from_slice(bytes);
            count(conn.receive_buf(bytes.len()))
        }
    }
}

fn count(mut received: Receive<'_>) -> usize {
    let mut count = 0;
    while received.next().is_some() {
        count += 1;
    }
    count
}

/// E-05: what is only announced is not believed.
#[test]
fn a_declared_length_allocates_nothing_big() {
    let endless = config(|config| config.limits.max_message = Limits::UNLIMITED);
    for role in ROLES {
        for first in [0x01, 0x02, 0x81, 0x82] {
            for (config, len) in [(Config::default(), 1_u64 << 20), (endless.clone(), 1 << 40)] {
                let mut conn = connection(role, config);
                let header = [hex(&format!("{first:02x} 7f {len:016x}")), vec![b'x'; 10]].concat();
                let mut bytes = to(role, &header);
                let (_, heap) = measured(|| read(&mut conn, &mut bytes));
                assert!(heap.peak <= 17 << 10, "{heap:?}");
            }
        }
        let mut conn = connection(role, Config::default());
        let mut bytes = to(role, &[hex("82 7f 7fffffffffffffff"), vec![0; 100]].concat());
        let (events, heap) = measured(|| read(&mut conn, &mut bytes));
        assert_eq!(events, 1);
        assert!(heap.peak <= 512, "{heap:?}");
    }
}

/// F-13.
#[test]
fn a_million_fragments_cost_what_they_carry() {
    const PARTS: usize = 1_000_000;
    for (first, role) in [(0x01, Role::Server), (0x02, Role::Client), (0x02, Role::Server)] {
        let config = config(|config| config.limits.max_fragments = u32::MAX);
        let mut conn = connection(role, config);
        let fragments = |first, count: usize| frame(first, b"x").repeat(count);
        let mut bytes = to(role, &[fragments(first, 1), fragments(0x00, 999)].concat());
        let more = to(role, &fragments(0x00, 1000));
        let mut last = frame_to(role, 0x80, b"x");
        let (len, heap) = measured(|| {
            read(&mut conn, &mut bytes);
            for _ in 1..PARTS / 1000 {
                bytes.copy_from_slice(&more);
                read(&mut conn, &mut bytes);
            }
            match conn.receive(&mut last).next() {
                Some(Event::Text(text)) => text.len(),
                Some(Event::Binary(data)) => data.len(),
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(len, PARTS + 1);
        assert!(heap.peak <= 2 * PARTS + (4 << 10), "{heap:?}");
        assert!(heap.calls <= 20, "it grows by doubling: {heap:?}");
    }
}

#[test]
fn an_idle_connection_holds_nothing() {
    let shared = Arc::new(Config::default());
    let config = || Arc::clone(&shared);
    let (server, heap) = measured(|| connection(Role::Server, config()));
    assert_eq!(heap, Heap::default());
    let (client, heap) = measured(|| connection(Role::Client, config()));
    assert!(heap.live <= 400, "the state of its mask keys: {heap:?}");
    let size = size_of_val(&server);
    assert_eq!(size, size_of_val(&client));
    assert!(size <= 256, "{size}");
}

#[test]
fn a_message_whole_in_the_input_and_its_echo_take_no_allocation() {
    for role in ROLES {
        for way in [Way::Mutable, Way::Fixed] {
            let mut conn = connection(role, Config::default());
            let frames =
                [frame(0x81, &[b'x'; 3000]), frame(0x82, &[7; 125]), frame(0x89, b"ping")].concat();
            let frames = to(role, &frames);
            let (mut input, mut out) = (frames.clone(), Vec::with_capacity(4000));
            let mut echo = || {
                input.copy_from_slice(&frames);
                let mut received = match way {
                    Way::Fixed => conn.receive_ref(&input),
                    _ => conn.receive(&mut input),
                };
                while let Some((event, mut sender)) = received.next_and_sender() {
                    match event {
                        Event::Text(text) => sender.send_text(&text).unwrap(),
                        Event::Binary(data) => sender.send_binary(&*data).unwrap(),
                        _ => {}
                    }
                }
                out.clear();
                conn.transmit().drain_into(&mut out);
            };
            echo();
            let ((), heap) = measured(|| (0..100).for_each(|_| echo()));
            assert_eq!(heap.calls, 0, "{role:?} {way:?}");
        }
    }
}

#[test]
fn chunks_are_never_assembled() {
    let config = config(|config| {
        config.delivery = Delivery::Chunks;
        config.limits.max_message = Limits::UNLIMITED;
    });
    for role in ROLES {
        let mut conn = connection(role, config.clone());
        let mut header = to(role, &hex("82 7f 0000001000000000"));
        let mut block = vec![0; 64 << 10];
        read(&mut conn, &mut header);
        let ((), heap) = measured(|| {
            for _ in 0..100 {
                assert_eq!(read(&mut conn, &mut block), 1);
            }
        });
        assert_eq!(heap.calls, 0, "{role:?} {heap:?}");
    }
}

#[test]
fn the_memory_of_a_long_message_is_given_back() {
    for role in ROLES {
        for (first, way) in [(0x81, Way::Mutable), (0x82, Way::Mutable), (0x82, Way::Fixed)] {
            let mut conn = connection(role, Config::default());
            let bytes = frame_to(role, first, &vec![b'x'; 1 << 20]);
            let (events, heap) = measured(|| {
                let events: usize =
                    bytes.chunks(100_000).map(|piece| feed(&mut conn, way, piece).len()).sum();
                conn.send_binary(vec![1; 1 << 20]).unwrap();
                (0..20).for_each(|_| conn.send_binary(vec![2; 60_000].as_slice()).unwrap());
                conn.transmit().advance(usize::MAX);
                feed(&mut conn, way, b"");
                events
            });
            assert_eq!(events, 1);
            assert!(heap.live <= 3 << 20 | 40 << 10, "{role:?} {way:?} {heap:?}");
            let before = HEAP.get().live;
            for second in 0..4 {
                let now = Instant::from(Duration::from_secs(second));
                assert!(conn.handle_timeout(now).next().is_none());
            }
            let left = (heap.live + HEAP.get().live).saturating_sub(before);
            assert!(left <= 33 << 10, "{role:?} {way:?} {left}");
            conn.shrink_to_fit();
            let ((), heap) = measured(|| drop(conn));
            assert_eq!(heap.live, 0);
        }
    }
}

/// Reads all events of pieces of up to 4 KiB, through the read buffer.
fn read_own(conn: &mut Connection, bytes: &[u8]) -> usize {
    let mut count = 0;
    for piece in bytes.chunks(4 << 10) {
        conn.read_buf(4 << 10)[..piece.len()].copy_from_slice(piece);
        let mut received = conn.receive_buf(piece.len());
        while received.next().is_some() {
            count += 1;
        }
    }
    count
}

#[test]
fn the_read_buffer_takes_what_came_and_gives_it_back_in_time() {
    for role in ROLES {
        let long = frame_to(role, 0x82, &vec![b'x'; 1 << 20]);
        let small = frame_to(role, 0x82, b"small");
        for (passes, left) in [(0, 1 << 20), (2, 256 << 10), (3, 0)] {
            let before = HEAP.get().live;
            let mut conn = connection(role, Config::default());
            let (_, half) = measured(|| read_own(&mut conn, &long[..100_000]));
            assert!(half.peak <= 300_000, "what is announced is not believed: {half:?}");
            let (events, all) = measured(|| read_own(&mut conn, &long[100_000..]));
            assert_eq!(events, 1);
            assert!(all.peak <= 4 << 20, "{all:?}");
            let (events, again) =
                measured(|| (0..5).map(|_| read_own(&mut conn, &long)).sum::<usize>());
            assert_eq!((events, again.calls), (5, 0), "the next takes the same memory");
            assert_eq!(read_own(&mut conn, &small), 1);
            // The period in which it was needed, and more without.
            for second in 0..=passes {
                let now = Instant::from(Duration::from_secs(second));
                assert!(conn.handle_timeout(now).next().is_none());
            }
            let live = HEAP.get().live - before;
            assert!(live <= left + (8 << 10), "{passes} {live}");
            assert_eq!(read_own(&mut conn, &small), 1);
        }
        let before = HEAP.get().live;
        let mut conn = connection(role, Config::default());
        assert_eq!(read_own(&mut conn, &long), 1);
        assert!(HEAP.get().live - before >= 1 << 20, "kept for the next");
        (0..300).for_each(|_| assert_eq!(read_own(&mut conn, &small), 1));
        assert!(HEAP.get().live - before <= 16 << 10, "not for ever");
        let ((), half) = measured(|| {
            read_own(&mut conn, &long[..100_000]);
            conn.shrink_to_fit();
        });
        assert!(half.live >= 100_000 - (16 << 10), "half a message is no spare memory");
        assert_eq!(read_own(&mut conn, &long[100_000..]), 1);
        conn.shrink_to_fit();
        let ((), heap) = measured(|| drop(conn));
        assert_eq!(heap.live, 0);
    }
}

#[test]
fn reads_that_always_end_inside_a_frame_do_not_let_the_read_buffer_grow() {
    for role in ROLES {
        let one = frame_to(role, 0x82, &[b'x'; 5000]);
        let stream = one.repeat(300);
        let (first, rest) = stream.split_at(2500);
        let mut conn = connection(role, Config::default());
        let (events, heap) = measured(|| {
            let mut events = 0;
            for piece in std::iter::once(first).chain(rest.chunks(one.len())) {
                conn.read_buf(piece.len()).copy_from_slice(piece);
                events += count(conn.receive_buf(piece.len()));
            }
            events
        });
        assert_eq!(events, 300);
        assert!(heap.peak <= 32 << 10, "{role:?} {heap:?}");
    }
}

#[test]
fn half_a_frame_in_the_read_buffer_is_given_back_behind_the_end() {
    for role in ROLES {
        let long = frame_to(role, 0x82, &vec![b'x'; 100_000]);
        let mut conn = connection(role, Config::default());
        let ((), heap) = measured(|| {
            assert_eq!(read_own(&mut conn, &long[..50_000]), 0);
            assert_eq!(count(conn.transport_lost()), 1);
            conn.shrink_to_fit();
        });
        assert!(heap.live <= 2000, "{role:?} {heap:?}");
    }
}

#[test]
fn a_message_in_many_pieces_moves_only_as_often_as_it_doubles() {
    for role in ROLES {
        for (first, way) in [0x81, 0x82].into_iter().flat_map(|first| WAYS.map(|way| (first, way)))
        {
            let config = config(|config| config.limits.max_message = 2 << 20);
            let mut conn = connection(role, config);
            let parts: Vec<_> = (0..1024)
                .map(|at| {
                    let opcode = if at == 0 { first & 0x7f } else { 0x00 };
                    frame_to(role, opcode, &[b'x'; 1 << 10])
                })
                .collect();
            let mut pieces = parts.clone();
            let ((), heap) = measured(|| {
                for piece in &mut pieces {
                    assert_eq!(read_by(way, &mut conn, piece), 0);
                }
            });
            assert!(heap.live >= 1 << 20 && heap.in_place <= 2 << 20, "{role:?} {way:?} {heap:?}");
            assert!(heap.calls <= 30, "{role:?} {way:?} {heap:?}");
        }
    }
}

#[test]
fn shrinking_gives_back_all_that_is_kept() {
    for role in ROLES {
        let before = HEAP.get().live;
        let mut conn = connection(role, Config::default());
        let fresh = HEAP.get().live - before;
        for way in WAYS {
            for first in [0x01, 0x02] {
                let half = vec![b'x'; 200_000];
                for (first, last) in [(first, 0), (0x80, 1)] {
                    let mut bytes = frame_to(role, first, &half);
                    assert_eq!(read_by(way, &mut conn, &mut bytes), last);
                }
            }
        }
        let mut ping = frame_to(role, 0x89, &[0; 125]);
        let (head, tail) = ping.split_at_mut(50);
        assert_eq!([head, tail].map(|piece| read(&mut conn, piece)), [0, 1]);
        drop(ping);
        for _ in 0..20 {
            conn.send_binary(&[1; 4000]).unwrap();
            conn.send_binary(vec![1; 40_000]).unwrap();
        }
        conn.transmit().advance(usize::MAX);
        assert_eq!(read_by(WAYS[0], &mut conn, &mut []), 0);
        assert!(HEAP.get().live - before > 200_000, "nothing is kept");
        conn.shrink_to_fit();
        let left = HEAP.get().live - before;
        assert_eq!(left, fresh, "{role:?}");
    }
}

#[test]
fn shrinking_leaves_half_a_message_its_bytes_and_no_room() {
    for role in ROLES {
        for first in [0x01, 0x02] {
            let mut conn = connection(role, config(|config| config.limits.max_message = 1 << 20));
            let frames = [frame(first, &vec![b'x'; 100_000]), frame(0x80, &vec![b'x'; 500_000])];
            let bytes = to(role, &frames.concat());
            let (half, rest) = bytes.split_at(100_050);
            let before = HEAP.get().live;
            assert_eq!(feed(&mut conn, Way::Fixed, half), []);
            assert!(HEAP.get().live - before > 150_000, "it has room to grow");
            conn.shrink_to_fit();
            assert!(HEAP.get().live - before < 110_000, "{role:?}");
            let all = vec![b'x'; 600_000];
            let message = if first == 0x02 {
                binary(&all)
            } else {
                text(core::str::from_utf8(&all).unwrap())
            };
            assert!(feed(&mut conn, Way::Fixed, rest) == [message], "{role:?}");
        }
    }
}

#[test]
fn shrinking_leaves_half_a_ping_its_bytes_and_no_room() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let ping = frame_to(role, 0x89, &[7; 125]);
        let (half, rest) = ping.split_at(60);
        for piece in half.chunks(40) {
            assert_eq!(feed(&mut conn, Way::Fixed, piece), []);
        }
        let before = HEAP.get().live;
        conn.shrink_to_fit();
        let given_back = before - HEAP.get().live;
        assert!(given_back >= 10, "{role:?} {given_back}");
        assert_eq!(feed(&mut conn, Way::Fixed, rest), [common::ping(&[7; 125])]);
    }
}

#[test]
fn a_message_of_a_pair_takes_no_memory_where_room_was_made_for_it() {
    let mut pair = Pair::new(PairConfig::default());
    pair.accept(End::First, Accept::default()).unwrap();
    for at in 0..100 {
        pair.reserve(End::First).unwrap();
        let (sent, heap) = measured(|| pair.send(End::First, at, 1));
        assert_eq!((sent, heap.calls), (Ok(Sent::Queued), 0), "{at}");
    }
}

#[test]
fn memory_for_a_message_in_parts_is_kept_for_the_next_over_a_period() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let half = vec![1; 50_000];
        let parts = [frame(0x02, &half), frame(0x80, &half)].concat();
        let parts = to(role, &parts);
        let mut bytes = parts.clone();
        for second in 0..3 {
            bytes.copy_from_slice(&parts);
            let (events, heap) = measured(|| read(&mut conn, &mut bytes));
            assert_eq!(events, 1);
            assert!(second == 0 || heap.calls == 0, "{role:?} {heap:?}");
            assert_eq!(read(&mut conn, &mut []), 0);
            drop(collect(&mut conn.handle_timeout(at(second))));
        }
    }
}

#[test]
fn half_a_message_is_given_back() {
    type End = fn(&mut Connection);
    let ends: [End; 4] = [
        |conn| drop(feed(conn, Way::Mutable, &hex("83 00"))),
        |conn| {
            let close = frame_to(conn.role(), 0x88, b"");
            feed(conn, Way::Mutable, &close);
        },
        |conn| drop(collect(&mut conn.receive_eof())),
        |_| {},
    ];
    for role in ROLES {
        for end in ends {
            let half = to(role, &frame(0x02, &vec![1; 100_000]));
            let mut last = true;
            let ((), heap) = measured(|| {
                for _ in 0..100 {
                    let mut conn = connection(role, Config::default());
                    let mut bytes = half.clone();
                    read(&mut conn, &mut bytes);
                    end(&mut conn);
                    last = conn.ready_state() == wspair::ReadyState::Open;
                    if !last {
                        let (before, ()) = (HEAP.get().live, drop(conn));
                        assert!(before - HEAP.get().live < 2000, "kept what it cannot finish");
                    }
                }
            });
            assert_eq!(heap.live, 0);
        }
    }
}

#[test]
fn pings_that_nobody_answers_are_bounded() {
    for role in ROLES {
        for looks in [false, true] {
            let mut conn = connection(role, Config::default());
            let ping = frame_to(role, 0x89, &[b'x'; 125]);
            let mut bytes = ping.clone();
            let ((), heap) = measured(|| {
                for _ in 0..5000 {
                    bytes.copy_from_slice(&ping);
                    assert_eq!(read(&mut conn, &mut bytes), 1);
                    if looks {
                        conn.transmit().chunk();
                    }
                }
            });
            assert!(heap.peak <= 16 << 10, "G-07: {role:?} {looks} {heap:?}");
        }
    }
}

/// L-06.
#[test]
fn a_peer_that_reads_nothing_costs_what_is_queued() {
    for role in ROLES {
        for len in [1, 100, 4096, 60_000] {
            let config = config(|config| config.limits.max_outgoing = 1 << 20);
            let mut conn = connection(role, config);
            let message = frame_to(role, 0x82, &vec![7; len]);
            let ping = frame_to(role, 0x89, &[0; 125]);
            let mut bytes = [message, ping].concat();
            let original = bytes.clone();
            let (refused, heap) = measured(|| {
                (0..1_000_000).find(|_| {
                    bytes.copy_from_slice(&original);
                    let mut received = conn.receive(&mut bytes);
                    let mut refused = false;
                    while let Some((event, mut sender)) = received.next_and_sender() {
                        if let Event::Binary(data) = event {
                            let full = sender.send_binary(&*data);
                            refused = matches!(full, Err(SendError::Backpressure { .. }));
                        }
                    }
                    refused
                })
            });
            assert!(refused.is_some());
            assert!(heap.peak <= 2 << 20, "{role:?} {len} {heap:?}");
        }
    }
}

#[test]
fn a_flood_that_is_not_read_costs_nothing() {
    let flood = frame(0x81, b"x").repeat(100_000);
    let mut conn = connection(Role::Client, Config::default());
    let mut bytes = flood.clone();
    let ((), heap) = measured(|| {
        for _ in 0..100 {
            assert_eq!(conn.receive(&mut bytes).consumed(), 0);
        }
        let _ = conn.receive_ref(&bytes).next();
    });
    assert_eq!(heap, Heap::default());
    assert!(bytes == flood);
}
