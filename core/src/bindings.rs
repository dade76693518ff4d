//! What bindings to other languages need, and programs in Rust do not.
//!
//! A binding gathers the events of an input before the application sees any, keeps addresses instead
//! of borrows, and writes payloads that lie in another runtime's memory. The calls for that are in
//! traits, so that nobody else meets them among a type's own.

use alloc::vec::Vec;

pub use crate::connection::Outgoing;
use crate::connection::{Connection, Receive, Sender};
use crate::error::SendError;
use crate::event::{ClosedCause, Kind};
use crate::frame::MAX_HEADER;
use crate::pair::{Coupling, Pair};

/// What bindings need of a [`Receive`].
pub trait ReceiveBinding {
    /// Whether the last event's bytes lie in the input, and so stay as they are while further
    /// events are read. Bytes in the connection's own memory last until the next event.
    fn event_is_in_input(&self) -> bool;

    /// [`Connection::too_long`], between two events.
    fn too_long(&self) -> Option<u64>;
}

impl ReceiveBinding for Receive<'_> {
    fn event_is_in_input(&self) -> bool {
        Receive::event_is_in_input(self)
    }

    fn too_long(&self) -> Option<u64> {
        Receive::too_long(self)
    }
}

/// What bindings need of a [`Sender`], and of the [`Connection`] it is half of.
pub trait SenderBinding {
    /// Frames a message of `len` bytes that the host writes itself, as it is, right behind the
    /// header that this writes into `header`: its length. No copy, no queue.
    ///
    /// `None` where the payload may not go out as it is: a client masks it, a message that is
    /// compressed or split has to be sent.
    ///
    /// # Errors
    /// As [`Sender::frame_in_place`], but for [`Room`](SendError::Room).
    fn frame_beside(
        &mut self,
        kind: Kind,
        len: usize,
        header: &mut [u8; MAX_HEADER],
    ) -> Result<Option<usize>, SendError>;

    /// Sends messages in their order, and tells how many were queued before one was refused, and why
    /// that was. What is copied of them is copied into one piece of memory, which does not grow.
    ///
    /// # Errors
    /// As [`Sender::send_text`].
    fn send_many(&mut self, messages: Vec<Outgoing<'_>>) -> (usize, Result<(), SendError>);

    /// Says why: gives the Close frame that [`defer_close`](Receive::defer_close) put off a reason
    /// of up to 123 bytes, instead of the one that names the limit where one was passed. Does
    /// nothing when none is put off.
    ///
    /// # Errors
    /// [`CloseReason`](SendError::CloseReason) for a reason that is too long, or would stand
    /// without a code.
    fn explain_close(&mut self, reason: &str) -> Result<(), SendError>;
}

impl SenderBinding for Sender<'_> {
    fn frame_beside(
        &mut self,
        kind: Kind,
        len: usize,
        header: &mut [u8; MAX_HEADER],
    ) -> Result<Option<usize>, SendError> {
        Sender::frame_beside(self, kind, len, header)
    }

    fn send_many(&mut self, messages: Vec<Outgoing<'_>>) -> (usize, Result<(), SendError>) {
        Sender::send_many(self, messages)
    }

    fn explain_close(&mut self, reason: &str) -> Result<(), SendError> {
        Sender::explain_close(self, reason)
    }
}

impl SenderBinding for Connection {
    fn frame_beside(
        &mut self,
        kind: Kind,
        len: usize,
        header: &mut [u8; MAX_HEADER],
    ) -> Result<Option<usize>, SendError> {
        self.sender().frame_beside(kind, len, header)
    }

    fn send_many(&mut self, messages: Vec<Outgoing<'_>>) -> (usize, Result<(), SendError>) {
        self.sender().send_many(messages)
    }

    fn explain_close(&mut self, reason: &str) -> Result<(), SendError> {
        self.sender().explain_close(reason)
    }
}

/// What bindings need of a [`Coupling`].
pub trait CouplingBinding {
    /// As [`Coupling::forward`] for the last event, for hosts that kept only its cause.
    fn forward_end<M>(&self, pair: &mut Pair<M>, cause: ClosedCause);
}

impl CouplingBinding for Coupling {
    fn forward_end<M>(&self, pair: &mut Pair<M>, cause: ClosedCause) {
        Coupling::forward_end(self, pair, cause);
    }
}
