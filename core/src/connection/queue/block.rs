//! Memory that frames are gathered in.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::memory::OutOfMemory;

/// A piece of memory that is filled from its front, and never grows: what lies in it stays where it
/// is. All of it is initialised when it is made, so that payloads can be masked on their way in.
#[derive(Debug, Default)]
pub(super) struct Block {
    memory: Box<[u8]>,
    len: usize,
}

impl Block {
    pub(super) fn new(size: usize) -> Result<Self, OutOfMemory> {
        let mut memory = Vec::new();
        memory.try_reserve_exact(size)?;
        memory.resize(size, 0);
        Ok(Self { memory: memory.into_boxed_slice(), len: 0 })
    }

    /// How much fits when it is empty.
    pub(super) fn size(&self) -> usize {
        self.memory.len()
    }

    /// How much lies in it.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(super) fn fits(&self, more: usize) -> bool {
        self.memory.len() - self.len >= more
    }

    /// The next `n` bytes behind the content; as many have to fit.
    #[inline]
    pub(super) fn room(&mut self, n: usize) -> &mut [u8] {
        &mut self.memory[self.len..][..n]
    }

    /// So much of what `room` gave is content now.
    #[inline]
    pub(super) fn fill(&mut self, n: usize) {
        self.len += n;
    }

    /// Copies bytes behind the content; they have to fit.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.fill(bytes.len());
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// The content, where it lies.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from(self.memory).slice(..self.len)
    }
}
