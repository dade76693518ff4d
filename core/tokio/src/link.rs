//! What the handles and the driver of a connection share.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use wspair::handshake::Negotiated;
use wspair::{CloseCode, Closed, Config, Connection, Delivery, MaskKeys, Role, SendError};

use crate::accepted::Member;
use crate::driver::Driver;
use crate::error::Error;
use crate::state::State;
use crate::wakes::Wakes;

pub(crate) struct Link {
    state: Mutex<State>,
    pub(crate) wakes: Arc<Wakes>,
    pub(crate) agreed: Negotiated,
    /// From so many bytes on a message is queued by reference.
    pub(crate) share_from: usize,
    /// How many can still send or receive.
    handles: AtomicUsize,
}

/// What a connection is made of, beside its transport.
pub(crate) struct Parts {
    pub(crate) config: Arc<Config>,
    pub(crate) agreed: Negotiated,
    /// A client's.
    pub(crate) masks: Option<MaskKeys>,
    /// What came behind the handshake.
    pub(crate) early: Vec<u8>,
    /// Of a server's connections.
    pub(crate) member: Option<Member>,
}

impl Link {
    /// Begins a connection, and the task that looks after it.
    pub(crate) fn open<S>(io: S, parts: Parts) -> Arc<Self>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Parts { mut config, agreed, masks, early, member } = parts;
        if config.delivery != Delivery::Messages {
            Arc::make_mut(&mut config).delivery = Delivery::Messages;
        }
        let conn = match masks {
            None => Connection::server(config.clone(), agreed.clone()),
            Some(masks) => Connection::client(config.clone(), agreed.clone(), masks),
        };
        // What is masked has to be copied.
        let shares = conn.role() == Role::Server;
        let share_from = if shares { config.share_from } else { usize::MAX };
        let state = State::new(conn, Box::pin(io), &early, &config);
        let wakes = state.wakes.clone();
        let handles = AtomicUsize::new(0);
        let link = Arc::new(Self { state: Mutex::new(state), wakes, agreed, share_from, handles });
        if let Some(member) = &member {
            member.open(&link);
        }
        tokio::spawn(Driver::new(link.clone(), member));
        link
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked did so in the transport, and has lost it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends once there is room.
    pub(crate) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        if state.is_held_up() {
            state.wait(cx);
            return Poll::Pending;
        }
        match state.send(send) {
            // It is long, and has to be the first.
            Err(Error::Send(SendError::Backpressure { .. })) => {
                state.wait(cx);
                Poll::Pending
            }
            outcome => Poll::Ready(outcome),
        }
    }

    /// Sends now or not at all.
    pub(crate) fn try_send(
        &self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        if state.is_held_up() {
            let queued = state.conn.buffered_amount();
            return Err(SendError::Backpressure { queued }.into());
        }
        state.send(send)
    }

    /// Queues what a sink is given.
    pub(crate) fn feed(
        &self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), Error> {
        self.lock().queue(send)
    }

    /// Whether a message can be sent now; an error if none ever can.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        if state.is_held_up() {
            state.wait(cx);
            return Poll::Pending;
        }
        Poll::Ready(state.check_sending())
    }

    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.lock().poll_flush(cx)
    }

    /// Waits for the end, and until the peer can know of it.
    pub(crate) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<Closed> {
        let mut state = self.lock();
        if let (Some(closed), true) = (state.closed(), state.is_flushed()) {
            return Poll::Ready(closed.clone());
        }
        state.wait(cx);
        Poll::Pending
    }

    pub(crate) fn close(&self, code: Option<CloseCode>, reason: &str) -> Result<(), Error> {
        self.lock().close(code, reason)
    }

    /// An error if the connection ended before the transport had taken all that was sent.
    pub(crate) fn check_written(&self) -> Result<(), Error> {
        self.lock().check_written()
    }

    pub(crate) fn abort(&self) {
        self.lock().abort();
    }

    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.close(Some(CloseCode::NORMAL), "")?;
        ready!(self.poll_closed(cx));
        Poll::Ready(self.check_written())
    }

    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("connection", &self.lock().conn).finish_non_exhaustive()
    }

    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, AcqRel);
    }

    /// The last to go says so to the peer.
    pub(crate) fn drop_handle(&self) {
        if self.handles.fetch_sub(1, AcqRel) == 1 {
            let went_wrong = std::thread::panicking();
            let code = if went_wrong { CloseCode::INTERNAL } else { CloseCode::GOING_AWAY };
            // Nothing is wrong with the code.
            let _ = self.close(Some(code), "");
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Link", f)
    }
}
