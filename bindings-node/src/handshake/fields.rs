//! The handshake as fields that another HTTP stack carries: an extended `CONNECT` over HTTP/2 and
//! HTTP/3 (RFC 8441, RFC 9220), and for those who parse HTTP/1.1 themselves an upgrade.

use napi::bindgen_prelude::{External, Uint8Array};
use napi_derive::napi;
use wspair_core::handshake::{AcceptError, Bootstrap, Policy, Refusal, Request, Response};

use super::client::{RequestOptions, request};
use super::server::NodeRequest;
use super::{Acceptance, Agreed, Answer, Owned, flat, refused};

/// A request that was parsed.
#[napi(object)]
pub(crate) struct Parsed {
    /// Whether it is an extended `CONNECT`, and not an upgrade.
    pub connect: bool,
    /// Left out, `:method` is among the fields.
    pub method: Option<String>,
    /// Left out, `:path` is.
    pub target: Option<String>,
    /// Name, value, name, value.
    pub fields: Vec<String>,
    /// Whether the stream ended with them.
    pub end_stream: bool,
}

fn bootstrap(connect: bool) -> Bootstrap {
    if connect { Bootstrap::ExtendedConnect } else { Bootstrap::Upgrade }
}

impl Parsed {
    /// Calls with the request if it is valid.
    fn judge<T>(
        &self,
        judge: impl FnOnce(&Request<'_>) -> Result<T, AcceptError>,
    ) -> napi::Result<Result<T, Answer>> {
        let how = bootstrap(self.connect);
        let fields = Owned::new(&self.fields);
        let pseudo = |name| fields.list.iter().find(|(other, _)| *other == name);
        let text = |given: &Option<String>, name| match given {
            Some(text) => text.clone(),
            None => pseudo(name).map_or(String::new(), |(_, value)| super::text(value)),
        };
        let (method, target) = (text(&self.method, ":method"), text(&self.target, ":path"));
        let judged = match Request::from_fields(how, &method, &target, fields.fields()) {
            Ok(_) if self.connect && self.end_stream => Err(Refusal::stream_ended().into()),
            Ok(request) => judge(&request),
            Err(refusal) => Err(refusal.into()),
        };
        match judged {
            Ok(judged) => Ok(Ok(judged)),
            Err(AcceptError::Refused(refusal)) => Ok(Err(Answer::refused(&refusal, how))),
            Err(error @ AcceptError::NotOffered) => Err(refused(error)),
        }
    }
}

/// What a request asks for, or the refusal of it.
#[napi(object)]
pub(crate) struct Judged {
    pub request: Option<NodeRequest>,
    pub refusal: Option<Answer>,
}

/// Checks a request.
#[napi(catch_unwind)]
pub(crate) fn fields_request(parsed: Parsed) -> napi::Result<Judged> {
    Ok(match parsed.judge(|request| Ok(NodeRequest::from(request)))? {
        Ok(request) => Judged { request: Some(request), refusal: None },
        Err(refusal) => Judged { request: None, refusal: Some(refusal) },
    })
}

/// Answers a request with yes, unless the policy says no.
#[napi(catch_unwind)]
pub(crate) fn fields_answer(
    parsed: Parsed,
    policy: &External<Policy>,
    subprotocol: Option<String>,
    extra: Vec<String>,
) -> napi::Result<Answer> {
    match parsed.judge(|request| request.accept(policy, subprotocol.as_deref()))? {
        Ok(acceptance) => answer(&acceptance, Owned::new(&extra).list.iter()),
        Err(refusal) => Ok(refusal),
    }
}

/// As `upgradeAnswer` for an extended `CONNECT`.
#[napi(catch_unwind)]
pub(crate) fn connect_answer(
    fields: Vec<String>,
    end_stream: bool,
    policy: &External<Policy>,
    extra: Vec<String>,
) -> napi::Result<Answer> {
    let parsed = Parsed { connect: true, method: None, target: None, fields, end_stream };
    match parsed.judge(|request| request.accept(policy, None))? {
        Ok(mut acceptance) => {
            let extra = Owned::new(&extra);
            let taken = extra.taken_by(&mut acceptance);
            answer(&acceptance, taken)
        }
        Err(refusal) => Ok(refusal),
    }
}

/// The fields of the answer that opens a connection.
fn answer<'a>(
    acceptance: &Acceptance,
    extra: impl IntoIterator<Item = &'a (&'a str, Vec<u8>)>,
) -> napi::Result<Answer> {
    let extra: Vec<_> = extra.into_iter().map(|(name, value)| (*name, &**value)).collect();
    Ok(Answer {
        agreed: Some((&acceptance.agreed).into()),
        status: acceptance.status,
        cause: None,
        malformed: false,
        fields: flat(acceptance.fields_with(&extra).map_err(refused)?),
        content: None,
        response: Vec::new().into(),
    })
}

/// The fields that ask for a connection. The nonce is of 16 bytes; an extended `CONNECT` has none.
#[napi(catch_unwind)]
pub(crate) fn client_fields(
    connect: bool,
    address: String,
    options: Option<RequestOptions>,
    nonce: Uint8Array,
) -> napi::Result<Vec<String>> {
    let request = request(&address, options)?;
    Ok(flat(request.fields(bootstrap(connect), sixteen(&nonce)?)))
}

/// What an answer to them agrees to. Throws if it cannot be relied on.
#[napi(catch_unwind)]
pub(crate) fn verify_fields(
    connect: bool,
    address: String,
    options: Option<RequestOptions>,
    nonce: Uint8Array,
    status: u16,
    fields: Vec<String>,
) -> napi::Result<Agreed> {
    let request = request(&address, options)?;
    let fields = Owned::new(&fields);
    let response = Response::from_fields(status, fields.fields());
    let agreed = response.verify(&request, bootstrap(connect), sixteen(&nonce)?);
    agreed.map(|agreed| (&agreed).into()).map_err(refused)
}

fn sixteen(nonce: &[u8]) -> napi::Result<[u8; 16]> {
    nonce.try_into().map_err(|_| refused("a nonce has 16 bytes"))
}
