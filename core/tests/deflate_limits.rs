//! Compression and the heap: K-18, K-19 and K-21 of `rows.txt`, and what is given back.
#![cfg(feature = "deflate")]

mod common;
#[path = "common/heap.rs"]
mod heap;

use std::sync::Arc;
use std::time::Duration;

use common::deflate::*;
use common::*;
use heap::{HEAP, Heap, measured};
use wspair::deflate::{Codec, CompressorParams, Zlib};
use wspair::{Compression, Connection, Delivery, Instant, Kind, Limits, ProtocolError, Role};

/// Zeros or letters, compressed: about a thousandth of their length.
fn bomb(len: usize, byte: u8) -> Vec<u8> {
    let config = unshared(|config| {
        config.deflate.level = 9;
        config.limits.max_outgoing = Limits::UNLIMITED;
    });
    let mut conn = deflating(Role::Server, config, params(15, true));
    let block = vec![byte; 1 << 20];
    for _ in 0..len >> 20 {
        conn.send_fragment(Kind::Binary, &block, false).unwrap();
    }
    messages_from(Role::Server, &output(&mut conn)).remove(0).1
}

/// Reads all events without keeping any, and tells the last.
fn last_event(conn: &mut Connection, bytes: &mut [u8]) -> Option<OwnedEvent> {
    let mut received = conn.receive(bytes);
    let mut last = None;
    while let Some(event) = received.next() {
        last = match event {
            wspair::Event::Chunk(_) => None,
            event => Some(event.into()),
        };
    }
    last
}

#[test]
fn a_compressed_message_may_be_an_eighth_longer_on_the_wire_and_no_more() {
    let config = unshared(|config| config.limits.max_message = 800);
    for role in ROLES {
        let header = if role == Role::Server { 8 } else { 4 };
        for (parts, good) in
            [(&[964_usize][..], true), (&[965], false), (&[500, 464], true), (&[500, 465], false)]
        {
            let mut conn = deflating(role, config.clone(), params(15, true));
            let mut last = None;
            for (at, &len) in parts.iter().enumerate() {
                // Blocks that hold nothing, as compressed data may; of the last part the header.
                let payload = [0, 0, 0, 0xff, 0xff].repeat(len.div_ceil(5));
                let first = if at == 0 { 0x42 } else { 0x00 };
                let mut bytes = frame_to(role, first, &payload[..len]);
                if at == parts.len() - 1 {
                    bytes.truncate(header);
                }
                last = last_event(&mut conn, &mut bytes);
            }
            let expected = (!good).then(|| fault(ProtocolError::MessageTooLong));
            assert_eq!(last, expected, "K-20: {role:?} {parts:?}");
        }
    }
}

/// However the bomb comes, it ends at the limit, with the limit's memory.
#[test]
fn a_bomb_takes_the_limit_and_little_more() {
    for byte in [0, b'x'] {
        let payload = bomb(64 << 20, byte);
        assert!(payload.len() <= 70 << 10, "{}", payload.len());
        let whole = frame(if byte == 0 { 0xc2 } else { 0xc1 }, &payload);
        let first = whole[0] & 0x7f;
        let part = |(at, part): (usize, &[u8])| frame(if at == 0 { first } else { 0x00 }, part);
        let parts = payload.chunks(50).enumerate().map(part).collect::<Vec<_>>().concat();
        for (limit, frames) in
            [64 << 10, 1 << 20].into_iter().flat_map(|limit| [(limit, &whole), (limit, &parts)])
        {
            for (role, delivery) in ROLES
                .into_iter()
                .flat_map(|role| [(role, Delivery::Messages), (role, Delivery::Chunks)])
            {
                let config = Arc::new(unshared(|config| {
                    config.limits.max_message = limit;
                    config.delivery = delivery;
                }));
                let mut bytes = to(role, frames);
                for step in [1000, bytes.len()] {
                    let mut conn = deflating(role, Arc::clone(&config), params(15, true));
                    let (end, heap) = measured(|| {
                        let mut ends =
                            bytes.chunks_mut(step).map(|piece| last_event(&mut conn, piece));
                        ends.find_map(|end| end)
                    });
                    let expected = Some(fault(ProtocolError::MessageTooLong));
                    assert_eq!(end, expected, "K-18, K-19");
                    let held = if delivery == Delivery::Chunks { 0 } else { limit };
                    // What a connection notes of a message in parts lies there too.
                    let held = held + 256;
                    assert!(heap.in_place <= held + (64 << 10), "{role:?} {delivery:?} {heap:?}");
                    assert!(heap.peak <= 2 * held + (64 << 10), "{role:?} {delivery:?} {heap:?}");
                    // Nothing is left of the inflater, and nothing follows.
                    assert!(heap.live <= 512, "{heap:?}");
                    bytes = to(role, frames);
                    assert_eq!(last_event(&mut conn, &mut bytes), None);
                    let reason = format!("message is over the limit of {limit} bytes");
                    let close = sent_close_saying(1009, &reason);
                    assert_eq!(drain(&mut conn), [close]);
                }
                bytes = to(role, frames);
            }
        }
    }
}

/// What comes behind the limit does not change the verdict.
#[test]
fn a_broken_block_behind_a_bomb_changes_nothing() {
    let config = unshared(|config| config.limits.max_message = 1000);
    let payload = [bomb(1 << 20, 0), vec![0xff; 100]].concat();
    for role in ROLES {
        let events = [fault(ProtocolError::MessageTooLong)];
        for way in WAYS {
            for step in [1, 7, payload.len() + 20] {
                let mut conn = deflating(role, config.clone(), params(15, true));
                let bytes = frame_to(role, 0xc2, &payload);
                let told: Vec<_> =
                    bytes.chunks(step).flat_map(|piece| feed(&mut conn, way, piece)).collect();
                assert_eq!(told, events);
                let reason = "message is over the limit of 1000 bytes";
                assert_eq!(drain(&mut conn), [sent_close_saying(1009, reason)]);
            }
        }
    }
}

/// A message that fills the limit is no bomb, and takes what one takes.
#[test]
fn a_message_at_the_limit_takes_no_more_than_a_bomb() {
    for limit in [64 << 10, 100_000, 1 << 20] {
        let config = Arc::new(unshared(|config| config.limits.max_message = limit));
        let mut sender = deflating(Role::Server, Arc::clone(&config), params(15, true));
        sender.send_binary(vec![7; limit]).unwrap();
        let mut wire = output(&mut sender);
        let mut conn = deflating(Role::Client, config, params(15, true));
        let (len, heap) = measured(|| match conn.receive(&mut wire).next() {
            Some(wspair::Event::Binary(data)) => data.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(len, limit);
        assert!(heap.in_place <= limit + (64 << 10), "{heap:?}");
        assert!(heap.peak <= 2 * limit + (64 << 10), "{heap:?}");
    }
}

/// K-21: blocks and blocks, and nothing comes out. Counted is what the heap is asked for, and the
/// input is long enough that anything but linear time shows.
#[test]
fn blocks_that_make_nothing_cost_their_length() {
    // Stored blocks; final ones; fixed ones, ten bits each.
    for (name, block) in [("stored", "000000ffff"), ("final", "0300"), ("fixed", "0208208000")] {
        let block = hex(block);
        let payload = block.repeat(200_000 / block.len());
        let payload = if name == "final" { payload } else { [&payload[..], &[0]].concat() };
        for (role, way) in ROLES.into_iter().flat_map(|role| WAYS.map(|way| (role, way))) {
            for step in [31, 5000, payload.len() + 20] {
                let mut conn = deflating(role, unshared(|_| {}), params(15, true));
                let bytes = frame_to(role, 0xc1, &payload);
                let (told, heap) = measured(|| {
                    bytes
                        .chunks(step)
                        .flat_map(|piece| feed(&mut conn, way, piece))
                        .collect::<Vec<_>>()
                });
                assert_eq!(told, [text("")], "{name}");
                assert!(heap.peak <= 3 * bytes.len() + (100 << 10), "{heap:?}");
            }
        }
    }
}

#[test]
fn half_a_compressed_message_is_given_back() {
    type End = fn(&mut Connection);
    let ends: [End; 5] = [
        |conn| drop(feed(conn, Way::Mutable, &hex("b3 80 00000000"))),
        |conn| {
            let close = frame_to(conn.role(), 0x88, b"");
            feed(conn, Way::Mutable, &close);
        },
        |conn| drop(collect(&mut conn.receive_eof())),
        Connection::abort,
        |_| {},
    ];
    let codec = Arc::new(Zlib::with_stock(2));
    let shared = Arc::new(unshared(|config| config.deflate.codec = Some(codec)));
    let data = noise(50_000, 8);
    for (role, takeover) in ROLES.into_iter().flat_map(|role| [(role, true), (role, false)]) {
        let mut sender = deflating(other(role), unshared(|_| {}), params(15, takeover));
        sender.send_fragment(Kind::Binary, &data, false).unwrap();
        let half = output(&mut sender);
        for end in ends {
            let run = || {
                let mut conn = deflating(role, Arc::clone(&shared), params(15, takeover));
                let mut bytes = half.clone();
                assert_eq!(last_event(&mut conn, &mut bytes), None);
                conn.send_fragment(Kind::Binary, &data, false).unwrap();
                end(&mut conn);
            };
            // The stock fills first.
            let ((), filled) = measured(run);
            let ((), heap) = measured(|| (0..100).for_each(|_| run()));
            assert_eq!(heap.live, 0, "{filled:?}");
        }
    }
}

/// The inflater is gone with the connection's end, though the connection stays.
#[test]
fn an_ended_connection_keeps_no_inflater() {
    for role in ROLES {
        let mut conn = deflating(role, unshared(|_| {}), params(15, true));
        feed(&mut conn, Way::Mutable, &frame_to(role, 0xc1, &hex("f248cdc9c90700")));
        let before = HEAP.get().live;
        feed(&mut conn, Way::Mutable, &frame_to(role, 0x88, b""));
        assert!(before - HEAP.get().live > 47_000);
    }
}

/// Sends a message there and back.
fn round_trip(server: &mut Connection, client: &mut Connection, data: &str) {
    for (from, to) in [(true, false), (false, true)] {
        let (from, to) = match (from, to) {
            (true, _) => (&mut *server, &mut *client),
            _ => (&mut *client, &mut *server),
        };
        from.send_text(data).unwrap();
        assert_eq!(feed(to, Way::Mutable, &output(from)), [text(data)]);
    }
}

/// What connections hold between messages.
#[test]
fn idle_connections_hold_what_they_need() {
    const CONNECTIONS: usize = 50;
    let message = json(200, 1);
    for (name, takeover, stock, most) in [
        ("takeover", true, 0, 180_000 + 50_000),
        ("no takeover", false, 0, 1500),
        ("no takeover, shared", false, 4, 1500),
    ] {
        let codec = Arc::new(Zlib::with_stock(stock));
        let shared = Arc::new(unshared(|config| config.deflate.codec = Some(codec)));
        let pair = || {
            let params = params(12, takeover);
            (
                deflating(Role::Server, Arc::clone(&shared), params),
                deflating(Role::Client, Arc::clone(&shared), params),
            )
        };
        // The stock fills first.
        let (mut server, mut client) = pair();
        round_trip(&mut server, &mut client, &message);
        let (mut pairs, idle) = measured(|| (0..CONNECTIONS).map(|_| pair()).collect::<Vec<_>>());
        let own = CONNECTIONS * size_of_val(&pairs[0]);
        let idle = (idle.live - own) / (2 * CONNECTIONS);
        assert!(idle <= 500, "{name}: {idle} bytes a connection before its first message");
        let ((), heap) = measured(|| {
            for (server, client) in &mut pairs {
                round_trip(server, client, &message);
            }
        });
        let active = heap.live / (2 * CONNECTIONS);
        assert!(active <= most, "{name}: {active} bytes a connection after a message");
        if stock > 0 {
            // Codecs were drawn from the stock and put back: what was asked for is small.
            assert!(heap.peak <= CONNECTIONS * 2 * 1500 + 2000, "{heap:?}");
        }
        let ((), heap) = measured(|| {
            for (server, client) in &mut pairs {
                server.shrink_to_fit();
                client.shrink_to_fit();
                // Both still understand each other.
                round_trip(server, client, &message);
            }
        });
        assert!(heap.live <= 10_000, "{heap:?}");
        let before = HEAP.get().live;
        pairs.iter_mut().for_each(|(server, client)| {
            server.shrink_to_fit();
            client.shrink_to_fit();
        });
        let given = (before - HEAP.get().live) / (2 * CONNECTIONS);
        assert!(!takeover || given > 160_000, "{given}");
    }
}

/// A codec that nobody's parameters ask for any more makes room for those that are in use.
#[test]
fn a_stock_is_not_blocked_by_codecs_that_nobody_needs() {
    let codec = Arc::new(Zlib::with_stock(2));
    let shared = Arc::new(unshared(|config| config.deflate.codec = Some(codec)));
    let send = |window| {
        let mut conn = deflating(Role::Server, Arc::clone(&shared), params(window, false));
        conn.send_text(json(200, 1)).unwrap();
    };
    (9..=15).for_each(send);
    for window in [9, 12] {
        let ((), first) = measured(|| send(window));
        let ((), second) = measured(|| send(window));
        assert!(first.peak > 100_000, "{window} {first:?}");
        assert!(second.peak < 2000, "{window} {second:?}");
        assert_eq!(second.live, 0, "{window} {second:?}");
    }
}

/// Without takeover not even an empty message leaves a codec behind.
#[test]
fn empty_messages_leave_no_codec() {
    for (role, frames) in ROLES.into_iter().flat_map(|role| {
        ["c1 00", "c1 01 00", "41 00 80 00", "c1 02 0300"].map(|each| (role, each))
    }) {
        let mut conn = deflating(role, unshared(|_| {}), params(15, false));
        let bytes = to(role, &hex(frames));
        let ((), heap) = measured(|| {
            assert_eq!(feed(&mut conn, Way::Mutable, &bytes), [text("")]);
            conn.sender().with_compression(Compression::On).send_text("").unwrap();
            conn.transmit().advance(usize::MAX);
            feed(&mut conn, Way::Mutable, b"");
        });
        assert!(heap.live <= 2000, "{frames} {heap:?}");
    }
}

/// Long messages leave no long buffers, however they are sent.
#[test]
fn the_memory_of_long_compressed_messages_is_given_back() {
    let data = noise(1 << 20, 5);
    for (role, takeover) in ROLES.into_iter().flat_map(|role| [(role, true), (role, false)]) {
        let shared = Arc::new(unshared(|config| config.limits.max_message = 2 << 20));
        let mut conn = deflating(role, Arc::clone(&shared), params(12, takeover));
        let mut sender = deflating(other(role), shared, params(12, takeover));
        sender.send_fragment(Kind::Binary, &data, true).unwrap();
        let mut wire = output(&mut sender);
        let ((), heap) = measured(|| {
            assert!(last_event(&mut conn, &mut wire).is_some());
            conn.send_binary(&data).unwrap();
            conn.transmit().advance(usize::MAX);
            conn.send_fragment(Kind::Binary, &data, false).unwrap();
            conn.send_fragment(Kind::Binary, &data, true).unwrap();
            conn.transmit().advance(usize::MAX);
            for second in 0..4 {
                let now = Instant::from(Duration::from_secs(second));
                assert!(conn.handle_timeout(now).next().is_none());
            }
        });
        let codecs = if takeover { 230_000 } else { 0 };
        assert!(heap.live <= codecs + (64 << 10), "{role:?} {takeover} {heap:?}");
        let ((), heap) = measured(|| {
            conn.shrink_to_fit();
            drop(conn);
        });
        assert_eq!(heap, Heap { calls: heap.calls, ..Heap::default() });
    }
}

#[test]
fn codecs_take_about_what_they_say() {
    let close = |heap: Heap, said: usize| heap.peak.abs_diff(said) <= said / 10;
    for (window_bits, mem_level) in [(9, 1), (9, 9), (12, 8), (15, 1), (15, 8), (15, 9)] {
        let params = CompressorParams { window_bits, level: 6, mem_level };
        let (mut compressor, made) = measured(|| Zlib::default().compressor(params));
        let said = Zlib::compressor_size(params);
        assert!(close(made, said), "{params:?} {made:?} {said}");
        let (mut compressed, mut inflated) = (Vec::new(), vec![0; 1000]);
        compressor.compress(&[b'x'; 1000], &mut compressed);
        let (mut decompressor, made) = measured(|| Zlib::default().decompressor(window_bits));
        assert!(close(made, Zlib::DECOMPRESSOR_SIZE), "{made:?}");
        let progress = decompressor.decompress(&compressed, &mut inflated).unwrap();
        assert_eq!((progress.made, &*inflated), (1000, &[b'x'; 1000][..]));
        // A block of a kind that there is not.
        assert!(decompressor.decompress(&[0x07], &mut inflated).is_err());
    }
}
