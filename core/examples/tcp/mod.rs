//! A connection over a blocking TCP stream: what every host does, written once.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use wspair::{Connection, Instant, Receive, Transport};

/// A connection, the stream under it, and a clock.
pub struct Host {
    pub conn: Connection,
    stream: TcpStream,
    clock: std::time::Instant,
    buf: Vec<u8>,
    /// Bytes in `buf` that came along with the handshake.
    ready: usize,
    wrote_last: bool,
}

impl Host {
    /// `early` is what was read behind the handshake's last byte.
    pub fn new(stream: TcpStream, conn: Connection, early: &[u8]) -> Self {
        let mut buf = vec![0; READ.max(early.len())];
        buf[..early.len()].copy_from_slice(early);
        let clock = std::time::Instant::now();
        Self { conn, stream, clock, buf, ready: early.len(), wrote_last: false }
    }

    /// Writes what waits, then waits for bytes or a deadline: the events of either. `None` when
    /// the stream is to be dropped.
    pub fn turn(&mut self) -> io::Result<Option<Receive<'_>>> {
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
        let n = std::mem::take(&mut self.ready);
        if n > 0 {
            return Ok(Some(self.conn.receive(&mut self.buf[..n])));
        }
        let now = Instant::from(self.clock.elapsed());
        let wait = self.conn.poll_timeout().map(|due| due.since(now));
        if wait == Some(Duration::ZERO) {
            return Ok(Some(self.conn.handle_timeout(now)));
        }
        self.stream.set_read_timeout(wait)?;
        Ok(Some(match self.stream.read(&mut self.buf) {
            Ok(0) => self.conn.receive_eof(),
            Ok(n) => self.conn.receive(&mut self.buf[..n]),
            Err(error) if is_timeout(&error) => {
                self.conn.handle_timeout(Instant::from(self.clock.elapsed()))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.conn.receive(&mut []),
            Err(_) => self.conn.receive_eof(),
        }))
    }
}

/// Whether a read ended because its time was over; systems differ in the word for it.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Bytes read at a time.
pub const READ: usize = 64 << 10;
