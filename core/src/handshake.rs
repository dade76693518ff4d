//! The opening handshake of both sides (RFC 6455 4, RFC 8441, RFC 9220).
//!
//! There are three ways in:
//!
//! - bytes: [`ServerHandshake`] and [`ClientHandshake`] read and write HTTP/1.1 heads;
//! - fields: [`Request::from_fields`], [`ClientRequest::fields`] and [`Response::verify`] work
//!   behind any HTTP stack, HTTP/2 and HTTP/3 included;
//! - nothing but [`accept_key`].
//!
//! What a peer sends never makes an `Err` of the byte readers: a refusal is a value that carries
//! its answer. `Err` is the caller's own mistake, and nothing was written then.
//!
//! ```
//! use wspair::handshake::{
//!     ClientHandshake, ClientProgress, ClientRequest, HeadLimits, Policy, ServerHandshake,
//!     ServerProgress,
//! };
//!
//! let request = ClientRequest::new("ws://example.org/chat")?.subprotocol("chat.v2")?;
//! let mut to_server = Vec::new();
//! // The nonce has to be random and used once.
//! let mut client = ClientHandshake::new(&request, [7; 16], &mut to_server);
//!
//! let mut server = ServerHandshake::new(HeadLimits::default());
//! let (used, progress) = server.receive(&to_server);
//! let ServerProgress::Request(request) = progress else { panic!() };
//! assert_eq!((used, request.target()), (to_server.len(), "/chat"));
//! let acceptance = request.accept(&Policy::default(), request.subprotocols().next())?;
//! let mut to_client = Vec::new();
//! acceptance.write_response(&[], &mut to_client)?;
//!
//! let (_, progress) = client.receive(&to_client);
//! let ClientProgress::Open(_, agreed) = progress else { panic!() };
//! assert_eq!(agreed.subprotocol.as_deref(), Some("chat.v2"));
//! assert_eq!(agreed, acceptance.agreed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! One attempt at a time per address, TLS with the host's name before the handshake of a `wss`
//! address, and a random delay before trying again are duties of the host (RFC 6455 4.1, 7.2.3).

mod accept;
mod acceptance;
mod address;
mod client;
mod client_request;
mod deflate;
mod extensions;
mod fields;
mod head;
#[cfg(feature = "http")]
mod header_map;
mod known;
mod malformed;
mod origin;
mod refusal;
mod request;
mod response;
mod server;

use alloc::string::String;
use core::time::Duration;

pub use accept::accept_key;
#[cfg(feature = "std")]
pub use accept::nonce_from_os;
pub use acceptance::{AcceptError, Acceptance, Policy};
pub use address::{Address, InvalidAddress};
pub use client::{ClientHandshake, ClientProgress};
pub use client_request::{ClientRequest, InvalidRequest};
pub use deflate::{DeflateDecline, DeflateOffer, DeflateParams, DeflatePolicy};
pub use fields::{FieldList, Fields, InvalidField};
#[cfg(feature = "http")]
pub use header_map::header_map;
pub use origin::{InvalidOrigin, Origins};
pub use refusal::{InvalidStatus, Refusal, RefusalCause};
pub use request::Request;
pub use response::{Failure, Response};
pub use server::{ServerHandshake, ServerProgress};

/// How a WebSocket is started.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Bootstrap {
    /// `GET` with `Upgrade`, a key and status 101 (RFC 6455 4).
    Upgrade,
    /// `CONNECT` with `:protocol`, no key and a status of 2xx (RFC 8441, RFC 9220).
    ///
    /// The host's duties: a server announces `SETTINGS_ENABLE_CONNECT_PROTOCOL` (0x8) with the
    /// value 1 and never takes it back; a client waits for it. The end of the stream counts as the
    /// end of the transport. To drop the transport is to reset the stream, with `CANCEL` (0x8) or
    /// `H3_REQUEST_CANCELLED` (0x10c).
    ExtendedConnect,
}

/// What both sides agreed on, for the connection that follows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Negotiated {
    /// The subprotocol, if there is one.
    pub subprotocol: Option<String>,
    /// What was agreed about permessage-deflate, if it is used.
    pub deflate: Option<DeflateParams>,
}

/// What a peer may make a handshake hold, and for how long.
///
/// Every limit is on by default. Zero is a limit of zero; [`UNLIMITED`](Self::UNLIMITED) is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HeadLimits {
    /// Most bytes of a request's head, or of a response's head with all interim ones before it.
    /// Default 16 KiB. Breach: 431.
    pub max_head: usize,
    /// Most bytes of the first line, without its end. Default 8 KiB. Breach: 414.
    pub max_line: usize,
    /// Most fields of a head. Default 100. Breach: 431.
    pub max_fields: usize,
    /// Most interim responses (1xx) before the one that counts. Default 8.
    pub max_interim: u32,
    /// Most bytes that are kept of a refusal's body. Default 64 KiB. What is beyond is cut.
    pub max_body: usize,
    /// Give up this long after the time was first told. Default 10 s. Breach: 408.
    pub within: Option<Duration>,
}

crate::setters::setters! {
    HeadLimits {
        with_max_head: max_head = usize,
        with_max_line: max_line = usize,
        with_max_fields: max_fields = usize,
        with_max_interim: max_interim = u32,
        with_max_body: max_body = usize,
        with_within: within = impl Into<Option<Duration>>,
    }
}

impl HeadLimits {
    /// No limit.
    pub const UNLIMITED: usize = usize::MAX;
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            max_head: 16 << 10,
            max_line: 8 << 10,
            max_fields: 100,
            max_interim: 8,
            max_body: 64 << 10,
            within: Some(Duration::from_secs(10)),
        }
    }
}
