//! Between the types of the crate `http` and ours: for servers and clients that others do HTTP for.

// An answer is an answer, whatever it says, and not to be boxed for it.
#![allow(clippy::result_large_err)]

use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wspair::handshake::{
    AcceptError, Bootstrap, ClientRequest, Fields, InvalidRequest, Negotiated, Refusal,
    Request as Checked,
};

use crate::accepted::Member;
use crate::error::{Answer, Error};
use crate::link::Parts;
use crate::server::{Server, status_alone};
use crate::socket::WebSocket;

/// A connection to be, once the HTTP server has sent the answer.
#[derive(Debug)]
pub struct Upgrade {
    server: Server,
    agreed: Negotiated,
    member: Member,
}

impl Upgrade {
    /// Opens the connection over what comes behind the answer.
    pub fn open<S>(self, io: S) -> WebSocket
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Self { server: Server { config, .. }, agreed, member } = self;
        let member = Some(member);
        WebSocket::open(io, Parts { config, agreed, masks: None, early: Vec::new(), member })
    }

    /// What was agreed on.
    pub fn agreed(&self) -> &Negotiated {
        &self.agreed
    }
}

impl Server {
    /// Answers a request for an upgrade that an HTTP/1.1 server parsed: with what to send, to which
    /// fields may be added, and the connection that comes of it.
    ///
    /// # Errors
    /// The answer to a request that is not valid or not allowed; 503 once the server
    /// [closes](Self::close).
    pub fn upgrade<B>(
        &self,
        request: &Request<B>,
    ) -> Result<(Response<()>, Upgrade), Response<Bytes>> {
        self.answer(Bootstrap::Upgrade, request, request.headers().into())
    }

    /// Answers an extended `CONNECT` (RFC 8441, RFC 9220) that an HTTP/2 or HTTP/3 server parsed;
    /// `protocol` is its `:protocol`.
    ///
    /// # Errors
    /// As [`upgrade`](Self::upgrade). The [`Refusal`] is among the answer's extensions: a stream
    /// whose request [is malformed](Refusal::is_malformed) is reset rather than answered.
    pub fn upgrade_connect<B>(
        &self,
        request: &Request<B>,
        protocol: &str,
    ) -> Result<(Response<()>, Upgrade), Response<Bytes>> {
        let uri = request.uri();
        let pseudo = [
            (":protocol", Some(protocol)),
            (":scheme", uri.scheme_str()),
            (":authority", uri.authority().map(::http::uri::Authority::as_str)),
        ];
        let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name, value?.as_bytes())));
        let fields = pseudo.chain(Fields::from(request.headers())).collect();
        self.answer(Bootstrap::ExtendedConnect, request, fields)
    }

    fn answer<'a, B>(
        &self,
        how: Bootstrap,
        request: &'a Request<B>,
        fields: Fields<'a>,
    ) -> Result<(Response<()>, Upgrade), Response<Bytes>> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let checked = Checked::from_fields(how, request.method().as_str(), target, fields);
        let checked = checked.map_err(|refusal| refused(&refusal, how))?;
        let member = self.accepted.join();
        if member.is_closing() {
            return Err(refused(&status_alone(503), how));
        }
        let acceptance = match self.accept_request(&checked, self.choose(&checked)) {
            Ok(acceptance) => acceptance,
            Err(AcceptError::Refused(refusal)) => return Err(refused(&refusal, how)),
            Err(AcceptError::NotOffered) => unreachable!("chosen from what was offered"),
        };
        let mut response = Response::new(());
        *response.status_mut() = status(acceptance.status);
        for (name, value) in &acceptance.fields {
            append(response.headers_mut(), name.as_bytes(), value.as_bytes());
        }
        Ok((response, Upgrade { server: self.clone(), agreed: acceptance.agreed, member }))
    }
}

fn refused(refusal: &Refusal, how: Bootstrap) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(refusal.content()));
    *response.status_mut() = status(refusal.status());
    for (name, value) in refusal.fields(how) {
        append(response.headers_mut(), name.as_bytes(), &value);
    }
    response.extensions_mut().insert(refusal.clone());
    response
}

impl crate::Client {
    /// Asks for what a request of the crate `http` says: its address, `ws` or `wss`, and its
    /// fields. Those of the handshake itself are left out, but for the subprotocols.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn from_http<B>(request: &Request<B>) -> Result<Self, Error> {
        let mut asked = ClientRequest::new(&request.uri().to_string())?;
        for (name, value) in request.headers() {
            if name == header::SEC_WEBSOCKET_PROTOCOL {
                let names = value.to_str().map_err(|_| InvalidRequest::Subprotocol)?.split(',');
                for name in names.map(str::trim).filter(|name| !name.is_empty()) {
                    asked = asked.subprotocol(name)?;
                }
            } else if !HANDSHAKE.contains(name) {
                asked = asked.field(name.as_str(), value.as_bytes())?;
            }
        }
        Ok(Self::new(asked))
    }
}

/// Fields that the engine writes.
const HANDSHAKE: [HeaderName; 6] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_ACCEPT,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
];

impl From<Answer> for Response<Bytes> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(answer.body.into());
        *response.status_mut() = status(answer.status);
        for (name, value) in &answer.fields {
            append(response.headers_mut(), name.as_bytes(), value);
        }
        response
    }
}

/// Statuses of three digits are all that there are.
fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What the engine wrote or checked is valid in that crate's eyes, too; what is not is left out.
fn append(headers: &mut HeaderMap, name: &[u8], value: &[u8]) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}
