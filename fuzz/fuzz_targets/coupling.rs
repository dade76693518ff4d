//! An end of a pair on a wire: random calls at both of its sides, a wire that delivers in random
//! pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair_fuzz::coupled::Coupled;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, deflate, script) = input;
    let mut coupled = Coupled::new(flags, deflate);
    for step in script.chunks_exact(2) {
        coupled.step(step[0], step[1]);
    }
    coupled.finish();
});
