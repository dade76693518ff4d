//! A client and a server, the bytes under way between them, and what must hold of both.

mod sending;
mod writing;

use std::time::Duration;

use bytes::Bytes;
use wspair::bindings::SenderBinding;
use wspair::{
    CloseCode, ClosedCause, Compression, Config, Connection, Event, Instant, Kind, MaskKeys,
    Prepared, TransportAction,
};

use crate::feeding::{Way, look};
use crate::settings::{agreed, codec};
use crate::{Ended, Seen, as_text, keep, keep_all, message, messages};

/// Both ends. A step is told by two bytes: which end does what, and how much of it.
pub struct Ends {
    ends: [End; 2],
    /// Messages that both send, encoded once.
    prepared: [Prepared; 2],
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
    pub fn new(flags: u8, deflate: u8) -> Self {
        // Windows of 15, 14, 9 or 8, the same or not.
        let windows = [7, 6, 1, 0];
        let window = |bits: u8| windows[usize::from(bits & 3)];
        let agreed =
            || agreed(deflate & 1 == 1, deflate >> 1, window(deflate >> 3), window(deflate >> 5));
        // Both take their compressors from one stock, or none.
        let stock = codec(deflate >> 7 == 1, true);
        let config = |flags| {
            let mut config = config(flags);
            config.deflate.codec.clone_from(&stock);
            config
        };
        let client = Connection::client(config(flags), agreed(), MaskKeys::from_seed([7; 32]));
        let server = Connection::server(config(flags >> 4), agreed());
        let text = message(300);
        let prepared = [Prepared::text(as_text(&text)), Prepared::binary(&text[..100])];
        Self { ends: [End::new(client), End::new(server)], prepared, cut: false }
    }

    pub fn step(&mut self, what: u8, much: u8) {
        self.take_step(what, much);
        for end in &self.ends {
            look(&end.conn);
        }
    }

    fn take_step(&mut self, what: u8, much: u8) {
        let side = usize::from(what >> 7);
        if what >> 4 & 1 == 1 {
            return self.rare_step(side, what % 16, much);
        }
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

    /// What fewer hosts do.
    fn rare_step(&mut self, side: usize, what: u8, much: u8) {
        let len = usize::from(much);
        let end = &mut self.ends[side];
        match what {
            0 => end.send_beside(len),
            1 => {
                let compression = if much & 1 == 0 { Compression::On } else { Compression::Off };
                end.send(Kind::Text, len / 2, |conn, data| {
                    conn.sender().with_compression(compression).send_text(as_text(data))
                });
            }
            2 => end.send(Kind::Binary, 64 * len, |conn, data| conn.send_binary(data.to_vec())),
            3 => {
                let prepared = &self.prepared[len % 2];
                let data = prepared.payload().to_vec();
                if end.conn.send_prepared(prepared).is_ok() {
                    end.sent.push((prepared.kind(), data));
                }
            }
            4 => end.take_chunks(len % 4),
            5 => end.transmit_to_slice(len),
            6 => end.transmit_to_writer(len),
            7 => self.deliver_as(side, Way::Own, len),
            8 => self.deliver_as(side, Way::new(much), usize::MAX),
            9 => self.deliver_late(side, len),
            10 => self.deliver_to_an_echo(side, len),
            11 if much < 8 => {
                self.cut = true;
                end.conn.sender().abort();
            }
            11 => end.conn.sender().pass_close(Some(u16::from(much) + 3000), "over"),
            12 => drop(end.conn.read_buf(16 * len)),
            13 => end.pass_time(Duration::from_secs(much.into())),
            15 if much < 64 => end.send_owned(much),
            15 if much < 128 => end.peek_as_buf(len % 8),
            15 if much < 192 => end.write_through(much),
            14 => drop(end.conn.close(CloseCode::new(1000), &"why".repeat(len % 42))),
            _ => end.look(len % 8),
        }
    }

    /// Takes what is under way from an end, up to so much: its bytes, and the one they go to.
    fn taken(&mut self, from: usize, most: usize) -> (Vec<u8>, &mut End) {
        let [client, server] = &mut self.ends;
        let (from, to) = if from == 0 { (client, server) } else { (server, client) };
        let len = most.min(from.wire.len());
        (from.wire.drain(..len).collect(), to)
    }

    fn deliver_as(&mut self, from: usize, way: Way, most: usize) {
        let (bytes, to) = self.taken(from, most);
        way.feed(&mut to.conn, &bytes, &mut to.seen);
    }

    /// As a host that first reads all events and then says why it closes.
    fn deliver_late(&mut self, from: usize, most: usize) {
        let (mut bytes, to) = self.taken(from, most);
        let len = bytes.len();
        let mut received = to.conn.receive(&mut bytes);
        received.defer_close();
        keep_all(received, len, &mut to.seen);
        to.send(Kind::Text, 10, |conn, data| conn.send_text(as_text(data)));
        let _ = to.conn.sender().explain_close(&"so".repeat(most % 70));
    }

    /// As a host that answers out of the bytes it was given.
    fn deliver_to_an_echo(&mut self, from: usize, most: usize) {
        let (mut bytes, to) = self.taken(from, most);
        let End { conn, seen, sent, .. } = to;
        let mut received = conn.receive(&mut bytes);
        while let Some((event, mut sender)) = received.next_and_sender() {
            keep(seen, Seen::new(&event));
            match event {
                Event::Text(text) if sender.send_text(&text).is_ok() => {
                    sent.push((Kind::Text, text.as_bytes().to_vec()));
                }
                Event::Binary(mut data) => {
                    data.as_mut_bytes().reverse();
                    if sender.send_binary(&data[..]).is_ok() {
                        sent.push((Kind::Binary, data.to_vec()));
                    }
                }
                _ => {}
            }
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
        let troubled = |closed: &Ended| matches!(closed.cause, ClosedCause::Timeout(_));
        if !(self.cut || troubled(one) || troubled(other)) {
            assert!(one.clean && other.clean, "{one:?} {other:?}");
        }
        for (from, to) in [(client, server), (server, client)] {
            let got = messages(&to.seen);
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

    fn pass_time(&mut self, time: Duration) {
        self.now = self.now + time;
        keep_all(self.conn.handle_timeout(self.now), 0, &mut self.seen);
        let next = self.conn.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "called for nothing");
    }

    /// What the end told as its last; that it told only one was checked on the way.
    fn end(&self) -> &Ended {
        let Some(Seen::Closed(closed)) = self.seen.last() else { panic!("no end") };
        assert!(!matches!(closed.cause, ClosedCause::Peer(_)), "{closed:?}");
        closed
    }
}

fn config(flags: u8) -> Config {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let mut config = crate::settings::config(flags & 1);
    config.ping_after = on(1).then_some(Duration::from_secs(5));
    config.split_above = on(2).then_some(100);
    config.share_from = 200;
    config.deflate.threshold = 50;
    if on(3) {
        config.limits.max_outgoing = 1000;
    }
    config
}
