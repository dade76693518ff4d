//! The opening handshake of both sides, over a socket.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use wspair::Negotiated;
use wspair::handshake::{
    AcceptError, Address, ClientHandshake, ClientProgress, ClientRequest, Request, ServerHandshake,
    ServerProgress, nonce_from_os,
};

use super::socket::{LINGER, READ, Socket};
use crate::options::Options;

/// What a handshake leaves.
pub(crate) struct Opened {
    pub(crate) agreed: Negotiated,
    pub(crate) socket: Socket,
    /// Bytes that came behind the handshake's last.
    pub(crate) early: Vec<u8>,
}

/// Reads a client's request and answers it; `None` when it was refused.
///
/// The deadline is for the whole request, however many bytes of it come: the time is told after
/// every read.
pub(crate) fn accept(
    stream: TcpStream,
    options: &Options,
) -> Result<Option<Opened>, Box<dyn Error>> {
    let mut socket = Socket::new(stream)?;
    let mut handshake = ServerHandshake::new(options.head);
    let mut buf = vec![0; READ];
    loop {
        let read = socket.read(&mut buf, handshake.poll_timeout())?;
        let used = match read {
            Some(n @ 1..) => handshake.receive(&buf[..n]).0,
            Some(0) => {
                handshake.receive_eof();
                0
            }
            None => 0,
        };
        let mut response = Vec::new();
        let agreed = match handshake.handle_timeout(socket.now()) {
            ServerProgress::Request(request) => answer(&request, options, &mut response)?,
            ServerProgress::Refused(refusal) => {
                refusal.write_response(&mut response);
                None
            }
            _ => continue,
        };
        socket.write_head(&response)?;
        let Some(agreed) = agreed else {
            // The client may be in the middle of sending something.
            socket.end(LINGER);
            return Ok(None);
        };
        let early = buf[used..read.unwrap_or(0)].to_vec();
        return Ok(Some(Opened { agreed, socket, early }));
    }
}

/// Answers a valid request: what was agreed on, or `None` when the policy says no.
fn answer(
    request: &Request<'_>,
    options: &Options,
    response: &mut Vec<u8>,
) -> Result<Option<Negotiated>, Box<dyn Error>> {
    let wanted = options.subprotocol.as_deref();
    let offered = request.subprotocols().find(|name| Some(*name) == wanted);
    match request.accept(&options.policy, offered) {
        Ok(acceptance) => {
            acceptance.write_response(&[], response)?;
            Ok(Some(acceptance.agreed))
        }
        Err(AcceptError::Refused(refusal)) => {
            refusal.write_response(response);
            Ok(None)
        }
        Err(error @ AcceptError::NotOffered) => Err(error.into()),
    }
}

/// Connects and asks for a WebSocket.
pub(crate) fn connect(url: &str, options: &Options) -> Result<Opened, Box<dyn Error>> {
    let mut request = ClientRequest::new(url)?;
    if let Some(offer) = options.offer {
        request = request.deflate(offer);
    }
    if let Some(name) = &options.subprotocol {
        request = request.subprotocol(name)?;
    }
    let mut out = Vec::new();
    let nonce = nonce_from_os()?;
    let mut handshake = ClientHandshake::with_limits(&request, nonce, options.head, &mut out);
    let mut socket = Socket::new(dial(request.address(), options.head.within)?)?;
    socket.write_head(&out)?;
    let mut buf = vec![0; READ];
    loop {
        let read = socket.read(&mut buf, handshake.poll_timeout())?;
        let used = match read {
            Some(n @ 1..) => handshake.receive(&buf[..n]).0,
            Some(0) => {
                handshake.receive_eof();
                0
            }
            None => 0,
        };
        match handshake.handle_timeout(socket.now()) {
            ClientProgress::Open(_, agreed) => {
                let early = buf[used..read.unwrap_or(0)].to_vec();
                return Ok(Opened { agreed, socket, early });
            }
            ClientProgress::Refused(response) => {
                return Err(format!("the server answered {}", response.status()).into());
            }
            ClientProgress::Failed(failure) => return Err(failure.into()),
            _ => {}
        }
    }
}

/// A TCP connection to the first of the host's addresses that answers in time.
fn dial(address: &Address, within: Option<Duration>) -> Result<TcpStream, Box<dyn Error>> {
    if address.is_secure() {
        return Err("wss needs TLS, which this example has not".into());
    }
    let mut failure = io::Error::from(ErrorKind::NotFound);
    for at in (address.host(), address.port()).to_socket_addrs()? {
        let dialed = match within {
            Some(within) => TcpStream::connect_timeout(&at, within),
            None => TcpStream::connect(at),
        };
        match dialed {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure.into())
}
