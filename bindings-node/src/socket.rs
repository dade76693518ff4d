//! What Node does not tell of a socket.

use napi::bindgen_prelude::{Env, Object};

use crate::numeric::{self, Numeric};

/// How many bytes the system holds that the peer has not acknowledged; -1 where it does not say.
struct Unsent;

impl Numeric for Unsent {
    const NAME: &std::ffi::CStr = c"socketUnsent";

    #[expect(clippy::cast_possible_truncation, reason = "it is the number of a file")]
    fn call(fd: f64, _b: f64) -> f64 {
        f64::from(if fd >= 0.0 { unsent(fd as i32) } else { -1 })
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn unsent(fd: i32) -> i32 {
    let mut bytes: libc::c_int = -1;
    // SAFETY: the request writes one `int` to where `bytes` is; a number that names no socket is
    // refused.
    let status = unsafe { libc::ioctl(fd, libc::TIOCOUTQ, &raw mut bytes) };
    if status == 0 { bytes } else { -1 }
}

#[cfg(target_vendor = "apple")]
fn unsent(fd: i32) -> i32 {
    let mut bytes: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the option is one `int`, which is written to where `bytes` is; a number that names
    // no socket is refused.
    let status = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_NWRITE,
            (&raw mut bytes).cast(),
            &raw mut length,
        )
    };
    if status == 0 { bytes } else { -1 }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn unsent(_fd: i32) -> i32 {
    -1
}

/// Adds the function of this module to `exports`.
pub(crate) fn register(env: Env, exports: &Object) -> napi::Result<()> {
    numeric::register::<Unsent>(env, exports)
}
