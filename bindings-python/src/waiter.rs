//! What a task waits on for the next message.
//!
//! To the task it is a future like asyncio's. What differs is how it is woken: from a callback of
//! the event loop, where no task runs, the waiting task is resumed then and there. That saves a
//! future, a handle and a turn of the loop for each message, and what the task sends in answer goes
//! out in the same turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, intern};

/// An awaitable that one task at a time waits on, again and again.
#[pyclass(frozen, module = "wspair._native")]
pub(crate) struct Waiter {
    event_loop: Py<PyAny>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What asyncio calls `_asyncio_future_blocking`: just yielded by an `await`.
    blocking: bool,
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Waiting {
        callback: Py<PyAny>,
        context: Py<PyAny>,
    },
    /// The task is to go on, or does.
    Woken,
    /// The task was cancelled, and does not know yet.
    Cancelled {
        message: Py<PyAny>,
    },
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
        Self { event_loop, state: Mutex::default() }
    }

    /// Whether nobody waits, and nobody is about to learn that it is done.
    pub(crate) fn is_idle(&self, py: Python<'_>) -> bool {
        matches!(self.lock(py).stage, Stage::Idle)
    }

    pub(crate) fn is_waiting(&self, py: Python<'_>) -> bool {
        matches!(self.lock(py).stage, Stage::Waiting { .. })
    }

    /// Lets the task go on that waits, if one does.
    pub(crate) fn wake(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let Some((callback, context)) = slf.get().take(slf.py(), Stage::Woken) else {
            return Ok(());
        };
        if caller == Caller::Task {
            return Self::schedule(slf, &callback, &context);
        }
        let py = slf.py();
        match context.bind(py).call_method1(intern!(py, "run"), (&callback, slf)) {
            Ok(_) => Ok(()),
            // Somebody calls the protocol from a task: asyncio does not run one inside another.
            Err(error) if error.is_instance_of::<PyRuntimeError>(py) && slf.get().is_woken(py) => {
                Self::schedule(slf, &callback, &context)
            }
            Err(error) => Err(error),
        }
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
    fn take(&self, py: Python<'_>, next: Stage) -> Option<(Py<PyAny>, Py<PyAny>)> {
        let mut state = self.lock(py);
        if !matches!(state.stage, Stage::Waiting { .. }) {
            return None;
        }
        match std::mem::replace(&mut state.stage, next) {
            Stage::Waiting { callback, context } => Some((callback, context)),
            _ => None,
        }
    }

    fn is_woken(&self, py: Python<'_>) -> bool {
        matches!(self.lock(py).stage, Stage::Woken)
    }

    /// Nobody waits any more. What was held is released with nothing locked.
    fn reset(&self, py: Python<'_>) {
        let stage = std::mem::take(&mut self.lock(py).stage);
        drop(stage);
    }

    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, State> {
        self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
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

    fn __next__(slf: Bound<'_, Self>) -> Option<Bound<'_, Self>> {
        let mut state = slf.get().lock(slf.py());
        if let Stage::Woken = state.stage {
            state.stage = Stage::Idle;
            drop(state);
            return None;
        }
        state.blocking = true;
        drop(state);
        Some(slf)
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
    fn blocking(&self, py: Python<'_>) -> bool {
        self.lock(py).blocking
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, py: Python<'_>, blocking: bool) {
        self.lock(py).blocking = blocking;
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    #[pyo3(signature = (callback, *, context))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        context: Py<PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        let mut state = slf.get().lock(py);
        if let Stage::Idle | Stage::Waiting { .. } = state.stage {
            let waiting = Stage::Waiting { callback, context };
            let before = std::mem::replace(&mut state.stage, waiting);
            drop(state);
            drop(before);
            return Ok(());
        }
        drop(state);
        Self::schedule(slf, &callback, &context)
    }

    /// Raises when the wait was cancelled.
    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let message = match &self.lock(py).stage {
            Stage::Cancelled { message } => message.clone_ref(py),
            _ => return Ok(()),
        };
        let error = py.import(intern!(py, "asyncio"))?.getattr(intern!(py, "CancelledError"))?;
        let error = if message.is_none(py) { error.call0()? } else { error.call1((message,))? };
        Err(PyErr::from_value(error))
    }

    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let py = slf.py();
        let message = msg.unwrap_or_else(|| py.None());
        let Some((callback, context)) = slf.get().take(py, Stage::Cancelled { message }) else {
            return Ok(false);
        };
        Self::schedule(slf, &callback, &context)?;
        Ok(true)
    }

    fn cancelled(&self, py: Python<'_>) -> bool {
        matches!(self.lock(py).stage, Stage::Cancelled { .. })
    }

    fn done(&self, py: Python<'_>) -> bool {
        matches!(self.lock(py).stage, Stage::Woken | Stage::Cancelled { .. })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        match &state.stage {
            Stage::Waiting { callback, context } => {
                visit.call(callback)?;
                visit.call(context)
            }
            Stage::Cancelled { message } => visit.call(message),
            Stage::Idle | Stage::Woken => Ok(()),
        }
    }

    fn __clear__(&self, py: Python<'_>) {
        self.reset(py);
    }
}
