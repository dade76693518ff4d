//! Closing (RFC 6455 7): every transition of a connection's life, and what it means for the
//! transport.

use alloc::boxed::Box;

use super::fault::Fault;
use crate::close::{CloseCode, CloseFrame};
use crate::config::Config;
use crate::event::{Closed, ClosedCause, Timer};
use crate::frame::Role;
use crate::memory;
use crate::ready_state::ReadyState;
use crate::time::{Deadline, Instant, Within};

/// What the owner of the transport has to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportAction {
    /// Read, unless its end was told, and write what is queued.
    Open,
    /// Write what is queued, then end the write side; go on reading.
    FinishWriting,
    /// Drop it. What is still queued may be written in one last attempt that does not wait.
    Close,
}

/// Which Close frames passed, whether the transport still brings or takes anything, and how it all
/// ended.
///
/// | sent | received | peer's bytes | ready state | sends | what ends it                         |
/// |------|----------|--------------|-------------|-------|--------------------------------------|
/// | no   | no       | come         | open        | yes   | both Close frames                    |
/// | yes  | no       | come         | closing     | no    | the peer's Close, or the deadline    |
/// | no   | no       | ended        | open        | yes   | being told of it: 1006               |
/// | yes  | no       | ended        | closing     | no    | being told of it: 1006               |
/// | no   | yes      | come, ended  | closing     | yes   | our Close; if ended, or the deadline |
/// | yes  | yes      | come, ended  | closed      | no    |                                      |
///
/// A broken protocol, a lost transport, an abort and the deadline lead to closed from any row.
///
/// The end of the peer's bytes is that of one direction (RFC 6455 5.5.1, RFC 8441 5). Behind its
/// Close frame it says nothing new, but that our Close is waited for no longer than
/// `close_within`. Without one it ends the connection, yet not before the host was told: what is
/// sent in answer to the messages before it still goes out. Without `auto_end` that goes on until
/// the host closes or aborts.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
pub(crate) struct Lifecycle {
    sent: bool,
    received: bool,
    /// What the peer's Close frame said, until that is told.
    code: Option<CloseCode>,
    reason: Box<str>,
    end: Outcome,
    /// The peer's last byte was read.
    eof: bool,
    /// The transport takes nothing, or is not worth waiting for any more.
    lost: bool,
    /// Without `auto_end`: our direction outlives the end of the peer's, until the host ends it.
    lingers: bool,
    /// Whether frames may go out: every send asks, so it is worked out whenever anything changes
    /// that it depends on.
    sends: bool,
    deadline: Deadline,
    close_within: Within,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    NotYet,
    /// To be told by the next event.
    Untold(ClosedCause),
    Told(ClosedCause),
}

impl Lifecycle {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            sent: false,
            received: false,
            code: None,
            reason: Box::default(),
            end: Outcome::NotYet,
            eof: false,
            lost: false,
            lingers: !config.auto_end,
            sends: true,
            deadline: Deadline::Off,
            close_within: config.close_within.into(),
        }
    }

    /// Our Close frame is on its way.
    pub(super) fn sent_close(&mut self) {
        self.sent = true;
        // From here on the peer is waited for, however long it waited for us.
        self.deadline = Deadline::Off;
        self.deadline.arm(self.close_within.get());
        self.complete();
        self.settle();
    }

    /// The peer's Close frame was read.
    pub(super) fn received_close(&mut self, frame: CloseFrame<'_>) {
        self.received = true;
        (self.code, self.reason) = (frame.code, memory::copied(frame.reason).into_boxed_str());
        self.complete();
    }

    /// Nothing more can be read.
    pub(super) fn fail(&mut self, fault: Fault) {
        self.end(fault.into());
    }

    /// The transport has no more bytes of the peer.
    pub(super) fn transport_ended(&mut self) {
        self.eof = true;
        self.deadline.arm(self.close_within.get());
    }

    /// The transport takes no more of ours.
    pub(super) fn transport_lost(&mut self) {
        self.lost = true;
        self.settle();
    }

    /// The host gives up.
    pub(super) fn abort(&mut self) {
        self.lingers = false;
        self.end(ClosedCause::Abort);
        self.settle();
    }

    /// Nothing was heard of the peer for too long.
    pub(super) fn timed_out(&mut self, timer: Timer) {
        self.end(ClosedCause::Timeout(timer));
        self.lost = true;
        self.settle();
    }

    /// Acts on the time: whether the peer took too long to close, or its transport to end.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.deadline.has_passed(now) {
            self.timed_out(Timer::Close);
        }
    }

    fn complete(&mut self) {
        if self.sent && self.received {
            self.end(ClosedCause::Handshake);
        }
    }

    fn end(&mut self, cause: ClosedCause) {
        if self.has_ended() {
            return;
        }
        // The end of the transport came first, though nobody was told of it.
        let cause = if self.is_cut() { ClosedCause::Transport } else { cause };
        self.end = Outcome::Untold(cause);
        self.deadline.arm(self.close_within.get());
        self.settle();
    }

    /// The transport ended before both Close frames passed, and no more can: that is an end as
    /// soon as the host asks.
    fn is_cut(&self) -> bool {
        self.eof && !self.has_ended() && (!self.received || self.lost)
    }

    /// The end, the first time it is asked for after it came.
    pub(super) fn tell_end(&mut self) -> Option<Closed> {
        if self.is_cut() {
            self.end(ClosedCause::Transport);
        }
        let Outcome::Untold(cause) = self.end else {
            return None;
        };
        self.end = Outcome::Told(cause);
        // RFC 6455 7.1.5: the code is that of the Close frame received, whatever else happened.
        let code = match self.code {
            Some(code) => code.get(),
            None if self.received => NO_CODE,
            None => ABNORMAL,
        };
        let reason = core::mem::take(&mut self.reason).into_string();
        let clean = cause == ClosedCause::Handshake;
        Some(Closed { code, reason, clean, cause })
    }

    pub(super) fn cause(&self) -> Option<ClosedCause> {
        match self.end {
            Outcome::NotYet => None,
            Outcome::Untold(cause) | Outcome::Told(cause) => Some(cause),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        !matches!(self.end, Outcome::NotYet)
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether a Close frame of ours may still be of use.
    pub(super) fn may_close(&self) -> bool {
        !self.sent && !self.lost
    }

    /// Whether frames may go out.
    #[inline]
    pub(super) fn may_send(&self) -> bool {
        debug_assert_eq!(self.sends, self.works_out());
        self.sends
    }

    /// Something changed that [`may_send`](Self::may_send) depends on.
    fn settle(&mut self) {
        self.sends = self.works_out();
    }

    fn works_out(&self) -> bool {
        self.may_close() && (!self.has_ended() || self.is_lingering())
    }

    /// Whether anything may come from the peer that counts.
    pub(super) fn listens(&self) -> bool {
        self.ready_state() == ReadyState::Open && !self.eof
    }

    /// The transport ended without a Close frame, and our direction is still the host's to end.
    fn is_lingering(&self) -> bool {
        self.lingers && self.may_close() && self.cause() == Some(ClosedCause::Transport)
    }

    pub(super) fn ready_state(&self) -> ReadyState {
        if self.has_ended() {
            ReadyState::Closed
        } else if self.sent || self.received {
            ReadyState::Closing
        } else {
            ReadyState::Open
        }
    }

    pub(super) fn transport(&self, role: Role, output_waits: bool) -> TransportAction {
        let write_then = |then| if output_waits { TransportAction::FinishWriting } else { then };
        if self.lost {
            return TransportAction::Close;
        }
        match self.cause() {
            None => TransportAction::Open,
            Some(_) if self.may_send() => TransportAction::Open,
            Some(_) if self.eof => write_then(TransportAction::Close),
            Some(ClosedCause::Abort) => write_then(TransportAction::Close),
            // RFC 6455 7.1.1: the server ends the transport first, the client waits for that.
            Some(ClosedCause::Handshake) => match role {
                Role::Server => write_then(TransportAction::Close),
                Role::Client => TransportAction::Open,
            },
            // Ending at once with unread input would reset the transport, and the peer would lose
            // the Close frame that says why.
            Some(_) => TransportAction::FinishWriting,
        }
    }

    /// When to call again; `now` is the last told time.
    pub(super) fn poll_timeout(
        &self,
        now: Instant,
        output_waits: bool,
        role: Role,
    ) -> Option<Instant> {
        if self.is_cut() || matches!(self.end, Outcome::Untold(_)) {
            return Some(now);
        }
        match self.transport(role, output_waits) {
            TransportAction::Close => None,
            _ => self.deadline.due(now),
        }
    }
}

/// No code in the Close frame (RFC 6455 7.4.1); never on the wire.
const NO_CODE: u16 = 1005;

/// No Close frame (RFC 6455 7.4.1); never on the wire.
const ABNORMAL: u16 = 1006;
