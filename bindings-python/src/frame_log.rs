//! The frames in one direction of a connection, a line each: what a host logs at debug level.
//!
//! It reads the bytes beside the connection, so that one that is not logged pays nothing.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use wspair_core as core;
use wspair_core::frame::{Decoded, Header, HeaderRules, MAX_CONTROL, MAX_HEADER, Opcode};

use crate::buffer;
use crate::words::Role;

/// Tells the frames in a stream of bytes.
///
/// Args:
///     receiver: Who reads the stream: a server reads masked frames.
#[pyclass(frozen, module = "wspair._native")]
pub(crate) struct FrameLog(Mutex<Scan>);

struct Scan {
    expect: HeaderRules,
    /// A header that is not whole.
    head: Vec<u8>,
    frame: Option<Frame>,
    /// A rule was broken: what follows has no frames.
    is_lost: bool,
}

/// A frame whose payload comes.
struct Frame {
    header: Header,
    /// The first bytes of the payload, unmasked.
    shown: Vec<u8>,
    left: u64,
}

#[pymethods]
impl FrameLog {
    #[new]
    fn new(receiver: Role) -> Self {
        let role = match receiver {
            Role::CLIENT => core::Role::Client,
            Role::SERVER => core::Role::Server,
        };
        let expect = HeaderRules { role, rsv1: true };
        Self(Mutex::new(Scan { expect, head: Vec::new(), frame: None, is_lost: false }))
    }

    /// The lines of the frames that are whole with these bytes, any buffer.
    fn lines(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let data = buffer::to_vec(data)?;
        let mut scan = self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        Ok(scan.take(&data))
    }
}

impl Scan {
    fn take(&mut self, mut data: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        while !self.is_lost {
            if self.frame.is_none() {
                let held = self.head.len();
                let front = data.len().min(MAX_HEADER - held);
                self.head.extend_from_slice(&data[..front]);
                match Header::decode(&self.head, self.expect) {
                    Ok(Decoded::Header(header, len)) => {
                        data = &data[len - held..];
                        self.head.clear();
                        self.frame = Some(Frame { header, shown: Vec::new(), left: header.len });
                    }
                    Ok(Decoded::NeedMore(_)) => break,
                    Err(error) => {
                        self.is_lost = true;
                        lines.push(format!("no frame: {error}"));
                    }
                }
            }
            let Some(frame) = &mut self.frame else {
                break;
            };
            data = frame.take(data);
            if frame.left > 0 {
                break;
            }
            lines.push(frame.line());
            self.frame = None;
        }
        lines
    }
}

impl Frame {
    fn take<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let len = data.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let (payload, rest) = data.split_at(len);
        self.left -= len as u64;
        let key = self.header.mask.unwrap_or_default();
        for byte in payload.iter().take(MAX_CONTROL - self.shown.len()) {
            self.shown.push(byte ^ key[self.shown.len() % 4]);
        }
        rest
    }

    fn line(&self) -> String {
        let Header { fin, rsv1, opcode, len, .. } = self.header;
        let mut line = match opcode {
            Opcode::Continuation => "CONT",
            Opcode::Text => "TEXT",
            Opcode::Binary => "BINARY",
            Opcode::Close => "CLOSE",
            Opcode::Ping => "PING",
            Opcode::Pong => "PONG",
        }
        .to_owned();
        let is_text = opcode == Opcode::Text && !rsv1;
        match (opcode, &self.shown[..]) {
            (_, []) => {}
            (Opcode::Close, [high, low, reason @ ..]) => {
                let _ = write!(line, " {}", u16::from_be_bytes([*high, *low]));
                if !reason.is_empty() {
                    let _ = write!(line, " {:?}", String::from_utf8_lossy(reason));
                }
            }
            (_, shown) if is_text => {
                let _ = write!(line, " {:?}", String::from_utf8_lossy(shown));
            }
            (_, shown) => {
                for byte in shown.iter().take(SHOWN) {
                    let _ = write!(line, " {byte:02x}");
                }
            }
        }
        let shown = if is_text || opcode == Opcode::Close { MAX_CONTROL } else { SHOWN };
        if len > shown as u64 {
            line.push_str(" ...");
        }
        let _ = write!(line, " [{len} bytes");
        if rsv1 {
            line.push_str(", compressed");
        }
        if !fin {
            line.push_str(", continued");
        }
        line.push(']');
        line
    }
}

/// Bytes of a binary payload that a line shows.
const SHOWN: usize = 16;
