//! Bytes of a server, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::{Connection, MaskKeys, Negotiated};
use wspair_fuzz::feeding::{Way, check_cuts};
use wspair_fuzz::settings::config;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let masks = || MaskKeys::from_seed([7; 32]);
    let new = || Connection::client(config(flags), Negotiated::default(), masks());
    check_cuts(new, Way::new(flags >> 6), cut.into(), bytes);
});
