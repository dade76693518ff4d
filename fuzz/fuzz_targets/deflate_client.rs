//! Bytes of a server where compression was agreed on, in every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::DeflateParams;
use wspair::{Connection, MaskKeys, Negotiated};
use wspair_fuzz::feeding::{Way, check_cuts};
use wspair_fuzz::settings::config;

fuzz_target!(|input: (u8, bool, u8, &[u8])| {
    let (flags, takeover, cut, bytes) = input;
    let mut agreed = Negotiated::default();
    let mut params = DeflateParams::default();
    params.server_no_context_takeover = !takeover;
    agreed.deflate = Some(params);
    let masks = || MaskKeys::from_seed([7; 32]);
    let new = || Connection::client(config(flags), agreed.clone(), masks());
    check_cuts(new, Way::new(flags >> 6), cut.into(), bytes);
});
