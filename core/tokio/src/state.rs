//! The engine, the transport under it, and what is between them: all that a lock is around.
//!
//! Whoever comes moves it on: to receive reads, to send writes. The [driver](crate::driver) does
//! what nobody comes for. Nothing here waits.

mod inbox;
mod receiving;
mod sending;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wspair::{Closed, Config, Connection, Instant};

use self::inbox::Inbox;
use self::receiving::note;
use crate::input::Input;
use crate::wakes::Wakes;

/// Any transport.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

#[allow(clippy::struct_excessive_bools)]
pub(crate) struct State {
    pub(crate) conn: Connection,
    /// `None` once it was dropped.
    io: Option<Pin<Box<dyn Io>>>,
    input: Input,
    /// Messages that the driver took in because nobody came for them.
    inbox: Inbox,
    pub(crate) reader: Reader,
    /// How it ended, once it did.
    closed: Option<Closed>,
    ends: Ends,
    needs_flush: bool,
    /// Something was sent since all that was sent had gone out.
    has_unwritten: bool,
    /// Keepalive was told that nothing is read.
    holds_input: bool,
    /// When the driver wakes by itself.
    pub(crate) alarm: Option<Instant>,
    /// Who waits for room, for a flush or for the end.
    waiters: Vec<Waker>,
    pub(crate) wakes: Arc<Wakes>,
    /// The driver was woken, and did not come yet.
    calls_driver: bool,
    read_waker: Waker,
    write_waker: Waker,
    max_message: usize,
    close_within: Option<Duration>,
}

/// Who takes the messages.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) presence: Presence,
    /// How often it came.
    pub(crate) visits: u64,
    /// It left with a message, and may be at work on the answer.
    pub(crate) is_busy: bool,
    /// It was told of the end.
    was_told: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Presence {
    /// The application takes them, and may be at work on the last one.
    Present,
    /// It did not come for some time: they are taken in for it.
    Absent,
    /// Nobody ever will.
    Gone,
}

/// What the transport is good for no more.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)]
struct Ends {
    /// The peer ended its direction, and that was not told yet.
    eof: bool,
    /// That was told.
    eof_told: bool,
    /// Reading failed.
    lost: bool,
    /// Writing failed.
    unwritable: bool,
}

impl State {
    pub(crate) fn new(
        conn: Connection,
        io: Pin<Box<dyn Io>>,
        early: &[u8],
        config: &Config,
    ) -> Self {
        let wakes = Arc::<Wakes>::default();
        wakes.leaves_more();
        Self {
            conn,
            io: Some(io),
            input: Input::new(early),
            inbox: Inbox::default(),
            reader: Reader {
                presence: Presence::Present,
                visits: 0,
                is_busy: false,
                was_told: false,
            },
            closed: None,
            ends: Ends::default(),
            needs_flush: false,
            has_unwritten: false,
            holds_input: false,
            alarm: None,
            waiters: Vec::new(),
            read_waker: wakes.for_reading(),
            write_waker: wakes.for_writing(),
            wakes,
            // It comes by itself for the first time.
            calls_driver: true,
            max_message: config.limits.max_message,
            close_within: config.close_within,
        }
    }

    /// Whether neither side began to close.
    pub(crate) fn is_open(&self) -> bool {
        self.conn.ready_state() == wspair::ReadyState::Open
    }

    /// Tells the engine the time.
    pub(crate) fn tell_time(&mut self, now: Instant) {
        // A peer whose messages nobody takes is held back, and its silence means nothing. But one
        // that is held back because it does not read itself has to live by reading.
        self.holds_input = self.has_input() && !self.conn.is_congested();
        self.conn.hold_input(self.holds_input);
        let mut received = self.conn.handle_timeout(now);
        note(&mut received, &mut self.closed);
        self.has_moved();
    }

    /// How it ended, if it did.
    pub(crate) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// How long the end of the peer's direction may wait for the application.
    pub(crate) fn close_within(&self) -> Duration {
        self.close_within.unwrap_or(Duration::MAX)
    }

    /// Has a task woken when something moves.
    pub(crate) fn wait(&mut self, cx: &mut Context<'_>) {
        if !self.waiters.iter().any(|waiter| waiter.will_wake(cx.waker())) {
            self.waiters.push(cx.waker().clone());
        }
    }

    /// Ends our direction of the transport.
    pub(crate) fn poll_shutdown(&mut self) -> Poll<()> {
        let Some(io) = &mut self.io else { return Poll::Ready(()) };
        // It fails where the peer is gone, which reading tells.
        io.as_mut().poll_shutdown(&mut Context::from_waker(&self.write_waker)).map(|_| ())
    }

    /// Reads what is of no use any more, so that the transport is not reset for it. `Ready` when
    /// nothing more comes.
    pub(crate) fn poll_discard(&mut self) -> Poll<()> {
        loop {
            self.input.clear();
            if self.read().is_pending() {
                return if self.may_read() { Poll::Pending } else { Poll::Ready(()) };
            }
        }
    }

    /// Drops the transport.
    pub(crate) fn drop_io(&mut self) {
        self.io = None;
        self.input.clear();
        if self.closed.is_none() {
            let mut received = self.conn.transport_lost();
            note(&mut received, &mut self.closed);
        }
        self.has_ended();
    }

    /// The last call may have ended it.
    fn note_end(&mut self) {
        let mut received = self.conn.receive(&mut []);
        note(&mut received, &mut self.closed);
        if self.closed.is_some() {
            self.has_ended();
        }
    }

    fn has_ended(&mut self) {
        self.wakes.reader.wake();
        self.call_driver();
        self.waiters.drain(..).for_each(Waker::wake);
    }

    /// Output went out, or the engine was told something.
    fn has_moved(&mut self) {
        if self.closed.is_some() {
            return self.has_ended();
        }
        if !self.conn.is_congested() {
            self.waiters.drain(..).for_each(Waker::wake);
        }
        self.check_alarm();
    }

    fn check_alarm(&mut self) {
        if let Some(due) = self.conn.poll_timeout()
            && self.alarm.is_none_or(|alarm| due < alarm)
        {
            self.call_driver();
        }
    }

    /// Has the driver look.
    pub(crate) fn call_driver(&mut self) {
        if !std::mem::replace(&mut self.calls_driver, true) {
            self.wakes.driver.wake();
        }
    }

    /// The driver looks now.
    pub(crate) fn driver_comes(&mut self) {
        self.calls_driver = false;
    }

    /// The transport may have more, should nobody come for it.
    pub(crate) fn leaves_more(&mut self) {
        self.wakes.leaves_more();
        if !self.wakes.naps() {
            self.call_driver();
        }
    }
}
