//! The engine's small enums, as Python sees them.

use pyo3::prelude::*;
use wspair_core::{self as core, handshake, pair};

/// Declares an enum of Python with the same members as one of the engine, and the ways between.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $core:ty, $($(#[$member_doc:meta])* $member:ident = $variant:ident),+) => {
        $(#[$doc])*
        #[pyclass(eq, frozen, hash, from_py_object, module = "wspair")]
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[allow(clippy::upper_case_acronyms, non_camel_case_types)]
        pub(crate) enum $name { $($(#[$member_doc])* $member),+ }

        impl From<$name> for $core {
            fn from(word: $name) -> Self {
                match word { $($name::$member => Self::$variant),+ }
            }
        }

        impl From<$core> for $name {
            fn from(word: $core) -> Self {
                type Core = $core;
                #[allow(unreachable_patterns)]
                match word {
                    $(Core::$variant => Self::$member,)+
                    _ => unreachable!("the engine has no other"),
                }
            }
        }
    };
}

word! {
    /// Which side of a connection.
    Role, core::Role,
    /// Opens the connection, and masks what it sends.
    CLIENT = Client,
    /// Is connected to.
    SERVER = Server
}

word! {
    /// What a message carries.
    Kind, core::Kind,
    /// Any bytes.
    BINARY = Binary,
    /// UTF-8.
    TEXT = Text
}

word! {
    /// How a WebSocket is started.
    Bootstrap, handshake::Bootstrap,
    /// `GET` with `Upgrade`, a key and status 101 (RFC 6455 4).
    UPGRADE = Upgrade,
    /// `CONNECT` with `:protocol`, no key and a status of 2xx (RFC 8441, RFC 9220).
    EXTENDED_CONNECT = ExtendedConnect
}

/// How far a WebSocket has come, with the numbers of `readyState` in browsers.
#[pyclass(eq, eq_int, frozen, hash, module = "wspair")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(clippy::upper_case_acronyms)]
pub(crate) enum ReadyState {
    /// The handshake is under way.
    CONNECTING = 0,
    /// Messages pass.
    OPEN = 1,
    /// One side has closed, the other has not.
    CLOSING = 2,
    /// Both sides have closed, or something failed.
    CLOSED = 3,
}

impl From<core::ReadyState> for ReadyState {
    fn from(state: core::ReadyState) -> Self {
        match state {
            core::ReadyState::Connecting => Self::CONNECTING,
            core::ReadyState::Open => Self::OPEN,
            core::ReadyState::Closing => Self::CLOSING,
            core::ReadyState::Closed => Self::CLOSED,
        }
    }
}

/// What to do with the transport.
#[pyclass(eq, frozen, hash, module = "wspair")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(clippy::upper_case_acronyms, non_camel_case_types)]
pub(crate) enum Transport {
    /// Read and write as usual.
    OPEN,
    /// Write what is queued, then end the write side; go on reading.
    FINISH_WRITING,
    /// Drop it.
    CLOSE,
}

impl From<core::Transport> for Transport {
    fn from(transport: core::Transport) -> Self {
        match transport {
            core::Transport::Open => Self::OPEN,
            core::Transport::FinishWriting => Self::FINISH_WRITING,
            _ => Self::CLOSE,
        }
    }
}

/// What ended a connection.
#[pyclass(eq, frozen, hash, from_py_object, module = "wspair")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(clippy::upper_case_acronyms, non_camel_case_types)]
pub(crate) enum Cause {
    /// Both Close frames passed.
    HANDSHAKE,
    /// The peer broke the protocol or a limit.
    PEER,
    /// The transport ended before the closing handshake was done.
    TRANSPORT,
    /// The peer did not answer our Close frame in time (`close_within`).
    CLOSE_TIMEOUT,
    /// The peer was silent after a keepalive ping (`pong_within`).
    PONG_TIMEOUT,
    /// `abort` was called.
    ABORT,
    /// There was no memory for what the peer sent, or for what is owed to it.
    OUT_OF_MEMORY,
}

impl From<core::Cause> for Cause {
    fn from(cause: core::Cause) -> Self {
        match cause {
            core::Cause::Handshake => Self::HANDSHAKE,
            core::Cause::Peer(_) => Self::PEER,
            core::Cause::Timeout(core::event::Timer::Close) => Self::CLOSE_TIMEOUT,
            core::Cause::Timeout(core::event::Timer::Pong) => Self::PONG_TIMEOUT,
            core::Cause::Abort => Self::ABORT,
            core::Cause::OutOfMemory => Self::OUT_OF_MEMORY,
            _ => Self::TRANSPORT,
        }
    }
}

/// Who uses an end of a pair.
#[pyclass(eq, frozen, hash, module = "wspair")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[allow(clippy::upper_case_acronyms)]
pub(crate) enum Phase {
    /// Nobody yet.
    FRESH,
    /// The holder, since `accept`.
    ACCEPTED,
    /// The holder, since it was accepted as hibernatable.
    HIBERNATABLE,
    /// Nobody any more: it was given away, failed, or both closes have been taken.
    SPENT,
}

impl From<pair::Phase> for Phase {
    fn from(phase: pair::Phase) -> Self {
        match phase {
            pair::Phase::Fresh => Self::FRESH,
            pair::Phase::Accepted => Self::ACCEPTED,
            pair::Phase::Hibernatable => Self::HIBERNATABLE,
            pair::Phase::Spent => Self::SPENT,
        }
    }
}
