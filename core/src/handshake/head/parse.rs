//! One parse of a whole head, whose parts are kept as places in its bytes.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use super::{HeadError, STATUS_LINE, Starts};
use crate::handshake::fields::Fields;
use crate::simd;

/// A kind of head.
pub(in crate::handshake) trait Head: Sized {
    /// What its first line is.
    const STARTS: Starts;

    /// Parses a head at the front of `bytes` that has up to `most` fields. Gives its length too,
    /// and `None` where it is not whole.
    fn parse(bytes: &[u8], most: usize) -> Result<Option<(Self, usize)>, HeadError>;

    /// The lines after the first.
    fn fields(&self) -> &FieldSpans;
}

/// Where a part lies in the bytes of a head.
#[derive(Clone, Copy, Debug)]
pub(in crate::handshake) struct Span {
    pub(in crate::handshake) start: u32,
    end: u32,
}

impl Span {
    /// Where a part that the parser gave lies in what it was given. An empty one may be a literal of
    /// the parser's.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "with_room took no longer head")]
    fn of(part: &[u8], head: &[u8]) -> Self {
        if part.is_empty() {
            return Self { start: 0, end: 0 };
        }
        let start = part.as_ptr().addr().wrapping_sub(head.as_ptr().addr());
        Self { start: start as u32, end: (start + part.len()) as u32 }
    }

    pub(in crate::handshake) fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// The part of a head.
    pub(in crate::handshake) fn in_head(self, head: &[u8]) -> &[u8] {
        head.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// A part that the parser took for text.
    pub(in crate::handshake) fn text(self, head: &[u8]) -> &str {
        simd::from_utf8(self.in_head(head)).unwrap_or_default()
    }
}

/// Names and values.
#[derive(Clone, Debug)]
pub(in crate::handshake) struct FieldSpans(Vec<(Span, Span)>);

impl FieldSpans {
    fn new(fields: &[httparse::Header<'_>], head: &[u8]) -> Result<Self, HeadError> {
        let mut spans = Vec::new();
        spans.try_reserve_exact(fields.len())?;
        let places = fields
            .iter()
            .map(|field| (Span::of(field.name.as_bytes(), head), Span::of(field.value, head)));
        spans.extend(places);
        Ok(Self(spans))
    }

    pub(in crate::handshake) fn as_slice(&self) -> &[(Span, Span)] {
        &self.0
    }

    pub(in crate::handshake) fn of<'a>(&'a self, head: &'a [u8]) -> Fields<'a> {
        Fields::in_head(head, &self.0)
    }
}

/// The parts of a request head.
#[derive(Clone, Debug)]
pub(in crate::handshake) struct RequestHead {
    /// The minor version of HTTP/1.
    pub(in crate::handshake) minor: u8,
    pub(in crate::handshake) method: Span,
    pub(in crate::handshake) target: Span,
    pub(in crate::handshake) fields: FieldSpans,
}

impl Head for RequestHead {
    const STARTS: Starts = Starts::RequestLine;

    fn parse(bytes: &[u8], most: usize) -> Result<Option<(Self, usize)>, HeadError> {
        with_room(bytes, most, |room| {
            let mut request = httparse::Request::new(&mut []);
            match request.parse_with_uninit_headers(bytes, room) {
                Ok(httparse::Status::Complete(len)) => {
                    let head = Self {
                        minor: request.version.unwrap_or_default(),
                        method: Span::of(request.method.unwrap_or_default().as_bytes(), bytes),
                        target: Span::of(request.path.unwrap_or_default().as_bytes(), bytes),
                        fields: FieldSpans::new(request.headers, bytes)?,
                    };
                    Ok(Some((head, len)))
                }
                Ok(httparse::Status::Partial) => Ok(None),
                Err(httparse::Error::Version) if is_versioned(bytes) => Err(HeadError::Version),
                Err(_) => Err(HeadError::Syntax),
            }
        })
    }

    fn fields(&self) -> &FieldSpans {
        &self.fields
    }
}

/// Whether what follows the target is a version of HTTP, if not one that the parser knows. A target
/// with a space in it looks like a wrong version to the parser.
fn is_versioned(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let version = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// The parts of a response head.
#[derive(Clone, Debug)]
pub(in crate::handshake) struct ResponseHead {
    /// The minor version of HTTP/1.
    pub(in crate::handshake) minor: u8,
    pub(in crate::handshake) status: u16,
    pub(in crate::handshake) fields: FieldSpans,
}

impl Head for ResponseHead {
    const STARTS: Starts = Starts::StatusLine;

    fn parse(bytes: &[u8], most: usize) -> Result<Option<(Self, usize)>, HeadError> {
        with_room(bytes, most, |room| {
            let mut response = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, room);
            let len = match parsed.map_err(|_| HeadError::Syntax)? {
                httparse::Status::Complete(len) => len,
                httparse::Status::Partial => return Ok(None),
            };
            // The parser takes a status line without the space after the status; RFC 9112 4 does
            // not.
            let status = response.code.filter(|status| *status >= 100);
            match (status, bytes.get(STATUS_LINE.len() + 3)) {
                (Some(status), Some(b' ')) => {
                    let minor = response.version.unwrap_or_default();
                    let fields = FieldSpans::new(response.headers, bytes)?;
                    Ok(Some((Self { minor, status, fields }, len)))
                }
                _ => Err(HeadError::Syntax),
            }
        })
    }

    fn fields(&self) -> &FieldSpans {
        &self.fields
    }
}

/// Lends the parser room for so many fields: on the stack, where they are as many as usual.
fn with_room<'b, T>(
    bytes: &'b [u8],
    most: usize,
    parse: impl FnOnce(&mut [MaybeUninit<httparse::Header<'b>>]) -> Result<T, HeadError>,
) -> Result<T, HeadError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(HeadError::HeadTooLong);
    }
    if most <= USUAL {
        return parse(&mut [const { MaybeUninit::uninit() }; USUAL][..most]);
    }
    let mut room = Vec::new();
    room.try_reserve_exact(most)?;
    room.resize_with(most, MaybeUninit::uninit);
    parse(&mut room)
}

/// A head of a browser's has hardly more fields.
pub(super) const USUAL: usize = 32;
