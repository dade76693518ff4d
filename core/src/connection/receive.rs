//! From bytes to events: the one receive path.

use core::ops::Range;

use super::Connection;
use super::assembly::Assembly;
use super::fault::Fault;
use super::inbound::{Found, Frame, Input, Message, Partial, Piece, Place, What, input_bytes};
use super::sender::{Compression, Sender};
use crate::close::CloseFrame;
use crate::config::Delivery;
use crate::error::ProtocolError;
use crate::event::{Event, Kind};
use crate::frame::{HeaderRules, Opcode};
use crate::simd;
use crate::utf8::Invalid;

/// The events in one input, in order. A lending iterator: each event borrows until the next.
///
/// Bytes are processed, and the connection's state moves, as events are read. Answers that the
/// engine owes, to pings and Close frames, are queued when their cause is read.
#[derive(Debug)]
#[must_use = "bytes are processed as events are read"]
pub struct Receive<'a> {
    pub(super) conn: &'a mut Connection,
    pub(super) input: Input<'a>,
    /// Where the input begins, how far it is taken, and where it ends.
    begin: usize,
    pub(super) pos: usize,
    pub(super) end: usize,
    pub(super) event_in_input: bool,
}

impl<'a> Receive<'a> {
    pub(super) fn new(conn: &'a mut Connection, input: Input<'a>) -> Self {
        let (begin, end) = match &input {
            Input::Mutable(bytes) => (0, bytes.len()),
            Input::Fixed(bytes) => (0, bytes.len()),
            Input::Own => {
                let Range { start, end } = conn.read.unread();
                (start, end)
            }
        };
        conn.heard |= begin < end;
        Self { conn, input, begin, pos: begin, end, event_in_input: false }
    }

    /// The next event; `None` when the input is used up.
    // Both become part of the host's loop, wherever that is and however many there are: as calls they
    // would cost a small message a quarter more.
    #[allow(clippy::should_implement_trait, clippy::inline_always)]
    #[inline(always)]
    pub fn next(&mut self) -> Option<Event<'_>> {
        self.next_and_sender().map(|(event, _)| event)
    }

    /// The next event with the sending half, to answer out of the event's own bytes.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn next_and_sender(&mut self) -> Option<(Event<'_>, Sender<'_>)> {
        match self.common_frame() {
            Some(frame) => self.take_common(frame),
            None if self.is_used_up() => None,
            None => self.next_uncommon(),
        }
    }

    /// Whether nothing is left to read, to tell, or to clear away.
    #[inline]
    fn is_used_up(&self) -> bool {
        let Connection { inbound, outbound, eof, .. } = &*self.conn;
        let quiet = inbound.between_messages && !eof && !outbound.lifecycle.has_ended();
        quiet && self.pos == self.end
    }

    /// Apart, so that what is before it stays small enough to become part of the host's loop.
    #[inline(never)]
    fn next_uncommon(&mut self) -> Option<(Event<'_>, Sender<'_>)> {
        self.conn.inbound.clear_lent(&self.conn.config);
        match self.take_fragments() {
            Ok(None) => {}
            Ok(Some(kind)) => return Some(self.lend_assembled(kind)),
            Err(fault) => self.refuse(fault),
        }
        match self.whole_frame() {
            Some(frame) if frame.is_message() => self.take_rarer(frame),
            Some(frame) => Some(self.take_control(frame)),
            None => self.next_found(),
        }
    }

    /// The next event by the general path.
    fn next_found(&mut self) -> Option<(Event<'_>, Sender<'_>)> {
        let found = self.find();
        self.conn.inbound.settle(&self.conn.config);
        self.event_in_input = matches!(found, Some(Found { place: Place::Input { .. }, .. }));
        let Connection { role, config, inbound, outbound, read, .. } = &mut *self.conn;
        let event = match found {
            Some(found) => inbound.lend(found, &mut self.input, read),
            None => Event::Closed(outbound.lifecycle.tell_end()?),
        };
        let compression = Compression::Auto;
        Some((event, Sender { config, role: *role, outbound, compression }))
    }

    /// How many bytes of the input are done with. What belongs to an unfinished frame counts: it
    /// is kept inside.
    pub fn consumed(&self) -> usize {
        self.pos - self.begin
    }

    /// See [`ReceiveBinding`](crate::bindings::ReceiveBinding).
    pub(crate) fn event_is_in_input(&self) -> bool {
        self.event_in_input
    }

    /// See [`Connection::too_long`].
    pub(crate) fn too_long(&self) -> Option<u64> {
        self.conn.too_long()
    }

    /// Puts off a Close frame that this input causes until the queue is next looked at, so that
    /// answers to the messages before it still go first. For hosts that read all events of an
    /// input before they answer any.
    pub fn defer_close(&mut self) {
        self.conn.outbound.defers = true;
    }

    /// The sending half, between two events.
    pub fn sender(&mut self) -> Sender<'_> {
        self.conn.sender()
    }

    fn find(&mut self) -> Option<Found> {
        let found = loop {
            match self.step() {
                Ok(Some(found)) => break Some(found),
                Ok(None) if self.pos == self.end => break None,
                Ok(None) => {}
                Err(fault) => self.refuse(fault),
            }
        };
        self.took_all_before();
        if found.is_none() {
            self.conn.end_of_input();
        }
        found
    }

    /// What is before the position is taken: in the read buffer, if the input lies there.
    #[inline]
    pub(super) fn took_all_before(&mut self) {
        if let Input::Own = self.input {
            self.conn.read.take_to(self.pos);
        }
    }

    /// Ends the connection: nothing is read any more.
    #[cold]
    fn refuse(&mut self, fault: Fault) {
        let Connection { config, inbound, outbound, .. } = &mut *self.conn;
        let reason = fault.reason(&config.limits, inbound.too_long());
        outbound.fail_with_reason(fault, reason);
        inbound.stop();
    }

    /// Takes a header with what came of its payload, or a further run of it.
    fn step(&mut self) -> Result<Option<Found>, Fault> {
        let Connection { role, config, inbound, outbound, read, .. } = &mut *self.conn;
        if outbound.lifecycle.has_ended() {
            inbound.stop();
        }
        if inbound.is_stopped {
            self.pos = self.end;
            read.drop_kept();
            return Ok(None);
        }
        let rsv1 = inbound.inflate.is_some();
        let partial = inbound.make_partial()?;
        let (frame, read) = if let Some(frame) = partial.frame {
            (frame, partial.read)
        } else {
            let rest = input_bytes(&self.input, read, self.pos, self.end - self.pos);
            let rules = HeaderRules { role: *role, rsv1 };
            let Some((frame, taken)) = partial.held.read(rest, rules)? else {
                self.pos = self.end;
                return Ok(None);
            };
            self.pos += taken;
            if !frame.opcode.is_control() {
                partial.begin(frame.begins(), frame.rsv1, frame.len, &config.limits)?;
            }
            (frame, 0)
        };
        self.payload(frame, read)
    }

    /// Takes what came of a payload of which `read` bytes came before.
    fn payload(&mut self, frame: Frame, read: u64) -> Result<Option<Found>, Fault> {
        let partial = self.conn.inbound.partial();
        let is_control = frame.opcode.is_control();
        if !is_control && let Some(message @ Message { inflated: Some(_), .. }) = partial.message {
            return self.inflate(frame, read, message);
        }
        let available = self.end - self.pos;
        let left = frame.len - read;
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        let done = len as u64 == left;
        let at = self.pos;
        self.pos += len;
        partial.reached(frame, read + len as u64);
        let piece = Piece { at, len, key: frame.key_at(read), first: read == 0, last: done };
        if is_control { self.control(frame.opcode, piece) } else { self.data(frame, piece) }
    }

    fn data(&mut self, frame: Frame, piece: Piece) -> Result<Option<Found>, Fault> {
        let partial = self.conn.inbound.partial();
        let Some(message @ Message { kind, frames, .. }) = partial.message else {
            return Ok(None);
        };
        let ends = piece.last && frame.fin;
        if ends {
            partial.message = None;
        }
        if self.conn.config.delivery == Delivery::Chunks {
            return self.chunk(message, piece, ends);
        }
        let alone = frames == 1 && frame.fin;
        let stays = piece.first || self.conn.read.keeps();
        if alone && stays && matches!(self.input, Input::Own) {
            return self.keep(kind, piece);
        }
        if alone && piece.first && ends && self.may_unmask(piece) {
            let place = self.unmask(piece)?;
            self.check_whole(kind, place)?;
            return Ok(Some(Found { what: What::Message(kind), place }));
        }
        let Connection { config, inbound, read, .. } = &mut *self.conn;
        let assembly = &mut inbound.partial().assembly;
        // As far as it is known how long the message gets.
        let total = if frame.fin { message.len } else { config.limits.max_message };
        if read.keeps() {
            assembly.push(kind, read.take_kept(), None, total)?;
        }
        let bytes = input_bytes(&self.input, read, piece.at, piece.len);
        assembly.push(kind, bytes, piece.key, total)?;
        if !ends {
            return Ok(None);
        }
        assembly.end(kind)?;
        Ok(Some(Found { what: What::Message(kind), place: Place::Assembled }))
    }

    /// Leaves a piece of a message that is one frame in the read buffer, and lends all of it from
    /// there when it is whole.
    fn keep(&mut self, kind: Kind, piece: Piece) -> Result<Option<Found>, Fault> {
        let whole = self.conn.read.keep(kind, piece).map_err(not_utf8)?;
        Ok(whole.map(|Range { start, end }| {
            let place = Place::Input { at: start, len: end - start };
            Found { what: What::Message(kind), place }
        }))
    }

    fn check_whole(&self, kind: Kind, place: Place) -> Result<(), Fault> {
        match place {
            Place::Input { at, len } if kind == Kind::Text => {
                let bytes = input_bytes(&self.input, &self.conn.read, at, len);
                simd::from_utf8(bytes).map_err(not_utf8)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn chunk(
        &mut self,
        message: Message,
        piece: Piece,
        last: bool,
    ) -> Result<Option<Found>, Fault> {
        let Message { kind, begun, .. } = message;
        if piece.len == 0 && !last {
            return Ok(None);
        }
        let place = self.unmask(piece)?;
        let Connection { inbound, read, .. } = &mut *self.conn;
        let Partial { assembly: Assembly { bytes, check, .. }, message, .. } = inbound.partial();
        if kind == Kind::Text {
            let bytes = match place {
                Place::Input { at, len } => input_bytes(&self.input, read, at, len),
                _ => bytes,
            };
            check.push(bytes).map_err(not_utf8)?;
            if last && !check.is_complete() {
                return Err(ProtocolError::TextNotUtf8.into());
            }
        }
        if let Some(message) = message {
            message.begun = true;
        }
        Ok(Some(Found { what: What::Chunk { kind, first: !begun, last }, place }))
    }

    fn control(&mut self, opcode: Opcode, piece: Piece) -> Result<Option<Found>, Fault> {
        let whole = piece.first && piece.last;
        let lies = whole && self.may_unmask(piece);
        let place = if lies { self.unmask(piece) } else { self.copy_control(piece) }?;
        if !piece.last {
            return Ok(None);
        }
        let Connection { config, inbound, outbound, read, .. } = &mut *self.conn;
        let payload = match place {
            Place::Input { at, len } => input_bytes(&self.input, read, at, len),
            _ => &inbound.partial().control,
        };
        let what = match opcode {
            Opcode::Ping => {
                if config.auto_pong {
                    outbound.answer_ping(payload);
                }
                What::Ping
            }
            Opcode::Close => {
                outbound.received_close(CloseFrame::decode(payload)?, config.auto_close);
                inbound.stop();
                What::Close
            }
            _ => What::Pong,
        };
        Ok(Some(Found { what, place }))
    }

    /// Whether a piece can be unmasked where it lies.
    fn may_unmask(&self, piece: Piece) -> bool {
        piece.key.is_none() || !matches!(self.input, Input::Fixed(_))
    }

    /// Unmasks a piece: where it lies, or on its way into the assembly.
    fn unmask(&mut self, piece: Piece) -> Result<Place, Fault> {
        let Piece { at, len, key, .. } = piece;
        let place = Place::Input { at, len };
        let Some(key) = key else {
            return Ok(place);
        };
        let bytes = match &mut self.input {
            Input::Mutable(bytes) => &mut bytes[at..at + len],
            Input::Own => self.conn.read.part_mut(at..at + len),
            Input::Fixed(bytes) => {
                let assembly = &mut self.conn.inbound.partial().assembly;
                assembly.push(Kind::Binary, &bytes[at..at + len], Some(key), len)?;
                assembly.lent = true;
                return Ok(Place::Assembled);
            }
        };
        simd::xor(bytes, key);
        Ok(place)
    }

    fn copy_control(&mut self, piece: Piece) -> Result<Place, Fault> {
        let Piece { at, len, key, .. } = piece;
        let Connection { inbound, read, .. } = &mut *self.conn;
        let control = &mut inbound.partial().control;
        if piece.first {
            control.clear();
        }
        let bytes = input_bytes(&self.input, read, at, len);
        control.try_reserve(len)?;
        let before = control.len();
        control.extend_from_slice(bytes);
        simd::xor(&mut control[before..], key.unwrap_or_default());
        Ok(Place::Control)
    }
}

pub(super) fn not_utf8(_: Invalid) -> ProtocolError {
    ProtocolError::TextNotUtf8
}
