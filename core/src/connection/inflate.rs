//! The receiving half of permessage-deflate (RFC 7692 7.2.2) on one connection.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::fault::Fault;
use crate::deflate::{Codec, Decompressor, Progress};
use crate::error::ProtocolError;
use crate::memory::OutOfMemory;
use crate::simd::CheckedBytes;

/// Inflates messages, straight into the buffer they are assembled in.
#[derive(Debug)]
pub(super) struct Inflate {
    codec: Arc<dyn Codec>,
    window_bits: u8,
    /// Whether the window lives on between messages.
    takeover: bool,
    decompressor: Option<Box<dyn Decompressor>>,
    /// A final block ended with the last byte read.
    finished: bool,
}

/// What one step did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inflated {
    /// Bytes of input taken.
    pub(super) taken: usize,
    /// More output may come of what was taken already.
    pub(super) more: bool,
}

impl Inflate {
    pub(super) fn new(codec: Arc<dyn Codec>, window_bits: u8, takeover: bool) -> Self {
        Self { codec, window_bits, takeover, decompressor: None, finished: false }
    }

    /// Appends to `out` what `input` inflates to: at most a step of 16 KiB, and at most `room`
    /// bytes.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        out: &mut CheckedBytes,
        room: usize,
    ) -> Result<Inflated, Fault> {
        let start = out.len();
        // A byte over the limit shows that there is more, and is never kept.
        let mut over = [0];
        let space = room.min(STEP.min(MIN_STEP.max(4 * input.len())));
        reserve(out, space, room)?;
        out.resize(start + space);
        let target = if room == 0 { &mut over[..] } else { out.part_mut(start..start + space) };
        let Progress { taken, made, .. } = self.decompress(input, target)?;
        if made > space {
            return Err(ProtocolError::MessageTooLong.into());
        }
        out.resize(start + made);
        Ok(Inflated { taken, more: made > 0 && made == space })
    }

    /// The message's last byte was read: adds what its sender left out, and checks that nothing is
    /// open or left. An `empty` message needs no block at all.
    pub(super) fn finish(&mut self, empty: bool) -> Result<(), Fault> {
        if !(self.finished || empty) {
            for mut rest in [TAIL, PROBE] {
                while !rest.is_empty() {
                    let Progress { taken, made, .. } = self.decompress(rest, &mut [0])?;
                    if made > 0 {
                        return Err(ProtocolError::Deflate.into());
                    }
                    rest = &rest[taken..];
                }
            }
        }
        self.finished = false;
        if !self.takeover {
            self.release();
        }
        Ok(())
    }

    fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Fault> {
        let (codec, window_bits) = (&self.codec, self.window_bits);
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(codec.try_decompressor(window_bits)?),
        };
        let progress = decompressor.decompress(input, out).map_err(|_| ProtocolError::Deflate)?;
        let Progress { taken, made, finished } = progress;
        if taken > 0 || finished {
            self.finished = finished;
        } else if made == 0 && !input.is_empty() {
            // It would go on like this.
            return Err(ProtocolError::Deflate.into());
        }
        Ok(progress)
    }

    /// Drops the codec, and what it holds of a message.
    pub(super) fn stop(&mut self) {
        self.decompressor = None;
    }

    fn release(&mut self) {
        if let Some(decompressor) = self.decompressor.take() {
            self.codec.recycle_decompressor(decompressor, self.window_bits);
        }
    }
}

/// Makes room for a step, by doubling, but never beyond what the limit leaves.
fn reserve(out: &mut CheckedBytes, space: usize, room: usize) -> Result<(), OutOfMemory> {
    if out.capacity() - out.len() < space {
        out.reserve(space.max(out.len().min(room)))?;
    }
    Ok(())
}

/// What a sender leaves out at the end of a message (RFC 7692 7.2.1).
pub(super) const TAIL: &[u8] = &[0x00, 0x00, 0xFF, 0xFF];

/// An empty block: it makes nothing, unless the message stopped inside another.
const PROBE: &[u8] = &[0x00, 0x00, 0x00, 0xFF, 0xFF];

/// Most output asked for at a time.
const STEP: usize = 16 << 10;

/// Least output asked for at a time.
const MIN_STEP: usize = 512;
