//! An extended CONNECT as another HTTP stack hands it over, a field a line, and the answer to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{
    AcceptError, Bootstrap, ClientRequest, DeflateOffer, DeflatePolicy, Fields, Origins, Policy,
    Refusal, Request, Response,
};
use wspair_fuzz::check_text;

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (flags, status, lines) = input;
    let on = |bit: u8| flags >> bit & 1 == 1;
    let given: Vec<(&str, &[u8])> = lines
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = 1 + line.get(1..)?.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
        })
        .collect();
    // What every request has, so that the rest is reached.
    let usual = [
        (":method", &b"CONNECT"[..]),
        (":protocol", b"websocket"),
        (":scheme", b"https"),
        (":path", b"/"),
        (":authority", b"example.org"),
        ("sec-websocket-version", b"13"),
    ];
    let usual = usual.into_iter().filter(|_| on(0));
    let fields: Fields<'_> = usual.chain(given.iter().copied()).collect();
    let mut policy = Policy::default();
    policy.deflate = on(1).then(DeflatePolicy::default);
    policy.origins = on(2).then(|| Origins::new(["https://example.org"]).unwrap().missing(on(3)));
    let how = if on(4) { Bootstrap::Upgrade } else { Bootstrap::ExtendedConnect };
    let request = match how {
        Bootstrap::Upgrade => Request::from_fields(how, "GET", "/chat", fields),
        _ => Request::from_pseudo_fields(fields),
    };
    match request {
        Ok(request) => {
            assert!(request.target().starts_with('/') && !request.authority().is_empty());
            let chosen = request.subprotocols().last();
            assert_eq!(request.choose_subprotocol(&["of nobody"]), None);
            if let Some(name) = chosen {
                assert_eq!(request.choose_subprotocol(&["of nobody", name]), chosen);
            }
            assert_eq!(request.accept(&policy, Some("of nobody")), Err(AcceptError::NotOffered));
            let accepted = request.accept(&policy, chosen);
            if let Err(error) = &accepted {
                check_text(error);
            }
            if let Ok(acceptance) = accepted {
                let status = if how == Bootstrap::Upgrade { 101 } else { 200 };
                assert_eq!(acceptance.status, status);
                if let Ok(fields) = acceptance.fields_with(&given) {
                    check_carried(&fields, how);
                }
            }
        }
        Err(refusal) => {
            assert!(matches!(refusal.status(), 400..=599), "{refusal}");
            check_text(&refusal);
            assert!(!refusal.is_malformed() || how == Bootstrap::ExtendedConnect);
            check_carried(&refusal.fields(how), how);
        }
    }
    check_carried(&Refusal::stream_ended().fields(how), how);
    if let Ok(mut refusal) = Refusal::new(status) {
        for (name, value) in &given {
            if let Ok(with) = refusal.clone().field(name, value) {
                refusal = with;
            }
        }
        let refusal = refusal.body(lines);
        check_carried(&refusal.fields(how), how);
        let mut answer = Vec::new();
        refusal.write_response(&mut answer);
        assert!(answer.ends_with(refusal.content()));
    }

    let request = ClientRequest::new("wss://example.org/").unwrap().subprotocol("chat").unwrap();
    let request = if on(5) { request.deflate(DeflateOffer::default()) } else { request };
    let request = request.require_subprotocol(on(6));
    let response = Response::from_fields(status, given.iter().copied().collect());
    let verdict = response.verify(&request, how, *b"the sample nonce");
    if let Err(failure) = verdict {
        check_text(&failure);
    }
    if let Ok(agreed) = verdict {
        assert!(status == 101 || (200..300).contains(&status), "{status}");
        assert!(agreed.deflate.is_none() || on(5), "not offered");
        assert!(agreed.subprotocol.is_some() || !on(6), "none was chosen");
    }
});

/// RFC 9113 8.2: names in lower case, and none of those that HTTP/2 forbids.
fn check_carried<N: AsRef<str>, V: AsRef<[u8]>>(fields: &[(N, V)], how: Bootstrap) {
    if how == Bootstrap::Upgrade {
        return;
    }
    for (name, value) in fields {
        let name = name.as_ref();
        assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase()), "{name}");
        assert!(!matches!(name, "connection" | "upgrade" | "transfer-encoding"), "{name}");
        assert_eq!(value.as_ref().trim_ascii(), value.as_ref(), "{name}");
    }
}
