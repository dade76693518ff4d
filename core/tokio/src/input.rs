//! Bytes that were read and not yet taken.

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use crate::state::Io;

/// What one read gave. A connection that waits has no memory for it: buffers are lent by the thread
/// that reads, and given back when all is taken.
#[derive(Default)]
pub(crate) struct Input {
    bytes: Option<Box<[u8]>>,
    start: usize,
    end: usize,
}

impl Input {
    /// Bytes that came with the handshake.
    pub(crate) fn new(early: &[u8]) -> Self {
        let bytes = (!early.is_empty()).then(|| early.into());
        Self { bytes, start: 0, end: early.len() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_none()
    }

    pub(crate) fn unread(&mut self) -> &mut [u8] {
        match &mut self.bytes {
            Some(bytes) => &mut bytes[self.start..self.end],
            None => &mut [],
        }
    }

    pub(crate) fn consume(&mut self, n: usize) {
        self.start += n;
        if self.start == self.end {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        if let Some(bytes) = self.bytes.take() {
            give_back(bytes);
        }
    }

    /// Reads once, where nothing is left to take; how many bytes came.
    pub(crate) fn poll_fill(
        &mut self,
        io: Pin<&mut (dyn Io + 'static)>,
        cx: &mut Context<'_>,
    ) -> Poll<std::io::Result<usize>> {
        let mut bytes = lend();
        let mut buf = ReadBuf::new(&mut bytes);
        let polled = io.poll_read(cx, &mut buf);
        let n = buf.filled().len();
        if let (Poll::Ready(Ok(())), 1..) = (&polled, n) {
            (self.bytes, self.start, self.end) = (Some(bytes), 0, n);
        } else {
            give_back(bytes);
        }
        polled.map_ok(|()| n)
    }
}

/// Bytes read at a time.
const READ: usize = 64 << 10;

/// Buffers that a thread keeps.
const KEEP: usize = 4;

thread_local! {
    static BUFFERS: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

fn lend() -> Box<[u8]> {
    let kept = BUFFERS.try_with(|buffers| buffers.borrow_mut().pop());
    kept.ok().flatten().unwrap_or_else(|| vec![0; READ].into())
}

fn give_back(bytes: Box<[u8]>) {
    let _ = BUFFERS.try_with(|buffers| {
        let mut buffers = buffers.borrow_mut();
        if buffers.len() < KEEP && bytes.len() == READ {
            buffers.push(bytes);
        }
    });
}
