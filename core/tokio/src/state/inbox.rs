//! Messages that the driver took in because nobody came for them.

use std::collections::VecDeque;

use crate::message::Message;

/// Messages that wait for the application, and how much they hold.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) messages: VecDeque<Message>,
    pub(super) bytes: usize,
    controls: usize,
}

impl Inbox {
    pub(super) fn push(&mut self, message: Message) {
        if matches!(message, Message::Ping(_) | Message::Pong(_)) {
            // They were answered; who comes late is not to be told of them all.
            if self.controls == MAX_CONTROLS {
                return;
            }
            self.controls += 1;
        }
        self.bytes += size_of::<Message>() + message.len();
        self.messages.push_back(message);
    }

    pub(super) fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= size_of::<Message>() + message.len();
        self.controls -= usize::from(matches!(message, Message::Ping(_) | Message::Pong(_)));
        Some(message)
    }
}

/// Bytes of messages that wait for the application before nothing more is read.
pub(super) const MAX_INBOX: usize = 256 << 10;

/// Pings and pongs that wait for the application.
const MAX_CONTROLS: usize = 16;
