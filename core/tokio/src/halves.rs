//! The two halves of a WebSocket.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use tokio::task::coop;
use wspair::handshake::Negotiated;
use wspair::{CloseCode, Closed, Compression, Prepared};

use crate::error::Error;
use crate::link::Link;
use crate::message::Message;

/// The sending half of a [`WebSocket`](crate::WebSocket). It can be cloned, and shared: each message goes out whole,
/// those of one task in their order.
pub struct Sender(Arc<Link>);

/// The receiving half of a [`WebSocket`](crate::WebSocket).
///
/// Where it is dropped and a [`Sender`] lives on, what the peer sends is thrown away.
pub struct Receiver {
    link: Arc<Link>,
    is_terminated: bool,
}

impl Sender {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        link.add_handle();
        Self(link)
    }

    /// Sends a message. Waits while the peer is behind: while
    /// [`high_water_mark`](wspair::Limits::high_water_mark) bytes or more wait to be written.
    ///
    /// What is sent goes out at once, or with what follows it right away; to wait until the
    /// transport took it is to flush the sink, which fails where the connection ended before that.
    /// A message longer than [`max_outgoing`](wspair::Limits::max_outgoing) goes as the only one.
    ///
    /// # Errors
    /// [`Error::Closed`] once the connection has ended, however that was.
    /// [`Error::Send`] for what may not be sent: anything behind a Close frame, a control frame
    /// that is too long, a close code or reason that is not allowed.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.send_with(message, Compression::Auto).await
    }

    /// Sends a message, compressed or not, where compression was agreed on. As
    /// [`send`](Self::send).
    pub async fn send_with(
        &self,
        message: impl Into<Message>,
        compression: Compression,
    ) -> Result<(), Error> {
        coop::consume_budget().await;
        let message = message.into();
        poll_fn(|cx| {
            self.0.poll_send(cx, |conn| message.send(conn, compression, self.0.share_from))
        })
        .await
    }

    /// Sends a message that was encoded once for many connections. As [`send`](Self::send).
    pub async fn send_prepared(&self, message: &Prepared) -> Result<(), Error> {
        coop::consume_budget().await;
        poll_fn(|cx| self.0.poll_send(cx, |conn| conn.send_prepared(message))).await
    }

    /// Sends a message now or not at all: for broadcasts, which don't wait for the slowest.
    ///
    /// # Errors
    /// [`SendError::Backpressure`](wspair::SendError::Backpressure) while the peer is behind; else as [`send`](Self::send).
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.0.try_send(|conn| message.send(conn, Compression::Auto, self.0.share_from))
    }

    /// Sends a message that was encoded once for many connections, now or not at all. As
    /// [`try_send`](Self::try_send).
    pub fn try_send_prepared(&self, message: &Prepared) -> Result<(), Error> {
        self.0.try_send(|conn| conn.send_prepared(message))
    }

    /// Says goodbye, and waits for the end: the peer's Close, or the deadline
    /// ([`close_within`](wspair::Config::close_within)), which counts from this call. What the peer has not
    /// taken by then is dropped. Once it has ended nothing happens; how it did is
    /// [`how_closed`](Self::how_closed)'s to say.
    ///
    /// # Errors
    /// [`Error::Send`] for a code that may not be sent and a reason that is too long;
    /// [`Error::Closed`] where the connection ended before all that was sent was written.
    pub async fn close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.0.close(Some(code), reason)?;
        self.closed().await;
        self.0.check_written()
    }

    /// Gives up: the transport is dropped without a word.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Waits for the end, and tells how it came about.
    pub async fn closed(&self) -> Closed {
        poll_fn(|cx| self.0.poll_closed(cx)).await
    }

    /// How the connection ended, if it has: what [`closed`](Self::closed) tells, without waiting.
    pub fn how_closed(&self) -> Option<Closed> {
        self.0.lock().closed().cloned()
    }

    /// Bytes that wait to be written.
    pub fn buffered_amount(&self) -> usize {
        self.0.lock().conn.buffered_amount()
    }

    /// What the handshake agreed on.
    pub fn agreed(&self) -> &Negotiated {
        &self.0.agreed
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.drop_handle();
    }
}

impl Receiver {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        link.add_handle();
        Self { link, is_terminated: false }
    }

    /// The next message. A connection that ended cleanly gives its Close frame as the last one,
    /// one that did not an error; `None` follows.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    pub(crate) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, Error>>> {
        // A buffer full of messages is not a reason to keep others waiting.
        ready!(pin!(coop::consume_budget()).poll(cx));
        let message = ready!(self.link.lock().poll_receive(cx));
        self.is_terminated = message.is_none();
        Poll::Ready(message)
    }

    /// What the handshake agreed on.
    pub fn agreed(&self) -> &Negotiated {
        &self.link.agreed
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.link.lock().forget_reader();
        self.link.drop_handle();
    }
}

impl Stream for Receiver {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(cx)
    }
}

impl FusedStream for Receiver {
    fn is_terminated(&self) -> bool {
        self.is_terminated
    }
}

impl Sink<Message> for Sender {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(pin!(coop::consume_budget()).poll(cx));
        self.0.poll_room(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.0.feed(|conn| message.send(conn, Compression::Auto, self.0.share_from))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_flush(cx)
    }

    /// Closes with 1000. Fails where the connection ended before all that was sent was written.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_close(cx)
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Sender", f)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.link.debug("Receiver", f)
    }
}
