//! Messages that are put together: those in several frames, inflated ones, and those whose bytes
//! came in inputs of the host's.

use super::decay::{Decay, KEEP};
use super::fault::Fault;
use crate::error::ProtocolError;
use crate::event::Kind;
use crate::simd::CheckedBytes;
use crate::utf8::Utf8Check;

/// Where a message is put together. Text is checked as it comes, so that no byte is looked at
/// twice.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    pub(super) bytes: CheckedBytes,
    /// Checks the text of a message that is delivered in chunks.
    pub(super) check: Utf8Check,
    /// The content was lent with an event, and is done with at the next.
    pub(super) lent: bool,
    decay: Decay,
}

impl Assembly {
    /// Appends a piece of a message's payload. `total` is the most the message can come to, as far
    /// as is known.
    #[inline]
    pub(super) fn push(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        key: Option<u32>,
        total: usize,
    ) -> Result<(), Fault> {
        let len = self.bytes.len();
        if let Some(more) = grown(len, self.bytes.capacity(), bytes.len(), total) {
            self.bytes.reserve(more)?;
        }
        let appended = self.bytes.append(bytes, key, kind == Kind::Text);
        Ok(appended.map_err(|_| ProtocolError::TextNotUtf8)?)
    }

    /// The message ends here: is it whole characters?
    pub(super) fn end(&mut self, kind: Kind) -> Result<(), ProtocolError> {
        self.lent = true;
        match kind {
            Kind::Text if !self.bytes.is_text(&(0..self.bytes.len())) => {
                Err(ProtocolError::TextNotUtf8)
            }
            _ => Ok(()),
        }
    }

    /// Forgets what was lent. The memory is kept for the next message, as long as such are long.
    pub(super) fn clear_lent(&mut self) {
        if core::mem::take(&mut self.lent) {
            self.decay.needs(self.bytes.len());
            self.bytes.as_mut().clear();
            if let Some(most) = self.decay.used(self.bytes.capacity()) {
                self.bytes.shrink_to(most.max(KEEP));
            }
        }
    }

    /// The time was told.
    pub(super) fn tick(&mut self) {
        self.decay.needs(self.bytes.len());
        if let Some(most) = self.decay.pass(self.bytes.capacity()) {
            self.bytes.shrink_to(most);
        }
    }

    /// Gives back all memory; what was assembled so far is lost.
    pub(super) fn discard(&mut self) {
        *self = Self::default();
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.clear_lent();
        self.bytes.shrink_to(0);
    }
}

/// By how much to grow, in bytes behind `len`, when `more` do not fit: to the double, but not
/// beyond the message's end. What was only announced is not believed.
#[inline]
fn grown(len: usize, capacity: usize, more: usize, total: usize) -> Option<usize> {
    let needed = len + more;
    (needed > capacity).then(|| needed.max(total.min(2 * capacity.max(KEEP / 2))) - len)
}
