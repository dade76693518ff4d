//! The answer to a request, in every cut: the same verdict, and what follows is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{ClientHandshake, ClientProgress, ClientRequest, DeflateOffer};
use wspair_fuzz::heads::{check_cuts, limits};

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let request = ClientRequest::new("ws://example.com/chat").expect("an address");
    let mut request = request.subprotocol("chat").expect("a token");
    if flags >> 5 & 1 == 1 {
        request = request.deflate(DeflateOffer::default());
    }
    check_cuts(cut, bytes, |pieces| {
        // The key of RFC 6455 1.3.
        let nonce = *b"the sample nonce";
        let mut handshake =
            ClientHandshake::with_limits(&request, nonce, limits(flags), &mut Vec::new());
        let used: usize = pieces.iter().map(|piece| handshake.receive(piece).0).sum();
        match handshake.receive_eof() {
            ClientProgress::Open(response, agreed) => {
                assert_eq!(response.status(), 101);
                format!("{used} {agreed:?}")
            }
            ClientProgress::Refused(response) => {
                assert_ne!(response.status(), 101);
                format!("{used} {response:?}")
            }
            ClientProgress::Failed(failure) => format!("{failure:?}"),
            progress => panic!("no verdict at the end: {progress:?}"),
        }
    });
});
