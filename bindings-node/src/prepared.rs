//! Messages that are framed, and compressed, once for many connections.

use napi::bindgen_prelude::{External, Uint8Array};
use napi_derive::napi;
use wspair_core::Prepared;

/// A text message. Node replaces what is not UTF-8.
#[napi(catch_unwind)]
pub(crate) fn prepared_text(text: String) -> External<Prepared> {
    sized(Prepared::text(&text))
}

/// A binary message; the bytes are copied.
#[napi(catch_unwind)]
pub(crate) fn prepared_binary(data: Uint8Array) -> External<Prepared> {
    sized(Prepared::binary(&data))
}

/// With its size, so that Node collects large ones soon.
fn sized(message: Prepared) -> External<Prepared> {
    let size = message.payload().len();
    External::new_with_size_hint(message, size)
}
