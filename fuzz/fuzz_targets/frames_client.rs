//! Bytes of a server, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::{Connection, MaskKeys, Negotiated};
use wspair_fuzz::check_cuts;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let masks = || MaskKeys::from_seed([7; 32]);
    let new = |config| Connection::client(config, Negotiated::default(), masks());
    check_cuts(new, flags, cut.into(), bytes);
});
