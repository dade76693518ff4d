//! Pings into silence, and giving up on a peer that stays silent.

use core::time::Duration;

use crate::time::{Deadline, Instant, sooner};

/// What the time asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// The peer did not answer in time.
    GiveUp,
}

/// Watches the peer's silence. Any received byte counts as life.
#[derive(Debug)]
pub(super) struct Keepalive {
    ping_after: Option<Duration>,
    pong_within: Option<Duration>,
    /// Something was received since the last told time.
    heard: bool,
    ping: Deadline,
    pong: Deadline,
}

impl Keepalive {
    pub(super) fn new(ping_after: Option<Duration>, pong_within: Option<Duration>) -> Self {
        let mut ping = Deadline::Off;
        ping.arm(ping_after);
        Self { ping_after, pong_within, heard: false, ping, pong: Deadline::Off }
    }

    /// Something was received. It counts from the next told time on, so no clock is needed here.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    pub(super) fn tick(&mut self, now: Instant) -> Due {
        if core::mem::take(&mut self.heard) {
            self.pong = Deadline::Off;
            self.restart_ping(now);
        }
        if self.pong.has_passed(now) {
            return Due::GiveUp;
        }
        if !self.ping.has_passed(now) {
            return Due::Nothing;
        }
        self.pong.arm(self.pong_within);
        self.pong.has_passed(now);
        if self.pong == Deadline::Off {
            self.restart_ping(now);
        } else {
            self.ping = Deadline::Off;
        }
        Due::Ping
    }

    fn restart_ping(&mut self, now: Instant) {
        self.ping = Deadline::Off;
        self.ping.arm(self.ping_after);
        self.ping.has_passed(now);
    }

    pub(super) fn poll_timeout(&self, told: Instant) -> Option<Instant> {
        sooner(self.ping.due(told), self.pong.due(told))
    }
}
