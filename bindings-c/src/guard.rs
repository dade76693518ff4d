//! What every function is wrapped in: no panic gets out, and pointers are looked at first.

use core::ffi::{CStr, c_char};
use std::any::Any;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::result::Wspair;

/// Runs the body of a function that gives a result.
pub(crate) fn guard<T: Into<Wspair>>(body: impl FnOnce() -> Result<T, Wspair>) -> Wspair {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(done)) => done.into(),
        Ok(Err(error)) => error,
        Err(panic) => caught(panic),
    }
}

/// Out of the way of the functions, each of which has the code that comes here.
#[cold]
#[inline(never)]
fn caught(panic: Box<dyn Any + Send>) -> Wspair {
    drop(panic);
    Wspair::ErrorPanic
}

/// Runs the body of a function that has no place for a result: `otherwise` where there is none.
pub(crate) fn ask<T>(otherwise: T, body: impl FnOnce() -> Result<T, Wspair>) -> T {
    let mut answer = otherwise;
    guard(|| {
        answer = body()?;
        Ok(())
    });
    answer
}

/// Ends what [`Place::hand_out`](crate::memory::Place::hand_out) made.
///
/// # Safety
/// `handle` is null, or came from there and was not freed.
pub(crate) unsafe fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        guard(|| {
            // SAFETY: it was made a boxed T, and nobody else owns it.
            drop(unsafe { Box::from_raw(handle) });
            Ok(())
        });
    }
}

/// # Safety
/// `handle` is null, or points to a T that nobody changes during the call.
pub(crate) unsafe fn shared<'a, T>(handle: *const T) -> Result<&'a T, Wspair> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_ref() }.ok_or(Wspair::ErrorNull)
}

/// # Safety
/// `handle` is null, or points to a T that nobody else uses during the call.
pub(crate) unsafe fn exclusive<'a, T>(handle: *mut T) -> Result<&'a mut T, Wspair> {
    // SAFETY: the caller's promise.
    unsafe { handle.as_mut() }.ok_or(Wspair::ErrorNull)
}

/// An array of the caller's; null is none where it has no elements.
///
/// # Safety
/// `from` is null, or `len` elements may be read there during the call.
pub(crate) unsafe fn array<'a, T>(from: *const T, len: usize) -> Result<&'a [T], Wspair> {
    check_len::<T>(from, len)?;
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: not null, of a length that an object can have, and readable by the caller's promise.
    Ok(unsafe { core::slice::from_raw_parts(from, len) })
}

/// As [`array`], to be changed.
///
/// # Safety
/// `at` is null, or `len` elements may be read and written there, by us alone, during the call.
pub(crate) unsafe fn array_mut<'a, T>(at: *mut T, len: usize) -> Result<&'a mut [T], Wspair> {
    check_len::<T>(at, len)?;
    if len == 0 {
        return Ok(&mut []);
    }
    // SAFETY: not null, of a length that an object can have, and ours by the caller's promise.
    Ok(unsafe { core::slice::from_raw_parts_mut(at, len) })
}

/// Text of the caller's.
///
/// # Safety
/// As [`array`].
pub(crate) unsafe fn text<'a>(from: *const u8, len: usize) -> Result<&'a str, Wspair> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { array(from, len)? };
    core::str::from_utf8(bytes).map_err(|_| Wspair::ErrorUtf8)
}

/// A string that ends with a NUL; null is none.
///
/// # Safety
/// `from` is null, or a string that ends with a NUL and stays as it is during the call.
pub(crate) unsafe fn string<'a>(from: *const c_char) -> Result<Option<&'a str>, Wspair> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and a string by the caller's promise.
    let string = unsafe { CStr::from_ptr(from) };
    string.to_str().map(Some).map_err(|_| Wspair::ErrorUtf8)
}

/// A string of the peer's that the caller passes on: it need not be UTF-8, but it has to be there.
///
/// # Safety
/// As [`string`].
pub(crate) unsafe fn foreign<'a>(from: *const c_char) -> Result<Cow<'a, str>, Wspair> {
    if from.is_null() {
        return Err(Wspair::ErrorNull);
    }
    // SAFETY: not null, and a string by the caller's promise.
    Ok(unsafe { CStr::from_ptr(from) }.to_string_lossy())
}

/// How long such a string is.
///
/// # Safety
/// As [`string`].
pub(crate) unsafe fn length(from: *const c_char) -> Result<usize, Wspair> {
    if from.is_null() {
        return Err(Wspair::ErrorNull);
    }
    // SAFETY: not null, and a string by the caller's promise.
    Ok(unsafe { CStr::from_ptr(from) }.count_bytes())
}

/// Writes a result to where the caller wants it.
///
/// # Safety
/// `to` is null, or may be written.
pub(crate) unsafe fn put<T>(to: *mut T, value: T) -> Result<(), Wspair> {
    if to.is_null() {
        return Err(Wspair::ErrorNull);
    }
    // SAFETY: not null, and the caller's to write.
    unsafe { to.write(value) };
    Ok(())
}

/// Sets a struct that begins with its size, of which the caller knows `size` bytes.
///
/// # Safety
/// `to` is null, or may be written so far.
pub(crate) unsafe fn init<T>(to: *mut T, size: usize, defaults: T) -> Result<(), Wspair> {
    if size != size_of::<T>() {
        return Err(Wspair::ErrorArgument);
    }
    // SAFETY: the caller's promise.
    unsafe { put(to, defaults) }
}

/// A struct of the caller's that [`init`] set; null is none.
///
/// # Safety
/// `from` is null, or points to as many bytes as the size in front says.
pub(crate) unsafe fn sized<T: Copy>(from: *const T) -> Result<Option<T>, Wspair> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: not null, and the size comes first in every version.
    if unsafe { from.cast::<usize>().read() } != size_of::<T>() {
        return Err(Wspair::ErrorArgument);
    }
    // SAFETY: as many bytes as this version has.
    Ok(Some(unsafe { from.read() }))
}

fn check_len<T>(at: *const T, len: usize) -> Result<(), Wspair> {
    if at.is_null() && len > 0 {
        return Err(Wspair::ErrorNull);
    }
    match len.checked_mul(size_of::<T>()) {
        Some(size) if isize::try_from(size).is_ok() => Ok(()),
        _ => Err(Wspair::ErrorArgument),
    }
}
