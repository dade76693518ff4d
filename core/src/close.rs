//! Close codes and the body of a Close frame (RFC 6455 5.5.1 and 7.4).

use core::num::NonZeroU16;

use crate::error::ProtocolError;

/// A status code that may travel in a Close frame: 1000–4999 but 1004, 1005, 1006 and 1015.
///
/// ```
/// use wspair::CloseCode;
/// assert_eq!(CloseCode::new(1000), Some(CloseCode::NORMAL));
/// assert_eq!(CloseCode::new(1005), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CloseCode(NonZeroU16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self::known(1000);
    /// 1001: the endpoint goes away, as a server shutting down or a page being left.
    pub const GOING_AWAY: Self = Self::known(1001);
    /// 1002: protocol error.
    pub const PROTOCOL: Self = Self::known(1002);
    /// 1003: a type of data that the endpoint does not take.
    pub const UNSUPPORTED: Self = Self::known(1003);
    /// 1007: data that does not fit its type, as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self::known(1007);
    /// 1008: a policy was violated, and no other code fits.
    pub const POLICY: Self = Self::known(1008);
    /// 1009: a message too big to process.
    pub const TOO_BIG: Self = Self::known(1009);
    /// 1010: the server did not agree to an extension that the client requires.
    pub const EXTENSION_REQUIRED: Self = Self::known(1010);
    /// 1011: the endpoint met a condition it did not expect.
    pub const INTERNAL: Self = Self::known(1011);
    /// 1012: the service restarts.
    pub const RESTART: Self = Self::known(1012);
    /// 1013: try again later.
    pub const TRY_AGAIN: Self = Self::known(1013);
    /// 1014: a gateway got a bad answer from the server behind it.
    pub const BAD_GATEWAY: Self = Self::known(1014);

    /// The code, if it may travel. 1016–2999 may, though nobody has defined them: a runtime's API
    /// gives them out, [`Connection::close`](crate::Connection::close) does not.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1004..=1006 | 1015 => None,
            1000..=4999 => match NonZeroU16::new(code) {
                Some(code) => Some(Self(code)),
                None => None,
            },
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The code, if an endpoint may send it: as [`new`](Self::new), without 1016–2999, which nobody
    /// has defined.
    pub const fn from_peer(code: u16) -> Option<Self> {
        match code {
            1016..=2999 => None,
            _ => Self::new(code),
        }
    }

    const fn known(code: u16) -> Self {
        match Self::new(code) {
            Some(code) => code,
            None => panic!("not a close code"),
        }
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.get()
    }
}

impl core::fmt::Display for CloseCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// Most bytes of UTF-8 in a reason: a control frame's 125 less the code's two.
pub const MAX_REASON: usize = 123;

/// What a Close frame says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CloseFrame<'a> {
    /// `None` when the frame had no body; locally that counts as 1005.
    pub code: Option<CloseCode>,
    /// Up to 123 bytes; empty without a code.
    pub reason: &'a str,
}

/// As much of a reason as a Close frame takes, cut between characters.
///
/// ```
/// assert_eq!(wspair::close::fit_reason(&"ä".repeat(100)), "ä".repeat(61));
/// ```
pub fn fit_reason(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

impl<'a> CloseFrame<'a> {
    /// Reads the body of a peer's Close frame, already unmasked.
    ///
    /// ```
    /// use wspair::close::CloseFrame;
    /// let frame = CloseFrame::decode(b"\x03\xe8bye").unwrap();
    /// assert_eq!(frame.code.map(|code| code.get()), Some(1000));
    /// assert_eq!(frame.reason, "bye");
    /// ```
    ///
    /// # Errors
    /// [`ProtocolError::CloseBody`] for one byte, [`ProtocolError::CloseCode`] for a code that may not
    /// travel, [`ProtocolError::CloseReasonNotUtf8`] for a reason that is not UTF-8.
    pub fn decode(body: &'a [u8]) -> Result<Self, ProtocolError> {
        match body {
            [] => Ok(Self { code: None, reason: "" }),
            [_] => Err(ProtocolError::CloseBody),
            [high, low, reason @ ..] => Ok(Self {
                code: Some(
                    CloseCode::from_peer(u16::from_be_bytes([*high, *low]))
                        .ok_or(ProtocolError::CloseCode)?,
                ),
                reason: core::str::from_utf8(reason)
                    .map_err(|_| ProtocolError::CloseReasonNotUtf8)?,
            }),
        }
    }

    /// Writes the body into the front of `body` and returns how long it is.
    ///
    /// `None` when the reason is over [`MAX_REASON`] bytes, or there is one without a code.
    pub fn encode(&self, body: &mut [u8; 125]) -> Option<usize> {
        let Some(code) = self.code else {
            return self.reason.is_empty().then_some(0);
        };
        let end = 2 + self.reason.len();
        body[..2].copy_from_slice(&code.get().to_be_bytes());
        body.get_mut(2..end)?.copy_from_slice(self.reason.as_bytes());
        Some(end)
    }
}
