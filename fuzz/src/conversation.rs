//! A conversation with tungstenite: what either side is given to send has to arrive at the other,
//! and closing has to come out clean at both.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use tungstenite::error::ProtocolError;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};
use wspair::{CloseCode, Connection, Kind, MaskKeys, Negotiated, Role};

use crate::feeding::Way;
use crate::settings::config;
use crate::{Ended, Seen, as_text, message, messages};

/// Ours, theirs, and the bytes under way. A step is told by two bytes: what, and how much of it.
pub struct Conversation {
    ours: Connection,
    theirs: WebSocket<Wire>,
    /// Bytes of ours that they have not got.
    under_way: Vec<u8>,
    sent: [Vec<(Kind, Vec<u8>)>; 2],
    open: [Option<(Kind, Vec<u8>)>; 2],
    we_saw: Vec<Seen>,
    they_saw: Vec<(Kind, Vec<u8>)>,
    they_ended: bool,
}

/// What they read and write.
#[derive(Default)]
struct Wire {
    to_them: Vec<u8>,
    from_them: Vec<u8>,
    ended: bool,
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.to_them.is_empty() {
            return if self.ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let len = buf.len().min(self.to_them.len());
        buf[..len].copy_from_slice(&self.to_them[..len]);
        self.to_them.drain(..len);
        Ok(len)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.from_them.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Conversation {
    pub fn new(role: Role, flags: u8) -> Self {
        let mut config = config(flags & 1);
        config.split_above = (flags >> 1 & 1 == 1).then_some(100);
        config.share_from = 200;
        let (ours, theirs) = match role {
            Role::Server => (Connection::server(config, Negotiated::default()), TheirRole::Client),
            Role::Client => {
                let masks = MaskKeys::from_seed([7; 32]);
                (Connection::client(config, Negotiated::default(), masks), TheirRole::Server)
            }
        };
        let config = WebSocketConfig::default().read_buffer_size(64).write_buffer_size(0);
        Self {
            ours,
            theirs: WebSocket::from_raw_socket(Wire::default(), theirs, Some(config)),
            under_way: Vec::new(),
            sent: Default::default(),
            open: Default::default(),
            we_saw: Vec::new(),
            they_saw: Vec::new(),
            they_ended: false,
        }
    }

    pub fn step(&mut self, what: u8, much: u8) {
        let len = usize::from(much);
        match what % 16 {
            0 => self.we_send(Kind::Text, len),
            1 => self.we_send(Kind::Binary, 300 * len),
            2 => self.we_send_fragment(much),
            3 => drop(self.ours.send_ping(&message(len % 126))),
            4 => drop(self.ours.send_pong(&message(len % 126))),
            5 if much < 32 => drop(self.ours.close(CloseCode::new(3000 + u16::from(much)), "we")),
            5 => self.we_read(Way::new(much), usize::MAX),
            6 => self.they_send(Kind::Text, len),
            7 => self.they_send(Kind::Binary, 300 * len),
            8 => self.they_send_fragment(much),
            9 => drop(self.theirs.write(Message::Ping(message(len % 126).into()))),
            10 => drop(self.theirs.write(Message::Pong(message(len % 126).into()))),
            11 if much < 32 => {
                let code = (4000 + u16::from(much)).into();
                drop(self.theirs.close(Some(CloseFrame { code, reason: "they".into() })));
            }
            12 => self.we_read(Way::new(much), len),
            11 | 13 => self.they_read(len),
            14 => self.they_read(usize::MAX),
            _ => drop(self.theirs.flush()),
        }
    }

    /// Closes on both sides, lets all arrive, and checks what must hold.
    pub fn finish(mut self) {
        for _ in 0..4 {
            let _ = self.ours.close(None, "");
            let _ = self.theirs.close(None);
            self.they_read(usize::MAX);
            self.we_read(Way::InPlace, usize::MAX);
        }
        self.theirs.get_mut().ended = true;
        self.they_read(usize::MAX);
        assert!(self.they_ended, "they wait");
        let Some(Seen::Closed(Ended { clean: true, .. })) = self.we_saw.last() else {
            panic!("not clean: {:?}", self.we_saw.last());
        };
        let mut last = self.ours.handle_timeout(Duration::from_mins(1));
        assert!(last.next().is_none(), "after the end");
        assert_eq!(self.they_saw, self.sent[0], "of ours");
        assert_eq!(messages(&self.we_saw), self.sent[1], "of theirs");
    }

    fn we_send(&mut self, kind: Kind, len: usize) {
        let data = message(len);
        let sent = match kind {
            Kind::Text => self.ours.send_text(as_text(&data)),
            Kind::Binary => self.ours.send_binary(data.clone()),
        };
        if sent.is_ok() {
            self.sent[0].push((kind, data));
        }
    }

    fn we_send_fragment(&mut self, much: u8) {
        let (kind, fin, part) = fragment(much);
        if self.ours.send_fragment(kind, &part, fin).is_ok() {
            let (_, data) = self.open[0].get_or_insert((kind, Vec::new()));
            data.extend(part);
            if fin {
                self.sent[0].extend(self.open[0].take());
            }
        }
    }

    fn they_send(&mut self, kind: Kind, len: usize) {
        // It leaves it to its caller not to begin a message inside another.
        if self.open[1].is_some() {
            return;
        }
        let data = message(len);
        let sent = self.theirs.write(match kind {
            Kind::Text => Message::text(as_text(&data)),
            Kind::Binary => Message::binary(data.clone()),
        });
        if sent.is_ok() {
            self.sent[1].push((kind, data));
        }
    }

    fn they_send_fragment(&mut self, much: u8) {
        let (kind, fin, part) = fragment(much);
        let (kind, opcode) = match (&self.open[1], kind) {
            (Some((kind, _)), _) => (*kind, Data::Continue),
            (None, Kind::Text) => (kind, Data::Text),
            (None, Kind::Binary) => (kind, Data::Binary),
        };
        let frame = Frame::message(part.clone(), OpCode::Data(opcode), fin);
        if self.theirs.write(Message::Frame(frame)).is_ok() {
            let (_, data) = self.open[1].get_or_insert((kind, Vec::new()));
            data.extend(part);
            if fin {
                self.sent[1].extend(self.open[1].take());
            }
        }
    }

    /// What they wrote comes to us, up to `most` bytes.
    fn we_read(&mut self, way: Way, most: usize) {
        let from_them = &mut self.theirs.get_mut().from_them;
        let len = most.min(from_them.len());
        let bytes: Vec<u8> = from_them.drain(..len).collect();
        way.feed(&mut self.ours, &bytes, &mut self.we_saw);
    }

    /// What we wrote comes to them, up to `most` bytes, and they read.
    fn they_read(&mut self, most: usize) {
        self.ours.transmit().drain_into(&mut self.under_way);
        let len = most.min(self.under_way.len());
        self.theirs.get_mut().to_them.extend(self.under_way.drain(..len));
        loop {
            match self.theirs.read() {
                Ok(Message::Text(text)) => self.they_saw.push((Kind::Text, text.as_bytes().into())),
                Ok(Message::Binary(data)) => self.they_saw.push((Kind::Binary, data.into())),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => break,
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                    self.they_ended = true;
                    break;
                }
                // After both Close frames it will not be asked again.
                Err(Error::Protocol(ProtocolError::ReceivedAfterClosing)) => break,
                Err(error) => panic!("they found fault with us: {error}"),
            }
        }
    }
}

fn fragment(much: u8) -> (Kind, bool, Vec<u8>) {
    let kind = if much & 1 == 0 { Kind::Text } else { Kind::Binary };
    (kind, much >> 1 & 1 == 0, message(usize::from(much / 4)))
}
