//! The frames of many messages, in memory of their own.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::connection::framing::Shape;
use crate::frame::MAX_HEADER;
use crate::memory::OutOfMemory;
use crate::simd;

/// Frames, cut into parts of at least that length, so that pongs can pass what is behind one.
#[derive(Debug)]
pub(super) struct Run {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    part: usize,
}

impl Run {
    /// Makes sure of memory for frames of `bytes` bytes in all, beside what `memory` is there. It is
    /// not cleared: nothing is written twice.
    pub(super) fn new(mut memory: Vec<u8>, bytes: usize, part: usize) -> Result<Self, OutOfMemory> {
        let mut ends = Vec::new();
        memory.try_reserve_exact(bytes)?;
        ends.try_reserve_exact(bytes / part + 1)?;
        Ok(Self { bytes: memory, ends, part })
    }

    /// How much memory it lies in.
    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn append(&mut self, shape: Shape, payload: &[u8], mask: Option<[u8; 4]>) {
        let mut header = [0; MAX_HEADER];
        let header_len = shape.write_header(payload.len(), mask, &mut header);
        self.bytes.extend_from_slice(&header[..header_len]);
        for block in payload.chunks(BLOCK) {
            let at = self.bytes.len();
            self.bytes.extend_from_slice(block);
            if let Some(key) = mask {
                simd::xor(&mut self.bytes[at..], u32::from_le_bytes(key));
            }
        }
        if self.bytes.len() - self.ends.last().unwrap_or(&0) >= self.part {
            self.ends.push(self.bytes.len());
        }
    }

    /// All frames, and where the parts end.
    pub(super) fn finish(mut self) -> (Bytes, Vec<usize>) {
        if self.ends.last() != Some(&self.bytes.len()) {
            self.ends.push(self.bytes.len());
        }
        (self.bytes.into(), self.ends)
    }
}

/// What is masked at a time, so that it is in the nearest cache still: a multiple of the key's length.
const BLOCK: usize = 8 << 10;
