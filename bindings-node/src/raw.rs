//! Functions of bytes and text, bound straight to Node-API: what a connection's data goes through.
//!
//! As in `numeric`, whose reasons hold here too, and where the rest of the unsafe code is.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{Env, Object, Result};
use napi::{JsValue, sys};

use crate::numeric::{add, answer};

/// A function that JavaScript calls with up to four values, and that gives a number.
pub(crate) trait Raw {
    /// What JavaScript calls it.
    const NAME: &CStr;

    fn call(arguments: &mut Arguments) -> f64;
}

/// The same, that gives a text.
pub(crate) trait RawText {
    /// What JavaScript calls it.
    const NAME: &CStr;

    fn call(arguments: &mut Arguments, give: &mut Give<'_>);
}

/// A text as JavaScript's strings keep it.
#[derive(Clone, Copy)]
pub(crate) enum Units<'a> {
    Ascii(&'a [u8]),
    Utf16(&'a [u16]),
}

/// Makes the string.
pub(crate) type Give<'a> = dyn FnMut(Units<'_>) + 'a;

/// What a function was called with, for as long as it runs.
pub(crate) struct Arguments {
    env: sys::napi_env,
    values: [sys::napi_value; 4],
}

impl Arguments {
    /// A number; NaN for any other value.
    pub(crate) fn number(&self, at: usize) -> f64 {
        let mut number = f64::NAN;
        // SAFETY: `env` and the values are live while the call runs; another value than a number
        // leaves `number` as it is.
        unsafe { sys::napi_get_value_double(self.env, self.values[at], &raw mut number) };
        number
    }

    /// The bytes of a `Uint8Array`; none of any other value.
    ///
    /// One at a time: the borrow of `self` keeps two views of the same memory from existing.
    pub(crate) fn bytes(&mut self, at: usize) -> &mut [u8] {
        let mut kind = -1;
        let (mut length, mut data) = (0, ptr::null_mut());
        // SAFETY: as above. What is not asked for may be null.
        unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.values[at],
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                ptr::null_mut(),
                ptr::null_mut(),
            );
        }
        if kind != sys::TypedarrayType::uint8_array || data.is_null() {
            return &mut [];
        }
        // SAFETY: Node says that `length` bytes lie at `data`, initialised as all of JavaScript's
        // memory is. No script runs, and so none detaches or changes them, before the call
        // returns; memory that another thread may change is kept out by the shell.
        unsafe { std::slice::from_raw_parts_mut(data.cast(), length) }
    }

    /// Appends a text to `to`, with its lone surrogates replaced.
    pub(crate) fn text(&self, at: usize, to: &mut Vec<u8>) {
        to.reserve(SHORT);
        if self.text_into_spare(at, to) {
            return;
        }
        let mut length = 0;
        // SAFETY: without a buffer only the length is told.
        unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.values[at],
                ptr::null_mut(),
                0,
                &raw mut length,
            );
        }
        // As `text_into_spare` wants it to be sure.
        to.reserve(length + 8);
        self.text_into_spare(at, to);
    }

    /// Appends the text, unless it may not fit: it is ended by a NUL, and cut between characters.
    fn text_into_spare(&self, at: usize, to: &mut Vec<u8>) -> bool {
        let spare = to.spare_capacity_mut();
        let (room, mut written) = (spare.len(), 0);
        // SAFETY: at most `room` bytes are written, the NUL included; `written` of them are
        // initialised then, and lie in the spare capacity.
        unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.values[at],
                spare.as_mut_ptr().cast(),
                room,
                &raw mut written,
            );
            if written + 8 > room {
                return false;
            }
            to.set_len(to.len() + written);
        }
        true
    }
}

/// What most texts fit in.
const SHORT: usize = 1 << 10;

/// Adds `F` to `exports`.
pub(crate) fn register<F: Raw>(env: Env, exports: &Object) -> Result<()> {
    add(env, exports, F::NAME, enter::<F>)
}

extern "C" fn enter<F: Raw>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut arguments = arguments(env, info);
    answer(env, catch_unwind(AssertUnwindSafe(|| F::call(&mut arguments))))
}

fn arguments(env: sys::napi_env, info: sys::napi_callback_info) -> Arguments {
    let mut count = 4;
    let mut values = [ptr::null_mut(); 4];
    // SAFETY: Node calls this with a live `env` and `info`, `values` has room for `count`
    // arguments, and what the caller left out is `undefined`.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            values.as_mut_ptr(),
            ptr::null_mut(),
            ptr::null_mut(),
        );
    }
    Arguments { env, values }
}

/// Adds `F` to `exports`.
pub(crate) fn register_text<F: RawText>(env: Env, exports: &Object) -> Result<()> {
    add(env, exports, F::NAME, enter_text::<F>)
}

extern "C" fn enter_text<F: RawText>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut arguments = arguments(env, info);
    let mut text = ptr::null_mut();
    let mut give = |units: Units<'_>| {
        // SAFETY: `env` is that of the call; the units are told with their number, and copied.
        unsafe {
            match units {
                Units::Ascii(bytes) => {
                    let length = bytes.len().cast_signed();
                    sys::napi_create_string_latin1(
                        env,
                        bytes.as_ptr().cast(),
                        length,
                        &raw mut text,
                    )
                }
                Units::Utf16(units) => {
                    let length = units.len().cast_signed();
                    sys::napi_create_string_utf16(env, units.as_ptr(), length, &raw mut text)
                }
            };
        }
    };
    match catch_unwind(AssertUnwindSafe(|| F::call(&mut arguments, &mut give))) {
        Ok(()) => text,
        Err(panic) => answer(env, Err(panic)),
    }
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
}
