//! Placeholder.
use alloc::string::String;
/// What was agreed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Negotiated {
    /// The subprotocol.
    pub subprotocol: Option<String>,
    /// Deflate.
    pub deflate: Option<DeflateParams>,
}

/// Agreed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeflateParams {
    /// a
    pub server_no_context_takeover: bool,
    /// a
    pub client_no_context_takeover: bool,
    /// a
    pub server_max_window_bits: u8,
    /// a
    pub client_max_window_bits: u8,
}
