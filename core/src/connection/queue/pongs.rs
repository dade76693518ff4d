//! Automatic pongs, which stand aside until the host looks at the queue: however long it does not,
//! only the newest are kept (RFC 6455 5.5.3).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::connection::framing::Shape;
use crate::connection::mask_keys::MaskKeys;
use crate::frame::{Header, MAX_CONTROL, Opcode};
use crate::memory::{self, OutOfMemory};

/// The payloads of those that wait, oldest first, each behind its length. Apart, as most peers never
/// ping.
#[derive(Debug, Default)]
pub(super) struct Pongs(Option<Box<[Vec<u8>; 1]>>);

impl Pongs {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|[bytes]| bytes.is_empty())
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        // Where there is no memory this is one that is not kept.
        let _ = self.try_push(&payload[..payload.len().min(MAX_CONTROL)]);
    }

    fn try_push(&mut self, payload: &[u8]) -> Result<(), OutOfMemory> {
        let oldest = self.iter().next().map_or(0, <[u8]>::len);
        let is_full = self.iter().count() == MAX_PONGS;
        let [bytes] = match &mut self.0 {
            Some(bytes) => &mut **bytes,
            none => &mut **none.insert(memory::boxed(Vec::new())?),
        };
        if is_full {
            bytes.drain(..=oldest);
        }
        bytes.try_reserve(1 + payload.len())?;
        bytes.push(payload.len().to_le_bytes()[0]);
        bytes.extend_from_slice(payload);
        Ok(())
    }

    /// How many bytes they take as frames.
    pub(super) fn framed_len(&self, masked: bool) -> usize {
        let header = Header::encoded_len(0, masked);
        self.iter().map(|payload| header + payload.len()).sum()
    }

    /// Moves them, as frames, to the front of `to`, which has room for them and a longest header:
    /// how many bytes that makes.
    pub(super) fn write(&mut self, mut masks: Option<&mut MaskKeys>, to: &mut [u8]) -> usize {
        let mut len = 0;
        for payload in self.iter() {
            let mask = masks.as_mut().map(|masks| masks.next());
            len += Shape::whole(Opcode::Pong).write(payload, mask, &mut to[len..]);
        }
        if let Some([bytes]) = self.0.as_deref_mut() {
            bytes.clear();
        }
        len
    }

    pub(super) fn shrink_to_fit(&mut self) {
        if self.is_empty() {
            self.0 = None;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0.as_deref().map_or(&[][..], |[bytes]| bytes);
        core::iter::from_fn(move || {
            let (len, behind) = rest.split_first()?;
            let (payload, behind) = behind.split_at(usize::from(*len));
            rest = behind;
            Some(payload)
        })
    }
}

/// Automatic pongs that may wait.
const MAX_PONGS: usize = 16;
