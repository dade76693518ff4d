//! The engine's small enums, as Python has them: `wspair._words`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use wspair_core::event::Timer;
use wspair_core::{self as core, handshake, pair};

/// Declares the members of an enum of Python's, and the ways between.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident: $($member:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[allow(clippy::upper_case_acronyms, non_camel_case_types)]
        pub(crate) enum $name { $($member),+ }

        impl $name {
            const ALL: &[Self] = &[$(Self::$member),+];

            fn members<'py>(py: Python<'py>) -> PyResult<&'py [Py<PyAny>]> {
                static MEMBERS: PyOnceLock<Vec<Py<PyAny>>> = PyOnceLock::new();
                let members = MEMBERS.get_or_try_init(py, || {
                    let class = py.import("wspair._words")?.getattr(stringify!($name))?;
                    let members = [$(stringify!($member)),+].map(|it| class.getattr(it));
                    members.into_iter().map(|it| it.map(Bound::unbind)).collect::<PyResult<_>>()
                })?;
                Ok(members)
            }
        }

        impl<'py> IntoPyObject<'py> for $name {
            type Target = PyAny;
            type Output = Bound<'py, PyAny>;
            type Error = PyErr;

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                Ok(Self::members(py)?[self as usize].bind(py).clone())
            }
        }

        impl<'py> FromPyObject<'_, 'py> for $name {
            type Error = PyErr;

            fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
                let members = Self::members(object.py())?;
                let found = members.iter().zip(Self::ALL).find(|(member, _)| object.is(*member));
                found.map(|(_, word)| *word).ok_or_else(|| {
                    let text = concat!("allowed are the members of ", stringify!($name));
                    PyTypeError::new_err(text)
                })
            }
        }
    };
}
word! { Role: CLIENT, SERVER }
word! { Kind: BINARY, TEXT }
word! { Bootstrap: UPGRADE, EXTENDED_CONNECT }
word! { ReadyState: CONNECTING, OPEN, CLOSING, CLOSED }
word! { TransportAction: OPEN, FINISH_WRITING, CLOSE }
word! { Cause: HANDSHAKE, PEER, TRANSPORT, CLOSE_TIMEOUT, PONG_TIMEOUT, ABORT, OUT_OF_MEMORY }
word! { Phase: FRESH, ACCEPTED, HIBERNATABLE, SPENT }
word! {
    ProtocolError: RESERVED_BITS, RESERVED_OPCODE, FRAGMENTED_CONTROL, CONTROL_TOO_LONG, UNMASKED,
    MASKED, NON_MINIMAL_LENGTH, LENGTH_RANGE, UNEXPECTED_CONTINUATION, EXPECTED_CONTINUATION,
    TEXT_NOT_UTF8, DEFLATE, CLOSE_BODY, CLOSE_CODE, CLOSE_REASON_NOT_UTF8, FRAME_TOO_LONG,
    MESSAGE_TOO_LONG, TOO_MANY_FRAGMENTS,
}

/// Fetches all members.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    Role::members(py)?;
    Kind::members(py)?;
    Bootstrap::members(py)?;
    ReadyState::members(py)?;
    TransportAction::members(py)?;
    Cause::members(py)?;
    Phase::members(py)?;
    ProtocolError::members(py).map(drop)
}

impl From<core::Role> for Role {
    fn from(role: core::Role) -> Self {
        match role {
            core::Role::Client => Self::CLIENT,
            core::Role::Server => Self::SERVER,
        }
    }
}

impl From<core::Kind> for Kind {
    fn from(kind: core::Kind) -> Self {
        match kind {
            core::Kind::Binary => Self::BINARY,
            core::Kind::Text => Self::TEXT,
        }
    }
}

impl From<Kind> for core::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::BINARY => Self::Binary,
            Kind::TEXT => Self::Text,
        }
    }
}

impl From<handshake::Bootstrap> for Bootstrap {
    fn from(how: handshake::Bootstrap) -> Self {
        match how {
            handshake::Bootstrap::ExtendedConnect => Self::EXTENDED_CONNECT,
            _ => Self::UPGRADE,
        }
    }
}

impl From<Bootstrap> for handshake::Bootstrap {
    fn from(how: Bootstrap) -> Self {
        match how {
            Bootstrap::UPGRADE => Self::Upgrade,
            Bootstrap::EXTENDED_CONNECT => Self::ExtendedConnect,
        }
    }
}

/// How a WebSocket is started, where that may be left out.
pub(crate) fn bootstrap(how: Option<Bootstrap>) -> handshake::Bootstrap {
    how.unwrap_or(Bootstrap::UPGRADE).into()
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

impl From<core::TransportAction> for TransportAction {
    fn from(transport: core::TransportAction) -> Self {
        match transport {
            core::TransportAction::Open => Self::OPEN,
            core::TransportAction::FinishWriting => Self::FINISH_WRITING,
            _ => Self::CLOSE,
        }
    }
}

impl From<core::ClosedCause> for Cause {
    fn from(cause: core::ClosedCause) -> Self {
        match cause {
            core::ClosedCause::Handshake => Self::HANDSHAKE,
            core::ClosedCause::Peer(_) => Self::PEER,
            core::ClosedCause::Timeout(Timer::Close) => Self::CLOSE_TIMEOUT,
            core::ClosedCause::Timeout(Timer::Pong) => Self::PONG_TIMEOUT,
            core::ClosedCause::Abort => Self::ABORT,
            core::ClosedCause::OutOfMemory => Self::OUT_OF_MEMORY,
            _ => Self::TRANSPORT,
        }
    }
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

impl From<core::ProtocolError> for ProtocolError {
    fn from(error: core::ProtocolError) -> Self {
        use core::ProtocolError as Rule;
        match error {
            Rule::ReservedBits => Self::RESERVED_BITS,
            Rule::ReservedOpcode => Self::RESERVED_OPCODE,
            Rule::FragmentedControl => Self::FRAGMENTED_CONTROL,
            Rule::ControlTooLong => Self::CONTROL_TOO_LONG,
            Rule::Unmasked => Self::UNMASKED,
            Rule::Masked => Self::MASKED,
            Rule::NonMinimalLength => Self::NON_MINIMAL_LENGTH,
            Rule::LengthRange => Self::LENGTH_RANGE,
            Rule::UnexpectedContinuation => Self::UNEXPECTED_CONTINUATION,
            Rule::ExpectedContinuation => Self::EXPECTED_CONTINUATION,
            Rule::TextNotUtf8 => Self::TEXT_NOT_UTF8,
            Rule::Deflate => Self::DEFLATE,
            Rule::CloseBody => Self::CLOSE_BODY,
            Rule::CloseCode => Self::CLOSE_CODE,
            Rule::CloseReasonNotUtf8 => Self::CLOSE_REASON_NOT_UTF8,
            Rule::FrameTooLong => Self::FRAME_TOO_LONG,
            Rule::MessageTooLong => Self::MESSAGE_TOO_LONG,
            Rule::TooManyFragments => Self::TOO_MANY_FRAGMENTS,
            _ => unreachable!("the engine has no other"),
        }
    }
}
