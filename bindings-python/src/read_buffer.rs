//! Where bytes are read to: one buffer for all connections of a thread.
//!
//! A loop lends it, reads, and tells how much it read, all before it turns to another connection.
//! Where one does not, the other connection gets a buffer of its own.

use std::cell::{Cell, OnceCell};

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyMemoryView};

/// To whom the thread's buffer is lent: an address, never followed.
pub(crate) type Holder = usize;

struct Shared {
    bytes: Py<PyByteArray>,
    view: Py<PyMemoryView>,
}

thread_local! {
    static SHARED: OnceCell<Shared> = const { OnceCell::new() };
    static HOLDER: Cell<Holder> = const { Cell::new(NOBODY) };
}

const NOBODY: Holder = 0;

/// Lends the thread's buffer; `None` when another has it.
pub(crate) fn lend(py: Python<'_>, holder: Holder) -> PyResult<Option<Bound<'_, PyAny>>> {
    if HOLDER.get() != holder {
        if HOLDER.get() != NOBODY {
            return Ok(None);
        }
        HOLDER.set(holder);
    }
    SHARED.with(|shared| Ok(Some(shared_in(py, shared)?.view.bind(py).clone().into_any())))
}

/// Takes back what was lent, with the bytes that were read.
pub(crate) fn take_back(py: Python<'_>, holder: Holder) -> PyResult<Bound<'_, PyByteArray>> {
    release(holder);
    SHARED.with(|shared| Ok(shared_in(py, shared)?.bytes.bind(py).clone()))
}

/// Whoever is gone holds nothing.
pub(crate) fn release(holder: Holder) {
    // The thread may be ending.
    let _ = HOLDER.try_with(|it| {
        if it.get() == holder {
            it.set(NOBODY);
        }
    });
}

/// A buffer of a connection's own, for one read.
#[derive(Default)]
pub(crate) struct Own(Option<Py<PyByteArray>>);

impl Own {
    pub(crate) fn lend<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let own = self.0.get_or_insert_with(|| make(py).unbind());
        Ok(PyMemoryView::from(own.bind(py))?.into_any())
    }

    pub(crate) fn take(&mut self) -> Option<Py<PyByteArray>> {
        self.0.take()
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
