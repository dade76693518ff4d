//! What a connection holds.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wspair::{Config, Connection};

use crate::{agreed, config, json};

/// The system's allocator, with a count of the bytes in use.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls go to the system's allocator as they come; the count changes nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// Prints the bytes of a connection that shares its configuration with others.
pub fn table() {
    println!("bytes a connection, {} of them its own size", size_of::<Connection>());
    println!("| {:12} | {:>12} | {:>17} |", "", "before first", "after 10 each way");
    println!("| {:-<12} | -----------: | ----------------: |", "");
    for (name, takeover) in [("context", true), ("no context", false)] {
        let config = std::sync::Arc::new(config());
        // The stock that connections share is full before it is measured.
        drop(active(&config, takeover));
        let before = LIVE.load(Relaxed);
        let idle = Connection::server(config.clone(), agreed(takeover));
        let idle_bytes = LIVE.load(Relaxed) - before + size_of_val(&idle);
        drop(idle);
        let used = active(&config, takeover);
        let active_bytes = LIVE.load(Relaxed) - before + size_of_val(&used);
        println!("| {name:12} | {idle_bytes:>12} | {active_bytes:>17} |");
    }
    println!();
}

fn active(config: &std::sync::Arc<Config>, takeover: bool) -> Connection {
    let mut conn = Connection::server(config.clone(), agreed(takeover));
    let masks = wspair::MaskKeys::from_seed([7; 32]);
    let mut client = Connection::client(config.clone(), agreed(takeover), masks);
    let mut wire = Vec::new();
    for seed in 0..10 {
        client.send_text(&json(200, seed)).expect("room");
        wire.clear();
        client.transmit().drain_into(&mut wire);
        let mut received = conn.receive(&mut wire);
        while received.next().is_some() {}
        conn.send_text(&json(200, seed)).expect("room");
        wire.clear();
        conn.transmit().drain_into(&mut wire);
    }
    conn
}
