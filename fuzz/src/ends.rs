//! A client and a server, the bytes under way between them, and what must hold of both.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::time::Duration;

use bytes::{Buf, Bytes};
use wspair::bindings::SenderBinding;
use wspair::frame::MAX_HEADER;
use wspair::{
    CloseCode, ClosedCause, Compression, Config, Connection, Event, Instant, Kind, MaskKeys,
    OutgoingText, Prepared, SendError, TransportAction,
};

use crate::feeding::{Way, look};
use crate::settings::{agreed, codec};
use crate::{Ended, Seen, as_text, check_text, keep, keep_all, message, messages};

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

    fn send<E: Display>(
        &mut self,
        kind: Kind,
        len: usize,
        send: impl FnOnce(&mut Connection, &[u8]) -> Result<(), E>,
    ) {
        let data = message(len);
        let before = self.conn.buffered_amount();
        match send(&mut self.conn, &data) {
            Ok(()) => self.sent.push((kind, data)),
            Err(error) => {
                check_text(&error);
                assert_eq!(self.conn.buffered_amount(), before, "refused, and queued");
            }
        }
    }

    /// Sends what the caller gives away, in each of the forms that are taken.
    fn send_owned(&mut self, much: u8) {
        let len = usize::from(much / 8) * 90;
        let text = |data: &[u8]| as_text(data).to_owned();
        match much % 8 {
            0 => self.send(Kind::Text, len, |conn, data| conn.send_text(text(data))),
            1 => {
                self.send(Kind::Text, len, |conn, data| conn.send_text(text(data).into_boxed_str()))
            }
            2 => self.send(Kind::Text, len, |conn, data| conn.send_text(Cow::from(as_text(data)))),
            3 => self
                .send(Kind::Text, len, |conn, data| conn.send_text(Cow::<str>::Owned(text(data)))),
            4 => self.send(Kind::Text, len, |conn, data| {
                conn.send_text(OutgoingText::from_utf8_bytes(Bytes::copy_from_slice(data)))
            }),
            5 => self.send(Kind::Binary, 3, |conn, _| conn.send_binary(b"abc")),
            6 => self.send(Kind::Text, len, |conn, data| {
                conn.send_prepared(&Prepared::try_text(as_text(data)).expect("memory"))
            }),
            _ => self.send(Kind::Binary, len, |conn, data| {
                conn.send_prepared(&Prepared::try_binary(data).expect("memory"))
            }),
        }
        let sender = self.conn.sender();
        assert_eq!(sender.wants_write(), sender.buffered_amount() > 0);
    }

    /// Writes as one who takes a `Buf`: what it shows at once is what it then gives.
    fn peek_as_buf(&mut self, most: usize) {
        let mut out = self.conn.transmit();
        let mut slices = [IoSlice::new(b""); 8];
        let count = out.chunks_vectored(&mut slices[..most]);
        let first = Buf::chunk(&out).len();
        let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        assert!(count == 0 || slices[0].len() == first);
        assert!(bytes.len() <= out.remaining());
        Buf::advance(&mut out, bytes.len());
        self.wrote(&bytes);
    }

    fn send_in_place(&mut self, len: usize) {
        let data = message(len);
        let mut buf = [vec![0; 14], data.clone()].concat();
        if let Ok(range) = self.conn.frame_in_place(Kind::Text, &mut buf, 14) {
            self.write(&buf[range]);
            self.sent.push((Kind::Text, data));
        }
    }

    fn send_beside(&mut self, len: usize) {
        let data = message(len);
        let mut header = [0; MAX_HEADER];
        match self.conn.frame_beside(Kind::Binary, len, &mut header) {
            Ok(Some(header_len)) => {
                self.write(&header[..header_len]);
                self.write(&data);
                self.sent.push((Kind::Binary, data));
            }
            // It has to be masked, split or compressed: the queue does that.
            Ok(None) => self.send(Kind::Binary, len, |conn, data| conn.send_binary(data)),
            Err(error) => assert_ne!(error, SendError::Room),
        }
        // One without room for a header is told so, and nothing is sent.
        let small = self.conn.frame_in_place(Kind::Text, &mut [b'x'; 3], 1);
        assert!(matches!(small, Err(_)), "{small:?}");
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

    /// Writes by taking out chunks, as a transport that keeps what it is given.
    fn take_chunks(&mut self, most: usize) {
        for _ in 0..most {
            let Some(chunk) = self.conn.transmit().take_chunk() else { return };
            assert!(!chunk.is_empty(), "nothing taken");
            self.wrote(&chunk);
        }
    }

    fn transmit_to_slice(&mut self, most: usize) {
        let mut out = vec![0; most];
        let len = self.conn.transmit().drain_to(&mut out);
        self.wrote(&out[..len]);
    }

    fn transmit_to_writer(&mut self, room: usize) {
        let mut writer = Narrow::new(room);
        let outcome = self.conn.transmit().write_to(&mut writer);
        writer.check(&outcome);
        // What was not taken was shown as well: where it lies is seen at the next look.
        self.wrote(&writer.written);
    }

    /// Sends and writes at once, past the queue where that may be.
    fn write_through(&mut self, much: u8) {
        let mut writer = Narrow::new(usize::from(much % 16) * 37);
        let kind = if much & 1 == 0 { Kind::Text } else { Kind::Binary };
        let data = message(usize::from(much % 64) * 10);
        let sent = match kind {
            Kind::Text => self.conn.write_text(as_text(&data), &mut writer),
            Kind::Binary => self.conn.write_binary(data.clone(), &mut writer),
        };
        if let Ok(outcome) = sent {
            writer.check(&outcome);
            self.sent.push((kind, data));
        } else {
            assert_eq!(writer.written, b"", "refused, and written");
        }
        self.wrote(&writer.written);
    }

    /// These bytes left, which have to be those that were shown first.
    fn wrote(&mut self, bytes: &[u8]) {
        let mut left = bytes;
        while let Some((address, shown)) = self.shown.first_mut()
            && !left.is_empty()
        {
            let n = shown.len().min(left.len());
            assert!(shown[..n] == left[..n], "other bytes than shown");
            *address += n;
            shown.drain(..n);
            if shown.is_empty() {
                self.shown.remove(0);
            }
            left = &left[n..];
        }
        self.write(bytes);
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

/// Takes so many bytes, and then no more for some reason.
struct Narrow {
    room: usize,
    ends_with: ErrorKind,
    written: Vec<u8>,
}

impl Narrow {
    fn new(room: usize) -> Self {
        let reasons = [
            ErrorKind::WouldBlock,
            ErrorKind::Interrupted,
            ErrorKind::WriteZero,
            ErrorKind::BrokenPipe,
        ];
        Self { room, ends_with: reasons[room % 4], written: Vec::new() }
    }

    fn check(&self, outcome: &io::Result<usize>) {
        match outcome {
            Ok(len) => assert_eq!(*len, self.written.len()),
            Err(error) => assert_eq!(error.kind(), self.ends_with),
        }
    }
}

impl Write for Narrow {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return match self.ends_with {
                ErrorKind::WriteZero => Ok(0),
                ErrorKind::Interrupted => {
                    // Once: then it blocks.
                    self.ends_with = ErrorKind::WouldBlock;
                    Err(ErrorKind::Interrupted.into())
                }
                kind => Err(kind.into()),
            };
        }
        let len = buf.len().min(self.room);
        self.room -= len;
        self.written.extend_from_slice(&buf[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
