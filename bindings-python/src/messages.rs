//! What `async for` goes over: the messages of a connection.

use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, intern};

use crate::link::{Link, Received};

/// An asynchronous iterator that is its own awaitable: a message costs neither a coroutine nor an
/// object.
#[pyclass(frozen, module = "wspair._native")]
pub(crate) struct Messages {
    link: Py<Link>,
    /// Whose messages they are. It says what the end means: `_end_iteration` raises.
    owner: Py<PyAny>,
    /// The `StopIteration` that each message is returned with: making one costs as much as all else
    /// here.
    stop: Py<PyAny>,
}

#[pymethods]
impl Messages {
    #[new]
    fn new(py: Python<'_>, link: Py<Link>, owner: Py<PyAny>) -> PyResult<Self> {
        let stop = py.get_type::<PyStopIteration>().call0()?.unbind();
        Ok(Self { link, owner, stop })
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Yields what to wait on, returns a message, or raises what ends the iteration.
    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match Link::receive_or_wait(self.link.bind(py))? {
            Received::Message(message) => {
                self.stop.setattr(py, intern!(py, "value"), message)?;
                Err(PyErr::from_value(self.stop.bind(py).clone()))
            }
            Received::Wait(waiter) => {
                // The message before is the application's alone.
                self.stop.setattr(py, intern!(py, "value"), py.None())?;
                Ok(waiter.into_any())
            }
            Received::End => self.owner.call_method0(py, intern!(py, "_end_iteration")),
        }
    }

    #[pyo3(signature = (exception, value=None, _traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        exception: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        self.close(py);
        Err(PyErr::from_value(value.unwrap_or(exception)))
    }

    fn close(&self, py: Python<'_>) {
        self.link.get().stop_waiting(py);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.link)?;
        visit.call(&self.owner)?;
        visit.call(&self.stop)
    }
}
