//! The server's side, from bytes (RFC 6455 4.2).

use super::head::{HeadError, HeadReader, RequestHead};
use super::known::Places;
use super::refusal::{Refusal, RefusalCause};
use super::request::Request;
use super::{Bootstrap, HeadLimits};
use crate::time::{Deadline, Instant};

/// Reads one HTTP/1.1 request, and says whether it is a valid opening handshake.
///
/// Bytes go in as they come; nothing comes out but what [`progress`](Self::progress) says. Once
/// that is a request or a refusal it stays so, and further input is left to the caller: it belongs
/// to the connection, or after a refusal to nobody.
///
/// At most [`HeadLimits::max_head`] bytes are held.
#[derive(Clone, Debug)]
pub struct ServerHandshake {
    reader: HeadReader,
    state: ServerState,
    deadline: Deadline,
    now: Instant,
}

#[derive(Clone, Debug)]
enum ServerState {
    Reading,
    Request(RequestHead, Places),
    Refused(Refusal),
}

/// How far a [`ServerHandshake`] is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServerProgress<'a> {
    /// The head is not complete.
    NeedMore,
    /// A valid request, to be accepted or refused by the host.
    Request(Request<'a>),
    /// An invalid request. Write the answer, then end the transport.
    Refused(&'a Refusal),
}

impl ServerHandshake {
    /// Waits for a request. The deadline starts when the time is first told.
    pub fn new(limits: HeadLimits) -> Self {
        let mut deadline = Deadline::default();
        deadline.arm(limits.within);
        Self {
            reader: HeadReader::new(limits),
            state: ServerState::Reading,
            deadline,
            now: Instant::default(),
        }
    }

    /// Feeds bytes. The count says how many belong to the head: the rest is the connection's.
    pub fn receive(&mut self, input: &[u8]) -> (usize, ServerProgress<'_>) {
        let ServerState::Reading = self.state else {
            return (0, self.progress());
        };
        let (used, verdict) = self.reader.push(input);
        match verdict {
            Ok(None) => {}
            Ok(Some(head)) => self.state = self.judge(head),
            Err(error) => self.refuse(error.into()),
        }
        (used, self.progress())
    }

    /// Tells that the stream ended. Inside a head that is a refusal.
    pub fn receive_eof(&mut self) -> ServerProgress<'_> {
        if let ServerState::Reading = self.state {
            self.refuse(RefusalCause::UnexpectedEof);
        }
        self.progress()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once there is a verdict.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            ServerState::Reading => self.deadline.due(self.now),
            _ => None,
        }
    }

    /// Tells the time. A request that is not complete by its deadline is refused with 408.
    pub fn handle_timeout(&mut self, now: impl Into<Instant>) -> ServerProgress<'_> {
        let now = now.into();
        self.now = self.now.max(now);
        if let ServerState::Reading = self.state
            && self.deadline.has_passed(now)
        {
            self.refuse(RefusalCause::TimedOut);
        }
        self.progress()
    }

    /// How far it is. Changes nothing.
    pub fn progress(&self) -> ServerProgress<'_> {
        match &self.state {
            ServerState::Reading => ServerProgress::NeedMore,
            ServerState::Request(head, places) => {
                ServerProgress::Request(self.request(head, *places))
            }
            ServerState::Refused(refusal) => ServerProgress::Refused(refusal),
        }
    }

    fn judge(&self, head: RequestHead) -> ServerState {
        if head.minor == 0 {
            return refused(RefusalCause::Http10);
        }
        let method = head.method.text(self.reader.bytes());
        match self.request(&head, Places::default()).check(method) {
            Ok(places) => ServerState::Request(head, places),
            Err(cause) => refused(cause),
        }
    }

    fn request<'a>(&'a self, head: &'a RequestHead, places: Places) -> Request<'a> {
        let bytes = self.reader.bytes();
        let target = head.target.text(bytes);
        Request::read(Bootstrap::Upgrade, target, head.fields.of(bytes), places)
    }

    fn refuse(&mut self, cause: RefusalCause) {
        self.state = refused(cause);
    }
}

impl Default for ServerHandshake {
    fn default() -> Self {
        Self::new(HeadLimits::default())
    }
}

impl From<HeadError> for RefusalCause {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Syntax => Self::Syntax,
            HeadError::Version => Self::HttpVersion,
            HeadError::LineTooLong => Self::LineTooLong,
            HeadError::HeadTooLong => Self::HeadTooLong,
            HeadError::TooManyFields => Self::TooManyFields,
            HeadError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

fn refused(cause: RefusalCause) -> ServerState {
    ServerState::Refused(Refusal::because(cause, Bootstrap::Upgrade))
}
