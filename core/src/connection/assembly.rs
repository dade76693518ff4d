//! Messages that did not come whole in one input.

use alloc::string::String;
use alloc::vec::Vec;

use super::decay::KEEP;
use super::fault::Fault;
use super::framing::append_at;
use crate::error::ProtocolError;
use crate::event::Kind;
use crate::mask;
use crate::memory;
use crate::utf8::Utf8Check;

/// Where a message is put together. Text is checked as it comes, and kept as text, so that no byte
/// is looked at twice.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) binary: Vec<u8>,
    pub(super) text: String,
    pub(super) check: Utf8Check,
    /// The content was lent with an event, and is done with at the next.
    pub(super) lent: bool,
}

/// A run of a payload: its key, and how far into its frame it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) key: Option<u32>,
    pub(super) offset: usize,
}

impl Assembly {
    /// Appends a run of a binary message. `total` is the most the message can come to, as far as
    /// is known.
    pub(super) fn push_binary(
        &mut self,
        bytes: &[u8],
        run: Run,
        total: usize,
    ) -> Result<(), Fault> {
        let len = self.binary.len();
        let capacity = self.binary.capacity();
        if let Some(more) = grown(len, capacity, bytes.len(), total) {
            self.binary.try_reserve_exact(more)?;
        }
        append_at(&mut self.binary, bytes, run.key.map(u32::to_ne_bytes), run.offset);
        Ok(())
    }

    /// Appends a run of a text message that is unmasked already.
    pub(super) fn push_text(&mut self, bytes: &[u8], total: usize) -> Result<(), Fault> {
        let pieces = self.check.push(bytes).map_err(|_| ProtocolError::TextNotUtf8)?;
        let len = self.text.len();
        let capacity = self.text.capacity();
        if let Some(more) = grown(len, capacity, bytes.len() + pieces.joint().len(), total) {
            self.text.try_reserve_exact(more)?;
        }
        self.text.push_str(pieces.joint());
        self.text.push_str(pieces.rest);
        Ok(())
    }

    /// Appends a run of a text message from bytes that must not change.
    pub(super) fn copy_text(&mut self, bytes: &[u8], run: Run, total: usize) -> Result<(), Fault> {
        let Some(key) = run.key else {
            return self.push_text(bytes, total);
        };
        let mut scratch = [0; SCRATCH];
        for block in bytes.chunks(SCRATCH) {
            let scratch = &mut scratch[..block.len()];
            mask::copy(block, scratch, key.to_ne_bytes(), run.offset);
            self.push_text(scratch, total)?;
        }
        Ok(())
    }

    /// The message ends here: is it whole characters?
    pub(super) fn end(&self, kind: Kind) -> Result<(), ProtocolError> {
        match kind {
            Kind::Text if !self.check.is_complete() => Err(ProtocolError::TextNotUtf8),
            _ => Ok(()),
        }
    }

    /// Forgets what was lent, and the memory that only a long message needed.
    pub(super) fn clear_lent(&mut self) {
        if core::mem::take(&mut self.lent) {
            self.binary.clear();
            self.text.clear();
            if self.binary.capacity() > KEEP {
                self.binary = Vec::new();
            }
            if self.text.capacity() > KEEP {
                self.text = String::new();
            }
        }
    }

    /// Gives back all memory; what was assembled so far is lost.
    pub(super) fn discard(&mut self) {
        *self = Self::default();
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.clear_lent();
        memory::shrink(&mut self.binary);
        let mut text = core::mem::take(&mut self.text).into_bytes();
        memory::shrink(&mut text);
        self.text = String::from_utf8(text).unwrap_or_default();
    }
}

/// By how much to grow, in bytes behind `len`, when `more` do not fit: to the double, but not
/// beyond the message's end. What was only announced is not believed.
fn grown(len: usize, capacity: usize, more: usize, total: usize) -> Option<usize> {
    let needed = len + more;
    (needed > capacity).then(|| needed.max(total.min(2 * capacity.max(KEEP / 2))) - len)
}

/// Text is unmasked on the stack in blocks of this size, a multiple of the key's.
const SCRATCH: usize = 1024;
