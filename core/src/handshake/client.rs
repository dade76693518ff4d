//! The client's side, from bytes (RFC 6455 4.1).

use alloc::vec::Vec;

use super::client_request::ClientRequest;
use super::fields::Fields;
use super::head::{HeadReader, ResponseHead};
use super::response::{Expected, Failure, Response};
use super::{Bootstrap, HeadLimits, Negotiated};
use crate::time::{Deadline, Instant};

/// Writes one HTTP/1.1 request, and reads the answer to it.
///
/// Interim responses are skipped. Once [`progress`](Self::progress) is other than
/// [`NeedMore`](ClientProgress::NeedMore) it stays so, and further input is left to the caller:
/// after [`Open`](ClientProgress::Open) it belongs to the connection.
///
/// At most [`HeadLimits::max_head`] and [`HeadLimits::max_body`] bytes are held.
#[derive(Clone, Debug)]
pub struct ClientHandshake {
    reader: HeadReader,
    limits: HeadLimits,
    expected: Expected,
    interim: u32,
    /// What came of a refusal's body.
    body: Vec<u8>,
    state: ClientState,
    deadline: Deadline,
    now: Instant,
}

#[derive(Clone, Debug)]
enum ClientState {
    Reading,
    /// A refusal, with so many bytes of its body yet to come.
    Body(ResponseHead, usize),
    Open(ResponseHead, Negotiated),
    Refused(ResponseHead),
    Failed(Failure),
}

/// How far a [`ClientHandshake`] is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientProgress<'a> {
    /// The answer is not complete.
    NeedMore,
    /// The connection is open.
    Open(Response<'a>, Negotiated),
    /// The server said no in plain HTTP: 401, a redirect, 426 with the versions it speaks.
    ///
    /// The body is read as far as its length, the end of the stream, the deadline or
    /// [`HeadLimits::max_body`] lets it.
    Refused(Response<'a>),
    /// The answer cannot be relied on. End the transport; there is nothing to send.
    Failed(Failure),
}

impl ClientHandshake {
    /// Appends the request to `out` and waits for the answer, within the default limits.
    ///
    /// `nonce` must be unpredictable and used once. The deadline starts when the time is first
    /// told.
    pub fn new(request: &ClientRequest, nonce: [u8; 16], out: &mut Vec<u8>) -> Self {
        Self::with_limits(request, nonce, HeadLimits::default(), out)
    }

    /// As [`new`](Self::new), within other limits.
    pub fn with_limits(
        request: &ClientRequest,
        nonce: [u8; 16],
        limits: HeadLimits,
        out: &mut Vec<u8>,
    ) -> Self {
        request.write(nonce, out);
        let mut deadline = Deadline::default();
        deadline.arm(limits.within);
        Self {
            reader: HeadReader::new(limits),
            limits,
            expected: Expected::new(request, Bootstrap::Upgrade, nonce),
            interim: 0,
            body: Vec::new(),
            state: ClientState::Reading,
            deadline,
            now: Instant::default(),
        }
    }

    /// Feeds bytes. The count says how many belong to the answer: after
    /// [`Open`](ClientProgress::Open) the rest is the connection's.
    pub fn receive(&mut self, input: &[u8]) -> (usize, ClientProgress<'_>) {
        let mut used = 0;
        while let ClientState::Reading = self.state
            && used < input.len()
        {
            let (taken, verdict) = self.reader.push(&input[used..]);
            used += taken;
            match verdict {
                Ok(None) => {}
                Ok(Some(head)) => self.end_head(head),
                Err(error) => self.state = ClientState::Failed(error.into()),
            }
        }
        if let ClientState::Body(_, left) = &mut self.state {
            let taken = (*left).min(input.len() - used);
            // Where there is no memory for more of it, the body ends here.
            if self.body.try_reserve(taken).is_ok() {
                self.body.extend_from_slice(&input[used..used + taken]);
                *left -= taken;
            } else {
                *left = 0;
            }
            used += taken;
            if *left == 0 {
                self.end_body();
            }
        }
        (used, self.progress())
    }

    /// Tells that the stream ended. Before the end of the head that is a failure.
    pub fn receive_eof(&mut self) -> ClientProgress<'_> {
        self.give_up(Failure::UnexpectedEof)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); `None` once there is a verdict.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            ClientState::Reading | ClientState::Body(..) => self.deadline.due(self.now),
            _ => None,
        }
    }

    /// Tells the time. An answer that is not complete by its deadline is a failure; of a refusal
    /// what came by then is handed up.
    pub fn handle_timeout(&mut self, now: impl Into<Instant>) -> ClientProgress<'_> {
        let now = now.into();
        self.now = self.now.max(now);
        if self.deadline.has_passed(now) {
            return self.give_up(Failure::TimedOut);
        }
        self.progress()
    }

    /// How far it is. Changes nothing.
    pub fn progress(&self) -> ClientProgress<'_> {
        match &self.state {
            ClientState::Reading | ClientState::Body(..) => ClientProgress::NeedMore,
            ClientState::Open(head, agreed) => {
                ClientProgress::Open(self.response(head), agreed.clone())
            }
            ClientState::Refused(head) => ClientProgress::Refused(self.response(head)),
            ClientState::Failed(failure) => ClientProgress::Failed(*failure),
        }
    }

    /// Judges a complete head, unless it is an interim one.
    fn end_head(&mut self, head: ResponseHead) {
        self.state = match head.status {
            100..=199 if head.minor == 0 => ClientState::Failed(Failure::HttpVersion),
            101 => match self.expected.check(&self.response(&head)) {
                Ok(agreed) => ClientState::Open(head, agreed),
                Err(failure) => ClientState::Failed(failure),
            },
            100..=199 if self.interim < self.limits.max_interim => {
                self.interim += 1;
                self.reader.restart();
                ClientState::Reading
            }
            100..=199 => ClientState::Failed(Failure::TooManyInterim),
            status => {
                let fields = head.fields.of(self.reader.bytes());
                let len = body_len(status, &fields).min(self.limits.max_body);
                ClientState::Body(head, len)
            }
        };
    }

    /// Ends what is not complete: with a failure, or with the part of a body that came.
    fn give_up(&mut self, failure: Failure) -> ClientProgress<'_> {
        match self.state {
            ClientState::Reading => self.state = ClientState::Failed(failure),
            ClientState::Body(..) => self.end_body(),
            _ => {}
        }
        self.progress()
    }

    fn end_body(&mut self) {
        if let ClientState::Body(head, _) = &self.state {
            self.state = ClientState::Refused(head.clone());
        }
    }

    fn response<'a>(&'a self, head: &'a ResponseHead) -> Response<'a> {
        let fields = head.fields.of(self.reader.bytes());
        Response::new(head.status, fields, &self.body)
    }
}

/// How many bytes of body follow, at most (RFC 9112 6.3).
fn body_len(status: u16, fields: &Fields<'_>) -> usize {
    let length = match fields.single("Content-Length") {
        _ if matches!(status, 204 | 304) => Some(0),
        _ if fields.get("Transfer-Encoding").is_some() => None,
        Ok(Some(length)) => core::str::from_utf8(length)
            .ok()
            .filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|length| length.parse().ok()),
        _ => None,
    };
    length.unwrap_or(usize::MAX)
}
