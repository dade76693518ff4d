//! Work grows as the input does: no parser starts over, nothing is searched for each of its parts.
//!
//! ```text
//! core/benches/linear.sh      # needs valgrind
//! ```
//!
//! Runs each case with an input of some size, and with one eight times as long. Callgrind counts the
//! instructions between [`counted`] and its return, and the script compares the two: what starts over
//! takes up to 64 times as many. The last case does so by intent, and has to be told apart.

use wspair::handshake::{
    Bootstrap, ClientHandshake, ClientRequest, DeflateParams, DeflatePolicy, Fields, HeadLimits,
    Origins, Policy, Request, ServerHandshake, ServerProgress,
};
use wspair::pair::{Accept, Sent};
use wspair::{
    Config, Connection, Delivery, End, Kind, Limits, MaskKeys, Negotiated, Pair, PairConfig,
    TransportAction,
};

/// Prepares an input of a size, and returns what is done with it.
type Case = fn(usize) -> Box<dyn FnMut()>;

fn main() {
    let groups: [fn() -> Vec<(&'static str, usize, Case)>; 6] =
        [handshakes, received, sent, pairs, addresses, on_purpose];
    for (what, size, case) in groups.into_iter().flat_map(|group| group()) {
        // Once before: what is set up at first use is not the case's.
        case(size)();
        for size in [size, 8 * size] {
            let mut run = case(size);
            counted(&mut *run);
        }
        println!("{what}");
    }
}

/// What the script has callgrind count, each call for itself.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    run();
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

/// A handshake is read once.
fn handshakes() -> Vec<(&'static str, usize, Case)> {
    vec![
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
    ]
}

fn server(set: impl FnOnce(&mut Config)) -> Connection {
    Connection::server(unlimited(set), Negotiated::default())
}

fn unlimited(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.limits.max_message = Limits::UNLIMITED;
    config.limits.max_fragments = u32::MAX;
    config.limits.max_outgoing = Limits::UNLIMITED;
    set(&mut config);
    config
}

/// Both sides compress, and keep their contexts.
fn deflating() -> Negotiated {
    let mut agreed = Negotiated::default();
    agreed.deflate = Some(DeflateParams::default());
    agreed
}

/// A frame with a mask of zero, so that its payload can be read here.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len @ 126..=0xffff => {
            frame.push(0xfe);
            frame.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            frame.push(0xff);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Feeds so many bytes at a time, all of them when it is 0: to be changed, as they are, and through
/// the connection's own buffer.
fn feeding(conn: fn() -> Connection, frames: Vec<u8>, step: usize) -> Box<dyn FnMut()> {
    let step = if step == 0 { frames.len().max(1) } else { step };
    Box::new(move || {
        let mut conns = [conn(), conn(), conn()];
        for piece in frames.chunks(step) {
            let mut copy = piece.to_vec();
            let [mutable, fixed, own] = &mut conns;
            own.read_buf(piece.len())[..piece.len()].copy_from_slice(piece);
            for mut received in
                [mutable.receive(&mut copy), fixed.receive_ref(piece), own.receive_buf(piece.len())]
            {
                while received.next().is_some() {}
            }
        }
        assert!(conns.iter().all(|conn| conn.transport() == TransportAction::Open));
    })
}

fn fragments(n: usize, part: &[u8]) -> Vec<u8> {
    let first = frame(0x01, part);
    let more = frame(0x00, part);
    [first, more.repeat(n), frame(0x80, b"")].concat()
}

/// Received bytes are looked at once.
fn received() -> Vec<(&'static str, usize, Case)> {
    vec![
        ("frames", 300, |n| feeding(|| server(|_| {}), frame(0x81, b"hello").repeat(n), 0)),
        ("frames, byte by byte", 60, |n| {
            feeding(|| server(|_| {}), frame(0x82, b"hello").repeat(n), 1)
        }),
        ("a message, byte by byte", 1_000, |n| {
            feeding(|| server(|_| {}), frame(0x82, &vec![7; n]), 1)
        }),
        ("a text, byte by byte", 1_000, |n| {
            feeding(|| server(|_| {}), frame(0x81, "é".repeat(n).as_bytes()), 1)
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
            feeding(|| server(|_| {}), frame(0x89, &[1; 100]).repeat(n), 0)
        }),
        ("compressed text, in pieces", 1_000, |n| {
            let keys = MaskKeys::from_seed([7; 32]);
            let mut peer = Connection::client(unlimited(|_| {}), deflating(), keys);
            let records = (0..n).map(|at| format!("{{\"id\":{at},\"name\":\"somebody\"}},"));
            peer.send_text(records.collect::<String>()).unwrap();
            let mut frames = Vec::new();
            peer.transmit().drain_into(&mut frames);
            let conn = || Connection::server(unlimited(|_| {}), deflating());
            feeding(conn, frames, 7)
        }),
    ]
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

/// What is sent is moved once.
fn sent() -> Vec<(&'static str, usize, Case)> {
    vec![
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
    ]
}

/// A pair moves each message once.
fn pairs() -> Vec<(&'static str, usize, Case)> {
    vec![("messages of a pair", 200, |n| {
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
    })]
}

/// An address is read once.
fn addresses() -> Vec<(&'static str, usize, Case)> {
    vec![
        ("a long address", 2_000, |n| {
            let address = format!("ws://h/{}?{}", "a".repeat(n), "%41".repeat(n));
            Box::new(move || _ = ClientRequest::new(&address).unwrap())
        }),
        ("a long host", 2_000, |n| {
            let address = format!("ws://{}/", "a.".repeat(n));
            Box::new(move || _ = ClientRequest::new(&address))
        }),
    ]
}

/// What starts over has to be seen: the script wants the last one to be too much.
fn on_purpose() -> Vec<(&'static str, usize, Case)> {
    vec![("something that starts over", 300, |n| {
        let bytes = vec![1_u8; n];
        Box::new(move || {
            for at in 0..bytes.len() {
                assert!(bytes[..at].iter().all(|byte| *byte == 1));
            }
        })
    })]
}
