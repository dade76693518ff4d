//! How permessage-deflate is agreed on. Row ids are those of `rows.txt`.

#[path = "common/cases.rs"]
mod cases;

use proptest::prelude::*;
use wspair::Role;
#[cfg(feature = "deflate")]
use wspair::deflate::DeflateConfig;
use wspair::handshake::{
    Acceptance, Bootstrap, ClientRequest, DeflateDecline, DeflateOffer, DeflateParams,
    DeflatePolicy, Failure, Fields, Negotiated, Policy, Request, Response, accept_key,
};

/// A policy without wishes of its own.
fn open_policy() -> DeflatePolicy {
    let mut policy = DeflatePolicy::default();
    policy.server_max_window_bits = 15;
    policy.client_max_window_bits = 15;
    policy
}

/// What a server makes of a list.
fn accept(deflate: Option<DeflatePolicy>, list: &str) -> Acceptance {
    let fields: [(&str, &[u8]); 6] = [
        ("Host", b"h"),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", b"13"),
        ("Sec-WebSocket-Extensions", list.as_bytes()),
    ];
    let fields = Fields::from(&fields);
    let request = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields).unwrap();
    let mut policy = Policy::default();
    policy.deflate = deflate;
    request.accept(&policy, None).unwrap()
}

/// The server's answer, `pmd` for the name; checked against what is agreed.
#[track_caller]
fn answered(policy: DeflatePolicy, list: &str) -> Option<String> {
    let acceptance = accept(Some(policy), &list.replace("pmd", "permessage-deflate"));
    let answers: Vec<_> =
        acceptance.fields.iter().filter(|(name, _)| *name == "Sec-WebSocket-Extensions").collect();
    assert_eq!(answers.len(), usize::from(acceptance.agreed.deflate.is_some()));
    let (_, answer) = answers.first()?;
    assert_eq!(acceptance.deflate_declined, None);
    Some(answer.replace("permessage-deflate", "pmd"))
}

#[track_caller]
fn declined(row: &str, list: &str, reason: DeflateDecline) {
    let acceptance = accept(Some(open_policy()), &list.replace("pmd", "permessage-deflate"));
    assert_eq!(acceptance.agreed, Negotiated::default(), "{row}: {list}");
    assert_eq!(acceptance.deflate_declined, Some(reason), "{row}: {list}");
}

/// What a client makes of an answer, `pmd` for the name.
fn check(offer: DeflateOffer, list: &str) -> Result<DeflateParams, Failure> {
    let request = ClientRequest::new("ws://h/").unwrap().deflate(offer);
    let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    let list = list.replace("pmd", "permessage-deflate");
    let fields: [(&str, &[u8]); 4] = [
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", &accept),
        ("Sec-WebSocket-Extensions", list.as_bytes()),
    ];
    let response = Response::from_fields(101, (&fields).into());
    let agreed = response.verify(&request, Bootstrap::Upgrade, *b"the sample nonce")?;
    Ok(agreed.deflate.expect("an answered extension is agreed on"))
}

/// The client's offer, `pmd` for the name.
fn offered(offer: DeflateOffer) -> String {
    let request = ClientRequest::new("ws://h/").unwrap().deflate(offer);
    let fields = request.fields(Bootstrap::Upgrade, [0; 16]);
    let (_, list) = fields.iter().find(|(name, _)| name == "Sec-WebSocket-Extensions").unwrap();
    String::from_utf8(list.to_vec()).unwrap().replace("permessage-deflate", "pmd")
}

/// An offer that names no window.
fn bare_offer() -> DeflateOffer {
    let mut offer = DeflateOffer::default();
    offer.client_max_window_bits = None;
    offer
}

/// What no window is written like.
const NO_WINDOWS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "16",
    "17",
    "18",
    "19",
    "20",
    "08",
    "008",
    "+9",
    "-9",
    "ten",
    "0x9",
    "9a",
    "1e1",
    "255",
    "256",
    "264",
    "100000000000000000000",
];

#[test]
fn without_a_policy_the_server_declines_and_says_so() {
    let acceptance = accept(None, "permessage-deflate");
    assert_eq!(acceptance.agreed, Negotiated::default());
    assert_eq!(acceptance.deflate_declined, Some(DeflateDecline::Off));
    assert_eq!(accept(None, "x").deflate_declined, None);
}

#[cfg(feature = "deflate")]
#[test]
fn where_there_is_a_codec_requests_and_policies_keep_what_they_say_of_compression() {
    let config = DeflateConfig::default();
    for deflate in [None, Some(DeflatePolicy::default())] {
        let policy = Policy::default().with_deflate(deflate);
        assert_eq!(policy.for_codec(&config).deflate.is_some(), deflate.is_some());
    }
    for offer in [None, Some(DeflateOffer::default())] {
        let request = ClientRequest::new("ws://h/").unwrap().deflate(offer).for_codec(&config);
        let fields = request.fields(Bootstrap::Upgrade, [0; 16]);
        let offers = fields.iter().any(|(name, _)| name == "Sec-WebSocket-Extensions");
        assert_eq!(offers, offer.is_some());
    }
}

#[test]
fn an_offer_may_be_in_any_of_several_lines() {
    let lines = ["x-foo", "permessage-deflate", "x-bar"];
    for first in 0..lines.len() {
        let mut fields: Vec<(&str, &[u8])> = vec![
            ("Host", b"h"),
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", b"13"),
        ];
        let rotated = lines.iter().cycle().skip(first).take(lines.len());
        fields.extend(rotated.map(|line| ("Sec-WebSocket-Extensions", line.as_bytes())));
        let fields = Fields::from(&fields[..]);
        let request = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields).unwrap();
        let policy = Policy::default().with_deflate(open_policy());
        assert!(request.accept(&policy, None).unwrap().agreed.deflate.is_some(), "{first}");
    }
}

#[test]
fn of_an_answer_the_first_16_extensions_count() {
    for (repeated, failure) in
        [(15, Failure::ExtensionNotOffered), (16, Failure::ExtensionRepeated)]
    {
        let list = format!("{}foo", "pmd, ".repeat(repeated));
        assert_eq!(check(DeflateOffer::default(), &list), Err(failure));
    }
}

#[test]
fn the_first_offer_that_fits_wins() {
    let table = [
        ("J-01", "pmd; server_max_window_bits=7, pmd", "pmd"),
        ("J-01", "pmd; server_max_window_bits=10, pmd", "pmd; server_max_window_bits=10"),
        (
            "J-01",
            "pmd; foo, pmd; client_no_context_takeover, pmd",
            "pmd; client_no_context_takeover",
        ),
        ("J-02", "x-foo, pmd", "pmd"),
        ("J-02", "x-foo; pmd, pmd, y", "pmd"),
        ("C-31", "foo, pmd", "pmd"),
        ("C-33", "pmd; client_max_window_bits=\"12\"", "pmd; client_max_window_bits=12"),
        ("C-33", "pmd; server_max_window_bits=\"1\\2\"", "pmd; server_max_window_bits=12"),
    ];
    for (row, list, answer) in table {
        assert_eq!(answered(open_policy(), list).as_deref(), Some(answer), "{row}: {list}");
    }
}

#[test]
fn an_offer_with_a_wrong_parameter_is_declined() {
    let table = [
        ("J-03", "pmd; foo", DeflateDecline::UnknownParameter),
        ("J-03", "pmd; foo=1", DeflateDecline::UnknownParameter),
        ("J-03", "pmd; SERVER_NO_CONTEXT_TAKEOVER", DeflateDecline::UnknownParameter),
        (
            "J-04",
            "pmd; server_no_context_takeover; server_no_context_takeover",
            DeflateDecline::RepeatedParameter,
        ),
        (
            "J-04",
            "pmd; client_no_context_takeover; client_no_context_takeover",
            DeflateDecline::RepeatedParameter,
        ),
        (
            "J-04",
            "pmd; server_max_window_bits=10; server_max_window_bits=10",
            DeflateDecline::RepeatedParameter,
        ),
        (
            "J-04",
            "pmd; client_max_window_bits; client_max_window_bits=10",
            DeflateDecline::RepeatedParameter,
        ),
        ("J-05", "pmd; client_no_context_takeover=1", DeflateDecline::Value),
        ("J-05", "pmd; server_no_context_takeover=true", DeflateDecline::Value),
        ("J-07", "pmd; server_max_window_bits", DeflateDecline::Value),
        ("J-14", "pmd; server_max_window_bits=8", DeflateDecline::SmallWindow),
        // The first offer's reason is told.
        ("J-01", "pmd; foo, pmd; server_max_window_bits=8", DeflateDecline::UnknownParameter),
    ];
    for (row, list, reason) in table {
        declined(row, list, reason);
    }
    let many = format!("pmd{}", "; client_max_window_bits".repeat(1000));
    declined("J-04", &many, DeflateDecline::RepeatedParameter);
    // J-14: the next offer may fit.
    let two = answered(open_policy(), "pmd; server_max_window_bits=8, pmd");
    assert_eq!(two.as_deref(), Some("pmd"), "J-14");
}

#[test]
fn a_window_is_8_to_15_in_decimal() {
    // J-06
    for value in NO_WINDOWS {
        for name in ["server_max_window_bits", "client_max_window_bits"] {
            declined("J-06", &format!("pmd; {name}={value}"), DeflateDecline::Value);
        }
    }
    for bits in 9..=15 {
        let answer = answered(open_policy(), &format!("pmd; server_max_window_bits={bits}"));
        assert_eq!(answer, Some(format!("pmd; server_max_window_bits={bits}")), "J-06, J-09");
    }
    for bits in 8..=14 {
        let answer = answered(open_policy(), &format!("pmd; client_max_window_bits={bits}"));
        assert_eq!(answer, Some(format!("pmd; client_max_window_bits={bits}")), "J-06, J-10");
    }
}

#[test]
fn the_answer_keeps_to_offer_and_policy() {
    let mut narrow = open_policy();
    narrow.server_max_window_bits = 11;
    narrow.client_max_window_bits = 10;
    let mut alone = open_policy();
    alone.server_no_context_takeover = true;
    alone.client_no_context_takeover = true;
    let mut wild = open_policy();
    wild.server_max_window_bits = 0;
    wild.client_max_window_bits = 255;
    let table = [
        ("J-08", open_policy(), "pmd; client_max_window_bits", "pmd"),
        ("J-08", open_policy(), "pmd; client_max_window_bits=15", "pmd"),
        (
            "J-08",
            narrow,
            "pmd; client_max_window_bits",
            "pmd; server_max_window_bits=11; client_max_window_bits=10",
        ),
        ("J-09", narrow, "pmd; server_max_window_bits=9", "pmd; server_max_window_bits=9"),
        ("J-09", narrow, "pmd; server_max_window_bits=15", "pmd; server_max_window_bits=11"),
        ("J-09", open_policy(), "pmd; server_max_window_bits=15", "pmd; server_max_window_bits=15"),
        ("J-10", narrow, "pmd", "pmd; server_max_window_bits=11"),
        (
            "J-10",
            narrow,
            "pmd; client_max_window_bits=9",
            "pmd; server_max_window_bits=11; client_max_window_bits=9",
        ),
        (
            "J-10",
            narrow,
            "pmd; client_max_window_bits=12",
            "pmd; server_max_window_bits=11; client_max_window_bits=10",
        ),
        (
            "J-11",
            open_policy(),
            "pmd; server_no_context_takeover",
            "pmd; server_no_context_takeover",
        ),
        (
            "J-12",
            open_policy(),
            "pmd; client_no_context_takeover",
            "pmd; client_no_context_takeover",
        ),
        ("J-12", alone, "pmd", "pmd; server_no_context_takeover; client_no_context_takeover"),
        ("J-14", wild, "pmd; client_max_window_bits", "pmd; server_max_window_bits=9"),
    ];
    for (row, policy, list, answer) in table {
        assert_eq!(answered(policy, list).as_deref(), Some(answer), "{row}: {list}");
    }
    // By default both windows are 12 where the client lets the server choose.
    let answer = answered(DeflatePolicy::default(), "pmd; client_max_window_bits");
    assert_eq!(answer.unwrap(), "pmd; server_max_window_bits=12; client_max_window_bits=12");
}

#[test]
fn many_offers_get_one_answer() {
    // J-13
    let list = vec!["pmd"; 300].join(", ");
    assert_eq!(answered(open_policy(), &list).as_deref(), Some("pmd"), "J-13");
    // Of the offers 16 are tried.
    let late = |before: usize| format!("{}pmd", "x, ".repeat(before));
    assert!(answered(open_policy(), &late(15)).is_some());
    assert!(answered(open_policy(), &late(16)).is_none());
}

#[test]
fn names_compare_exactly() {
    // J-22
    assert_eq!(answered(open_policy(), "Permessage-Deflate"), None, "J-22");
    let verdict = check(DeflateOffer::default(), "Permessage-Deflate");
    assert_eq!(verdict, Err(Failure::ExtensionNotOffered), "J-22");
    let verdict = check(DeflateOffer::default(), "pmd; Client_No_Context_Takeover");
    assert_eq!(verdict, Err(Failure::DeflateParameter), "J-22");
}

#[test]
fn what_is_agreed_over_http_2_is_answered_in_lower_case() {
    // M-11
    let fields: [(&str, &[u8]); 5] = [
        (":protocol", b"websocket"),
        (":scheme", b"https"),
        (":authority", b"h"),
        ("sec-websocket-version", b"13"),
        ("sec-websocket-extensions", b"permessage-deflate"),
    ];
    let how = Bootstrap::ExtendedConnect;
    let request = Request::from_fields(how, "CONNECT", "/", (&fields).into()).unwrap();
    let mut policy = Policy::default();
    policy.deflate = Some(open_policy());
    let acceptance = request.accept(&policy, None).unwrap();
    let answer = ("sec-websocket-extensions", "permessage-deflate".to_string());
    assert_eq!(acceptance.fields, [answer], "M-11");

    let request = ClientRequest::new("wss://h/").unwrap().deflate(bare_offer());
    let sent = request.fields(how, [0; 16]);
    let offer = ("sec-websocket-extensions".into(), b"permessage-deflate"[..].into());
    assert!(sent.contains(&offer), "M-05");
}

#[test]
fn an_offer_is_written_as_it_is_set() {
    assert_eq!(offered(DeflateOffer::default()), "pmd; client_max_window_bits", "A-13");
    assert_eq!(offered(bare_offer()), "pmd");
    let mut full = DeflateOffer::default();
    full.server_no_context_takeover = true;
    full.client_no_context_takeover = true;
    full.server_max_window_bits = Some(10);
    full.client_max_window_bits = Some(9);
    assert_eq!(
        offered(full),
        "pmd; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=10; client_max_window_bits=9"
    );
    full = bare_offer();
    full.server_max_window_bits = Some(0);
    full.client_max_window_bits = Some(8);
    assert_eq!(offered(full), "pmd; server_max_window_bits=8; client_max_window_bits=9");
    full.server_max_window_bits = Some(200);
    full.client_max_window_bits = Some(200);
    assert_eq!(offered(full), "pmd; server_max_window_bits=15; client_max_window_bits");
    let request = ClientRequest::new("ws://h/").unwrap();
    let fields = request.fields(Bootstrap::Upgrade, [0; 16]);
    assert!(fields.iter().all(|(name, _)| name != "Sec-WebSocket-Extensions"), "A-13: no offer");
}

#[test]
fn an_answer_with_a_wrong_parameter_fails() {
    // J-16
    for answer in [
        "pmd; foo",
        "pmd; client_no_context_takeover=1",
        "pmd; server_no_context_takeover; server_no_context_takeover",
        "pmd; server_max_window_bits=10; server_max_window_bits=10",
        "pmd; server_max_window_bits",
        "pmd; client_max_window_bits",
        "pmd; server_max_window_bits=1000",
    ] {
        let verdict = check(DeflateOffer::default(), answer);
        assert_eq!(verdict, Err(Failure::DeflateParameter), "J-16: {answer}");
    }
    for value in NO_WINDOWS {
        for name in ["server_max_window_bits", "client_max_window_bits"] {
            let verdict = check(DeflateOffer::default(), &format!("pmd; {name}={value}"));
            assert_eq!(verdict, Err(Failure::DeflateParameter), "J-16: {value}");
        }
    }
}

#[test]
fn an_answer_keeps_to_the_offer() {
    let mut asked = DeflateOffer::default();
    asked.server_max_window_bits = Some(10);
    asked.client_max_window_bits = Some(10);
    let mut alone = DeflateOffer::default();
    alone.server_no_context_takeover = true;
    let table = [
        ("J-17", bare_offer(), "pmd; client_max_window_bits=10"),
        ("J-17", bare_offer(), "pmd; client_max_window_bits=15"),
        ("J-18", asked, "pmd; server_max_window_bits=12"),
        ("J-18", asked, "pmd; server_max_window_bits=11"),
        ("J-18", asked, "pmd; server_max_window_bits=10; client_max_window_bits=12"),
        // The server did not take up what was asked of it.
        ("J-18", asked, "pmd"),
        ("J-18", asked, "pmd; client_max_window_bits=10"),
        ("J-11", alone, "pmd"),
        ("J-11", alone, "pmd; client_no_context_takeover"),
    ];
    for (row, offer, answer) in table {
        assert_eq!(check(offer, answer), Err(Failure::DeflateTerms), "{row}: {answer}");
    }
    assert_eq!(check(bare_offer(), "pmd, pmd"), Err(Failure::ExtensionRepeated), "J-19");
    assert_eq!(check(bare_offer(), "pmd, x"), Err(Failure::ExtensionNotOffered), "B-16");
    assert_eq!(check(bare_offer(), "x"), Err(Failure::ExtensionNotOffered), "B-16");
    assert_eq!(check(bare_offer(), "pmd;;"), Err(Failure::Extensions), "B-17");
}

#[test]
fn an_answer_binds_the_client() {
    let mut own_wishes = DeflateOffer::default();
    own_wishes.client_no_context_takeover = true;
    own_wishes.client_max_window_bits = Some(11);
    let agreed = |server_alone, client_alone, server_bits, client_bits| {
        let mut params = DeflateParams::default();
        params.server_no_context_takeover = server_alone;
        params.client_no_context_takeover = client_alone;
        params.server_max_window_bits = server_bits;
        params.client_max_window_bits = client_bits;
        Ok(params)
    };
    let default = DeflateOffer::default();
    let table = [
        (default, "pmd", agreed(false, false, 15, 15)),
        (default, "pmd; client_no_context_takeover", agreed(false, true, 15, 15)),
        (default, "pmd; server_no_context_takeover", agreed(true, false, 15, 15)),
        (default, "pmd; client_max_window_bits=9", agreed(false, false, 15, 9)),
        (default, "pmd; server_max_window_bits=8", agreed(false, false, 8, 15)),
        // A client keeps to its own wishes when the server says nothing about them.
        (own_wishes, "pmd", agreed(false, true, 15, 11)),
        (own_wishes, "pmd; client_max_window_bits=\"10\"", agreed(false, true, 15, 10)),
    ];
    assert_eq!(check(default, "pmd"), Ok(DeflateParams::default()));
    for (offer, answer, params) in table {
        assert_eq!(check(offer, answer), params, "J-20, J-21: {answer}");
    }
}

#[test]
fn a_window_of_8_for_the_client_leaves_it_without_a_compressor() {
    let params = check(DeflateOffer::default(), "pmd; client_max_window_bits=8").unwrap();
    assert!(!params.can_compress(Role::Client), "J-14, J-21");
    assert!(params.can_compress(Role::Server));
    assert_eq!(params.window_bits(Role::Client), 8);
    let params = check(DeflateOffer::default(), "pmd; client_max_window_bits=9").unwrap();
    assert!(params.can_compress(Role::Client));
    assert!(!params.no_context_takeover(Role::Client));
}

fn offers() -> impl Strategy<Value = DeflateOffer> {
    let bits = || prop::option::of(any::<u8>().prop_map(|bits| bits % 20));
    (any::<bool>(), any::<bool>(), bits(), bits()).prop_map(|(server, client, s, c)| {
        let mut offer = DeflateOffer::default();
        offer.server_no_context_takeover = server;
        offer.client_no_context_takeover = client;
        offer.server_max_window_bits = s;
        offer.client_max_window_bits = c;
        offer
    })
}

fn policies() -> impl Strategy<Value = DeflatePolicy> {
    (any::<bool>(), any::<bool>(), 0..20_u8, 0..20_u8).prop_map(|(server, client, s, c)| {
        let mut policy = DeflatePolicy::default();
        policy.server_no_context_takeover = server;
        policy.client_no_context_takeover = client;
        policy.server_max_window_bits = s;
        policy.client_max_window_bits = c;
        policy
    })
}

proptest! {
    #![proptest_config(cases::cases(256))]

    #[test]
    fn both_sides_agree_on_the_same(offer in offers(), policy in policies()) {
        let acceptance = accept(Some(policy), &offered(offer).replace("pmd", "permessage-deflate"));
        let Some(params) = acceptance.agreed.deflate else {
            prop_assert_eq!(acceptance.deflate_declined, Some(DeflateDecline::SmallWindow));
            return Ok(());
        };
        let (_, answer) = acceptance.fields.last().unwrap();
        prop_assert_eq!(check(offer, answer), Ok(params));
        prop_assert!(params.can_compress(Role::Server) && params.can_compress(Role::Client));
    }

    #[test]
    fn no_parameters_make_it_panic(list in "permessage-deflate(; (server|client)_(no_context_takeover|max_window_bits)(=[0-9]{0,3})?){0,4}") {
        let _ = check(DeflateOffer::default(), &list);
        if !list.contains("=;") && !list.ends_with('=') {
            accept(Some(open_policy()), &list);
        }
    }
}
