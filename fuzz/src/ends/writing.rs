//! How an end writes what waits, in each of the ways there are, and that what was shown stays what and
//! where it was.

use std::io::{self, ErrorKind, IoSlice, Write};

use bytes::Buf;
use wspair::Kind;

use super::End;
use crate::{as_text, message};

impl End {
    /// Looks at so many slices. What was shown before has to be what and where it was.
    pub(super) fn look(&mut self, most: usize) {
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
    pub(super) fn transmit(&mut self, most: usize) {
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
    pub(super) fn take_chunks(&mut self, most: usize) {
        for _ in 0..most {
            let Some(chunk) = self.conn.transmit().take_chunk() else { return };
            assert!(!chunk.is_empty(), "nothing taken");
            self.wrote(&chunk);
        }
    }

    pub(super) fn transmit_to_slice(&mut self, most: usize) {
        let mut out = vec![0; most];
        let len = self.conn.transmit().drain_to(&mut out);
        self.wrote(&out[..len]);
    }

    pub(super) fn transmit_to_writer(&mut self, room: usize) {
        let mut writer = Narrow::new(room);
        let outcome = self.conn.transmit().write_to(&mut writer);
        writer.check(&outcome);
        // What was not taken was shown as well: where it lies is seen at the next look.
        self.wrote(&writer.written);
    }

    /// Sends and writes at once, past the queue where that may be.
    pub(super) fn write_through(&mut self, much: u8) {
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

    /// Writes as one who takes a `Buf`: what it shows at once is what it then gives.
    pub(super) fn peek_as_buf(&mut self, most: usize) {
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

    /// These bytes left, which have to be those that were shown first.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
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

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if !self.wire_ended {
            self.wire.extend_from_slice(bytes);
        }
    }
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
