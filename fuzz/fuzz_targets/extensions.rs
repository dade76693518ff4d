//! Lists of extensions, one a line, as a server reads an offer and a client an answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{
    Bootstrap, ClientRequest, DeflateOffer, DeflatePolicy, Fields, Policy, Request, Response,
    accept_key,
};
use wspair_fuzz::check_text;

const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";

fuzz_target!(|lists: &[u8]| {
    let lists = lists.split(|&byte| byte == b'\n').map(|list| ("Sec-WebSocket-Extensions", list));
    let fields: Fields<'_> = [
        ("Host", &b"h"[..]),
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", b"13"),
    ]
    .into_iter()
    .chain(lists.clone())
    .collect();
    let mut policy = Policy::default();
    policy.deflate = Some(DeflatePolicy::default());
    if let Ok(request) = Request::from_fields(Bootstrap::Upgrade, "GET", "/", fields)
        && let Ok(acceptance) = request.accept(&policy, None)
    {
        let agreed = acceptance.agreed.deflate;
        let answer = acceptance.fields.iter().find(|(name, _)| *name == "Sec-WebSocket-Extensions");
        assert_eq!(agreed.is_some(), answer.is_some());
        if let Some(reason) = acceptance.deflate_declined {
            assert!(agreed.is_none());
            check_text(&reason);
        }
        if let Some(params) = agreed {
            assert!((9..=12).contains(&params.server_max_window_bits));
            assert!((8..=15).contains(&params.client_max_window_bits));
        }
    }

    // The offer's terms, too, are what the first list says.
    let first = lists.clone().next().map_or(&b""[..], |(_, list)| list);
    let has = |what: &str| first.windows(what.len()).any(|part| part == what.as_bytes());
    let mut offer = DeflateOffer::default();
    offer.server_max_window_bits = has("server_max_window_bits=1").then_some(11);
    offer.client_max_window_bits = (!has("client_max_window_bits=9")).then_some(15);
    offer.server_no_context_takeover = has("x-foo");
    let request = ClientRequest::new("ws://h/").unwrap().deflate(offer);
    let accept = accept_key(KEY);
    let fields: Fields<'_> = [
        ("Upgrade", &b"websocket"[..]),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", &accept),
    ]
    .into_iter()
    .chain(lists)
    .collect();
    let response = Response::from_fields(101, fields);
    let verdict = response.verify(&request, Bootstrap::Upgrade, *b"the sample nonce");
    if let Err(failure) = verdict {
        check_text(&failure);
    }
    if let Ok(agreed) = verdict
        && let Some(params) = agreed.deflate
    {
        assert!(
            offer.server_max_window_bits.is_none_or(|most| params.server_max_window_bits <= most)
        );
        assert!(params.server_no_context_takeover || !offer.server_no_context_takeover);
        assert!((8..=15).contains(&params.server_max_window_bits));
        assert!((8..=15).contains(&params.client_max_window_bits));
    }
});
