//! The client's side: a request for node:http to send, and the handshake over a stream of bytes.

#![allow(unreachable_pub, reason = "`#[napi]` takes no other methods")]

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use wspair_core::handshake::{
    Bootstrap, ClientHandshake, ClientProgress, ClientRequest, Failure, HeadLimits, Response,
    nonce_from_os,
};

use super::{Agreed, Deflate, HeadOptions, Owned, due, flat, instant, list, refused};

/// A request, for node:http to send, with the nonce that its answer has to know.
#[napi(js_name = "ClientRequest")]
pub(crate) struct NodeClientRequest {
    request: ClientRequest,
    nonce: [u8; 16],
}

/// What else a client asks for.
#[napi(object)]
#[derive(Default)]
pub(crate) struct RequestOptions {
    pub subprotocols: Option<Vec<String>>,
    /// Name, value, name, value.
    pub fields: Option<Vec<String>>,
    /// Offers to compress messages.
    pub deflate: Option<Deflate>,
}

pub(super) fn request(
    address: &str,
    options: Option<RequestOptions>,
) -> napi::Result<ClientRequest> {
    let RequestOptions { subprotocols, fields, deflate } = options.unwrap_or_default();
    let mut request = ClientRequest::new(address).map_err(refused)?;
    for name in subprotocols.unwrap_or_default() {
        request = request.subprotocol(&name).map_err(refused)?;
    }
    for (name, value) in Owned::new(&fields.unwrap_or_default()).list {
        request = request.field(name, &value).map_err(refused)?;
    }
    Ok(match deflate {
        Some(deflate) => request.deflate(deflate.offer()),
        None => request,
    })
}

#[napi]
impl NodeClientRequest {
    #[napi(constructor, catch_unwind)]
    pub fn new(address: String, options: Option<RequestOptions>) -> napi::Result<Self> {
        Ok(Self { request: request(&address, options)?, nonce: nonce_from_os().map_err(refused)? })
    }

    /// The fields to send with `GET`.
    #[napi(catch_unwind)]
    pub fn fields(&self) -> Vec<String> {
        flat(self.request.fields(Bootstrap::Upgrade, self.nonce))
    }

    /// Those of an extended `CONNECT`.
    #[napi(catch_unwind)]
    pub fn connect_fields(&self) -> Vec<String> {
        flat(self.request.fields(Bootstrap::ExtendedConnect, self.nonce))
    }

    /// What the answer, of a version as `1.1`, agrees to. Throws if it cannot be relied on.
    #[napi(catch_unwind)]
    pub fn verify(
        &self,
        version: String,
        status: u16,
        fields: Vec<String>,
    ) -> napi::Result<Agreed> {
        if version != "1.1" {
            return Err(refused(Failure::HttpVersion));
        }
        self.check(Bootstrap::Upgrade, status, &fields)
    }

    /// As `verify` for an extended `CONNECT`.
    #[napi(catch_unwind)]
    pub fn verify_connect(&self, status: u16, fields: Vec<String>) -> napi::Result<Agreed> {
        self.check(Bootstrap::ExtendedConnect, status, &fields)
    }
}

impl NodeClientRequest {
    fn check(&self, how: Bootstrap, status: u16, fields: &[String]) -> napi::Result<Agreed> {
        let fields = Owned::new(fields);
        let response = Response::from_fields(status, fields.fields());
        let agreed = response.verify(&self.request, how, self.nonce);
        agreed.map(|agreed| (&agreed).into()).map_err(refused)
    }
}

/// See [`ClientHandshake`].
#[napi(js_name = "ClientHandshake")]
pub(crate) struct NodeClientHandshake {
    handshake: ClientHandshake,
    written: Vec<u8>,
}

/// How far a handshake is.
#[napi(object)]
pub(crate) struct Progress {
    /// Set once the connection is open.
    pub agreed: Option<Agreed>,
    /// The server's answer, if it can be relied on.
    pub status: Option<u16>,
    pub fields: Option<Vec<String>>,
    pub body: Option<Buffer>,
    /// Why the answer cannot be relied on.
    pub failure: Option<String>,
}

#[napi]
impl NodeClientHandshake {
    #[napi(constructor, catch_unwind)]
    pub fn new(
        address: String,
        options: Option<RequestOptions>,
        limits: Option<HeadOptions>,
    ) -> napi::Result<Self> {
        let request = request(&address, options)?;
        let limits = limits.map_or_else(HeadLimits::default, Into::into);
        let nonce = nonce_from_os().map_err(refused)?;
        let mut written = Vec::new();
        let handshake = ClientHandshake::with_limits(&request, nonce, limits, &mut written);
        Ok(Self { handshake, written })
    }

    /// The request, to be written.
    #[napi(catch_unwind)]
    pub fn request(&self) -> Buffer {
        self.written.clone().into()
    }

    /// Feeds bytes: how many belong to the answer.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, bytes: &[u8]) -> u32 {
        let (used, _) = self.handshake.receive(bytes);
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    #[napi(catch_unwind)]
    pub fn receive_eof(&mut self) {
        self.handshake.receive_eof();
    }

    #[napi(catch_unwind)]
    pub fn handle_timeout(&mut self, now: f64) {
        self.handshake.handle_timeout(instant(now));
    }

    /// In milliseconds; infinite for never.
    #[napi(catch_unwind)]
    pub fn next_timeout(&self) -> f64 {
        due(self.handshake.poll_timeout())
    }

    /// The outcome; null while more is needed.
    #[napi(catch_unwind)]
    pub fn progress(&self) -> Option<Progress> {
        let (response, agreed) = match self.handshake.progress() {
            ClientProgress::Open(response, agreed) => (response, Some((&agreed).into())),
            ClientProgress::Refused(response) => (response, None),
            ClientProgress::Failed(failure) => {
                let failure = Some(failure.to_string());
                return Some(Progress {
                    agreed: None,
                    status: None,
                    fields: None,
                    body: None,
                    failure,
                });
            }
            _ => return None,
        };
        Some(Progress {
            agreed,
            status: Some(response.status()),
            fields: Some(list(response.fields())),
            body: Some(response.body().into()),
            failure: None,
        })
    }
}

/// Where a `ws:` or `wss:` address leads. Throws if it is none.
#[napi(object)]
pub(crate) struct NodeAddress {
    pub secure: bool,
    pub host: String,
    pub port: u16,
    pub target: String,
}

/// Takes an address apart.
#[napi(catch_unwind)]
pub(crate) fn parse_address(address: String) -> napi::Result<NodeAddress> {
    let request = ClientRequest::new(&address).map_err(refused)?;
    let address = request.address();
    Ok(NodeAddress {
        secure: address.is_secure(),
        host: address.host().to_owned(),
        port: address.port(),
        target: address.target().to_owned(),
    })
}
