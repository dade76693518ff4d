//! What a connection tells: the events of one input, as an array of plain records.

use core::mem::MaybeUninit;

use wspair_core::bindings::ReceiveBinding;
use wspair_core::close::CloseFrame;
use wspair_core::event::Chunk;
use wspair_core::{CloseCode, Closed, Connection, Event as Engine, Kind, Receive};

use crate::conn::Conn;
use crate::guard::{array, array_mut, exclusive, put};
use crate::result::Wspair;

/// What a message carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairKind {
    /// UTF-8.
    Text = 1,
    /// Any bytes.
    Binary = 2,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairEvent {
    /// A text message, complete and checked.
    Text = 1,
    /// A binary message, complete.
    Binary = 2,
    /// A part of a message, with WSPAIR_DELIVERY_CHUNKS. Text is checked, but may end inside a
    /// character. One without bytes only ends its message; an empty message is one such chunk,
    /// first and last.
    Chunk = 3,
    /// A ping. With `auto_pong` it is already answered.
    Ping = 4,
    /// A pong, asked for or not. A ping of keepalive has no payload, and so has its pong: a payload
    /// in one's own pings tells them apart.
    Pong = 5,
    /// The peer's Close frame, with `code`, 1005 when it had none, and the reason in `data`. With
    /// `auto_close` it is already answered. Any other code is one that `wspair_conn_close` takes, as
    /// it takes the reason: a proxy passes both on, and WSPAIR_NO_CODE for 1005.
    PeerClosing = 6,
    /// The end, told once, and the last event. `code` and `data` are those of the peer's Close
    /// frame; 1005 when it had no code, 1006 when none came. `error` says what ended it: WSPAIR_OK
    /// is the closing handshake.
    Closed = 7,
}

/// What more there is to say of an event. The flags of one are added up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairFlag {
    /// A chunk is the first of its message.
    First = 1,
    /// A chunk is the last of its message.
    Last = 2,
    /// Both Close frames passed.
    Clean = 4,
}

/// Something that happened on a connection.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Event {
    /// WSPAIR_EVENT_*.
    pub r#type: u32,
    /// Of a message or chunk, WSPAIR_KIND_*; else 0.
    pub kind: u16,
    /// Of WSPAIR_EVENT_PEER_CLOSING and WSPAIR_EVENT_CLOSED, the code; else 0.
    pub code: u16,
    /// WSPAIR_FLAG_*.
    pub flags: u32,
    /// Of WSPAIR_EVENT_CLOSED, a wspair_result: WSPAIR_OK, WSPAIR_LOST_* or WSPAIR_PROTOCOL_*.
    pub error: i32,
    /// The payload, or the reason: in the input, where it is the caller's, or in the connection's
    /// memory, where it stays until the connection is given more to receive, told the time or the
    /// end of the transport, shrunk or freed.
    pub data: *const u8,
    /// How many bytes it has.
    pub len: usize,
}

/// Where a call's events go.
pub(crate) struct Batch<'a> {
    slots: &'a mut [MaybeUninit<Event>],
    count: &'a mut usize,
}

impl Batch<'_> {
    /// # Safety
    /// Each pointer is null, or may be written during the call: `cap` events and a number.
    pub(crate) unsafe fn new(
        events: *mut Event,
        cap: usize,
        count: *mut usize,
    ) -> Result<Self, Wspair> {
        // SAFETY: the caller's promise; slots need not be initialised.
        let slots = unsafe { array_mut(events.cast::<MaybeUninit<Event>>(), cap)? };
        // SAFETY: as above.
        unsafe { put(count, 0)? };
        // SAFETY: as above, and written to.
        Ok(Self { slots, count: unsafe { exclusive(count)? } })
    }

    pub(crate) fn fill<'c>(
        &mut self,
        conn: &'c mut Conn,
        input: *const u8,
        receive: impl FnOnce(&'c mut Connection) -> Receive<'c>,
    ) -> (usize, Wspair) {
        let Conn { engine, closed } = conn;
        let (count, used, result) = fill(receive(engine), input, self.slots, closed);
        *self.count = count;
        (used, result)
    }
}

/// Reads events into `slots`, until there are none or it has to stop: [`Wspair::More`].
///
/// `input` is the pointer that the caller gave: what lies there is pointed to by way of it.
fn fill(
    mut received: Receive<'_>,
    input: *const u8,
    slots: &mut [MaybeUninit<Event>],
    closed: &mut Option<Closed>,
) -> (usize, usize, Wspair) {
    received.defer_close();
    for (count, slot) in slots.iter_mut().enumerate() {
        let Some(event) = received.next() else {
            return (count, received.consumed(), Wspair::Ok);
        };
        let mut event = convert(event, closed);
        let in_input = received.event_is_in_input();
        if in_input {
            event.data = input.with_addr(event.data.addr());
        }
        slot.write(event);
        // What comes next may overwrite what is shown of the connection's memory; nothing comes
        // after the end.
        if !in_input && event.r#type != WspairEvent::Closed as u32 {
            return (count + 1, received.consumed(), Wspair::More);
        }
    }
    (slots.len(), received.consumed(), Wspair::More)
}

fn convert(event: Engine<'_>, closed: &mut Option<Closed>) -> Event {
    let message = |what: WspairEvent, kind, bytes: &[u8]| Event {
        kind: kind as u16,
        ..Event::new(what, bytes)
    };
    match event {
        Engine::Text(text) => message(WspairEvent::Text, WspairKind::Text, text.as_bytes()),
        Engine::Binary(data) => message(WspairEvent::Binary, WspairKind::Binary, &data),
        Engine::Chunk(Chunk { kind, data, first, last }) => {
            let flags = if first { WspairFlag::First as u32 } else { 0 }
                | if last { WspairFlag::Last as u32 } else { 0 };
            Event { flags, ..message(WspairEvent::Chunk, kind.into(), &data) }
        }
        Engine::Ping(payload) => Event::new(WspairEvent::Ping, payload),
        Engine::Pong(payload) => Event::new(WspairEvent::Pong, payload),
        Engine::PeerClosing(CloseFrame { code, reason }) => {
            let code = code.map_or(1005, CloseCode::get);
            Event { code, ..Event::new(WspairEvent::PeerClosing, reason.as_bytes()) }
        }
        Engine::Closed(end) => {
            // The reason has to outlive this call.
            let end = closed.insert(end);
            Event {
                code: end.code,
                flags: if end.clean { WspairFlag::Clean as u32 } else { 0 },
                error: Wspair::from(end.cause) as i32,
                ..Event::new(WspairEvent::Closed, end.reason.as_bytes())
            }
        }
        _ => Event::new(WspairEvent::Pong, &[]),
    }
}

impl Event {
    fn new(what: WspairEvent, data: &[u8]) -> Self {
        Self {
            r#type: what as u32,
            kind: 0,
            code: 0,
            flags: 0,
            error: 0,
            data: data.as_ptr(),
            len: data.len(),
        }
    }
}

impl From<Kind> for WspairKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}

/// The kind with that number.
pub(crate) fn kind(number: u32) -> Result<Kind, Wspair> {
    match number {
        number if number == WspairKind::Text as u32 => Ok(Kind::Text),
        number if number == WspairKind::Binary as u32 => Ok(Kind::Binary),
        _ => Err(Wspair::ErrorArgument),
    }
}

/// A message of the caller's.
pub(crate) enum Body<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// Looks at a message: its kind, and whether a text is one.
///
/// # Safety
/// `data` is null, or `len` bytes may be read there as long as the body is used.
pub(crate) unsafe fn body<'a>(
    kind_number: u32,
    data: *const u8,
    len: usize,
) -> Result<Body<'a>, Wspair> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { array(data, len)? };
    Ok(match kind(kind_number)? {
        Kind::Text => Body::Text(core::str::from_utf8(bytes).map_err(|_| Wspair::ErrorUtf8)?),
        Kind::Binary => Body::Binary(bytes),
    })
}
