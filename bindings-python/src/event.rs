//! What happened on a connection, as Python objects.
//!
//! None of them is tracked by the garbage collector: they hold nothing that could lead back.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice, PyString};
use wspair_core::{self as core, CloseCode, ClosedCause, Event};

use crate::words;

/// Declares an immutable class with fields, to be matched by position; and further ones, which say
/// more of the same and are not compared.
macro_rules! event {
    (
        $(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),+ $(,)? }
        $(more { $($(#[$more_doc:meta])* $more:ident: $more_type:ty),+ $(,)? })?
    ) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "wspair")]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[pyo3(get)] pub(crate) $field: $type,)+
            $($($(#[$more_doc])* #[pyo3(get)] pub(crate) $more: Option<$more_type>,)+)?
        }

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = ($($field),+ $(, *, $($more = None),+)?))]
            fn new($($field: $type,)+ $($($more: Option<$more_type>),+)?) -> Self {
                Self { $($field,)+ $($($more),+)? }
            }

            #[classattr]
            fn __match_args__(py: Python<'_>) -> PyResult<Py<pyo3::types::PyTuple>> {
                Ok(pyo3::types::PyTuple::new(py, [$(stringify!($field)),+])?.unbind())
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                #[allow(unused_mut)]
                let mut fields = vec![$((stringify!($field), slf.getattr(stringify!($field))?)),+];
                $($(
                    let value = slf.getattr(stringify!($more))?;
                    if !value.is_none() {
                        fields.push((stringify!($more), value));
                    }
                )+)?
                repr(stringify!($name), &fields)
            }

            fn __richcmp__(
                slf: &Bound<'_, Self>,
                other: &Bound<'_, PyAny>,
                op: pyo3::class::basic::CompareOp,
            ) -> PyResult<Py<PyAny>> {
                let same = match other.cast_exact::<Self>() {
                    Ok(other) => true $(&& slf.getattr(stringify!($field))?.eq(other.getattr(stringify!($field))?)?)+,
                    Err(_) => return Ok(slf.py().NotImplemented()),
                };
                match op {
                    pyo3::class::basic::CompareOp::Eq => same.into_py_any(slf.py()),
                    pyo3::class::basic::CompareOp::Ne => (!same).into_py_any(slf.py()),
                    _ => Ok(slf.py().NotImplemented()),
                }
            }

            fn __hash__(slf: &Bound<'_, Self>) -> PyResult<isize> {
               pyo3::types::PyTuple::new(slf.py(), [$(slf.getattr(stringify!($field))?),+])?.hash()
            }

            /// What `copy` and `pickle` make another one of.
            fn __getnewargs_ex__<'py>(
                slf: &Bound<'py, Self>,
            ) -> PyResult<(Bound<'py, pyo3::types::PyTuple>, Bound<'py, pyo3::types::PyDict>)> {
                let fields = [$(slf.getattr(stringify!($field))?),+];
                let more = pyo3::types::PyDict::new(slf.py());
                $($(more.set_item(stringify!($more), slf.getattr(stringify!($more))?)?;)+)?
                Ok((pyo3::types::PyTuple::new(slf.py(), fields)?, more))
            }
        }
    };
}
pub(crate) use event;

event! {
    /// A text message, complete.
    Text {
        /// The message.
        data: Py<PyString>,
    }
}

event! {
    /// A binary message, complete.
    Binary {
        /// The message.
        data: Py<PyBytes>,
    }
}

event! {
    /// A part of a message, as it arrived; only with `chunks=True`.
    Chunk {
        /// What the message carries. Text was checked up to here, but may end inside a character.
        kind: words::Kind,
        /// The bytes; empty only where a message ends with nothing more to tell.
        data: Py<PyBytes>,
        /// Whether the message begins here.
        first: bool,
        /// Whether the message ends here.
        last: bool,
    }
}

event! {
    /// The peer's ping. With `auto_pong` it is already answered.
    Ping {
        /// Its payload, up to 125 bytes.
        data: Py<PyBytes>,
    }
}

event! {
    /// The peer's pong.
    Pong {
        /// Its payload, up to 125 bytes.
        data: Py<PyBytes>,
    }
}

event! {
    /// A Close frame. As an event, `PeerClosing`, it is the peer's; with `auto_close` it is already
    /// answered.
    Close {
        /// `None` when the frame had no body.
        code: Option<u16>,
        /// Up to 123 bytes of UTF-8; empty without a code.
        reason: Py<PyString>,
    }
}

event! {
    /// The end. Every connection reports it exactly once, and nothing follows it.
    Closed {
        /// The code of the peer's Close frame; 1005 when it had none, 1006 when no frame came.
        code: u16,
        /// The reason in the peer's Close frame.
        reason: Py<PyString>,
        /// Whether both Close frames passed.
        clean: bool,
        /// What ended the connection.
        cause: words::Cause,
        /// The rule that the peer broke, a `ProtocolError`; `None` with any cause but `Cause.PEER`.
        error: Option<Py<PyString>>,
    } more {
        /// The limit that the peer broke; `None` where it broke none.
        limit: u64,
        /// How long what broke it had got, in bytes, when that was seen; `None` where that is not
        /// known.
        size: u64,
    }
}

/// What a connection allows, for whoever is told that it was too much.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) message: usize,
    pub(crate) frame: usize,
    pub(crate) fragments: u32,
}

/// The rule that was broken, as Python has it: a `str` of its own kind.
pub(crate) fn rule(py: Python<'_>, error: core::ProtocolError) -> PyResult<Py<PyString>> {
    let word = words::ProtocolError::from(error).into_pyobject(py)?;
    Ok(word.cast_into::<PyString>()?.unbind())
}

/// Makes the Python object of the end. `size` is how long a message was that was too long.
pub(crate) fn closed(
    py: Python<'_>,
    closed: &core::Closed,
    allowed: Allowed,
    size: Option<u64>,
) -> PyResult<Py<PyAny>> {
    let (mut error, mut limit) = (None, None);
    if let ClosedCause::Peer(broken) = closed.cause {
        error = Some(rule(py, broken)?);
        limit = match broken {
            core::ProtocolError::MessageTooLong => Some(allowed.message as u64),
            core::ProtocolError::FrameTooLong => Some(allowed.frame as u64),
            core::ProtocolError::TooManyFragments => Some(allowed.fragments.into()),
            _ => None,
        };
    }
    let (code, reason) = (closed.code, PyString::new(py, &closed.reason).unbind());
    let (clean, cause) = (closed.clean, closed.cause.into());
    Closed { code, reason, clean, cause, error, limit, size }.into_py_any(py)
}

/// Makes the Python object of any other event, its payload copied once.
pub(crate) fn to_python(py: Python<'_>, event: Event<'_>) -> PyResult<Py<PyAny>> {
    let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
    let string = |text: &str| PyString::new(py, text).unbind();
    match event {
        Event::Text(text) => Text { data: string(&text) }.into_py_any(py),
        Event::Binary(data) => Binary { data: bytes(&data) }.into_py_any(py),
        Event::Chunk(chunk) => Chunk {
            kind: chunk.kind.into(),
            data: bytes(&chunk.data),
            first: chunk.first,
            last: chunk.last,
        }
        .into_py_any(py),
        Event::Ping(data) => Ping { data: bytes(data) }.into_py_any(py),
        Event::Pong(data) => Pong { data: bytes(data) }.into_py_any(py),
        Event::PeerClosing(frame) => {
            let code = frame.code.map(CloseCode::get);
            Close { code, reason: string(frame.reason) }.into_py_any(py)
        }
        _ => Ok(py.None()),
    }
}

/// `Name(field=value, ...)`, long payloads cut.
pub(crate) fn repr(name: &str, fields: &[(&str, Bound<'_, PyAny>)]) -> PyResult<String> {
    let shown = fields.iter().map(|(field, value)| {
        let len = value.len().unwrap_or(0);
        if len <= SHOWN {
            return Ok(format!("{field}={}", value.repr()?));
        }
        let start = value.get_item(PySlice::new(value.py(), 0, SHOWN.cast_signed(), 1))?;
        Ok(format!("{field}={}... {len}", start.repr()?))
    });
    Ok(format!("{name}({})", shown.collect::<PyResult<Vec<_>>>()?.join(", ")))
}

/// How much of a payload a `repr` shows.
const SHOWN: usize = 64;
