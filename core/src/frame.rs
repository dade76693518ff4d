//! Frame headers (RFC 6455 5.2): decode, encode, and the rules a single header can break.

use crate::error::ProtocolError;

/// Which side of the connection an endpoint is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// Sends masked frames and takes unmasked ones.
    Client,
    /// Sends unmasked frames and takes masked ones.
    Server,
}

impl Role {
    /// The role of the other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a frame is (RFC 6455 5.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// A Close frame.
    Close = 0x8,
    /// A Ping frame.
    Ping = 0x9,
    /// A Pong frame.
    Pong = 0xA,
}

impl Opcode {
    /// The opcode with that number, unless it is reserved.
    pub const fn new(number: u8) -> Option<Self> {
        Some(match number {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Whether this is a control frame: Close, Ping or Pong (RFC 6455 5.5).
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// What a frame's sender must keep to, as the receiver knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HeaderRules {
    /// The receiver's own role: the other role sent the frame.
    pub role: Role,
    /// Whether an extension gave RSV1 a meaning on the first frame of a message (RFC 7692 6).
    pub rsv1: bool,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// The last fragment of its message. Always set on control frames.
    pub fin: bool,
    /// The first reserved bit.
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key, on a client's frames.
    pub mask: Option<[u8; 4]>,
    /// Length of the payload in bytes; below 2⁶³.
    pub len: u64,
}

/// What the bytes at hand amount to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decoded {
    /// A whole header, and how many bytes it took.
    Header(Header, usize),
    /// So many bytes more are needed, at least.
    NeedMore(usize),
}

/// Longest header: two bytes, a 64-bit length, a key.
pub const MAX_HEADER: usize = 14;

/// Longest payload of a control frame (RFC 6455 5.5).
pub const MAX_CONTROL: usize = 125;

impl Header {
    /// Reads a header from the front of `bytes`.
    ///
    /// The first broken rule decides, in the order reserved bits, opcode, control rules, mask,
    /// form and range of the length, as soon as the bytes at hand show it.
    ///
    /// ```
    /// use wspair::frame::{Decoded, HeaderRules, Header, Opcode, Role};
    /// let rules = HeaderRules { role: Role::Client, rsv1: false };
    /// let Ok(Decoded::Header(header, 2)) = Header::decode(b"\x81\x05Hello", rules) else { panic!() };
    /// assert_eq!((header.opcode, header.fin, header.len), (Opcode::Text, true, 5));
    /// assert_eq!(Header::decode(b"\x81", rules), Ok(Decoded::NeedMore(1)));
    /// ```
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn decode(bytes: &[u8], rules: HeaderRules) -> Result<Decoded, ProtocolError> {
        let Some(&first) = bytes.first() else {
            return Ok(Decoded::NeedMore(2));
        };
        let (fin, rsv1) = (first & 0x80 != 0, first & 0x40 != 0);
        let opcode = Opcode::new(first & 0x0F);
        // RFC 7692 6: RSV1 marks the first frame of a data message only.
        let rsv1_fits = rules.rsv1 && matches!(opcode, Some(Opcode::Text | Opcode::Binary) | None);
        if first & 0x30 != 0 || (rsv1 && !rsv1_fits) {
            return Err(ProtocolError::ReservedBits);
        }
        let opcode = opcode.ok_or(ProtocolError::ReservedOpcode)?;
        if opcode.is_control() && !fin {
            return Err(ProtocolError::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(Decoded::NeedMore(1));
        };
        let (masked, short) = (second & 0x80 != 0, second & 0x7F);
        if opcode.is_control() && usize::from(short) > MAX_CONTROL {
            return Err(ProtocolError::ControlTooLong);
        }
        match (rules.role, masked) {
            (Role::Server, false) => return Err(ProtocolError::Unmasked),
            (Role::Client, true) => return Err(ProtocolError::Masked),
            _ => {}
        }
        let (len_end, len) = match short {
            126 => match bytes.get(2..4) {
                Some(long) => (4, u64::from(u16::from_be_bytes([long[0], long[1]]))),
                None => return Ok(Decoded::NeedMore(4 - bytes.len())),
            },
            127 => match bytes.get(2..10).and_then(|long| long.try_into().ok()) {
                Some(long) => (10, u64::from_be_bytes(long)),
                None => return Ok(Decoded::NeedMore(10 - bytes.len())),
            },
            short => (2, u64::from(short)),
        };
        match (short, len) {
            (126, ..126) | (127, ..=0xFFFF) => return Err(ProtocolError::NonMinimalLength),
            (_, 0x8000_0000_0000_0000..) => return Err(ProtocolError::LengthRange),
            _ => {}
        }
        let (mask, end) = if masked {
            match bytes.get(len_end..len_end + 4).and_then(|key| key.try_into().ok()) {
                Some(key) => (Some(key), len_end + 4),
                None => return Ok(Decoded::NeedMore(len_end + 4 - bytes.len())),
            }
        } else {
            (None, len_end)
        };
        Ok(Decoded::Header(Self { fin, rsv1, opcode, mask, len }, end))
    }

    /// Writes the header into the front of `to` and returns how long it is: 2 to 14 bytes, with
    /// the length in its shortest form. The bytes behind it become zero.
    ///
    /// ```
    /// use wspair::frame::{Header, Opcode};
    /// let header = Header { fin: true, rsv1: false, opcode: Opcode::Ping, mask: None, len: 5 };
    /// let mut bytes = [0; 14];
    /// assert_eq!(header.encode(&mut bytes), 2);
    /// assert_eq!(bytes[..2], [0x89, 5]);
    /// ```
    pub fn encode(&self, to: &mut [u8; MAX_HEADER]) -> usize {
        let first = u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode as u8;
        encode(first, self.len, self.mask, to)
    }

    /// How long [`encode`](Self::encode) makes a header.
    pub const fn encoded_len(len: u64, masked: bool) -> usize {
        let len = match len {
            0..126 => 2,
            126..=0xFFFF => 4,
            _ => 10,
        };
        if masked { len + 4 } else { len }
    }
}

/// As [`Header::encode`], from the first byte as it is.
#[inline]
pub(crate) fn encode(
    first: u8,
    len: u64,
    mask: Option<[u8; 4]>,
    to: &mut [u8; MAX_HEADER],
) -> usize {
    let (bytes, end) = if len <= 0xFFFF {
        let (bytes, end) = encode_short(first, len, mask);
        (u128::from(bytes), end)
    } else {
        let masked = if mask.is_some() { 0x80 } else { 0 };
        let key = u32::from_le_bytes(mask.unwrap_or_default());
        let front = u128::from(first) | (masked | 0x7F) << 8 | u128::from(len.swap_bytes()) << 16;
        (front | u128::from(key) << 80, Header::encoded_len(len, mask.is_some()))
    };
    to.copy_from_slice(&bytes.to_le_bytes()[..MAX_HEADER]);
    end
}

/// A header with a length of 16 bits at most: as a number, byte 0 lowest, and how long it is. Bytes
/// written one by one would be slow to read again as a whole.
#[inline]
pub(crate) fn encode_short(first: u8, len: u64, mask: Option<[u8; 4]>) -> (u64, usize) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let (bytes, end) = match len {
        0..126 => ((masked | len) << 8, 2),
        _ => ((masked | 0x7E) << 8 | len.swap_bytes() >> 48 << 16, 4),
    };
    let bytes = bytes | u64::from(first);
    match mask {
        Some(key) => (bytes | u64::from(u32::from_le_bytes(key)) << (8 * end), end + 4),
        None => (bytes, end),
    }
}
