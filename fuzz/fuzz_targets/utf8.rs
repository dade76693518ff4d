//! The streaming check against the standard library's, in any cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::utf8::Utf8Check;

fuzz_target!(|input: (u8, &[u8])| {
    let (step, bytes) = input;
    let mut check = Utf8Check::new();
    let (mut text, mut read) = (String::new(), 0);
    for piece in bytes.chunks(usize::from(step).max(1)) {
        read += piece.len();
        let expected = std::str::from_utf8(&bytes[..read]);
        let impossible = expected.is_err_and(|error| error.error_len().is_some());
        let pushed = check.push(piece);
        assert_eq!(pushed.is_err(), impossible);
        let Ok(pieces) = pushed else { return };
        text.push_str(pieces.joint());
        text.push_str(pieces.rest);
        assert_eq!(expected.is_ok(), check.is_complete());
        assert_eq!(text.len(), expected.map_or_else(|error| error.valid_up_to(), str::len));
    }
    assert!(bytes.starts_with(text.as_bytes()));
});
