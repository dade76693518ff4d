//! Memory of JavaScript's: lent to native code, copied for WebAssembly, which has a memory of its own.
//!
//! Both ways have the same functions. A value that is no `Uint8Array` has no bytes.

#[cfg(not(target_family = "wasm"))]
mod lent;
#[cfg(not(target_family = "wasm"))]
pub(crate) use lent::{Shared, adjust, edit, fill, read};

#[cfg(target_family = "wasm")]
mod copied;
#[cfg(target_family = "wasm")]
pub(crate) use copied::{Shared, adjust, edit, fill, read, throw_panics};
