//! What the client's handshake writes, and what it makes of the answer. Row ids are those of `rows.txt`.

#[path = "common/cases.rs"]
mod cases;

use std::time::Duration;

use proptest::prelude::*;
use wspair::Instant;
use wspair::handshake::{
    Address, ClientHandshake, ClientProgress, ClientRequest, Failure, HeadLimits, InvalidAddress,
    InvalidField, InvalidRequest, accept_key,
};

/// The nonce of the RFC's example.
const NONCE: [u8; 16] = *b"the sample nonce";

const BASE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// The good answer with further lines, and the empty one that ends it.
fn base_and(lines: &str) -> Vec<u8> {
    format!("{BASE}{lines}\r\n").into_bytes()
}

/// The good answer with one text replaced by another.
fn base_with(from: &str, to: impl AsRef<[u8]>) -> Vec<u8> {
    let (before, after) = BASE.split_once(from).unwrap();
    [before.as_bytes(), to.as_ref(), after.as_bytes(), b"\r\n"].concat()
}

fn plain() -> ClientRequest {
    ClientRequest::new("ws://h/").unwrap()
}

fn written(request: &ClientRequest) -> String {
    let mut out = Vec::new();
    ClientHandshake::new(request, NONCE, &mut out);
    String::from_utf8(out).unwrap()
}

/// What a host can see of a verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    NeedMore,
    Open(Option<String>),
    Refused { status: u16, fields: Vec<(String, Vec<u8>)>, body: Vec<u8> },
    Failed(Failure),
}

fn see(progress: ClientProgress<'_>) -> Seen {
    match progress {
        ClientProgress::NeedMore => Seen::NeedMore,
        ClientProgress::Open(response, agreed) => {
            assert_eq!((response.status(), response.body()), (101, &b""[..]));
            Seen::Open(agreed.subprotocol)
        }
        ClientProgress::Refused(response) => Seen::Refused {
            status: response.status(),
            fields: response
                .fields()
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            body: response.body().into(),
        },
        ClientProgress::Failed(failure) => Seen::Failed(failure),
        _ => unreachable!(),
    }
}

/// Feeds pieces until a verdict, and checks that it is final.
fn feed<'a>(request: &ClientRequest, pieces: impl IntoIterator<Item = &'a [u8]>) -> (usize, Seen) {
    let mut client = ClientHandshake::new(request, NONCE, &mut Vec::new());
    let mut used = 0;
    for piece in pieces {
        let (taken, progress) = client.receive(piece);
        used += taken;
        match progress {
            ClientProgress::NeedMore => assert_eq!(taken, piece.len()),
            _ => break,
        }
    }
    let seen = see(client.progress());
    if seen != Seen::NeedMore {
        assert_eq!(client.poll_timeout(), None);
        assert_eq!(see(client.handle_timeout(Instant::from_nanos(u64::MAX))), seen);
        let (taken, progress) = client.receive(&base_and(""));
        assert_eq!((taken, see(progress)), (0, seen.clone()));
        assert_eq!(see(client.receive_eof()), seen);
    }
    (used, seen)
}

/// Feeds the input whole, byte by byte, and cut at every point of a short one.
fn ask(request: &ClientRequest, input: &[u8]) -> (usize, Seen) {
    let whole = feed(request, [input]);
    assert_eq!(feed(request, input.chunks(1)), whole, "byte by byte");
    if input.len() < 600 {
        for cut in 0..=input.len() {
            let (left, right) = input.split_at(cut);
            assert_eq!(feed(request, [left, right]), whole, "cut at {cut}");
        }
    }
    whole
}

#[track_caller]
fn opens(row: &str, input: &[u8]) {
    let (used, seen) = ask(&plain(), input);
    assert_eq!(seen, Seen::Open(None), "{row}");
    assert!(input[..used].ends_with(b"\r\n\r\n"), "{row}");
}

#[track_caller]
fn fails(row: &str, input: &[u8], failure: Failure) {
    let seen = ask(&plain(), input).1;
    let context = String::from_utf8_lossy(input);
    assert_eq!(seen, Seen::Failed(failure), "{row}: {context:.200}");
}

#[test]
fn only_ws_and_wss_addresses_without_fragment_parse() {
    let table = [
        ("A-01", "ftp://h/", InvalidAddress::Scheme),
        ("A-01", "http://h/", InvalidAddress::Scheme),
        ("A-01", "ws:h", InvalidAddress::Scheme),
        ("A-01", "h", InvalidAddress::Scheme),
        ("A-01", "", InvalidAddress::Scheme),
        ("A-01", "://h", InvalidAddress::Scheme),
        ("A-02", "ws://h/p#x", InvalidAddress::Fragment),
        ("A-02", "ws://h#", InvalidAddress::Fragment),
        ("A-05", "ws://[::1", InvalidAddress::Host),
        ("A-05", "ws://[::1]x", InvalidAddress::Host),
        ("A-05", "ws://[x]/", InvalidAddress::Host),
        ("A-05", "ws://::1/", InvalidAddress::Host),
        ("A-05", "ws:///p", InvalidAddress::Host),
        ("A-05", "ws://", InvalidAddress::Host),
        ("A-05", "ws://:80/", InvalidAddress::Host),
        ("A-05", "ws://h:65536/", InvalidAddress::Port),
        ("A-05", "ws://h:x/", InvalidAddress::Port),
        ("A-05", "ws://h:+1/", InvalidAddress::Port),
        ("A-05", "ws://h:1:2/", InvalidAddress::Port),
        ("A-06", "ws://a@b@h/", InvalidAddress::Host),
        ("A-06", "ws://a\\b@h/", InvalidAddress::Character),
        ("A-06", "ws://h\\@evil/", InvalidAddress::Character),
        ("A-06", "ws://u@/", InvalidAddress::Host),
        ("A-16", "ws://h/a b", InvalidAddress::Character),
        ("A-16", "ws://h/a\r\nX: y", InvalidAddress::Character),
        ("A-16", "ws://h/\0", InvalidAddress::Character),
        ("A-16", "ws://h/\x7f", InvalidAddress::Character),
        ("A-16", " ws://h/", InvalidAddress::Character),
        ("A-16", "ws://h\t/", InvalidAddress::Character),
        ("A-16", "ws://h/\u{e9}", InvalidAddress::Character),
    ];
    for (row, address, error) in table {
        assert_eq!(Address::parse(address), Err(error), "{row}: {address:?}");
        let request = ClientRequest::new(address);
        assert_eq!(request.err(), Some(InvalidRequest::Address(error)), "{row}");
    }
}

#[test]
fn an_address_falls_into_its_parts() {
    // A-01, A-03, A-04, A-05, A-06: address, host, port, authority, target
    let table = [
        ("A-01", "ws://h/", "h", 80, "h", "/"),
        ("A-01", "wss://h/", "h", 443, "h", "/"),
        ("A-01", "WSS://H", "H", 443, "H", "/"),
        ("A-03", "ws://h?x=1", "h", 80, "h", "/?x=1"),
        ("A-03", "ws://h?", "h", 80, "h", "/"),
        ("A-03", "ws://h/p?", "h", 80, "h", "/p"),
        ("A-03", "ws://h/p?a?b", "h", 80, "h", "/p?a?b"),
        ("A-03", "ws://h/p?q=what?", "h", 80, "h", "/p?q=what?"),
        ("A-03", "ws://h/p??", "h", 80, "h", "/p??"),
        ("A-03", "ws://h??", "h", 80, "h", "/??"),
        ("A-03", "ws://h?a?", "h", 80, "h", "/?a?"),
        ("A-03", "ws://h/p/?a/", "h", 80, "h", "/p/?a/"),
        ("A-03", "ws://h//", "h", 80, "h", "//"),
        ("A-03", "ws://h/a@b:c", "h", 80, "h", "/a@b:c"),
        ("A-03", "ws://h?ws://x/", "h", 80, "h", "/?ws://x/"),
        ("A-04", "ws://h/a%23b", "h", 80, "h", "/a%23b"),
        ("A-05", "ws://[::1]:8080/", "::1", 8080, "[::1]:8080", "/"),
        ("A-05", "wss://[::1]", "::1", 443, "[::1]", "/"),
        ("A-05", "ws://h:80/", "h", 80, "h", "/"),
        ("A-05", "ws://h:443/", "h", 443, "h:443", "/"),
        ("A-05", "wss://h:443/", "h", 443, "h", "/"),
        ("A-05", "wss://h:80/", "h", 80, "h:80", "/"),
        ("A-05", "ws://h:/", "h", 80, "h", "/"),
        ("A-05", "ws://h:0080/", "h", 80, "h", "/"),
        ("A-06", "ws://u:p@h/", "h", 80, "h", "/"),
        ("A-06", "ws://u:p@[::1]:1/", "::1", 1, "[::1]:1", "/"),
    ];
    for (row, text, host, port, authority, target) in table {
        let address = Address::parse(text).unwrap();
        let parts = (address.host(), address.port(), address.authority(), address.target());
        assert_eq!(parts, (host, port, authority, target), "{row}: {text}");
        let request = written(&ClientRequest::new(text).unwrap());
        let start = format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n");
        assert!(request.starts_with(&start), "{row}: {request}");
    }
    let address = Address::parse("wss://u:p%40@h/").unwrap();
    assert_eq!((address.is_secure(), address.user_info()), (true, Some("u:p%40")), "A-06");
    assert_eq!(Address::parse("ws://h/").unwrap().user_info(), None, "A-06");
}

#[test]
fn the_request_is_the_one_of_the_rfc() {
    let request = ClientRequest::new("ws://server.example.com/chat")
        .and_then(|request| request.origin("http://example.com"))
        .and_then(|request| request.subprotocol("chat"))
        .and_then(|request| request.subprotocol("superchat"))
        .and_then(|request| request.field("X-A", b"1"))
        .unwrap();
    assert_eq!(
        written(&request),
        "GET /chat HTTP/1.1\r\n\
         Host: server.example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Origin: http://example.com\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\
         X-A: 1\r\n\
         \r\n",
        "A-07, A-08, A-09, A-10, A-11, A-14, A-15"
    );
}

#[test]
fn each_nonce_makes_another_key() {
    let key = |nonce| {
        let mut out = Vec::new();
        ClientHandshake::new(&plain(), nonce, &mut out);
        let request = String::from_utf8(out).unwrap();
        let keys = request.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let keys: Vec<_> = keys.map(String::from).collect();
        assert_eq!(keys.len(), 1);
        keys[0].clone()
    };
    let keys = [key([0; 16]), key([255; 16])];
    assert_ne!(keys[0], keys[1], "A-10");
    assert!(keys.iter().all(|key| key.len() == 24 && key.ends_with("==")));
}

#[test]
fn subprotocols_to_offer_are_different_tokens() {
    // A-12
    for name in ["", "a b", "a,b", "a/b", "a\r\nX: y", "\u{e9}"] {
        let request = plain().subprotocol(name);
        assert_eq!(request.err(), Some(InvalidRequest::Subprotocol), "A-12: {name:?}");
    }
    let request = plain().subprotocol("a").unwrap().subprotocol("a");
    assert_eq!(request.err(), Some(InvalidRequest::RepeatedSubprotocol), "A-12");
}

#[test]
fn a_caller_cannot_break_a_request() {
    // A-16, A-17
    let table: &[(&str, &str, &[u8], InvalidField)] = &[
        ("A-16", "X", b"a\r\nX: y", InvalidField::Value),
        ("A-16", "X", b"a\nb", InvalidField::Value),
        ("A-16", "X", b"a\0", InvalidField::Value),
        ("A-16", "Host", b"h\r\n", InvalidField::Value),
        ("A-16", "Origin", b"o\r\n", InvalidField::Value),
        ("A-16", "", b"a", InvalidField::Name),
        ("A-16", "X:", b"a", InvalidField::Name),
        ("A-16", "X\r\nY", b"a", InvalidField::Name),
        ("A-17", "Sec-WebSocket-Key", b"a", InvalidField::Owned),
        ("A-17", "sec-websocket-version", b"8", InvalidField::Owned),
        ("A-17", "Sec-WebSocket-Protocol", b"a", InvalidField::Owned),
        ("A-17", "Sec-WebSocket-Extensions", b"a", InvalidField::Owned),
        ("A-17", "Upgrade", b"h2c", InvalidField::Owned),
        ("A-17", "CONNECTION", b"close", InvalidField::Owned),
        ("A-07", "Content-Length", b"1", InvalidField::Owned),
        ("A-07", "Transfer-Encoding", b"chunked", InvalidField::Owned),
    ];
    for (row, name, value, error) in table {
        let request = plain().field(name, value);
        assert_eq!(request.err(), Some(InvalidRequest::Field(*error)), "{row}: {name:?}");
    }
}

#[test]
fn host_and_origin_can_be_replaced_and_stay_single() {
    let request = plain()
        .field("host", b" other.test:1 ")
        .and_then(|request| request.field("ORIGIN", b"https://a.test"))
        .and_then(|request| request.origin("https://b.test"))
        .unwrap();
    let request = written(&request);
    let hosts: Vec<_> = request.lines().filter(|line| line.starts_with("Host: ")).collect();
    assert_eq!(hosts, ["Host: other.test:1"], "A-08, A-17");
    let origins: Vec<_> = request.lines().filter(|line| line.starts_with("Origin: ")).collect();
    assert_eq!(origins, ["Origin: https://b.test"], "A-14, A-17");

    for host in [&b"a b"[..], b"", b"\xff", b"h/p"] {
        let request = plain().field("Host", host);
        assert_eq!(request.err(), Some(InvalidRequest::Address(InvalidAddress::Host)));
    }
}

#[test]
fn the_answer_of_the_rfc_opens() {
    opens("B-01, B-28", &base_and(""));
    let mut input = base_and("");
    let head = input.len();
    input.extend_from_slice(b"\x81\x02hi");
    let (used, seen) = ask(&plain(), &input);
    assert_eq!(
        (used, seen),
        (head, Seen::Open(None)),
        "B-24: what follows belongs to the connection"
    );
}

#[test]
fn another_status_is_handed_up_with_fields_and_body() {
    let table: [(&str, &str, u16, usize); 9] = [
        // B-01, B-02: head, status, how much of `hello` belongs to it
        ("B-01", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 200, 5),
        ("B-01", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", 200, 3),
        ("B-01", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", 200, 0),
        ("B-02", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n", 302, 0),
        ("B-02", "HTTP/1.1 401 \r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n", 401, 4),
        ("B-02", "HTTP/1.1 204 No Content\r\n", 204, 0),
        ("B-02", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", 304, 0),
        ("B-02", "HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n", 404, 2),
        ("A-18", "HTTP/1.1 426 U\r\nSec-WebSocket-Version: 13, 8\r\nContent-Length: 0\r\n", 426, 0),
    ];
    for (row, head, status, len) in table {
        let input = format!("{head}\r\nhello");
        let (used, seen) = ask(&plain(), input.as_bytes());
        let Seen::Refused { status: seen, fields, body } = seen else {
            panic!("{row}: {seen:?}");
        };
        assert_eq!((seen, &body[..]), (status, &b"hello"[..len]), "{row}");
        assert_eq!(used, head.len() + 2 + len, "{row}");
        if row == "A-18" {
            let versions = ("Sec-WebSocket-Version".to_string(), b"13, 8".to_vec());
            assert!(fields.contains(&versions));
        }
    }
}

#[test]
fn a_body_without_length_ends_with_the_stream_or_at_the_limit() {
    let heads = [
        "HTTP/1.1 403 F\r\n",
        "HTTP/1.1 403 F\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "HTTP/1.1 403 F\r\nContent-Length: x\r\n",
        "HTTP/1.1 403 F\r\nContent-Length: +1\r\n",
        "HTTP/1.1 403 F\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 403 F\r\nContent-Length: 99999999999999999999999\r\n",
    ];
    for head in heads {
        // B-01
        let mut client = ClientHandshake::new(&plain(), NONCE, &mut Vec::new());
        let input = format!("{head}\r\nno");
        assert_eq!(see(client.receive(input.as_bytes()).1), Seen::NeedMore);
        let Seen::Refused { status: 403, body, .. } = see(client.receive_eof()) else {
            panic!("{head}");
        };
        assert_eq!(body, b"no");

        let mut client = ClientHandshake::new(&plain(), NONCE, &mut Vec::new());
        client.receive(format!("{head}\r\n").as_bytes());
        let mut used = 0;
        for _ in 0..10 {
            used += client.receive(&[b'x'; 10_000]).0;
        }
        assert_eq!(used, 64 << 10);
        assert!(
            matches!(client.progress(), ClientProgress::Refused(r) if r.body().len() == 64 << 10)
        );
    }
}

#[test]
fn interim_answers_are_skipped_up_to_a_limit() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let with = |count: usize| [early.repeat(count).as_bytes(), &base_and("")[..]].concat();
    opens("B-03", &with(1));
    opens("B-03", &with(7));
    opens("B-03", &with(8));
    fails("B-04", &with(9), Failure::TooManyInterim);
    let flood = "HTTP/1.1 100 C\r\n\r\n".repeat(1000);
    fails("B-04", flood.as_bytes(), Failure::TooManyInterim);
    // They count towards the limit of the head together.
    let long = format!("HTTP/1.1 103 E\r\nX: {}\r\n\r\n", "a".repeat(9000));
    fails("B-04", long.repeat(2).as_bytes(), Failure::HeadTooLong);
}

#[test]
fn a_status_line_keeps_to_its_form() {
    let line = "HTTP/1.1 101 Switching Protocols";
    fails("B-05", &base_with(line, "HTTP/1.0 101 x"), Failure::HttpVersion);
    for wrong in [
        "HTTP/1.1 0101 x",
        "HTTP/1.1 1O1 x",
        "http/1.1 101 x",
        "HTTP/1.1  101 x",
        "HTTP/1.1 101",
        "HTTP/1.1 101\tx",
        "HTTP/1.1 1011 x",
        "HTTP/1.1 001 x",
        "HTTP/1.2 101 x",
        "HTTP/2 101 x",
        "HTTP/1.1",
    ] {
        fails("B-06", &base_with(line, wrong), Failure::Syntax);
    }
    opens("B-07", &base_with(line, "HTTP/1.1 101 "));
    opens("B-07", &base_with(line, b"HTTP/1.1 101 \xe9\tx"));
}

#[test]
fn upgrade_is_websocket_and_connection_lists_upgrade() {
    fails("B-08", &base_with("Upgrade: websocket\r\n", ""), Failure::Upgrade);
    opens("B-09", &base_with(": websocket", ": WebSocket"));
    for value in [": h2c", ": ", ": websocket, h2c", ": websocket\r\nUpgrade: websocket"] {
        fails("B-10", &base_with(": websocket", value), Failure::Upgrade);
    }
    fails("B-11", &base_with("Connection: Upgrade\r\n", ""), Failure::Connection);
    for value in [": close", ": Upgraded", ": "] {
        fails("B-11", &base_with(": Upgrade", value), Failure::Connection);
    }
    opens("B-12", &base_with(": Upgrade", ": keep-alive, UPGRADE"));
    opens("B-12", &base_with(": Upgrade", ": a\r\nConnection: upgrade"));
}

#[test]
fn the_accept_field_answers_the_key_exactly_once() {
    // B-13
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let other = String::from_utf8(accept_key(b"AQIDBAUGBwgJCgsMDQ4PEC==").into()).unwrap();
    for wrong in [
        String::new(),
        "Sec-WebSocket-Accept: \r\n".into(),
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n".into(),
        "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n".into(),
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n".into(),
        format!("Sec-WebSocket-Accept: {other}\r\n"),
    ] {
        fails("B-13", &base_with(accept, wrong), Failure::Accept);
    }
    opens(
        "B-14",
        &base_with("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", " \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t "),
    );
    fails("B-15", &base_and(accept), Failure::Accept);
}

#[test]
fn only_an_offered_subprotocol_is_agreed_on() {
    let asked = plain().subprotocol("chat").unwrap().subprotocol("v2").unwrap();
    let chosen = |lines: &str| ask(&asked, &base_and(lines)).1;
    let failed = Seen::Failed(Failure::Subprotocol);

    assert_eq!(chosen("Sec-WebSocket-Protocol:  v2 \r\n"), Seen::Open(Some("v2".into())));
    fails("B-18", &base_and("Sec-WebSocket-Protocol: chat\r\n"), Failure::Subprotocol);
    assert_eq!(chosen("Sec-WebSocket-Protocol: v3\r\n"), failed, "B-18");
    assert_eq!(chosen("Sec-WebSocket-Protocol: CHAT\r\n"), failed, "B-19");
    assert_eq!(chosen("Sec-WebSocket-Protocol: chat, v2\r\n"), failed, "B-20");
    let two = "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n";
    assert_eq!(chosen(two), failed, "B-20");
    assert_eq!(chosen("Sec-WebSocket-Protocol: \r\n"), failed, "B-20");

    assert_eq!(chosen(""), Seen::Open(None), "B-21");
    let strict = asked.clone().require_subprotocol(true);
    let seen = ask(&strict, &base_and("")).1;
    assert_eq!(seen, Seen::Failed(Failure::NoSubprotocol), "B-21");
    let seen = ask(&plain().require_subprotocol(true), &base_and("")).1;
    assert_eq!(seen, Seen::Open(None), "B-21");
}

#[test]
fn an_upgrade_has_no_body_and_names_have_no_case() {
    opens("B-22", &base_with("Sec-WebSocket-Accept", "sec-websocket-ACCEPT"));
    let mut input = base_and("Content-Length: 7\r\nTransfer-Encoding: chunked\r\n");
    let head = input.len();
    input.extend_from_slice(b"\x81\x05Hello");
    assert_eq!(ask(&plain(), &input), (head, Seen::Open(None)), "B-23");
}

#[test]
fn what_cannot_become_an_answer_fails_at_the_first_wrong_byte() {
    let table: [(&str, &[u8], usize); 9] = [
        ("B-25", b"HTTP/1.1 100 C\r\n\r\nSSH-2.0-x\r\n", 19),
        ("B-25", b"SSH-2.0-x\r\n", 1),
        ("B-25", b"\x81\x00", 1),
        ("B-25", b"\r\n", 1),
        ("B-25", b"HTTPS/1.1", 5),
        ("B-25", b"HTTP/2", 6),
        ("B-25", b"HTTP/0", 6),
        ("B-25", b"HTTP/1.1\r", 9),
        ("D-08", b"HTTP/1.1 101 x\r\n Upgrade: websocket\r\n", 17),
    ];
    for (row, input, at) in table {
        assert_eq!(ask(&plain(), input), (at, Seen::Failed(Failure::Syntax)), "{row}");
    }
}

#[test]
fn a_stream_that_ends_inside_the_head_fails() {
    // B-26
    let input = base_and("");
    for cut in 0..input.len() {
        let mut client = ClientHandshake::new(&plain(), NONCE, &mut Vec::new());
        assert_eq!(see(client.receive(&input[..cut]).1), Seen::NeedMore);
        assert_eq!(see(client.receive_eof()), Seen::Failed(Failure::UnexpectedEof), "B-26");
    }
}

#[test]
fn limits_hold_one_below_at_and_one_above() {
    let head = |len: usize| {
        let frame = base_and("X: \r\n").len();
        base_and(&format!("X: {}\r\n", "a".repeat(len - frame)))
    };
    opens("B-27", &head((16 << 10) - 1));
    opens("B-27", &head(16 << 10));
    fails("B-27", &head((16 << 10) + 1), Failure::HeadTooLong);
    fails("B-27", &head(40_000), Failure::HeadTooLong);

    let fields = |count: usize| base_and(&"X: \r\n".repeat(count - 3));
    opens("B-27", &fields(99));
    opens("B-27", &fields(100));
    fails("B-27", &fields(101), Failure::TooManyFields);
    fails("B-27", &fields(1500), Failure::TooManyFields);

    let endless = format!("HTTP/1.1 101 {}", "x".repeat(100_000));
    fails("B-27", endless.as_bytes(), Failure::HeadTooLong);
}

#[test]
fn limits_can_be_set() {
    let verdict = |limits: HeadLimits, input: &[u8]| {
        let mut client = ClientHandshake::with_limits(&plain(), NONCE, limits, &mut Vec::new());
        see(client.receive(input).1)
    };
    let mut limits = HeadLimits::default();
    limits.max_interim = 0;
    limits.max_body = 0;
    let interim = b"HTTP/1.1 100 C\r\n\r\n";
    assert_eq!(verdict(limits, interim), Seen::Failed(Failure::TooManyInterim));
    let refusal = verdict(limits, b"HTTP/1.1 403 F\r\n\r\nno");
    assert!(matches!(refusal, Seen::Refused { body, .. } if body.is_empty()));
    limits.max_body = HeadLimits::UNLIMITED;
    limits.max_head = HeadLimits::UNLIMITED;
    assert_eq!(verdict(limits, b"HTTP/1.1 403 F\r\n\r\nno"), Seen::NeedMore);
}

#[test]
fn a_late_answer_fails_at_its_deadline() {
    let seconds = |seconds| Instant::from(Duration::from_secs(seconds));
    let late = |input: &[u8]| {
        let mut client = ClientHandshake::new(&plain(), NONCE, &mut Vec::new());
        client.receive(input);
        assert_eq!(client.poll_timeout(), Some(Instant::default()));
        assert_eq!(see(client.handle_timeout(seconds(1))), Seen::NeedMore);
        assert_eq!(client.poll_timeout(), Some(seconds(11)));
        assert_eq!(see(client.handle_timeout(seconds(10))), Seen::NeedMore);
        let seen = see(client.handle_timeout(seconds(11)));
        assert_eq!(client.poll_timeout(), None);
        seen
    };
    assert_eq!(late(b"HTTP/1.1 101"), Seen::Failed(Failure::TimedOut));
    let part = late(b"HTTP/1.1 403 F\r\nContent-Length: 9\r\n\r\npart");
    assert!(matches!(part, Seen::Refused { body, .. } if body == b"part"));
}

#[test]
fn a_malformed_head_fails() {
    let lone_lf = String::from_utf8(base_and("")).unwrap().replace("\r\n", "\n");
    let table = [
        ("D-01", lone_lf.into_bytes()),
        ("D-02", base_and("X: a\rb\r\n")),
        ("D-03", base_and("X: a\0b\r\n")),
        ("D-04", base_with("Upgrade:", "Upgrade :")),
        ("D-05", base_and("nocolon\r\n")),
        ("D-05", base_and(": v\r\n")),
        ("D-06", base_and("X A: v\r\n")),
        ("D-06", base_and("X(A): v\r\n")),
        ("D-07", base_and("X: one\r\n two\r\n")),
        ("D-08", base_with("Upgrade:", " Upgrade:")),
    ];
    for (row, input) in table {
        fails(row, &input, Failure::Syntax);
    }
    opens("D-11", &base_with(": websocket", ":\t websocket \t"));
    opens("D-12", &[BASE.as_bytes(), b"X: \xe9\xff\r\n\r\n"].concat());
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
        feed(&plain(), pieces.iter().map(Vec::as_slice));
    }

    #[test]
    fn no_change_to_an_answer_makes_cuts_matter(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        start in prop::sample::select(vec!["", "HTTP/1.1 100 C\r\n\r\n", "HTTP/1.1 403 F\r\n\r\n"]),
    ) {
        let mut input = [start.as_bytes(), &base_and("X: y\r\n")].concat();
        for (at, byte) in edits {
            let at = at.index(input.len());
            input[at] = byte;
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(input.len())).collect();
        cuts.push(0);
        cuts.push(input.len());
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]);
        prop_assert_eq!(feed(&plain(), pieces), feed(&plain(), [&input[..]]));
    }

    #[test]
    fn an_address_asks_for_the_parts_it_was_put_together_from(
        scheme in "ws|wss|WS|Wss",
        user_info in "(|[a-z:%0-9]{0,3}@)",
        host in "[a-z]{1,3}(\\.[a-z]{1,3})?|127\\.0\\.0\\.1|\\[::[1-9a-f]?\\]",
        port in "(|:|:80|:443|:0?[1-9][0-9]{0,3})",
        path in "(|(/[a-z:@%.]{0,2}){1,3})",
        query in "(|\\?|\\?[a-z/:@?=&]{0,6}|\\?[a?]{1,4})",
    ) {
        // A-01, A-03, A-05, A-06, by the parts of RFC 3986 3
        let text = format!("{scheme}://{user_info}{host}{port}{path}{query}");
        let address = Address::parse(&text).unwrap();
        let default = if scheme.eq_ignore_ascii_case("wss") { 443 } else { 80 };
        let port = port.get(1..).and_then(|port| port.parse().ok()).unwrap_or(default);
        prop_assert_eq!(address.is_secure(), default == 443);
        prop_assert_eq!(address.port(), port);
        let authority = if port == default { host } else { format!("{host}:{port}") };
        prop_assert_eq!(address.authority(), authority);
        let path = if path.is_empty() { "/" } else { path.as_str() };
        let query = if query == "?" { "" } else { query.as_str() };
        prop_assert_eq!(address.target(), format!("{path}{query}"));
        prop_assert_eq!(address.user_info(), user_info.strip_suffix('@'));
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in "(ws|wss|x)?(://)?[a-z@:/?#.\\[\\]0-9%\\\\]{0,24}\\PC{0,4}") {
        if let Ok(address) = Address::parse(&text) {
            let again = format!("ws://{}{}", address.authority(), address.target());
            let again = Address::parse(&again).unwrap();
            prop_assert_eq!(again.host(), address.host());
            prop_assert_eq!(again.target(), address.target());
        }
    }

    #[test]
    fn no_string_of_a_caller_gets_a_line_of_its_own(
        name in "[\\x00-\\x7f]{0,6}", value in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        if let Ok(request) = plain().field(&name, &value) {
            let mut out = Vec::new();
            ClientHandshake::new(&request, NONCE, &mut out);
            let lines = out.split(|byte| *byte == b'\n').count();
            prop_assert!((8..=9).contains(&lines));
            prop_assert!(!out.contains(&0));
        }
    }
}
