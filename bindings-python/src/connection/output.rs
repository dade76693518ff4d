//! What waits to be written, as a transport takes it.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use wspair_core::{self as core, Transmit};

use crate::buffer;

/// All of it, as one object; empty when there is nothing.
pub(super) fn joined<'py>(
    py: Python<'py>,
    mut transmit: Transmit<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let len = transmit.len();
    let first = transmit.chunk();
    let bytes = if first.len() == len {
        let bytes = PyBytes::new(py, first);
        transmit.advance(len);
        bytes
    } else {
        buffer::drained(py, &mut transmit)?
    };
    if transmit.is_empty() {
        return Ok(bytes);
    }
    // Pongs took their place.
    let mut all = bytes.as_bytes().to_vec();
    transmit.drain_into(&mut all);
    Ok(PyBytes::new(py, &all))
}

/// All of it, as it lies.
pub(super) fn parts(mut transmit: Transmit<'_>) -> Vec<Bytes> {
    let mut parts = Vec::new();
    while let Some(part) = transmit.take_chunk() {
        parts.push(part);
    }
    parts
}

/// Parts as Python has them: long ones are not copied.
pub(super) fn buffers(py: Python<'_>, parts: Vec<Bytes>) -> PyResult<Bound<'_, PyList>> {
    let buffers = PyList::empty(py);
    for part in parts {
        if part.len() < VIEW {
            buffers.append(PyBytes::new(py, &part))?;
        } else {
            buffers.append(buffer::view(py, part)?)?;
        }
    }
    Ok(buffers)
}

/// A part of what waits to be written, for one write: a `bytes`, or a list of buffers.
pub(crate) fn output<'py>(
    py: Python<'py>,
    conn: &mut core::Connection,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut transmit = conn.transmit();
    let len = transmit.len();
    if len == 0 {
        return Ok(None);
    }
    if len < VIEW {
        let bytes = PyBytes::new_with(py, len, |out| {
            transmit.drain_to(out);
            Ok(())
        })?;
        return Ok(Some(bytes.into_any()));
    }
    let buffers = PyList::empty(py);
    let mut room = SLICE;
    while room > 0 && !transmit.is_empty() {
        let chunk = transmit.chunk();
        let len = chunk.len().min(room);
        room -= len;
        if len < VIEW || len < chunk.len() {
            buffers.append(PyBytes::new(py, &chunk[..len]))?;
            transmit.advance(len);
        } else if let Some(part) = transmit.take_chunk() {
            buffers.append(buffer::view(py, part)?)?;
        }
    }
    Ok(Some(buffers.into_any()))
}

/// Parts from this length on are viewed, shorter ones copied: a view costs as much as that.
const VIEW: usize = 4 << 10;

/// What a transport is given at a time, so that it is seen how fast the peer takes it.
const SLICE: usize = 256 << 10;
