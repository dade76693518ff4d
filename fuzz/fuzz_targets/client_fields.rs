//! What a caller gives a request to carry: refused, or it arrives at a server as it was given, and
//! nothing else with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{
    Bootstrap, ClientHandshake, ClientRequest, DeflateOffer, Fields, Request, ServerHandshake,
    ServerProgress,
};
use wspair_fuzz::check_text;

fuzz_target!(|input: (u8, &str, &str, &str, &[u8])| {
    let (flags, address, subprotocol, name, value) = input;
    let on = |bit: u8| flags >> bit & 1 == 1;
    let address = if on(0) { address } else { "wss://example.org/chat?room=1" };
    let made = ClientRequest::new(address).and_then(|mut request| {
        if on(1) {
            request = request.subprotocol(subprotocol)?;
            assert!(request.clone().subprotocol(subprotocol).is_err(), "twice");
        }
        if on(2) {
            request = request.origin(subprotocol)?;
        }
        request.field(name, value)
    });
    let mut request = match made {
        Ok(request) => request,
        Err(error) => return check_text(&error),
    };
    if on(3) {
        let mut offer = DeflateOffer::default();
        offer.server_no_context_takeover = on(4);
        offer.client_no_context_takeover = on(5);
        offer.server_max_window_bits = on(6).then_some(flags);
        offer.client_max_window_bits = on(7).then_some(flags >> 3);
        request = request.deflate(offer);
    }

    let mut written = Vec::new();
    ClientHandshake::new(&request, *b"the sample nonce", &mut written);
    let head = written.strip_suffix(b"\r\n\r\n").expect("an empty line ends it");
    let fields = request.fields(Bootstrap::Upgrade, *b"the sample nonce");
    let lines = head.split(|byte| *byte == b'\n').count();
    assert_eq!(lines, 1 + fields.len(), "a line was smuggled in");
    let mut server = ServerHandshake::default();
    let (taken, progress) = server.receive(&written);
    match progress {
        ServerProgress::Request(asked) => {
            assert_eq!(taken, written.len());
            assert_eq!(asked.target(), request.address().target());
            check_field(&asked, name, value);
            assert!(!on(1) || asked.subprotocols().eq([subprotocol]));
        }
        ServerProgress::Refused(refusal) => {
            // What a caller may ask for and a server need not take: an odd origin, a long head.
            let mut answer = Vec::new();
            refusal.write_response(&mut answer);
            assert!(answer.starts_with(b"HTTP/1.1 4"), "{refusal}");
        }
        progress => panic!("not whole: {progress:?}"),
    }

    let fields = request.fields(Bootstrap::ExtendedConnect, *b"the sample nonce");
    let fields: Fields<'_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    for (name, _) in fields.iter() {
        assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase()), "{name}");
    }
    if let Ok(asked) = Request::from_pseudo_fields(fields) {
        assert_eq!(asked.target(), request.address().target());
        check_field(&asked, &name.to_ascii_lowercase(), value);
    }
});

/// A field arrives without the white space around it; over HTTP/2 some do not.
fn check_field(asked: &Request<'_>, name: &str, value: &[u8]) {
    let trimmed = value.trim_ascii();
    let found = asked.fields().all(name).any(|found| found == trimmed);
    let may_be_left_out = asked.bootstrap() == Bootstrap::ExtendedConnect;
    assert!(found || may_be_left_out || name.eq_ignore_ascii_case("Host"), "{name}");
}
