//! What waits to be written: frames, encoded, in the order they go out.
//!
//! Small frames are gathered in one buffer, the tail. Long payloads keep memory of their own, shared
//! ones by reference. Automatic pongs stand aside until the host looks at the queue.
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
//! bytes is neither freed nor moved while `advanced < shown`: instead of growing, the tail is put
//! among the blocks of the backlog as it is, and another takes its place ([`Queue::make_room`]).
//!
//! # Where there is no memory
//!
//! What is queued has its memory before the first byte of it is put anywhere: it is queued whole or
//! not at all. Pongs stay aside.

mod backlog;
mod pongs;

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use self::backlog::{Backlog, Open, Piece};
use self::pongs::Pongs;
use super::framing::{Shape, append_at, append_header};
use super::mask_keys::MaskKeys;
use crate::close::CloseFrame;
use crate::frame::{Header, MAX_CONTROL, MAX_HEADER, Opcode};
use crate::mask;
use crate::memory::{self, OutOfMemory};

/// The queue of frames, encoded.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Where small frames gather. Before the open piece lie bytes of the backlog, or passed ones.
    tail: Vec<u8>,
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
}

/// A frame's payload, as its sender has it.
#[derive(Clone, Debug)]
pub(super) enum Body<'a> {
    Borrowed(&'a [u8]),
    Shared(Bytes),
}

impl Body<'_> {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
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

    /// How many bytes the pongs take that stand aside.
    pub(super) fn pongs_len(&self) -> usize {
        self.pongs.framed_len(self.masks.is_some())
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

    /// Queues a frame. A shared body of `share_from` bytes or more is not copied, unless it has to
    /// be masked.
    pub(super) fn push_frame(
        &mut self,
        shape: Shape,
        body: Body<'_>,
        share_from: usize,
    ) -> Result<(), OutOfMemory> {
        self.settle_pongs()?;
        let len = body.as_slice().len();
        match body {
            Body::Shared(bytes) if self.masks.is_none() && len >= share_from.max(1) => {
                self.make_room(MAX_HEADER)?;
                self.make_backlog(2)?;
                let (header, header_len) = shape.header(None, len);
                append_header(&mut self.tail, &header, header_len);
                self.queued += header_len as u64;
                self.push_piece(Piece::Payload(bytes))
            }
            body => {
                self.make_room(MAX_HEADER + len)?;
                let mask = self.next_mask();
                let (header, header_len) = shape.header(mask, len);
                append_header(&mut self.tail, &header, header_len);
                append_at(&mut self.tail, body.as_slice(), mask, 0);
                self.queued += (header_len + len) as u64;
                Ok(())
            }
        }
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
            return self.push_piece(Piece::Frames(frame));
        }
        self.make_room(frame.len())?;
        self.tail.extend_from_slice(&frame);
        self.queued += frame.len() as u64;
        Ok(())
    }

    pub(super) fn push_close(&mut self, frame: CloseFrame<'_>) -> Result<(), OutOfMemory> {
        let mut body = [0; MAX_CONTROL];
        let len = frame.encode(&mut body).unwrap_or(0);
        let shape = Shape::control(Opcode::Close);
        self.push_frame(shape, Body::Borrowed(&body[..len]), usize::MAX)
    }

    /// Keeps a pong for when the host next looks; of those that wait, the newest 16.
    pub(super) fn push_pong(&mut self, payload: &[u8]) {
        self.pongs.push(payload);
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
        let mask = self.next_mask();
        let shape = Shape { fin: true, rsv1: false, opcode };
        let (header, header_len) = shape.header(mask, buf.len() - at);
        if let Some(key) = mask {
            mask::in_place(&mut buf[at..], key, 0);
        }
        buf[at - header_len..at].copy_from_slice(&header[..header_len]);
        at - header_len
    }

    /// The host looks: pongs take their place.
    pub(super) fn look(&mut self) {
        // Where there is no memory for them they stay aside until the next look.
        let _ = if self.looked > self.advanced { self.pass_pongs() } else { self.settle_pongs() };
        self.looked = self.queued;
    }

    /// Puts the pongs behind all that is queued.
    fn settle_pongs(&mut self) -> Result<(), OutOfMemory> {
        if self.pongs.is_empty() {
            return Ok(());
        }
        let len = self.pongs_len();
        self.make_room(len + MAX_HEADER)?;
        self.pongs.append_to(&mut self.tail, self.masks.as_mut());
        self.queued += len as u64;
        Ok(())
    }

    /// Puts the pongs before data that the host was not shown. They stay aside where there is none,
    /// or while earlier ones wait among it, so that no more than two batches ever wait.
    fn pass_pongs(&mut self) -> Result<(), OutOfMemory> {
        let all_shown = self.shown > self.open;
        let still_pass = self.backlog().is_some_and(|it| it.pongs > self.advanced);
        if self.pongs.is_empty() || all_shown || still_pass {
            return Ok(());
        }
        let (len, shown, open) = (self.pongs_len(), self.shown, self.open());
        let mut frames = Vec::new();
        frames.try_reserve_exact(len + MAX_HEADER)?;
        self.make_backlog(1)?;
        self.pongs.append_to(&mut frames, self.masks.as_mut());
        let backlog = self.make_backlog(1)?;
        let (at, place) = backlog.gap(shown).unwrap_or((backlog.len(), open.place));
        backlog.insert(at, Piece::Pongs(frames), open);
        backlog.pongs = place + len as u64;
        self.open += len as u64;
        self.queued += len as u64;
        Ok(())
    }

    fn push_piece(&mut self, piece: Piece) -> Result<(), OutOfMemory> {
        self.make_backlog(2)?;
        self.seal()?;
        let (len, open) = (piece.len() as u64, self.open());
        self.make_backlog(1)?.push(piece, open);
        self.queued += len;
        self.open = self.queued;
        Ok(())
    }

    fn backlog(&self) -> Option<&Backlog> {
        self.backlog.as_deref().map(|[backlog]| backlog)
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

    fn next_mask(&mut self) -> Option<[u8; 4]> {
        self.masks.as_mut().map(MaskKeys::next)
    }

    fn open_len(&self) -> usize {
        distance(self.open, self.queued)
    }

    /// Makes sure that `more` bytes can be appended to the tail where it lies.
    fn make_room(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if self.tail.capacity() - self.tail.len() >= more {
            return Ok(());
        }
        let doubled = (2 * self.tail.capacity()).clamp(MIN_TAIL, MAX_TAIL);
        let (len, open_len) = (self.tail.len(), self.open_len());
        if let Some([backlog]) = self.backlog.as_deref_mut()
            && open_len == 0
            && backlog.leaves(len)
        {
            self.tail.clear();
            backlog.restart();
        } else if self.shown > self.advanced || self.tail.len() + more > MAX_TAIL {
            self.end_block()?;
        }
        if self.tail.capacity() - self.tail.len() < more {
            let capacity = doubled.max(self.tail.len() + more);
            self.tail.try_reserve_exact(capacity - self.tail.len())?;
        }
        Ok(())
    }

    /// Puts the tail among the blocks, and takes another.
    fn end_block(&mut self) -> Result<(), OutOfMemory> {
        self.seal()?;
        if !self.tail.is_empty() {
            let backlog = self.make_backlog(0)?;
            backlog.make_room_for_block()?;
            let next = backlog.spare();
            let tail = core::mem::replace(&mut self.tail, next);
            self.make_backlog(0)?.push_block(tail);
        }
        Ok(())
    }

    /// What waits, as far as it lies together; no part is empty.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let before = self.backlog().into_iter().flat_map(|backlog| backlog.parts(&self.tail));
        let open = &self.tail[self.open().at..];
        let mut passed = self.passed();
        before
            .chain(core::iter::once(open))
            .map(move |part| &part[core::mem::take(&mut passed)..])
            .filter(|part| !part.is_empty())
    }

    /// How much of the first piece was passed.
    fn passed(&self) -> usize {
        let first = self.backlog().and_then(Backlog::from);
        distance(first.unwrap_or(self.open), self.advanced)
    }

    /// The host is shown up to so many parts.
    pub(super) fn show(&mut self, most: usize) {
        let len: usize = self.parts().take(most).map(<[u8]>::len).sum();
        self.shown = self.shown.max(self.advanced + len as u64);
    }

    /// Forgets the first `n` bytes that wait, or all.
    pub(super) fn advance(&mut self, n: usize) {
        self.advanced += n.min(self.len()) as u64;
        self.shown = self.shown.max(self.advanced);
        if let Some([backlog]) = self.backlog.as_deref_mut() {
            backlog.advance(self.advanced);
        }
        if self.advanced == self.queued {
            self.drained();
        }
    }

    /// Takes the first part out: shared bytes as they are, own ones with their block.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        if self.backlog().is_none_or(Backlog::owns_first_in_tail) {
            self.end_block().ok()?;
        }
        let passed = self.passed();
        let [backlog] = self.backlog.as_deref_mut()?;
        let part = backlog.share_first()?.slice(passed..);
        self.advance(part.len());
        Some(part)
    }

    fn drained(&mut self) {
        self.open = self.queued;
        self.tail.clear();
        if self.tail.capacity() > KEEP {
            self.tail = Vec::new();
        }
        if let Some([backlog]) = self.backlog.as_deref_mut() {
            backlog.release();
        }
        // The host may be told that nothing waits, and not look again.
        let _ = self.settle_pongs();
    }

    /// Gives back memory that holds nothing, and moves what was never shown.
    pub(super) fn shrink_to_fit(&mut self) {
        if self.shown == self.advanced {
            memory::shrink(&mut self.tail);
        }
        match self.backlog.as_deref_mut() {
            Some([backlog]) if backlog.len() > 0 => backlog.shrink_to_fit(),
            _ => self.backlog = None,
        }
        self.pongs.shrink_to_fit();
    }
}

fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).unwrap_or(usize::MAX)
}

/// A longer tail would bound how far pongs can pass, and what a growing one copies.
const MAX_TAIL: usize = 64 << 10;

/// The least that a tail is made for.
const MIN_TAIL: usize = 64;

/// Capacity that an empty buffer may keep for the next burst.
pub(super) const KEEP: usize = 16 << 10;
