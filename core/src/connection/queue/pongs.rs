//! Automatic pongs, which stand aside until the host looks at the queue: however long it does not,
//! only the newest are kept (RFC 6455 5.5.3).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Queue;
use super::backlog::Piece;
use crate::connection::framing::Shape;
use crate::connection::mask_keys::MaskKeys;
use crate::frame::{Header, MAX_CONTROL, MAX_HEADER, Opcode};
use crate::memory::{self, OutOfMemory};

impl Queue {
    /// Keeps a pong for when the host next looks; of those that wait, the newest 16.
    pub(in super::super) fn push_pong(&mut self, payload: &[u8]) {
        self.pongs.push(payload);
    }

    /// How many bytes the pongs take that stand aside.
    pub(in super::super) fn pongs_len(&self) -> usize {
        self.pongs.framed_len(self.masks.is_some())
    }

    /// The host looks: pongs take their place.
    pub(in super::super) fn look(&mut self) {
        // Where there is no memory for them they stay aside until the next look.
        let _ = if self.looked > self.advanced { self.pass_pongs() } else { self.settle_pongs() };
        self.looked = self.queued;
    }

    /// Puts the pongs behind all that is queued.
    #[inline]
    pub(super) fn settle_pongs(&mut self) -> Result<(), OutOfMemory> {
        if self.pongs.is_empty() { Ok(()) } else { self.write_pongs() }
    }

    #[cold]
    fn write_pongs(&mut self) -> Result<(), OutOfMemory> {
        let room = self.pongs_len() + MAX_HEADER;
        self.make_room(room)?;
        let len = self.pongs.write(self.masks.as_mut(), self.tail.room(room));
        self.fill(len);
        self.pongs.placed(self.queued);
        Ok(())
    }

    /// Puts the pongs before data that the host was not shown. They stay aside where there is none,
    /// or while earlier ones wait: so none passes the answer to a ping before its own, and no more
    /// than two batches ever pass.
    fn pass_pongs(&mut self) -> Result<(), OutOfMemory> {
        let all_shown = self.shown > self.open;
        if self.pongs.is_empty() || all_shown || self.pongs.end() > self.advanced {
            return Ok(());
        }
        let (room, shown, open) = (self.pongs_len() + MAX_HEADER, self.shown, self.open());
        let mut frames = Vec::new();
        frames.try_reserve_exact(room)?;
        frames.resize(room, 0);
        self.make_backlog(1)?;
        let len = self.pongs.write(self.masks.as_mut(), &mut frames);
        frames.truncate(len);
        let backlog = self.make_backlog(1)?;
        let (at, place) = backlog.gap(shown).unwrap_or((backlog.len(), open.place));
        backlog.insert(at, Piece::Pongs(frames), open);
        self.pongs.placed(place + len as u64);
        self.open += len as u64;
        self.queued += len as u64;
        Ok(())
    }
}

/// Those that stand aside. Apart, as most peers never ping.
#[derive(Debug, Default)]
pub(super) struct Pongs(Option<Box<[Aside; 1]>>);

#[derive(Debug, Default)]
struct Aside {
    /// The payloads, oldest first, each behind its length, behind those that are not kept any more.
    payloads: Vec<u8>,
    kept_from: usize,
    count: u8,
    /// The place where the last pong ends that has one.
    end: u64,
}

impl Pongs {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|[aside]| aside.count == 0)
    }

    pub(super) fn push(&mut self, payload: &[u8]) {
        // Where there is no memory this is one that is not kept.
        let _ = self.try_push(&payload[..payload.len().min(MAX_CONTROL)]);
    }

    fn try_push(&mut self, payload: &[u8]) -> Result<(), OutOfMemory> {
        let [Aside { payloads, kept_from, count, .. }] = match &mut self.0 {
            Some(aside) => &mut **aside,
            none => &mut **none.insert(memory::boxed(Aside::default())?),
        };
        if *count == MAX_PONGS {
            *kept_from += 1 + usize::from(payloads[*kept_from]);
            *count -= 1;
        }
        if *kept_from > MOST_PASSED {
            payloads.drain(..*kept_from);
            *kept_from = 0;
        }
        payloads.try_reserve(1 + payload.len())?;
        payloads.push(payload.len().to_le_bytes()[0]);
        payloads.extend_from_slice(payload);
        *count += 1;
        Ok(())
    }

    /// How many bytes they take as frames.
    pub(super) fn framed_len(&self, masked: bool) -> usize {
        self.0.as_deref().map_or(0, |[Aside { payloads, kept_from, count, .. }]| {
            let header = Header::encoded_len(0, masked) - 1;
            payloads.len() - kept_from + usize::from(*count) * header
        })
    }

    /// Moves them, as frames, to the front of `to`, which has room for them and a longest header:
    /// how many bytes that makes.
    pub(super) fn write(&mut self, mut masks: Option<&mut MaskKeys>, to: &mut [u8]) -> usize {
        let mut len = 0;
        for payload in self.iter() {
            let mask = masks.as_mut().map(|masks| masks.next());
            len += Shape::whole(Opcode::Pong).write(payload, mask, &mut to[len..]);
        }
        if let Some([aside]) = self.0.as_deref_mut() {
            aside.payloads.clear();
            (aside.kept_from, aside.count) = (0, 0);
        }
        len
    }

    /// They have their place in the queue now, and end there.
    fn placed(&mut self, end: u64) {
        if let Some([aside]) = self.0.as_deref_mut() {
            aside.end = end;
        }
    }

    fn end(&self) -> u64 {
        self.0.as_deref().map_or(0, |[aside]| aside.end)
    }

    pub(super) fn shrink_to_fit(&mut self, advanced: u64) {
        if self.is_empty() && self.end() <= advanced {
            self.0 = None;
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let kept = self.0.as_deref().map(|[aside]| &aside.payloads[aside.kept_from..]);
        let mut rest = kept.unwrap_or_default();
        core::iter::from_fn(move || {
            let (len, behind) = rest.split_first()?;
            let (payload, behind) = behind.split_at(usize::from(*len));
            rest = behind;
            Some(payload)
        })
    }
}

/// Automatic pongs that may wait.
const MAX_PONGS: u8 = 16;

/// Most bytes of those that are not kept any more: dropping each by itself would move all others.
const MOST_PASSED: usize = 1 << 10;
