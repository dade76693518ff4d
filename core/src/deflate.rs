//! DEFLATE as permessage-deflate needs it (RFC 7692 7.2): what a codec must do, and the default
//! one.
//!
//! A connection takes its codecs at first use, and gives them back when it keeps no context
//! between messages. Another DEFLATE, as a C zlib or a hardware unit, is given as a [`Codec`] in
//! [`DeflateConfig`].

#[cfg(feature = "deflate")]
mod zlib;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "deflate")]
pub use self::zlib::Zlib;
pub use crate::memory::OutOfMemory;

/// What a compressor is made for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CompressorParams {
    /// No distance goes back further than 2 to the power of this: 9 to 15.
    pub window_bits: u8,
    /// 0, which only stores, to 9, which tries hardest.
    pub level: u8,
    /// Memory for the compressor's state: 1 to 9.
    pub mem_level: u8,
}

/// Makes the codecs of a connection.
pub trait Codec: fmt::Debug + Send + Sync {
    /// A compressor with an empty window.
    fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor>;

    /// A decompressor with an empty window of 2 to the power of `window_bits`, 8 to 15.
    fn decompressor(&self, window_bits: u8) -> Box<dyn Decompressor>;

    /// As [`compressor`](Self::compressor), for what can tell that there is no memory for one.
    fn try_compressor(&self, params: CompressorParams) -> Result<Box<dyn Compressor>, OutOfMemory> {
        Ok(self.compressor(params))
    }

    /// As [`decompressor`](Self::decompressor), for what can tell that there is no memory for one.
    fn try_decompressor(&self, window_bits: u8) -> Result<Box<dyn Decompressor>, OutOfMemory> {
        Ok(self.decompressor(window_bits))
    }

    /// Takes back a compressor that keeps no context, to be handed out again.
    fn recycle_compressor(&self, _compressor: Box<dyn Compressor>, _params: CompressorParams) {}

    /// Takes back a decompressor that keeps no context, to be handed out again.
    fn recycle_decompressor(&self, _decompressor: Box<dyn Decompressor>, _window_bits: u8) {}
}

/// Compresses the messages of one direction.
pub trait Compressor: fmt::Debug + Send + Sync {
    /// Appends the compressed form of `input` to `out`, ended by a sync flush: all of it can be
    /// decompressed, and `out` ends in `00 00 ff ff`.
    ///
    /// Where there is neither input nor anything left to flush, nothing is appended.
    fn compress(&mut self, input: &[u8], out: &mut Vec<u8>);

    /// As [`compress`](Self::compress), for what can tell that there is no memory for the result:
    /// then the compressor is dropped.
    fn try_compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), OutOfMemory> {
        self.compress(input, out);
        Ok(())
    }

    /// Empties the window.
    fn reset(&mut self);
}

/// Decompresses the messages of one direction.
pub trait Decompressor: fmt::Debug + Send + Sync {
    /// Decompresses from `input` into `out`, as far as either reaches.
    ///
    /// What follows a final block is a stream of its own. What was made before the input turned
    /// out to be corrupt is given first, and the fault with the next call.
    fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Corrupt>;

    /// Empties the window.
    fn reset(&mut self);
}

/// How far a [`Decompressor`] came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Bytes of input taken.
    pub taken: usize,
    /// Bytes of output made.
    pub made: usize,
    /// A final block ended, right after the last byte taken.
    pub finished: bool,
}

/// The input is not DEFLATE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Corrupt;

/// How a connection compresses, once the handshake agreed on it.
///
/// Window sizes and context takeover are the handshake's to agree on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeflateConfig {
    /// Shorter messages are sent as they are. Default 64 bytes.
    pub threshold: usize,
    /// Effort, 0 to 9. Default 1: most of the gain at a tenth of the default effort's time.
    pub level: u8,
    /// Memory of a compressor, 1 to 9. Default 5.
    pub mem_level: u8,
    /// Who makes the codecs; clones of a configuration share it. Default none, which is
    /// [`Zlib::shared`] where the feature `deflate` is on. Without that feature a codec has to be
    /// given before the handshake may agree on compression.
    pub codec: Option<Arc<dyn Codec>>,
}

crate::setters::setters! {
    DeflateConfig {
        with_threshold: threshold = usize,
        with_level: level = u8,
        with_mem_level: mem_level = u8,
        with_codec: codec = impl Into<Option<Arc<dyn Codec>>>,
    }
}

impl DeflateConfig {
    /// Whether there is a codec, given here or by the feature `deflate`. Without one a server must
    /// not agree to compression, nor a client offer it.
    pub fn has_codec(&self) -> bool {
        cfg!(feature = "deflate") || self.codec.is_some()
    }

    pub(crate) fn codec(&self) -> Option<Arc<dyn Codec>> {
        #[cfg(feature = "deflate")]
        let default = || Some(Zlib::shared() as Arc<dyn Codec>);
        #[cfg(not(feature = "deflate"))]
        let default = || None;
        self.codec.clone().or_else(default)
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self { threshold: 64, level: 1, mem_level: 5, codec: None }
    }
}
