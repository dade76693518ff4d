//! The pieces that go out before the open one, and the memory they lie in.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use super::KEEP;
use crate::memory::OutOfMemory;

/// Pieces in the order they go out, none of them empty.
///
/// The bytes of own pieces lie in `blocks`, one behind the other in the order of the pieces, and go
/// on in the queue's tail. No piece lies in two blocks, so each block ends with a piece.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Piece>,
    blocks: VecDeque<Vec<u8>>,
    /// The place where the first piece begins, and where the first own one does: in the first
    /// block, or in the tail when there is none. They mean nothing without pieces.
    from: u64,
    own: usize,
    /// The place where the pongs end that passed others.
    pub(super) pongs: u64,
    /// An empty block, for when one is needed.
    spare: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Piece {
    /// So many bytes of the queue's own: frames, or all of a last frame but its payload.
    Own(usize),
    /// Frames.
    Frames(Bytes),
    /// The payload of the frame whose header ends the piece before.
    Payload(Bytes),
    /// Pongs that passed others.
    Pongs(Vec<u8>),
}

/// Where the open piece begins, before anything is put there: its place, and where in the tail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) place: u64,
    pub(super) at: usize,
}

impl Piece {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Own(len) => *len,
            Self::Frames(bytes) | Self::Payload(bytes) => bytes.len(),
            Self::Pongs(bytes) => bytes.len(),
        }
    }
}

impl Backlog {
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The place where the first piece begins.
    pub(super) fn from(&self) -> Option<u64> {
        (!self.pieces.is_empty()).then_some(self.from)
    }

    /// Makes sure that so many pieces more can be put in.
    pub(super) fn make_room(&mut self, pieces: usize) -> Result<(), OutOfMemory> {
        Ok(self.pieces.try_reserve(pieces)?)
    }

    /// Makes sure that a block more can be put in.
    pub(super) fn make_room_for_block(&mut self) -> Result<(), OutOfMemory> {
        Ok(self.blocks.try_reserve(1)?)
    }

    /// Puts a piece behind the others, before the open one.
    pub(super) fn push(&mut self, piece: Piece, open: Open) {
        self.insert(self.pieces.len(), piece, open);
    }

    /// As [`push`](Self::push), before the piece with that index.
    pub(super) fn insert(&mut self, at: usize, piece: Piece, open: Open) {
        if self.pieces.is_empty() {
            (self.from, self.own) = (open.place, open.at);
        }
        self.pieces.insert(at, piece);
    }

    /// Takes over a tail whose bytes are all in pieces, or passed.
    pub(super) fn push_block(&mut self, tail: Vec<u8>) {
        self.blocks.push_back(tail);
    }

    /// Whether no piece that waits lies in a tail of `tail_len` bytes, which are all passed then.
    pub(super) fn leaves(&self, tail_len: usize) -> bool {
        self.blocks.is_empty() && self.own == tail_len
    }

    /// The tail, which holds nothing, begins anew.
    pub(super) fn restart(&mut self) {
        self.own = 0;
    }

    /// The pieces' bytes, in order.
    pub(super) fn parts<'a>(&'a self, tail: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut blocks = self.blocks.iter().map(Vec::as_slice).chain(core::iter::once(tail));
        let at = if self.pieces.is_empty() { 0 } else { self.own };
        let mut own = &blocks.next().unwrap_or_default()[at..];
        self.pieces.iter().map(move |piece| match piece {
            Piece::Own(len) => {
                if own.is_empty() {
                    own = blocks.next().unwrap_or_default();
                }
                let (part, rest) = own.split_at(*len);
                own = rest;
                part
            }
            Piece::Frames(bytes) | Piece::Payload(bytes) => bytes,
            Piece::Pongs(bytes) => bytes,
        })
    }

    /// Drops the pieces that end at `advanced` or before.
    pub(super) fn advance(&mut self, advanced: u64) {
        while let Some(piece) = self.pieces.front() {
            let end = self.from + piece.len() as u64;
            if end > advanced {
                break;
            }
            if let Piece::Own(len) = piece {
                self.own += len;
                if self.blocks.front().is_some_and(|block| block.len() == self.own) {
                    self.own = 0;
                    let block = self.blocks.pop_front().unwrap_or_default();
                    self.recycle(block);
                }
            }
            self.pieces.pop_front();
            self.from = end;
        }
    }

    /// The first gap between frames at `place` or behind it, but before the open piece: the index
    /// of the piece behind it, and where that begins.
    pub(super) fn gap(&self, place: u64) -> Option<(usize, u64)> {
        let mut begin = self.from;
        self.pieces.iter().enumerate().find_map(|(at, piece)| {
            let gap = (at, begin);
            begin += piece.len() as u64;
            (gap.1 >= place && !matches!(piece, Piece::Payload(_))).then_some(gap)
        })
    }

    /// Whether the first of what waits lies in the tail, where anything waits.
    pub(super) fn owns_first_in_tail(&self) -> bool {
        self.blocks.is_empty() && matches!(self.pieces.front(), Some(Piece::Own(_)) | None)
    }

    /// The first piece as memory of its own, without a copy, unless it lies in the tail.
    pub(super) fn share_first(&mut self) -> Option<&Bytes> {
        if let Some(Piece::Own(_)) = self.pieces.front() {
            let block = Bytes::from(self.blocks.pop_front().unwrap_or_default());
            let mut at = core::mem::take(&mut self.own);
            for piece in &mut self.pieces {
                let Piece::Own(len) = *piece else { continue };
                if at == block.len() {
                    break;
                }
                *piece = Piece::Frames(block.slice(at..at + len));
                at += len;
            }
        }
        let first = self.pieces.front_mut()?;
        if let Piece::Pongs(bytes) = first {
            *first = Piece::Frames(core::mem::take(bytes).into());
        }
        match first {
            Piece::Frames(bytes) | Piece::Payload(bytes) => Some(bytes),
            Piece::Own(_) | Piece::Pongs(_) => None,
        }
    }

    /// An empty block, perhaps one without memory.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.spare)
    }

    fn recycle(&mut self, mut block: Vec<u8>) {
        if block.capacity() > self.spare.capacity() && block.capacity() <= KEEP {
            block.clear();
            self.spare = block;
        }
    }

    /// Nothing waits: gives back memory that only a burst needed.
    pub(super) fn release(&mut self) {
        if self.pieces.capacity() > KEEP / size_of::<Piece>() {
            self.pieces = VecDeque::new();
            self.blocks = VecDeque::new();
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.spare = Vec::new();
        if self.blocks.is_empty() {
            self.blocks = VecDeque::new();
        }
    }
}
