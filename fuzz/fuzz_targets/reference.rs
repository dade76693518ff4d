//! Bytes of a peer against a model that follows RFC 6455 word by word: the same events, the same
//! answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair_fuzz::feeding::{Way, check_cuts, forget_chunk_before_failure};
use wspair_fuzz::reference;
use wspair_fuzz::settings::Settings;

fuzz_target!(|input: ([u8; 4], u8, u8, &[u8])| {
    let ([flags, limits, sizes, timers], way, cut, bytes) = input;
    let settings = Settings::new([flags, limits, sizes, timers, 0, 0]);
    let (seen, output) = check_cuts(|| settings.connection(), Way::new(way), cut.into(), bytes);
    let (mut expected, answer) = reference::read(&settings, bytes);
    forget_chunk_before_failure(&mut expected);
    assert_eq!(seen, expected);
    assert_eq!(reference::frames(&output), answer);
});
