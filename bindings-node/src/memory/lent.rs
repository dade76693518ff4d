//! Memory as native code sees it: where it lies.

use std::ffi::CStr;
use std::ops::Range;
use std::ptr;

use napi::bindgen_prelude::{Env, Object, Result};
use napi::{JsValue, sys};

/// Looks at bytes of a `Uint8Array`, as far as they are there.
pub(crate) fn read<R>(
    env: sys::napi_env,
    value: sys::napi_value,
    range: Range<usize>,
    f: impl FnOnce(&[u8]) -> R,
) -> R {
    edit(env, value, range.start, |bytes| f(&bytes[..range.len().min(bytes.len())]))
}

/// Changes bytes of a `Uint8Array` from an offset on.
pub(crate) fn edit<R>(
    env: sys::napi_env,
    value: sys::napi_value,
    from: usize,
    f: impl FnOnce(&mut [u8]) -> R,
) -> R {
    let mut kind = -1;
    let (mut length, mut data) = (0, ptr::null_mut());
    // SAFETY: `env` and the value are live while the call runs. What is not asked for may be null.
    unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        );
    }
    if kind != sys::TypedarrayType::uint8_array || data.is_null() {
        return f(&mut []);
    }
    // SAFETY: Node says that `length` bytes lie at `data`, initialised as all of JavaScript's
    // memory is. No script runs, and so none detaches or changes them, before `f` returns, which
    // has no way to ask for another view of them; memory that another thread may change is kept
    // out by the shell.
    let bytes = unsafe { std::slice::from_raw_parts_mut(data.cast(), length) };
    f(bytes.get_mut(from..).unwrap_or_default())
}

/// Writes bytes to a `Uint8Array` from an offset on; `f` says how many, and so does this.
pub(crate) fn fill(
    env: sys::napi_env,
    value: sys::napi_value,
    from: usize,
    f: impl FnOnce(&mut [u8]) -> usize,
) -> usize {
    edit(env, value, from, f)
}

/// Tells the collector of memory that it cannot see, in bytes, so that it hurries.
pub(crate) fn adjust(env: Env, bytes: i64) -> Result<()> {
    env.adjust_external_memory(bytes).map(drop)
}

/// Memory that JavaScript reads and this side writes, for as long as its thread lives.
pub(crate) struct Shared<const N: usize> {
    data: *mut u8,
    reference: sys::napi_ref,
}

impl<const N: usize> Shared<N> {
    pub(crate) fn new(env: Env) -> Self {
        let (mut data, mut buffer) = (ptr::null_mut(), ptr::null_mut());
        let mut reference = ptr::null_mut();
        // SAFETY: `env` is live; the reference, which is never deleted, keeps the buffer alive.
        let status = unsafe {
            sys::napi_create_arraybuffer(env.raw(), N, &raw mut data, &raw mut buffer)
                | sys::napi_create_reference(env.raw(), buffer, 1, &raw mut reference)
        };
        assert!(status == sys::Status::napi_ok && !data.is_null(), "there is memory");
        Self { data: data.cast(), reference }
    }

    /// Adds the `ArrayBuffer` to `exports`.
    pub(crate) fn export(&self, env: Env, exports: &Object, name: &CStr) {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is strong and belongs to this thread's `env`; `name` ends in NUL.
        unsafe {
            sys::napi_get_reference_value(env.raw(), self.reference, &raw mut value);
            sys::napi_set_named_property(env.raw(), exports.raw(), name.as_ptr(), value);
        }
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8; N] {
        // SAFETY: `N` bytes, zeroed by Node at first, lie at `data` as long as the buffer is not
        // detached, which `lib/engine/engine.ts`, the only holder, never does. `self` is borrowed
        // mutably, and no script runs meanwhile.
        unsafe { &mut *self.data.cast() }
    }

    /// Lets JavaScript see so many bytes from the start, which it does already.
    #[expect(clippy::unused_self, reason = "for WebAssembly it does something")]
    pub(crate) fn publish(&self, _length: usize) {}
}
