//! Pings into silence, and giving up on a peer that stays silent.
//!
//! | state    | waits                             | a byte of the peer | output moves | time is over |
//! |----------|-----------------------------------|--------------------|--------------|--------------|
//! | quiet    | `ping_after`                      | begins anew        | begins anew  | pings        |
//! | queued   | `pong_within` for it to leave     | quiet              | begins anew  | gives up     |
//! | awaiting | `pong_within` since the ping left | quiet              | quiet        | gives up     |
//!
//! Output moves when bytes that waited at the last told time have left since: whoever made room for
//! them lives. Bytes that left as soon as they were queued tell nothing, for the transport's own
//! buffers take them long after the peer is gone.
//!
//! A ping that finds no room in the queue is as good as sent: nothing moves, and that is awaited.

use core::ops::Range;
use core::time::Duration;

use crate::config::Config;
use crate::time::{Deadline, Instant, sooner};

/// What the time asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// The peer did not answer in time.
    GiveUp,
}

/// How far the output has come, in bytes since the connection began: what left, and what was queued.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Output {
    pub(super) advanced: u64,
    pub(super) queued: u64,
}

impl Output {
    /// The same without what the transport's own buffers hold.
    fn less(self, held: u64) -> Self {
        Self { advanced: self.advanced.saturating_sub(held), ..self }
    }
}

/// Watches for life of the peer.
#[derive(Debug)]
pub(super) struct Keepalive {
    /// Bytes that the host took out, and that its transport has not written.
    held: u64,
    /// Output waited at the last told time, which had come as far as `seen`.
    waits: bool,
    seen: u64,
    /// Since when it waits, without a break, and how far it had come then.
    since: Instant,
    from: u64,
    /// Until when the transport's own buffers may hold what left before a ping.
    buffered: Instant,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Quiet(Deadline),
    Queued(Ping),
    Awaiting { until: Instant },
}

/// A ping in the queue.
#[derive(Clone, Copy, Debug)]
struct Ping {
    /// The place behind it.
    end: u64,
    /// Nothing was before it, so that it left when it was queued.
    alone: bool,
    /// Until when something has to move.
    until: Instant,
}

impl Keepalive {
    pub(super) fn new(ping_after: Duration) -> Self {
        let mut silence = Deadline::Off;
        silence.arm(Some(ping_after));
        Self {
            held: 0,
            waits: false,
            seen: 0,
            since: Instant::default(),
            from: 0,
            buffered: Instant::default(),
            state: State::Quiet(silence),
        }
    }

    /// The transport's own buffers hold so much.
    pub(super) fn transport_holds(&mut self, bytes: u64) {
        self.held = bytes;
    }

    /// Acts on the time. `heard` is whether something was received since it was last told.
    pub(super) fn tick(
        &mut self,
        config: &Config,
        now: Instant,
        output: Output,
        heard: bool,
    ) -> Due {
        let output = output.less(self.held);
        let within = config.pong_within.unwrap_or_default();
        // Life of this kind matters only to one who may give up.
        let moved = config.pong_within.is_some() && self.has_moved(output);
        self.watch(now, output);
        if heard {
            self.quieten(config, now);
        }
        match &mut self.state {
            State::Queued(ping) if ping.has_left(output) => {
                let left = if ping.alone { None } else { Some(now.max(self.buffered) + within) };
                self.state = State::Awaiting { until: left.unwrap_or(ping.until) };
            }
            State::Queued(ping) if moved => ping.until = now + within,
            State::Quiet(_) | State::Awaiting { .. } if moved => self.quieten(config, now),
            _ => {}
        }
        match &mut self.state {
            State::Quiet(silence) => {
                if silence.has_passed(now) {
                    Due::Ping
                } else {
                    Due::Nothing
                }
            }
            State::Queued(Ping { until, .. }) | State::Awaiting { until } => {
                if *until <= now {
                    Due::GiveUp
                } else {
                    Due::Nothing
                }
            }
        }
    }

    /// What came of [`Due::Ping`]: where the ping is in the queue, if that took it.
    pub(super) fn pinged(&mut self, config: &Config, now: Instant, place: Option<Range<u64>>) {
        let Some(within) = config.pong_within else {
            return self.quieten(config, now);
        };
        self.state = match place {
            Some(Range { start, end }) => {
                let alone = start == self.seen;
                let left = if alone { now.max(self.buffered) } else { now };
                State::Queued(Ping { end, alone, until: left + within })
            }
            None => State::Awaiting { until: now + within },
        };
    }

    pub(super) fn awaits_pong(&self) -> bool {
        !matches!(self.state, State::Quiet(_))
    }

    pub(super) fn poll_timeout(
        &self,
        config: &Config,
        now: Instant,
        output: Output,
        heard: bool,
    ) -> Option<Instant> {
        let output = output.less(self.held);
        let due = match self.state {
            State::Quiet(silence) => silence.due(now),
            // When it left is known only from the next told time on.
            State::Queued(ping) if !ping.alone && ping.has_left(output) => Some(now),
            State::Queued(Ping { until, .. }) | State::Awaiting { until } => Some(until),
        };
        // Life counts from the next told time on, so that is not to be long after it.
        let lives = heard || config.pong_within.is_some() && self.has_moved(output);
        let soon = config.ping_after.filter(|_| lives).map(|after| now + after / PRECISION);
        sooner(due, soon)
    }

    fn quieten(&mut self, config: &Config, now: Instant) {
        let mut silence = Deadline::Off;
        silence.arm(config.ping_after.map(|after| after.max(LEAST_SILENCE)));
        silence.has_passed(now);
        self.state = State::Quiet(silence);
    }

    /// Whether any of what waited at the last told time has left since.
    fn has_moved(&self, output: Output) -> bool {
        self.waits && output.advanced > self.seen
    }

    /// Looks at the output. When the last that waited has left, the transport's own buffers are
    /// before what comes next, and the peer takes them no faster than it took the rest.
    fn watch(&mut self, now: Instant, output: Output) {
        let waits = output.advanced < output.queued;
        if waits && !self.waits {
            (self.since, self.from) = (now, output.advanced);
        } else if self.waits && !waits {
            let moved = output.advanced.saturating_sub(self.from);
            let time = now.since(self.since).as_nanos();
            let rest = time * u128::from(moved.min(BUFFERS)) / u128::from(moved.max(1));
            self.buffered = now + Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX));
        }
        (self.waits, self.seen) = (waits, output.advanced);
    }
}

impl Ping {
    fn has_left(&self, output: Output) -> bool {
        output.advanced >= self.end
    }
}

/// Without it a silence of no time at all would be due again whenever the time was told.
const LEAST_SILENCE: Duration = Duration::from_nanos(1);

/// Life is placed in time to this part of `ping_after`.
const PRECISION: u32 = 4;

/// Bytes that a transport may have taken and not delivered: what Linux lets a TCP socket grow to.
const BUFFERS: u64 = 4 << 20;
