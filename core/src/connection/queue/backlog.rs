//! The pieces that go out before the open one, and the memory they lie in.

use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;

use bytes::Bytes;

use super::block::Block;
use super::room::{MAX_KEPT, MAX_RUN, MAX_TAIL};
use crate::memory::OutOfMemory;

/// Pieces in the order they go out, none of them empty.
///
/// The bytes of own pieces lie in `blocks`, one behind the other in the order of the pieces, and go
/// on in the queue's tail. No piece lies in two blocks, so each block ends with a piece.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Piece>,
    blocks: VecDeque<Block>,
    /// The place where the first piece begins, and where the first own one does: in the first
    /// block, or in the tail when there is none. They mean nothing without pieces.
    from: u64,
    own: usize,
    /// How large the blocks are, all together.
    blocks_size: usize,
    /// The most memory that held what waits, since the queue was last empty.
    most: usize,
    /// Empty blocks, for when one is needed.
    spares: Vec<Block>,
    /// The last run, and how much memory it lies in: that of the next, once nobody looks at its
    /// frames any more.
    run: Bytes,
    run_size: usize,
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

/// See [`Backlog::parts`].
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pieces: vec_deque::Iter<'a, Piece>,
    /// The blocks behind the one where own pieces go on, and the tail behind them.
    blocks: vec_deque::Iter<'a, Block>,
    tail: &'a [u8],
    /// Own bytes that go on where they lie together.
    own: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        Some(match self.pieces.next()? {
            Piece::Own(len) => {
                if self.own.is_empty() {
                    self.own = self.blocks.next().map_or(self.tail, Block::bytes);
                }
                let (part, rest) = self.own.split_at(*len);
                self.own = rest;
                part
            }
            Piece::Frames(bytes) | Piece::Payload(bytes) => bytes,
            Piece::Pongs(bytes) => bytes,
        })
    }
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
        self.begin(open);
        self.pieces.push_back(piece);
        self.most = self.most.max(self.size());
    }

    /// As [`push`](Self::push), before the piece with that index.
    pub(super) fn insert(&mut self, at: usize, piece: Piece, open: Open) {
        self.begin(open);
        self.pieces.insert(at, piece);
        self.most = self.most.max(self.size());
    }

    /// The first piece is about to come, if there is none.
    fn begin(&mut self, open: Open) {
        if self.pieces.is_empty() {
            (self.from, self.own) = (open.place, open.at);
        }
    }

    /// Takes over a tail whose bytes are all in pieces, or passed.
    pub(super) fn push_block(&mut self, tail: Block) {
        self.blocks_size += tail.size();
        self.blocks.push_back(tail);
        self.most = self.most.max(self.size());
    }

    fn pop_block(&mut self) -> Block {
        let block = self.blocks.pop_front().unwrap_or_default();
        self.blocks_size -= block.size();
        block
    }

    fn size(&self) -> usize {
        self.blocks_size + self.pieces.len() * size_of::<Piece>()
    }

    /// The most memory that held what waits, since this was last asked.
    pub(super) fn needed(&mut self) -> usize {
        core::mem::take(&mut self.most)
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
    pub(super) fn parts<'a>(&'a self, tail: &'a [u8]) -> Parts<'a> {
        let mut blocks = self.blocks.iter();
        let first = blocks.next().map_or(tail, Block::bytes);
        let at = if self.pieces.is_empty() { 0 } else { self.own };
        Parts { pieces: self.pieces.iter(), blocks, tail, own: &first[at..] }
    }

    /// Drops all pieces, and what lies in the `tail`: they were passed. The next burst begins in the
    /// block that this one began in, which is as long and more likely in a cache.
    pub(super) fn clear(&mut self, tail: &mut Block) {
        self.pieces.clear();
        self.own = 0;
        if self.blocks.front().is_some_and(|first| (tail.size()..=MAX_TAIL).contains(&first.size()))
        {
            let last = core::mem::replace(tail, self.pop_block());
            self.recycle(last);
        }
        while !self.blocks.is_empty() {
            let block = self.pop_block();
            self.recycle(block);
        }
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
                    let block = self.pop_block();
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

    /// Whether the first piece, the open one included, is the queue's own.
    pub(super) fn owns_first(&self) -> bool {
        matches!(self.pieces.front(), Some(Piece::Own(_)) | None)
    }

    pub(super) fn has_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The first piece as memory of its own, without a copy, unless it lies in the tail.
    pub(super) fn share_first(&mut self) -> Option<&Bytes> {
        if let Some(Piece::Own(_)) = self.pieces.front() {
            let block = self.pop_block().into_bytes();
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

    /// An empty block of at least that size, if there is one. Those that only a long frame needs are
    /// left to such frames.
    pub(super) fn spare(&mut self, size: usize) -> Option<Block> {
        let fits =
            |spare: &Block| spare.size() >= size && (spare.size() > MAX_TAIL) == (size > MAX_TAIL);
        let at = self.spares.iter().position(fits)?;
        Some(self.spares.swap_remove(at))
    }

    /// Memory for a run of that size, if there is such and its frames are gone.
    pub(super) fn spare_run(&mut self, size: usize) -> Option<Vec<u8>> {
        if self.run_size < size {
            return None;
        }
        self.run_size = 0;
        let mut memory = core::mem::take(&mut self.run).try_into_mut().ok()?;
        memory.clear();
        Some(memory.into())
    }

    /// Keeps the memory of a run, which waits now, for the next.
    pub(super) fn keep_run(&mut self, run: &Bytes, size: usize) {
        self.most = self.most.max(self.size() + run.len());
        (self.run, self.run_size) = (Bytes::new(), 0);
        if size <= MAX_RUN {
            (self.run, self.run_size) = (run.clone(), size);
            while self.kept() > MAX_RUN && self.spares.pop().is_some() {}
        }
    }

    pub(super) fn recycle(&mut self, mut block: Block) {
        if self.kept() + block.size() <= MAX_KEPT && self.spares.try_reserve(1).is_ok() {
            block.clear();
            self.spares.push(block);
        }
    }

    /// How much memory there is for what comes.
    pub(super) fn kept(&self) -> usize {
        let spares: usize = self.spares.iter().map(Block::size).sum();
        spares + self.run_size + self.pieces.capacity() * size_of::<Piece>()
    }

    /// Gives back what holds nothing until so much is left, or less.
    pub(super) fn keep(&mut self, most: usize) {
        while self.kept() > most && self.spares.pop().is_some() {}
        if self.kept() > most {
            (self.run, self.run_size) = (Bytes::new(), 0);
        }
        if self.kept() > most {
            self.shrink_to_fit();
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.spares = Vec::new();
        (self.run, self.run_size) = (Bytes::new(), 0);
        if self.pieces.is_empty() {
            self.pieces = VecDeque::new();
        }
        if self.blocks.is_empty() {
            self.blocks = VecDeque::new();
        }
    }
}
