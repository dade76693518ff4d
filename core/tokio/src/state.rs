//! The engine, the transport under it, and what is between them: all that a lock is around.
//!
//! Whoever comes moves it on: to receive reads, to send writes. The [driver](crate::driver) does
//! what nobody comes for. Nothing here waits.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use wspair::{CloseCode, Closed, Config, Connection, Event, Instant, Receive, SendError};

use crate::error::Error;
use crate::input::Input;
use crate::message::Message;
use crate::wakes::Wakes;

/// Any transport.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

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
    /// Keepalive was told that nothing is read.
    holds_input: bool,
    /// When the driver wakes by itself.
    pub(crate) alarm: Option<Instant>,
    /// Who waits for room, for a flush or for the end.
    waiters: Vec<Waker>,
    pub(crate) wakes: Arc<Wakes>,
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

/// Messages that wait for the application, and how much they hold.
#[derive(Default)]
struct Inbox {
    messages: VecDeque<Message>,
    bytes: usize,
    controls: usize,
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
            holds_input: false,
            alarm: None,
            waiters: Vec::new(),
            read_waker: wakes.for_reading(),
            write_waker: wakes.for_writing(),
            wakes,
            max_message: config.limits.max_message,
            close_within: config.close_within,
        }
    }

    /// The next message, for the application; `None` behind the last.
    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        self.reader.visits += 1;
        if self.reader.presence == Presence::Absent {
            self.reader.presence = Presence::Present;
        }
        loop {
            if let Some(message) = self.inbox.pop().or_else(|| self.take_in()) {
                if !self.input.is_empty() {
                    // Should nobody come for the rest.
                    self.wakes.leaves_more();
                }
                self.reader.is_busy = true;
                return Poll::Ready(Some(Ok(message)));
            }
            self.reader.is_busy = false;
            // The answers to all that was taken, in one go.
            self.write();
            if self.closed.is_some() {
                return Poll::Ready(self.tell_end());
            }
            if self.ends.eof {
                self.end_input();
                continue;
            }
            self.wakes.reader.register(cx.waker());
            if self.read().is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn tell_end(&mut self) -> Option<Result<Message, Error>> {
        let closed = self.closed.as_ref().filter(|closed| !self.reader.was_told && !closed.clean);
        let error =
            closed.map(|closed| Error::of_end(closed, self.conn.too_long(), self.max_message));
        self.reader.was_told = true;
        error.map(Err)
    }

    /// Takes in one message of what was read.
    fn take_in(&mut self) -> Option<Message> {
        while !self.input.is_empty() {
            let bytes = self.input.unread();
            let mut received = self.conn.receive(bytes);
            let message = note(&mut received, &mut self.closed);
            let used = received.consumed();
            self.input.consume(used);
            if let Some(Message::Close(_)) = message {
                // With our answer to it that was the end.
                self.note_end();
            } else if self.closed.is_some() {
                self.has_ended();
            }
            if message.is_some() {
                return message;
            }
        }
        None
    }

    /// Takes in all that was read, as far as there is room; whether there was room for all.
    pub(crate) fn take_in_all(&mut self) -> bool {
        loop {
            let is_full = self.inbox.bytes >= MAX_INBOX;
            // Behind our Close frame only the peer's counts.
            let drops = self.reader.presence == Presence::Gone || (is_full && !self.is_open());
            if is_full && !drops {
                return self.input.is_empty();
            }
            match self.take_in() {
                Some(message) if !drops || matches!(message, Message::Close(_)) => {
                    self.inbox.push(message);
                    self.wakes.reader.wake();
                }
                Some(_) => {}
                None => return true,
            }
        }
    }

    /// Whether neither side began to close.
    pub(crate) fn is_open(&self) -> bool {
        self.conn.ready_state() == wspair::ReadyState::Open
    }

    /// Whether something was read that is not taken in.
    pub(crate) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Whether there is, or may be, something to take.
    pub(crate) fn has_something(&self) -> bool {
        self.has_input() || self.ends.eof || (self.wakes.is_ready() && self.may_read())
    }

    pub(crate) fn has_eof(&self) -> bool {
        self.ends.eof && self.input.is_empty()
    }

    /// Whether nothing gets to the peer any more.
    pub(crate) fn is_unwritable(&self) -> bool {
        self.ends.unwritable && !self.ends.lost
    }

    /// Whether all that came was taken by the application.
    pub(crate) fn is_taken(&self) -> bool {
        self.input.is_empty() && self.inbox.messages.is_empty()
    }

    /// Reads once, where all that was read before is taken in.
    pub(crate) fn read(&mut self) -> Poll<()> {
        if !self.may_read() {
            return Poll::Pending;
        }
        self.wakes.looks();
        if std::mem::take(&mut self.holds_input) {
            self.conn.hold_input(false);
            self.check_alarm();
        }
        let Some(io) = &mut self.io else { return Poll::Pending };
        match self.input.poll_fill(io.as_mut(), &mut Context::from_waker(&self.read_waker)) {
            Poll::Ready(Ok(1..)) => {}
            Poll::Ready(Ok(0)) if !self.ends.unwritable => self.ends.eof = true,
            Poll::Pending if !self.ends.unwritable => return Poll::Pending,
            _ => self.lose(),
        }
        self.wakes.leaves_more();
        Poll::Ready(())
    }

    fn may_read(&self) -> bool {
        self.io.is_some() && !(self.ends.eof || self.ends.eof_told || self.ends.lost)
    }

    /// Tells the engine that nothing more comes.
    pub(crate) fn end_input(&mut self) {
        (self.ends.eof, self.ends.eof_told) = (false, true);
        let mut received = self.conn.receive_eof();
        note(&mut received, &mut self.closed);
        self.has_moved();
    }

    /// The transport is good for nothing any more. What came before stays readable.
    fn lose(&mut self) {
        self.ends.lost = true;
        self.take_in_all();
        self.input.clear();
        let mut received = self.conn.transport_lost();
        note(&mut received, &mut self.closed);
        self.has_moved();
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

    /// Writes what waits, as far as the transport takes it.
    pub(crate) fn write(&mut self) {
        if !self.conn.wants_write() && !self.needs_flush {
            return;
        }
        let Some(io) = &mut self.io else { return };
        let mut cx = Context::from_waker(&self.write_waker);
        let mut has_written = false;
        let mut output = self.conn.transmit();
        while !output.is_empty() {
            let written = if self.ends.unwritable {
                Poll::Ready(Ok(usize::MAX))
            } else {
                poll_write(io.as_mut(), &mut cx, &mut output)
            };
            match written {
                Poll::Ready(Ok(n @ 1..)) => output.advance(n),
                Poll::Ready(_) => self.ends.unwritable = true,
                Poll::Pending => break,
            }
            has_written = true;
        }
        self.needs_flush |= has_written;
        if self.needs_flush {
            match io.as_mut().poll_flush(&mut cx) {
                Poll::Ready(Ok(())) => self.needs_flush = false,
                Poll::Ready(Err(_)) => (self.needs_flush, self.ends.unwritable) = (false, true),
                Poll::Pending => {}
            }
        }
        if self.is_unwritable() {
            // What the peer sent before may still be there; the driver looks.
            self.wakes.leaves_more();
            self.wakes.driver.wake();
        }
        if has_written {
            self.has_moved();
        }
    }

    /// Queues a message, and writes it unless more is likely to follow.
    pub(crate) fn send(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.queue(send)?;
        if self.has_input() && self.conn.buffered_amount() < BATCH {
            // Whoever receives writes when all is taken; the driver, should that take long.
            self.wakes.driver.wake();
        } else {
            self.write();
        }
        Ok(())
    }

    /// Queues a message.
    pub(crate) fn queue(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.check_sending()?;
        match send(&mut self.conn) {
            Err(SendError::Closing) => return Err(self.error_of_sending()),
            outcome => outcome?,
        }
        if !self.is_open() {
            // It was a Close frame: of the other kinds none would have gone.
            self.note_end();
            self.check_alarm();
        }
        Ok(())
    }

    /// An error if nothing can be sent any more.
    pub(crate) fn check_sending(&self) -> Result<(), Error> {
        if self.closed.is_some() { Err(self.error_of_sending()) } else { Ok(()) }
    }

    /// Whether a message has to wait until the peer has read something.
    pub(crate) fn is_held_up(&self) -> bool {
        self.conn.is_congested() && self.is_open()
    }

    /// Sends a Close frame, unless one was sent or the connection has ended.
    pub(crate) fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), Error> {
        self.conn.close(code, reason)?;
        self.write();
        self.note_end();
        self.check_alarm();
        Ok(())
    }

    /// Gives up.
    pub(crate) fn abort(&mut self) {
        self.conn.abort();
        self.note_end();
    }

    fn error_of_sending(&self) -> Error {
        match &self.closed {
            Some(closed) => Error::Closed(closed.clone()),
            None => Error::Send(SendError::Closing),
        }
    }

    /// How it ended, if it did.
    pub(crate) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Whether everything is written and through the transport's own buffers.
    pub(crate) fn is_flushed(&self) -> bool {
        self.io.is_none() || !(self.conn.wants_write() || self.needs_flush)
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

    /// Nobody will receive any more.
    pub(crate) fn forget_reader(&mut self) {
        self.reader.presence = Presence::Gone;
        self.inbox = Inbox::default();
        self.wakes.driver.wake();
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
        self.wakes.driver.wake();
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
            self.wakes.driver.wake();
        }
    }
}

/// The next message, or what is to be noted instead.
fn note(received: &mut Receive<'_>, closed: &mut Option<Closed>) -> Option<Message> {
    received.defer_close();
    match received.next()? {
        Event::Closed(how) => {
            *closed = Some(how);
            None
        }
        event => Message::of(event),
    }
}

fn poll_write(
    io: Pin<&mut (dyn Io + 'static)>,
    cx: &mut Context<'_>,
    output: &mut wspair::Transmit<'_>,
) -> Poll<std::io::Result<usize>> {
    let len = output.len();
    let first = output.chunk();
    if first.len() == len || !io.is_write_vectored() {
        return io.poll_write(cx, first);
    }
    let mut slices = [&[][..]; SLICES];
    let count = output.slices(&mut slices);
    io.poll_write_vectored(cx, &slices.map(IoSlice::new)[..count])
}

impl Inbox {
    fn push(&mut self, message: Message) {
        if matches!(message, Message::Ping(_) | Message::Pong(_)) {
            // They were answered; who comes late is not to be told of them all.
            if self.controls == MAX_CONTROLS {
                return;
            }
            self.controls += 1;
        }
        self.bytes += size_of::<Message>() + message.len();
        self.messages.push_back(message);
    }

    fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= size_of::<Message>() + message.len();
        self.controls -= usize::from(matches!(message, Message::Ping(_) | Message::Pong(_)));
        Some(message)
    }
}

/// Bytes of messages that wait for the application before nothing more is read.
const MAX_INBOX: usize = 256 << 10;

/// Pings and pongs that wait for the application.
const MAX_CONTROLS: usize = 16;

/// Output below which a write waits for more.
const BATCH: usize = 16 << 10;

/// Parts of a vectored write.
const SLICES: usize = 16;
