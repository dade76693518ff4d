//! A client and a server back to back: random calls on both, a wire that delivers in random pieces,
//! clocks that jump.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair_fuzz::ends::Ends;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (flags, deflate, script) = input;
    let mut ends = Ends::new(flags, deflate);
    for step in script.chunks_exact(2) {
        ends.step(step[0], step[1]);
    }
    ends.finish();
});
