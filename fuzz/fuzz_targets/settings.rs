//! Bytes of a peer under every setting, limits of nothing and of no end included, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair_fuzz::feeding::{Way, check_cuts};
use wspair_fuzz::settings::Settings;

fuzz_target!(|input: ([u8; 6], u8, u8, &[u8])| {
    let (settings, way, cut, bytes) = input;
    let settings = Settings::new(settings);
    check_cuts(|| settings.connection(), Way::new(way), cut.into(), bytes);
});
