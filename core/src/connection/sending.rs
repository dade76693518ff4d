//! The sending half's methods, without the detour over [`Connection::sender`].

use core::ops::Range;
#[cfg(feature = "std")]
use std::io;

use super::outgoing::{OutgoingBinary, OutgoingText};
use super::{Connection, Prepared};
use crate::close::CloseCode;
use crate::error::SendError;
use crate::event::Kind;

impl Connection {
    /// See [`Sender::send_text`](super::Sender::send_text).
    #[inline]
    pub fn send_text<'b>(&mut self, text: impl Into<OutgoingText<'b>>) -> Result<(), SendError> {
        self.sender().send_text(text)
    }

    /// See [`Sender::send_binary`](super::Sender::send_binary).
    #[inline]
    pub fn send_binary<'b>(
        &mut self,
        data: impl Into<OutgoingBinary<'b>>,
    ) -> Result<(), SendError> {
        self.sender().send_binary(data)
    }

    /// See [`Sender::write_text`](super::Sender::write_text).
    #[cfg(feature = "std")]
    pub fn write_text<'b>(
        &mut self,
        text: impl Into<OutgoingText<'b>>,
        writer: &mut impl io::Write,
    ) -> Result<io::Result<usize>, SendError> {
        self.sender().write_text(text, writer)
    }

    /// See [`Sender::write_binary`](super::Sender::write_binary).
    #[cfg(feature = "std")]
    pub fn write_binary<'b>(
        &mut self,
        data: impl Into<OutgoingBinary<'b>>,
        writer: &mut impl io::Write,
    ) -> Result<io::Result<usize>, SendError> {
        self.sender().write_binary(data, writer)
    }

    /// See [`Sender::send_fragment`](super::Sender::send_fragment).
    pub fn send_fragment(&mut self, kind: Kind, part: &[u8], fin: bool) -> Result<(), SendError> {
        self.sender().send_fragment(kind, part, fin)
    }

    /// See [`Sender::send_prepared`](super::Sender::send_prepared).
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), SendError> {
        self.sender().send_prepared(message)
    }

    /// See [`Sender::frame_in_place`](super::Sender::frame_in_place).
    pub fn frame_in_place(
        &mut self,
        kind: Kind,
        buf: &mut [u8],
        at: usize,
    ) -> Result<Range<usize>, SendError> {
        self.sender().frame_in_place(kind, buf, at)
    }

    /// See [`Sender::send_ping`](super::Sender::send_ping).
    pub fn send_ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender().send_ping(payload)
    }

    /// See [`Sender::send_pong`](super::Sender::send_pong).
    pub fn send_pong(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender().send_pong(payload)
    }

    /// See [`Sender::close`](super::Sender::close).
    pub fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), SendError> {
        self.sender().close(code, reason)
    }

    /// See [`Sender::pass_close`](super::Sender::pass_close).
    pub fn pass_close(&mut self, code: Option<u16>, reason: &str) {
        self.sender().pass_close(code, reason);
    }

    /// See [`Sender::abort`](super::Sender::abort).
    pub fn abort(&mut self) {
        self.sender().abort();
    }

    /// See [`Sender::wants_write`](super::Sender::wants_write).
    pub fn wants_write(&self) -> bool {
        !self.outbound.is_idle()
    }

    /// See [`Sender::buffered_amount`](super::Sender::buffered_amount).
    pub fn buffered_amount(&self) -> usize {
        self.outbound.buffered()
    }

    /// See [`Sender::is_congested`](super::Sender::is_congested).
    pub fn is_congested(&self) -> bool {
        self.outbound.buffered() >= self.config.limits.high_water_mark.max(1)
    }
}
