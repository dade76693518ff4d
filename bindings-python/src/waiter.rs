//! What a task waits on for the next message.
//!
//! To the task it is a future like asyncio's. What differs is how it is woken: from a callback of
//! the event loop, where no task runs, the waiting task is resumed then and there. That saves a
//! future, a handle and a turn of the loop for each message, and what the task sends in answer goes
//! out in the same turn.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::{MutexExt, PyOnceLock};
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, intern};

use crate::error::ConcurrencyError;

/// An awaitable that one task at a time waits on, again and again.
#[pyclass(frozen, module = "wspair._native")]
pub(crate) struct Waiter {
    event_loop: Py<PyAny>,
    /// What asyncio calls `_asyncio_future_blocking`: just yielded by an `await`.
    blocking: AtomicBool,
    stage: AtomicU8,
    /// With `WAITING` whom to call, with `CANCELLED` what to raise.
    held: Mutex<Held>,
}

const IDLE: u8 = 0;
/// A task waits.
const WAITING: u8 = 1;
/// The task is to go on, or does.
const WOKEN: u8 = 2;
/// The task was cancelled, and does not know yet.
const CANCELLED: u8 = 3;

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Callback {
        callback: Py<PyAny>,
        context: Py<PyAny>,
    },
    Message(Py<PyAny>),
}

/// Who wakes a task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    /// A callback of the event loop: no task runs.
    Loop,
    /// Anywhere else.
    Task,
}

impl Waiter {
    pub(crate) fn new(event_loop: Py<PyAny>) -> Self {
        let (blocking, stage) = (AtomicBool::new(false), AtomicU8::new(IDLE));
        Self { event_loop, blocking, stage, held: Mutex::default() }
    }

    /// Whether nobody waits, and nobody is about to learn that it is done.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_at(IDLE)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.is_at(WAITING)
    }

    /// Lets the task go on that waits, if one does.
    pub(crate) fn wake(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let py = slf.py();
        let Some((callback, context)) = slf.get().finish(py, WOKEN, Held::Nothing) else {
            return Ok(());
        };
        if caller == Caller::Task {
            return Self::schedule(slf, &callback, &context);
        }
        // A task asks for the result of what it is given, and asks an asyncio future without a call.
        match context.bind(py).call_method1(intern!(py, "run"), (&callback, done(py)?)) {
            Ok(_) => Ok(()),
            // Somebody calls the protocol from a task: asyncio does not run one inside another.
            Err(error) if error.is_instance_of::<PyRuntimeError>(py) && slf.get().is_at(WOKEN) => {
                Self::schedule(slf, &callback, &context)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the task goes on that was woken, which happens once.
    pub(crate) fn goes_on(&self) -> bool {
        let goes_on = self.is_at(WOKEN);
        if goes_on {
            self.stage.store(IDLE, Ordering::Relaxed);
        }
        goes_on
    }

    /// Says to the task that it is to wait.
    pub(crate) fn block(&self) -> PyResult<()> {
        if self.is_waiting() {
            return Err(ConcurrencyError::new_err("another task is reading"));
        }
        self.blocking.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Nobody waits any more.
    pub(crate) fn reset(&self, py: Python<'_>) {
        self.stage.store(IDLE, Ordering::Relaxed);
        let held = std::mem::take(&mut *self.lock(py));
        drop(held);
    }

    fn is_at(&self, stage: u8) -> bool {
        self.stage.load(Ordering::Relaxed) == stage
    }

    fn schedule(slf: &Bound<'_, Self>, callback: &Py<PyAny>, context: &Py<PyAny>) -> PyResult<()> {
        let py = slf.py();
        let keywords = PyDict::new(py);
        keywords.set_item(intern!(py, "context"), context)?;
        let event_loop = slf.get().event_loop.bind(py);
        event_loop.call_method(intern!(py, "call_soon"), (callback, slf), Some(&keywords))?;
        Ok(())
    }

    /// Moves on from waiting, and hands out who waited.
    fn finish(&self, py: Python<'_>, stage: u8, held: Held) -> Option<(Py<PyAny>, Py<PyAny>)> {
        if !self.is_at(WAITING) {
            return None;
        }
        let before = std::mem::replace(&mut *self.lock(py), held);
        match before {
            Held::Callback { callback, context } => {
                self.stage.store(stage, Ordering::Relaxed);
                Some((callback, context))
            }
            _ => None,
        }
    }

    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Held> {
        self.held.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future of asyncio's that is done, with nothing as its result.
fn done(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static DONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let done = DONE.get_or_try_init(py, || {
        py.import("wspair.asyncio._wire")?.getattr("DONE").map(Bound::unbind)
    })?;
    Ok(done.bind(py))
}

/// The protocol of `await`, and of a future as `asyncio.Task` uses it.
#[pymethods]
impl Waiter {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: Bound<'_, Self>) -> PyResult<Option<Bound<'_, Self>>> {
        if slf.get().goes_on() {
            return Ok(None);
        }
        slf.get().block()?;
        Ok(Some(slf))
    }

    #[pyo3(signature = (exception, value=None, _traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        exception: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        self.reset(py);
        Err(PyErr::from_value(value.unwrap_or(exception)))
    }

    fn close(&self, py: Python<'_>) {
        self.reset(py);
    }

    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        self.blocking.load(Ordering::Relaxed)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    /// What asyncio looks at where there is no `get_loop`, which costs it a call more.
    #[getter]
    fn _loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    #[pyo3(signature = (callback, *, context))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        context: Py<PyAny>,
    ) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        if this.is_at(WOKEN) || this.is_at(CANCELLED) {
            return Self::schedule(slf, &callback, &context);
        }
        let before = std::mem::replace(&mut *this.lock(py), Held::Callback { callback, context });
        this.stage.store(WAITING, Ordering::Relaxed);
        drop(before);
        Ok(())
    }

    /// Raises when the wait was cancelled.
    fn result(&self, py: Python<'_>) -> PyResult<()> {
        if !self.is_at(CANCELLED) {
            return Ok(());
        }
        let message = match &*self.lock(py) {
            Held::Message(message) => message.clone_ref(py),
            _ => py.None(),
        };
        let error = py.import(intern!(py, "asyncio"))?.getattr(intern!(py, "CancelledError"))?;
        let error = if message.is_none(py) { error.call0()? } else { error.call1((message,))? };
        Err(PyErr::from_value(error))
    }

    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let py = slf.py();
        let message = Held::Message(msg.unwrap_or_else(|| py.None()));
        let Some((callback, context)) = slf.get().finish(py, CANCELLED, message) else {
            return Ok(false);
        };
        Self::schedule(slf, &callback, &context)?;
        Ok(true)
    }

    fn cancelled(&self) -> bool {
        self.is_at(CANCELLED)
    }

    fn done(&self) -> bool {
        self.is_at(WOKEN) || self.is_at(CANCELLED)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        let Ok(held) = self.held.try_lock() else {
            return Ok(());
        };
        match &*held {
            Held::Callback { callback, context } => {
                visit.call(callback)?;
                visit.call(context)
            }
            Held::Message(message) => visit.call(message),
            Held::Nothing => Ok(()),
        }
    }

    fn __clear__(&self, py: Python<'_>) {
        self.reset(py);
    }
}
