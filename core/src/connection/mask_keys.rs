//! Where a client's masking keys come from (RFC 6455 5.3 and 10.3).

use alloc::boxed::Box;
use core::fmt;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// Unpredictable masking keys for a client's frames: the output of `ChaCha12` under a seed that the
/// host brings.
///
/// Each connection needs a seed of its own. It can't be cloned, as two connections would then send
/// the same keys.
///
/// ```
/// # #[cfg(feature = "std")]
/// let keys = wspair::MaskKeys::from_os().expect("the system has random bytes");
/// ```
pub struct MaskKeys(Box<ChaCha12Rng>);

impl MaskKeys {
    /// Keys from 32 unpredictable bytes, never used before.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Box::new(ChaCha12Rng::from_seed(seed)))
    }

    /// Keys from a seed of the operating system's. Fails where it has none.
    #[cfg(feature = "std")]
    pub fn from_os() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(seed))
    }

    pub(super) fn next(&mut self) -> [u8; 4] {
        self.0.next_u32().to_ne_bytes()
    }
}

impl fmt::Debug for MaskKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaskKeys(..)")
    }
}
