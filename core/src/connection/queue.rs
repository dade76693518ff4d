//! What waits to be written: frames, encoded, in the order they go out.
//!
//! Small frames are gathered in one block of memory, the tail. Long payloads that are shared are
//! queued by reference. Automatic pongs stand aside until the host looks at the queue.
//!
//! # Places
//!
//! Every byte has a place: how many were queued before it since the connection began. What waits is
//! cut into pieces; the open one, behind all others, is what the next small frame is put into.
//!
//! ```text
//! advanced ≤ shown ≤ queued, open ≤ queued
//!
//! advanced..queued  what waits
//! advanced..shown   what the host may hold on to
//! ..open            the pieces of the backlog, the first perhaps passed in part
//! open..queued      the open piece: the last bytes of the tail
//! ```
//!
//! # What was shown stays
//!
//! Hosts whose writes are asynchronous hold on to what they were shown until they advance past it.
//! So nothing is ever put in before `shown`, bytes in the queue never change, and memory that holds
//! bytes is neither freed nor moved while `advanced < shown`: a tail that is full is put among the
//! blocks of the backlog as it is, and another takes its place (`room.rs`).
//!
//! # Where there is no memory
//!
//! What is queued has its memory before the first byte of it is put anywhere: it is queued whole or
//! not at all. Pongs stay aside.

mod backlog;
mod block;
mod pongs;
mod room;
mod run;

use alloc::boxed::Box;

use bytes::Bytes;

use self::backlog::{Backlog, Open, Parts, Piece};
use self::block::Block;
use self::pongs::Pongs;
use self::room::MAX_TAIL;
use self::run::Run;
use super::decay::Decay;
use super::framing::Shape;
use super::mask_keys::MaskKeys;
#[cfg(feature = "std")]
use super::outgoing::Body;
use crate::close::CloseFrame;
use crate::frame::{Header, MAX_CONTROL, MAX_HEADER, Opcode};
use crate::mask;
use crate::memory::{self, OutOfMemory};

/// The queue of frames, encoded.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Where small frames gather. Before the open piece lie bytes of the backlog, or passed ones.
    tail: Block,
    /// Where the first byte is that waits.
    advanced: u64,
    /// The host was shown nothing from here on.
    shown: u64,
    /// Where the open piece begins.
    open: u64,
    /// Where the next byte will be.
    queued: u64,
    /// `queued` when the host last looked: what is before it is known to wait.
    looked: u64,
    backlog: Option<Box<[Backlog; 1]>>,
    pongs: Pongs,
    /// Keys for a client's frames; a server has none.
    masks: Option<MaskKeys>,
    decay: Decay,
}

impl Queue {
    pub(super) fn new(masks: Option<MaskKeys>) -> Self {
        Self { masks, ..Self::default() }
    }

    /// Bytes that wait in their place: all but the pongs that stand aside.
    pub(super) fn len(&self) -> usize {
        distance(self.advanced(), self.queued())
    }

    /// Whether nothing waits, pongs that stand aside included.
    pub(super) fn is_empty(&self) -> bool {
        self.advanced == self.queued && self.pongs.is_empty()
    }

    /// Bytes queued since the connection began. A frame was passed, by the host's advancing, once
    /// [`advanced`](Self::advanced) is what this was behind it.
    pub(super) fn queued(&self) -> u64 {
        self.queued
    }

    /// Bytes that the host advanced past since the connection began: grows with every progress of
    /// the transport.
    pub(super) fn advanced(&self) -> u64 {
        self.advanced
    }

    /// How many bytes a payload of `len` bytes takes as one frame.
    pub(super) fn framed_len(&self, len: usize) -> usize {
        len.saturating_add(Header::encoded_len(len as u64, self.masks.is_some()))
    }

    /// Whether `len` bytes more, and a header, leave no more than `most` waiting.
    #[inline]
    pub(super) fn allows(&self, len: usize, most: usize) -> bool {
        let waits = self.queued - self.advanced;
        waits + (MAX_HEADER + len) as u64 <= most as u64
    }

    /// Queues a frame, if that takes nothing but writing it: it is sure to leave no more than `most`
    /// waiting, no pongs go before it, and the tail has room.
    #[inline]
    pub(super) fn try_push(&mut self, shape: Shape, payload: &[u8], most: usize) -> bool {
        let usual = self.allows(payload.len(), most)
            && self.pongs.is_empty()
            && self.tail.fits(MAX_HEADER + payload.len());
        if usual {
            self.write(shape, payload);
        }
        usual
    }

    /// Queues a frame.
    pub(super) fn push(&mut self, shape: Shape, payload: &[u8]) -> Result<(), OutOfMemory> {
        self.settle_pongs()?;
        self.make_room(MAX_HEADER + payload.len())?;
        self.write(shape, payload);
        Ok(())
    }

    /// As [`push`](Self::push). A payload that is `shared` stays where it is, from `share_from`
    /// bytes on and if it is not masked.
    pub(super) fn push_body(
        &mut self,
        shape: Shape,
        payload: &[u8],
        shared: Option<&Bytes>,
        share_from: usize,
    ) -> Result<(), OutOfMemory> {
        match shared {
            Some(shared) if self.masks.is_none() && shared.len() >= share_from => {
                self.push_shared(shape, shared.clone())
            }
            _ => self.push(shape, payload),
        }
    }

    /// Queues a frame whose payload stays where it is; only for a server.
    pub(super) fn push_shared(&mut self, shape: Shape, payload: Bytes) -> Result<(), OutOfMemory> {
        if payload.is_empty() {
            return self.push(shape, &payload);
        }
        self.settle_pongs()?;
        self.make_room(MAX_HEADER)?;
        self.make_backlog(2)?;
        let len = shape.write_header(payload.len(), None, self.tail.room(MAX_HEADER));
        self.fill(len);
        self.push_piece(Piece::Payload(payload));
        Ok(())
    }

    /// Queues the rest of a frame whose beginning went out beside the queue: nothing goes between.
    #[cfg(feature = "std")]
    pub(super) fn push_rest(&mut self, header: &[u8], rest: Body<'_>) -> Result<(), OutOfMemory> {
        match rest {
            Body::Borrowed(rest) => {
                self.make_room(header.len() + rest.len())?;
                self.append(header);
                self.append(rest);
            }
            Body::Shared(rest) => {
                self.make_room(header.len())?;
                self.make_backlog(2)?;
                self.append(header);
                if !rest.is_empty() {
                    self.push_piece(Piece::Payload(rest));
                }
            }
        }
        // As if the host had looked: pongs go behind what it saw.
        self.shown = self.queued;
        Ok(())
    }

    /// Makes sure that `frames` frames of `bytes` bytes in all can be queued, each in a piece or two
    /// of its own.
    pub(super) fn make_room_for(&mut self, frames: usize, bytes: usize) -> Result<(), OutOfMemory> {
        self.settle_pongs()?;
        self.make_room(bytes + MAX_HEADER)?;
        self.make_backlog(2 * frames + 1)?;
        Ok(())
    }

    /// Queues a frame that was encoded before; only for a server.
    pub(super) fn push_encoded(
        &mut self,
        frame: Bytes,
        share_from: usize,
    ) -> Result<(), OutOfMemory> {
        self.settle_pongs()?;
        if frame.len() >= share_from {
            self.make_backlog(2)?;
            self.push_piece(Piece::Frames(frame));
        } else {
            self.make_room(frame.len())?;
            self.append(&frame);
        }
        Ok(())
    }

    /// Queues frames of `bytes` bytes in all, in memory of their own: what a tail would not hold.
    /// Shorter ones get room in the tail, to be pushed one by one: `false`.
    pub(super) fn push_run<'a>(
        &mut self,
        frames: impl Iterator<Item = (Shape, &'a [u8])>,
        bytes: usize,
    ) -> Result<bool, OutOfMemory> {
        self.settle_pongs()?;
        if bytes <= MAX_TAIL {
            self.make_room(bytes + MAX_HEADER)?;
            return Ok(false);
        }
        let memory = self.make_backlog(bytes / MAX_TAIL + 2)?.spare_run(bytes);
        let mut run = Run::new(memory.unwrap_or_default(), bytes, MAX_TAIL)?;
        for (shape, payload) in frames {
            run.append(shape, payload, self.masks.as_mut().map(MaskKeys::next));
        }
        let size = run.size();
        let (frames, ends) = run.finish();
        self.make_backlog(0)?.keep_run(&frames, size);
        let mut start = 0;
        for end in ends {
            self.push_piece(Piece::Frames(frames.slice(start..end)));
            start = end;
        }
        Ok(true)
    }

    pub(super) fn push_close(&mut self, frame: CloseFrame<'_>) -> Result<(), OutOfMemory> {
        let mut body = [0; MAX_CONTROL];
        let len = frame.encode(&mut body).unwrap_or(0);
        self.push(Shape::whole(Opcode::Close), &body[..len])
    }

    /// Ends the open piece, so that pongs can pass what follows.
    pub(super) fn seal(&mut self) -> Result<(), OutOfMemory> {
        let (len, open) = (self.open_len(), self.open());
        if len > 0 {
            self.make_backlog(1)?.push(Piece::Own(len), open);
            self.open = self.queued;
        }
        Ok(())
    }

    /// Masks, in place, a payload that the host frames itself, and writes its header before it.
    pub(super) fn frame_in_place(&mut self, opcode: Opcode, buf: &mut [u8], at: usize) -> usize {
        let mask = self.masks.as_mut().map(MaskKeys::next);
        let mut header = [0; MAX_HEADER];
        let header_len = Shape::whole(opcode).write_header(buf.len() - at, mask, &mut header);
        if let Some(key) = mask {
            mask::in_place(&mut buf[at..], key, 0);
        }
        buf[at - header_len..at].copy_from_slice(&header[..header_len]);
        at - header_len
    }

    /// Counts a frame of `len` bytes that the host writes itself: it passes the queue, in which
    /// nothing waits.
    pub(super) fn pass_beside(&mut self, len: usize) {
        debug_assert_eq!(self.advanced, self.queued);
        self.queued = self.queued.saturating_add(len as u64);
        (self.advanced, self.shown, self.open) = (self.queued, self.queued, self.queued);
    }

    /// Ends the open piece and puts another behind it: the backlog has room for both.
    fn push_piece(&mut self, piece: Piece) {
        let (len, open) = (self.open_len(), self.open());
        let behind = Open { place: self.queued, at: self.tail.len() };
        let Some([backlog]) = self.backlog.as_deref_mut() else { return };
        if len > 0 {
            backlog.push(Piece::Own(len), open);
        }
        self.queued += piece.len() as u64;
        self.open = self.queued;
        backlog.push(piece, behind);
    }

    fn backlog(&self) -> Option<&Backlog> {
        self.backlog.as_deref().map(|[backlog]| backlog)
    }

    fn backlog_mut(&mut self) -> Option<&mut Backlog> {
        self.backlog.as_deref_mut().map(|[backlog]| backlog)
    }

    /// The backlog, with room for so many pieces more.
    fn make_backlog(&mut self, pieces: usize) -> Result<&mut Backlog, OutOfMemory> {
        let [backlog] = match &mut self.backlog {
            Some(backlog) => &mut **backlog,
            none => &mut **none.insert(memory::boxed(Backlog::default())?),
        };
        backlog.make_room(pieces)?;
        Ok(backlog)
    }

    fn open(&self) -> Open {
        Open { place: self.open, at: self.tail.len() - self.open_len() }
    }

    fn open_len(&self) -> usize {
        distance(self.open, self.queued)
    }

    /// Copies bytes into the tail, which has room for them.
    fn append(&mut self, bytes: &[u8]) {
        self.tail.room(bytes.len()).copy_from_slice(bytes);
        self.fill(bytes.len());
    }

    /// So many bytes were written to the tail.
    #[inline]
    fn fill(&mut self, n: usize) {
        self.tail.fill(n);
        self.queued += n as u64;
    }

    /// Writes a frame into the tail, which has room for it. A server's short ones take no call.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn write(&mut self, shape: Shape, payload: &[u8]) {
        if self.masks.is_some() || payload.len() > MAX_CONTROL {
            return self.write_other(shape, payload);
        }
        let len = shape.write(payload, None, self.tail.room(MAX_HEADER + payload.len()));
        self.fill(len);
    }

    #[inline(never)]
    fn write_other(&mut self, shape: Shape, payload: &[u8]) {
        let room = self.tail.room(MAX_HEADER + payload.len());
        let len = match &mut self.masks {
            None => shape.write(payload, None, room),
            Some(masks) => shape.write(payload, Some(masks.next()), room),
        };
        self.fill(len);
    }

    /// What waits, as far as it lies together; no part is empty.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let tail = self.tail.bytes();
        let mut before = self.backlog().map(|backlog| backlog.parts(tail));
        let mut open = &tail[self.open().at..];
        let mut passed = self.passed();
        core::iter::from_fn(move || {
            let part = match before.as_mut().and_then(Parts::next) {
                Some(part) => part,
                None => core::mem::take(&mut open),
            };
            let part = &part[core::mem::take(&mut passed)..];
            (!part.is_empty()).then_some(part)
        })
    }

    /// How much of the first piece was passed.
    fn passed(&self) -> usize {
        let first = self.backlog().and_then(Backlog::from);
        distance(first.unwrap_or(self.open), self.advanced)
    }

    /// The host was shown the first `len` bytes that wait.
    pub(super) fn showed(&mut self, len: usize) {
        self.shown = self.shown.max(self.advanced + len as u64);
    }

    /// Forgets the first `n` bytes that wait, or all.
    pub(super) fn advance(&mut self, n: usize) {
        let all = n >= self.len();
        self.advanced = if all { self.queued } else { self.advanced + n as u64 };
        self.shown = self.shown.max(self.advanced);
        if all {
            self.drained();
        } else if let Some([backlog]) = self.backlog.as_deref_mut() {
            backlog.advance(self.advanced);
        }
    }

    /// Takes the first part out: shared bytes as they are, own ones with their block if they are
    /// worth it.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        if self.backlog().is_none_or(Backlog::owns_first) {
            let part = self.parts().next()?;
            if part.len() < TAKE_FROM {
                let part = Bytes::copy_from_slice(part);
                self.advance(part.len());
                return Some(part);
            }
            if self.backlog().is_none_or(|backlog| !backlog.has_blocks()) {
                self.end_block().ok()?;
            }
        }
        let passed = self.passed();
        let part = self.backlog_mut()?.share_first()?.slice(passed..);
        self.advance(part.len());
        Some(part)
    }
}

fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).unwrap_or(usize::MAX)
}

/// Shorter parts are copied when they are taken out: their block is worth more.
const TAKE_FROM: usize = 4 << 10;
