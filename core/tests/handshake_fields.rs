//! Handshakes behind another HTTP stack, HTTP/2 and HTTP/3 included, and the origins that may connect.
//! Row ids are those of `rows.txt`.

#[path = "common/cases.rs"]
mod cases;

use proptest::prelude::*;
use wspair::handshake::{
    AcceptError, Bootstrap, ClientRequest, Failure, Fields, InvalidOrigin, Negotiated, Origins,
    Policy, Refusal, RefusalCause, Request, Response,
};

type Field<'a> = (&'a str, &'a [u8]);

const UPGRADE: [Field<'static>; 5] = [
    ("Host", b"h"),
    ("Upgrade", b"websocket"),
    ("Connection", b"Upgrade"),
    ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", b"13"),
];

const CONNECT: [Field<'static>; 6] = [
    (":method", b"CONNECT"),
    (":protocol", b"websocket"),
    (":scheme", b"https"),
    (":path", b"/chat"),
    (":authority", b"h:8443"),
    ("sec-websocket-version", b"13"),
];

/// Those of the same name are replaced where they stand.
fn with<'a>(fields: &[Field<'a>], more: &[Field<'a>]) -> Fields<'a> {
    let named = |list: &[Field<'a>], name| list.iter().copied().find(|(other, _)| *other == name);
    let new = more.iter().copied().filter(|(name, _)| named(fields, *name).is_none());
    fields.iter().map(|field| named(more, field.0).unwrap_or(*field)).chain(new).collect()
}

/// Put in before the field at that place.
fn insert<'a>(fields: &[Field<'a>], at: usize, more: &[Field<'a>]) -> Fields<'a> {
    fields[..at].iter().chain(more).chain(&fields[at..]).copied().collect()
}

fn without<'a>(fields: &[Field<'a>], name: &str) -> Fields<'a> {
    fields.iter().filter(|(other, _)| *other != name).copied().collect()
}

#[track_caller]
fn refused(row: &str, fields: Fields<'_>, status: u16, cause: RefusalCause) {
    let refusal = Request::from_pseudo_fields(fields).unwrap_err();
    assert_eq!((refusal.status(), refusal.cause()), (status, cause), "{row}");
    assert!(!refusal.is_malformed(), "{row}");
    check_lower(row, &refusal);
}

#[track_caller]
fn malformed(row: &str, fields: Fields<'_>, cause: RefusalCause) {
    let refusal = Request::from_pseudo_fields(fields).unwrap_err();
    assert_eq!((refusal.status(), refusal.cause()), (400, cause), "{row}");
    assert!(refusal.is_malformed(), "{row}");
    check_lower(row, &refusal);
}

fn check_lower(row: &str, refusal: &Refusal) {
    for (name, _) in refusal.fields(Bootstrap::ExtendedConnect) {
        assert_eq!(name, name.to_ascii_lowercase(), "{row}");
        assert!(!["connection", "upgrade"].contains(&&*name), "{row}");
    }
}

#[test]
fn a_request_of_another_http_1_1_stack_is_checked_alike() {
    let request =
        Request::from_fields(Bootstrap::Upgrade, "GET", "/chat", (&UPGRADE).into()).unwrap();
    let acceptance = request.accept(&Policy::default(), None).unwrap();
    assert_eq!(acceptance.status, 101);
    let accept = ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_string());
    assert!(acceptance.fields.contains(&accept));
    assert_eq!(request.bootstrap(), Bootstrap::Upgrade);
    assert_eq!(request.field("upgrade"), Some(&b"websocket"[..]));
    assert_eq!(request.fields().iter().count(), 5);

    let refusal = Request::from_fields(Bootstrap::Upgrade, "POST", "/", (&UPGRADE).into());
    assert_eq!(refusal.unwrap_err().cause(), RefusalCause::Method);
    // C-17: this stack left white space on
    let padded = [("Sec-WebSocket-Key", &b" dGhlIHNhbXBsZSBub25jZQ==\t"[..])];
    let fields = with(&UPGRADE, &padded);
    let request = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields).unwrap();
    assert!(request.accept(&Policy::default(), None).unwrap().fields.contains(&accept));
    // C-07: this stack took what HTTP does not allow
    for target in ["/a b", "/a\r\nX: y", "/\0", "", "a"] {
        let refusal = Request::from_fields(Bootstrap::Upgrade, "GET", target, (&UPGRADE).into());
        assert_eq!(refusal.unwrap_err().cause(), RefusalCause::Target, "C-07");
    }
}

#[test]
fn an_extended_connect_is_answered_200_without_accept() {
    // M-09
    let more: [Field<'_>; 2] = [("sec-websocket-protocol", b"a, b"), ("origin", b"https://a.test")];
    let request = Request::from_pseudo_fields(with(&CONNECT, &more)).unwrap();
    assert_eq!((request.target(), request.authority()), ("/chat", "h:8443"));
    assert_eq!(request.origin(), Some("https://a.test"));
    let acceptance = request.accept(&Policy::default(), Some("b")).unwrap();
    assert_eq!(acceptance.status, 200, "M-09");
    assert_eq!(acceptance.fields, [("sec-websocket-protocol", "b".to_string())], "M-09");

    let none = request.accept(&Policy::default(), None).unwrap();
    assert!(none.fields.is_empty(), "M-09");

    // The same with method and target apart, and Host in place of :authority.
    let fields: [Field<'_>; 4] = [
        (":protocol", b"WebSocket"),
        (":scheme", b"HTTP"),
        ("host", b"h"),
        ("sec-websocket-version", b"13"),
    ];
    let request =
        Request::from_fields(Bootstrap::ExtendedConnect, "CONNECT", "/", (&fields).into());
    assert_eq!(request.unwrap().authority(), "h");
}

#[test]
fn what_is_no_extended_connect_for_websocket_is_refused() {
    let get = [(":method", &b"GET"[..])];
    let plain: [Field<'_>; 5] = core::array::from_fn(|at| CONNECT[at + usize::from(at > 0)]);
    refused("M-07", with(&plain, &get), 405, RefusalCause::Method);
    let refusal = Request::from_pseudo_fields(with(&plain, &get)).unwrap_err();
    let allowed: Field<'_> = ("allow", b"CONNECT");
    let fields = refusal.fields(Bootstrap::ExtendedConnect);
    assert!(fields.iter().any(|(name, value)| (&**name, &**value) == allowed), "{fields:?}");
    refused("M-06", with(&CONNECT, &[(":protocol", b"foo")]), 501, RefusalCause::Protocol);
    refused("M-07", without(&CONNECT, ":protocol"), 400, RefusalCause::NoProtocol);
    let target: [&[u8]; 4] = [b"chat", b"*", b"/#x", b"/a b"];
    for target in target {
        refused("M-11", with(&CONNECT, &[(":path", target)]), 400, RefusalCause::Target);
    }
    refused("M-11", without(&CONNECT, ":authority"), 400, RefusalCause::Host);
    refused("M-11", with(&CONNECT, &[(":authority", b"a b")]), 400, RefusalCause::Host);
    refused("M-11", with(&CONNECT, &[(":authority", b"")]), 400, RefusalCause::Host);
    let hosts = [("host", &b"h"[..]), ("host", b"h")];
    let several: Vec<_> = without(&CONNECT, ":authority").iter().chain(hosts).collect();
    refused("M-11", several.as_slice().into(), 400, RefusalCause::Host);
}

#[test]
fn a_malformed_request_is_told_from_one_to_answer() {
    // M-08
    let names = ["connection", "Upgrade", "keep-alive", "proxy-connection", "transfer-encoding"];
    for name in names {
        malformed("M-08", with(&CONNECT, &[(name, b"upgrade")]), RefusalCause::ConnectionField);
    }
    for te in [&b"gzip"[..], b"", b"trailers, deflate", b"trailers;q=1"] {
        malformed("M-08", with(&CONNECT, &[("te", te)]), RefusalCause::ConnectionField);
    }
    let twice = [("te", &b"trailers"[..]), ("te", b"gzip")];
    malformed("M-08", insert(&CONNECT, 6, &twice), RefusalCause::ConnectionField);

    // RFC 9113 8.2.1
    for name in ["Origin", "x-A", "", "x y", "x:y", "x\0", "x\u{e9}", "x(y)"] {
        malformed("field name", with(&CONNECT, &[(name, b"1")]), RefusalCause::FieldSyntax);
    }
    for value in [&b" 1"[..], b"1 ", b"\t1", b"1\t", b" ", b"1\r\nx: y", b"1\n2", b"1\r2", b"\0"] {
        malformed("field value", with(&CONNECT, &[("x", value)]), RefusalCause::FieldSyntax);
        malformed("field value", with(&CONNECT, &[(":path", value)]), RefusalCause::FieldSyntax);
    }

    // RFC 9113 8.3
    for again in CONNECT.iter().take(5) {
        malformed("repeated", insert(&CONNECT, 5, &[*again]), RefusalCause::PseudoField);
    }
    malformed("repeated", insert(&CONNECT, 5, &[(":protocol", b"foo")]), RefusalCause::PseudoField);
    malformed("repeated", insert(&CONNECT, 0, &[(":protocol", b"foo")]), RefusalCause::PseudoField);
    for name in [":status", ":version", ":", ":Path", "::path"] {
        malformed("unknown", insert(&CONNECT, 5, &[(name, b"1")]), RefusalCause::PseudoField);
    }
    malformed("behind others", insert(&CONNECT, 2, &[("x", b"1")]), RefusalCause::PseudoField);

    // RFC 8441 4
    malformed("method", with(&CONNECT, &[(":method", b"GET")]), RefusalCause::PseudoField);
    malformed("method", without(&CONNECT, ":method"), RefusalCause::PseudoField);
    malformed("path", without(&CONNECT, ":path"), RefusalCause::PseudoField);
    malformed("path", with(&CONNECT, &[(":path", b"")]), RefusalCause::PseudoField);
    malformed("scheme", without(&CONNECT, ":scheme"), RefusalCause::Scheme);
    for scheme in [&b""[..], b"ws", b"wss", b"ftp", b"https:", b"http,https", b"\xff"] {
        malformed("scheme", with(&CONNECT, &[(":scheme", scheme)]), RefusalCause::Scheme);
    }
}

#[test]
fn a_host_beside_the_authority_names_the_same_server() {
    // RFC 9113 8.3.1, with the normalization of RFC 3986 6.2.3
    let ask = |scheme, authority, hosts: &[Field<'_>]| {
        let fields: [Field<'_>; 2] = [(":scheme", scheme), (":authority", authority)];
        let fields = with(&CONNECT, &fields).iter().chain(hosts.iter().copied()).collect();
        Request::from_pseudo_fields(fields).map(|request| request.authority().to_string())
    };
    let same: [(&[u8], &[u8], &[u8]); 7] = [
        (b"https", b"h:8443", b"h:8443"),
        (b"https", b"h", b"H"),
        (b"https", b"h", b"h:443"),
        (b"HTTP", b"h:80", b"h"),
        (b"http", b"h:", b"h:080"),
        (b"https", b"[::1]", b"[0:0:0:0:0:0:0:1]:443"),
        (b"https", b"a.test", b"A.Test"),
    ];
    for (scheme, authority, host) in same {
        let seen = ask(scheme, authority, &[("host", host)]).unwrap();
        assert_eq!(seen.as_bytes(), authority);
    }
    let other: [(&[u8], &[u8], &[u8]); 8] = [
        (b"https", b"h", b"evil"),
        (b"https", b"h", b""),
        (b"https", b"h", b"h:80"),
        (b"http", b"h", b"h:443"),
        (b"https", b"h", b"h.evil.test"),
        (b"https", b"h", b"u@h"),
        (b"https", b"[::1]", b"[::2]"),
        (b"https", b"h", b"h, h"),
    ];
    for (scheme, authority, host) in other {
        let hosts: [&[Field<'_>]; 2] = [&[("host", host)], &[("host", authority), ("host", host)]];
        for hosts in hosts {
            let refusal = ask(scheme, authority, hosts).unwrap_err();
            assert_eq!((refusal.status(), refusal.cause()), (400, RefusalCause::Authority));
            assert!(refusal.is_malformed());
        }
    }
}

#[test]
fn a_stream_that_ended_with_its_request_is_answered_400() {
    let refusal = Refusal::stream_ended();
    assert_eq!((refusal.status(), refusal.cause()), (400, RefusalCause::StreamEnded));
    assert!(!refusal.is_malformed());
    check_lower("END_STREAM", &refusal);
}

#[test]
fn version_lists_and_origin_keep_their_rules_over_http_2() {
    // M-11
    let twelve: [Field<'_>; 1] = [("sec-websocket-version", b"12")];
    refused("M-11", with(&CONNECT, &twelve), 400, RefusalCause::Version);
    refused("M-11", without(&CONNECT, "sec-websocket-version"), 400, RefusalCause::VersionSyntax);
    let refusal = Request::from_pseudo_fields(with(&CONNECT, &twelve)).unwrap_err();
    let fields = refusal.fields(Bootstrap::ExtendedConnect);
    assert!(fields.contains(&("sec-websocket-version".into(), b"13"[..].into())), "M-11");

    let table: [(Field<'_>, RefusalCause); 4] = [
        (("sec-websocket-protocol", b"a b"), RefusalCause::Subprotocols),
        (("sec-websocket-extensions", b"a;;"), RefusalCause::Extensions),
        (("origin", b"\xff"), RefusalCause::OriginSyntax),
        (("content-length", b"6"), RefusalCause::Body),
    ];
    for (field, cause) in table {
        refused("M-11", with(&CONNECT, &[field]), 400, cause);
    }
}

#[test]
fn the_clients_extended_connect_has_its_pseudo_fields_first() {
    let fields = |address| {
        let request = ClientRequest::new(address)
            .and_then(|request| request.origin("https://a.test"))
            .and_then(|request| request.subprotocol("a"))
            .and_then(|request| request.subprotocol("b"))
            .and_then(|request| request.field("X-Own", b"Value"))
            .and_then(|request| request.field("Keep-Alive", b"1"))
            .and_then(|request| request.field("TE", b"gzip"))
            .and_then(|request| request.field("te", b" trailers\t"))
            .unwrap();
        let fields = request.fields(Bootstrap::ExtendedConnect, [0; 16]);
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        fields.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>()
    };
    assert_eq!(
        fields("wss://h:8443/chat?x"),
        [
            ":method: CONNECT",
            ":protocol: websocket",
            ":scheme: https",
            ":path: /chat?x",
            ":authority: h:8443",
            "sec-websocket-version: 13",
            "origin: https://a.test",
            "sec-websocket-protocol: a, b",
            "x-own: Value",
            "te: trailers",
        ],
        "M-03, M-04, M-05"
    );
    assert_eq!(fields("ws://u:p@h")[2..5], [":scheme: http", ":path: /", ":authority: h"]);
}

#[test]
fn a_2xx_without_accept_opens_an_extended_connect() {
    // M-10
    let request = ClientRequest::new("wss://h/").unwrap();
    let verify = |status| {
        let response = Response::from_fields(status, Fields::default());
        response.verify(&request, Bootstrap::ExtendedConnect, [0; 16])
    };
    for status in [200, 201, 299] {
        assert_eq!(verify(status), Ok(Negotiated::default()), "M-10");
    }
    for status in [101, 199, 300, 404, 501] {
        assert_eq!(verify(status), Err(Failure::Status), "M-10");
    }
    let fields: [Field<'_>; 1] = [("sec-websocket-protocol", b"a")];
    let response = Response::from_fields(200, (&fields).into());
    let verdict = response.verify(&request, Bootstrap::ExtendedConnect, [0; 16]);
    assert_eq!(verdict, Err(Failure::Subprotocol), "M-11");
}

#[test]
fn a_malformed_answer_opens_nothing() {
    let request = ClientRequest::new("wss://h/").unwrap();
    let verify = |fields: &[Field<'_>]| {
        let response = Response::from_fields(200, fields.into());
        response.verify(&request, Bootstrap::ExtendedConnect, [0; 16])
    };
    let fine: [Field<'_>; 3] = [(":status", b"200"), ("x", b""), ("server", b"a b")];
    assert_eq!(verify(&fine), Ok(Negotiated::default()));
    let table: [&[Field<'_>]; 8] = [
        &[("upgrade", b"websocket")],
        &[("connection", b"upgrade")],
        &[("X", b"1")],
        &[("x", b"1\r\ny: 2")],
        &[("x", b"1 ")],
        &[(":path", b"/")],
        &[(":status", b"200"), (":status", b"200")],
        &[("x", b"1"), (":status", b"200")],
    ];
    for fields in table {
        assert_eq!(verify(fields), Err(Failure::Malformed), "{fields:?}");
    }
}

#[test]
fn what_a_server_adds_fits_its_carrier() {
    let extra: [Field<'_>; 4] =
        [("X-A", b" 1 "), ("Keep-Alive", b"5"), ("TE", b"gzip"), ("Set-Cookie", b"a=b")];
    let answer = |request: Request<'_>| {
        let acceptance = request.accept(&Policy::default(), None).unwrap();
        for broken in [("X", &b"a\r\nb"[..]), ("Upgrade", b"x"), (":status", b"404")] {
            assert!(acceptance.fields_with(&[broken]).is_err());
        }
        let fields = acceptance.fields_with(&extra).unwrap();
        fields.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect::<Vec<_>>()
    };
    let connect = answer(Request::from_pseudo_fields((&CONNECT).into()).unwrap());
    let lower = [("x-a", &b"1"[..]), ("set-cookie", b"a=b")];
    assert_eq!(connect, lower.map(|(name, value)| (name.to_string(), value.to_vec())));
    let upgrade =
        answer(Request::from_fields(Bootstrap::Upgrade, "GET", "/", (&UPGRADE).into()).unwrap());
    assert_eq!(upgrade[0], ("Upgrade".to_string(), b"websocket".to_vec()));
    assert_eq!(upgrade[3..], extra.map(|(name, value)| (name.to_string(), value.to_vec())));

    let refusal = Refusal::new(404).unwrap();
    let refusal = extra.iter().fold(refusal, |it, (name, value)| it.field(name, value).unwrap());
    let fields = refusal.fields(Bootstrap::ExtendedConnect);
    let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["x-a", "set-cookie", "content-length"]);
}

#[test]
fn an_answer_of_another_http_1_1_stack_is_checked_alike() {
    let request = ClientRequest::new("ws://h/").unwrap().subprotocol("a").unwrap();
    let nonce = *b"the sample nonce";
    let sent = request.fields(Bootstrap::Upgrade, nonce);
    let sent: Fields<'_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
    let target = request.address().target();
    let seen = Request::from_fields(Bootstrap::Upgrade, "GET", target, sent).unwrap();
    let acceptance = seen.accept(&Policy::default(), Some("a")).unwrap();

    let fields = acceptance.fields.iter().map(|(name, value)| (*name, value.as_bytes()));
    let response = Response::from_fields(acceptance.status, fields.collect());
    let agreed = response.verify(&request, Bootstrap::Upgrade, nonce);
    assert_eq!(agreed, Ok(acceptance.agreed.clone()));
    let other = response.verify(&request, Bootstrap::Upgrade, [0; 16]);
    assert_eq!(other, Err(Failure::Accept));
}

#[test]
fn an_origin_compares_as_a_whole() {
    // C-21, as in CVE-2014-3429 of another server
    let origins =
        Origins::new(["https://good.example", "http://local:8080", "https://[0::1]"]).unwrap();
    let allowed = [
        "https://good.example",
        "https://good.example:443",
        "HTTPS://Good.Example",
        "http://local:8080",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[::1]:443",
    ];
    for origin in allowed {
        assert!(origins.allow(Some(origin)), "C-21: {origin}");
    }
    let denied = [
        "https://good.example.evil.test",
        "https://evil-good.example",
        "https://evil.good.example",
        "https://good.exampl",
        "http://good.example",
        "http://good.example:443",
        "https://good.example:8443",
        "https://good.example:80",
        "http://local",
        "good.example",
        "https://good.example/",
        "https://good.example/x",
        "https://good.example?",
        "https://good.example#",
        "https://u@good.example",
        "https://good.example https://good.example",
        " https://good.example",
        "null",
        "NULL",
        "",
        "://good.example",
        "ht tps://good.example",
        "https,http://good.example",
        "https://",
        "file://",
    ];
    for origin in denied {
        assert!(!origins.allow(Some(origin)), "C-21: {origin}");
    }
    for origin in [
        "null",
        "",
        "good.example",
        "https://good.example/",
        "*",
        "a b://good.example",
        "://good.example",
        "https://*",
    ] {
        let valid = Origins::new([origin]);
        if origin == "https://*" {
            // An asterisk is a host name like others, and matches no other.
            assert!(!valid.unwrap().allow(Some("https://a.test")));
        } else {
            assert_eq!(valid, Err(InvalidOrigin), "C-21: {origin}");
        }
    }
}

#[test]
fn the_policy_decides_about_origins() {
    let status = |policy: &Policy, more: &[Field<'_>]| {
        let fields = with(&UPGRADE, more);
        let request = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields).unwrap();
        match request.accept(policy, None) {
            Ok(acceptance) => acceptance.status,
            Err(AcceptError::Refused(refusal)) => {
                assert_eq!(refusal.cause(), RefusalCause::Origin);
                refusal.status()
            }
            Err(error) => panic!("{error}"),
        }
    };
    let good: &[Field<'_>] = &[("Origin", b"https://good.example")];
    let evil: &[Field<'_>] = &[("Origin", b"https://evil.test")];
    let null: &[Field<'_>] = &[("Origin", b"null")];
    let empty: &[Field<'_>] = &[("Origin", b"")];

    let mut policy = Policy::default();
    assert_eq!(status(&policy, evil), 101, "C-21");
    let origins = Origins::new(["https://good.example"]).unwrap();
    policy.origins = Some(origins.clone());
    assert_eq!(status(&policy, good), 101, "C-21");
    for denied in [evil, null, empty] {
        assert_eq!(status(&policy, denied), 403, "C-21");
    }
    assert_eq!(status(&policy, &[]), 101, "C-23");
    policy.origins = Some(origins.missing(false));
    assert_eq!(status(&policy, &[]), 403, "C-23");
    assert_eq!(status(&policy, good), 101, "C-23");
    // An empty list allows nobody.
    policy.origins = Some(Origins::new([]).unwrap());
    assert_eq!(status(&policy, good), 403, "C-21");
}

/// A field that is often one that matters, with a value that is often nearly right.
fn any_field() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = UPGRADE.iter().chain(&CONNECT).map(|(name, _)| (*name).to_string());
    let names = prop::sample::select(names.collect::<Vec<_>>());
    let values = UPGRADE.iter().chain(&CONNECT).map(|(_, value)| value.to_vec());
    let values = prop::sample::select(values.collect::<Vec<_>>());
    (
        prop_oneof![names, "\\PC{0,8}"],
        prop_oneof![values, prop::collection::vec(any::<u8>(), 0..20)],
    )
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn no_fields_make_it_panic(
        fields in prop::collection::vec(any_field(), 0..10),
        method in "(GET|CONNECT|\\PC{0,4})",
        target in "(/|http://)?\\PC{0,12}",
        status in any::<u16>(),
    ) {
        let fields: Vec<Field<'_>> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let mut policy = Policy::default();
        policy.origins = Some(Origins::new(["https://a.test"]).unwrap());
        let client = ClientRequest::new("ws://h/").unwrap();
        for how in [Bootstrap::Upgrade, Bootstrap::ExtendedConnect] {
            let request = Request::from_fields(how, &method, &target, fields.as_slice().into());
            match request {
                Ok(request) => {
                    prop_assert!(request.target().starts_with('/'));
                    prop_assert!(!request.authority().is_empty());
                    let _ = request.accept(&policy, request.subprotocols().last());
                }
                Err(refusal) => prop_assert!((400..600).contains(&refusal.status())),
            }
            let response = Response::from_fields(status, fields.as_slice().into());
            let _ = response.verify(&client, how, [0; 16]);
        }
        let _ = Request::from_pseudo_fields(fields.as_slice().into());
    }

    #[test]
    fn any_text_is_an_origin_or_none(text in "(https?)?(://)?[a-z@:/?#.\\[\\]0-9]{0,12}\\PC{0,4}") {
        // What can be allowed matches itself; what cannot matches nothing.
        if let Ok(origins) = Origins::new([text.as_str()]) {
            prop_assert!(origins.allow(Some(&text.to_ascii_uppercase())));
        } else {
            let origins = Origins::new(["https://a.test"]).unwrap();
            prop_assert!(!origins.allow(Some(&text)));
        }
    }
}
