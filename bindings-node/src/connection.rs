//! Connections as numbers. Bytes stay where JavaScript has them; what happened is written to memory
//! that it reads, see `shared`.
//!
//! A call that takes something in gives how many records it wrote, one that sends a status: 0, or
//! that of a [`SendError`].

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Env, External, Object};
use napi_derive::napi;
use wspair_core::bindings::SenderBinding;
use wspair_core::frame::MAX_HEADER;
use wspair_core::{
    CloseCode, Compression, Config, Connection, Instant, Kind, MaskKeys, Prepared, SendError,
};

use crate::agreed::Agreed;
use crate::memory;
use crate::numeric::{self, Numeric};
use crate::raw::{self, Arguments, Give, Raw, RawText};
use crate::shared::{self, Kept};
use crate::slab::Slab;
use crate::text;

thread_local! {
    static CONNECTIONS: RefCell<Slab<Entry>> = const { RefCell::new(Slab::new()) };
    /// What a text is copied to on its way.
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    conn: Connection,
    kept: Kept,
    /// What Node was told that it holds, in bytes.
    weight: i64,
}

/// Runs `f` on the connection of `handle`.
///
/// Panics if it was freed: the shell frees a connection once nothing can name it.
fn with<R>(handle: f64, f: impl FnOnce(&mut Entry) -> R) -> R {
    CONNECTIONS.with_borrow_mut(|connections| {
        f(connections.get_mut(index(handle)).expect("the connection is alive"))
    })
}

/// A connection of that role with what was agreed on: its handle.
#[napi(catch_unwind)]
pub(crate) fn conn_new(
    env: Env,
    client: bool,
    config: &External<Arc<Config>>,
    agreed: Agreed,
) -> napi::Result<u32> {
    let weight = if agreed.deflate.is_some() { CODECS } else { PLAIN };
    let (config, agreed) = (Arc::clone(config), agreed.into());
    let conn = if client {
        let masks = MaskKeys::from_os().map_err(|e| napi::Error::from_reason(e.to_string()))?;
        Connection::client(config, agreed, masks)
    } else {
        Connection::server(config, agreed)
    };
    // Else a forgotten connection would look too small to be collected soon.
    memory::adjust(env, weight)?;
    let entry = Entry { conn, kept: Kept::default(), weight };
    let id = CONNECTIONS.with_borrow_mut(|connections| connections.insert(entry));
    Ok(u32::try_from(id).expect("fewer connections than that"))
}

/// Forgets a connection.
#[napi(catch_unwind)]
pub(crate) fn conn_free(env: Env, handle: u32) -> napi::Result<()> {
    let freed = CONNECTIONS.with_borrow_mut(|connections| connections.remove(handle as usize));
    freed.map_or(Ok(()), |entry| memory::adjust(env, -entry.weight))
}

/// Starts, or completes, the closing handshake. Gives a status.
#[napi(catch_unwind)]
pub(crate) fn conn_close(handle: u32, code: Option<i32>, reason: String) -> u32 {
    let code = match code {
        None => Ok(None),
        Some(code) => {
            let code = u16::try_from(code).ok().and_then(CloseCode::new);
            code.map(Some).ok_or(SendError::CloseCode)
        }
    };
    with(handle.into(), |entry| status(code.and_then(|code| entry.conn.close(code, &reason))))
}

/// Passes on the close of an end behind the connection: what does not fit in a frame is left out.
#[napi(catch_unwind)]
pub(crate) fn conn_pass_close(handle: u32, code: Option<u16>, reason: String) {
    with(handle.into(), |entry| entry.conn.pass_close(code, &reason));
}

/// Gives the Close frame that was put off a reason. Gives a status.
#[napi(catch_unwind)]
pub(crate) fn conn_explain(handle: u32, reason: String) -> u32 {
    with(handle.into(), |entry| status(entry.conn.explain_close(&reason)))
}

/// The reason of the last Close frame.
#[napi(catch_unwind)]
pub(crate) fn conn_reason(handle: u32) -> String {
    with(handle.into(), |entry| entry.kept.reason.clone())
}

/// Sends a prepared message, with a choice of compression. Gives a status.
#[napi(catch_unwind)]
pub(crate) fn conn_send_prepared(handle: u32, message: &External<Prepared>, choice: u32) -> u32 {
    let choice = compression(choice.into());
    with(handle.into(), |entry| {
        status(entry.conn.sender().with_compression(choice).send_prepared(message))
    })
}

/// What the peer did wrong.
#[napi(object)]
pub(crate) struct Fault {
    /// The close code that tells it.
    pub code: u16,
    pub text: String,
    /// The rule's name in the core, as `MessageTooLong`.
    pub rule: String,
    /// Of a message that was too long: how long it was.
    pub length: Option<f64>,
}

/// What the peer did wrong, once that ended the connection.
#[napi(catch_unwind)]
pub(crate) fn conn_fault(handle: u32) -> Option<Fault> {
    with(handle.into(), |Entry { conn, kept, .. }| {
        kept.fault.map(|fault| Fault {
            code: fault.close_code().get(),
            text: fault.to_string(),
            rule: format!("{fault:?}"),
            length: conn.too_long().map(|length| length as f64),
        })
    })
}

/// Declares functions of a trait, and a function that registers them all.
macro_rules! functions {
    ($trait:ident, $register:ident, $module:ident: $(
        $(#[$doc:meta])* $type:ident $name:literal = |$($argument:ident: $kind:ty),+| $body:expr;
    )*) => {
        $(
            $(#[$doc])*
            struct $type;

            impl $trait for $type {
                const NAME: &std::ffi::CStr = $name;

                fn call($($argument: $kind),+) -> f64 {
                    f64::from($body)
                }
            }
        )*

        fn $register(env: Env, exports: &Object) -> napi::Result<()> {
            $($module::register::<$type>(env, exports)?;)*
            Ok(())
        }
    };
}

/// The same of functions that give a text.
macro_rules! texts {
    ($(
        $(#[$doc:meta])* $type:ident $name:literal = |$($argument:ident: $kind:ty),+| $body:block;
    )*) => {
        $(
            $(#[$doc])*
            struct $type;

            impl RawText for $type {
                const NAME: &std::ffi::CStr = $name;

                fn call($($argument: $kind),+) $body
            }
        )*

        fn register_texts(env: Env, exports: &Object) -> napi::Result<()> {
            $(raw::register_text::<$type>(env, exports)?;)*
            Ok(())
        }
    };
}

functions! { Raw, register_raw, raw:
    /// Feeds the bytes of a buffer from an offset on, and unmasks them there.
    Receive c"connReceive" = |call: &Arguments| {
        let (handle, from) = (call.number(0), index(call.number(2)));
        call.edit(1, from, |input| {
            let at = input.as_ptr_range();
            let at = at.start.addr()..at.end.addr();
            with(handle, |Entry { conn, kept, .. }| {
                let told = shared::read(conn.receive(input), at, from, kept);
                shared::finish(conn, &told)
            })
        })
    };

    /// Sends a text, with a choice of compression.
    SendText c"connSendText" = |call: &Arguments| TEXT.with_borrow_mut(|text| {
        text.clear();
        call.text(1, text);
        let choice = compression(call.number(2));
        let sent = with(call.number(0), |entry| {
            // Node replaces what is not UTF-8.
            let text = str::from_utf8(text).unwrap_or_default();
            entry.conn.sender().with_compression(choice).send_text(text)
        });
        text.shrink_to(KEEP);
        status(sent)
    });

    /// Sends bytes, as what the third argument says, with a choice of compression.
    Send c"connSend" = |call: &Arguments| {
        let (handle, what, choice) = (call.number(0), call.number(2), compression(call.number(3)));
        call.read(1, ALL, |bytes| with(handle, |entry| {
            let mut sender = entry.conn.sender().with_compression(choice);
            status(match index(what) {
                PING => sender.send_ping(bytes),
                PONG => sender.send_pong(bytes),
                what if what & FRAGMENT != 0 => {
                    sender.send_fragment(kind(what & TEXT_KIND), bytes, what & FIN != 0)
                }
                _ => sender.send_binary(bytes),
            })
        }))
    };

    /// Copies the last event's bytes, which were kept, into a buffer of their length.
    KeptBytes c"connKept" = |call: &Arguments| {
        let bytes = with(call.number(0), |entry| std::mem::take(&mut entry.kept.bytes));
        call.fill(1, 0, |to| {
            to.copy_from_slice(&bytes);
            bytes.len()
        });
        0
    };

    /// Moves what waits to be written into a buffer, from an offset on, as far as it fits: how
    /// many bytes.
    Flush c"connFlush" = |call: &Arguments| {
        let (handle, from) = (call.number(0), index(call.number(2)));
        let taken = call.fill(1, from, |room| with(handle, |Entry { conn, .. }| {
            let taken = conn.transmit().drain_to(room);
            shared::head(conn);
            taken
        }));
        taken as f64
    };
}

texts! {
    /// The text of the last event, whose bytes were kept.
    KeptText c"connKeptText" = |call: &Arguments, give: &mut Give<'_>| {
        let bytes = with(call.number(0), |entry| std::mem::take(&mut entry.kept.bytes));
        text::decode(&bytes, give);
    };

    /// The text that is in UTF-8 in a buffer, from an offset on, so many bytes long. Node's own
    /// decoder takes many times as long, but for ASCII and what is short.
    DecodeText c"decodeText" = |call: &Arguments, give: &mut Give<'_>| {
        let (from, length) = (index(call.number(1)), index(call.number(2)));
        call.read(0, from..from.saturating_add(length), |bytes| text::decode(bytes, give));
    };
}

functions! { Numeric, register_numeric, numeric:
    /// The peer ended its direction of the transport.
    Eof c"connEof" = |handle: f64, _b: f64| with(handle, |Entry { conn, kept, .. }| {
        let told = shared::read(conn.receive_eof(), 0..0, 0, kept);
        shared::finish(conn, &told)
    });

    /// The transport is gone in both directions.
    Lost c"connLost" = |handle: f64, _b: f64| with(handle, |Entry { conn, kept, .. }| {
        let told = shared::read(conn.transport_lost(), 0..0, 0, kept);
        shared::finish(conn, &told)
    });

    /// So many of the bytes that were taken out wait in the stream's own buffers still.
    Holds c"connHolds" = |handle: f64, bytes: f64| with(handle, |entry| {
        entry.conn.transport_holds(index(bytes));
        0
    });

    /// The program stops reading, or reads again.
    HoldInput c"connHoldInput" = |handle: f64, held: f64| with(handle, |entry| {
        entry.conn.hold_input(held != 0.0);
        0
    });

    /// Tells the time, in milliseconds.
    Timeout c"connTimeout" = |handle: f64, now: f64| with(handle, |Entry { conn, kept, .. }| {
        let now = Duration::try_from_secs_f64(now / 1e3).unwrap_or_default();
        let told = shared::read(conn.handle_timeout(Instant::from(now)), 0..0, 0, kept);
        shared::finish(conn, &told)
    });

    /// What follows from the calls before.
    Events c"connEvents" = |handle: f64, _b: f64| with(handle, |Entry { conn, kept, .. }| {
        let told = shared::read(conn.receive(&mut []), 0..0, 0, kept);
        shared::finish(conn, &told)
    });

    /// Frames a message of that length that JavaScript writes itself behind the header: the
    /// header's length, 0 if it has to be sent, a status below 0. The length is that of a text if
    /// it is counted from -1 down.
    Beside c"connBeside" = |handle: f64, length: f64| with(handle, |Entry { conn, .. }| {
        let text = length < 0.0;
        let (kind, length) = if text { (Kind::Text, -1.0 - length) } else { (Kind::Binary, length) };
        let mut header = [0; MAX_HEADER];
        match conn.frame_beside(kind, index(length), &mut header) {
            Ok(Some(length)) => {
                shared::frame_header(&header);
                length as f64
            }
            Ok(None) => 0.0,
            Err(error) => -f64::from(status(Err(error))),
        }
    });

    /// Gives up without a closing handshake.
    Abort c"connAbort" = |handle: f64, _b: f64| with(handle, |entry| {
        entry.conn.abort();
        0
    });

    /// Gives back memory that is kept for later.
    Shrink c"connShrink" = |handle: f64, _b: f64| with(handle, |entry| {
        entry.conn.shrink_to_fit();
        0
    });

    /// How the connection is, as in the head.
    State c"connState" = |handle: f64, _b: f64| with(handle, |entry| shared::state(&entry.conn));

    /// Writes the head.
    Head c"connHead" = |handle: f64, _b: f64| with(handle, |entry| {
        shared::head(&mut entry.conn);
        0
    });

    /// How many connections there are.
    Count c"connCount" = |_a: f64, _b: f64| {
        CONNECTIONS.with_borrow(|connections| connections.len() as f64)
    };
}

/// Adds the functions of this module that `#[napi]` does not.
pub(crate) fn register(env: Env, exports: &Object) -> napi::Result<()> {
    shared::register(env, exports);
    register_raw(env, exports)?;
    register_texts(env, exports)?;
    register_numeric(env, exports)
}

fn status(result: Result<(), SendError>) -> u32 {
    match result {
        Ok(()) => 0,
        Err(SendError::Backpressure { .. }) => 1,
        Err(SendError::CloseCode) => 2,
        Err(SendError::CloseReason) => 3,
        Err(SendError::Closing) => 4,
        Err(SendError::ControlTooLong) => 5,
        Err(SendError::Fragment) => 6,
        Err(SendError::Pending) => 7,
        Err(SendError::OutOfMemory) => 8,
        Err(other) => panic!("the shell does not know of: {other}"),
    }
}

fn compression(choice: f64) -> Compression {
    match index(choice) {
        1 => Compression::On,
        2 => Compression::Off,
        _ => Compression::Auto,
    }
}

fn kind(text: usize) -> Kind {
    if text == 0 { Kind::Binary } else { Kind::Text }
}

/// A handle, an offset or another small number; NaN, for an argument left out, is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn index(number: f64) -> usize {
    number as usize
}

/// About what a connection holds, and what one does that compresses.
const PLAIN: i64 = 2 << 10;
const CODECS: i64 = 256 << 10;

/// Of a buffer's bytes.
const ALL: std::ops::Range<usize> = 0..usize::MAX;

const PING: usize = 1;
const PONG: usize = 2;
const FRAGMENT: usize = 4;
const TEXT_KIND: usize = 8;
const FIN: usize = 16;

/// What the memory for texts may keep for the next.
const KEEP: usize = 64 << 10;
