//! Functions of numbers, bound straight to Node-API.
//!
//! `#[napi]` costs about 100 ns a call, this half of it. All unsafe code of the crate is here, in
//! `raw`, in `memory` and in `socket`.

use std::any::Any;
use std::ffi::CStr;
use std::panic::catch_unwind;
use std::ptr;

use napi::bindgen_prelude::{Env, Object, Result};
use napi::{JsValue, check_status, sys};

/// A function that JavaScript calls with two numbers; an argument that it leaves out is NaN.
pub(crate) trait Numeric {
    /// What JavaScript calls it.
    const NAME: &CStr;

    fn call(a: f64, b: f64) -> f64;
}

/// Adds `F` to `exports`.
pub(crate) fn register<F: Numeric>(env: Env, exports: &Object) -> Result<()> {
    add(env, exports, F::NAME, enter::<F>)
}

/// Adds a function to `exports`.
pub(crate) fn add(
    env: Env,
    exports: &Object,
    name: &CStr,
    enter: extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
) -> Result<()> {
    let length = name.count_bytes().cast_signed();
    let mut function = ptr::null_mut();
    // SAFETY: `env` and `exports` are alive while the module is being loaded, `name` ends in NUL
    // and is told with its length, and no data is bound that could go away.
    unsafe {
        check_status!(sys::napi_create_function(
            env.raw(),
            name.as_ptr(),
            length,
            Some(enter),
            ptr::null_mut(),
            &raw mut function,
        ))?;
        check_status!(sys::napi_set_named_property(
            env.raw(),
            exports.raw(),
            name.as_ptr(),
            function,
        ))
    }
}

extern "C" fn enter<F: Numeric>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut count = 2;
    let mut values = [ptr::null_mut(); 2];
    let (mut a, mut b) = (f64::NAN, f64::NAN);
    // SAFETY: Node calls this with a live `env` and `info`; `values` has room for `count`
    // arguments, and Node fills what the caller left out with `undefined`, which leaves its
    // number as it is.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            values.as_mut_ptr(),
            ptr::null_mut(),
            ptr::null_mut(),
        );
        sys::napi_get_value_double(env, values[0], &raw mut a);
        sys::napi_get_value_double(env, values[1], &raw mut b);
    }
    answer(env, catch_unwind(|| F::call(a, b)))
}

/// What a call gives: a number, or after a panic nothing, and an exception instead.
pub(crate) fn answer(env: sys::napi_env, outcome: std::thread::Result<f64>) -> sys::napi_value {
    let mut result = ptr::null_mut();
    match outcome {
        // SAFETY: `env` is that of the call, and live until it returns.
        Ok(number) => unsafe { _ = sys::napi_create_double(env, number, &raw mut result) },
        Err(panic) => {
            let text = message(panic.as_ref());
            let length = text.len().cast_signed();
            let (mut value, mut error) = (ptr::null_mut(), ptr::null_mut());
            // SAFETY: as above; the text is told with its length.
            unsafe {
                sys::napi_create_string_utf8(env, text.as_ptr().cast(), length, &raw mut value);
                sys::napi_create_error(env, ptr::null_mut(), value, &raw mut error);
                sys::napi_throw(env, error);
            }
        }
    }
    result
}

fn message(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().unwrap_or(&"panic"),
    }
}
