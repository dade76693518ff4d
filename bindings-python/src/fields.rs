//! Header fields between Python and the engine.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::buffer;

/// Fields that own their bytes.
pub(crate) type Owned = Vec<(String, Vec<u8>)>;

/// Reads pairs of name and value, each a `str` or a buffer; of a mapping its items.
pub(crate) fn read(fields: &Bound<'_, PyAny>) -> PyResult<Owned> {
    let pairs = match fields.getattr_opt("items")? {
        Some(items) => items.call0()?,
        None => fields.clone(),
    };
    pairs
        .try_iter()?
        .map(|pair| {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
            // One that is not UTF-8 is no token either way: the engine's to judge, as the peer may
            // have sent it.
            let name = String::from_utf8_lossy(&text_or_bytes(&name)?).into_owned();
            Ok((name, text_or_bytes(&value)?))
        })
        .collect()
}

/// Fields as the engine borrows them.
pub(crate) fn lend(fields: &Owned) -> Vec<(&str, &[u8])> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
}

/// Fields as Python gets them: a tuple of pairs of `str` and `bytes`.
pub(crate) fn to_python<'py, 'a>(
    py: Python<'py>,
    fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> PyResult<Bound<'py, PyTuple>> {
    let pairs: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| (PyString::new(py, name), PyBytes::new(py, value)))
        .collect();
    PyTuple::new(py, pairs)
}

fn text_or_bytes(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.into()),
        Err(_) => buffer::to_vec(value),
    }
}
