//! A connection over a blocking TCP stream: what every host does, written once.
//!
//! Each example uses its part of it.
#![allow(dead_code)]

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant as Clock};

use wspair::handshake::{
    AcceptError, ClientHandshake, ClientProgress, ClientRequest, ServerHandshake, ServerProgress,
    nonce_from_os,
};
use wspair::{Connection, Instant, Negotiated, Receive, Transport};

use super::options::Options;

/// How serving ends.
pub(crate) type Served = Result<(), Box<dyn Error>>;

/// Serves each connection in a thread of its own.
pub(crate) fn listen(options: &Options, serve: fn(TcpStream, &Options) -> Served) -> Served {
    let listener = TcpListener::bind((options.host.as_str(), options.port))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let (stream, options) = (stream?, options.clone());
        thread::spawn(move || {
            if let Err(error) = serve(stream, &options) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

/// What a handshake leaves.
pub(crate) struct Opened {
    pub(crate) agreed: Negotiated,
    /// Bytes that came behind the handshake's last.
    pub(crate) early: Vec<u8>,
}

/// Reads a client's request and answers it; `None` when it was refused.
pub(crate) fn accept(
    stream: &mut TcpStream,
    options: &Options,
) -> Result<Option<Opened>, Box<dyn Error>> {
    stream.set_nodelay(true)?;
    let clock = Clock::now();
    let mut handshake = ServerHandshake::default();
    let mut answer = Vec::new();
    let mut buf = vec![0; READ];
    loop {
        wait(stream, handshake.poll_timeout(), clock)?;
        let (n, used, progress) = match stream.read(&mut buf) {
            Ok(0) => (0, 0, handshake.receive_eof()),
            Ok(n) => {
                let (used, progress) = handshake.receive(&buf[..n]);
                (n, used, progress)
            }
            Err(error) if is_timeout(&error) => {
                (0, 0, handshake.handle_timeout(Instant::from(clock.elapsed())))
            }
            Err(error) => return Err(error.into()),
        };
        match progress {
            ServerProgress::Request(request) => {
                let wanted = options.subprotocol.as_deref();
                let offered = request.subprotocols().find(|name| Some(*name) == wanted);
                match request.accept(&options.policy, offered) {
                    Ok(acceptance) => {
                        acceptance.write_response(&[], &mut answer)?;
                        stream.write_all(&answer)?;
                        let early = buf[used..n].to_vec();
                        return Ok(Some(Opened { agreed: acceptance.agreed, early }));
                    }
                    Err(AcceptError::Refused(refusal)) => refusal.write_response(&mut answer),
                    Err(error @ AcceptError::NotOffered) => return Err(error.into()),
                }
            }
            ServerProgress::Refused(refusal) => refusal.write_response(&mut answer),
            _ => continue,
        }
        stream.write_all(&answer)?;
        return Ok(None);
    }
}

/// Connects and asks for a WebSocket.
pub(crate) fn connect(url: &str, options: &Options) -> Result<(TcpStream, Opened), Box<dyn Error>> {
    let mut request = ClientRequest::new(url)?;
    if let Some(offer) = options.offer {
        request = request.deflate(offer);
    }
    if let Some(name) = &options.subprotocol {
        request = request.subprotocol(name)?;
    }
    let address = request.address();
    let mut stream = TcpStream::connect((address.host(), address.port()))?;
    stream.set_nodelay(true)?;
    let clock = Clock::now();
    let mut out = Vec::new();
    let mut handshake = ClientHandshake::new(&request, nonce_from_os()?, &mut out);
    stream.write_all(&out)?;
    let mut buf = vec![0; READ];
    loop {
        wait(&stream, handshake.poll_timeout(), clock)?;
        let (n, used, progress) = match stream.read(&mut buf) {
            Ok(0) => (0, 0, handshake.receive_eof()),
            Ok(n) => {
                let (used, progress) = handshake.receive(&buf[..n]);
                (n, used, progress)
            }
            Err(error) if is_timeout(&error) => {
                (0, 0, handshake.handle_timeout(Instant::from(clock.elapsed())))
            }
            Err(error) => return Err(error.into()),
        };
        match progress {
            ClientProgress::Open(_, agreed) => {
                return Ok((stream, Opened { agreed, early: buf[used..n].to_vec() }));
            }
            ClientProgress::Refused(response) => {
                return Err(format!("the server answered {}", response.status()).into());
            }
            ClientProgress::Failed(failure) => return Err(failure.into()),
            _ => {}
        }
    }
}

/// A connection, the stream under it, and a clock.
pub(crate) struct Host {
    pub(crate) conn: Connection,
    stream: TcpStream,
    clock: Clock,
    wrote_last: bool,
}

impl Host {
    /// `early` is what came behind the handshake.
    pub(crate) fn new(stream: TcpStream, mut conn: Connection, early: &[u8]) -> Self {
        conn.read_buf(early.len())[..early.len()].copy_from_slice(early);
        // Nothing is taken before the first turn: its events are for the caller.
        let _ = conn.receive_buf(early.len());
        Self { conn, stream, clock: Clock::now(), wrote_last: false }
    }

    /// Writes what waits, then waits for bytes or a deadline: the events of either. `None` when
    /// the stream is to be dropped.
    ///
    /// Events that are not read are not lost: they come with the next turn, which writes first.
    pub(crate) fn turn(&mut self) -> io::Result<Option<Receive<'_>>> {
        let written = self.conn.transmit().write_to(&mut self.stream);
        match self.conn.transport() {
            Transport::Open => {}
            Transport::FinishWriting if self.wrote_last => {}
            Transport::FinishWriting => {
                self.wrote_last = true;
                // It fails where the peer is gone, which reading will tell.
                let _ = self.stream.shutdown(Shutdown::Write);
            }
            _ => return Ok(None),
        }
        if written.is_err() {
            return Ok(Some(self.conn.receive_eof()));
        }
        if self.conn.unread() > 0 {
            return Ok(Some(self.conn.receive_buf(0)));
        }
        if !wait(&self.stream, self.conn.poll_timeout(), self.clock)? {
            return Ok(Some(self.conn.handle_timeout(Instant::from(self.clock.elapsed()))));
        }
        Ok(Some(match self.stream.read(self.conn.read_buf(READ)) {
            Ok(0) => self.conn.receive_eof(),
            Ok(n) => self.conn.receive_buf(n),
            Err(error) if is_timeout(&error) => {
                self.conn.handle_timeout(Instant::from(self.clock.elapsed()))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.conn.receive_buf(0),
            Err(_) => self.conn.receive_eof(),
        }))
    }
}

/// Lets the next read wait until `due`; false when that is now.
fn wait(stream: &TcpStream, due: Option<Instant>, clock: Clock) -> io::Result<bool> {
    let now = Instant::from(clock.elapsed());
    let wait = due.map(|due| due.since(now));
    if wait == Some(Duration::ZERO) {
        return Ok(false);
    }
    stream.set_read_timeout(wait)?;
    Ok(true)
}

/// Whether a read ended because its time was over; systems differ in the word for it.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Bytes read at a time.
const READ: usize = 64 << 10;
