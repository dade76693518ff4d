//! The view of the queue that the host writes from.

use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use super::queue::Queue;

/// Queued bytes, oldest first, for the host to write.
///
/// What was seen here stays as it is and where it is until [`advance`](Self::advance) passes it,
/// whatever the connection does in between: sends, takes in, closes, or moves itself. So a host
/// whose writes are asynchronous can hand the addresses on, and go on. Only dropping the connection
/// frees them.
///
/// It is a [`Buf`] too, for writers that take one. Through that trait bytes count as seen when they
/// are advanced past: whoever is to go on later with the same bytes, as a TLS library that wants its
/// call repeated, takes [`chunk`](Self::chunk) or [`slices`](Self::slices).
#[derive(Debug)]
pub struct Transmit<'a>(pub(super) &'a mut Queue);

impl Transmit<'_> {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first bytes that wait, as far as they lie together; empty when nothing does.
    pub fn chunk(&mut self) -> &[u8] {
        let len = self.0.parts().next().map_or(0, <[u8]>::len);
        self.0.showed(len);
        self.0.parts().next().unwrap_or_default()
    }

    /// Takes out what [`chunk`](Self::chunk) shows; `None` when nothing waits. For transports that
    /// keep what they are given. From 4 KiB on it is not copied.
    pub fn take_chunk(&mut self) -> Option<Bytes> {
        self.0.take()
    }

    /// Fills `slices` from the front, for a vectored write, and returns how many were set.
    pub fn slices<'s>(&'s mut self, slices: &mut [&'s [u8]]) -> usize {
        let len = self.0.parts().take(slices.len()).map(<[u8]>::len).sum();
        self.0.showed(len);
        slices.iter_mut().zip(self.0.parts()).map(|(slice, part)| *slice = part).count()
    }

    /// Forgets the first `n` bytes: they were written. More than there are counts as all.
    pub fn advance(&mut self, n: usize) {
        self.0.advance(n);
    }

    /// Moves all that waits to the end of `out`.
    pub fn drain_into(&mut self, out: &mut Vec<u8>) {
        while !self.is_empty() {
            out.reserve(self.len());
            self.0.parts().for_each(|part| out.extend_from_slice(part));
            self.advance(self.len());
        }
    }

    /// Moves what waits to the front of `out`, as far as it fits, and returns how many bytes it was.
    pub fn drain_to(&mut self, mut out: &mut [u8]) -> usize {
        let room = out.len();
        while !out.is_empty() && !self.is_empty() {
            let part = self.0.parts().next().unwrap_or_default();
            let len = part.len().min(out.len());
            let (to, rest) = out.split_at_mut(len);
            to.copy_from_slice(&part[..len]);
            out = rest;
            self.advance(len);
        }
        room - out.len()
    }

    /// Writes until nothing waits or the writer takes no more, and returns how many bytes it took.
    ///
    /// A writer that would block ends it without an error. An interrupted write is tried again.
    #[cfg(feature = "std")]
    pub fn write_to(&mut self, writer: &mut impl std::io::Write) -> std::io::Result<usize> {
        use std::io::{ErrorKind, IoSlice};

        let mut total = 0;
        while !self.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let (mut count, mut len) = (0, 0);
            for (slice, part) in slices.iter_mut().zip(self.0.parts()) {
                *slice = IoSlice::new(part);
                (count, len) = (count + 1, len + part.len());
            }
            let written = match &slices[..count] {
                [only] => writer.write(only),
                several => writer.write_vectored(several),
            };
            self.0.showed(len);
            match written {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.advance(n);
                    total += n;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }
}

impl Buf for Transmit<'_> {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.0.parts().next().unwrap_or_default()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'s>(&'s self, slices: &mut [std::io::IoSlice<'s>]) -> usize {
        let pairs = slices.iter_mut().zip(self.0.parts());
        pairs.map(|(slice, part)| *slice = std::io::IoSlice::new(part)).count()
    }

    /// # Panics
    /// Where `n` is more than there is, as the trait wants it.
    fn advance(&mut self, n: usize) {
        assert!(n <= self.len(), "advanced by {n} of {} bytes", self.len());
        self.0.advance(n);
    }
}

/// Most parts of one vectored write.
#[cfg(feature = "std")]
const SLICES: usize = 16;
