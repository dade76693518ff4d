//! Automatic pongs, which stand aside until the host looks at the queue: however long it does not,
//! only the newest are kept (RFC 6455 5.5.3).

use alloc::vec::Vec;

use crate::connection::framing::{Shape, append_at, append_header};
use crate::connection::mask_keys::MaskKeys;
use crate::frame::{Header, MAX_CONTROL, Opcode};
use crate::memory;

/// The payloads of those that wait, oldest first, each behind its length.
#[derive(Debug, Default)]
pub(super) struct Pongs(Vec<u8>);

impl Pongs {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        if self.iter().count() == MAX_PONGS {
            let oldest = self.iter().next().map_or(0, <[u8]>::len);
            self.0.drain(..=oldest);
        }
        let payload = &payload[..payload.len().min(MAX_CONTROL)];
        // Where there is no memory this is one that is not kept.
        if self.0.try_reserve(1 + payload.len()).is_err() {
            return;
        }
        self.0.push(payload.len().to_le_bytes()[0]);
        self.0.extend_from_slice(payload);
    }

    /// How many bytes they take as frames.
    pub(super) fn framed_len(&self, masked: bool) -> usize {
        let header = Header::encoded_len(0, masked);
        self.iter().map(|payload| header + payload.len()).sum()
    }

    /// Moves them, as frames, to the end of `to`.
    pub(super) fn append_to(&mut self, to: &mut Vec<u8>, mut masks: Option<&mut MaskKeys>) {
        for payload in self.iter() {
            let mask = masks.as_mut().map(|masks| masks.next());
            let (header, header_len) = Shape::control(Opcode::Pong).header(mask, payload.len());
            append_header(to, &header, header_len);
            append_at(to, payload, mask, 0);
        }
        self.0.clear();
    }

    pub(super) fn shrink_to_fit(&mut self) {
        memory::shrink(&mut self.0);
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.0[..];
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
