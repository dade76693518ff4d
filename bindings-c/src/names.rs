//! The numbers of the enums as words, for logs. None is ever null: another number gives "unknown". The
//! strings are static.

use core::ffi::{CStr, c_char};

use crate::conn::{WspairState, WspairTransport};
use crate::event::{WspairEvent, WspairKind};
use crate::frame::{WspairOpcode, WspairRole};
use crate::handshake::{WspairBootstrap, WspairProgress};
use crate::options::WspairDelivery;
use crate::pair::state::WspairPhase;
use crate::pair::{WspairEnd, WspairPairEvent};
use crate::send::WspairCompression;

/// A word for one of WSPAIR_BOOTSTRAP_*, as "extended connect"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_bootstrap_name(bootstrap: u32) -> *const c_char {
    use WspairBootstrap as E;
    word(
        bootstrap,
        &[(E::Upgrade as u32, c"upgrade"), (E::ExtendedConnect as u32, c"extended connect")],
    )
}

/// A word for one of WSPAIR_COMPRESSION_*, as "auto"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_compression_name(compression: u32) -> *const c_char {
    use WspairCompression as E;
    word(compression, &[(E::Auto as u32, c"auto"), (E::On as u32, c"on"), (E::Off as u32, c"off")])
}

/// A word for one of WSPAIR_DELIVERY_*, as "messages"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_delivery_name(delivery: u32) -> *const c_char {
    use WspairDelivery as E;
    word(delivery, &[(E::Messages as u32, c"messages"), (E::Chunks as u32, c"chunks")])
}

/// A word for one of WSPAIR_END_*, as "first"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_end_name(end: u32) -> *const c_char {
    use WspairEnd as E;
    word(end, &[(E::First as u32, c"first"), (E::Second as u32, c"second")])
}

/// A word for one of WSPAIR_EVENT_*, as "text"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_event_type_name(event_type: u32) -> *const c_char {
    use WspairEvent as E;
    word(
        event_type,
        &[
            (E::Text as u32, c"text"),
            (E::Binary as u32, c"binary"),
            (E::Chunk as u32, c"chunk"),
            (E::Ping as u32, c"ping"),
            (E::Pong as u32, c"pong"),
            (E::PeerClosing as u32, c"peer closing"),
            (E::Closed as u32, c"closed"),
        ],
    )
}

/// A word for one of WSPAIR_KIND_*, as "text"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_kind_name(kind: u32) -> *const c_char {
    use WspairKind as E;
    word(kind, &[(E::Text as u32, c"text"), (E::Binary as u32, c"binary")])
}

/// A word for one of WSPAIR_OPCODE_*, as "continuation"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_opcode_name(opcode: u32) -> *const c_char {
    use WspairOpcode as E;
    word(
        opcode,
        &[
            (E::Continuation as u32, c"continuation"),
            (E::Text as u32, c"text"),
            (E::Binary as u32, c"binary"),
            (E::Close as u32, c"close"),
            (E::Ping as u32, c"ping"),
            (E::Pong as u32, c"pong"),
        ],
    )
}

/// A word for one of WSPAIR_PAIR_EVENT_*, as "message"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_pair_event_type_name(pair_event_type: u32) -> *const c_char {
    use WspairPairEvent as E;
    word(
        pair_event_type,
        &[
            (E::None as u32, c"none"),
            (E::Message as u32, c"message"),
            (E::Close as u32, c"close"),
            (E::Error as u32, c"error"),
        ],
    )
}

/// A word for one of WSPAIR_PHASE_*, as "fresh"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_phase_name(phase: u32) -> *const c_char {
    use WspairPhase as E;
    word(
        phase,
        &[
            (E::Fresh as u32, c"fresh"),
            (E::Accepted as u32, c"accepted"),
            (E::Hibernatable as u32, c"hibernatable"),
            (E::Spent as u32, c"spent"),
        ],
    )
}

/// A word for one of WSPAIR_PROGRESS_*, as "need more"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_progress_name(progress: u32) -> *const c_char {
    use WspairProgress as E;
    word(
        progress,
        &[
            (E::NeedMore as u32, c"need more"),
            (E::Request as u32, c"request"),
            (E::Open as u32, c"open"),
            (E::Refused as u32, c"refused"),
            (E::Failed as u32, c"failed"),
        ],
    )
}

/// A word for one of WSPAIR_ROLE_*, as "client"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_role_name(role: u32) -> *const c_char {
    use WspairRole as E;
    word(role, &[(E::Client as u32, c"client"), (E::Server as u32, c"server")])
}

/// A word for one of WSPAIR_STATE_*, as "open"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_state_name(state: u32) -> *const c_char {
    use WspairState as E;
    word(
        state,
        &[
            (E::Open as u32, c"open"),
            (E::Closing as u32, c"closing"),
            (E::Closed as u32, c"closed"),
        ],
    )
}

/// A word for one of WSPAIR_TRANSPORT_*, as "finish writing"; else "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_transport_name(transport: u32) -> *const c_char {
    use WspairTransport as E;
    word(
        transport,
        &[
            (E::Open as u32, c"open"),
            (E::FinishWriting as u32, c"finish writing"),
            (E::Close as u32, c"close"),
        ],
    )
}

fn word(number: u32, words: &[(u32, &'static CStr)]) -> *const c_char {
    let found = words.iter().find(|(of, _)| *of == number);
    found.map_or(c"unknown", |(_, word)| *word).as_ptr()
}
