//! One end of a pair and who uses it.

use alloc::vec::Vec;

use super::event::Fault;
use super::lane::Lane;

#[derive(Debug)]
pub(super) struct Side<M> {
    pub(super) holder: Holder,
    /// Whether an event was handed out and is not done with.
    pub(super) in_hand: bool,
    pub(super) out: Lane<M>,
    pub(super) attachment: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) enum Holder {
    Fresh,
    Accepted {
        half_open: bool,
    },
    Hibernatable,
    Wire {
        up: bool,
    },
    /// Was accepted, then failed; the event may still have to be told.
    Failed {
        untold: Option<Fault>,
    },
    Nobody,
}

impl<M> Side<M> {
    pub(super) const fn new() -> Self {
        Self {
            holder: Holder::Fresh,
            in_hand: false,
            out: Lane::new(),
            attachment: None,
        }
    }

    /// Whether what was sent to this end is never taken.
    pub(super) fn is_deaf(&self) -> bool {
        matches!(
            self.holder,
            Holder::Wire { up: false } | Holder::Failed { .. } | Holder::Nobody
        )
    }
}
