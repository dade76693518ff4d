//! A whole conversation with tungstenite.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::Role;
use wspair_fuzz::conversation::Conversation;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (server, flags, script) = input;
    let role = if server { Role::Server } else { Role::Client };
    let mut conversation = Conversation::new(role, flags);
    for step in script.chunks_exact(2) {
        conversation.step(step[0], step[1]);
    }
    conversation.finish();
});
