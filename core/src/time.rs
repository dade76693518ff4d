//! Time as the host tells it.

use core::time::Duration;

/// A moment on a monotonic clock whose zero the caller picks.
///
/// The engine never reads a clock. Nanoseconds since that zero, up to 584 years; arithmetic
/// saturates.
///
/// Every call that takes the time takes a [`Duration`] since that zero too, and a deadline becomes
/// one, so that programs need not name this type beside their clock's own:
///
/// ```
/// use std::time::{Duration, Instant};
/// use wspair::{Config, Connection, Negotiated};
///
/// let config = Config::default().with_ping_after(Duration::from_secs(20));
/// let mut conn = Connection::server(config, Negotiated::default());
/// let start = Instant::now();
/// let _ = conn.handle_timeout(start.elapsed());
/// let due = conn.poll_timeout().map(Duration::from);
/// let wait = due.map(|due| due.saturating_sub(start.elapsed()));
/// assert!(wait <= Some(Duration::from_secs(20)));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(u64);

impl Instant {
    /// The moment `nanos` nanoseconds after the clock's zero.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's zero.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl From<Duration> for Instant {
    /// The moment `since_zero` after the clock's zero.
    fn from(since_zero: Duration) -> Self {
        Self(u64::try_from(since_zero.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Instant> for Duration {
    /// How long after the clock's zero the moment is.
    fn from(moment: Instant) -> Self {
        Self::from_nanos(moment.0)
    }
}

impl core::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        Self(self.0.saturating_add(Self::from(after).0))
    }
}

/// A deadline that is armed without knowing the time.
///
/// Arming takes no clock; the next told time sets it. Until then it counts as due, so that the
/// host calls again and tells the time.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Deadline {
    #[default]
    Off,
    Armed(Duration),
    At(Instant),
}

#[cfg(feature = "alloc")]
impl Deadline {
    /// Starts the deadline unless it runs already; without a duration it stays off.
    pub(crate) fn arm(&mut self, within: Option<Duration>) {
        if let (Self::Off, Some(within)) = (*self, within) {
            *self = Self::Armed(within);
        }
    }

    /// When it is worth calling: the deadline, or the last told time while it is only armed.
    pub(crate) fn due(self, now: Instant) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Armed(_) => Some(now),
            Self::At(at) => Some(at),
        }
    }

    /// Sets an armed deadline from `now`, and tells whether one that was set has passed.
    pub(crate) fn has_passed(&mut self, now: Instant) -> bool {
        match *self {
            Self::Off => false,
            Self::Armed(within) => {
                *self = Self::At(now + within);
                within.is_zero()
            }
            Self::At(at) => at <= now,
        }
    }
}

/// A duration to wait for, or none, in one word. What is over 584 years is all the same.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within(u64);

#[cfg(feature = "alloc")]
impl Within {
    const NONE: u64 = u64::MAX;
    const LONGEST: u64 = u64::MAX - 1;

    pub(crate) fn get(self) -> Option<Duration> {
        match self.0 {
            Self::NONE => None,
            Self::LONGEST => Some(Duration::MAX),
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }
}

#[cfg(feature = "alloc")]
impl From<Option<Duration>> for Within {
    fn from(within: Option<Duration>) -> Self {
        let nanos = |within| Instant::from(within).as_nanos().min(Self::LONGEST);
        Self(within.map_or(Self::NONE, nanos))
    }
}

/// The earlier of two moments, where there are any.
#[cfg(feature = "alloc")]
pub(crate) fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
