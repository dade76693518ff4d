//! A client and a server, the bytes under way between them, and what must hold of both.

use std::time::Duration;

use bytes::Bytes;
use wspair::handshake::DeflateParams;
use wspair::{
    CloseCode, Closed, ClosedCause, Config, Connection, Instant, Kind, MaskKeys, Negotiated,
    Prepared, TransportAction,
};

use crate::{Seen, keep_all};

/// Both ends. A step is told by two bytes: which end does what, and how much of it.
pub struct Ends {
    ends: [End; 2],
    /// The transport was cut, in one direction or both.
    cut: bool,
}

struct End {
    conn: Connection,
    now: Instant,
    /// Bytes under way to the other end, and whether there will be no more.
    wire: Vec<u8>,
    wire_ended: bool,
    sent: Vec<(Kind, Vec<u8>)>,
    /// The fragmented message that is being sent.
    open: Option<(Kind, Vec<u8>)>,
    seen: Vec<Seen>,
    /// What its transport holds on to: bytes that were shown and not advanced past, with their
    /// addresses.
    shown: Vec<(usize, Vec<u8>)>,
}

impl Ends {
    pub fn new(flags: u8, deflate: bool) -> Self {
        let agreed = || {
            let mut agreed = Negotiated::default();
            agreed.deflate = deflate.then(DeflateParams::default);
            agreed
        };
        let client = Connection::client(config(flags), agreed(), MaskKeys::from_seed([7; 32]));
        let server = Connection::server(config(flags >> 4), agreed());
        Self { ends: [End::new(client), End::new(server)], cut: false }
    }

    pub fn step(&mut self, what: u8, much: u8) {
        let side = usize::from(what >> 7);
        let len = usize::from(much);
        let end = &mut self.ends[side];
        match what % 16 {
            0 => end.send(Kind::Text, len, |conn, data| conn.send_text(as_text(data))),
            1 => end.send(Kind::Binary, len, |conn, data| conn.send_binary(data)),
            2 => end.send(Kind::Binary, 64 * len, |conn, data| {
                conn.send_binary(Bytes::copy_from_slice(data))
            }),
            3 => end
                .send(Kind::Binary, len, |conn, data| conn.send_prepared(&Prepared::binary(data))),
            4 => end.send_in_place(len),
            5 => end.send_fragment(much),
            6 => drop(end.conn.send_ping(&message(len))),
            7 => drop(end.conn.send_pong(&message(len))),
            // A peer takes these; it refuses 1016 to 2999, which may be sent.
            8 => drop(end.conn.close(CloseCode::new(3000 + u16::from(much)), "")),
            9 => end.transmit(len),
            10 => end.transmit(usize::MAX),
            11 => self.deliver(side, len),
            12 => self.deliver(side, usize::MAX),
            13 => end.pass_time(Duration::from_millis(100 * u64::from(much))),
            14 if much < 128 => end.conn.shrink_to_fit(),
            14 => end.conn.transport_holds(len),
            _ if much < 4 => {
                self.cut = true;
                match much {
                    0 => keep_all(end.conn.receive_eof(), 0, &mut end.seen),
                    1 => keep_all(end.conn.transport_lost(), 0, &mut end.seen),
                    2 => drop(end.conn.receive_eof()),
                    _ => end.wire_ended = true,
                }
            }
            _ if much < 130 => end.conn.hold_input(much < 66),
            _ => end.look(len % 8),
        }
    }

    /// Moves bytes that are under way from one end to the other.
    fn deliver(&mut self, from: usize, most: usize) {
        let [client, server] = &mut self.ends;
        let (from, to) = if from == 0 { (client, server) } else { (server, client) };
        let len = most.min(from.wire.len());
        let mut bytes: Vec<u8> = from.wire.drain(..len).collect();
        // The ways to feed take turns.
        if len % 2 == 0 {
            keep_all(to.conn.receive(&mut bytes), len, &mut to.seen);
        } else {
            keep_all(to.conn.receive_ref(&bytes), len, &mut to.seen);
        }
        if from.wire_ended && from.wire.is_empty() {
            keep_all(to.conn.receive_eof(), 0, &mut to.seen);
        }
    }

    /// Closes on both ends, does what hosts do until all is over, and checks what must hold.
    pub fn finish(mut self) {
        for _ in 0..4 {
            for side in 0..2 {
                let end = &mut self.ends[side];
                let _ = end.conn.close(None, "");
                end.transmit(usize::MAX);
                end.wire_ended |= end.conn.transport() != TransportAction::Open;
                self.deliver(side, usize::MAX);
            }
        }
        // Timers end what is left, after a cut.
        for end in &mut self.ends {
            for _ in 0..3 {
                end.pass_time(Duration::from_mins(1));
            }
        }
        let [client, server] = &self.ends;
        let [one, other] = [client.end(), server.end()];
        assert_eq!(client.conn.transport(), TransportAction::Close);
        assert_eq!(server.conn.transport(), TransportAction::Close);
        let troubled = |closed: &Closed| matches!(closed.cause, ClosedCause::Timeout(_));
        if !(self.cut || troubled(one) || troubled(other)) {
            assert!(one.clean && other.clean, "{one:?} {other:?}");
        }
        for (from, to) in [(client, server), (server, client)] {
            let got = to.messages();
            assert!(from.sent.starts_with(&got), "other messages than sent");
            assert!(got.len() == from.sent.len() || !(one.clean && other.clean), "lost messages");
        }
    }
}

impl End {
    fn new(conn: Connection) -> Self {
        Self {
            conn,
            now: Instant::default(),
            wire: Vec::new(),
            wire_ended: false,
            sent: Vec::new(),
            open: None,
            seen: Vec::new(),
            shown: Vec::new(),
        }
    }

    fn send<E>(
        &mut self,
        kind: Kind,
        len: usize,
        send: impl FnOnce(&mut Connection, &[u8]) -> Result<(), E>,
    ) {
        let data = message(len);
        if send(&mut self.conn, &data).is_ok() {
            self.sent.push((kind, data));
        }
    }

    fn send_in_place(&mut self, len: usize) {
        let data = message(len);
        let mut buf = [vec![0; 14], data.clone()].concat();
        if let Ok(range) = self.conn.frame_in_place(Kind::Text, &mut buf, 14) {
            self.write(&buf[range]);
            self.sent.push((Kind::Text, data));
        }
    }

    fn send_fragment(&mut self, much: u8) {
        let kind = if much.is_multiple_of(2) { Kind::Text } else { Kind::Binary };
        let (fin, part) = ((much / 2).is_multiple_of(2), message(usize::from(much / 4)));
        if self.conn.send_fragment(kind, &part, fin).is_ok() {
            let (_, data) = self.open.get_or_insert((kind, Vec::new()));
            data.extend(part);
            if fin {
                self.sent.extend(self.open.take());
            }
        }
    }

    /// Looks at so many slices. What was shown before has to be what and where it was.
    fn look(&mut self, most: usize) {
        let mut slices = [&b""[..]; 8];
        let mut out = self.conn.transmit();
        let count = out.slices(&mut slices[..most]);
        let (mut run, mut done) = (0, 0);
        for mut slice in slices.into_iter().take(count) {
            while let Some((address, bytes)) = self.shown.get(run)
                && !slice.is_empty()
            {
                let both = slice.len().min(bytes.len() - done);
                assert_eq!(slice.as_ptr().addr(), address + done, "it has moved");
                assert!(slice[..both] == bytes[done..done + both], "it has changed");
                slice = &slice[both..];
                done += both;
                if done == bytes.len() {
                    (run, done) = (run + 1, 0);
                }
            }
            if !slice.is_empty() {
                self.shown.push((slice.as_ptr().addr(), slice.to_vec()));
                run += 1;
            }
        }
    }

    /// Writes up to `most` bytes, whatever lies together at a time.
    fn transmit(&mut self, most: usize) {
        let mut left = most;
        while left > 0 && !self.conn.transmit().is_empty() {
            self.look(1);
            let Some((address, bytes)) = self.shown.first_mut() else { break };
            let n = bytes.len().min(left);
            let written: Vec<u8> = bytes.drain(..n).collect();
            *address += n;
            if bytes.is_empty() {
                self.shown.remove(0);
            }
            self.conn.transmit().advance(n);
            self.write(&written);
            left -= n;
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if !self.wire_ended {
            self.wire.extend_from_slice(bytes);
        }
    }

    fn pass_time(&mut self, time: Duration) {
        self.now = self.now + time;
        keep_all(self.conn.handle_timeout(self.now), 0, &mut self.seen);
        let next = self.conn.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "called for nothing");
    }

    /// What the end told as its last; that it told only one was checked on the way.
    fn end(&self) -> &Closed {
        let Some(Seen::Closed(closed)) = self.seen.last() else { panic!("no end") };
        assert!(!matches!(closed.cause, ClosedCause::Peer(_)), "{closed:?}");
        closed
    }

    /// The messages received, chunks joined; one that was begun only does not count.
    fn messages(&self) -> Vec<(Kind, Vec<u8>)> {
        let mut messages = Vec::new();
        let mut begun = Vec::new();
        for seen in &self.seen {
            match seen {
                Seen::Message(kind, data) => messages.push((*kind, data.clone())),
                Seen::Chunk { kind, data, last, .. } => {
                    begun.extend(data);
                    if *last {
                        messages.push((*kind, std::mem::take(&mut begun)));
                    }
                }
                _ => {}
            }
        }
        messages
    }
}

fn config(flags: u8) -> Config {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let mut config = crate::config(flags & 1);
    config.ping_after = on(1).then_some(Duration::from_secs(5));
    config.split_above = on(2).then_some(100);
    config.share_from = 200;
    config.deflate.threshold = 50;
    if on(3) {
        config.limits.max_outgoing = 1000;
    }
    config
}

/// A message, the same for the same length.
fn message(len: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(len).collect()
}

fn as_text(data: &[u8]) -> &str {
    std::str::from_utf8(data).expect("ASCII")
}
