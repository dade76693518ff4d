//! The body of a Close frame: what is accepted, and that it is written as it was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::CloseFrame;

fuzz_target!(|body: &[u8]| {
    let accepted = match body {
        [] => true,
        [_] => false,
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            // RFC 6455 7.4 and the registry of codes.
            matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
                && std::str::from_utf8(reason).is_ok()
        }
    };
    let decoded = CloseFrame::decode(body);
    assert_eq!(decoded.is_ok(), accepted);
    if let (Ok(frame), ..=125) = (decoded, body.len()) {
        let mut written = [0; 125];
        assert_eq!(frame.encode(&mut written), Some(body.len()));
        assert_eq!(&written[..body.len()], body);
    }
});
