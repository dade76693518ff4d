//! Work grows as the input does: no parser starts over, nothing is searched for each of its parts.
//!
//! Eight times the input may take three times as long as that, in processor time, in the quickest of
//! many runs. Where something starts over it takes 64 times as long.

mod common;

use std::time::Duration;

use common::deflate::{deflating, json, noise, params};
use common::*;
use cpu_time::ThreadTime;
use wspair::handshake::{
    Bootstrap, ClientHandshake, ClientRequest, DeflatePolicy, Fields, HeadLimits, Origins, Policy,
    Request, ServerHandshake, ServerProgress,
};
use wspair::pair::{Accept, Sent};
use wspair::{
    Config, Connection, Delivery, End, Kind, Limits, Pair, PairConfig, Role, TransportAction,
};

/// Prepares an input of a size, and returns what is done with it.
type Case = fn(usize) -> Box<dyn FnMut()>;

/// The case at a size and at eight times that: whether it ever takes less than 24 times as long.
fn grows_with_its_input(case: Case, size: usize) -> Result<(), f64> {
    let [mut small, mut large] = [Duration::MAX; 2];
    let mut ratio = f64::MAX;
    for _ in 0..20 {
        small = small.min(quickest(case, size));
        large = large.min(quickest(case, 8 * size));
        ratio = large.as_secs_f64() / small.as_secs_f64();
        if ratio < 24.0 {
            return Ok(());
        }
    }
    Err(ratio)
}

fn quickest(case: Case, size: usize) -> Duration {
    let once = || {
        let mut run = case(size);
        let began = ThreadTime::now();
        run();
        began.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

fn check(cases: &[(&str, usize, Case)]) {
    for (what, size, case) in cases {
        if let Err(ratio) = grows_with_its_input(*case, *size) {
            panic!("{what}: eight times the input takes {ratio:.0} times as long");
        }
    }
}

fn endless() -> HeadLimits {
    let limits = HeadLimits::default().with_max_head(HeadLimits::UNLIMITED);
    limits.with_max_line(HeadLimits::UNLIMITED).with_max_fields(HeadLimits::UNLIMITED)
}

fn head(more: &str) -> Vec<u8> {
    format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    )
    .into_bytes()
}

fn request(more: String) -> Box<dyn FnMut()> {
    let head = head(&more);
    Box::new(move || {
        let mut handshake = ServerHandshake::new(endless());
        let (_, ServerProgress::Request(request)) = handshake.receive(&head) else {
            panic!("refused");
        };
        let mut policy = Policy::default().with_deflate(DeflatePolicy::default());
        policy.origins = Some(Origins::new(["https://example.org"]).unwrap().missing(true));
        request.accept(&policy, request.choose_subprotocol(&["of nobody"])).unwrap();
    })
}

#[test]
fn a_handshake_is_read_once() {
    check(&[
        ("a head of long fields", 2_000, |n| request(format!("X: {}\r\n", "x".repeat(n)))),
        ("many fields", 300, |n| {
            let lines: Vec<_> = (0..n).map(|at| format!("X-{at}: x\r\n")).collect();
            request(lines.concat())
        }),
        ("one field many times", 300, |n| request("X: x\r\n".repeat(n))),
        ("extensions", 300, |n| {
            request(format!("Sec-WebSocket-Extensions: {}x\r\n", "x;a=\"b\", ".repeat(n)))
        }),
        ("extensions, one a line", 300, |n| request("Sec-WebSocket-Extensions: x\r\n".repeat(n))),
        ("parameters", 300, |n| {
            let list = "; server_max_window_bits=10".repeat(n);
            request(format!("Sec-WebSocket-Extensions: permessage-deflate{list}\r\n"))
        }),
        ("commas", 1_000, |n| request(format!("Connection: {}Upgrade\r\n", ",".repeat(n)))),
        ("a head, byte by byte", 1_000, |n| {
            let head = head(&format!("X: {}\r\n", "x".repeat(n)));
            Box::new(move || {
                let mut handshake = ServerHandshake::new(endless());
                head.iter().for_each(|byte| _ = handshake.receive(&[*byte]));
                assert!(matches!(handshake.progress(), ServerProgress::Request(_)));
            })
        }),
        ("lines, byte by byte", 300, |n| {
            let head = head(&"X: x\r\n".repeat(n));
            Box::new(move || {
                let mut handshake = ServerHandshake::new(endless());
                head.iter().for_each(|byte| _ = handshake.receive(&[*byte]));
                assert!(matches!(handshake.progress(), ServerProgress::Request(_)));
            })
        }),
        ("an answer, byte by byte", 1_000, |n| {
            let request = ClientRequest::new("ws://h/").unwrap();
            let answer = format!("HTTP/1.1 101 X\r\nX: {}\r\n\r\n", "x".repeat(n));
            Box::new(move || {
                let mut out = Vec::new();
                let mut handshake =
                    ClientHandshake::with_limits(&request, [7; 16], endless(), &mut out);
                answer.bytes().for_each(|byte| _ = handshake.receive(&[byte]));
            })
        }),
        ("fields of another HTTP", 300, |n| {
            Box::new(move || {
                let usual = [(":method", &b"CONNECT"[..]), (":protocol", b"websocket")];
                let many = (0..n).map(|_| ("x", &b"x"[..]));
                let fields: Fields<'_> = usual.into_iter().chain(many).collect();
                let _ = Request::from_pseudo_fields(fields.clone());
                let _ = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields);
            })
        }),
    ]);
}

fn server(set: impl FnOnce(&mut Config)) -> Connection {
    let mut config = config(set);
    config.limits.max_message = Limits::UNLIMITED;
    config.limits.max_fragments = u32::MAX;
    config.limits.max_outgoing = Limits::UNLIMITED;
    connection(Role::Server, config)
}

/// Feeds so many bytes at a time by each door, all of them when it is 0.
fn feeding(conn: fn() -> Connection, frames: Vec<u8>, step: usize) -> Box<dyn FnMut()> {
    let step = if step == 0 { frames.len().max(1) } else { step };
    Box::new(move || {
        for door in DOORS {
            let mut conn = conn();
            for piece in frames.chunks(step) {
                feed(&mut conn, door, piece);
            }
            assert!(conn.transport() == TransportAction::Open);
        }
    })
}

fn fragments(n: usize, part: &[u8]) -> Vec<u8> {
    let first = frame_to(Role::Server, 0x01, part);
    let more = frame_to(Role::Server, 0x00, part);
    [first, more.repeat(n), frame_to(Role::Server, 0x80, b"")].concat()
}

#[test]
fn received_bytes_are_looked_at_once() {
    check(&[
        ("frames", 300, |n| {
            feeding(|| server(|_| {}), frame_to(Role::Server, 0x81, b"hello").repeat(n), 0)
        }),
        ("frames, byte by byte", 60, |n| {
            feeding(|| server(|_| {}), frame_to(Role::Server, 0x82, b"hello").repeat(n), 1)
        }),
        ("a message, byte by byte", 1_000, |n| {
            feeding(|| server(|_| {}), frame_to(Role::Server, 0x82, &vec![7; n]), 1)
        }),
        ("a text, byte by byte", 1_000, |n| {
            feeding(|| server(|_| {}), frame_to(Role::Server, 0x81, "é".repeat(n).as_bytes()), 1)
        }),
        ("a text in fragments", 300, |n| {
            feeding(|| server(|_| {}), fragments(n, "é€".as_bytes()), 3)
        }),
        ("empty fragments", 300, |n| feeding(|| server(|_| {}), fragments(n, b""), 0)),
        ("chunks", 300, |n| {
            feeding(
                || server(|config| config.delivery = Delivery::Chunks),
                fragments(n, b"chunk"),
                2,
            )
        }),
        ("pings that nobody takes the answers of", 300, |n| {
            feeding(|| server(|_| {}), frame_to(Role::Server, 0x89, &[1; 100]).repeat(n), 0)
        }),
        ("compressed text, in pieces", 1_000, |n| {
            let mut peer = deflating(Role::Client, Config::default(), params(15, true));
            peer.send_text(json(20 * n, 1)).unwrap();
            peer.send_binary(noise(n, 2)).unwrap();
            let mut frames = Vec::new();
            peer.transmit().drain_into(&mut frames);
            let conn = || deflating(Role::Server, Config::default(), params(15, true));
            feeding(conn, frames, 7)
        }),
    ]);
}

/// Queues small and shared messages, and takes them out in some way.
fn sending(n: usize, mut take: impl FnMut(&mut Connection) + 'static) -> Box<dyn FnMut()> {
    Box::new(move || {
        let mut conn = server(|config| config.share_from = 50);
        for at in 0..n {
            conn.send_binary(vec![1; if at % 2 == 0 { 20 } else { 100 }]).unwrap();
        }
        while conn.wants_write() {
            take(&mut conn);
        }
    })
}

#[test]
fn what_is_sent_is_moved_once() {
    check(&[
        ("messages, written byte by byte", 60, |n| sending(n, |conn| conn.transmit().advance(1))),
        ("messages, in slices", 300, |n| {
            sending(n, |conn| {
                let mut slices = [&b""[..]; 16];
                let mut out = conn.transmit();
                let count = out.slices(&mut slices);
                let len = slices[..count].iter().map(|slice| slice.len()).sum::<usize>();
                out.advance(len / 2 + 1);
            })
        }),
        ("messages, taken out", 300, |n| sending(n, |conn| drop(conn.transmit().take_chunk()))),
        ("messages, moved out", 300, |n| {
            sending(n, |conn| _ = conn.transmit().drain_to(&mut [0; 100]))
        }),
        ("a message that is split", 300, |n| {
            Box::new(move || {
                let mut conn = server(|config| config.split_above = Some(10));
                conn.send_binary(vec![1; 10 * n]).unwrap();
                conn.transmit().drain_into(&mut Vec::new());
            })
        }),
        ("fragments", 300, |n| {
            Box::new(move || {
                let mut conn = server(|_| {});
                (0..n).for_each(|_| conn.send_fragment(Kind::Text, b"part", false).unwrap());
                conn.transmit().drain_into(&mut Vec::new());
            })
        }),
    ]);
}

#[test]
fn a_pair_moves_each_message_once() {
    check(&[("messages of a pair", 200, |n| {
        Box::new(move || {
            let mut pair = Pair::new(PairConfig::default());
            pair.accept(End::First, Accept::default()).unwrap();
            pair.accept(End::Second, Accept::default()).unwrap();
            for at in 0..n {
                assert_eq!(pair.send(End::First, at, 1), Ok(Sent::Queued));
            }
            let mut taken = 0;
            while pair.poll_event(End::Second).is_some() {
                pair.event_done(End::Second);
                taken += 1;
            }
            assert_eq!(taken, n);
        })
    })]);
}

#[test]
fn an_address_is_read_once() {
    check(&[
        ("a long address", 2_000, |n| {
            let address = format!("ws://h/{}?{}", "a".repeat(n), "%41".repeat(n));
            Box::new(move || _ = ClientRequest::new(&address).unwrap())
        }),
        ("a long host", 2_000, |n| {
            let address = format!("ws://{}/", "a.".repeat(n));
            Box::new(move || _ = ClientRequest::new(&address))
        }),
    ]);
}

/// Something that starts over is seen.
#[test]
fn quadratic_work_would_be_told_apart() {
    let quadratic: Case = |n| {
        let bytes = vec![1_u8; n];
        Box::new(move || {
            for at in 0..bytes.len() {
                assert!(bytes[..at].iter().all(|byte| *byte == 1));
            }
        })
    };
    assert!(grows_with_its_input(quadratic, 300).is_err());
}
