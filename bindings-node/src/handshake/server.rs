//! The server's side over a stream of bytes.

#![allow(unreachable_pub, reason = "`#[napi]` takes no other methods")]

use napi::bindgen_prelude::{Buffer, External};
use napi_derive::napi;
use wspair_core::handshake::{
    AcceptError, HeadLimits, Policy, Refusal, Request, ServerHandshake, ServerProgress,
};

use super::{Answer, HeadOptions, Owned, answer, due, instant, list, refused};

/// See [`ServerHandshake`].
#[napi(js_name = "ServerHandshake")]
pub(crate) struct NodeServerHandshake(ServerHandshake);

/// What a client asks for.
#[napi(object)]
pub(crate) struct NodeRequest {
    pub target: String,
    pub authority: String,
    pub origin: Option<String>,
    pub subprotocols: Vec<String>,
    /// Name, value, name, value.
    pub fields: Vec<String>,
}

impl From<&Request<'_>> for NodeRequest {
    fn from(request: &Request<'_>) -> Self {
        Self {
            target: request.target().to_owned(),
            authority: request.authority().to_owned(),
            origin: request.origin().map(str::to_owned),
            subprotocols: request.subprotocols().map(str::to_owned).collect(),
            fields: list(request.fields()),
        }
    }
}

#[napi]
impl NodeServerHandshake {
    #[napi(constructor, catch_unwind)]
    pub fn new(limits: Option<HeadOptions>) -> Self {
        Self(ServerHandshake::new(limits.map_or_else(HeadLimits::default, Into::into)))
    }

    /// Feeds bytes: how many belong to the head.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, bytes: &[u8]) -> u32 {
        let (used, _) = self.0.receive(bytes);
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    #[napi(catch_unwind)]
    pub fn receive_eof(&mut self) {
        self.0.receive_eof();
    }

    #[napi(catch_unwind)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.0.handle_timeout(instant(now));
    }

    /// In milliseconds; infinite for never.
    #[napi(catch_unwind)]
    pub fn next_timeout(&self) -> f64 {
        due(self.0.poll_timeout())
    }

    /// A valid request.
    #[napi(catch_unwind)]
    pub fn request(&self) -> Option<NodeRequest> {
        let ServerProgress::Request(request) = self.0.progress() else {
            return None;
        };
        Some((&request).into())
    }

    /// The answer to an invalid one.
    #[napi(catch_unwind)]
    pub fn refusal(&self) -> Option<Answer> {
        match self.0.progress() {
            ServerProgress::Refused(refusal) => Some(refusal.into()),
            _ => None,
        }
    }

    /// Answers the request with yes, unless the policy says no.
    #[napi(catch_unwind)]
    pub fn accept(
        &self,
        policy: &External<Policy>,
        subprotocol: Option<String>,
        extra: Vec<String>,
    ) -> napi::Result<Answer> {
        let ServerProgress::Request(request) = self.0.progress() else {
            return Err(refused("there is no request to accept"));
        };
        match request.accept(policy, subprotocol.as_deref()) {
            Ok(acceptance) => answer(&acceptance, Owned::new(&extra).list.iter()),
            Err(AcceptError::Refused(refusal)) => Ok((&refusal).into()),
            Err(error @ AcceptError::NotOffered) => Err(refused(error)),
        }
    }
}

/// The answer of a server that says no for its own reasons.
#[napi(catch_unwind)]
pub(crate) fn refusal_response(
    status: u16,
    fields: Vec<String>,
    content: &[u8],
) -> napi::Result<Buffer> {
    let mut refusal = Refusal::new(status).map_err(refused)?.body(content);
    for (name, value) in Owned::new(&fields).list {
        refusal = refusal.field(name, &value).map_err(refused)?;
    }
    let mut response = Vec::new();
    refusal.write_response(&mut response);
    Ok(response.into())
}
