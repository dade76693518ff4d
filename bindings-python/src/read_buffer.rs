//! Where bytes are read to: one buffer for all connections of a thread.
//!
//! A loop lends it, reads, and tells how much it read, all before it turns to another connection.
//! Where one does not, the other connection gets a buffer of its own.

use std::cell::{Cell, OnceCell};

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyMemoryView};

/// Who has the thread's buffer: an address, never followed.
type Holder = usize;

struct Shared {
    bytes: Py<PyByteArray>,
    view: Py<PyMemoryView>,
}

thread_local! {
    static SHARED: OnceCell<Shared> = const { OnceCell::new() };
    static HOLDER: Cell<Holder> = const { Cell::new(0) };
}

/// A connection's claim on a buffer.
#[derive(Default)]
pub(crate) struct Lease(Option<Py<PyByteArray>>);

impl Lease {
    /// Lends a buffer of `READ` bytes.
    pub(crate) fn lend<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let holder = std::ptr::from_ref(self).addr();
        let other = HOLDER.with(|it| it.get() != 0 && it.get() != holder);
        if other || self.0.is_some() {
            let own = self.0.get_or_insert_with(|| make(py).unbind());
            return Ok(PyMemoryView::from(own.bind(py))?.into_any());
        }
        HOLDER.set(holder);
        SHARED.with(|shared| Ok(shared_in(py, shared)?.view.bind(py).clone().into_any()))
    }

    /// Takes back what was lent, with the bytes that were read.
    pub(crate) fn take_back<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyByteArray>> {
        if let Some(own) = self.0.take() {
            return Ok(own.into_bound(py));
        }
        self.release();
        SHARED.with(|shared| Ok(shared_in(py, shared)?.bytes.bind(py).clone()))
    }

    fn release(&self) {
        // The thread may be ending.
        let _ = HOLDER.try_with(|it| {
            if it.get() == std::ptr::from_ref(self).addr() {
                it.set(0);
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
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
