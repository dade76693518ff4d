//! How an end sends, in each of the ways there are, and that what is refused queues nothing.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use wspair::bindings::SenderBinding;
use wspair::frame::MAX_HEADER;
use wspair::{Connection, Kind, OutgoingText, Prepared, SendError};

use super::End;
use crate::{as_text, check_text, message};

impl End {
    pub(super) fn send<E: Display>(
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
    pub(super) fn send_owned(&mut self, much: u8) {
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

    pub(super) fn send_in_place(&mut self, len: usize) {
        let data = message(len);
        let mut buf = [vec![0; 14], data.clone()].concat();
        if let Ok(range) = self.conn.frame_in_place(Kind::Text, &mut buf, 14) {
            self.write(&buf[range]);
            self.sent.push((Kind::Text, data));
        }
    }

    pub(super) fn send_beside(&mut self, len: usize) {
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

    pub(super) fn send_fragment(&mut self, much: u8) {
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
}
