//! What a connection remembers of what it reads, and how it lends what it found.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use super::assembly::Assembly;
use super::deflate::Inflate;
use super::read_buffer::ReadBuffer;
use crate::close::CloseFrame;
use crate::config::{Config, Delivery, Limits};
use crate::error::ProtocolError;
use crate::event::{Chunk, Event, Kind, Payload, Text};
use crate::frame::{Decoded, Header, HeaderRules, MAX_HEADER, Opcode};
use crate::mask::turned;
use crate::memory::{self, Late, OutOfMemory};
use crate::simd;

/// Where the bytes come from decides only how a payload is unmasked.
#[derive(Debug)]
pub(super) enum Input<'a> {
    Mutable(&'a mut [u8]),
    Fixed(&'a [u8]),
    /// The connection's read buffer.
    Own,
}

/// What a connection remembers between inputs.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// No header is held, no frame begun, no compressed message: a frame that comes next may be taken
    /// in one step. Never where messages are delivered in chunks.
    pub(super) between_frames: bool,
    /// Moreover no message is begun, and nothing lent that is to be cleared.
    pub(super) between_messages: bool,
    /// Nothing more is read: a Close frame or a broken rule came first.
    pub(super) is_stopped: bool,
    /// Longest payload of a frame that may be taken in one step.
    pub(super) most: u16,
    partial: Late<Partial>,
    /// Present where compression was agreed on.
    pub(super) inflate: Option<Box<Inflate>>,
}

/// What takes more than one step: apart, as most frames take one.
#[derive(Debug, Default)]
pub(super) struct Partial {
    pub(super) held: HeldHeader,
    /// The frame that is being read, once its header is, and how much of its payload came: apart,
    /// so that what changes with each piece is one number.
    pub(super) frame: Option<Frame>,
    pub(super) read: u64,
    pub(super) message: Option<Message>,
    pub(super) assembly: Assembly,
    /// The payload of a control frame that came in pieces, or must be unmasked elsewhere.
    pub(super) control: Vec<u8>,
    /// The length that broke a limit, of a frame or a message, as far as headers announced it.
    too_long: Option<NonZeroU64>,
}

/// The first bytes of a header whose rest is still to come.
#[derive(Debug, Default)]
pub(super) struct HeldHeader {
    bytes: [u8; MAX_HEADER],
    len: u8,
}

/// What a header said. The key is one number: four bytes are copied in pieces that are then read
/// across, and each time the processor waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
    pub(super) key: Option<u32>,
    pub(super) len: u64,
}

impl Frame {
    /// Of which kind the message is that a data frame begins.
    pub(super) fn begins(&self) -> Option<Kind> {
        match self.opcode {
            Opcode::Text => Some(Kind::Text),
            Opcode::Binary => Some(Kind::Binary),
            _ => None,
        }
    }

    /// The key as it stands behind `read` bytes of the payload.
    pub(super) fn key_at(&self, read: u64) -> Option<u32> {
        self.key.map(|key| turned(key, read))
    }
}

impl From<Header> for Frame {
    fn from(header: Header) -> Self {
        let Header { fin, rsv1, opcode, mask, len } = header;
        Self { fin, rsv1, opcode, key: mask.map(u32::from_le_bytes), len }
    }
}

/// A run of payload bytes in the input: all, or a part, of its frame's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) at: usize,
    pub(super) len: usize,
    /// As it stands where the piece begins.
    pub(super) key: Option<u32>,
    pub(super) first: bool,
    pub(super) last: bool,
}

/// The data message that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    pub(super) kind: Kind,
    pub(super) frames: u32,
    /// The payloads of its frames so far, the current one whole.
    pub(super) len: usize,
    /// A chunk of it was delivered.
    pub(super) begun: bool,
    /// How many bytes it inflated to so far, where it is compressed (RFC 7692 6).
    pub(super) inflated: Option<usize>,
}

/// What was found in the input, before it is lent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) what: What,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Message(Kind),
    Chunk { kind: Kind, first: bool, last: bool },
    Ping,
    Pong,
    Close,
}

/// Where an event's bytes lie.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Input { at: usize, len: usize },
    Assembled,
    Control,
}

impl Inbound {
    pub(super) fn new(config: &Config, inflate: Option<Box<Inflate>>) -> Self {
        let Limits { max_frame, max_message, .. } = config.limits;
        let most = u16::try_from(max_frame.min(max_message)).unwrap_or(u16::MAX);
        let mut inbound = Self { most, inflate, ..Self::default() };
        inbound.settle(config);
        inbound
    }

    /// Finds out whether the next frame may be taken in one step.
    pub(super) fn settle(&mut self, config: &Config) {
        let partial = self.partial.get();
        self.between_frames = config.delivery == Delivery::Messages
            && !self.is_stopped
            && partial.is_none_or(Partial::is_between_frames);
        self.between_messages = self.between_frames
            && config.limits.max_fragments > 0
            && partial.is_none_or(|partial| partial.message.is_none() && !partial.assembly.lent);
    }

    /// Asks for the memory of what takes more than one step.
    pub(super) fn make_partial(&mut self) -> Result<&mut Partial, OutOfMemory> {
        self.partial.ask()
    }

    /// What takes more than one step, once there is memory for it.
    pub(super) fn partial(&mut self) -> &mut Partial {
        self.partial.asked()
    }

    /// What a compressed message is inflated to, and by what.
    pub(super) fn inflating(&mut self) -> Option<(&mut Partial, &mut Inflate)> {
        Some((self.partial.asked(), self.inflate.as_deref_mut()?))
    }

    /// Forgets what was lent with the last event.
    pub(super) fn clear_lent(&mut self, config: &Config) {
        if let Some(partial) = self.partial.get_mut()
            && partial.assembly.lent
        {
            partial.assembly.clear_lent();
            self.settle(config);
        }
    }

    /// How much of the current frame's payload is still to come.
    pub(super) fn announced(&self) -> usize {
        match self.partial.get() {
            Some(Partial { frame: Some(frame), read, .. }) => {
                usize::try_from(frame.len - read).unwrap_or(usize::MAX)
            }
            _ => 0,
        }
    }

    /// The length that broke a limit, as far as headers announced it.
    pub(super) fn too_long(&self) -> Option<u64> {
        self.partial.get()?.too_long.map(NonZeroU64::get)
    }

    /// Reads no further.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
        (self.between_frames, self.between_messages) = (false, false);
        if let Some(partial) = self.partial.get_mut() {
            (partial.held.len, partial.frame, partial.message) = (0, None, None);
            partial.assembly.discard();
        }
        if let Some(inflate) = &mut self.inflate {
            inflate.stop();
        }
    }

    /// Lends what was found: nothing is left to be refused.
    pub(super) fn lend<'s>(
        &'s mut self,
        found: Found,
        input: &'s mut Input<'_>,
        read: &'s mut ReadBuffer,
    ) -> Event<'s> {
        let Found { what, place } = found;
        let Partial { assembly, control, .. } = self.partial();
        match what {
            What::Message(Kind::Text) => Event::Text(lend_text(place, input, read, assembly)),
            What::Message(Kind::Binary) => {
                Event::Binary(lend_payload(place, input, read, assembly))
            }
            What::Chunk { kind, first, last } => {
                let data = lend_payload(place, input, read, assembly);
                Event::Chunk(Chunk { kind, data, first, last })
            }
            What::Ping => Event::Ping(lend_control(place, input, read, control)),
            What::Pong => Event::Pong(lend_control(place, input, read, control)),
            What::Close => {
                let body = lend_control(place, input, read, control);
                Event::PeerClosing(CloseFrame::decode(body).unwrap_or_default())
            }
        }
    }

    /// The time was told.
    pub(super) fn tick(&mut self) {
        let Some(partial) = self.partial.get_mut() else { return };
        partial.assembly.tick();
        if self.between_messages && partial.assembly.bytes.capacity() == 0 {
            self.partial.clear();
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        let Some(partial) = self.partial.get_mut() else { return };
        partial.assembly.shrink_to_fit();
        // What was lent is done with; what is being read is not.
        if !partial.frame.is_some_and(|frame| frame.opcode.is_control()) {
            partial.control.clear();
        }
        memory::shrink(&mut partial.control);
        if self.between_messages {
            self.partial.clear();
        }
    }
}

impl Partial {
    /// Checks what a data frame means here and now: it begins a message of a kind, or continues one.
    #[inline]
    pub(super) fn begin(
        &mut self,
        begins: Option<Kind>,
        rsv1: bool,
        frame_len: u64,
        limits: &Limits,
    ) -> Result<&Message, ProtocolError> {
        let inflated = rsv1.then_some(0);
        let message = match (begins, &mut self.message) {
            (None, Some(message)) => message,
            (None, None) => return Err(ProtocolError::UnexpectedContinuation),
            (Some(_), Some(_)) => return Err(ProtocolError::ExpectedContinuation),
            (Some(kind), none) => {
                none.insert(Message { kind, frames: 0, len: 0, begun: false, inflated })
            }
        };
        message.frames = message.frames.saturating_add(1);
        if message.frames > limits.max_fragments {
            return Err(ProtocolError::TooManyFragments);
        }
        let len = usize::try_from(frame_len).unwrap_or(usize::MAX);
        if len > limits.max_frame {
            self.too_long = NonZeroU64::new(frame_len);
            return Err(ProtocolError::FrameTooLong);
        }
        let most = wire_limit(message, limits);
        let total = message.len.checked_add(len);
        let Some(total) = total.filter(|&len| len <= most && len as u64 >= frame_len) else {
            self.too_long = NonZeroU64::new(frame_len.saturating_add(message.len as u64));
            return Err(ProtocolError::MessageTooLong);
        };
        message.len = total;
        Ok(message)
    }

    /// A piece of a frame's payload came, up to `read` bytes of it.
    #[inline]
    pub(super) fn reached(&mut self, frame: Frame, read: u64) {
        if read == frame.len {
            self.frame = None;
        } else {
            self.read = read;
            if self.frame.is_none() {
                self.frame = Some(frame);
            }
        }
    }

    fn is_between_frames(&self) -> bool {
        let is_plain = self.message.is_none_or(|message| message.inflated.is_none());
        self.held.len == 0 && self.frame.is_none() && is_plain
    }
}

/// Most bytes of a message's frames. What cannot be compressed takes a little more than it holds.
fn wire_limit(message: &Message, limits: &Limits) -> usize {
    match message.inflated {
        None => limits.max_message,
        Some(_) => limits.max_message.saturating_add(limits.max_message / 8 + 64),
    }
}

/// Text is known to be text where it was unmasked; in an input of the host's that is not remembered.
fn lend_text<'s>(
    place: Place,
    input: &'s Input<'_>,
    read: &'s ReadBuffer,
    assembly: &'s mut Assembly,
) -> Text<'s> {
    let (bytes, at) = match (place, input) {
        (Place::Input { at, len }, Input::Mutable(bytes)) => (&bytes[at..at + len], at),
        (Place::Input { at, len }, Input::Fixed(bytes)) => (&bytes[at..at + len], at),
        (Place::Input { at, len }, Input::Own) => {
            return Text::lent(read.text(at..at + len), None);
        }
        _ => return Text::assembled(&mut assembly.bytes),
    };
    Text::lent(simd::from_utf8(bytes).unwrap_or_default(), Some(at))
}

fn lend_payload<'s>(
    place: Place,
    input: &'s mut Input<'_>,
    read: &'s mut ReadBuffer,
    assembly: &'s mut Assembly,
) -> Payload<'s> {
    match (place, input) {
        (Place::Input { at, len }, Input::Mutable(bytes)) => {
            Payload::lent(&mut bytes[at..at + len], Some(at))
        }
        (Place::Input { at, len }, Input::Fixed(bytes)) => Payload::fixed(&bytes[at..at + len], at),
        (Place::Input { at, len }, Input::Own) => Payload::lent(read.part_mut(at..at + len), None),
        _ => Payload::assembled(assembly.bytes.as_mut()),
    }
}

fn lend_control<'s>(
    place: Place,
    input: &'s Input<'_>,
    read: &'s ReadBuffer,
    control: &'s [u8],
) -> &'s [u8] {
    match place {
        Place::Input { at, len } => input_bytes(input, read, at, len),
        _ => control,
    }
}

#[inline]
pub(super) fn input_bytes<'s>(
    input: &'s Input<'_>,
    read: &'s ReadBuffer,
    at: usize,
    len: usize,
) -> &'s [u8] {
    match input {
        Input::Mutable(bytes) => &bytes[at..at + len],
        Input::Fixed(bytes) => &bytes[at..at + len],
        Input::Own => &read.bytes()[at..at + len],
    }
}

impl HeldHeader {
    /// Reads a header from what is held and what came; without enough, holds what came.
    ///
    /// Returns how many of the new bytes it took.
    pub(super) fn read(
        &mut self,
        rest: &[u8],
        rules: HeaderRules,
    ) -> Result<Option<(Frame, usize)>, ProtocolError> {
        if self.len == 0
            && let Decoded::Header(header, taken) = Header::decode(rest, rules)?
        {
            return Ok(Some((header.into(), taken)));
        }
        let before = usize::from(self.len);
        let more = rest.len().min(MAX_HEADER - before);
        self.bytes[before..before + more].copy_from_slice(&rest[..more]);
        match Header::decode(&self.bytes[..before + more], rules)? {
            Decoded::Header(header, taken) => {
                self.len = 0;
                Ok(Some((header.into(), taken - before)))
            }
            Decoded::NeedMore(_) => {
                self.len += u8::try_from(more).unwrap_or(0);
                Ok(None)
            }
        }
    }
}
