//! What std would bring: memory and an end for panics.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// Hands out one block of memory from front to back and takes nothing back.
struct Bump {
    memory: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

const SIZE: usize = 1 << 20;

#[global_allocator]
static MEMORY: Bump = Bump { memory: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) };

// SAFETY: `used` only grows, atomically, so no two callers get the same bytes.
unsafe impl Sync for Bump {}

// SAFETY: each block lies inside `memory`, is aligned as asked, and overlaps no other.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.memory.get().cast::<u8>();
        let place = |used: usize| {
            let start = (base.addr() + used).next_multiple_of(layout.align()) - base.addr();
            Some((start, start.checked_add(layout.size()).filter(|&end| end <= SIZE)?))
        };
        let grow = |used| place(used).map(|(_, end)| end);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow);
        match taken.ok().and_then(place) {
            // SAFETY: `place` keeps start and end within `memory`.
            Some((start, _)) => unsafe { base.add(start) },
            None => null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
