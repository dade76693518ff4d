//! A heap where whatever grows or shrinks moves, so that keeping an address is no luck.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

struct Moving;

// `realloc` is that of the trait: it allocates, copies and frees.
// SAFETY: every call goes unchanged to the system's allocator.
unsafe impl GlobalAlloc for Moving {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Moving = Moving;
