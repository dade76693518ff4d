//! A connection on a socket: the loop that a host is.

use std::thread;

use wspair::{Connection, ReadyState, Receive, TransportAction};

use super::socket::{SLICE, Socket};

/// A connection and the socket under it.
pub(crate) struct Host {
    pub(crate) conn: Connection,
    socket: Socket,
    /// Our side of the stream was ended.
    has_finished: bool,
    /// The peer's side of the stream was ended.
    has_ended: bool,
    /// A write failed.
    is_lost: bool,
}

impl Host {
    /// `early` is what came behind the handshake.
    pub(crate) fn new(socket: Socket, mut conn: Connection, early: &[u8]) -> Self {
        // Nothing is taken before the first turn: its events are for the caller.
        let _ = conn.feed(early);
        Self { conn, socket, has_finished: false, has_ended: false, is_lost: false }
    }

    /// Writes what waits, reads what comes until something is due, tells the time: the events of
    /// all that. `None` when it is over.
    ///
    /// Events that are not read are not lost: they come with the next turn. While the peer is
    /// behind in reading no turn ends, so that what is sent to it stays bounded.
    pub(crate) fn turn(&mut self) -> Option<Receive<'_>> {
        // What was held back for a peer that is behind goes before anything new.
        let reads = !self.is_congested() && self.conn.unread() == 0;
        loop {
            self.write();
            if self.conn.transport() == TransportAction::Close {
                // Only a peer that speaks behind its Close frame is waited for.
                self.socket.end(SLICE);
                return None;
            }
            if !self.is_congested() {
                break;
            }
            let _ = self.conn.handle_timeout(self.socket.now());
        }
        if reads {
            self.read();
        }
        // After reading: what the socket holds is no silence of the peer.
        let _ = self.conn.handle_timeout(self.socket.now());
        let mut received = self.conn.receive_buf(0);
        // What the caller answers after it has read them all still goes before our Close.
        received.defer_close();
        Some(received)
    }

    /// Whether to wait until the peer has read something.
    fn is_congested(&self) -> bool {
        self.conn.is_congested() && self.conn.ready_state() != ReadyState::Closed
    }

    /// Writes once: what the peer does not take now waits for the next turn.
    fn write(&mut self) {
        let mut output = self.conn.transmit();
        if !output.is_empty() {
            // Nothing more gets to a peer that is gone. What it had sent may still be there.
            let written = self.socket.write(output.chunk());
            self.is_lost |= written.is_err();
            output.advance(written.unwrap_or(usize::MAX));
        }
        let is_written = output.is_empty();
        if is_written
            && !self.has_finished
            && self.conn.transport() == TransportAction::FinishWriting
        {
            self.has_finished = true;
            self.socket.finish_writing();
        }
    }

    /// Reads once, and waits for that no longer than what else is to be done allows.
    fn read(&mut self) {
        let soon = self.socket.now() + SLICE;
        let is_written = self.conn.transmit().is_empty();
        let due = self.conn.poll_timeout();
        let due = if is_written { due } else { Some(due.map_or(soon, |due| due.min(soon))) };
        if self.has_ended {
            return thread::sleep(SLICE);
        }
        // As the documentation of `wanted` has it: a long message ends where its last read ends.
        let len = match self.conn.wanted() {
            0..2048 => 17 << 10,
            wanted => wanted.min(32 << 10),
        };
        match self.socket.read(self.conn.read_buf(len), due) {
            Ok(None) => {}
            Ok(Some(n @ 1..)) => _ = self.conn.receive_buf(n),
            Ok(Some(0)) if !self.is_lost => {
                self.has_ended = true;
                let _ = self.conn.receive_eof();
            }
            Ok(Some(0)) | Err(_) => {
                self.has_ended = true;
                let _ = self.conn.transport_lost();
            }
        }
    }
}
