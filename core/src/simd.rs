//! The kernels that touch every byte of a payload, behind safe functions.
//!
//! Short inputs are treated in two blocks that overlap, longer ones in a loop over whole blocks with
//! a last block that overlaps the one before: no loop over single bytes. From [`WIDE`] bytes on the
//! same loop is used in a copy that was compiled for AVX2, where the processor has it.
//!
//! The only place of the crate with `unsafe`. Built with `--cfg wspair_portable` it has none.

// The codec alone has no use for some of them.
#![cfg_attr(not(feature = "alloc"), allow(dead_code, unused_imports))]

#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
#[allow(unsafe_code)]
mod avx2;
#[cfg(feature = "alloc")]
#[cfg_attr(not(wspair_portable), allow(unsafe_code))]
mod checked;
#[cfg_attr(not(wspair_portable), allow(unsafe_code))]
mod mask;
#[cfg_attr(not(wspair_portable), allow(unsafe_code))]
mod text;

#[cfg(feature = "alloc")]
pub(crate) use self::checked::CheckedBytes;
pub(crate) use self::mask::{copy_short, xor, xor_copy};
pub(crate) use self::text::{from_utf8, xor_text};

/// From this many bytes on that are only unmasked it pays to ask what the processor can do.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
const WIDE: usize = 256;

/// Whether an input of `len` bytes is worth AVX2, from `least` on, and there is AVX2.
#[cfg(all(feature = "std", target_arch = "x86_64", not(wspair_portable)))]
#[inline]
fn takes_avx2(len: usize, least: usize) -> bool {
    len >= least && std::arch::is_x86_feature_detected!("avx2")
}
