//! A sans-IO WebSocket engine.
#![no_std]
#![deny(unsafe_code)]
#![warn(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![warn(clippy::cast_possible_truncation)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod close;
pub mod config;
pub mod error;
pub mod frame;
#[cfg(feature = "alloc")]
pub mod handshake;
pub mod mask;
pub mod time;
pub mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use config::{Config, Delivery, Limits};
pub use error::{ProtocolError, SendError};
pub use frame::Role;
#[cfg(feature = "alloc")]
pub use handshake::{ClientHandshake, ClientRequest, Negotiated, ServerHandshake};
pub use time::Instant;
