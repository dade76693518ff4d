//! Messages that are encoded once and sent on many connections.

#[cfg(feature = "deflate")]
use alloc::sync::Arc;
use alloc::vec::Vec;
#[cfg(feature = "deflate")]
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::deflate::{Compress, end_message};
#[cfg(feature = "deflate")]
use crate::deflate::CompressorParams;
use crate::event::Kind;
use crate::frame::{Header, MAX_HEADER, Opcode};
use crate::memory::OutOfMemory;

/// A message encoded for broadcast: one unmasked frame, shared by reference.
///
/// Where connections agreed on compression it is also compressed, once for each set of parameters,
/// when it is first sent on such a connection. Where that makes it no shorter it goes out as it is,
/// so that its frame is never longer than the plain one. A connection whose compressor keeps its
/// context loses that context by a compressed one.
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
    plain: Encoded,
    #[cfg(feature = "deflate")]
    deflated: Arc<Mutex<Vec<(CompressorParams, Encoded)>>>,
}

/// A message's one frame.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    frame: Bytes,
    payload_at: usize,
    deflated: bool,
}

impl Prepared {
    /// Encodes a text message.
    pub fn text(text: &str) -> Self {
        Self::new(Kind::Text, text.as_bytes())
    }

    /// Encodes a binary message.
    pub fn binary(data: &[u8]) -> Self {
        Self::new(Kind::Binary, data)
    }

    /// As [`text`](Self::text); fails where there is no memory for a copy of it.
    pub fn try_text(text: &str) -> Result<Self, OutOfMemory> {
        Self::try_new(Kind::Text, text.as_bytes())
    }

    /// As [`binary`](Self::binary); fails where there is no memory for a copy of it.
    pub fn try_binary(data: &[u8]) -> Result<Self, OutOfMemory> {
        Self::try_new(Kind::Binary, data)
    }

    fn try_new(kind: Kind, payload: &[u8]) -> Result<Self, OutOfMemory> {
        let mut frame = Vec::new();
        frame.try_reserve_exact(MAX_HEADER + payload.len())?;
        Ok(Self::with_room(kind, payload, frame))
    }

    fn new(kind: Kind, payload: &[u8]) -> Self {
        Self::with_room(kind, payload, Vec::with_capacity(MAX_HEADER + payload.len()))
    }

    fn with_room(kind: Kind, payload: &[u8], frame: Vec<u8>) -> Self {
        Self {
            kind,
            plain: Encoded::new(kind, payload, false, frame),
            #[cfg(feature = "deflate")]
            deflated: Arc::default(),
        }
    }

    /// What the message carries.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The message.
    pub fn payload(&self) -> &[u8] {
        self.plain.payload()
    }

    pub(super) fn plain(&self) -> &Encoded {
        &self.plain
    }

    /// The message as a compressor with an empty window makes it, behind which `compress` starts
    /// anew; as it is where that is no shorter.
    pub(super) fn deflated(&self, compress: &mut Compress) -> Result<Encoded, OutOfMemory> {
        let encoded = self.encoded_for(compress)?;
        if encoded.is_deflated() {
            compress.forget_window();
        }
        Ok(encoded)
    }

    #[cfg(feature = "deflate")]
    fn encoded_for(&self, compress: &Compress) -> Result<Encoded, OutOfMemory> {
        let mut deflated = self.deflated.lock().unwrap_or_else(PoisonError::into_inner);
        let params = compress.params();
        if let Some((_, encoded)) = deflated.iter().find(|(made, _)| *made == params) {
            return Ok(encoded.clone());
        }
        let encoded = self.deflate(compress)?;
        deflated.try_reserve(1)?;
        deflated.push((params, encoded.clone()));
        Ok(encoded)
    }

    #[cfg(not(feature = "deflate"))]
    fn encoded_for(&self, compress: &Compress) -> Result<Encoded, OutOfMemory> {
        self.deflate(compress)
    }

    fn deflate(&self, compress: &Compress) -> Result<Encoded, OutOfMemory> {
        let (codec, params) = (compress.codec(), compress.params());
        let mut compressor = codec.try_compressor(params)?;
        let mut payload = Vec::new();
        compressor.try_compress(self.payload(), &mut payload)?;
        codec.recycle_compressor(compressor, params);
        end_message(&mut payload);
        if payload.len() >= self.payload().len() {
            return Ok(self.plain.clone());
        }
        let mut frame = Vec::new();
        frame.try_reserve_exact(MAX_HEADER + payload.len())?;
        Ok(Encoded::new(self.kind, &payload, true, frame))
    }
}

impl Encoded {
    /// `frame` has the room for it.
    fn new(kind: Kind, payload: &[u8], deflated: bool, mut frame: Vec<u8>) -> Self {
        let opcode = match kind {
            Kind::Binary => Opcode::Binary,
            Kind::Text => Opcode::Text,
        };
        let mut header = [0; MAX_HEADER];
        let len = payload.len() as u64;
        let payload_at =
            Header { fin: true, rsv1: deflated, opcode, mask: None, len }.encode(&mut header);
        frame.extend_from_slice(&header[..payload_at]);
        frame.extend_from_slice(payload);
        // With room left over the count of its owners is made now, not with the first clone.
        Self { frame: frame.into(), payload_at, deflated }
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.frame[self.payload_at..]
    }

    pub(super) fn is_deflated(&self) -> bool {
        self.deflated
    }

    pub(super) fn into_frame(self) -> Bytes {
        self.frame
    }
}
