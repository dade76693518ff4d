//! What a handshake leaves for the connection.

use wspair_core::Negotiated;
use wspair_core::handshake::DeflateParams;

use crate::result::Wspair;
use crate::slice::Slice;

/// What a handshake agreed on, for the connection that follows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Agreed {
    /// The subprotocol, or nothing. It lies in the handshake's memory until that is freed; a
    /// connection does not look at it.
    pub subprotocol: Slice,
    /// Compression: the window of the server's messages, 8 to 15; 0 when messages are not
    /// compressed.
    pub server_max_window_bits: u8,
    /// Compression: the window of the client's messages, 8 to 15; 0 when messages are not
    /// compressed.
    pub client_max_window_bits: u8,
    /// Compression: whether each of the server's messages starts with an empty window.
    pub server_no_context_takeover: u8,
    /// Compression: whether each of the client's messages starts with an empty window.
    pub client_no_context_takeover: u8,
}

/// # Safety
/// `agreed` is null, or the caller's.
pub(crate) unsafe fn negotiated(agreed: *const Agreed) -> Result<Negotiated, Wspair> {
    let mut negotiated = Negotiated::default();
    // SAFETY: the caller's promise.
    if let Some(agreed) = unsafe { agreed.as_ref() } {
        negotiated.deflate = agreed.deflate()?;
    }
    Ok(negotiated)
}

impl Agreed {
    pub(crate) fn new(negotiated: &Negotiated) -> Self {
        let subprotocol = negotiated.subprotocol.as_deref().map_or(Slice::EMPTY, Slice::from);
        let deflate = negotiated.deflate;
        Self {
            subprotocol,
            server_max_window_bits: deflate.map_or(0, |deflate| deflate.server_max_window_bits),
            client_max_window_bits: deflate.map_or(0, |deflate| deflate.client_max_window_bits),
            server_no_context_takeover: deflate
                .is_some_and(|deflate| deflate.server_no_context_takeover)
                .into(),
            client_no_context_takeover: deflate
                .is_some_and(|deflate| deflate.client_no_context_takeover)
                .into(),
        }
    }

    fn deflate(&self) -> Result<Option<DeflateParams>, Wspair> {
        match (self.server_max_window_bits, self.client_max_window_bits) {
            (0, 0) => Ok(None),
            (server @ 8..=15, client @ 8..=15) => {
                let mut params = DeflateParams::default();
                params.server_max_window_bits = server;
                params.client_max_window_bits = client;
                params.server_no_context_takeover = self.server_no_context_takeover != 0;
                params.client_no_context_takeover = self.client_no_context_takeover != 0;
                Ok(Some(params))
            }
            _ => Err(Wspair::ErrorArgument),
        }
    }
}
