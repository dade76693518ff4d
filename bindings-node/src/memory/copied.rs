//! Memory as WebAssembly sees it: `lib/engine/wasm` copies in and out.

use std::cell::RefCell;
use std::ffi::CStr;
use std::ops::Range;
use std::ptr;

use napi::bindgen_prelude::{Env, Object};
use napi::{JsValue, sys};

#[link(wasm_import_module = "wspair")]
unsafe extern "C" {
    /// How many bytes a `Uint8Array` has; 0 for any other value.
    safe fn bytes_length(value: sys::napi_value) -> usize;
    /// Copies bytes of one from an offset on, which has so many.
    fn bytes_in(value: sys::napi_value, from: usize, to: *mut u8, length: usize);
    /// Copies bytes to one, which has room for so many.
    fn bytes_out(value: sys::napi_value, from: usize, bytes: *const u8, length: usize);
    /// Makes an `ArrayBuffer` a property of `exports`: the copy of the shared memory.
    fn shared_new(exports: sys::napi_value, name: *const std::ffi::c_char, length: usize);
    fn shared_out(bytes: *const u8, length: usize);
    /// Weighs on the collector, or no longer.
    safe fn weigh(bytes: f64);
    /// Fills bytes with random ones.
    fn random(bytes: *mut u8, length: usize);
    /// Prints a text in UTF-8, and throws an error with as many of its last bytes as its message.
    fn throw(text: *const u8, length: usize, message: usize) -> !;
}

/// Lets a panic be an exception, which says what it is about, as it is natively. Only the first one:
/// as this hook does not return, each later one is a trap without a word.
pub(crate) fn throw_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = panic.to_string();
        // SAFETY: the text lies there.
        unsafe { throw(text.as_ptr(), text.len(), message.unwrap_or(&text).len()) };
    }));
}

/// What the crate getrandom calls where there is no system.
#[unsafe(no_mangle)]
unsafe fn __getrandom_v03_custom(bytes: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    // SAFETY: getrandom gives room for `length` bytes.
    unsafe { random(bytes, length) };
    Ok(())
}

thread_local! {
    static COPY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Looks at bytes of a `Uint8Array`, as far as they are there.
pub(crate) fn read<R>(
    _env: sys::napi_env,
    value: sys::napi_value,
    range: Range<usize>,
    f: impl FnOnce(&[u8]) -> R,
) -> R {
    let length = bytes_length(value).saturating_sub(range.start).min(range.len());
    copied(value, range.start, length, |bytes| f(bytes))
}

/// Changes bytes of a `Uint8Array` from an offset on.
pub(crate) fn edit<R>(
    _env: sys::napi_env,
    value: sys::napi_value,
    from: usize,
    f: impl FnOnce(&mut [u8]) -> R,
) -> R {
    let length = bytes_length(value).saturating_sub(from);
    copied(value, from, length, |bytes| {
        let given = f(bytes);
        // SAFETY: that many bytes were there before `f`, during which no script ran.
        unsafe { bytes_out(value, from, bytes.as_ptr(), bytes.len()) };
        given
    })
}

/// Writes bytes to a `Uint8Array` from an offset on; `f` says how many, and so does this.
pub(crate) fn fill(
    _env: sys::napi_env,
    value: sys::napi_value,
    from: usize,
    f: impl FnOnce(&mut [u8]) -> usize,
) -> usize {
    let length = bytes_length(value).saturating_sub(from);
    scratch(length, |room| {
        let written = f(room).min(length);
        // SAFETY: as in `edit`.
        unsafe { bytes_out(value, from, room.as_ptr(), written) };
        written
    })
}

fn copied<R>(
    value: sys::napi_value,
    from: usize,
    length: usize,
    f: impl FnOnce(&mut [u8]) -> R,
) -> R {
    scratch(length, |bytes| {
        // SAFETY: `length` bytes have room at `bytes`, and lie there.
        unsafe { bytes_in(value, from, bytes.as_mut_ptr(), length) };
        f(bytes)
    })
}

/// Room for so many bytes, with anything in it.
fn scratch<R>(length: usize, f: impl FnOnce(&mut [u8]) -> R) -> R {
    COPY.with_borrow_mut(|copy| {
        if copy.len() < length {
            copy.resize(length, 0);
        }
        let given = f(&mut copy[..length]);
        copy.truncate(KEPT);
        copy.shrink_to(KEPT);
        given
    })
}

/// Most bytes that are kept for the next call.
const KEPT: usize = 64 << 10;

/// Tells the collector of memory that it cannot see, in bytes, so that it hurries.
pub(crate) fn adjust(_env: Env, bytes: i64) -> napi::Result<()> {
    weigh(bytes as f64);
    Ok(())
}

/// Memory that this side writes, and of which JavaScript has a copy.
pub(crate) struct Shared<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Shared<N> {
    pub(crate) fn new(_env: Env) -> Self {
        Self(Box::new([0; N]))
    }

    /// Adds the copy to `exports`.
    pub(crate) fn export(&self, _env: Env, exports: &Object, name: &CStr) {
        // SAFETY: `exports` is live, `name` ends in NUL.
        unsafe { shared_new(exports.raw(), name.as_ptr(), N) };
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Lets JavaScript see so many bytes from the start.
    pub(crate) fn publish(&self, length: usize) {
        // SAFETY: no more than are there.
        unsafe { shared_out(self.0.as_ptr(), length.min(N)) };
    }
}

/// Room for what a call takes as bytes by Node-API itself: `lib/engine/wasm` asks for it.
#[unsafe(no_mangle)]
extern "C" fn wspair_allocate(length: usize) -> *mut u8 {
    let bytes: Box<[u8]> = vec![0; length].into_boxed_slice();
    Box::into_raw(bytes).cast()
}

/// Gives it back.
///
/// # Safety
///
/// It has to come from [`wspair_allocate`], with the same length, and nothing may use it any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn wspair_free(bytes: *mut u8, length: usize) {
    // SAFETY: as the caller promises.
    drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, length)) });
}
