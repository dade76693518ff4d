//! What happens where malloc has nothing.
//!
//! Rust ends the process then, except where the code asks first. The engine asks for whatever a
//! peer can make grow. For the rest, small objects that are made with a handle or while one looks
//! at it, there is [`Spare`]: memory set aside for the length of a call. Where malloc fails inside
//! the call the object is put there, so that the code goes on; what was made is then dropped, and
//! the call gives WSPAIR_ERROR_MEMORY.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::System;

use crate::result::Wspair;

/// Memory for when there is none; nothing in it outlives this. A call has one at a time.
pub(crate) struct Spare {
    start: *mut u8,
    layout: Layout,
}

/// What is left of a spare, on the thread that set it aside.
#[derive(Clone, Copy)]
struct Block {
    start: *mut u8,
    /// Up to here it is in use.
    used: usize,
    size: usize,
}

thread_local! {
    static BLOCK: Cell<Block> = const { Cell::new(Block::NONE) };
}

/// How many spares are in use, so that freeing has to look nowhere else while there are none.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

impl Spare {
    /// Sets memory aside: at least as much as the call can need in small objects.
    #[inline(never)]
    pub(crate) fn set_aside(size: usize) -> Result<Self, Wspair> {
        let layout =
            Layout::from_size_align(size, ALIGN).map_err(|_| Wspair::ErrorMemory)?.pad_to_align();
        // SAFETY: the size is not zero: that was taken out.
        let start = if size == 0 { null_mut() } else { unsafe { System.alloc(layout) } };
        let start = NonNull::new(start).ok_or(Wspair::ErrorMemory)?.as_ptr();
        BLOCK.set(Block { start, used: 0, size: layout.size() });
        Ok(Self { start, layout })
    }

    /// Whether something was put there since.
    pub(crate) fn is_used(&self) -> bool {
        let block = BLOCK.get();
        block.start == self.start && block.used > 0
    }

    /// Makes a handle of what `build` makes. Fails where there is no memory for either.
    ///
    /// # Safety
    /// `handle` is null, or may be written.
    pub(crate) unsafe fn make<T>(
        size: usize,
        handle: *mut *mut T,
        build: impl FnOnce() -> Result<T, Wspair>,
    ) -> Result<(), Wspair> {
        let spare = Self::set_aside(size)?;
        let made = spare.keep(build()?)?;
        drop(spare);
        // SAFETY: the caller's promise.
        unsafe { Place::new()?.hand_out(made, handle) }
    }

    /// What was made, unless a part of it may lie in the spare: then that is dropped.
    pub(crate) fn keep<T>(&self, made: T) -> Result<T, Wspair> {
        if self.is_used() { Err(Wspair::ErrorMemory) } else { Ok(made) }
    }
}

/// Memory for a handle, before what it points to is made.
pub(crate) struct Place<T>(Vec<T>);

impl<T> Place<T> {
    pub(crate) fn new() -> Result<Self, Wspair> {
        // Box::new ends the process where a Vec can say that it failed. A Vec of one is a box's
        // memory.
        let mut room = Vec::new();
        room.try_reserve_exact(1).map_err(|_| Wspair::ErrorMemory)?;
        Ok(Self(room))
    }

    /// Moves a value to where a handle points to.
    ///
    /// # Safety
    /// `handle` is null, or may be written.
    pub(crate) unsafe fn hand_out(self, value: T, handle: *mut *mut T) -> Result<(), Wspair> {
        if handle.is_null() {
            return Err(Wspair::ErrorNull);
        }
        let Self(mut room) = self;
        room.push(value);
        let made: *mut [T] = Box::into_raw(room.into_boxed_slice());
        // SAFETY: not null, and the caller's to write.
        unsafe { handle.write(made.cast()) };
        Ok(())
    }
}

impl Drop for Spare {
    #[inline(never)]
    fn drop(&mut self) {
        // What a panic carries may lie here: then it stays.
        if self.is_used() && std::thread::panicking() {
            return;
        }
        if BLOCK.replace(Block::NONE).used > 0 {
            IN_USE.fetch_sub(1, Ordering::Relaxed);
        }
        // SAFETY: it was allocated with this layout, and nothing in it is used any more.
        unsafe { System.dealloc(self.start, self.layout) };
    }
}

impl Block {
    const NONE: Self = Self { start: null_mut(), used: 0, size: 0 };

    /// Room in it, or null.
    fn take(&mut self, layout: Layout) -> *mut u8 {
        let at = self.used.next_multiple_of(layout.align());
        match at.checked_add(layout.size()) {
            Some(end) if end <= self.size && layout.align() <= ALIGN => {
                self.used = end;
                self.start.wrapping_add(at)
            }
            _ => null_mut(),
        }
    }

    fn holds(&self, ptr: *mut u8) -> bool {
        (ptr.addr()).wrapping_sub(self.start.addr()) < self.size
    }
}

/// The library's allocator: malloc, then the spare.
struct Malloc;

#[global_allocator]
static MALLOC: Malloc = Malloc;

/// Room in the thread's spare, or null.
#[cold]
#[inline(never)]
fn from_spare(layout: Layout) -> *mut u8 {
    // Fails only while a thread ends.
    let taken = BLOCK.try_with(|cell| {
        let mut block = cell.get();
        let was_used = block.used > 0;
        let taken = block.take(layout);
        if !taken.is_null() && !was_used {
            IN_USE.fetch_add(1, Ordering::Relaxed);
        }
        cell.set(block);
        taken
    });
    taken.unwrap_or(null_mut())
}

/// Room in the thread's spare for zeros, or null.
#[cold]
#[inline(never)]
fn zeros_from_spare(layout: Layout) -> *mut u8 {
    let given = from_spare(layout);
    if !given.is_null() {
        // SAFETY: so many bytes were given.
        unsafe { given.write_bytes(0, layout.size()) };
    }
    given
}

/// Whether it lies in the thread's spare.
fn is_in_spare(ptr: *mut u8) -> bool {
    BLOCK.try_with(|block| block.get().holds(ptr)).unwrap_or(false)
}

/// Frees while spares are in use.
///
/// # Safety
/// As for `dealloc`.
#[cold]
#[inline(never)]
unsafe fn free_unless_in_spare(ptr: *mut u8, layout: Layout) {
    if !is_in_spare(ptr) {
        // SAFETY: the caller's promise, and it came from `System`.
        unsafe { System.dealloc(ptr, layout) };
    }
}

/// Gives memory another size while spares are in use.
///
/// # Safety
/// As for `realloc`.
#[cold]
#[inline(never)]
unsafe fn resize_unless_in_spare(ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    // SAFETY: the caller's promise, and what is in no spare came from `System`.
    unsafe {
        if is_in_spare(ptr) {
            return copied_to_spare(ptr, layout, new_size);
        }
        let given = System.realloc(ptr, layout, new_size);
        if given.is_null() { put_in_spare(ptr, layout, new_size) } else { given }
    }
}

/// Moves what malloc gave to the spare, or gives null and leaves it.
///
/// # Safety
/// As for `realloc`; it lies in no spare.
#[cold]
#[inline(never)]
unsafe fn put_in_spare(ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    let moved = unsafe { copied_to_spare(ptr, layout, new_size) };
    if !moved.is_null() {
        // SAFETY: it came from `System` with this layout, and its content was moved.
        unsafe { System.dealloc(ptr, layout) };
    }
    moved
}

/// A copy in the spare, or null.
///
/// # Safety
/// As for `realloc`.
unsafe fn copied_to_spare(ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    // SAFETY: the caller's promise: not zero, and no overflow when rounded up.
    let moved = from_spare(unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) });
    if !moved.is_null() {
        // SAFETY: both hold so many bytes, and are not the same.
        unsafe { moved.copy_from_nonoverlapping(ptr, layout.size().min(new_size)) };
    }
    moved
}

// SAFETY: memory is the system's, or a part of a spare that nobody else was given. What lies in a
// spare is freed by the thread that set it aside, with the spare.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `alloc`.
        let given = unsafe { System.alloc(layout) };
        if given.is_null() { from_spare(layout) } else { given }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `alloc_zeroed`.
        let given = unsafe { System.alloc_zeroed(layout) };
        if given.is_null() { zeros_from_spare(layout) } else { given }
    }

    // Objects are dropped in hundreds of places: they share the code.
    #[inline(never)]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if IN_USE.load(Ordering::Relaxed) > 0 {
            // SAFETY: the caller keeps to the contract of `dealloc`.
            unsafe { free_unless_in_spare(ptr, layout) };
        } else {
            // SAFETY: the caller's promise, and it came from `System`.
            unsafe { System.dealloc(ptr, layout) };
        }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `realloc`, and it came from `System` while
        // there are no spares.
        unsafe {
            if IN_USE.load(Ordering::Relaxed) > 0 {
                return resize_unless_in_spare(ptr, layout, new_size);
            }
            let given = System.realloc(ptr, layout, new_size);
            if given.is_null() { put_in_spare(ptr, layout, new_size) } else { given }
        }
    }
}

/// No object in a spare needs more.
const ALIGN: usize = 64;

/// What the objects of a call take that do not depend on what it is given.
pub(crate) const FEW: usize = 4 << 10;

/// What the objects take that are made of so many bytes of fields and names: a field of a few bytes
/// takes several times as many to refer to it.
pub(crate) fn room_for(bytes: usize) -> usize {
    bytes.saturating_mul(16).saturating_add(32 << 10)
}
