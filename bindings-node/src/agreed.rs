//! What a handshake agreed on, as an object that JavaScript passes on.

use napi_derive::napi;
use wspair_core::Negotiated;
use wspair_core::handshake::{DeflateOffer, DeflateParams, DeflatePolicy};

/// See [`Negotiated`].
#[napi(object)]
pub(crate) struct Agreed {
    pub subprotocol: Option<String>,
    pub deflate: Option<Deflate>,
}

/// See [`DeflateParams`]. What is left out of a wish is as the core has it.
#[napi(object)]
#[derive(Clone, Copy)]
pub(crate) struct Deflate {
    pub server_no_context_takeover: Option<bool>,
    pub client_no_context_takeover: Option<bool>,
    pub server_max_window_bits: Option<u8>,
    pub client_max_window_bits: Option<u8>,
}

/// The fields of `$wish` in `$target`, as far as they are set.
macro_rules! fill {
    ($target:expr, $wish:expr, $($field:ident),+) => {
        $(if let Some(value) = $wish.$field { $target.$field = value.into(); })+
    };
}

impl Deflate {
    /// What a server agrees to.
    pub(crate) fn policy(self) -> DeflatePolicy {
        let mut policy = DeflatePolicy::default();
        fill!(policy, self, server_no_context_takeover, client_no_context_takeover);
        fill!(policy, self, server_max_window_bits, client_max_window_bits);
        policy
    }

    /// What a client asks for.
    pub(crate) fn offer(self) -> DeflateOffer {
        let mut offer = DeflateOffer::default();
        fill!(offer, self, server_no_context_takeover, client_no_context_takeover);
        fill!(offer, self, server_max_window_bits, client_max_window_bits);
        offer
    }

    fn params(self) -> DeflateParams {
        let mut params = DeflateParams::default();
        fill!(params, self, server_no_context_takeover, client_no_context_takeover);
        fill!(params, self, server_max_window_bits, client_max_window_bits);
        params
    }
}

impl From<DeflateParams> for Deflate {
    fn from(params: DeflateParams) -> Self {
        Self {
            server_no_context_takeover: Some(params.server_no_context_takeover),
            client_no_context_takeover: Some(params.client_no_context_takeover),
            server_max_window_bits: Some(params.server_max_window_bits),
            client_max_window_bits: Some(params.client_max_window_bits),
        }
    }
}

impl From<Agreed> for Negotiated {
    fn from(agreed: Agreed) -> Self {
        let mut negotiated = Self::default();
        negotiated.subprotocol = agreed.subprotocol;
        negotiated.deflate = agreed.deflate.map(Deflate::params);
        negotiated
    }
}

impl From<&Negotiated> for Agreed {
    fn from(negotiated: &Negotiated) -> Self {
        let subprotocol = negotiated.subprotocol.clone();
        Self { subprotocol, deflate: negotiated.deflate.map(Into::into) }
    }
}
