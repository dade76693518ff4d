//! An echo server on mio: any number of connections, one thread.
//!
//!     cargo run --example mio_server -- 9001

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use wspair::handshake::{Policy, ServerHandshake, ServerProgress};
use wspair::{Config, Connection, Event, TransportAction};

const LISTENER: Token = Token(0);
/// For requests.
const READ: usize = 16 << 10;
/// From so many bytes on a copy costs more than a write of its own.
const LONG: usize = 4 << 10;

/// As the documentation of `wanted` has it: a long message ends where its last read ends.
fn read_len(conn: &Connection) -> usize {
    match conn.wanted() {
        0..2048 => 17 << 10,
        wanted => wanted.min(32 << 10),
    }
}

/// A socket, and how far it has come.
struct Peer {
    stream: TcpStream,
    state: State,
    has_finished: bool,
}

enum State {
    Opening(ServerHandshake),
    Open(Box<Connection>),
    /// Refused: what is left to write.
    Refused(Vec<u8>),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(9001), |port| port.parse())?;
    let mut listener = TcpListener::bind(([127, 0, 0, 1], port).into())?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut events, mut peers, mut last) = (Events::with_capacity(256), HashMap::new(), 0);
    let start = Instant::now();
    loop {
        let due = peers.values().filter_map(Peer::due).min();
        let wait = due.map(|due| due.saturating_sub(start.elapsed()));
        poll.poll(&mut events, wait)?;
        while let Ok((mut stream, _)) = listener.accept() {
            last += 1;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(last), both)?;
            let state = State::Opening(ServerHandshake::default());
            peers.insert(Token(last), Peer { stream, state, has_finished: false });
        }
        // Edge-triggered: whoever was woken is read until it would block.
        for token in events.iter().map(mio::event::Event::token) {
            if let Some(peer) = peers.get_mut(&token)
                && !peer.turn(start.elapsed()).unwrap_or(false)
            {
                peers.remove(&token);
            }
        }
        let now = start.elapsed();
        peers.retain(|_, peer| {
            peer.due().is_none_or(|due| due > now) || peer.turn(now).unwrap_or(false)
        });
    }
}

impl Peer {
    fn due(&self) -> Option<Duration> {
        match &self.state {
            State::Opening(handshake) => handshake.poll_timeout().map(Duration::from),
            State::Open(conn) => conn.poll_timeout().map(Duration::from),
            State::Refused(_) => None,
        }
    }

    /// Reads, tells the time, and writes, as far as the socket goes. False when it is over.
    fn turn(&mut self, now: Duration) -> io::Result<bool> {
        if let State::Opening(_) = self.state {
            self.open(now)?;
        }
        if let State::Refused(answer) = &mut self.state {
            let written = would_block(io::Write::write(&mut self.stream, answer))?.unwrap_or(0);
            answer.drain(..written);
            return Ok(!answer.is_empty());
        }
        let State::Open(conn) = &mut self.state else {
            return Ok(true);
        };
        // Until the socket has nothing more, or takes nothing more: only then it tells of a change.
        let mut has_more = true;
        while has_more || conn.unread() > 0 {
            // A peer that does not read is not read from.
            while has_more && !conn.is_congested() {
                let len = read_len(conn);
                let read = would_block(self.stream.read(conn.read_buf(len)))?;
                has_more = read.is_some_and(|n| n > 0);
                let _ = match read {
                    Some(0) => conn.receive_eof(),
                    n => conn.receive_buf(n.unwrap_or(0)),
                };
                echo(conn, &mut self.stream)?;
            }
            echo(conn, &mut self.stream)?;
            conn.transmit().write_to(&mut self.stream)?;
            if conn.is_congested() {
                break;
            }
        }
        // After reading: what the socket holds is no silence.
        let _ = conn.handle_timeout(now);
        echo(conn, &mut self.stream)?;
        conn.transmit().write_to(&mut self.stream)?;
        if conn.transport() == TransportAction::FinishWriting
            && !conn.wants_write()
            && !self.has_finished
        {
            self.has_finished = true;
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(conn.transport() != TransportAction::Close)
    }

    fn open(&mut self, now: Duration) -> io::Result<()> {
        let State::Opening(handshake) = &mut self.state else {
            return Ok(());
        };
        let mut buf = [0; READ];
        loop {
            let n = would_block(self.stream.read(&mut buf))?;
            let used = match n {
                Some(0) => {
                    handshake.receive_eof();
                    0
                }
                Some(n) => handshake.receive(&buf[..n]).0,
                None => 0,
            };
            let mut answer = Vec::new();
            match handshake.handle_timeout(now) {
                ServerProgress::Request(request) => {
                    let acceptance = request.accept(&Policy::default(), None);
                    let acceptance = acceptance.map_err(io::Error::other)?;
                    acceptance.write_response(&[], &mut answer).map_err(io::Error::other)?;
                    // A head's answer fits into an empty socket.
                    io::Write::write_all(&mut self.stream, &answer)?;
                    let mut conn = Connection::server(Config::default(), acceptance.agreed);
                    let _ = conn.feed(&buf[used..n.unwrap_or(used)]);
                    echo(&mut conn, &mut self.stream)?;
                    self.state = State::Open(Box::new(conn));
                    return Ok(());
                }
                ServerProgress::Refused(refusal) => {
                    refusal.write_response(&mut answer);
                    self.state = State::Refused(answer);
                    return Ok(());
                }
                _ if n.is_none() => return Ok(()),
                _ => {}
            }
        }
    }
}

/// Answers what was read, until the output is congested: the rest comes when some was written. Short
/// messages wait for each other, a long one is written from where it lies.
fn echo(conn: &mut Connection, socket: &mut TcpStream) -> io::Result<()> {
    let mut received = conn.receive_buf(0);
    while let Some((event, mut sender)) = received.next_and_sender() {
        let answered = match event {
            Event::Text(text) if text.len() >= LONG => sender.write_text(&*text, socket),
            Event::Binary(data) if data.len() >= LONG => sender.write_binary(&*data, socket),
            Event::Text(text) => sender.send_text(&*text).map(|()| Ok(0)),
            Event::Binary(data) => sender.send_binary(&*data).map(|()| Ok(0)),
            _ => Ok(Ok(0)),
        };
        // Sending is refused once the connection is closing.
        if let Ok(written) = answered {
            written?;
        }
        if sender.is_congested() {
            break;
        }
    }
    Ok(())
}

/// `None` where the socket has nothing, or no room, now.
fn would_block(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        done => done.map(Some),
    }
}
