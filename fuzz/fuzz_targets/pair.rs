//! Scripts of calls on a pair.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair_fuzz::pair::Watched;

fuzz_target!(|input: (u8, &[u8])| {
    let (flags, script) = input;
    let mut watched = Watched::new(flags);
    for step in script.chunks_exact(2) {
        watched.step(step[0], step[1]);
    }
    watched.finish();
});
