//! Where bytes are read to: one buffer for all connections of a thread, where its loop allows that.
//!
//! A loop over readiness reads into what it was lent before it asks for anything else, or drops it
//! unused. One over completions has many reads under way: there each connection has its own.

use std::cell::OnceCell;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyMemoryView};

struct Shared {
    bytes: Py<PyByteArray>,
    view: Py<PyMemoryView>,
}

thread_local! {
    static SHARED: OnceCell<Shared> = const { OnceCell::new() };
}

/// Whether an event loop is known to read at once.
pub(crate) fn is_shared(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    static SELECTOR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = event_loop.py();
    let selector = SELECTOR.get_or_try_init(py, || {
        py.import("asyncio")?.getattr("SelectorEventLoop").map(Bound::unbind)
    })?;
    if event_loop.is_instance(selector.bind(py))? {
        return Ok(true);
    }
    let module = event_loop.get_type().getattr(intern!(py, "__module__"))?;
    Ok(module.extract::<String>().is_ok_and(|it| it.split('.').next() == Some("uvloop")))
}

/// Lends the thread's buffer.
pub(crate) fn lend(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    SHARED.with(|shared| Ok(shared_in(py, shared)?.view.bind(py).clone().into_any()))
}

/// The thread's buffer, with the bytes that were read.
pub(crate) fn take_back(py: Python<'_>) -> PyResult<Bound<'_, PyByteArray>> {
    SHARED.with(|shared| Ok(shared_in(py, shared)?.bytes.bind(py).clone()))
}

/// A buffer of a connection's own.
#[derive(Default)]
pub(crate) struct Own(Option<Py<PyByteArray>>);

impl Own {
    pub(crate) fn lend<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let own = self.0.get_or_insert_with(|| make(py).unbind());
        Ok(PyMemoryView::from(own.bind(py))?.into_any())
    }

    pub(crate) fn take_back<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyByteArray>> {
        self.0.as_ref().map(|own| own.bind(py).clone())
    }
}

fn shared_in<'a>(py: Python<'_>, shared: &'a OnceCell<Shared>) -> PyResult<&'a Shared> {
    if shared.get().is_none() {
        let bytes = make(py);
        let view = PyMemoryView::from(&bytes)?.unbind();
        let _ = shared.set(Shared { bytes: bytes.unbind(), view });
    }
    Ok(shared.get().expect("set above"))
}

fn make(py: Python<'_>) -> Bound<'_, PyByteArray> {
    PyByteArray::new(py, &vec![0; READ])
}

/// What one read gets at most.
const READ: usize = 64 << 10;
