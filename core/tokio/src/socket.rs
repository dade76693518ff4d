//! An open WebSocket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use wspair::handshake::Negotiated;
use wspair::{CloseCode, Closed, Config, MaskKeys};

use crate::error::Error;
use crate::halves::{Receiver, Sender};
use crate::link::{Link, Parts};
use crate::message::Message;

/// An open WebSocket.
///
/// It is a `Stream` and a `Sink` of messages, and has methods that do the same without any trait:
/// [`recv`](Self::recv), [`send`](Self::send), [`close`](Self::close).
///
/// A task of its own looks after it: pings are answered, deadlines kept and the peer's Close is
/// answered whether the application receives, only sends, or does neither. It ends with the
/// connection. Where the application drops the socket, and all its halves, the peer is told 1001.
///
/// No wait here loses anything when it is given up, as in a `select!`: a message that was not
/// returned is returned the next time, one that was not sent yet is not sent. (`SinkExt::send` is
/// the sink's: it feeds and flushes, and given up while it flushes the message was sent.)
#[derive(Debug)]
pub struct WebSocket {
    sender: Sender,
    receiver: Receiver,
}

impl WebSocket {
    /// The server's side of a connection whose handshake somebody else did, as an HTTP server.
    ///
    /// `io` is what comes behind the handshake's last byte. Compression needs the feature
    /// `deflate`, or a codec in the configuration.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer on.
    pub fn server<S>(io: S, config: impl Into<Arc<Config>>, agreed: Negotiated) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let config = config.into();
        Self::open(io, Parts { config, agreed, masks: None, early: Vec::new(), member: None })
    }

    /// The client's side of a connection whose handshake somebody else did. As
    /// [`server`](Self::server).
    ///
    /// # Errors
    /// [`Error::Io`] where the system has no randomness for the masking keys.
    pub fn client<S>(
        io: S,
        config: impl Into<Arc<Config>>,
        agreed: Negotiated,
    ) -> Result<Self, Error>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let config = config.into();
        let masks = Some(MaskKeys::from_os().map_err(io::Error::other)?);
        Ok(Self::open(io, Parts { config, agreed, masks, early: Vec::new(), member: None }))
    }

    pub(crate) fn open<S>(io: S, parts: Parts) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let link = Link::open(io, parts);
        Self { sender: Sender::new(link.clone()), receiver: Receiver::new(link) }
    }

    /// The next message; `None` behind the last. See [`Receiver::recv`].
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.receiver.recv().await
    }

    /// Sends a message. See [`Sender::send`].
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.sender.send(message).await
    }

    /// Closes, and waits for the end. See [`Sender::close`].
    pub async fn close(&self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.sender.close(code, reason).await
    }

    /// Sends a message now or not at all. See [`Sender::try_send`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), Error> {
        self.sender.try_send(message)
    }

    /// Gives up: the transport is dropped without a word.
    pub fn abort(&self) {
        self.sender.abort();
    }

    /// Waits for the end, and tells how it came about. See [`Sender::closed`].
    pub async fn closed(&self) -> Closed {
        self.sender.closed().await
    }

    /// How the connection ended, if it has.
    pub fn how_closed(&self) -> Option<Closed> {
        self.sender.how_closed()
    }

    /// Bytes that wait to be written.
    pub fn buffered_amount(&self) -> usize {
        self.sender.buffered_amount()
    }

    /// A handle that sends, to be kept elsewhere; it has what is rarer, too.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Both halves, for two tasks.
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    /// What the handshake agreed on.
    pub fn agreed(&self) -> &Negotiated {
        self.sender.agreed()
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(cx)
    }
}

impl FusedStream for WebSocket {
    fn is_terminated(&self) -> bool {
        self.receiver.is_terminated()
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.sender).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.sender).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.sender).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.sender).poll_close(cx)
    }
}
