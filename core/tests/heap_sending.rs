//! What sending takes of the heap: nothing while it goes on as before, and what a long message
//! needed is kept for the next, but not for ever.

mod common;
#[path = "common/heap.rs"]
mod heap;

use std::time::Duration;

use bytes::Bytes;
use common::deflate::{deflating, noise, params, unshared};
use common::*;
use heap::{HEAP, measured};
use wspair::{Config, Connection, Instant, Kind, Prepared, Role};

static DATA: [u8; 100_000] = [7; 100_000];

/// Writes all that waits, in the way of one kind of host.
type Host = fn(&mut Connection, &mut Vec<u8>);

const HOSTS: [(&str, Host); 4] = [
    ("at once", |conn, out| conn.transmit().drain_into(out)),
    ("to a writer", |conn, out| _ = conn.transmit().write_to(out).unwrap()),
    ("chunk by chunk", |conn, out| by_chunks(conn, out, usize::MAX)),
    ("never to the end", |conn, out| by_chunks(conn, out, conn.buffered_amount() - 1)),
];

fn by_chunks(conn: &mut Connection, out: &mut Vec<u8>, mut most: usize) {
    while conn.wants_write() && most > 0 {
        let mut transmit = conn.transmit();
        let chunk = transmit.chunk();
        let len = chunk.len().min(most);
        out.extend_from_slice(&chunk[..len]);
        transmit.advance(len);
        most -= len;
    }
}

#[test]
fn what_is_sent_as_before_takes_no_allocation() {
    type Burst = fn(&mut Connection, &Bytes, &Prepared);
    let bursts: [(&str, Burst); 7] = [
        ("a small message", |conn, _, _| conn.send_text("text").unwrap()),
        ("many small ones", |conn, data, _| {
            (0..700).for_each(|_| conn.send_binary(&data[..125]).unwrap());
        }),
        ("fragments and control frames", |conn, data, _| {
            conn.send_fragment(Kind::Binary, &data[..300], false).unwrap();
            conn.send_ping(b"ping").unwrap();
            conn.send_fragment(Kind::Binary, &data[..300], true).unwrap();
        }),
        ("long ones", |conn, data, _| {
            (0..40).for_each(|_| conn.send_binary(&data[..16_000]).unwrap());
        }),
        ("a very long one", |conn, data, _| conn.send_binary(&data[..]).unwrap()),
        ("shared ones", |conn, data, _| {
            (0..100).for_each(|_| conn.send_binary(data.slice(..5000)).unwrap());
        }),
        ("prepared ones", |conn, _, news| {
            (0..100).for_each(|_| conn.send_prepared(news).unwrap());
        }),
    ];
    // Slices of it take no allocation once it is known to be shared.
    let data = Bytes::from(vec![7; 1 << 20]);
    let _shared = data.clone();
    let news = Prepared::binary(&data[..5000]);
    for role in ROLES {
        for (host, write) in HOSTS {
            for (name, burst) in bursts {
                let mut conn = connection(role, Config::default());
                let mut out = Vec::with_capacity(4 << 20);
                let mut round = || {
                    burst(&mut conn, &data, &news);
                    out.clear();
                    write(&mut conn, &mut out);
                };
                let rounds = if name.contains("long") { 8 } else { 200 };
                (0..rounds).for_each(|_| round());
                let ((), heap) = measured(|| (0..rounds).for_each(|_| round()));
                assert_eq!(heap.calls, 0, "{role:?}: {name}, written {host}: {heap:?}");
            }
        }
    }
}

/// What a connection holds after long bursts and then so many told times and small messages.
fn left(role: Role, burst: fn(&mut Connection), times: u64, small: usize) -> usize {
    let mut out = Vec::with_capacity(64 << 20);
    let before = HEAP.get().live;
    let mut conn = connection(role, Config::default());
    for _ in 0..2 {
        burst(&mut conn);
        out.clear();
        conn.transmit().drain_into(&mut out);
    }
    for second in 0..times {
        drop(collect(&mut conn.handle_timeout(Instant::from(Duration::from_secs(second)))));
    }
    for _ in 0..small {
        conn.send_text("small").unwrap();
        out.clear();
        conn.transmit().drain_into(&mut out);
    }
    let live = HEAP.get().live - before;
    conn.shrink_to_fit();
    // The configuration, and the state of a client's keys.
    assert!(HEAP.get().live - before <= 1000, "shrinking gives back all");
    live
}

#[test]
fn memory_for_long_bursts_decays() {
    let bursts: [fn(&mut Connection); 3] = [
        |conn| conn.send_binary(vec![1; 1 << 20].as_slice()).unwrap(),
        |conn| (0..16).for_each(|_| conn.send_binary(vec![2; 60_000].as_slice()).unwrap()),
        |conn| (0..8000).for_each(|_| conn.send_binary(&[3; 120]).unwrap()),
    ];
    for role in ROLES {
        for (at, burst) in bursts.into_iter().enumerate() {
            let kept = left(role, burst, 0, 0);
            assert!((800_000..1_500_000).contains(&kept), "{role:?} {at}: {kept}");
            // The first time ends the period in which it was needed.
            let all = left(role, burst, 1, 0);
            assert_eq!(all, kept, "{role:?} {at}");
            let half = left(role, burst, 2, 0);
            assert!(half <= kept / 2 + 4096, "{role:?} {at}: {half} of {kept}");
            let quarter = left(role, burst, 3, 0);
            assert!(quarter <= kept / 4 + 4096, "{role:?} {at}: {quarter} of {kept}");
            if at > 0 {
                // It lies in blocks of 64 KiB.
                assert!(half >= kept / 2 - (130 << 10), "{role:?} {at}: {half} of {kept}");
                assert!(quarter >= kept / 4 - (130 << 10), "{role:?} {at}: {quarter} of {kept}");
            }
            let nothing = left(role, burst, 4, 0);
            assert!(nothing <= 4096, "{role:?} {at}: {nothing}");
            let small = left(role, burst, 0, 300);
            assert!(small <= 4096, "{role:?} {at}: {small}");
        }
    }
}

#[test]
fn memory_for_many_shared_messages_decays() {
    static SHORT: [u8; 4096] = [9; 4096];
    let burst: fn(&mut Connection) = |conn| {
        (0..4000).for_each(|_| conn.send_binary(Bytes::from_static(&SHORT)).unwrap());
    };
    let kept = left(Role::Server, burst, 0, 0);
    assert!((100_000..1_000_000).contains(&kept), "{kept}");
    let nothing = left(Role::Server, burst, 4, 0);
    assert!(nothing <= 4096, "{nothing}");
}

#[test]
fn a_backlog_leaves_two_mebibytes_at_most() {
    for role in ROLES {
        // Places for messages count too.
        let mixed: fn(&mut Connection) = |conn| {
            (0..3000).for_each(|_| conn.send_binary(Bytes::from_static(&[9; 4096])).unwrap());
            (0..50).for_each(|_| conn.send_binary(vec![2; 60_000].as_slice()).unwrap());
        };
        let kept = left(role, mixed, 0, 0);
        assert!(kept <= 2 << 20 | 100 << 10, "{kept}");
        let burst: fn(&mut Connection) = |conn| {
            (0..200).for_each(|_| conn.send_binary(vec![2; 60_000].as_slice()).unwrap());
        };
        let kept = left(role, burst, 0, 0);
        assert!(kept <= 2 << 20 | 100 << 10, "{kept}");
        let one: fn(&mut Connection) =
            |conn| conn.send_binary(vec![2; 8 << 20].as_slice()).unwrap();
        assert!(left(role, one, 0, 0) <= 4096);
    }
}

#[test]
fn memory_for_long_bursts_decays_while_a_few_messages_wait_now_and_then() {
    let mut conn = connection(Role::Server, config(|config| config.share_from = 50));
    let mut out = Vec::with_capacity(4 << 20);
    let before = HEAP.get().live;
    (0..20).for_each(|_| conn.send_binary(vec![2; 60_000].as_slice()).unwrap());
    conn.transmit().drain_into(&mut out);
    for second in 0..5 {
        conn.send_binary(Bytes::from_static(&[7; 100])).unwrap();
        conn.send_binary(&[7; 20]).unwrap();
        drop(collect(&mut conn.handle_timeout(at(second))));
        out.clear();
        conn.transmit().drain_into(&mut out);
    }
    let left = HEAP.get().live - before;
    // A block, as something always waits when time is told.
    assert!(left <= 80 << 10, "{left}");
}

#[test]
fn memory_for_a_burst_decays_while_shorter_messages_go_on() {
    for role in ROLES {
        let before = HEAP.get().live;
        let mut conn = connection(role, Config::default());
        let mut out = Vec::with_capacity(1 << 20);
        let held = HEAP.get().live;
        conn.send_binary(&DATA[..60_000]).unwrap();
        conn.transmit().drain_into(&mut out);
        for second in 0..6 {
            conn.send_binary(&DATA[..3000]).unwrap();
            out.clear();
            conn.transmit().drain_into(&mut out);
            drop(collect(&mut conn.handle_timeout(at(second))));
        }
        let left = HEAP.get().live - held;
        assert!(left <= 8 << 10, "{role:?} {left} of {}", held - before);
    }
}

#[test]
fn what_waits_for_longer_than_a_period_is_needed_still() {
    let mut conn = connection(Role::Server, config(|config| config.share_from = 50));
    let mut out = Vec::with_capacity(4 << 20);
    for second in 0..6 {
        let before = HEAP.get().calls;
        (0..20).for_each(|_| conn.send_binary(&DATA[..60_000]).unwrap());
        let calls = HEAP.get().calls - before;
        assert!(second < 2 || calls <= 2, "{second}: {calls}");
        drop(collect(&mut conn.handle_timeout(at(2 * second))));
        // Its first part was written, and more comes behind it.
        conn.transmit().advance(130_000);
        conn.send_binary(Bytes::from_static(&[7; 100])).unwrap();
        out.clear();
        conn.transmit().drain_into(&mut out);
        drop(collect(&mut conn.handle_timeout(at(2 * second + 1))));
    }
}

#[test]
fn what_is_short_is_taken_out_without_the_block_it_lies_in() {
    let (taken, heap) = measured(|| {
        let mut conn = connection(Role::Server, Config::default());
        (0..30).for_each(|_| conn.send_binary(&DATA[..1000]).unwrap());
        conn.transmit().advance(usize::MAX);
        conn.send_text("short").unwrap();
        conn.transmit().take_chunk().unwrap()
    });
    assert_eq!(taken, b"\x81\x05short"[..]);
    assert!(heap.live <= 200, "{heap:?}");
}

#[test]
fn taking_out_a_block_leaves_the_one_that_is_being_filled() {
    let mut conn = connection(Role::Server, Config::default());
    (0..2).for_each(|_| conn.send_binary(&DATA[..60_000]).unwrap());
    assert!(conn.transmit().take_chunk().unwrap().len() > 60_000);
    let ((), heap) = measured(|| conn.send_text("more").unwrap());
    assert_eq!(heap.calls, 0, "{heap:?}");
}

#[test]
fn a_frame_that_just_fits_takes_a_block_that_is_there() {
    let mut conn = connection(Role::Server, Config::default());
    let mut out = Vec::with_capacity(4 << 20);
    (0..20).for_each(|_| conn.send_binary(&DATA[..60_000]).unwrap());
    conn.transmit().drain_into(&mut out);
    conn.send_text("begun").unwrap();
    conn.transmit().chunk();
    // With the longest header it is 64 KiB.
    let ((), heap) = measured(|| conn.send_binary(&DATA[..(64 << 10) - 14]).unwrap());
    assert_eq!(heap.calls, 0, "{heap:?}");
}

#[test]
fn what_a_writer_takes_whole_leaves_nothing_behind() {
    let mut conn = connection(Role::Server, Config::default());
    let mut out = Vec::with_capacity(1 << 20);
    let data = Bytes::from_static(&DATA);
    let (written, heap) = measured(|| conn.write_binary(data, &mut out).unwrap().unwrap());
    assert_eq!((written, heap.calls), (100_010, 0), "{heap:?}");
    let (written, heap) = measured(|| conn.write_binary(&[7; 5000], &mut out).unwrap().unwrap());
    assert_eq!((written, heap.calls), (5004, 0), "{heap:?}");
}

#[test]
fn a_message_that_is_split_takes_memory_for_what_is_copied_of_it() {
    static LONG: [u8; (1 << 20) + 3000] = [7; (1 << 20) + 3000];
    let mut conn = connection(Role::Server, config(|config| config.split_above = Some(64 << 10)));
    let ((), heap) = measured(|| conn.send_binary(Bytes::from_static(&LONG)).unwrap());
    // The headers, the last part, and a place for each part.
    assert!(heap.peak <= 8 << 10, "{heap:?}");
}

/// As for a host that never looks.
#[test]
fn a_host_that_looks_while_nothing_is_written_costs_what_is_queued() {
    for role in ROLES {
        for len in [1, 16, 100, 4096, 60_000] {
            let config = config(|config| config.limits.max_outgoing = 1 << 20);
            let mut conn = connection(role, config);
            let data = vec![7; len];
            let ((), heap) = measured(|| {
                while conn.send_binary(data.as_slice()).is_ok() {
                    conn.transmit().slices(&mut [&b""[..]; 16]);
                }
            });
            assert!(heap.peak <= 2 << 20, "{role:?} {len} {heap:?}");
            assert!(heap.calls <= 100, "{role:?} {len} {heap:?}");
        }
    }
}

#[test]
fn a_prepared_message_takes_the_memory_of_its_frame_and_no_more() {
    let data = noise(100_000, 1);
    let (_prepared, heap) = measured(|| Prepared::try_binary(&data).unwrap());
    assert!(heap.peak <= data.len() + 500 && heap.calls <= 4, "{heap:?}");

    // Its compressed form, beside it: made once, with a compressor for the time being.
    let half = [&data[..50_000], &vec![0; 50_000]].concat();
    let prepared = Prepared::binary(&half);
    let mut conn = deflating(Role::Server, unshared(|_| {}), params(15, true));
    let ((), heap) = measured(|| conn.send_prepared(&prepared).unwrap());
    assert!((50_000..60_000).contains(&heap.live), "{heap:?}");
    assert!(heap.peak <= 600_000, "{heap:?}");
}
