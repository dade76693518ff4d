//! What waits to be written: the queue, and the view of it that the host writes from.
//!
//! Small frames are gathered in one buffer, the tail. Long payloads keep their own segment, shared
//! ones by reference. Automatic pongs stand aside until the host looks at the queue, so that only
//! the newest are kept however long it does not.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use super::mask_keys::MaskKeys;
use crate::close::CloseFrame;
use crate::frame::{Header, MAX_CONTROL, MAX_HEADER, Opcode};
use crate::mask;

/// The queue of frames, encoded.
#[derive(Debug, Default)]
pub(super) struct Queue {
    segments: VecDeque<Segment>,
    /// Behind all segments; small frames gather here.
    tail: Vec<u8>,
    /// How much of the first segment, or of the tail when there is none, was written.
    written: usize,
    /// Bytes waiting in segments and tail.
    len: usize,
    /// Bytes of `len` that the host has known of since it last looked.
    known: usize,
    /// Segments, the tail included, that the host was shown. They stay where they are.
    shown: usize,
    pongs: VecDeque<Pong>,
    /// Pongs that passed data are still to be written.
    passing: bool,
    /// Keys for a client's frames; a server has none.
    masks: Option<MaskKeys>,
}

#[derive(Debug)]
struct Segment {
    bytes: Bytes,
    holds: Holds,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Holds {
    /// Whole frames, or all of a frame but the payload in the next segment.
    Frames,
    /// The payload of a frame whose header is in the segment before.
    Payload,
    /// Pongs that passed data.
    Pongs,
}

#[derive(Debug)]
struct Pong {
    len: u8,
    payload: [u8; MAX_CONTROL],
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

/// What is fixed about a frame before its length and key are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
}

impl Shape {
    pub(super) fn control(opcode: Opcode) -> Self {
        Self { fin: true, rsv1: false, opcode }
    }
}

impl Queue {
    pub(super) fn new(masks: Option<MaskKeys>) -> Self {
        Self { masks, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0 && self.pongs.is_empty()
    }

    /// How many bytes a payload of `len` bytes takes as one frame.
    pub(super) fn framed_len(&self, len: usize) -> usize {
        len.saturating_add(Header::encoded_len(len as u64, self.masks.is_some()))
    }

    /// Queues a frame. A shared body of `share_from` bytes or more is not copied, unless it has to
    /// be masked.
    pub(super) fn push_frame(&mut self, shape: Shape, body: Body<'_>, share_from: usize) {
        self.settle_pongs();
        let mask = self.next_mask();
        let len = body.as_slice().len();
        let (header, header_len) = encode(shape, mask, len);
        self.len += header_len + len;
        match (body, mask) {
            (Body::Shared(bytes), None) if len >= share_from.max(1) => {
                append_header(&mut self.tail, &header, header_len);
                self.seal_tail();
                self.segments.push_back(Segment { bytes, holds: Holds::Payload });
            }
            (body, mask) => {
                self.make_room(header_len + len);
                append_header(&mut self.tail, &header, header_len);
                append(&mut self.tail, body.as_slice(), mask);
            }
        }
    }

    /// Queues a frame that was encoded before; only for a server.
    pub(super) fn push_encoded(&mut self, frame: Bytes, share_from: usize) {
        self.settle_pongs();
        self.len += frame.len();
        if frame.len() >= share_from {
            self.seal_tail();
            self.segments.push_back(Segment { bytes: frame, holds: Holds::Frames });
        } else {
            self.make_room(frame.len());
            self.tail.extend_from_slice(&frame);
        }
    }

    pub(super) fn push_close(&mut self, frame: CloseFrame<'_>) {
        let mut body = [0; MAX_CONTROL];
        let len = frame.encode(&mut body).unwrap_or(0);
        let shape = Shape::control(Opcode::Close);
        self.push_frame(shape, Body::Borrowed(&body[..len]), usize::MAX);
    }

    /// Ends the segment that gathers small frames, so that control frames can pass what follows.
    pub(super) fn seal_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let bytes = Bytes::from(core::mem::take(&mut self.tail));
        self.segments.push_back(Segment { bytes, holds: Holds::Frames });
    }

    /// Keeps a pong for when the host next looks; of those that wait, the newest 16.
    pub(super) fn push_pong(&mut self, payload: &[u8]) {
        if self.pongs.len() == MAX_PONGS {
            self.pongs.pop_front();
        }
        let len = payload.len().min(MAX_CONTROL);
        let mut pong = Pong { len: u8::try_from(len).unwrap_or(0), payload: [0; MAX_CONTROL] };
        pong.payload[..len].copy_from_slice(&payload[..len]);
        self.pongs.push_back(pong);
    }

    /// Masks, in place, a payload that the host frames itself, and writes its header before it.
    pub(super) fn frame_in_place(&mut self, opcode: Opcode, buf: &mut [u8], at: usize) -> usize {
        let mask = self.next_mask();
        let (header, header_len) =
            encode(Shape { fin: true, rsv1: false, opcode }, mask, buf.len() - at);
        if let Some(key) = mask {
            mask::in_place(&mut buf[at..], key, 0);
        }
        buf[at - header_len..at].copy_from_slice(&header[..header_len]);
        at - header_len
    }

    /// The host looks: pongs take their place, and what it sees from now on keeps its own.
    pub(super) fn look(&mut self) {
        // Pongs stay aside while earlier ones wait among what the host has not written.
        if self.known == 0 {
            self.settle_pongs();
        } else {
            self.pass_pongs();
        }
        self.known = self.len;
    }

    /// Puts waiting pongs behind all that is queued.
    fn settle_pongs(&mut self) {
        while let Some(pong) = self.pongs.pop_front() {
            self.make_room(MAX_HEADER + MAX_CONTROL);
            self.len += append_pong(&mut self.tail, &pong, self.masks.as_mut());
        }
    }

    /// Puts waiting pongs before data that the transport has not begun.
    fn pass_pongs(&mut self) {
        if self.pongs.is_empty() || self.passing {
            return;
        }
        let begun = self.shown.max(usize::from(self.written > 0));
        let starts_frame = |&at: &usize| {
            self.segments.get(at).is_none_or(|segment| segment.holds != Holds::Payload)
        };
        let Some(at) = (begun..=self.segments.len()).find(starts_frame) else {
            return;
        };
        self.passing = true;
        let mut bytes = Vec::new();
        while let Some(pong) = self.pongs.pop_front() {
            self.len += append_pong(&mut bytes, &pong, self.masks.as_mut());
        }
        self.segments.insert(at, Segment { bytes: bytes.into(), holds: Holds::Pongs });
    }

    fn next_mask(&mut self) -> Option<[u8; 4]> {
        self.masks.as_mut().map(MaskKeys::next)
    }

    /// Starts a new tail when a frame would make this one long.
    fn make_room(&mut self, len: usize) {
        if self.tail.len() + len > MAX_TAIL {
            self.seal_tail();
            self.tail.reserve_exact(len);
        }
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let tail = core::iter::once(&self.tail[..]);
        let all = self.segments.iter().map(|segment| &segment.bytes[..]).chain(tail);
        all.enumerate().map(|(at, part)| if at == 0 { &part[self.written..] } else { part })
    }

    /// The host is shown up to so many parts.
    fn show(&mut self, most: usize) {
        let parts = self.segments.len() + usize::from(!self.tail.is_empty());
        self.shown = self.shown.max(most.min(parts));
    }

    fn advance(&mut self, n: usize) {
        let n = n.min(self.len);
        self.len -= n;
        self.known = self.known.saturating_sub(n);
        self.written += n;
        while let Some(first) = self.segments.front() {
            if self.written < first.bytes.len() {
                return;
            }
            self.written -= first.bytes.len();
            self.passing &= first.holds != Holds::Pongs;
            self.segments.pop_front();
            self.shown = self.shown.saturating_sub(1);
        }
        if self.written == self.tail.len() {
            self.written = 0;
            self.shown = 0;
            self.tail.clear();
            self.release();
            // The host may be told that nothing waits, and not look again.
            self.settle_pongs();
        }
    }

    /// Takes the first part out: a segment as it is, the tail as one.
    fn take(&mut self) -> Option<Bytes> {
        if self.segments.is_empty() {
            self.seal_tail();
        }
        let part = self.segments.front()?.bytes.slice(self.written..);
        self.advance(part.len());
        Some(part)
    }

    /// Gives back memory that only a burst needed.
    fn release(&mut self) {
        if self.tail.capacity() > KEEP {
            self.tail = Vec::new();
        }
        if self.segments.capacity() > KEEP / size_of::<Segment>() {
            self.segments = VecDeque::new();
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.tail.shrink_to_fit();
        self.segments.shrink_to_fit();
        self.pongs.shrink_to_fit();
    }
}

fn encode(shape: Shape, mask: Option<[u8; 4]>, len: usize) -> ([u8; MAX_HEADER], usize) {
    let Shape { fin, rsv1, opcode } = shape;
    let mut bytes = [0; MAX_HEADER];
    let header = Header { fin, rsv1, opcode, mask, len: len as u64 };
    let header_len = header.encode(&mut bytes);
    (bytes, header_len)
}

fn append_pong(to: &mut Vec<u8>, pong: &Pong, masks: Option<&mut MaskKeys>) -> usize {
    let payload = &pong.payload[..usize::from(pong.len)];
    let mask = masks.map(MaskKeys::next);
    let shape = Shape::control(Opcode::Pong);
    let (header, header_len) = encode(shape, mask, payload.len());
    append_header(to, &header, header_len);
    append(to, payload, mask);
    header_len + payload.len()
}

/// Appends all the bytes a header may have, as a copy of fixed length, then cuts it to its own.
fn append_header(to: &mut Vec<u8>, header: &[u8; MAX_HEADER], len: usize) {
    let end = to.len() + len;
    to.extend_from_slice(header);
    to.truncate(end);
}

/// Appends a payload, masked where there is a key: block by block, so that each is masked while it
/// is in the nearest cache.
pub(super) fn append(to: &mut Vec<u8>, payload: &[u8], mask: Option<[u8; 4]>) {
    append_at(to, payload, mask, 0);
}

/// As [`append`], for a piece that begins `offset` bytes into its payload.
pub(super) fn append_at(to: &mut Vec<u8>, piece: &[u8], mask: Option<[u8; 4]>, offset: usize) {
    let Some(key) = mask else {
        to.extend_from_slice(piece);
        return;
    };
    for block in piece.chunks(BLOCK) {
        let start = to.len();
        to.extend_from_slice(block);
        mask::in_place(&mut to[start..], key, offset);
    }
}

/// Queued bytes, oldest first, for the host to write.
///
/// What was seen here stays as it is and where it is until [`advance`](Self::advance) forgets it.
#[derive(Debug)]
pub struct Transmit<'a>(pub(super) &'a mut Queue);

impl Transmit<'_> {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// The first bytes that wait, as far as they lie together; empty when nothing does.
    pub fn chunk(&mut self) -> &[u8] {
        self.0.show(1);
        self.0.parts().next().unwrap_or_default()
    }

    /// Takes out what [`chunk`](Self::chunk) shows, without a copy; `None` when nothing waits. For
    /// transports that keep what they are given.
    pub fn take_chunk(&mut self) -> Option<Bytes> {
        self.0.take()
    }

    /// Fills `slices` from the front, for a vectored write, and returns how many were set.
    pub fn slices<'s>(&'s mut self, slices: &mut [&'s [u8]]) -> usize {
        self.0.show(slices.len());
        let parts = self.0.parts().filter(|part| !part.is_empty());
        slices.iter_mut().zip(parts).map(|(slice, part)| *slice = part).count()
    }

    /// Forgets the first `n` bytes: they were written. More than there are counts as all.
    pub fn advance(&mut self, n: usize) {
        self.0.advance(n);
    }

    /// Moves all that waits to the end of `out`.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) {
        while !self.is_empty() {
            out.reserve(self.0.len);
            self.0.parts().for_each(|part| out.extend_from_slice(part));
            self.0.advance(self.0.len);
        }
    }

    /// Writes until nothing waits or the writer takes no more, and returns how many bytes it took.
    ///
    /// A writer that would block ends it without an error. An interrupted write is tried again.
    #[cfg(feature = "std")]
    pub fn write_to(&mut self, writer: &mut impl std::io::Write) -> std::io::Result<usize> {
        use std::io::{ErrorKind, IoSlice};

        let mut total = 0;
        while !self.is_empty() {
            let mut parts = [IoSlice::new(&[]); SLICES];
            self.0.show(SLICES);
            let waiting = self.0.parts().filter(|part| !part.is_empty());
            let count =
                parts.iter_mut().zip(waiting).map(|(to, part)| *to = IoSlice::new(part)).count();
            match writer.write_vectored(&parts[..count]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.advance(n);
                    total += n;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }
}

/// Automatic pongs that may wait.
const MAX_PONGS: usize = 16;

/// From here on a tail becomes a segment, which bounds what a growing tail copies.
const MAX_TAIL: usize = 64 << 10;

/// Capacity that an empty buffer may keep for the next burst.
pub(super) const KEEP: usize = 16 << 10;

/// What is copied, then masked, at a time: a multiple of the key's length.
const BLOCK: usize = 4 << 10;

/// Most parts of one vectored write.
#[cfg(feature = "std")]
const SLICES: usize = 16;
