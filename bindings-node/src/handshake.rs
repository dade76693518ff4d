//! The opening handshake: over a stream of bytes, and behind node:http and node:http2, which parsed
//! the head.
//!
//! Header fields are lists of name, value, name, value, as node:http has them. A character is a
//! byte there, so values travel as Latin-1.

use napi::bindgen_prelude::{Buffer, External};
use napi_derive::napi;
use wspair_core::Instant;
use wspair_core::handshake::{
    AcceptError, Acceptance, Bootstrap, FieldList, Fields, HeadLimits, Origins, Policy, Refusal,
    Request, ServerHandshake, ServerProgress, accept_key,
};

use crate::agreed::{Agreed, Deflate};
use crate::config::duration;

mod client;
mod fields;
mod server;

/// The value of `Sec-WebSocket-Accept` that answers a key.
#[napi(catch_unwind, js_name = "acceptKey")]
pub(crate) fn accept_key_of(key: String) -> String {
    accept_key(key.as_bytes()).map(char::from).iter().collect()
}

/// See [`HeadLimits`]. Infinity is no limit, and never.
#[napi(object)]
#[derive(Default)]
pub(crate) struct HeadOptions {
    pub max_head: Option<f64>,
    pub max_line: Option<f64>,
    pub max_fields: Option<f64>,
    pub max_body: Option<f64>,
    pub within: Option<f64>,
}

impl From<HeadOptions> for HeadLimits {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    fn from(options: HeadOptions) -> Self {
        let mut limits = Self::default();
        let fields = [
            (&mut limits.max_head, options.max_head),
            (&mut limits.max_line, options.max_line),
            (&mut limits.max_fields, options.max_fields),
            (&mut limits.max_body, options.max_body),
        ];
        for (limit, most) in fields {
            if let Some(most) = most {
                *limit = most as usize;
            }
        }
        if let Some(within) = options.within {
            limits.within = duration(within);
        }
        limits
    }
}

/// What a server agrees to.
#[napi(object)]
pub(crate) struct PolicyOptions {
    /// The origins whose pages may connect; all if left out.
    pub origins: Option<Vec<String>>,
    /// Whether a request without an origin may connect.
    pub missing_origin: Option<bool>,
    /// How messages are compressed where the client can; not at all if left out.
    pub deflate: Option<Deflate>,
}

/// A policy for any number of requests.
#[napi(catch_unwind)]
pub(crate) fn server_policy(options: PolicyOptions) -> napi::Result<External<Policy>> {
    let mut policy = Policy::default();
    if let Some(origins) = options.origins {
        let origins = Origins::new(origins.iter().map(String::as_str)).map_err(refused)?;
        policy.origins = Some(origins.missing(options.missing_origin.unwrap_or(true)));
    }
    policy.deflate = options.deflate.map(Deflate::policy);
    Ok(External::new(policy))
}

/// A server's answer: a refusal unless something was agreed on.
#[napi(object)]
pub(crate) struct Answer {
    pub agreed: Option<Agreed>,
    pub status: u16,
    /// Why it was refused.
    pub cause: Option<String>,
    /// Of a refusal: HTTP/2 wants the stream to be reset rather than an answer.
    pub malformed: bool,
    /// The fields and content, for another HTTP stack to send; without those of an upgrade, which
    /// is written.
    pub fields: Vec<String>,
    pub content: Option<Buffer>,
    /// The whole answer as HTTP/1.1, to be written.
    pub response: Buffer,
}

impl Answer {
    fn refused(refusal: &Refusal, how: Bootstrap) -> Self {
        let mut response = Vec::new();
        if how == Bootstrap::Upgrade {
            refusal.write_response(&mut response);
        }
        Self {
            agreed: None,
            status: refusal.status(),
            cause: Some(refusal.cause().to_string()),
            malformed: refusal.is_malformed(),
            fields: flat(refusal.fields(how)),
            content: Some(refusal.content().into()),
            response: response.into(),
        }
    }
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        Self::refused(refusal, Bootstrap::Upgrade)
    }
}

/// Whether a page of that origin may connect.
#[napi(catch_unwind)]
pub(crate) fn origin_refusal(policy: &External<Policy>, origin: Option<String>) -> Option<Answer> {
    let origins = policy.origins.as_ref()?;
    if origins.allow(origin.as_deref()) {
        return None;
    }
    let refusal = Refusal::new(403).ok()?.body("origin not allowed\n");
    let refusal = refusal.field("Content-Type", b"text/plain; charset=utf-8").ok()?;
    Some(Answer { cause: Some("origin not allowed".into()), ..Answer::from(&refusal) })
}

/// Judges a request that node:http parsed, and answers it with the fields of a Worker's response.
///
/// As in the runtime the subprotocol is the Worker's word, whatever was offered, and fields that
/// are the handshake's to write are dropped.
#[napi(catch_unwind)]
pub(crate) fn upgrade_answer(
    line: RequestLine,
    fields: Vec<String>,
    policy: &External<Policy>,
    extra: Vec<String>,
) -> napi::Result<Answer> {
    let RequestLine { method, target, version } = line;
    if let Some(refusal) = version_refusal(&version) {
        return Ok(refusal);
    }
    let fields = Owned::new(&fields);
    let request = Request::from_fields(Bootstrap::Upgrade, &method, &target, fields.fields());
    let accepted = match &request {
        Ok(request) => request.accept(policy, None),
        Err(refusal) => return Ok(refusal.into()),
    };
    let mut acceptance = match accepted {
        Ok(acceptance) => acceptance,
        Err(AcceptError::Refused(refusal)) => return Ok((&refusal).into()),
        Err(error @ AcceptError::NotOffered) => return Err(refused(error)),
    };
    let extra = Owned::new(&extra);
    let taken = extra.taken_by(&mut acceptance);
    answer(&acceptance, taken)
}

/// The first line of a request that node:http parsed.
#[napi(object)]
pub(crate) struct RequestLine {
    pub method: String,
    pub target: String,
    /// As `1.1`.
    pub version: String,
}

/// What the core says to a version of HTTP that has no upgrade.
fn version_refusal(version: &str) -> Option<Answer> {
    if version == "1.1" {
        return None;
    }
    let mut handshake = ServerHandshake::default();
    match handshake.receive(format!("GET / HTTP/{version}\r\n\r\n").as_bytes()).1 {
        ServerProgress::Refused(refusal) => Some(refusal.into()),
        _ => None,
    }
}

/// The answer that opens a connection.
fn answer<'a>(
    acceptance: &Acceptance,
    extra: impl IntoIterator<Item = &'a (&'a str, Vec<u8>)>,
) -> napi::Result<Answer> {
    let extra: Vec<_> = extra.into_iter().map(|(name, value)| (*name, &**value)).collect();
    let mut response = Vec::new();
    acceptance.write_response(&extra, &mut response).map_err(refused)?;
    Ok(Answer {
        agreed: Some((&acceptance.agreed).into()),
        status: acceptance.status,
        cause: None,
        malformed: false,
        fields: Vec::new(),
        content: None,
        response: response.into(),
    })
}

/// A list of fields, its values as bytes.
struct Owned<'a> {
    list: Vec<(&'a str, Vec<u8>)>,
}

impl<'a> Owned<'a> {
    fn new(fields: &'a [String]) -> Self {
        let (pairs, _) = fields.as_chunks::<2>();
        Self { list: pairs.iter().map(|[name, value]| (&**name, bytes(value))).collect() }
    }

    fn fields(&self) -> Fields<'_> {
        self.list.iter().map(|(name, value)| (*name, &**value)).collect()
    }

    /// Those of a Worker's response that go out beside what the handshake writes itself; the
    /// subprotocol among them is agreed on.
    fn taken_by(&self, acceptance: &mut Acceptance) -> Vec<&(&'a str, Vec<u8>)> {
        let subprotocol = self.list.iter().find(|(name, _)| name.eq_ignore_ascii_case(SUBPROTOCOL));
        if let Some((_, value)) = subprotocol {
            let value = String::from_utf8_lossy(value).into_owned();
            acceptance.fields.push((SUBPROTOCOL, value.clone()));
            acceptance.agreed.subprotocol = Some(value);
        }
        let own = |name: &str| OWN.iter().any(|own| own.eq_ignore_ascii_case(name));
        self.list.iter().filter(|(name, _)| !own(name)).collect()
    }
}

/// The bytes of a Latin-1 text; a character beyond is none of a field's.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|char| u8::try_from(char).unwrap_or(b'?')).collect()
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn flat(fields: FieldList<'_>) -> Vec<String> {
    fields.into_iter().flat_map(|(name, value)| [name.into_owned(), text(&value)]).collect()
}

fn list(fields: &Fields<'_>) -> Vec<String> {
    fields.iter().flat_map(|(name, value)| [name.to_owned(), text(value)]).collect()
}

fn refused(error: impl ToString) -> napi::Error {
    napi::Error::new(napi::Status::InvalidArg, error.to_string())
}

fn due(due: Option<Instant>) -> f64 {
    due.map_or(f64::INFINITY, |due| due.as_nanos() as f64 / 1e6)
}

fn instant(milliseconds: f64) -> Instant {
    duration(milliseconds).unwrap_or_default().into()
}

const SUBPROTOCOL: &str = "Sec-WebSocket-Protocol";

/// What the handshake writes itself.
const OWN: [&str; 8] = [
    "Connection",
    "Content-Length",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    SUBPROTOCOL,
    "Transfer-Encoding",
    "Upgrade",
];
