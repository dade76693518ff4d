//! The bytes that a program keeps with an end.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::pair::{Handle, status, with};

/// Keeps bytes with an end, instead of those before. Gives a status.
#[napi(catch_unwind)]
pub(crate) fn pair_attach(handle: u32, bytes: &[u8]) -> u32 {
    let handle = Handle::from(handle);
    with(handle, |entry| status(entry.pair.set_attachment(handle.end, bytes.to_vec())))
}

/// The bytes that were kept.
#[napi(catch_unwind)]
pub(crate) fn pair_attachment(handle: u32) -> Option<Buffer> {
    let handle = Handle::from(handle);
    with(handle, |entry| entry.pair.attachment(handle.end).map(Buffer::from))
}
