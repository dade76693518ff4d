//! The C interface of wspair: `include/wspair.h` is written from what is here.
//!
//! Every function converts its arguments, calls the engine once, and converts the result. What a C
//! caller has to know stands in the doc comment, which the header carries.

// The contracts are the doc comments: their readers write C.
#![allow(clippy::missing_safety_doc)]

mod causes;
pub mod config;
pub mod conn;
pub mod coupling;
pub mod event;
pub mod frame;
mod guard;
pub mod handshake;
mod memory;
pub mod names;
pub mod options;
pub mod pair;
pub mod prepared;
pub mod result;
pub mod send;
pub mod slice;
pub mod strerror;
