//! The engine in a static library without std, for `main.c` to link and run.
//!
//! The panic handler and the allocator are this crate's own, so if anything pulls std in, it does
//! not even build (E0152).
#![no_std]

extern crate alloc;

mod checks;
mod runtime;

use core::ffi::c_int;

/// Runs every check, and returns the number of the first that failed, zero for none.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_no_std() -> c_int {
    (1..).zip(checks::ALL).find(|(_, check)| check().is_none()).map_or(0, |(number, _)| number)
}
