//! The other end of every engine: memory that is always ready.

#[cfg(feature = "peers")]
mod stream;

use std::hint::black_box;
use std::io::{self, IoSlice, Read, Write};

use crate::scenario::{Kind, Role, Scenario, Task};

/// Most bytes of one read.
pub const READ: usize = 64 << 10;

/// Gives the same bytes over and over, and takes whatever is written.
pub struct Wire {
    stream: Vec<u8>,
    at: usize,
    /// A read never goes beyond a multiple of this.
    stride: usize,
}

impl Wire {
    /// What a scenario's engine is to receive.
    pub fn new(scenario: &Scenario) -> Self {
        if scenario.task == Task::Handshake {
            return Self { stream: REQUEST.into(), at: 0, stride: READ };
        }
        let frames = match scenario.task {
            Task::ReceiveMixed => mixed(scenario),
            Task::ReceiveFragments => fragments(scenario),
            _ => frame(scenario),
        };
        let count = ((256 << 10) / frames.len()).max(2);
        let stride = match scenario.task {
            Task::ReceiveSingle => frames.len(),
            _ => READ,
        };
        Self { stream: frames.repeat(count), at: 0, stride }
    }

    /// The bytes of the next read, up to `most`.
    pub fn next(&mut self, most: usize) -> &[u8] {
        let stop = (self.at / self.stride + 1) * self.stride;
        let at = self.at;
        let end = stop.min(self.stream.len()).min(at + most);
        self.at = if end == self.stream.len() { 0 } else { end };
        &self.stream[at..end]
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buf.len());
        buf[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(black_box(buf).len())
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(black_box(bufs).iter().map(|buf| buf.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A request as a browser makes it.
const REQUEST: &str = "\
    GET /chat?room=1 HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
    Upgrade: websocket\r\n\
    Origin: https://example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br\r\n\
    Accept-Language: en-US,en;q=0.9\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    \r\n";

/// A payload as the scenario has it.
pub fn payload(scenario: &Scenario) -> Vec<u8> {
    let pattern = match scenario.kind {
        Kind::Binary => return (0..=u8::MAX).cycle().take(scenario.size).collect(),
        Kind::Ascii => "Forty-two grey geese fly south, {\"count\": 42}; ",
        Kind::MultiByte => "Zwölf Größen, δώδεκα, двенадцать, 十二の数字, 열두 개, 🦀🦀 ",
    };
    let mut text = String::new();
    for char in pattern.chars().cycle() {
        if text.len() + char.len_utf8() > scenario.size {
            break;
        }
        text.push(char);
    }
    let mut bytes = text.into_bytes();
    bytes.resize(scenario.size, b'.');
    if scenario.is_broken {
        bytes[scenario.size / 2] = 0xff;
    }
    bytes
}

/// Many short messages, some of middle length, one of 20 KiB: 20 in all.
fn mixed(scenario: &Scenario) -> Vec<u8> {
    let sizes = [16, 40, 125, 16, 300, 60, 1000, 25, 125, 2000, 16, 80, 500, 30, 4000, 16, 125, 90];
    let sized = |size| Scenario { size, ..*scenario };
    let text = |size| Scenario { kind: Kind::Ascii, size, ..*scenario };
    let binary = sizes.into_iter().chain([20 << 10]).map(sized);
    binary.chain([text(45)]).flat_map(|each| frame(&each)).collect()
}

/// A message in four frames, and a ping among them.
fn fragments(scenario: &Scenario) -> Vec<u8> {
    let payload = payload(scenario);
    let parts: Vec<_> = payload.chunks(payload.len().div_ceil(4)).collect();
    let [first, second, third, last] = parts[..] else { panic!("four parts") };
    let role = scenario.role;
    let frames = [(0x02, first), (0, second), (0x89, b"still there?"), (0, third), (0x80, last)];
    frames.map(|(start, payload)| frame_of(role, start, payload)).concat()
}

/// The payload in a frame of the other role's.
fn frame(scenario: &Scenario) -> Vec<u8> {
    let opcode = if scenario.kind == Kind::Binary { 2 } else { 1 };
    frame_of(scenario.role, 0x80 | opcode, &payload(scenario))
}

/// A frame to `role`. Written plainly, for all engines.
fn frame_of(role: Role, start: u8, payload: &[u8]) -> Vec<u8> {
    let masked = role == Role::Server;
    let mut frame = vec![start];
    let len = u64::try_from(payload.len()).expect("a length");
    match len {
        0..126 => frame.push(len.to_be_bytes()[7]),
        126..0x1_0000 => {
            frame.push(126);
            frame.extend_from_slice(&len.to_be_bytes()[6..]);
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&len.to_be_bytes());
        }
    }
    let key = if masked { [0x37, 0xfa, 0x21, 0x3d] } else { [0; 4] };
    if masked {
        frame[1] |= 0x80;
        frame.extend_from_slice(&key);
    }
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
