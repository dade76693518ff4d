//! A request to open a WebSocket, in every cut: the same answer, and what follows is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{DeflatePolicy, Policy, ServerHandshake, ServerProgress};
use wspair_fuzz::heads::{check_cuts, limits};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let mut policy = Policy::default();
    policy.deflate = (flags >> 5 & 1 == 1).then(DeflatePolicy::default);
    check_cuts(cut, bytes, |pieces| {
        let mut handshake = ServerHandshake::new(limits(flags));
        let used: usize = pieces.iter().map(|piece| handshake.receive(piece).0).sum();
        let mut answer = Vec::new();
        match handshake.receive_eof() {
            ServerProgress::Request(request) => {
                assert!(bytes[..used].ends_with(b"\n"));
                let acceptance = request.accept(&policy, request.subprotocols().last());
                let acceptance = acceptance.expect("an offered subprotocol");
                acceptance.write_response(&[], &mut answer).expect("no field of ours");
                (Some(used), answer)
            }
            ServerProgress::Refused(refusal) => {
                refusal.write_response(&mut answer);
                (None, answer)
            }
            progress => panic!("no verdict at the end: {progress:?}"),
        }
    });
});
