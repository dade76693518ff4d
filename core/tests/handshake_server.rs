//! What the server's handshake makes of a request's bytes. Row ids are those of `rows.txt`.

#[path = "common/cases.rs"]
mod cases;

use std::time::Duration;

use proptest::prelude::*;
use wspair::Instant;
use wspair::handshake::{
    AcceptError, HeadLimits, InvalidField, InvalidStatus, Origins, Policy, Refusal, RefusalCause,
    ServerHandshake, ServerProgress, accept_key,
};

/// A request head, first the one of the RFC, then changed by the tests.
#[derive(Clone)]
struct Head {
    line: String,
    fields: Vec<(String, Vec<u8>)>,
}

fn base() -> Head {
    let fields = [
        ("Host", "h"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    Head {
        line: "GET /chat HTTP/1.1".into(),
        fields: fields.map(|(name, value)| (name.into(), value.into())).into(),
    }
}

impl Head {
    fn line(mut self, line: &str) -> Self {
        self.line = line.into();
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self
    }

    fn add(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.into(), value.as_ref().into()));
        self
    }

    fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).add(name, value)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.line).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

/// What a host can see of a verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    NeedMore,
    Request { target: String, authority: String, subprotocols: Vec<String>, answer: Vec<u8> },
    Refused { status: u16, cause: RefusalCause, answer: Vec<u8> },
}

fn see(progress: &ServerProgress<'_>) -> Seen {
    match progress {
        ServerProgress::NeedMore => Seen::NeedMore,
        ServerProgress::Request(request) => {
            let acceptance = request.accept(&Policy::default(), None).unwrap();
            let mut answer = Vec::new();
            acceptance.write_response(&[], &mut answer).unwrap();
            assert_eq!(answer.len(), answer.capacity(), "its memory is asked for at once");
            Seen::Request {
                target: request.target().into(),
                authority: request.authority().into(),
                subprotocols: request.subprotocols().map(Into::into).collect(),
                answer,
            }
        }
        ServerProgress::Refused(refusal) => {
            let mut answer = Vec::new();
            refusal.write_response(&mut answer);
            Seen::Refused { status: refusal.status(), cause: refusal.cause(), answer }
        }
        _ => unreachable!(),
    }
}

/// Feeds pieces until a verdict, and checks that it is final.
fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (usize, Seen) {
    let mut server = ServerHandshake::default();
    let mut used = 0;
    for piece in pieces {
        let (taken, progress) = server.receive(piece);
        used += taken;
        match progress {
            ServerProgress::NeedMore => assert_eq!(taken, piece.len()),
            _ => break,
        }
    }
    let seen = see(&server.progress());
    if seen != Seen::NeedMore {
        assert_eq!(server.poll_timeout(), None);
        assert_eq!(see(&server.handle_timeout(Instant::from_nanos(u64::MAX))), seen);
        let (taken, progress) = server.receive(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!((taken, see(&progress)), (0, seen.clone()));
        assert_eq!(see(&server.receive_eof()), seen);
    }
    (used, seen)
}

/// Feeds the input whole, byte by byte, and cut at every point of a short one.
fn serve(input: &[u8]) -> (usize, Seen) {
    let whole = feed([input]);
    assert_eq!(feed(input.chunks(1)), whole, "byte by byte");
    if input.len() < 600 {
        for cut in 0..=input.len() {
            let (left, right) = input.split_at(cut);
            assert_eq!(feed([left, right]), whole, "cut at {cut}");
        }
    }
    whole
}

#[track_caller]
fn accepted(row: &str, input: &[u8]) -> Vec<u8> {
    match serve(input) {
        (used, Seen::Request { answer, .. }) => {
            assert!(input[..used].ends_with(b"\r\n\r\n"), "{row}");
            answer
        }
        other => panic!("{row}: {other:?} for {:?}", String::from_utf8_lossy(input)),
    }
}

#[track_caller]
fn refused(row: &str, input: &[u8], status: u16, cause: RefusalCause) -> String {
    match serve(input).1 {
        Seen::Refused { status: seen, cause: why, answer } => {
            let context = String::from_utf8_lossy(input).into_owned();
            assert_eq!((seen, why), (status, cause), "{row}: {context:.200}");
            let answer = String::from_utf8(answer).unwrap();
            check_whole(row, status, &answer);
            answer
        }
        other => panic!("{row}: {other:?}"),
    }
}

/// Every refusal is a whole HTTP response that ends the connection.
#[track_caller]
fn check_whole(row: &str, status: u16, answer: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{row}");
    let connections: Vec<_> =
        head.lines().filter(|line| line.starts_with("Connection: ")).collect();
    let expected = match status {
        426 => "Connection: Upgrade, close",
        _ => "Connection: close",
    };
    assert_eq!(connections, [expected], "{row}");
    let length = format!("Content-Length: {}", body.len());
    assert!(head.lines().any(|line| line == length), "{row}: {head}");
}

#[test]
fn the_request_of_the_rfc_is_answered_as_in_the_rfc() {
    let answer = accepted("C-01, C-34", &base().bytes());
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         \r\n"
    );
}

#[test]
fn only_get_by_http_1_1_opens() {
    let table = [
        ("C-02", "POST /chat HTTP/1.1", 405, RefusalCause::Method),
        ("C-02", "get /chat HTTP/1.1", 405, RefusalCause::Method),
        ("C-02", "HEAD /chat HTTP/1.1", 405, RefusalCause::Method),
        ("C-02", "CONNECT h:1 HTTP/1.1", 405, RefusalCause::Method),
        ("C-03", "GET /chat HTTP/1.0", 400, RefusalCause::Http10),
        ("C-04", "GET /chat HTTP/2.0", 505, RefusalCause::HttpVersion),
        ("C-04", "GET /chat HTTP/1.1x", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat ", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat HTTP", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat http/1.1", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat HTTP/11.1", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat WS/1.1", 400, RefusalCause::Syntax),
        ("C-04", "GET /chat HTTP/3.0", 505, RefusalCause::HttpVersion),
        ("C-05", "GET /chat HTTP/1.2", 505, RefusalCause::HttpVersion),
        ("C-07", "GET  HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET * HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET chat HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET /chat#x HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET /ch\u{e9}t HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET /a b HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET /a b HTTP/2.0", 400, RefusalCause::Syntax),
        ("C-07", "GET /a  HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET  /a HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET /a HTTP/1.1 ", 400, RefusalCause::Syntax),
        ("C-07", "GET /a\x01 HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET /a\x7f HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET /a\tb HTTP/1.1", 400, RefusalCause::Syntax),
        ("C-07", "GET ftp://h/ HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET http://h#x HTTP/1.1", 400, RefusalCause::Target),
        ("C-07", "GET http:///x HTTP/1.1", 400, RefusalCause::Host),
        ("C-07", "GET http://u@h/x HTTP/1.1", 400, RefusalCause::Host),
    ];
    for (row, line, status, cause) in table {
        let answer = refused(row, &base().line(line).bytes(), status, cause);
        assert_eq!(cause == RefusalCause::Method, answer.contains("\r\nAllow: GET\r\n"), "{row}");
    }
}

#[test]
fn the_authority_of_an_absolute_target_wins_over_host() {
    let table = [
        ("http://a.test:81/chat?x=1", "/chat?x=1", "a.test:81"),
        ("HTTPS://[::1]", "/", "[::1]"),
        ("http://a.test?x", "/?x", "a.test"),
        ("http://a.test?x?", "/?x?", "a.test"),
        ("http://a.test/x?", "/x?", "a.test"),
        ("/x?q=what?", "/x?q=what?", "h"),
        ("/chat", "/chat", "h"),
        ("//other/chat", "//other/chat", "h"),
        ("/to?http://b/", "/to?http://b/", "h"),
    ];
    for (target, path, host) in table {
        let head = base().line(&format!("GET {target} HTTP/1.1"));
        let (_, Seen::Request { target, authority, .. }) = serve(&head.bytes()) else {
            panic!("{target}");
        };
        assert_eq!((target.as_str(), authority.as_str()), (path, host), "C-06");
    }
}

#[test]
fn there_is_exactly_one_valid_host() {
    let refusals = [
        ("C-08", base().without("Host")),
        ("C-08", base().add("Host", "h")),
        ("C-08", base().line("GET http://h/ HTTP/1.1").without("Host")),
        ("C-09", base().set("Host", "a b<>")),
        ("C-09", base().set("Host", "")),
        ("C-09", base().set("Host", "h:99999")),
        ("C-09", base().set("Host", "h:8x")),
        ("C-09", base().set("Host", "h/x")),
        ("C-09", base().set("Host", "u@h")),
        ("C-09", base().set("Host", "::1")),
        ("C-09", base().set("Host", "[::1")),
        ("C-09", base().set("Host", "[nope]")),
        ("C-09", base().set("Host", b"h\xe9")),
    ];
    for (row, head) in refusals {
        refused(row, &head.bytes(), 400, RefusalCause::Host);
    }
    for host in ["h:80", "h:", "[::1]:8080", "127.0.0.1", "xn--hxajbheg2az3al.test", "a_b"] {
        accepted("C-08", &base().set("Host", host).bytes());
    }
}

#[test]
fn upgrade_and_connection_are_lists_without_case() {
    for (row, name, value) in [
        ("C-10", "Upgrade", "WebSocket"),
        ("C-10", "Upgrade", "h2c, websocket"),
        ("C-10", "Upgrade", ",,websocket,"),
        ("C-12", "Connection", "keep-alive, Upgrade"),
        ("C-12", "Connection", "keep-alive,UPGRADE"),
    ] {
        accepted(row, &base().set(name, value).bytes());
    }
    let two_lines = base().set("Connection", "keep-alive").add("Connection", "upgrade");
    accepted("C-12", &two_lines.bytes());

    for value in [None, Some("h2c"), Some("websocketx"), Some("websocket/13"), Some("")] {
        let head = base().without("Upgrade");
        let head = value.map_or(head.clone(), |value| head.add("Upgrade", value));
        let answer = refused("C-11", &head.bytes(), 426, RefusalCause::Upgrade);
        assert!(answer.contains("\r\nUpgrade: websocket\r\n"), "C-11");
        assert!(answer.contains("\r\nConnection: Upgrade"), "C-11");
    }
    for value in [None, Some("close"), Some("Upgrade-Insecure")] {
        let head = base().without("Connection");
        let head = value.map_or(head.clone(), |value| head.add("Connection", value));
        refused("C-13", &head.bytes(), 400, RefusalCause::Connection);
    }
}

#[test]
fn the_key_is_the_base64_form_of_16_bytes_and_comes_once() {
    let long = format!("{}==", "A".repeat(1022));
    let table = [
        ("C-14", ""),
        ("C-15", "dGhlIHNhbXBsZSBub25j"),
        ("C-15", "dGhlIHNhbXBsZSBub25jZTE="),
        ("C-15", "dGhlIHNhbXBsZSBub25jZQ"),
        ("C-15", "dGhlIHNhbXBsZSBub25jZQ="),
        ("C-15", "dGhlIHNhbXBsZSBub25jZQ==="),
        ("C-15", "dGhlIHNhbXBsZSBub25jZ==="),
        ("C-15", "dGhlIHNhbXBs-SBub25jZQ=="),
        ("C-15", "dGhlIHNhbXBs_SBub25jZQ=="),
        ("C-15", "dGhlIHNhbXBs SBub25jZQ=="),
        ("C-15", long.as_str()),
        ("C-18", "dGhlIHNhbXBsZSBub25jZQ==,dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (row, key) in table {
        refused(row, &base().set("Sec-WebSocket-Key", key).bytes(), 400, RefusalCause::Key);
    }
    // C-14; and C-18 with two lines
    refused("C-14", &base().without("Sec-WebSocket-Key").bytes(), 400, RefusalCause::Key);
    let twice = base().add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    refused("C-18", &twice.bytes(), 400, RefusalCause::Key);
}

#[test]
fn unused_bits_and_outer_white_space_of_the_key_do_no_harm() {
    let answer =
        accepted("C-16", &base().set("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC==").bytes());
    let accept = accept_key(b"AQIDBAUGBwgJCgsMDQ4PEC==");
    let line = format!("Sec-WebSocket-Accept: {}\r\n", String::from_utf8_lossy(&accept));
    assert!(String::from_utf8(answer).unwrap().contains(&line), "C-16");

    let padded = base().set("Sec-WebSocket-Key", "  dGhlIHNhbXBsZSBub25jZQ== \t");
    assert_eq!(accepted("C-17", &padded.bytes()), accepted("C-01", &base().bytes()));
}

#[test]
fn the_version_is_13() {
    for version in ["8", "0", "14", "255", "1"] {
        let head = base().set("Sec-WebSocket-Version", version);
        let answer = refused("C-19", &head.bytes(), 426, RefusalCause::Version);
        assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "C-19");
        assert!(answer.contains("\r\nUpgrade: websocket\r\n"), "C-19");
    }
    let malformed = ["", "013", "+13", "256", "1300", "13, 8", "13 8", "0x0d", "-1", "00"];
    let mut heads: Vec<_> =
        malformed.map(|version| base().set("Sec-WebSocket-Version", version)).into();
    heads.push(base().without("Sec-WebSocket-Version"));
    heads.push(base().add("Sec-WebSocket-Version", "8"));
    for head in heads {
        let answer = refused("C-20", &head.bytes(), 400, RefusalCause::VersionSyntax);
        assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "C-20");
    }
}

#[test]
fn two_origins_are_refused_and_none_is_no_browser() {
    let two = base().add("Origin", "https://good.test").add("Origin", "https://evil.test");
    refused("C-22", &two.bytes(), 400, RefusalCause::OriginSyntax);
    refused(
        "C-22",
        &base().add("Origin", b"https://\xff").bytes(),
        400,
        RefusalCause::OriginSyntax,
    );
    // C-23
    accepted("C-23", &base().bytes());
}

#[test]
fn a_host_refuses_with_its_own_answer() {
    // C-24
    let refusal = Refusal::new(404).unwrap().body("nothing here\n");
    let mut answer = Vec::new();
    refusal.write_response(&mut answer);
    check_whole("C-24", 404, std::str::from_utf8(&answer).unwrap());
    assert!(answer.ends_with(b"\r\n\r\nnothing here\n"));

    let refusal =
        Refusal::new(401).unwrap().field("WWW-Authenticate", b"Basic realm=\"x\"").unwrap();
    let mut answer = Vec::new();
    refusal.write_response(&mut answer);
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "HTTP/1.1 401 Unauthorized\r\n\
         WWW-Authenticate: Basic realm=\"x\"\r\n\
         Connection: close\r\n\
         Content-Length: 0\r\n\r\n",
        "C-25"
    );

    let mut empty = Vec::new();
    Refusal::new(204).unwrap().body("x").write_response(&mut empty);
    assert_eq!(empty, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

#[test]
fn a_host_cannot_break_a_refusal() {
    for status in [0, 101, 199, 600, u16::MAX] {
        assert_eq!(Refusal::new(status), Err(InvalidStatus));
    }
    for (name, value, error) in FIELD_MISTAKES {
        assert_eq!(Refusal::new(403).unwrap().field(name, value), Err(*error), "{name}");
    }
}

/// Fields that no caller may send.
const FIELD_MISTAKES: &[(&str, &[u8], InvalidField)] = &[
    ("X", b"a\r\nY: b", InvalidField::Value),
    ("X", b"a\nb", InvalidField::Value),
    ("X", b"a\rb", InvalidField::Value),
    ("X", b"a\0b", InvalidField::Value),
    ("X", b"\x7f", InvalidField::Value),
    ("", b"a", InvalidField::Name),
    ("X Y", b"a", InvalidField::Name),
    ("X:", b"a", InvalidField::Name),
    ("X\r\nY", b"a", InvalidField::Name),
    (":path", b"a", InvalidField::Name),
    ("connection", b"keep-alive", InvalidField::Owned),
    ("Upgrade", b"h2c", InvalidField::Owned),
    ("Content-Length", b"3", InvalidField::Owned),
    ("transfer-encoding", b"chunked", InvalidField::Owned),
    ("Sec-WebSocket-Accept", b"x", InvalidField::Owned),
    ("sec-websocket-protocol", b"x", InvalidField::Owned),
    ("Sec-WebSocket-Extensions", b"x", InvalidField::Owned),
];

#[test]
fn an_acceptance_takes_valid_fields_of_the_host_only() {
    // C-35
    let mut server = ServerHandshake::default();
    let bytes = base().bytes();
    let (_, ServerProgress::Request(request)) = server.receive(&bytes) else {
        panic!();
    };
    let acceptance = request.accept(&Policy::default(), None).unwrap();
    for (name, value, error) in FIELD_MISTAKES {
        let mut out = Vec::new();
        let extra = [("X-Good", &b"1"[..]), (*name, *value)];
        assert_eq!(acceptance.write_response(&extra, &mut out), Err(*error), "{name}");
        assert!(out.is_empty(), "C-35");
    }
    let mut out = Vec::new();
    acceptance.write_response(&[("Set-Cookie", b"a=1"), ("Server", b"\xe9")], &mut out).unwrap();
    assert!(out.ends_with(b"\r\nSet-Cookie: a=1\r\nServer: \xe9\r\n\r\n"));
    assert_eq!(out.len(), out.capacity(), "its memory is asked for at once");
}

#[test]
fn one_of_the_offered_subprotocols_is_agreed_on_or_none() {
    let mut server = ServerHandshake::default();
    let bytes = base().add("Sec-WebSocket-Protocol", "chat, v2").bytes();
    let (_, ServerProgress::Request(request)) = server.receive(&bytes) else {
        panic!();
    };
    let answer = |subprotocol| {
        let acceptance = request.accept(&Policy::default(), subprotocol).unwrap();
        let mut out = Vec::new();
        acceptance.write_response(&[], &mut out).unwrap();
        assert_eq!(acceptance.agreed.subprotocol.as_deref(), subprotocol);
        let answer = String::from_utf8(out).unwrap();
        let lines = answer.lines().filter(|line| line.starts_with("Sec-WebSocket-Protocol"));
        lines.map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(answer(Some("v2")), ["Sec-WebSocket-Protocol: v2"], "C-26");
    assert!(answer(None).is_empty(), "C-27");
    for never_offered in ["x", "CHAT", "", "chat, v2"] {
        assert_eq!(
            request.accept(&Policy::default(), Some(never_offered)),
            Err(AcceptError::NotOffered),
            "C-28"
        );
    }
}

#[test]
fn subprotocols_are_a_list_of_different_tokens() {
    let table = ["", " , ", "a b", "a/b", "a, a", "a;q=1", "\"a\"", "\u{e9}"];
    for value in table {
        let head = base().add("Sec-WebSocket-Protocol", value);
        refused("C-29", &head.bytes(), 400, RefusalCause::Subprotocols);
    }
    let repeated = base().add("Sec-WebSocket-Protocol", "a").add("Sec-WebSocket-Protocol", "a");
    refused("C-29", &repeated.bytes(), 400, RefusalCause::Subprotocols);

    // C-30
    let two_lines = base()
        .add("Sec-WebSocket-Protocol", "chat")
        .add("X-Between", "1")
        .add("Sec-WebSocket-Protocol", "v2,, v1");
    let (_, Seen::Request { subprotocols, .. }) = serve(&two_lines.bytes()) else {
        panic!("C-30");
    };
    assert_eq!(subprotocols, ["chat", "v2", "v1"]);
}

#[test]
fn at_most_64_subprotocols_are_read() {
    let list = |count: usize| {
        let names: Vec<_> = (0..count).map(|number| format!("p{number}")).collect();
        base().add("Sec-WebSocket-Protocol", names.join(", ")).bytes()
    };
    accepted("C-29", &list(63));
    accepted("C-29", &list(64));
    refused("C-29", &list(65), 400, RefusalCause::Subprotocols);
}

#[test]
fn unknown_fields_and_their_order_do_not_matter() {
    let mut head = base();
    head.fields.reverse();
    head.fields.insert(0, ("X-A".into(), b"1".to_vec()));
    accepted("C-36", &head.bytes());
}

#[test]
fn names_that_are_as_long_as_known_ones_are_just_names() {
    // C-36
    let names = [
        "From",
        "Cookie",
        "Referer",
        "Keep-Alive",
        "X-Content-Long",
        "If-Modified-Since",
        "X-WebSocket-Version-Y",
        "X-WebSocket-Protocol-Y",
        "X-WebSocket-Extensions-Y",
    ];
    let known = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
    for name in names {
        for value in ["websocket", "Upgrade", "not a b64 key", "h", "/, ;"] {
            accepted("C-36", &base().add("Origin", "https://a.b").add(name, value).bytes());
        }
        for known in known.into_iter().filter(|known| known.len() == name.len()) {
            let head = base();
            let value = &head.fields.iter().find(|(name, _)| name == known).unwrap().1;
            let instead = base().without(known).add(name, value).bytes();
            assert!(matches!(serve(&instead).1, Seen::Refused { .. }), "{name} for {known}");
        }
    }
    let policy =
        Policy::default().with_origins(Origins::new(["https://a.b"]).unwrap().missing(false));
    let mut server = ServerHandshake::default();
    let page = base().add("Cookie", "https://a.b").bytes();
    let (_, ServerProgress::Request(request)) = server.receive(&page) else { panic!() };
    assert!(request.accept(&policy, None).is_err(), "a cookie is no origin");
}

#[test]
fn a_request_with_a_body_is_no_opening_handshake() {
    // C-37
    let mut with_body = base().add("Content-Length", "6").bytes();
    with_body.extend_from_slice(b"\x89\x80\x37\xfa\x21\x3d");
    refused("C-37", &with_body, 400, RefusalCause::Body);
    accepted("C-38", &base().add("Content-Length", "0").bytes());

    let table = [
        ("D-13", base().add("Content-Length", "0").add("Transfer-Encoding", "chunked")),
        ("D-14", base().add("Content-Length", "x")),
        ("D-14", base().add("Content-Length", "")),
        ("D-14", base().add("Content-Length", "+0")),
        ("D-14", base().add("Content-Length", "0").add("Content-Length", "4")),
        ("D-14", base().add("Content-Length", "99999999999999999999999999")),
        ("D-15", base().add("Transfer-Encoding", "chunked")),
        ("D-15", base().add("Transfer-Encoding", "")),
    ];
    for (row, head) in table {
        refused(row, &head.bytes(), 400, RefusalCause::Body);
    }
}

#[test]
fn what_follows_the_head_is_left_to_the_connection() {
    let head = base().bytes();
    for (row, tail) in [("C-39", &b"\x81\x82\0\0\0\0hi"[..]), ("C-40", &base().bytes())] {
        let input = [&head, tail].concat();
        let (used, seen) = serve(&input);
        assert_eq!(used, head.len(), "{row}");
        assert!(matches!(seen, Seen::Request { .. }), "{row}");
    }
}

#[test]
fn limits_hold_one_below_at_and_one_above() {
    let fill = |limit: usize, used: usize| "a".repeat(limit - used);

    // C-41: request line, 8 KiB
    let line = |len: usize| {
        let frame = "GET / HTTP/1.1".len();
        base().line(&format!("GET /{} HTTP/1.1", fill(len, frame))).bytes()
    };
    accepted("C-41", &line((8 << 10) - 1));
    accepted("C-41", &line(8 << 10));
    refused("C-41", &line((8 << 10) + 1), 414, RefusalCause::LineTooLong);
    refused("C-41", &line(64 << 10), 414, RefusalCause::LineTooLong);
    let bare = |len: usize| format!("GET /{} HTTP/1.1\r\n\r\n", fill(len, 14)).into_bytes();
    refused("C-41", &bare(8 << 10), 400, RefusalCause::Host);
    refused("C-41", &bare((8 << 10) + 1), 414, RefusalCause::LineTooLong);

    // C-41: head, 16 KiB
    let head = |len: usize| {
        let frame = base().add("X", "").bytes().len();
        base().add("X", fill(len, frame)).bytes()
    };
    assert_eq!(head(1000).len(), 1000);
    accepted("C-41", &head((16 << 10) - 1));
    accepted("C-41", &head(16 << 10));
    refused("C-41", &head((16 << 10) + 1), 431, RefusalCause::HeadTooLong);
    refused("C-41", &head(40_000), 431, RefusalCause::HeadTooLong);

    // C-41, as in CVE-2024-37890 of another library: fields, 100
    let fields = |count: usize, needed_last: bool| {
        let mut head = base();
        let needed = head.fields.len();
        for number in needed..count {
            let at = if needed_last { 0 } else { head.fields.len() };
            head.fields.insert(at, (format!("X{number}"), Vec::new()));
        }
        head.bytes()
    };
    for needed_last in [false, true] {
        accepted("C-41", &fields(99, needed_last));
        accepted("C-41", &fields(100, needed_last));
        refused("C-41", &fields(101, needed_last), 431, RefusalCause::TooManyFields);
        refused("C-41", &fields(1200, needed_last), 431, RefusalCause::TooManyFields);
    }
}

#[test]
fn limits_can_be_set() {
    let verdict = |limits: HeadLimits| {
        let mut server = ServerHandshake::new(limits);
        see(&server.receive(&base().bytes()).1)
    };
    let mut limits = HeadLimits::default();
    limits.max_fields = 0;
    assert!(matches!(verdict(limits), Seen::Refused { status: 431, .. }));
    limits.max_fields = HeadLimits::UNLIMITED;
    limits.max_head = HeadLimits::UNLIMITED;
    limits.max_line = HeadLimits::UNLIMITED;
    assert!(matches!(verdict(limits), Seen::Request { .. }));
    limits.max_line = 0;
    assert!(matches!(verdict(limits), Seen::Refused { status: 414, .. }));
    limits.max_head = 0;
    assert!(matches!(verdict(limits), Seen::Refused { status: 431, .. }));
}

#[test]
fn a_late_request_is_refused_at_its_deadline() {
    // C-42
    let seconds = |seconds| Instant::from(Duration::from_secs(seconds));
    let mut server = ServerHandshake::default();
    server.receive(b"GET / HT");
    assert_eq!(server.poll_timeout(), Some(Instant::default()));
    assert_eq!(see(&server.handle_timeout(seconds(5))), Seen::NeedMore);
    assert_eq!(server.poll_timeout(), Some(seconds(15)));
    assert_eq!(see(&server.handle_timeout(seconds(5))), Seen::NeedMore);
    let early = Instant::from_nanos(seconds(15).as_nanos() - 1);
    assert_eq!(see(&server.handle_timeout(early)), Seen::NeedMore);
    let Seen::Refused { status: 408, answer, .. } = see(&server.handle_timeout(seconds(15))) else {
        panic!("C-42");
    };
    check_whole("C-42", 408, std::str::from_utf8(&answer).unwrap());
    assert_eq!(server.poll_timeout(), None);

    let mut limits = HeadLimits::default();
    limits.within = None;
    assert_eq!(ServerHandshake::new(limits).poll_timeout(), None);
}

#[test]
fn a_stream_that_ends_inside_the_head_is_refused() {
    let mut server = ServerHandshake::default();
    server.receive(b"GET / HTTP/1.1\r\n");
    assert!(matches!(
        see(&server.receive_eof()),
        Seen::Refused { status: 400, cause: RefusalCause::UnexpectedEof, .. }
    ));
}

#[test]
fn cuts_make_no_difference_to_a_long_honest_request() {
    // C-43, as in CVE-2023-43669 of another library
    let head = base().add("Cookie", "c".repeat(12_000)).bytes();
    let whole = feed([&head[..]]);
    assert!(matches!(whole.1, Seen::Request { .. }));
    for size in [1, 7, 64] {
        assert_eq!(feed(head.chunks(size)), whole, "C-43 in pieces of {size}");
    }
}

#[test]
fn an_endless_request_is_refused_after_the_first_16_kib() {
    // What comes after the verdict is not looked at.
    let mut server = ServerHandshake::default();
    server.receive(b"GET / HTTP/1.1\r\nX: ");
    let mut taken = 0;
    for _ in 0..20_000_000 / 64 {
        taken += server.receive(&[b'a'; 64]).0;
    }
    assert!(taken <= 16 << 10);
    assert!(
        matches!(server.progress(), ServerProgress::Refused(refusal) if refusal.status() == 431)
    );
}

#[test]
fn a_malformed_head_is_refused() {
    let raw = |text: &[u8]| {
        let base = base().bytes();
        [&base[..base.len() - 2], text, b"\r\n\r\n"].concat()
    };
    let after_line = |text: &[u8]| {
        let base = base().bytes();
        let end = base.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        [&base[..end], text, &base[end..]].concat()
    };
    let lone_lf = String::from_utf8(base().bytes()).unwrap().replace("\r\n", "\n");
    let table = [
        ("D-01", lone_lf.into_bytes()),
        ("D-01", raw(b"X: a\nY: b")),
        ("D-02", raw(b"X: a\rb")),
        ("D-02", raw(b"X: a\r\rb")),
        ("D-03", raw(b"X: a\0b")),
        ("D-03", raw(b"X: a\x1bb")),
        ("D-04", raw(b"Upgrade : websocket")),
        ("D-05", raw(b"nocolon")),
        ("D-05", raw(b": v")),
        ("D-06", raw(b"X A: v")),
        ("D-06", raw(b"X(A): v")),
        ("D-06", raw(b"X\xe9: v")),
        ("D-07", raw(b"X: one\r\n two")),
        ("D-07", raw(b"X: one\r\n\ttwo")),
        ("D-08", after_line(b" Host: h\r\n")),
        ("D-08", after_line(b"\t\r\n")),
        ("D-10", [&b"\r\n".repeat(2000)[..], &base().bytes()].concat()),
        ("D-10", [&b"\r\n".repeat(9)[..], &base().bytes()].concat()),
        ("no HTTP", b"\x81\x82\0\0\0\0hi".to_vec()),
        ("no HTTP", b"\x16\x03\x01\x02\0\x01".to_vec()),
        ("a draft's frame", b"\x80\xff\xff\xff".to_vec()),
    ];
    for (row, input) in table {
        refused(row, &input, 400, RefusalCause::Syntax);
    }
}

#[test]
fn a_request_of_an_early_draft_is_refused() {
    let head = base()
        .without("Sec-WebSocket-Key")
        .without("Sec-WebSocket-Version")
        .add("Sec-WebSocket-Key1", "4 @1  46546xW%0l 1 5")
        .add("Sec-WebSocket-Key2", "12998 5 Y3 1  .P00");
    let input = [&head.bytes()[..], b"^n:ds[4U"].concat();
    refused("a draft", &input, 400, RefusalCause::VersionSyntax);
}

#[test]
fn what_a_head_may_look_like() {
    for count in 0..=8 {
        let input = [&b"\r\n".repeat(count)[..], &base().bytes()].concat();
        accepted("D-09", &input);
    }
    let padded = base().set("Upgrade", "\t websocket \t").set("Sec-WebSocket-Version", " 13\t");
    accepted("D-11", &padded.bytes());
    accepted("D-12", &base().add("X", b"\xe9\xff").bytes());
}

#[test]
fn nothing_follows_a_refusal() {
    let mut input = base().set("Sec-WebSocket-Version", "0").bytes();
    let used = input.len();
    input.extend_from_slice(&base().bytes());
    input.extend_from_slice(b"\x89\x80\0\0\0\0");
    let (taken, seen) = serve(&input);
    assert_eq!(taken, used);
    assert!(matches!(seen, Seen::Refused { status: 426, .. }));
}

#[test]
fn names_of_base_objects_are_just_names() {
    let table = ["constructor", "__proto__", "toString", "hasOwnProperty", "__class__"];
    for name in table {
        accepted(name, &base().add(name, "1").bytes());
        accepted(name, &base().add("Sec-WebSocket-Protocol", name).bytes());
        accepted(name, &base().add("Sec-WebSocket-Extensions", name).bytes());
    }
}

#[test]
fn a_hostile_subprotocol_list_is_refused() {
    // As in CVE-2021-32640 of another library.
    let value = format!("b{}x", " ".repeat(6000));
    let head = base().add("Sec-WebSocket-Protocol", value);
    refused("C-29", &head.bytes(), 400, RefusalCause::Subprotocols);
}

#[test]
fn a_refusal_says_the_rule_and_nothing_of_the_request() {
    let answer = refused(
        "C-29",
        &base().add("Sec-WebSocket-Protocol", "<script>").bytes(),
        400,
        RefusalCause::Subprotocols,
    );
    assert!(answer.ends_with("\r\n\r\nmalformed Sec-WebSocket-Protocol\n"));
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8)) {
        feed(pieces.iter().map(Vec::as_slice));
    }

    #[test]
    fn no_change_to_a_request_makes_cuts_matter(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut input = base()
            .add("Sec-WebSocket-Protocol", "a, b")
            .add("Sec-WebSocket-Extensions", "x; y=\"z\"")
            .bytes();
        for (at, byte) in edits {
            let at = at.index(input.len());
            input[at] = byte;
        }
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(input.len())).collect();
        cuts.push(0);
        cuts.push(input.len());
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]);
        prop_assert_eq!(feed(pieces), feed([&input[..]]));
    }
}
