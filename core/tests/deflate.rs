//! Compressed messages as they arrive (RFC 7692 6.2, 7.2.2): rows K of `rows.txt`.
#![cfg(feature = "deflate")]

mod common;

use common::deflate::*;
use common::*;
use wspair::handshake::DeflateParams;
use wspair::{Config, Delivery, Kind, ProtocolError, Role};

const DELIVERIES: [Delivery; 2] = [Delivery::Messages, Delivery::Chunks];

/// What is told of these pieces, the chunks of a message joined; those of one that fails left out.
fn told(
    role: Role,
    way: Way,
    config: &Config,
    params: DeflateParams,
    pieces: &[&[u8]],
) -> Vec<OwnedEvent> {
    let mut conn = deflating(role, config.clone(), params);
    let (mut told, mut open) = (Vec::new(), Vec::new());
    for event in pieces.iter().flat_map(|piece| feed(&mut conn, way, piece)) {
        match event {
            OwnedEvent::Chunk { kind, data, first, last } => {
                assert!(data.len() <= 16 << 10, "{}", data.len());
                assert_eq!(first, open.is_empty());
                open.push(data);
                if last {
                    let data = std::mem::take(&mut open).concat();
                    told.push(match kind {
                        Kind::Text => text(std::str::from_utf8(&data).unwrap()),
                        Kind::Binary => binary(&data),
                    });
                }
            }
            event => told.push(event),
        }
    }
    told
}

/// Both roles tell the same of these frames by every way, in both deliveries, in every cut.
fn check_deflated(row: &str, params: DeflateParams, frames: &[u8], expected: &[OwnedEvent]) {
    for (role, delivery) in ROLES.into_iter().flat_map(|role| DELIVERIES.map(|each| (role, each))) {
        let config = config(|config| config.delivery = delivery);
        let bytes = to(role, frames);
        for (way, pieces) in
            WAYS.into_iter().flat_map(|way| cuts(&bytes).into_iter().map(move |cut| (way, cut)))
        {
            let told = told(role, way, &config, params, &pieces);
            let lens: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(told, expected, "{row} {role:?} {delivery:?} {way:?} {lens:?}");
        }
    }
}

/// The payload of one message, compressed.
fn deflated(data: &[u8]) -> Vec<u8> {
    let mut conn = deflating(Role::Server, Config::default(), params(15, true));
    conn.sender().with_compression(wspair::Compression::On).send_binary(data).unwrap();
    let [(0xc2, payload)] = &drain(&mut conn)[..] else { panic!("not compressed") };
    payload.clone()
}

#[test]
fn compressed_messages_are_told_inflated() {
    let hello = || text("Hello");
    let table: &[(&str, &str, &[OwnedEvent])] = &[
        ("K-01", "c1 07 f248cdc9c90700", &[hello()]),
        ("K-02", "81 05 48656c6c6f", &[hello()]),
        (
            "K-02",
            "c1 07 f248cdc9c90700 81 02 6869 c1 05 f200110000",
            &[hello(), text("hi"), hello()],
        ),
        ("K-06", "41 03 f248cd 80 04 c9c90700", &[hello()]),
        ("K-06", "41 00 00 00 00 07 f248cdc9c90700 80 00", &[hello()]),
        ("K-06", "42 01 f2 00 01 48 00 01 cd 80 04 c9c90700", &[binary(b"Hello")]),
        ("K-07", "41 03 f248cd 89 00 80 04 c9c90700", &[ping(b""), hello()]),
        (
            "K-07",
            "41 03 f248cd 8a 01 78 89 01 79 80 04 c9c90700",
            &[pong(b"x"), ping(b"y"), hello()],
        ),
        ("K-08", "c1 07 f248cdc9c90700 c1 05 f200110000", &[hello(), hello()]),
        ("K-10", "c1 0b 000500faff48656c6c6f00", &[hello()]),
        ("K-11", "c1 08 f348cdc9c9070000 c1 07 f248cdc9c90700", &[hello(), hello()]),
        ("K-11", "c1 07 f348cdc9c90700 c1 07 f248cdc9c90700", &[hello(), hello()]),
        ("K-11", "41 04 f348cdc9 00 02 c907 80 01 00 c1 01 00", &[hello(), text("")]),
        ("K-11", "c1 0e f348cdc9c90700 f348cdc9c90700", &[text("HelloHello")]),
        ("K-11", "c1 0e f348cdc9c90700 f248cdc9c90700", &[text("HelloHello")]),
        ("K-12", "c1 0d f24805000000ffffcac9c90700", &[hello()]),
        ("K-13", "c1 01 00 c1 07 f248cdc9c90700", &[text(""), hello()]),
        ("K-13", "c2 01 00", &[binary(b"")]),
        ("K-13", "c2 02 0300", &[binary(b"")]),
        ("K-14", "c1 00 c1 07 f248cdc9c90700", &[text(""), hello()]),
        ("K-14", "42 00 89 00 80 00", &[ping(b""), binary(b"")]),
    ];
    for (row, frames, expected) in table {
        check_deflated(row, params(15, true), &hex(frames), expected);
    }
    // The end of the last match, and of its block, is in a byte that was read for what came before.
    let copies = frame(0xc1, &hex("4b1c05a360148c8251300a00"));
    check_deflated("K-11", params(15, true), &copies, &[text(&"a".repeat(1549))]);
    // K-21: a little of it in every cut, more below.
    let blocks = [hex("00 0000ffff").repeat(5), hex("00")].concat();
    check_deflated("K-21", params(15, true), &frame(0xc1, &blocks), &[text("")]);
}

#[test]
fn broken_compressed_messages_fail() {
    let deflate = || fault(ProtocolError::Deflate);
    let reserved = || fault(ProtocolError::ReservedBits);
    let utf8 = || fault(ProtocolError::TextNotUtf8);
    let table: &[(&str, &str, &[OwnedEvent])] = &[
        ("K-03", "41 03 f248cd c0 04 c9c90700", &[reserved()]),
        ("K-04", "c9 00", &[reserved()]),
        ("K-04", "c8 02 03e8", &[reserved()]),
        ("K-04", "ca 00", &[reserved()]),
        ("K-05", "e1 07 f248cdc9c90700", &[reserved()]),
        ("K-05", "d1 07 f248cdc9c90700", &[reserved()]),
        ("K-15", "c1 01 07", &[deflate()]),
        ("K-15", "c1 0b 000500fafe48656c6c6f00", &[deflate()]),
        // A distance that goes before the start.
        ("K-15", "c1 05 f200110000", &[deflate()]),
        // Code lengths that are no code; too many of them.
        ("K-15", "c2 06 04 fe ff ff ff ff", &[deflate()]),
        ("K-15", "c2 04 fd ff ff ff", &[deflate()]),
        ("K-16", "c1 0c f348cdc9c9070000deadbeef", &[deflate()]),
        ("K-16", "c1 03 f248cd", &[deflate()]),
        ("K-16", "c1 05 000500faff", &[deflate()]),
        // The rest of a stored block would be what the receiver adds.
        ("K-16", "c1 09 000800f7ff48656c6c", &[deflate()]),
        ("K-16", "c2 05 000400fbff", &[deflate()]),
        ("K-16", "c2 05 000900f6ff", &[deflate()]),
        ("K-06", "41 03 f248cd 81 01 78", &[fault(ProtocolError::ExpectedContinuation)]),
        ("K-07", "41 03 f248cd 88 02 03e8", &[close(1000), clean(1000)]),
        ("K-20", "c1 7f 0000000100000000", &[fault(ProtocolError::MessageTooLong)]),
        ("K-20", "42 00 80 7f 7fffffffffffffff", &[fault(ProtocolError::MessageTooLong)]),
    ];
    for (row, frames, expected) in table {
        check_deflated(row, params(15, true), &hex(frames), expected);
    }
    for (bad, expected) in [(&b"\xff"[..], utf8()), (b"caf\xc3", utf8()), (b"\xed\xa0\x80", utf8())]
    {
        check_deflated("K-17", params(15, true), &frame(0xc1, &deflated(bad)), &[expected]);
        check_deflated("K-17", params(15, true), &frame(0xc2, &deflated(bad)), &[binary(bad)]);
    }
}

/// K-09.
#[test]
fn without_takeover_a_window_ends_with_its_message() {
    let frames = hex("c1 07 f248cdc9c90700 c1 05 f200110000");
    let failed = [text("Hello"), fault(ProtocolError::Deflate)];
    check_deflated("K-09", params(15, false), &frames, &failed);
}

/// Each side keeps to its own flag: what the server promised is what a client reads by.
#[test]
fn the_flags_go_by_direction() {
    let frames = hex("c1 07 f248cdc9c90700 c1 05 f200110000");
    let (good, bad) =
        ([text("Hello"), text("Hello")], [text("Hello"), fault(ProtocolError::Deflate)]);
    let mut server_alone = params(15, true);
    server_alone.server_no_context_takeover = true;
    for (role, expected) in [(Role::Client, &bad), (Role::Server, &good)] {
        let bytes = to(role, &frames);
        let told = told(role, Way::Mutable, &Config::default(), server_alone, &[&bytes]);
        assert_eq!(told, *expected, "K-09 {role:?}");
    }
}

/// I-08 with compression: a character may be split over blocks, frames and chunks.
#[test]
fn long_messages_are_told_the_same_for_every_size_of_piece() {
    let long = "ünïcödé 🌍 ".repeat(9000);
    let noise = noise(100_000, 3);
    let table = [
        (0xc1, deflated(long.as_bytes()), text(&long)),
        (0xc2, deflated(long.as_bytes()), binary(long.as_bytes())),
        (0xc2, deflated(&noise), binary(&noise)),
    ];
    for (first, payload, expected) in table {
        let third = payload.len() / 3;
        let split = [
            frame(first & 0x7f, &payload[..third]),
            hex("89 00"),
            frame(0x00, &payload[third..2 * third]),
            frame(0x80, &payload[2 * third..]),
        ];
        for (role, delivery) in
            ROLES.into_iter().flat_map(|role| DELIVERIES.map(|each| (role, each)))
        {
            let config = config(|config| config.delivery = delivery);
            let bytes = to(role, &split.concat());
            for (way, step) in WAYS
                .into_iter()
                .flat_map(|way| [61, 1021, 16_384, usize::MAX].map(|step| (way, step)))
            {
                let pieces: Vec<_> = bytes.chunks(step.min(bytes.len())).collect();
                let told = told(role, way, &config, params(15, true), &pieces);
                let same = told == [ping(b""), expected.clone()];
                assert!(same, "{role:?} {delivery:?} {way:?} {step}");
            }
        }
    }
}

/// A message that fills its limit to the byte is taken, one byte more is not.
#[test]
fn the_limit_holds_to_the_byte() {
    for (limit, len) in [
        (0, 0),
        (0, 1),
        (1, 1),
        (1, 2),
        (1000, 1000),
        (1000, 1001),
        (70_000, 70_000),
        (70_000, 70_001),
    ] {
        let data = vec![b'x'; len];
        let frames = frame(0xc1, &deflated(&data));
        for (role, delivery) in
            ROLES.into_iter().flat_map(|role| DELIVERIES.map(|each| (role, each)))
        {
            let config = config(|config| {
                config.delivery = delivery;
                config.limits.max_message = limit;
            });
            let bytes = to(role, &frames);
            for way in WAYS {
                for step in [1, bytes.len()] {
                    let pieces: Vec<_> = bytes.chunks(step).collect();
                    let told = told(role, way, &config, params(15, true), &pieces);
                    let expected = if len <= limit {
                        text(std::str::from_utf8(&data).unwrap())
                    } else {
                        fault(ProtocolError::MessageTooLong)
                    };
                    assert!(told == [expected], "{limit} {len} {role:?} {delivery:?} {way:?}");
                }
            }
        }
    }
}

/// The verdict does not depend on the cut: what came before a corrupt byte counts first.
#[test]
fn what_came_before_a_corrupt_byte_counts_first() {
    // 65 bytes, the last after a match, then a code that does not exist.
    let noise = hex("8d ff27e2ac");
    let mut stream = deflated(&[b'x'; 65]);
    stream.pop();
    for limit in 60..70 {
        for tail in [&hex("ff")[..], &noise, &hex("0007")] {
            for kind in [0xc1, 0xc2] {
                let payload = [&stream[..], tail].concat();
                let config = config(|config| config.limits.max_message = limit);
                let run = |pieces: &[&[u8]]| {
                    told(Role::Client, Way::Mutable, &config, params(15, true), pieces)
                };
                let bytes = frame(kind, &payload);
                let whole = run(&[&bytes]);
                for cut in cuts(&bytes) {
                    assert_eq!(run(&cut), whole, "{limit} {tail:?}");
                }
            }
        }
    }
}

#[test]
fn the_default_codec_is_there_and_tells_its_name() {
    assert!(wspair::deflate::DeflateConfig::default().has_codec());
    assert!(format!("{:?}", wspair::deflate::Zlib::default()).starts_with("Zlib"));
}
