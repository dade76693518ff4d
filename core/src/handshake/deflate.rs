//! permessage-deflate (RFC 7692 7.1) as it is offered, wanted and agreed on. Nothing here compresses.

mod negotiation;

use core::fmt;

pub(super) use negotiation::{NAME, answer};

use crate::frame::Role;

/// What both sides agreed on about permessage-deflate.
///
/// Windows are 8 to 15: two to that power is how many bytes a compressor may look back.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct DeflateParams {
    /// Each message of the server stands alone (RFC 7692 7.1.1.1).
    pub server_no_context_takeover: bool,
    /// Each message of the client stands alone (RFC 7692 7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The window of what the server compresses (RFC 7692 7.1.2.1). 9 to 15 when agreed by this
    /// engine as server.
    pub server_max_window_bits: u8,
    /// The window of what the client compresses (RFC 7692 7.1.2.2).
    pub client_max_window_bits: u8,
}

crate::setters::setters! {
    DeflateParams {
        with_server_no_context_takeover: server_no_context_takeover = bool,
        with_client_no_context_takeover: client_no_context_takeover = bool,
        with_server_max_window_bits: server_max_window_bits = u8,
        with_client_max_window_bits: client_max_window_bits = u8,
    }
}

impl DeflateParams {
    /// Whether each message that `sender` sends stands alone.
    pub const fn no_context_takeover(self, sender: Role) -> bool {
        match sender {
            Role::Client => self.client_no_context_takeover,
            Role::Server => self.server_no_context_takeover,
        }
    }

    /// The window of what `sender` compresses.
    pub const fn window_bits(self, sender: Role) -> u8 {
        match sender {
            Role::Client => self.client_max_window_bits,
            Role::Server => self.server_max_window_bits,
        }
    }

    /// Whether a compressor for `sender` can be made: common ones do not keep to a window of 8.
    ///
    /// When it cannot, all messages are sent as they are, which needs no agreement (RFC 7692 6).
    /// It happens to a client only, when its server insists on 8.
    pub const fn can_compress(self, sender: Role) -> bool {
        self.window_bits(sender) >= MIN_COMPRESS
    }
}

impl Default for DeflateParams {
    /// What the name alone stands for: takeover both ways, and windows of 15.
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW,
            client_max_window_bits: MAX_WINDOW,
        }
    }
}

/// How a server agrees to permessage-deflate. For [`Policy::deflate`](super::Policy::deflate).
///
/// Windows outside 9 to 15 count as the nearest of these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeflatePolicy {
    /// Compress each message alone even when the client does not ask for it. Default off.
    pub server_no_context_takeover: bool,
    /// Have the client compress each message alone. Default off.
    pub client_no_context_takeover: bool,
    /// Largest window of the server's compressor. Default 12.
    pub server_max_window_bits: u8,
    /// Largest window of the client's compressor, for clients that let the server choose; others
    /// use up to 15. Default 12.
    pub client_max_window_bits: u8,
}

crate::setters::setters! {
    DeflatePolicy {
        with_server_no_context_takeover: server_no_context_takeover = bool,
        with_client_no_context_takeover: client_no_context_takeover = bool,
        with_server_max_window_bits: server_max_window_bits = u8,
        with_client_max_window_bits: client_max_window_bits = u8,
    }
}

impl Default for DeflatePolicy {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 12,
            client_max_window_bits: 12,
        }
    }
}

/// How a client offers permessage-deflate. For
/// [`ClientRequest::deflate`](super::ClientRequest::deflate).
///
/// The default offer is `permessage-deflate; client_max_window_bits`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeflateOffer {
    /// Ask the server to compress each message alone. A server that does not is no match.
    /// Default off.
    pub server_no_context_takeover: bool,
    /// Compress each message alone, whatever the server says. Default off.
    pub client_no_context_takeover: bool,
    /// Ask the server to keep to this window, 8 to 15. A server that does not is no match.
    /// Default `None`: up to 15.
    pub server_max_window_bits: Option<u8>,
    /// Let the server choose the window of the client's compressor, up to this, 9 to 15. Default
    /// 15. `None`: not to be chosen, and 15.
    ///
    /// A server may choose 8 then: see [`DeflateParams::can_compress`].
    pub client_max_window_bits: Option<u8>,
}

crate::setters::setters! {
    DeflateOffer {
        with_server_no_context_takeover: server_no_context_takeover = bool,
        with_client_no_context_takeover: client_no_context_takeover = bool,
        with_server_max_window_bits: server_max_window_bits = impl Into<Option<u8>>,
        with_client_max_window_bits: client_max_window_bits = impl Into<Option<u8>>,
    }
}

impl Default for DeflateOffer {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: Some(MAX_WINDOW),
        }
    }
}

/// Why a server does without permessage-deflate though a client offered it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DeflateDecline {
    /// The policy has it off.
    Off,
    /// A parameter that RFC 7692 does not know.
    UnknownParameter,
    /// A parameter twice.
    RepeatedParameter,
    /// A value where none belongs, a missing one, or a window that is not 8 to 15.
    Value,
    /// A window of 8 for the server, whose compressor cannot keep to it.
    SmallWindow,
}

impl fmt::Display for DeflateDecline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "permessage-deflate is off",
            Self::UnknownParameter => "unknown parameter of permessage-deflate",
            Self::RepeatedParameter => "repeated parameter of permessage-deflate",
            Self::Value => "invalid value for a parameter of permessage-deflate",
            Self::SmallWindow => "window too small to compress in",
        })
    }
}

const MAX_WINDOW: u8 = 15;

/// Smallest window to compress in: raw DEFLATE with 8 is beyond zlib and its kin.
const MIN_COMPRESS: u8 = 9;
