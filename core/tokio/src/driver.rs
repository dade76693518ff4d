//! The task that looks after a connection: the clock, output that waits for the transport, the end
//! of the transport, and input that the application does not come for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant as Clock, Sleep};
use wspair::{Instant, TransportAction};

use crate::accepted::Member;
use crate::link::Link;
use crate::state::{Presence, State};

pub(crate) struct Driver {
    link: Arc<Link>,
    /// The engine's zero.
    zero: Clock,
    sleep: Pin<Box<Sleep>>,
    watch: Watch,
    /// For as long as the transport lives.
    _member: Option<Member>,
    #[cfg(feature = "tracing")]
    trace: crate::trace::Trace,
}

/// What is watched, beside what the engine itself waits for.
#[derive(Default)]
struct Watch {
    /// Input is left to the application.
    nap: Option<Nap>,
    /// When input was last looked for, and there was none.
    looked: Option<Instant>,
    /// By when the end of the peer's direction is told, whatever was not taken before it.
    eof: Option<Instant>,
    /// Our direction of the transport was ended.
    has_finished: bool,
    end: Option<End>,
}

/// The application has this long to come for input, before that is looked for again.
#[derive(Clone, Copy)]
struct Nap {
    until: Instant,
    /// How often it had come when there was something; `None` where there was nothing.
    visits: Option<u64>,
}

/// The transport is dropped when the peer is quiet, or at the latest then.
#[derive(Clone, Copy)]
struct End {
    quiet: Instant,
    latest: Instant,
}

impl Driver {
    pub(crate) fn new(link: Arc<Link>, member: Option<Member>) -> Self {
        let zero = Clock::now();
        let sleep = Box::pin(tokio::time::sleep_until(zero));
        Self {
            #[cfg(feature = "tracing")]
            trace: crate::trace::Trace::new(&link),
            link,
            zero,
            sleep,
            watch: Watch::default(),
            _member: member,
        }
    }

    /// Whether the alarm is due.
    fn poll_alarm(
        &mut self,
        alarm: Option<Instant>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(alarm) = alarm else { return Poll::Pending };
        let at = self.zero + (now + alarm.since(now).min(DAY)).since(Instant::default());
        if self.sleep.deadline() != at {
            self.sleep.as_mut().reset(at);
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let link = self.link.clone();
        link.wakes.driver.register(cx.waker());
        let mut state = link.lock();
        state.driver_comes();
        for _ in 0..TURNS {
            let now = Instant::from(self.zero.elapsed());
            let turned = self.watch.turn(&mut state, now);
            #[cfg(feature = "tracing")]
            self.trace.closed(state.closed());
            if turned.is_ready() {
                return Poll::Ready(());
            }
            if self.poll_alarm(state.alarm, now, cx).is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Driver {
    /// Over, or the runtime is.
    fn drop(&mut self) {
        self.link.lock().drop_io();
    }
}

impl Watch {
    /// Does what there is to do, and sets the alarm for what is next; `Ready` when all is over.
    fn turn(&mut self, state: &mut State, now: Instant) -> Poll<()> {
        state.write();
        self.look_after_input(state, now);
        if state.conn.poll_timeout().is_some_and(|due| due <= now) {
            // What the transport holds is no silence of the peer.
            if !state.has_input() {
                let _ = state.read();
            }
            state.tell_time(now);
            state.write();
        }
        match state.conn.transport() {
            TransportAction::Close => return self.end(state, now),
            TransportAction::FinishWriting if state.is_flushed() && !self.has_finished => {
                self.has_finished = state.poll_shutdown().is_ready();
            }
            _ => {}
        }
        let nap = self.nap.map(|nap| nap.until);
        state.alarm = [state.conn.poll_timeout(), nap, self.eof].into_iter().flatten().min();
        Poll::Pending
    }

    /// Leaves input to the application, unless that does not come for it.
    fn look_after_input(&mut self, state: &mut State, now: Instant) {
        // Behind our Close frame nothing can be answered: what there is room for is taken in at once.
        let may_wait = (state.is_open() || state.is_inbox_full())
            && state.closed().is_none()
            && !state.is_unwritable();
        if state.reader.presence == Presence::Present && may_wait {
            if self.nap.is_some_and(|nap| now < nap.until) {
                return;
            }
            let over = self.nap.take();
            // Before looking, so that what comes after it wakes this task.
            state.wakes.set_naps(false);
            let visits = Some(state.reader.visits);
            if !state.has_something() {
                // Where messages keep coming, and are taken, this task is not woken for each.
                let looked = self.looked.replace(now);
                if looked.is_some_and(|before| now.since(before) < BUSY) {
                    self.begin_nap(state, Nap { until: now + BUSY, visits: None });
                }
                return;
            }
            if over.is_none_or(|nap| nap.visits != visits) {
                return self.begin_nap(state, Nap { until: now + GRACE, visits });
            }
            state.reader.presence = Presence::Absent;
        }
        self.nap = None;
        state.wakes.set_naps(false);
        self.take_in(state, now);
    }

    fn begin_nap(&mut self, state: &State, nap: Nap) {
        self.nap = Some(nap);
        state.wakes.set_naps(true);
    }

    /// Takes in what comes, as far as there is room.
    fn take_in(&mut self, state: &mut State, now: Instant) {
        for _ in 0..READS {
            let had_room = state.take_in_all();
            if state.has_eof() {
                return self.end_input(state, now);
            }
            if !had_room && !state.is_unwritable() {
                if state.reader.presence == Presence::Present {
                    // To wait for it from now on.
                    state.call_driver();
                }
                return;
            }
            if state.read().is_pending() {
                return;
            }
        }
        state.call_driver();
    }

    /// What the application does with the messages before it still goes out, so the end waits for
    /// that, in reason.
    fn end_input(&mut self, state: &mut State, now: Instant) {
        let until = *self.eof.get_or_insert_with(|| now + state.close_within());
        let is_at_work = state.is_open() && state.reader.presence != Presence::Gone;
        if !is_at_work || (state.is_taken() && !state.reader.is_busy) || until <= now {
            self.eof = None;
            state.end_input();
        }
    }

    /// Ends the transport so that the peer gets what was written last: one that is dropped with
    /// unread input is reset.
    fn end(&mut self, state: &mut State, now: Instant) -> Poll<()> {
        let latest = now + LINGER;
        let end = *self.end.get_or_insert(End { quiet: latest, latest });
        if now < end.quiet {
            if !self.has_finished && state.poll_shutdown().is_ready() {
                self.has_finished = true;
                self.end = Some(End { quiet: end.latest.min(now + QUIET), ..end });
            }
            if state.poll_discard().is_pending() {
                state.alarm = self.end.map(|end| end.quiet);
                return Poll::Pending;
            }
        }
        state.drop_io();
        Poll::Ready(())
    }
}

/// How long input waits for the application before it is taken in for it: a Close behind it is found then.
/// That the peer's Close is answered within half a second, which the README says, hangs on this.
const GRACE: Duration = Duration::from_millis(200);

/// Input that comes more often than this, and is taken, is looked for no more often than this.
const BUSY: Duration = Duration::from_millis(100);

/// How long a peer has to take what was written last, and how long it may be quiet in that time.
const LINGER: Duration = Duration::from_secs(1);
const QUIET: Duration = Duration::from_millis(10);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often at a time before others have their turn.
const TURNS: usize = 8;
const READS: usize = 16;
