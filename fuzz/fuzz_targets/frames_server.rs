//! Bytes of a client, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::{Connection, Negotiated};
use wspair_fuzz::feeding::{Way, check_cuts};
use wspair_fuzz::settings::config;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let new = || Connection::server(config(flags), Negotiated::default());
    check_cuts(new, Way::new(flags >> 6), cut.into(), bytes);
});
