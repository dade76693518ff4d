//! What a pair, and an end of it, is set to.

use super::compat::Compat;
use crate::config::Limits;

/// What a pair is set to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PairConfig {
    /// Most bytes that an end may have waiting for the other before `send` is refused. Each
    /// message counts 32 bytes beside its size. Default 16 MiB; [`Limits::UNLIMITED`] is no limit.
    /// An empty queue takes one message of any size.
    pub max_queued: usize,
    /// From this many waiting bytes on, `is_congested` is true. Default 1 MiB; 0 counts as 1.
    pub high_water_mark: usize,
    /// Which behaviour of the runtime is imitated. Default the newest.
    pub compat: Compat,
}

crate::setters::setters! {
    PairConfig {
        with_max_queued: max_queued = usize,
        with_high_water_mark: high_water_mark = usize,
        with_compat: compat = Compat,
    }
}

impl Default for PairConfig {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            max_queued: limits.max_outgoing,
            high_water_mark: limits.high_water_mark,
            compat: Compat::default(),
        }
    }
}

/// How an end is accepted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Accept {
    /// Whether the end may go on sending after the other one closed, until it closes too. Default
    /// no, the close is answered at once; before [`Flag::AutoReply`](super::Flag::AutoReply) the default is yes.
    pub allow_half_open: Option<bool>,
}

crate::setters::setters! {
    Accept {
        with_allow_half_open: allow_half_open = impl Into<Option<bool>>,
    }
}
