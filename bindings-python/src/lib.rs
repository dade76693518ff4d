//! The native half of the Python package `wspair`.
//!
//! It converts, calls the engine, and converts back: no decision about the protocol is made here.
//!
//! Each object that changes is behind a mutex, so that threads may share it, with the GIL or
//! without. While a mutex is held no Python code runs: nothing is made that the garbage collector
//! tracks, and no object of unknown type is released (see [`pair`]).

mod buffer;
mod client;
mod connection;
mod coupling;
mod deflate;
mod error;
mod event;
mod fault;
mod fields;
mod frame_log;
mod inbox;
mod link;
mod message;
mod messages;
mod options;
mod pair;
mod read_buffer;
mod server;
mod waiter;
mod words;

/// The engine, the pair, and the coupling of the two; `wspair` re-exports what is public.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::client::{ClientHandshake, ClientRequest, Failed, Opened, Refused};
    #[pymodule_export]
    use super::connection::Connection;
    #[pymodule_export]
    use super::coupling::Coupling;
    #[pymodule_export]
    use super::deflate::{DeflateOptions, Negotiated};
    #[pymodule_export]
    use super::event::{Binary, Chunk, Close, Closed, Ping, Pong, Text};
    #[pymodule_export]
    use super::frame_log::FrameLog;
    #[pymodule_export]
    use super::link::Link;
    #[pymodule_export]
    use super::message::Prepared;
    #[pymodule_export]
    use super::messages::Messages;
    #[pymodule_export]
    use super::pair::{CloseEvent, ErrorEvent, MessageEvent, Pair};
    #[pymodule_export]
    use super::server::{Acceptance, Policy, Refusal, Request, ServerHandshake, accept_key};
    #[pymodule_export]
    use super::waiter::Waiter;

    use pyo3::types::PyModuleMethods;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        module.add("ANSWER_WITHIN", super::link::ANSWER_WITHIN.as_secs_f64())?;
        // No Python code may run where an enum's member is made.
        super::words::prepare(module.py())
    }
}

/// For maturin, which built for Windows with other tools than Microsoft's has the linker export this name, and
/// no other. Nobody calls it.
#[cfg(all(windows, not(target_env = "msvc")))]
#[unsafe(export_name = "PyInit_wspair._native")]
extern "C" fn exported() {}

// The name that CPython looks for, which is exported with it.
#[cfg(all(windows, not(target_env = "msvc")))]
core::arch::global_asm!(".section .drectve, \"yn\"", ".ascii \" -export:PyInit__native\"", ".text",);
