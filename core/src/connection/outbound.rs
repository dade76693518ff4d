//! All that the sending half owns: queue, closing state, the open fragmented message.

use alloc::boxed::Box;
use alloc::string::String;

use super::deflate::Compress;
use super::fault::Fault;
use super::framing::Shape;
use super::keepalive::Output;
use super::lifecycle::Lifecycle;
#[cfg(feature = "std")]
use super::outgoing::Body;
use super::queue::Queue;
use crate::close::{CloseCode, CloseFrame};
use crate::config::Config;
use crate::error::SendError;
use crate::event::Kind;
use crate::frame::MAX_CONTROL;
use crate::memory::{Late, OutOfMemory};

#[derive(Debug)]
pub(super) struct Outbound {
    pub(super) queue: Queue,
    pub(super) lifecycle: Lifecycle,
    /// Present where compression was agreed on.
    pub(super) compress: Option<Box<Compress>>,
    /// The fragmented message that is being sent.
    fragment: Option<OpenMessage>,
    /// Messages go out as they are: not compressed, not split, and not inside another.
    plain: bool,
    /// Long messages are split.
    splits: bool,
    /// Close frames caused by input wait until the host looks at the queue.
    pub(super) defers: bool,
    /// Such a frame: decided on, and told to the lifecycle, but not queued.
    deferred: Late<Deferred>,
}

/// A Close frame that is put off.
#[derive(Debug, Default)]
struct Deferred {
    code: Option<CloseCode>,
    reason: String,
}

/// What the fragments of a message have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenMessage {
    pub(super) kind: Kind,
    pub(super) compressed: bool,
}

impl Outbound {
    pub(super) fn new(queue: Queue, config: &Config, compress: Option<Box<Compress>>) -> Self {
        let mut outbound = Self {
            queue,
            lifecycle: Lifecycle::new(config),
            compress,
            fragment: None,
            plain: false,
            splits: config.split_above.is_some(),
            defers: false,
            deferred: Late::default(),
        };
        outbound.set_fragment(None);
        outbound
    }

    pub(super) fn fragment(&self) -> Option<OpenMessage> {
        self.fragment
    }

    pub(super) fn set_fragment(&mut self, fragment: Option<OpenMessage>) {
        self.fragment = fragment;
        self.plain = self.compress.is_none() && !self.splits && fragment.is_none();
    }

    /// Whether frames can still go out before our Close frame: one that is put off counts as unsent.
    pub(super) fn takes_frames(&self) -> bool {
        self.lifecycle.may_send() || self.deferred.get().is_some() && !self.lifecycle.is_lost()
    }

    /// Sends a message, if that takes nothing but writing it: it is not refused, nothing is done to
    /// it, and not more than `most` bytes wait then.
    #[inline(never)]
    pub(super) fn send_plainly(&mut self, shape: Shape, payload: &[u8], most: usize) -> bool {
        self.sends_plainly() && self.queue.try_push(shape, payload, most)
    }

    /// Whether a message goes out as it is: it is not refused, and nothing is done to it.
    #[inline]
    pub(super) fn sends_plainly(&self) -> bool {
        self.plain && self.lifecycle.may_send()
    }

    /// Whether nothing waits to be written, nor is bound to.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.deferred.get().is_none()
    }

    /// Bytes that wait to be written, or are bound to: pongs and a Close frame that is put off
    /// count as the frames they will be.
    pub(super) fn buffered(&self) -> usize {
        self.queue.len() + self.queue.pongs_len() + self.deferred_len()
    }

    fn deferred_len(&self) -> usize {
        self.deferred.get().map_or(0, |Deferred { code, reason }| {
            let frame = CloseFrame { code: *code, reason };
            self.queue.framed_len(frame.encode(&mut [0; MAX_CONTROL]).unwrap_or(0))
        })
    }

    /// A frame of `len` bytes is with the host, and was never in the queue.
    pub(super) fn framed_beside(&mut self, len: usize) {
        self.queue.pass_beside(len);
    }

    /// Queues what the host's transport did not take of a frame that was written beside the queue.
    /// Without memory for it the peer has half a frame, and all that is left is to drop the
    /// transport.
    #[cfg(feature = "std")]
    pub(super) fn queue_rest(&mut self, header: &[u8], payload: Body<'_>) {
        if self.queue.push_rest(header, payload).is_err() {
            self.lifecycle.fail(Fault::OutOfMemory);
            self.lifecycle.transport_lost();
        }
    }

    /// How far the output has come, that beside the queue included.
    pub(super) fn progress(&self) -> Output {
        Output { advanced: self.queue.advanced(), queued: self.queue.queued() }
    }

    /// Sends our Close frame, if none was sent or decided on and the transport takes it.
    pub(super) fn close(&mut self, frame: CloseFrame<'_>) -> Result<(), OutOfMemory> {
        if self.lifecycle.may_close() {
            self.queue.push_close(frame)?;
            self.lifecycle.sent_close();
        }
        Ok(())
    }

    /// As [`close`](Self::close), for a frame that nobody tries again: where there is no memory for
    /// it, all that is left is to drop the transport.
    pub(super) fn close_or_drop(&mut self, frame: CloseFrame<'_>) {
        if self.close(frame).is_err() {
            self.lifecycle.fail(Fault::OutOfMemory);
            self.lifecycle.transport_lost();
        }
    }

    /// Nothing more can be read: tells the peer why, and ends.
    pub(super) fn fail(&mut self, fault: impl Into<Fault>) {
        self.fail_with_reason(fault.into(), String::new());
    }

    pub(super) fn fail_with_reason(&mut self, fault: Fault, reason: String) {
        self.lifecycle.fail(fault);
        self.answer(Some(fault.close_code()), reason);
    }

    /// The peer's Close frame came; `answers` unless half-open.
    pub(super) fn received_close(&mut self, frame: CloseFrame<'_>, answers: bool) {
        self.lifecycle.received_close(frame);
        if answers {
            // RFC 6455 5.5.1: the answer typically echoes the code.
            self.answer(frame.code, String::new());
        }
    }

    /// Gives the Close frame that is put off, if one is, another reason.
    pub(super) fn explain(&mut self, reason: &str) -> Result<(), SendError> {
        let Some(deferred) = self.deferred.get_mut() else {
            return Ok(());
        };
        let frame = CloseFrame { code: deferred.code, reason };
        if frame.encode(&mut [0; MAX_CONTROL]).is_none() {
            return Err(SendError::CloseReason);
        }
        let mut copy = String::new();
        copy.try_reserve_exact(reason.len()).map_err(|_| SendError::OutOfMemory)?;
        copy.push_str(reason);
        deferred.reason = copy;
        Ok(())
    }

    fn answer(&mut self, code: Option<CloseCode>, reason: String) {
        if self.defers
            && self.lifecycle.may_close()
            && let Ok(deferred) = self.deferred.ask()
        {
            *deferred = Deferred { code, reason };
            self.lifecycle.sent_close();
        } else {
            self.close_or_drop(CloseFrame { code, reason: &reason });
        }
    }

    /// The host looks at the queue: what stood aside takes its place.
    pub(super) fn look(&mut self) {
        if let Some(Deferred { code, reason }) = self.deferred.get()
            && self.queue.push_close(CloseFrame { code: *code, reason }).is_ok()
        {
            self.deferred.clear();
        }
        self.queue.look();
    }

    /// Answers a ping, unless our Close frame went before.
    pub(super) fn answer_ping(&mut self, payload: &[u8]) {
        if self.takes_frames() {
            self.queue.push_pong(payload);
        }
    }
}
