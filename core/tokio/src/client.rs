//! The client's side of the opening handshake (RFC 6455 4.1).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wspair::handshake::{
    ClientHandshake, ClientProgress, ClientRequest, Failure, HeadLimits, Negotiated, Response,
    nonce_from_os,
};
use wspair::{Config, Instant, MaskKeys};

use crate::error::{Answer, Error};
use crate::link::Parts;
use crate::server::READ;
use crate::socket::WebSocket;

/// What a client asks for, and what its connection is set to.
///
/// ```no_run
/// use wspair::handshake::ClientRequest;
/// use wspair_tokio::Client;
///
/// # async fn run() -> Result<(), wspair_tokio::Error> {
/// let request = ClientRequest::new("ws://example.org/chat")?.subprotocol("chat")?;
/// let (socket, answer) = Client::new(request).connect().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    request: ClientRequest,
    config: Arc<Config>,
    limits: HeadLimits,
}

impl Client {
    /// With every limit and deadline on.
    pub fn new(request: ClientRequest) -> Self {
        Self { request, config: Arc::default(), limits: HeadLimits::default() }
    }

    /// What the connection is set to: limits, keepalive, deadlines.
    #[must_use]
    pub fn with_config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// How large an answer's head may be, and how long it may take: 10 s by default; to dial has
    /// as long.
    #[must_use]
    pub fn with_head_limits(mut self, limits: HeadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Dials the address of the request over TCP, and opens a connection.
    ///
    /// # Errors
    /// [`Error::NeedsTls`] for a `wss` address; else as [`connect_over`](Self::connect_over).
    #[cfg(feature = "net")]
    pub async fn connect(self) -> Result<(WebSocket, Answer), Error> {
        use tokio::net::TcpStream;

        let address = self.request.address();
        if address.is_secure() {
            return Err(Error::NeedsTls);
        }
        let dialing = TcpStream::connect((address.host(), address.port()));
        let within = self.limits.within.unwrap_or(Duration::MAX);
        let stream = timeout(within, dialing).await.map_err(io::Error::from)??;
        crate::tune(&stream)?;
        self.connect_over(stream).await
    }

    /// Opens a connection over a stream, one with TLS for instance. The answer's fields come with
    /// it.
    ///
    /// # Errors
    /// [`Error::Answered`] where the server says no in plain HTTP, [`Error::Failed`] where its
    /// answer can't be relied on, or did not come in time, and [`Error::Io`].
    pub async fn connect_over<S>(self, mut io: S) -> Result<(WebSocket, Answer), Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let asked = self.request.for_codec(&self.config.deflate);
        let nonce = nonce_from_os().map_err(io::Error::other)?;
        let masks = MaskKeys::from_os().map_err(io::Error::other)?;
        let within = self.limits.within.unwrap_or(Duration::MAX);
        let mut request = Vec::new();
        let mut handshake = ClientHandshake::with_limits(&asked, nonce, self.limits, &mut request);
        let mut early = Vec::new();
        handshake.handle_timeout(Instant::default());
        match timeout(within, talk(&mut io, &request, &mut handshake, &mut early)).await {
            Ok(done) => done?,
            Err(_) => _ = handshake.handle_timeout(Instant::from(within)),
        }
        let (agreed, answer) = outcome(handshake.progress())?;
        let parts = Parts { config: self.config, agreed, masks: Some(masks), early, member: None };
        Ok((WebSocket::open(io, parts), answer))
    }
}

/// Sends the request and reads the answer.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    request: &[u8],
    handshake: &mut ClientHandshake,
    early: &mut Vec<u8>,
) -> io::Result<()> {
    io.write_all(request).await?;
    io.flush().await?;
    while let ClientProgress::NeedMore = handshake.progress() {
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

fn outcome(progress: ClientProgress<'_>) -> Result<(Negotiated, Answer), Error> {
    match progress {
        ClientProgress::Open(response, agreed) => Ok((agreed, answer(&response))),
        ClientProgress::Refused(response) => Err(Error::Answered(answer(&response))),
        ClientProgress::Failed(failure) => Err(Error::Failed(failure)),
        _ => Err(Error::Failed(Failure::TimedOut)),
    }
}

fn answer(response: &Response<'_>) -> Answer {
    let fields = response.fields().iter().map(|(name, value)| (name.into(), value.into()));
    Answer { status: response.status(), fields: fields.collect(), body: response.body().into() }
}
