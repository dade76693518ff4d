//! What a server's handshake has come to: the request once it is valid, and the answer.

use std::sync::Arc;

use wspair_core::Negotiated;
use wspair_core::handshake::{
    Bootstrap, Refusal, Request, ServerHandshake as Engine, ServerProgress,
};

use super::ServerHandshake;
use crate::config::Settings;
use crate::handshake::{Output, shown};
use crate::memory::{Spare, room_for};
use crate::result::Wspair;
use crate::slice::{Field, Kept, Slice};

pub(super) enum Source {
    Bytes(Engine),
    Fields { how: Bootstrap, method: String, target: String, fields: Kept },
}

/// What a valid request holds: slices of the source, which stays as it is then.
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) authority: Slice,
    pub(super) subprotocols: Vec<Slice>,
    pub(super) fields: Vec<Field>,
}

pub(super) enum Answer {
    Accepted(u16, Negotiated),
    Refused(Refusal),
    /// Refused for want of memory.
    Lost,
}

impl ServerHandshake {
    pub(super) fn new(settings: Arc<Settings>, source: Source, weight: usize) -> Self {
        Self {
            settings,
            source,
            weight,
            asked: None,
            answer: None,
            fields: Kept::default(),
            output: Output::default(),
        }
    }

    /// Lets the engine take something in, and takes note of what came of it. Where there is no
    /// memory for that the request is refused.
    pub(super) fn work(
        &mut self,
        more: usize,
        take: &mut dyn FnMut(&mut Engine),
    ) -> Result<(), Wspair> {
        let Source::Bytes(engine) = &mut self.source else {
            return Err(Wspair::ErrorState);
        };
        if self.asked.is_some() || self.answer.is_some() {
            return Ok(());
        }
        let most = self.settings.head.max_head;
        self.weight = self.weight.saturating_add(more).min(most);
        let Ok(spare) = Spare::set_aside(room_for(self.weight)) else {
            self.lose();
            return Ok(());
        };
        take(engine);
        self.judge();
        if spare.is_used() {
            self.lose();
        }
        Ok(())
    }

    pub(super) fn asked(&self) -> Result<&Asked, Wspair> {
        self.asked.as_ref().ok_or(Wspair::ErrorState)
    }

    /// Looks at a valid request, accepted or not.
    pub(super) fn request<T>(&self, look: impl FnOnce(&Request<'_>) -> T) -> Result<T, Wspair> {
        match &self.source {
            Source::Bytes(engine) => match engine.progress() {
                ServerProgress::Request(request) => Ok(look(&request)),
                _ => Err(Wspair::ErrorState),
            },
            Source::Fields { how, method, target, fields } => {
                let fields = fields.iter().collect();
                match Request::from_fields(*how, method, target, fields) {
                    Ok(request) => Ok(look(&request)),
                    Err(_) => Err(Wspair::ErrorState),
                }
            }
        }
    }

    /// Takes note of what came of the request.
    pub(super) fn judge(&mut self) {
        let judged = match &self.source {
            Source::Bytes(engine) => match engine.progress() {
                ServerProgress::Request(request) => Ok(Asked::new(&request)),
                ServerProgress::Refused(refusal) => Err(refusal.clone()),
                _ => return,
            },
            Source::Fields { how, method, target, fields } => {
                let request = Request::from_fields(*how, method, target, fields.iter().collect());
                request.map(|request| Asked::new(&request))
            }
        };
        match judged {
            Ok(asked) => self.asked = Some(asked),
            Err(refusal) => self.settle(self.refused(refusal)),
        }
    }

    pub(super) fn bootstrap(&self) -> Bootstrap {
        match &self.source {
            Source::Bytes(_) => Bootstrap::Upgrade,
            Source::Fields { how, .. } => *how,
        }
    }

    /// A refusal and what it comes to.
    pub(super) fn refused(&self, refusal: Refusal) -> (Kept, Vec<u8>, Answer) {
        let (how, mut bytes) = (self.bootstrap(), Vec::new());
        if how == Bootstrap::Upgrade {
            refusal.write_response(&mut bytes);
        }
        (Kept::new(refusal.fields(how)), bytes, Answer::Refused(refusal))
    }

    /// Answers with what was made for it.
    pub(super) fn settle(&mut self, (fields, bytes, answer): (Kept, Vec<u8>, Answer)) {
        (self.fields, self.output, self.answer) = (fields, Output::new(bytes), Some(answer));
    }

    /// Refuses for want of memory, with what takes none.
    fn lose(&mut self) {
        self.source = Source::Bytes(Engine::new(self.settings.head));
        self.asked = None;
        self.fields = Kept::default();
        self.output = Output::new(UNAVAILABLE);
        self.answer = Some(Answer::Lost);
    }
}

impl Asked {
    fn new(request: &Request<'_>) -> Self {
        Self {
            target: request.target().to_owned(),
            authority: request.authority().into(),
            subprotocols: request.subprotocols().map(Slice::from).collect(),
            fields: shown(request.fields()),
        }
    }
}

const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
    Content-Length: 0\r\n\r\n";
