//! Many messages at once: what is copied of them gets its memory together.

use alloc::vec::Vec;

use super::framing::Shape;
use super::outgoing::{Body, Outgoing};
use super::sender::{Sender, opcode};
use crate::error::SendError;
use crate::frame::Role;

/// Messages that are copied, one behind the other, and nothing else is done to them.
#[derive(Clone, Copy, Default)]
struct Copied {
    count: usize,
    /// As frames.
    bytes: usize,
}

impl Sender<'_> {
    /// See [`SenderBinding`](crate::bindings::SenderBinding).
    pub(crate) fn send_many(
        &mut self,
        messages: Vec<Outgoing<'_>>,
    ) -> (usize, Result<(), SendError>) {
        let all = messages.len();
        let mut messages = messages.into_iter();
        while !messages.as_slice().is_empty() {
            let sent = all - messages.len();
            let Copied { count, bytes } = self.copied(messages.as_slice());
            match self.send_run(&messages.as_slice()[..count], bytes) {
                Ok(true) => messages.by_ref().take(count).for_each(drop),
                Ok(false) => {
                    for (at, Outgoing { kind, body }) in
                        messages.by_ref().take(count.max(1)).enumerate()
                    {
                        if let Err(error) = self.send_body(kind, body) {
                            return (sent + at, Err(error));
                        }
                    }
                }
                Err(error) => return (sent, Err(error)),
            }
        }
        (all, Ok(()))
    }

    /// The messages at the front that are copied, and that there is room for.
    fn copied(&self, messages: &[Outgoing<'_>]) -> Copied {
        let mut run = Copied::default();
        if !self.outbound.sends_plainly() {
            return run;
        }
        let queued = self.outbound.queue.len();
        for Outgoing { body, .. } in messages {
            let len = body.bytes().len();
            let waits = queued + run.bytes;
            let bytes = run.bytes.saturating_add(self.outbound.queue.framed_len(len));
            let has_room =
                waits == 0 || queued.saturating_add(bytes) <= self.config.limits.max_outgoing;
            let is_shared = matches!(body, Body::Shared(_))
                && self.role == Role::Server
                && len >= self.config.share_from;
            if is_shared || !has_room {
                break;
            }
            run = Copied { count: run.count + 1, bytes };
        }
        run
    }

    /// Sends a run if it is too long for the memory in which short ones gather; else makes room for
    /// it there, so that it does not grow by doubling.
    fn send_run(&mut self, run: &[Outgoing<'_>], bytes: usize) -> Result<bool, SendError> {
        if run.len() < 2 {
            return Ok(false);
        }
        let frames = run.iter().map(|it| (Shape::whole(opcode(it.kind)), it.body.bytes()));
        Ok(self.outbound.queue.push_run(frames, bytes)?)
    }
}
