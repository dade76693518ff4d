//! A blocking TCP stream where no call waits for long, and a clock.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant as Clock};

use wspair::Instant;

/// Bytes read at a time.
pub(crate) const READ: usize = 64 << 10;

/// How long a write may wait for the peer to read, and a read while a write waits. The standard
/// library cannot wait for both at once, so that a host whose peer does not read takes turns.
pub(crate) const SLICE: Duration = Duration::from_millis(10);

/// How long a peer has to take what was written last, and to end its side.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// A stream and the clock of its connection.
pub(crate) struct Socket {
    stream: TcpStream,
    clock: Clock,
    wait: Option<Duration>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(SLICE))?;
        stream.set_read_timeout(None)?;
        Ok(Self { stream, clock: Clock::now(), wait: None })
    }

    /// The time, as the engine is told it.
    pub(crate) fn now(&self) -> Instant {
        Instant::from(self.clock.elapsed())
    }

    /// Reads what comes until `due`, or what is there when that is now. `None`: nothing came; no
    /// bytes: the stream ended.
    pub(crate) fn read(
        &mut self,
        buf: &mut [u8],
        due: Option<Instant>,
    ) -> io::Result<Option<usize>> {
        let wait = due.map(|due| due.since(self.now()).max(Duration::from_millis(1)));
        if wait != self.wait {
            self.stream.set_read_timeout(wait)?;
            self.wait = wait;
        }
        in_time(self.stream.read(buf))
    }

    /// Writes what the stream takes; nothing when the peer does not read.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(in_time(self.stream.write(bytes))?.unwrap_or(0))
    }

    /// Writes all of the handshake's bytes, which fit where nothing was written before.
    pub(crate) fn write_head(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let until = self.now() + LINGER;
        while !bytes.is_empty() {
            let n = self.write(bytes)?;
            bytes = &bytes[n..];
            if self.now() >= until {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Ends the write side. It fails where the peer is gone, which reading will tell.
    pub(crate) fn finish_writing(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the stream so that the peer gets what was written last: one that is dropped with unread
    /// input is reset, and the peer may lose it. Reads until the peer has been quiet for so long,
    /// has ended its side too, or its time is over.
    pub(crate) fn end(&mut self, quiet: Duration) {
        self.finish_writing();
        let until = self.now() + LINGER;
        let mut unread = [0; 4096];
        while self.now() < until {
            let due = until.min(self.now() + quiet);
            if !matches!(self.read(&mut unread, Some(due)), Ok(Some(1..))) {
                return;
            }
        }
    }
}

/// `None` when the time was over first; systems differ in the word for it.
fn in_time(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(n) => Ok(Some(n)),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(None),
            _ => Err(error),
        },
    }
}
