//! Bytes of a client, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::{Connection, Negotiated};
use wspair_fuzz::check_cuts;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, cut, bytes) = input;
    let new = |config| Connection::server(config, Negotiated::default());
    check_cuts(new, flags, cut.into(), bytes);
});
