//! The native half of the npm package `wspair`.
//!
//! JavaScript keeps every object that a program sees, and the messages between the ends of a pair;
//! this side decides. What is called often takes numbers and gives a number.

// Without Node there is nobody to register with, so nothing is called.
#![cfg_attr(test, allow(dead_code))]

use napi::bindgen_prelude::{Env, Object, Result};
use napi_derive::napi;

mod agreed;
mod attachment;
mod compat;
mod config;
mod connection;
mod handshake;
mod memory;
mod numeric;
mod pair;
mod prepared;
mod raw;
mod shared;
mod slab;
mod socket;
mod text;

/// Registers the functions that `#[napi]` does not.
#[napi(module_exports)]
pub fn init(exports: Object, env: Env) -> Result<()> {
    #[cfg(target_family = "wasm")]
    memory::throw_panics();
    pair::register(env, &exports)?;
    connection::register(env, &exports)?;
    socket::register(env, &exports)
}
