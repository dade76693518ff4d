//! Messages that are encoded once and sent on many connections.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::event::Kind;
use crate::frame::{Header, MAX_HEADER, Opcode};

/// A message encoded for broadcast: one unmasked frame, shared by reference.
///
/// ```
/// use wspair::{Config, Connection, Negotiated, Prepared};
/// let news = Prepared::text("the same for all");
/// let mut room: Vec<_> =
///     (0..3).map(|_| Connection::server(Config::default(), Negotiated::default())).collect();
/// for member in &mut room {
///     member.send_prepared(&news)?;
/// }
/// # Ok::<(), wspair::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    kind: Kind,
    frame: Bytes,
    payload_at: usize,
}

impl Prepared {
    /// Encodes a text message.
    pub fn text(text: &str) -> Self {
        Self::encode(Kind::Text, Opcode::Text, text.as_bytes())
    }

    /// Encodes a binary message.
    pub fn binary(data: &[u8]) -> Self {
        Self::encode(Kind::Binary, Opcode::Binary, data)
    }

    fn encode(kind: Kind, opcode: Opcode, payload: &[u8]) -> Self {
        let mut header = [0; MAX_HEADER];
        let len = payload.len() as u64;
        let payload_at =
            Header { fin: true, rsv1: false, opcode, mask: None, len }.encode(&mut header);
        let mut frame = Vec::with_capacity(payload_at + payload.len());
        frame.extend_from_slice(&header[..payload_at]);
        frame.extend_from_slice(payload);
        Self { kind, frame: frame.into(), payload_at }
    }

    /// What the message carries.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message.
    pub fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }

    pub(super) fn frame(&self) -> &Bytes {
        &self.frame
    }
}
