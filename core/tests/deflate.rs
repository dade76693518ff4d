//! Compressed messages as they are on the wire: RFC 7692 6 and 7.2.
#![cfg(feature = "deflate")]

use std::sync::Arc;

use wspair::deflate::Zlib;
use wspair::handshake::DeflateParams;
use wspair::{Cause, Config, Connection, Delivery, Event, MaskKeys, Negotiated};

fn agreed(takeover: bool) -> Negotiated {
    let mut agreed = Negotiated::default();
    let mut params = DeflateParams::default();
    params.server_no_context_takeover = !takeover;
    params.client_no_context_takeover = !takeover;
    agreed.deflate = Some(params);
    agreed
}

fn client(config: Config, takeover: bool) -> Connection {
    Connection::client(config, agreed(takeover), MaskKeys::from_seed([7; 32]))
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digits = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// What a connection tells, in words.
fn tell(conn: &mut Connection, input: &[u8]) -> Vec<String> {
    let mut input = input.to_vec();
    let mut told = Vec::new();
    let mut received = conn.receive(&mut input);
    while let Some(event) = received.next() {
        told.push(match event {
            Event::Text(text) => format!("text {}", &*text),
            Event::Binary(data) => format!("binary {:?}", &*data),
            Event::Ping(data) => format!("ping {data:?}"),
            Event::Closed(closed) => match closed.cause {
                Cause::Peer(error) => format!("failed {}", error.close_code()),
                cause => format!("closed {cause:?}"),
            },
            other => format!("{other:?}"),
        });
    }
    told
}

#[test]
fn messages_of_the_checklist_inflate_the_same_for_every_cut() {
    let hello = "text Hello";
    let table: &[(&str, &str, &[&str])] = &[
        ("K-01", "c1 07 f248cdc9c90700", &[hello]),
        ("K-02", "81 05 48656c6c6f", &[hello]),
        ("K-03", "41 03 f248cd c0 04 c9c90700", &["failed 1002"]),
        ("K-04", "c9 00", &["failed 1002"]),
        ("K-04", "c8 02 03e8", &["failed 1002"]),
        ("K-05", "e1 07 f248cdc9c90700", &["failed 1002"]),
        ("K-06", "41 03 f248cd 80 04 c9c90700", &[hello]),
        ("K-07", "41 03 f248cd 89 00 80 04 c9c90700", &["ping []", hello]),
        ("K-08", "c1 07 f248cdc9c90700 c1 05 f200110000", &[hello, hello]),
        ("K-10", "c1 0b 000500faff48656c6c6f00", &[hello]),
        ("K-11", "c1 08 f348cdc9c9070000 c1 07 f248cdc9c90700", &[hello, hello]),
        ("K-12", "c1 0d f24805000000ffffcac9c90700", &[hello]),
        ("K-13", "c1 01 00", &["text "]),
        ("K-14", "c1 00", &["text "]),
        ("K-15", "c1 01 07", &["failed 1007"]),
        ("K-15", "c1 0b 000500fafe48656c6c6f00", &["failed 1007"]),
        ("K-16", "c1 0c f348cdc9c9070000deadbeef", &["failed 1007"]),
        ("K-16", "c1 03 f248cd", &["failed 1007"]),
    ];
    for (row, bytes, expected) in table {
        let bytes = hex(bytes);
        for cut in 0..=bytes.len() {
            let mut conn = client(Config::default(), true);
            let mut told = tell(&mut conn, &bytes[..cut]);
            told.extend(tell(&mut conn, &bytes[cut..]));
            assert_eq!(told, *expected, "{row} cut at {cut}");
        }
        let mut conn = client(Config::default(), true);
        let told: Vec<_> = bytes.iter().flat_map(|byte| tell(&mut conn, &[*byte])).collect();
        assert_eq!(told, *expected, "{row} byte by byte");
    }
}

#[test]
fn without_takeover_a_window_ends_with_its_message() {
    // K-09
    let mut conn = client(Config::default(), false);
    let told = tell(&mut conn, &hex("c1 07 f248cdc9c90700 c1 05 f200110000"));
    assert_eq!(told, ["text Hello", "failed 1007"]);
}

#[test]
fn what_is_sent_inflates_to_what_was_meant() {
    let mut config = Config::default();
    config.deflate.codec = Some(Arc::new(Zlib::with_stock(4)));
    for takeover in [true, false] {
        let mut server = Connection::server(config.clone(), agreed(takeover));
        let mut client = client(config.clone(), takeover);
        let long = "compressible ".repeat(5000);
        for text in [&long[..300], "", "short", &long, &long[..100]] {
            for server_sends in [true, false] {
                let (from, to) = if server_sends {
                    (&mut server, &mut client)
                } else {
                    (&mut client, &mut server)
                };
                from.send_text(text).unwrap();
                let mut wire = Vec::new();
                from.transmit().drain_into(&mut wire);
                assert!(text.len() < 64 || wire.len() < text.len(), "{}", wire.len());
                assert_eq!(tell(to, &wire), [format!("text {text}")]);
            }
        }
    }
}

#[test]
fn a_bomb_ends_at_the_limit() {
    // K-18, K-19
    let mut config = Config::default();
    config.limits.max_message = 64 << 10;
    let mut server = Connection::server(Config::default(), agreed(true));
    server.send_binary(vec![0; 1 << 20]).unwrap();
    let mut wire = Vec::new();
    server.transmit().drain_into(&mut wire);
    for delivery in [Delivery::Messages, Delivery::Chunks] {
        config.delivery = delivery;
        let mut conn = client(config.clone(), true);
        let told = tell(&mut conn, &wire);
        assert_eq!(told.last().unwrap(), "failed 1009", "{delivery:?}");
    }
}

#[test]
fn chunks_of_a_compressed_message_make_the_message() {
    let mut config = Config::default();
    config.delivery = Delivery::Chunks;
    let text = "ünïcödé ".repeat(9000);
    let mut server = Connection::server(Config::default(), agreed(true));
    server.send_text(&text).unwrap();
    let mut wire = Vec::new();
    server.transmit().drain_into(&mut wire);
    for step in [1, 7, 4096, wire.len()] {
        let mut conn = client(config.clone(), true);
        let (mut got, mut ends, mut firsts) = (Vec::new(), 0, 0);
        for piece in wire.chunks(step) {
            let mut piece = piece.to_vec();
            let mut received = conn.receive(&mut piece);
            while let Some(event) = received.next() {
                let Event::Chunk(chunk) = event else { panic!("{event:?}") };
                assert!(chunk.data.len() <= 16 << 10);
                got.extend_from_slice(&chunk.data);
                firsts += usize::from(chunk.first);
                ends += usize::from(chunk.last);
            }
        }
        assert_eq!((got == text.as_bytes(), firsts, ends), (true, 1, 1));
    }
}
