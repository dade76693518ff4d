#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![warn(clippy::std_instead_of_core, clippy::std_instead_of_alloc, clippy::alloc_instead_of_core)]
#![warn(clippy::cast_possible_truncation)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
pub mod bindings;
pub mod close;
pub mod config;
#[cfg(feature = "alloc")]
pub mod connection;
#[cfg(feature = "alloc")]
pub mod deflate;
pub mod error;
#[cfg(feature = "alloc")]
pub mod event;
pub mod frame;
#[cfg(feature = "alloc")]
pub mod handshake;
pub mod mask;
#[cfg(feature = "alloc")]
mod memory;
#[cfg(feature = "alloc")]
pub mod pair;
mod ready_state;
mod setters;
mod simd;
pub mod time;
pub mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use config::{Config, Delivery, Limits};
#[cfg(feature = "alloc")]
pub use connection::{
    Compression, Connection, MaskKeys, OutgoingBinary, OutgoingText, Prepared, Receive, Sender,
    Transmit, TransportAction,
};
pub use error::{ProtocolError, SendError};
#[cfg(feature = "alloc")]
pub use event::{Chunk, Closed, ClosedCause, Event, Kind, Payload, Text, Timer};
pub use frame::Role;
#[cfg(feature = "alloc")]
pub use handshake::{ClientHandshake, ClientRequest, Negotiated, ServerHandshake};
#[cfg(feature = "alloc")]
pub use pair::{Coupling, End, Pair, PairConfig, PairError, PairEvent};
pub use ready_state::ReadyState;
pub use time::Instant;
