//! The server's side of the opening handshake (RFC 6455 4.2).

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wspair::handshake::{
    AcceptError, Acceptance, HeadLimits, Negotiated, Policy, Refusal, Request, ServerHandshake,
    ServerProgress,
};
use wspair::{Config, Instant};

use crate::accepted::{Accepted, Member};
use crate::error::Error;
use crate::link::Parts;
use crate::socket::WebSocket;

/// What a server's connections have in common.
///
/// ```
/// use std::time::Duration;
/// use wspair::handshake::{Origins, Policy};
/// use wspair_tokio::Server;
///
/// let mut config = wspair::Config::default();
/// config.ping_after = Some(Duration::from_secs(20));
/// let mut policy = Policy::default();
/// policy.origins = Some(Origins::new(["https://example.org"])?);
/// let server = Server::new().with_config(config).with_policy(policy).with_subprotocols(["chat"]);
/// # Ok::<(), wspair::handshake::InvalidOrigin>(())
/// ```
/// Clones have their connections in common, too: [`close`](Self::close) ends them all.
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub(crate) config: Arc<Config>,
    pub(crate) policy: Policy,
    limits: HeadLimits,
    subprotocols: Vec<String>,
    pub(crate) accepted: Arc<Accepted>,
}

/// A valid request that was not answered yet.
///
/// Dropped, it ends the stream without an answer.
#[derive(Debug)]
pub struct Incoming<S> {
    io: S,
    handshake: ServerHandshake,
    /// What came behind the request.
    early: Vec<u8>,
    server: Server,
    member: Member,
}

impl Server {
    /// Agrees to all origins and to no extension; every limit and deadline is on.
    pub fn new() -> Self {
        Self::default()
    }

    /// What connections are set to: limits, keepalive, deadlines.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// What is agreed to: origins, compression.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How large a request's head may be, and how long it may take: 10 s by default, for all of it.
    #[must_use]
    pub fn with_head_limits(mut self, limits: HeadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The subprotocols that are spoken, the best first. A client that offers none of them gets a
    /// connection without one; a name that is no token (RFC 9110 5.6.2) is never offered.
    #[must_use]
    pub fn with_subprotocols<T: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = T>,
    ) -> Self {
        self.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Reads a request from a stream and opens the connection.
    ///
    /// # Errors
    /// [`Error::Refused`] once a request that is not valid, not allowed, or not there in time was
    /// answered so, and [`Error::Io`].
    pub async fn accept<S>(&self, io: S) -> Result<WebSocket, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.read(io).await?.accept().await
    }

    /// Reads a request, to look at it before it is accepted or refused.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub async fn read<S>(&self, mut io: S) -> Result<Incoming<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = ServerHandshake::new(self.limits);
        let mut early = Vec::new();
        let within = self.limits.within.unwrap_or(Duration::MAX);
        let member = self.accepted.join();
        handshake.handle_timeout(Instant::default());
        let reading = timeout(within, read_request(&mut io, &mut handshake, &mut early));
        match member.unless_closing(reading).await? {
            Ok(read) => read?,
            Err(_) => _ = handshake.handle_timeout(Instant::from(within)),
        }
        if let ServerProgress::Refused(refusal) = handshake.progress() {
            member.unless_closing(refuse(io, refusal)).await?;
            return Err(Error::Refused(refusal.clone()));
        }
        Ok(Incoming { io, handshake, early, server: self.clone(), member })
    }

    /// Ends all that was accepted here, by this server and its clones: the peers of open connections
    /// are told 1001, requests that are being read are dropped. Returns when all have ended, at the
    /// latest at the deadline, when those that have not are dropped. Nobody is accepted any more.
    pub async fn close(&self, deadline: Duration) {
        self.accepted.close(deadline).await;
    }

    /// What a request is answered with, where the policy allows it.
    pub(crate) fn accept_request(
        &self,
        request: &Request<'_>,
        subprotocol: Option<&str>,
    ) -> Result<Acceptance, AcceptError> {
        request.accept(&self.policy.for_codec(&self.config.deflate), subprotocol)
    }

    /// The subprotocol to speak.
    pub(crate) fn choose<'a>(&'a self, request: &Request<'_>) -> Option<&'a str> {
        request.choose_subprotocol(&self.subprotocols)
    }
}

impl<S> Incoming<S> {
    /// What the client asks for.
    pub fn request(&self) -> Request<'_> {
        match self.handshake.progress() {
            ServerProgress::Request(request) => request,
            _ => unreachable!("a request was read"),
        }
    }

    /// The stream under it.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S> Incoming<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    /// Opens the connection.
    ///
    /// # Errors
    /// [`Error::Refused`] once the policy's no was told, and [`Error::Io`], also where the client
    /// has gone.
    pub async fn accept(self) -> Result<WebSocket, Error> {
        let chosen = self.server.choose(&self.request()).map(str::to_owned);
        self.accept_with(chosen.as_deref(), &[]).await
    }

    /// Opens the connection with one of the client's subprotocols, and with further fields in the
    /// answer, as `Set-Cookie`.
    ///
    /// # Errors
    /// As [`accept`](Self::accept), and [`Error::Field`]. A subprotocol that the client did not
    /// offer is [`InvalidInput`](io::ErrorKind::InvalidInput). The client is answered with 500 in
    /// both cases.
    pub async fn accept_with(
        self,
        subprotocol: Option<&str>,
        fields: &[(&str, &[u8])],
    ) -> Result<WebSocket, Error> {
        let (answer, agreed) = match self.answer(subprotocol, fields) {
            Ok(answer) => answer,
            Err((refusal, error)) => {
                self.member.unless_closing(refuse(self.io, &refusal)).await?;
                return Err(error);
            }
        };
        let Self { mut io, mut early, server, member, .. } = self;
        check_presence(&mut io, &mut early).await?;
        let written = timeout(server.limits.within.unwrap_or(Duration::MAX), async {
            io.write_all(&answer).await?;
            io.flush().await
        });
        member.unless_closing(written).await?.map_err(io::Error::from)??;
        let config = server.config;
        let parts = Parts { config, agreed, masks: None, early, member: Some(member) };
        Ok(WebSocket::open(io, parts))
    }

    /// The answer that opens the connection, or the one that does not, and why.
    fn answer(
        &self,
        subprotocol: Option<&str>,
        fields: &[(&str, &[u8])],
    ) -> Result<(Vec<u8>, Negotiated), (Refusal, Error)> {
        let failed = |error| (status_alone(500), error);
        let acceptance = self.server.accept_request(&self.request(), subprotocol).map_err(
            |error| match error {
                AcceptError::Refused(refusal) => (refusal.clone(), Error::Refused(refusal)),
                error @ AcceptError::NotOffered => {
                    failed(io::Error::new(io::ErrorKind::InvalidInput, error).into())
                }
            },
        )?;
        let mut answer = Vec::new();
        acceptance.write_response(fields, &mut answer).map_err(|error| failed(error.into()))?;
        Ok((answer, acceptance.agreed))
    }

    /// Answers no, and ends the stream. [`Refusal::new`] makes one for your own reasons.
    pub async fn refuse(self, refusal: Refusal) {
        let _ = self.member.unless_closing(refuse(self.io, &refusal)).await;
    }

    /// Waits until the client leaves, or the server closes: for those who think long about a
    /// request. What the client sends behind it is kept for the connection, up to some length; a
    /// client that sent something counts as there.
    pub async fn gone(&mut self) {
        let Self { io, early, member, .. } = self;
        let watching = async {
            while early.len() < MAX_EARLY {
                match io.read_buf(early).await {
                    Ok(1..) => {}
                    // It sent something and waits for the answers. Over TLS a stream that ended
                    // without a word of it is an error.
                    Ok(0) | Err(_) if !early.is_empty() => break,
                    _ => return,
                }
            }
            // It can't be told.
            std::future::pending::<()>().await;
        };
        let _ = member.unless_closing(watching).await;
    }
}

/// A client that has left gets no answer.
async fn check_presence<S: AsyncRead + Unpin>(
    io: &mut S,
    early: &mut Vec<u8>,
) -> Result<(), Error> {
    let had_early = !early.is_empty();
    let mut read = pin!(io.read_buf(early));
    match poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await {
        Poll::Ready(Ok(0)) if !had_early => {
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
        // Over TLS a stream that ended without a word of it is an error.
        Poll::Ready(Err(error)) if !had_early => Err(error.into()),
        _ => Ok(()),
    }
}

/// Bytes read at a time. Not in the future, which is as large as the largest thing that it holds.
pub(crate) const READ: usize = 4 << 10;

/// Bytes that are kept for a connection before it is open.
const MAX_EARLY: usize = 64 << 10;

async fn read_request<S: AsyncRead + Unpin>(
    io: &mut S,
    handshake: &mut ServerHandshake,
    early: &mut Vec<u8>,
) -> io::Result<()> {
    while let ServerProgress::NeedMore = handshake.progress() {
        early.reserve(READ);
        if io.read_buf(early).await? == 0 {
            handshake.receive_eof();
        } else {
            let (used, _) = handshake.receive(early);
            early.drain(..used);
        }
    }
    early.shrink_to_fit();
    Ok(())
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut io: S, refusal: &Refusal) {
    let mut answer = Vec::new();
    refusal.write_response(&mut answer);
    let telling = async {
        io.write_all(&answer).await?;
        io.shutdown().await?;
        // A stream that is dropped with unread input is reset, and the answer may be lost.
        let mut rest = Vec::with_capacity(READ);
        while io.read_buf(&mut rest).await? > 0 {
            rest.clear();
        }
        io::Result::Ok(())
    };
    // A client that does not read it, or goes on sending, is left at that.
    let _ = timeout(LINGER, telling).await;
}

/// A refusal for reasons of ours.
pub(crate) fn status_alone(status: u16) -> Refusal {
    Refusal::new(status).expect("a status of an error")
}

/// How long a refused client has to read the answer.
const LINGER: Duration = Duration::from_secs(1);
