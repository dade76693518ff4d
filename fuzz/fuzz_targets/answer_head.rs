//! The answer to a request, in every cut: the same verdict, and what follows is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{ClientHandshake, ClientProgress, ClientRequest, DeflateOffer};
use wspair_fuzz::check_text;
use wspair_fuzz::heads::{EARLY, LATE, check_cuts, check_deadline, limits};

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
        handshake.handle_timeout(EARLY);
        let reads = matches!(handshake.progress(), ClientProgress::NeedMore);
        check_deadline(handshake.poll_timeout(), reads);
        let late = flags >> 6 & 1 == 1;
        match if late { handshake.handle_timeout(LATE) } else { handshake.receive_eof() } {
            ClientProgress::Open(response, agreed) => {
                assert_eq!(response.status(), 101);
                format!("{used} {agreed:?}")
            }
            ClientProgress::Refused(response) => {
                assert_ne!(response.status(), 101);
                assert!(response.body().len() <= limits(flags).max_body);
                let (name, value) = response.fields().iter().next().unwrap_or(("none", b""));
                assert!(response.field(name).is_none_or(|found| found == value));
                format!("{used} {response:?}")
            }
            ClientProgress::Failed(failure) => {
                check_text(&failure);
                format!("{failure:?}")
            }
            progress => panic!("no verdict at the end: {progress:?}"),
        }
    });
});
