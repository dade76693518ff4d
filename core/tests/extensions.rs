//! Lists of extensions: their grammar, and what both sides make of them. Row ids are those of
//! `rows.txt`.

#[path = "common/cases.rs"]
mod cases;

use proptest::prelude::*;
use wspair::handshake::{
    Acceptance, Bootstrap, ClientRequest, Failure, Fields, Negotiated, Policy, RefusalCause,
    Request, Response, accept_key,
};

/// What a server makes of a list in these lines.
fn offer(policy: &Policy, lines: &[&str]) -> Result<Acceptance, RefusalCause> {
    let base: [(&str, &[u8]); 5] = [
        ("Host", b"h"),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
    ];
    let lines = lines.iter().map(|line| ("Sec-WebSocket-Extensions", line.as_bytes()));
    let fields: Fields<'_> = base.into_iter().chain(lines).collect();
    match Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields) {
        Ok(request) => Ok(request.accept(policy, None).unwrap()),
        Err(refusal) => {
            assert_eq!(refusal.status(), 400);
            Err(refusal.cause())
        }
    }
}

/// What a client makes of a list in these lines.
fn answer(request: &ClientRequest, lines: &[&str]) -> Result<Negotiated, Failure> {
    let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    let base: [(&str, &[u8]); 3] =
        [("Upgrade", b"websocket"), ("Connection", b"Upgrade"), ("Sec-WebSocket-Accept", &accept)];
    let lines = lines.iter().map(|line| ("Sec-WebSocket-Extensions", line.as_bytes()));
    let fields = base.into_iter().chain(lines).collect();
    Response::from_fields(101, fields).verify(request, Bootstrap::Upgrade, *b"the sample nonce")
}

fn answered(acceptance: &Acceptance) -> Vec<&str> {
    let fields = acceptance.fields.iter();
    fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("Sec-WebSocket-Extensions"))
        .map(|(_, value)| value.as_str())
        .collect()
}

/// Lists that break the grammar.
const MALFORMED: &[&str] = &[
    "",
    " ",
    ",",
    ", ,\t,",
    "a;;",
    "a;",
    "; a",
    ";",
    "=",
    "a; =5",
    "a; b=",
    "a; b=\"c",
    "a; b=\"",
    "a; b=\"\"",
    "a; b=\"c d\"",
    "a; b=\"c,d\"",
    "a; b=\"c\\",
    "a; b=\"c\\\"d\"",
    "a; b=\"c\"d",
    "a; b=c=d",
    "a; b c",
    "a=5",
    "a b",
    "\"a\"",
    "a/b",
    "a, b;",
    "permessage-deflate;;",
    "a; b=\u{e9}",
];

#[test]
fn a_malformed_list_is_refused_by_both_sides() {
    let request = ClientRequest::new("ws://h/").unwrap();
    for list in MALFORMED {
        let seen = offer(&Policy::default(), &[list]);
        assert_eq!(seen, Err(RefusalCause::Extensions), "C-32: {list:?}");
        assert_eq!(answer(&request, &[list]), Err(Failure::Extensions), "B-17: {list:?}");
    }
}

#[test]
fn a_server_without_extensions_declines_all() {
    // C-31, C-33, J-02
    for list in [
        "a",
        "foo, permessage-deflate",
        "permessage-deflate; client_max_window_bits=\"12\"",
        "a;b;c=1 ; d = 2;\te\t=\t\"f\\g\"",
        ",,a,, ,b;c,",
        "x-webkit-deflate-frame",
        "constructor, __proto__; toString",
    ] {
        let acceptance = offer(&Policy::default(), &[list]).unwrap();
        assert!(answered(&acceptance).is_empty(), "C-31: {list:?}");
        assert_eq!(acceptance.agreed, Negotiated::default(), "C-31");
    }
    // C-30: lines join, and an empty one is an empty part of the list.
    assert!(offer(&Policy::default(), &["a; b", "c"]).is_ok(), "C-30");
    assert!(offer(&Policy::default(), &["", "c"]).is_ok(), "C-30");
    assert_eq!(offer(&Policy::default(), &["a", "b;"]), Err(RefusalCause::Extensions), "C-32");
}

#[test]
fn a_client_that_offered_nothing_takes_no_extension() {
    let request = ClientRequest::new("ws://h/").unwrap();
    for list in ["foo", "permessage-deflate", "a, b", "constructor"] {
        // B-16, J-15
        let verdict = answer(&request, &[list]);
        assert_eq!(verdict, Err(Failure::ExtensionNotOffered), "B-16, J-15: {list}");
    }
    assert_eq!(answer(&request, &[]), Ok(Negotiated::default()));
}

#[test]
fn the_grammar_is_checked_beyond_what_is_read() {
    let many = |count: usize, end: &str| format!("{}{end}", "a; b=c, ".repeat(count));
    assert!(offer(&Policy::default(), &[&many(1000, "a")]).is_ok());
    assert_eq!(offer(&Policy::default(), &[&many(1000, "a;")]), Err(RefusalCause::Extensions));
    let params = format!("a{}", "; b=c".repeat(1000));
    assert!(offer(&Policy::default(), &[&params]).is_ok());
    assert_eq!(offer(&Policy::default(), &[&format!("{params};")]), Err(RefusalCause::Extensions));
}

#[test]
fn a_huge_hostile_list_is_refused_at_once() {
    // As in CVE-2020-7662 of another library: with work that grows faster than the list this would
    // not end.
    let huge = 1 << 20;
    for list in [
        format!("a; b=\"{}", "\\c".repeat(huge)),
        format!("a; b{}x", " ".repeat(huge)),
        format!("{}\"", ",".repeat(huge)),
        format!("{};", "a;b,".repeat(huge)),
    ] {
        assert_eq!(offer(&Policy::default(), &[&list]), Err(RefusalCause::Extensions));
    }
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn no_list_makes_it_panic(list in "[ab;,=\"\\\\ \t\u{e9}]{0,30}") {
        let _ = offer(&Policy::default(), &[&list]);
        let _ = answer(&ClientRequest::new("ws://h/").unwrap(), &[&list]);
    }

    #[test]
    fn one_line_or_two_make_no_difference(lists in prop::collection::vec("[ab](; ?[ab](=\"?[ab]\"?)?)?", 2..5)) {
        let parts: Vec<_> = lists.iter().map(String::as_str).collect();
        prop_assert_eq!(
            offer(&Policy::default(), &parts),
            offer(&Policy::default(), &[&lists.join(", ")])
        );
    }
}
