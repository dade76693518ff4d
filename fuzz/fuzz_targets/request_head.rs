//! A request to open a WebSocket, in every cut: the same answer, and what follows is left.
#![no_main]

use libfuzzer_sys::fuzz_target;

use wspair::handshake::{DeflatePolicy, Policy, RefusalCause, ServerHandshake, ServerProgress};
use wspair_fuzz::check_text;
use wspair_fuzz::heads::{EARLY, LATE, check_cuts, check_deadline, limits};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let mut policy = Policy::default();
    policy.deflate = (flags >> 5 & 1 == 1).then(DeflatePolicy::default);
    check_cuts(cut, bytes, |pieces| {
        let mut handshake = ServerHandshake::new(limits(flags));
        let used: usize = pieces.iter().map(|piece| handshake.receive(piece).0).sum();
        handshake.handle_timeout(EARLY);
        let reads = matches!(handshake.progress(), ServerProgress::NeedMore);
        check_deadline(handshake.poll_timeout(), reads);
        let mut answer = Vec::new();
        let late = flags >> 6 & 1 == 1;
        match if late { handshake.handle_timeout(LATE) } else { handshake.receive_eof() } {
            ServerProgress::Request(request) => {
                assert!(bytes[..used].ends_with(b"\n"));
                let acceptance = request.accept(&policy, request.subprotocols().last());
                let acceptance = acceptance.expect("an offered subprotocol");
                acceptance.write_response(&[], &mut answer).expect("no field of ours");
                (Some(used), answer)
            }
            ServerProgress::Refused(refusal) => {
                refusal.write_response(&mut answer);
                check_text(refusal);
                assert_eq!(refusal.cause() == RefusalCause::TimedOut, late && reads);
                assert!(!refusal.is_malformed(), "that is for HTTP/2");
                (None, answer)
            }
            progress => panic!("no verdict at the end: {progress:?}"),
        }
    });
});
