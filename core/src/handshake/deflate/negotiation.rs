//! Offers and answers (RFC 7692 5 and 7.1).

use alloc::format;
use alloc::string::String;

use super::{DeflateDecline, DeflateOffer, DeflateParams, DeflatePolicy, MAX_WINDOW, MIN_COMPRESS};
use crate::handshake::extensions::Extension;
use crate::handshake::response::Failure;

/// What the server answers.
pub(in crate::handshake) struct Answer {
    pub(in crate::handshake) params: DeflateParams,
    pub(in crate::handshake) text: String,
}

/// Answers the first offer that fits. `None` when there is none; else why the first did not fit.
pub(in crate::handshake) fn answer<'a>(
    policy: DeflatePolicy,
    offers: impl Iterator<Item = Extension<'a>>,
) -> Result<Option<Answer>, DeflateDecline> {
    let mut declined = None;
    for offer in offers.filter(|offer| offer.name == NAME.as_bytes()) {
        match Params::read(&offer).and_then(|offer| policy.answer(&offer)) {
            Ok(answer) => return Ok(Some(answer)),
            Err(reason) => declined = declined.or(Some(reason)),
        }
    }
    declined.map_or(Ok(None), Err)
}

impl DeflatePolicy {
    fn answer(self, offer: &Params) -> Result<Answer, DeflateDecline> {
        let server_bits = match offer.server_window {
            Window::Absent => MAX_WINDOW,
            // RFC 7692 7.1.2.1: in an offer the parameter has a value.
            Window::Bare => return Err(DeflateDecline::Value),
            Window::Bits(bits) if bits < MIN_COMPRESS => return Err(DeflateDecline::SmallWindow),
            Window::Bits(bits) => bits,
        };
        // RFC 7692 7.1.2.2: only a client that mentions its window lets the server choose it.
        let client_bits = match offer.client_window {
            Window::Absent => MAX_WINDOW,
            Window::Bare => to_compress(self.client_max_window_bits),
            Window::Bits(bits) => bits.min(to_compress(self.client_max_window_bits)),
        };
        let params = DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover
                || offer.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover
                || offer.client_no_context_takeover,
            server_max_window_bits: server_bits.min(to_compress(self.server_max_window_bits)),
            client_max_window_bits: client_bits,
        };
        let text = Params {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            server_window: match params.server_max_window_bits {
                MAX_WINDOW if offer.server_window == Window::Absent => Window::Absent,
                bits => Window::Bits(bits),
            },
            client_window: match params.client_max_window_bits {
                MAX_WINDOW => Window::Absent,
                bits => Window::Bits(bits),
            },
        }
        .write();
        Ok(Answer { params, text })
    }
}

impl DeflateOffer {
    /// The offer as an element of the list.
    pub(in crate::handshake) fn write(self) -> String {
        Params {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_window: self.server_bits().map_or(Window::Absent, Window::Bits),
            client_window: match self.client_bits() {
                None => Window::Absent,
                Some(MAX_WINDOW) => Window::Bare,
                Some(bits) => Window::Bits(bits),
            },
        }
        .write()
    }

    /// Checks the server's answer to this offer.
    pub(in crate::handshake) fn check(
        self,
        answer: &Extension<'_>,
    ) -> Result<DeflateParams, Failure> {
        let answer = Params::read(answer).map_err(|_| Failure::DeflateParameter)?;
        // RFC 7692 7.1.2: in an answer both windows have a value.
        if answer.server_window == Window::Bare || answer.client_window == Window::Bare {
            return Err(Failure::DeflateParameter);
        }
        let keeps_server_window = match (self.server_bits(), answer.server_window) {
            (Some(asked), Window::Bits(bits)) => bits <= asked,
            (asked, _) => asked.is_none(),
        };
        let keeps_client_window = match (self.client_bits(), answer.client_window) {
            (Some(offered), Window::Bits(bits)) => bits <= offered,
            (_, window) => window == Window::Absent,
        };
        let keeps_takeover = answer.server_no_context_takeover || !self.server_no_context_takeover;
        if !(keeps_server_window && keeps_client_window && keeps_takeover) {
            return Err(Failure::DeflateTerms);
        }
        Ok(DeflateParams {
            server_no_context_takeover: answer.server_no_context_takeover,
            client_no_context_takeover: answer.client_no_context_takeover
                || self.client_no_context_takeover,
            server_max_window_bits: match answer.server_window {
                Window::Bits(bits) => bits,
                _ => MAX_WINDOW,
            },
            client_max_window_bits: match answer.client_window {
                Window::Bits(bits) => bits,
                _ => self.client_bits().unwrap_or(MAX_WINDOW),
            },
        })
    }

    fn server_bits(self) -> Option<u8> {
        self.server_max_window_bits.map(|bits| bits.clamp(MIN_WINDOW, MAX_WINDOW))
    }

    fn client_bits(self) -> Option<u8> {
        self.client_max_window_bits.map(to_compress)
    }
}

/// The parameters of one offer or answer.
#[derive(Default)]
struct Params {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_window: Window,
    client_window: Window,
}

/// How a window is named.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Window {
    #[default]
    Absent,
    Bare,
    Bits(u8),
}

impl Params {
    // Of an extension 16 parameters are read. With more, one of those is unknown or repeated.
    fn read(extension: &Extension<'_>) -> Result<Self, DeflateDecline> {
        let mut params = Self::default();
        for param in extension.params() {
            let text = |token| str::from_utf8(token).unwrap_or_default();
            let value = param.value.as_deref().map(text);
            match text(param.name) {
                SERVER_TAKEOVER => set_flag(&mut params.server_no_context_takeover, value)?,
                CLIENT_TAKEOVER => set_flag(&mut params.client_no_context_takeover, value)?,
                SERVER_BITS => set_window(&mut params.server_window, value)?,
                CLIENT_BITS => set_window(&mut params.client_window, value)?,
                _ => return Err(DeflateDecline::UnknownParameter),
            }
        }
        Ok(params)
    }

    fn write(&self) -> String {
        let flag = |is_set, name| {
            if is_set { format!("; {name}") } else { String::new() }
        };
        let window = |window, name| match window {
            Window::Absent => String::new(),
            Window::Bare => format!("; {name}"),
            Window::Bits(bits) => format!("; {name}={bits}"),
        };
        [
            NAME.into(),
            flag(self.server_no_context_takeover, SERVER_TAKEOVER),
            flag(self.client_no_context_takeover, CLIENT_TAKEOVER),
            window(self.server_window, SERVER_BITS),
            window(self.client_window, CLIENT_BITS),
        ]
        .concat()
    }
}

fn set_flag(flag: &mut bool, value: Option<&str>) -> Result<(), DeflateDecline> {
    if value.is_some() {
        return Err(DeflateDecline::Value);
    }
    if core::mem::replace(flag, true) {
        return Err(DeflateDecline::RepeatedParameter);
    }
    Ok(())
}

/// RFC 7692 7.1.2: a window is 8 to 15, decimal, without leading zeros.
fn set_window(window: &mut Window, value: Option<&str>) -> Result<(), DeflateDecline> {
    if *window != Window::Absent {
        return Err(DeflateDecline::RepeatedParameter);
    }
    *window = match value.map(|text| (text.starts_with(['0', '+']), text.parse())) {
        None => Window::Bare,
        Some((false, Ok(bits @ MIN_WINDOW..=MAX_WINDOW))) => Window::Bits(bits),
        Some(_) => return Err(DeflateDecline::Value),
    };
    Ok(())
}

fn to_compress(bits: u8) -> u8 {
    bits.clamp(MIN_COMPRESS, MAX_WINDOW)
}

/// Its registered name, which compares exactly.
pub(in crate::handshake) const NAME: &str = "permessage-deflate";

const SERVER_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// Smallest window that can be named.
const MIN_WINDOW: u8 = 8;
