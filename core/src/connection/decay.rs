//! How much memory that holds nothing is kept for what comes next.

/// Lets a buffer keep what a long message needed for the next, but not for ever: when at most half
/// of it was needed throughout a period it is halved, and after three such periods what was not
/// needed is given back. A period ends when time is told, or after so many uses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decay {
    /// The most that was needed in this period, as far as it can be told.
    needed: u32,
    uses: u8,
    /// Periods in a row that did without half of the buffer.
    idle: u8,
}

impl Decay {
    /// So many bytes are needed at once.
    #[inline]
    pub(super) fn needs(&mut self, bytes: usize) {
        self.needed = self.needed.max(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// A buffer of that capacity is empty, and about to be used, or used up: what to cut it to, if
    /// at all.
    #[inline]
    pub(super) fn used(&mut self, capacity: usize) -> Option<usize> {
        if self.is_period_over() { self.pass(capacity) } else { None }
    }

    /// As [`used`](Self::used), for a buffer whose capacity has to be worked out: whether to
    /// [`pass`](Self::pass) it.
    #[inline]
    pub(super) fn is_period_over(&mut self) -> bool {
        self.uses += 1;
        self.uses >= PERIOD
    }

    /// A period is over: what to cut the buffer to, if at all.
    pub(super) fn pass(&mut self, capacity: usize) -> Option<usize> {
        let needed = core::mem::take(&mut self.needed) as usize;
        self.uses = 0;
        if needed > capacity / 2 {
            self.idle = 0;
            return None;
        }
        self.idle += 1;
        if self.idle < PERIODS {
            return Some(capacity / 2);
        }
        self.idle = 0;
        Some(needed)
    }
}

/// What is kept without asking how often it is needed.
pub(super) const KEEP: usize = 16 << 10;

/// Uses that make a period, where the time is not told before.
const PERIOD: u8 = 64;

/// Periods after which a buffer that nobody needs is gone.
const PERIODS: u8 = 3;
