//! What a connection tells JavaScript: records of events, and how it is then.
//!
//! The memory holds, in this order: four 64-bit floats, the head; a frame's header; the records, of
//! four 32-bit words each. `lib/engine/engine.ts` reads it.
//!
//! | head      |                                                              |
//! |-----------|--------------------------------------------------------------|
//! | consumed  | where in the input reading ended                             |
//! | buffered  | bytes that wait to be written                                |
//! | due       | when to tell the time, in milliseconds; infinite for never   |
//! | state     | see [`state`]                                                |
//!
//! A record is a word of kind, flags and close code, the offset and length of the event's bytes,
//! and a further word.

use std::cell::RefCell;
use std::ops::Range;

use napi::bindgen_prelude::{Env, Object};
use wspair_core::event::{Chunk, Closed, ClosedCause, Timer};
use wspair_core::frame::MAX_HEADER;
use wspair_core::{CloseCode, CloseFrame, Connection, Event, Kind, ProtocolError, Receive};

use crate::memory::Shared;

thread_local! {
    static SHARED: RefCell<Option<Shared<SIZE>>> = const { RefCell::new(None) };
}

/// Adds the memory to `exports`.
pub(crate) fn register(env: Env, exports: &Object) {
    SHARED.with_borrow_mut(|shared| {
        shared.get_or_insert_with(|| Shared::new(env)).export(env, exports, c"connShared");
    });
}

/// What outlives the call that told it.
#[derive(Default)]
pub(crate) struct Kept {
    /// The last event's bytes, where they are not in the input.
    pub(crate) bytes: Vec<u8>,
    pub(crate) reason: String,
    pub(crate) fault: Option<ProtocolError>,
}

/// How far a batch of records goes.
pub(crate) struct Told {
    count: usize,
    consumed: usize,
    /// Reading ended before the input did.
    more: bool,
}

/// Reads events of an input at `input`, as addresses, into records. Offsets count from `from`
/// bytes before it.
pub(crate) fn read(
    mut receive: Receive<'_>,
    input: Range<usize>,
    from: usize,
    kept: &mut Kept,
) -> Told {
    // A batch is read before any of it is answered.
    receive.defer_close();
    with_memory(|memory| {
        let mut batch = Batch { memory, count: 0, input, from, kept, full: false };
        let mut more = true;
        while more && !batch.full {
            match receive.next() {
                Some(event) => batch.add(event),
                None => more = false,
            }
        }
        Told { count: batch.count, consumed: from + receive.consumed(), more }
    })
}

/// Writes the head, and gives the number of records.
pub(crate) fn finish(conn: &mut Connection, told: &Told) -> f64 {
    let due = conn.poll_timeout().map_or(f64::INFINITY, |due| due.as_nanos() as f64 / 1e6);
    let state = state(conn) | if told.more { MORE } else { 0 };
    let head = [told.consumed as f64, conn.buffered_amount() as f64, due, f64::from(state)];
    with_memory(|memory| {
        for (to, number) in memory.chunks_exact_mut(8).zip(head) {
            to.copy_from_slice(&number.to_ne_bytes());
        }
    });
    publish(HEAD + HEADER + told.count * RECORD);
    told.count as f64
}

/// The same where nothing was read.
pub(crate) fn head(conn: &mut Connection) {
    finish(conn, &Told { count: 0, consumed: 0, more: false });
}

/// Transport and ready state in two bits each, then flags.
pub(crate) fn state(conn: &Connection) -> u32 {
    conn.transport() as u32
        | (conn.ready_state() as u32) << 2
        | if conn.is_congested() { CONGESTED } else { 0 }
        | if conn.wants_write() { WRITES } else { 0 }
        | if conn.awaits_pong() { AWAITS_PONG } else { 0 }
}

/// Hands over the header of a frame.
pub(crate) fn frame_header(header: &[u8; MAX_HEADER]) {
    with_memory(|memory| memory[HEAD..HEAD + MAX_HEADER].copy_from_slice(header));
    publish(HEAD + HEADER);
}

struct Batch<'a> {
    memory: &'a mut [u8; SIZE],
    count: usize,
    input: Range<usize>,
    from: usize,
    kept: &'a mut Kept,
    full: bool,
}

impl Batch<'_> {
    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => {
                let ascii = if text.is_ascii() { ASCII } else { 0 };
                let place = self.place(text.as_bytes());
                self.data(TEXT | ascii, place, || text.into_string().into_bytes());
            }
            Event::Binary(data) => {
                let place = self.place(&data);
                self.data(BINARY, place, || data.into_vec());
            }
            Event::Chunk(Chunk { kind, data, first, last }) => {
                let flags = if kind == Kind::Text { CHUNK_OF_TEXT } else { 0 }
                    | if first { FIRST } else { 0 }
                    | if last { LAST } else { 0 };
                let place = self.place(&data);
                self.data(CHUNK | flags, place, || data.into_vec());
            }
            Event::Ping(data) => self.data(PING, self.place(data), || data.to_vec()),
            Event::Pong(data) => self.data(PONG, self.place(data), || data.to_vec()),
            Event::PeerClosing(CloseFrame { code, reason }) => {
                reason.clone_into(&mut self.kept.reason);
                self.record([CLOSE | u32::from(code.map_or(0, CloseCode::get)) << 16, 0, 0, 0]);
            }
            Event::Closed(Closed { code, reason, clean, cause, .. }) => {
                self.kept.reason = reason;
                let (cause, fault) = match cause {
                    ClosedCause::Handshake => (0, None),
                    ClosedCause::Peer(fault) => (1, Some(fault)),
                    ClosedCause::Timeout(Timer::Close) => (3, None),
                    ClosedCause::Timeout(_) => (4, None),
                    ClosedCause::Abort => (5, None),
                    ClosedCause::OutOfMemory => (6, None),
                    _ => (2, None),
                };
                self.kept.fault = fault;
                let clean = if clean { CLEAN } else { 0 };
                self.record([CLOSED | clean | u32::from(code) << 16, 0, 0, cause]);
            }
            _ => {}
        }
    }

    /// Where in the input bytes lie, if they do.
    fn place(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let at = bytes.as_ptr().addr();
        let inside = self.input.contains(&at) || (bytes.is_empty() && !self.input.is_empty());
        let offset = if bytes.is_empty() { 0 } else { at.wrapping_sub(self.input.start) };
        inside.then_some((self.from + offset, bytes.len()))
    }

    fn data(&mut self, word: u32, place: Option<(usize, usize)>, take: impl FnOnce() -> Vec<u8>) {
        if let Some((at, length)) = place {
            return self.record([word, at as u32, length as u32, 0]);
        }
        self.kept.bytes = take();
        self.record([word | KEPT, 0, self.kept.bytes.len() as u32, 0]);
        // The next event's would take their place.
        self.full = true;
    }

    fn record(&mut self, words: [u32; 4]) {
        let record = &mut self.memory[HEAD + HEADER + self.count * RECORD..][..RECORD];
        for (to, word) in record.chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        self.count += 1;
        self.full |= self.count == RECORDS;
    }
}

fn with_memory<R>(f: impl FnOnce(&mut [u8; SIZE]) -> R) -> R {
    SHARED.with_borrow_mut(|shared| f(shared.as_mut().expect("the module was loaded").bytes()))
}

fn publish(length: usize) {
    SHARED.with_borrow(|shared| shared.as_ref().expect("the module was loaded").publish(length));
}

const HEAD: usize = 4 * 8;
const HEADER: usize = 16;
const RECORD: usize = 4 * 4;
const RECORDS: usize = 256;
const SIZE: usize = HEAD + HEADER + RECORDS * RECORD;

const TEXT: u32 = 1;
const BINARY: u32 = 2;
const CHUNK: u32 = 3;
const PING: u32 = 4;
const PONG: u32 = 5;
const CLOSE: u32 = 6;
const CLOSED: u32 = 7;

const ASCII: u32 = 1 << 3;
const KEPT: u32 = 1 << 4;
const FIRST: u32 = 1 << 5;
const LAST: u32 = 1 << 6;
const CHUNK_OF_TEXT: u32 = 1 << 7;
const CLEAN: u32 = 1 << 8;

const MORE: u32 = 1 << 4;
const CONGESTED: u32 = 1 << 5;
const AWAITS_PONG: u32 = 1 << 7;
const WRITES: u32 = 1 << 6;
