//! What is told to `tracing`: a span for each connection, how it begins and how it ends.

use tracing::Span;
use wspair::Closed;

use crate::link::Link;

pub(crate) struct Trace {
    span: Span,
    was_told: bool,
}

impl Trace {
    pub(crate) fn new(link: &Link) -> Self {
        let role = link.lock().conn.role();
        let subprotocol = link.agreed.subprotocol.as_deref();
        let is_compressed = link.agreed.deflate.is_some();
        let span = tracing::debug_span!("websocket", ?role, subprotocol, is_compressed);
        tracing::debug!(parent: &span, "open");
        Self { span, was_told: false }
    }

    pub(crate) fn closed(&mut self, closed: Option<&Closed>) {
        let Some(Closed { code, reason, clean, cause, .. }) = closed else { return };
        if !std::mem::replace(&mut self.was_told, true) {
            tracing::debug!(parent: &self.span, code, reason, clean, ?cause, "closed");
        }
    }
}
