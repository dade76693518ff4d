//! Bytes of a client where compression was agreed on, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::DeflateParams;
use wspair::{Connection, Negotiated};
use wspair_fuzz::feeding::{Way, check_cuts};
use wspair_fuzz::settings::config;

fuzz_target!(|input: (u8, bool, u8, &[u8])| {
    let (flags, takeover, cut, bytes) = input;
    let mut agreed = Negotiated::default();
    let mut params = DeflateParams::default();
    params.client_no_context_takeover = !takeover;
    agreed.deflate = Some(params);
    let new = || Connection::server(config(flags), agreed.clone());
    check_cuts(new, Way::new(flags >> 6), cut.into(), bytes);
});
