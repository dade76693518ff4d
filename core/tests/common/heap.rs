//! The heap, counted by an allocator for each thread.
#![allow(dead_code, unreachable_pub, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Heap {
    pub live: usize,
    /// Where a growing allocation moves, and so needs old and new at once.
    pub peak: usize,
    /// Where it grows in place, as what is large does.
    pub in_place: usize,
    pub calls: usize,
}

thread_local! {
    pub static HEAP: Cell<Heap> =
        const { Cell::new(Heap { live: 0, peak: 0, in_place: 0, calls: 0 }) };
}

struct Counting;

fn count(more: usize, less: usize) {
    // Fails only while a thread ends.
    let _ = HEAP.try_with(|heap| {
        let Heap { live, peak, in_place, calls } = heap.get();
        let peak = peak.max(live + more);
        let live = (live + more).saturating_sub(less);
        heap.set(Heap { live, peak, in_place: in_place.max(live), calls: calls + 1 });
    });
}

// SAFETY: every call goes unchanged to the system's allocator, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller keeps to the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size, layout.size());
        // SAFETY: the caller keeps to the contract of `realloc`, and `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs something, and tells what it took of the heap: what stays, the peak, the calls.
pub fn measured<T>(run: impl FnOnce() -> T) -> (T, Heap) {
    let before = HEAP.get();
    HEAP.set(Heap { peak: before.live, in_place: before.live, ..before });
    let result = run();
    let after = HEAP.get();
    let heap = Heap {
        live: after.live.saturating_sub(before.live),
        peak: after.peak - before.live,
        in_place: after.in_place - before.live,
        calls: after.calls - before.calls,
    };
    (result, heap)
}
