//! Functions of bytes and text, bound straight to Node-API: what a connection's data goes through.
//!
//! As in `numeric`, whose reasons hold here too, and where the rest of the unsafe code is.

use std::ffi::CStr;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{Env, Object, Result};
use napi::sys;

use crate::memory;
use crate::numeric::{add, answer};

/// A function that JavaScript calls with up to four values, and that gives a number.
pub(crate) trait Raw {
    /// What JavaScript calls it.
    const NAME: &CStr;

    fn call(arguments: &Arguments) -> f64;
}

/// The same, that gives a text.
pub(crate) trait RawText {
    /// What JavaScript calls it.
    const NAME: &CStr;

    fn call(arguments: &Arguments, give: &mut Give<'_>);
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

    /// Looks at bytes of a `Uint8Array`.
    pub(crate) fn read<R>(&self, at: usize, range: Range<usize>, f: impl FnOnce(&[u8]) -> R) -> R {
        memory::read(self.env, self.values[at], range, f)
    }

    /// Changes bytes of a `Uint8Array` from an offset on.
    pub(crate) fn edit<R>(&self, at: usize, from: usize, f: impl FnOnce(&mut [u8]) -> R) -> R {
        memory::edit(self.env, self.values[at], from, f)
    }

    /// Writes bytes to a `Uint8Array` from an offset on: as many as `f` gives.
    pub(crate) fn fill(&self, at: usize, from: usize, f: impl FnOnce(&mut [u8]) -> usize) -> usize {
        memory::fill(self.env, self.values[at], from, f)
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
    let arguments = arguments(env, info);
    answer(env, catch_unwind(AssertUnwindSafe(|| F::call(&arguments))))
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
    let arguments = arguments(env, info);
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
    match catch_unwind(AssertUnwindSafe(|| F::call(&arguments, &mut give))) {
        Ok(()) => text,
        Err(panic) => answer(env, Err(panic)),
    }
}
