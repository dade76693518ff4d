//! What pairs are set to.

use core::ffi::c_char;

use wspair_core::PairConfig;
use wspair_core::pair::Compat;

use crate::config::{strings, weight};
use crate::guard::{guard, init, sized};
use crate::result::Wspair;

/// What pairs are set to.
///
/// Call `wspair_pair_options_init` first: fields may be added at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PairOptions {
    /// The struct's size as the program knows it; set by `wspair_pair_options_init`.
    pub size: usize,
    /// Most bytes that an end may have waiting for the other before sending is refused. Each message
    /// counts 32 bytes beside its length. Default 16 MiB; the largest number is no limit. An empty
    /// queue takes one message of any length.
    pub max_queued: usize,
    /// From this many waiting bytes on a direction is congested. Default 1 MiB; 0 counts as 1.
    pub high_water_mark: usize,
    /// Which behaviour of the runtime is imitated: a compatibility date, as 20260407. Default 0, the
    /// newest.
    pub compat_date: u32,
    /// The runtime's names of compatibility flags, each ended by a NUL, that change what the date
    /// says. Names it does not know change nothing. Default none.
    pub compat_flags: *const *const c_char,
    /// How many there are.
    pub compat_flags_len: usize,
}

/// Sets every field to its default.
///
/// `options`: is written, as far as `size` says. `size`: sizeof *options.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_pair_options_init(
    options: *mut PairOptions,
    size: usize,
) -> Wspair {
    guard(|| {
        let PairConfig { max_queued, high_water_mark, .. } = PairConfig::default();
        let compat_flags = core::ptr::null();
        let defaults = PairOptions {
            size,
            max_queued,
            high_water_mark,
            compat_date: 0,
            compat_flags,
            compat_flags_len: 0,
        };
        // SAFETY: null, or a struct of that size that the caller lets us write.
        unsafe { init(options, size, defaults) }
    })
}

/// How many bytes the names of the flags are in all.
///
/// # Safety
/// As [`pair_config`].
pub(super) unsafe fn names(options: *const PairOptions) -> Result<usize, Wspair> {
    // SAFETY: the caller's promise.
    match unsafe { sized(options)? } {
        // SAFETY: as above.
        Some(options) => unsafe { weight(options.compat_flags, options.compat_flags_len) },
        None => Ok(0),
    }
}

/// # Safety
/// `options` is null, or points to as many bytes as its `size` says, which name strings that end
/// with a NUL.
pub(super) unsafe fn pair_config(options: *const PairOptions) -> Result<PairConfig, Wspair> {
    let mut config = PairConfig::default();
    // SAFETY: the caller's promise.
    let Some(options) = (unsafe { sized(options)? }) else {
        return Ok(config);
    };
    config.max_queued = options.max_queued;
    config.high_water_mark = options.high_water_mark;
    if options.compat_date != 0 {
        let [year, month, day] = [
            options.compat_date / 10_000,
            options.compat_date / 100 % 100,
            options.compat_date % 100,
        ];
        let year = u16::try_from(year).map_err(|_| Wspair::ErrorArgument)?;
        config.compat = Compat::at(year, month as u8, day as u8);
    }
    // SAFETY: the caller's promise.
    for name in unsafe { strings(options.compat_flags, options.compat_flags_len)? } {
        config.compat = config.compat.with_named(name).unwrap_or(config.compat);
    }
    Ok(config)
}
