//! Bytes in and out of Python without the allocations of a general buffer object.

use std::mem::MaybeUninit;
use std::os::raw::{c_char, c_int};
use std::ptr;

use bytes::Bytes;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};
use wspair_core::Transmit;

/// Lends the bytes of `data`: those of a `bytes` where they lie, those of any other buffer as a
/// copy, because another thread may write there at any time.
pub(crate) fn with_bytes<R>(
    data: &Bound<'_, PyAny>,
    f: impl FnOnce(&[u8]) -> PyResult<R>,
) -> PyResult<R> {
    match data.cast::<PyBytes>() {
        Ok(bytes) => f(bytes.as_bytes()),
        Err(_) => f(&to_vec(data)?),
    }
}

/// Copies the bytes of any buffer, in the order of its items.
pub(crate) fn to_vec(data: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let view = match View::of(data) {
        Ok(view) => view,
        Err(error) => return gather(data).ok_or(error),
    };
    let mut copy = Vec::with_capacity(view.len());
    if view.len() > 0 {
        // SAFETY: `buf` has `len` bytes until the release, `copy` has room for as many, and all
        // of them are set before its length says so.
        unsafe {
            ptr::copy_nonoverlapping(view.0.buf.cast::<u8>(), copy.as_mut_ptr(), view.len());
            copy.set_len(view.len());
        }
    }
    Ok(copy)
}

/// Copies the bytes of a buffer that does not lie in one piece; `None` when it cannot be read.
fn gather(data: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    let mut view = MaybeUninit::<ffi::Py_buffer>::uninit();
    let view = view.as_mut_ptr();
    // SAFETY: `data` is a live object, and the call fills `view` when it returns 0.
    if unsafe { ffi::PyObject_GetBuffer(data.as_ptr(), view, ffi::PyBUF_FULL_RO) } != 0 {
        // What is wrong with it was said before.
        drop(PyErr::take(data.py()));
        return None;
    }
    // SAFETY: filled by the call above. It stays where it is, as it may point into itself.
    let len = unsafe { (*view).len };
    let mut copy = vec![0; usize::try_from(len).unwrap_or(0)];
    // SAFETY: `copy` has the `len` bytes that are to be written, and the view is filled. It is
    // released once, in the call that it was made in.
    let status = unsafe {
        let order = c_char::try_from(b'C').unwrap_or_default();
        let status = ffi::PyBuffer_ToContiguous(copy.as_mut_ptr().cast(), view, len, order);
        ffi::PyBuffer_Release(view);
        status
    };
    if status != 0 {
        drop(PyErr::take(data.py()));
        return None;
    }
    Some(copy)
}

/// Whether an object has a buffer at all.
pub(crate) fn is_buffer(data: &Bound<'_, PyAny>) -> bool {
    // SAFETY: `data` is a live object.
    unsafe { ffi::PyObject_CheckBuffer(data.as_ptr()) == 1 }
}

/// How many bytes a C-contiguous buffer has.
pub(crate) fn len(data: &Bound<'_, PyAny>) -> PyResult<usize> {
    View::of(data).map(|view| view.len())
}

/// A buffer that is released when this is dropped.
struct View(ffi::Py_buffer);

impl View {
    fn of(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut view = MaybeUninit::<ffi::Py_buffer>::uninit();
        // SAFETY: `data` is a live object, and the call fills `view` when it returns 0.
        let status =
            unsafe { ffi::PyObject_GetBuffer(data.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_SIMPLE) };
        if status != 0 {
            return Err(PyErr::fetch(data.py()));
        }
        // SAFETY: the call above succeeded, so `view` is filled. A simple view has no pointers
        // into itself, so it may move.
        Ok(Self(unsafe { view.assume_init() }))
    }

    fn len(&self) -> usize {
        usize::try_from(self.0.len).unwrap_or(0)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: filled by `PyObject_GetBuffer`, released once; a view does not outlive the call
        // it was made in, so the thread is attached.
        unsafe { ffi::PyBuffer_Release(&raw mut self.0) };
    }
}

/// Lends the first `n` bytes of the read buffer that this package made, or all it has.
///
/// `f` must not run Python code, which could write to the buffer or resize it.
pub(crate) fn with_read_buffer<R>(
    buffer: &Bound<'_, PyByteArray>,
    n: usize,
    f: impl FnOnce(&[u8]) -> R,
) -> R {
    pyo3::sync::critical_section::with_critical_section(buffer, || {
        // SAFETY: the GIL, or in its place the critical section, keeps other threads from the
        // object, and `f` runs no Python code. The transport that was lent the buffer is done
        // writing when it tells how much it wrote: that is what telling means.
        let bytes = unsafe { buffer.as_bytes() };
        f(&bytes[..n.min(bytes.len())])
    })
}

/// As `with_read_buffer`, for bytes that are changed where they lie.
pub(crate) fn with_read_buffer_mut<R>(
    buffer: &Bound<'_, PyByteArray>,
    n: usize,
    f: impl FnOnce(&mut [u8]) -> R,
) -> R {
    pyo3::sync::critical_section::with_critical_section(buffer, || {
        // SAFETY: as above; nothing else of this package looks at the buffer meanwhile.
        let bytes = unsafe { buffer.as_bytes_mut() };
        let n = n.min(bytes.len());
        f(&mut bytes[..n])
    })
}

/// Bytes of the engine's that Python reads where they lie.
#[pyclass(frozen)]
struct Shared(Bytes);

#[pymethods]
impl Shared {
    /// # Safety
    /// `view` is the interpreter's, to be filled.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let bytes = &slf.get().0;
        let (start, len) = (bytes.as_ptr().cast_mut(), bytes.len());
        // SAFETY: the bytes never change, are marked read-only, and live as long as the object,
        // to which the view gets a reference of its own.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(view, slf.as_ptr(), start.cast(), len.cast_signed(), 1, flags)
        };
        if status == 0 { Ok(()) } else { Err(PyBufferError::new_err("the buffer is read-only")) }
    }
}

/// A `memoryview` of bytes of the engine's, without a copy.
pub(crate) fn view(py: Python<'_>, bytes: Bytes) -> PyResult<Bound<'_, PyAny>> {
    let shared = Bound::new(py, Shared(bytes))?;
    Ok(PyMemoryView::from(shared.as_any())?.into_any())
}

/// Takes all that waits, as one object. It is copied once, into memory that is not cleared before.
pub(crate) fn drained<'py>(
    py: Python<'py>,
    transmit: &mut Transmit<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let len = transmit.len();
    let size = ffi::Py_ssize_t::try_from(len)?;
    // SAFETY: without a pointer, it makes an object of `size` bytes that nobody else has.
    let bytes = unsafe {
        let made = ffi::PyBytes_FromStringAndSize(ptr::null(), size);
        Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked::<PyBytes>()
    };
    // SAFETY: the memory of that object, of which nothing is read before it is written.
    let mut to = unsafe {
        let memory = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<MaybeUninit<u8>>();
        std::slice::from_raw_parts_mut(memory, len)
    };
    while !to.is_empty() {
        let chunk = transmit.chunk();
        let (now, rest) = to.split_at_mut(chunk.len().min(to.len()));
        now.iter_mut().zip(chunk).for_each(|(to, byte)| _ = to.write(*byte));
        transmit.advance(now.len());
        to = rest;
    }
    Ok(bytes)
}
