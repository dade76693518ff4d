//! Compressed messages on their way out (RFC 7692 6.1 and 7.2.1).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::receive::TAIL;
use crate::connection::decay::KEEP;
use crate::deflate::{Codec, Compressor, CompressorParams, OutOfMemory};

/// Deflates messages into a buffer of its own.
#[derive(Debug)]
pub(in crate::connection) struct Compress {
    codec: Arc<dyn Codec>,
    params: CompressorParams,
    /// Whether the window lives on between messages.
    takeover: bool,
    compressor: Option<Box<dyn Compressor>>,
    out: Vec<u8>,
}

impl Compress {
    pub(in crate::connection) fn new(
        codec: Arc<dyn Codec>,
        params: CompressorParams,
        takeover: bool,
    ) -> Self {
        Self { codec, params, takeover, compressor: None, out: Vec::new() }
    }

    pub(in crate::connection) fn params(&self) -> CompressorParams {
        self.params
    }

    pub(in crate::connection) fn codec(&self) -> &dyn Codec {
        &*self.codec
    }

    /// Deflates a message, or its part that ends it or not; the result lasts until the next call.
    ///
    /// Fails where there is no memory. The next message, or part, begins with an empty window then.
    pub(in crate::connection) fn deflate(
        &mut self,
        part: &[u8],
        fin: bool,
    ) -> Result<&[u8], OutOfMemory> {
        let Self { codec, params, compressor, out, .. } = self;
        let made = match compressor {
            Some(made) => made,
            none => none.insert(codec.try_compressor(*params)?),
        };
        if let failed @ Err(_) = made.try_compress(part, out) {
            self.settle(failed)?;
        }
        if fin {
            end_message(&mut self.out);
            if !self.takeover {
                self.release();
            }
        }
        Ok(&self.out)
    }

    /// Forgets the result. Where it was not queued nothing may build on it.
    pub(in crate::connection) fn settle<E>(&mut self, queued: Result<(), E>) -> Result<(), E> {
        if queued.is_err() {
            self.compressor = None;
        }
        self.out.clear();
        // Only a long one needed that much.
        if self.out.capacity() > KEEP {
            self.out = Vec::new();
        }
        queued
    }

    /// Whether later messages build on what was deflated, so that it has to be sent.
    pub(in crate::connection) fn keeps_context(&self) -> bool {
        self.takeover
    }

    /// The receiver's window moves by what this compressor has not seen: it must not refer back.
    pub(in crate::connection) fn forget_window(&mut self) {
        if let Some(compressor) = &mut self.compressor {
            compressor.reset();
        }
    }

    /// Gives up the window, and all memory with it.
    pub(in crate::connection) fn shrink_to_fit(&mut self) {
        self.release();
        self.out = Vec::new();
    }

    fn release(&mut self) {
        if let Some(compressor) = self.compressor.take() {
            self.codec.recycle_compressor(compressor, self.params);
        }
    }
}

/// Takes off the end that the receiver adds again.
pub(in crate::connection) fn end_message(deflated: &mut Vec<u8>) {
    let kept = deflated.len().saturating_sub(TAIL.len());
    deflated.truncate(kept);
    if deflated.is_empty() {
        // RFC 7692 7.2.3.6: nothing at all is the start of an empty block.
        deflated.push(0x00);
    }
}
