//! HTTP/1.1 heads: finding their end as bytes come, then one parse (RFC 9112 2 to 5).

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::ops::Range;

use super::HeadLimits;
use super::fields::{self, Fields};
use crate::simd;

/// Collects the bytes of one head, looking at each of them once.
///
/// Line ends, folded lines, control characters and limits are judged at the byte that shows them,
/// so that the verdict does not depend on how the input was cut. The rest of the grammar is left
/// to a single parse of the whole head.
#[derive(Clone, Debug)]
pub(super) struct HeadReader {
    starts: Starts,
    limits: HeadLimits,
    head: Vec<u8>,
    /// Bytes read, those of empty lines and of earlier heads included.
    read: usize,
    empty_lines: u32,
    fields: usize,
    in_fields: bool,
    /// Bytes of the current line so far.
    line: usize,
    after_cr: bool,
}

/// What the first line of a head is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Starts {
    RequestLine,
    StatusLine,
}

/// Why bytes are not a head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HeadError {
    Syntax,
    Version,
    LineTooLong,
    HeadTooLong,
    TooManyFields,
    OutOfMemory,
}

impl From<TryReserveError> for HeadError {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

impl HeadReader {
    pub(super) fn new(starts: Starts, limits: HeadLimits) -> Self {
        Self {
            starts,
            limits,
            head: Vec::new(),
            read: 0,
            empty_lines: 0,
            fields: 0,
            in_fields: false,
            line: 0,
            after_cr: false,
        }
    }

    /// Reads on. Gives the number of bytes taken, and whether the head is complete.
    pub(super) fn push(&mut self, input: &[u8]) -> (usize, Result<bool, HeadError>) {
        // Nearly always the whole head.
        let room = self.limits.max_head.saturating_sub(self.read);
        if self.head.try_reserve(input.len().min(room)).is_err() {
            return (0, Err(HeadError::OutOfMemory));
        }
        let mut taken = 0;
        while taken < input.len() {
            taken += self.take_run(&input[taken..]);
            let Some(byte) = input.get(taken) else { break };
            taken += 1;
            match self.step(*byte) {
                Ok(false) => {}
                verdict => return (taken, verdict),
            }
        }
        (taken, Ok(false))
    }

    /// Takes together what lies inside a field's line, up to the byte that ends it, is none of a
    /// head, or is over the limit.
    fn take_run(&mut self, input: &[u8]) -> usize {
        if !self.in_fields || self.line == 0 || self.after_cr {
            return 0;
        }
        let room = self.limits.max_head.saturating_sub(self.read);
        let input = &input[..input.len().min(room)];
        let len = fields::text_run(input);
        self.head.extend_from_slice(&input[..len]);
        self.read += len;
        self.line += len;
        len
    }

    /// Forgets a complete head, to read the one behind it. What was read still counts.
    pub(super) fn restart(&mut self) {
        self.head.clear();
        self.fields = 0;
        self.in_fields = false;
    }

    /// The bytes that the spans of a parsed head refer to.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.head
    }

    fn step(&mut self, byte: u8) -> Result<bool, HeadError> {
        // RFC 9112 2.2: CR and LF occur together or not at all.
        if self.after_cr != (byte == b'\n') {
            return Err(HeadError::Syntax);
        }
        if !self.in_fields && byte != b'\n' && !self.starts.fits(self.line, byte) {
            return Err(HeadError::Syntax);
        }
        self.read += 1;
        if self.read > self.limits.max_head {
            return Err(HeadError::HeadTooLong);
        }
        self.head.push(byte);
        self.after_cr = byte == b'\r';
        match byte {
            b'\r' if self.line == 0 && !self.in_fields => self.empty_line().map(|()| false),
            b'\r' => Ok(false),
            b'\n' => Ok(self.end_line()),
            byte => self.inner_byte(byte).map(|()| false),
        }
    }

    /// RFC 9112 2.2: a server skips empty lines before the request line.
    fn empty_line(&mut self) -> Result<(), HeadError> {
        self.empty_lines += 1;
        if self.empty_lines > MAX_EMPTY_LINES {
            return Err(HeadError::Syntax);
        }
        Ok(())
    }

    /// Whether the line was the empty one that ends the head.
    fn end_line(&mut self) -> bool {
        match (self.line, self.in_fields) {
            (0, true) => return true,
            (0, false) => self.head.clear(),
            _ => self.in_fields = true,
        }
        self.line = 0;
        false
    }

    fn inner_byte(&mut self, byte: u8) -> Result<(), HeadError> {
        if fields::is_control(byte) {
            return Err(HeadError::Syntax);
        }
        if !self.in_fields {
            if self.line >= self.limits.max_line {
                return Err(HeadError::LineTooLong);
            }
        } else if self.line == 0 {
            // RFC 9112 5.2: a folded line, or white space before the first field.
            if matches!(byte, b' ' | b'\t') {
                return Err(HeadError::Syntax);
            }
            self.fields += 1;
            if self.fields > self.limits.max_fields {
                return Err(HeadError::TooManyFields);
            }
        }
        self.line += 1;
        Ok(())
    }

    /// Parses a complete request head.
    pub(super) fn request(&self) -> Result<RequestHead, HeadError> {
        let mut fields = Vec::new();
        fields.try_reserve_exact(self.fields)?;
        fields.resize(self.fields, httparse::EMPTY_HEADER);
        let mut request = httparse::Request::new(&mut fields);
        request.parse(&self.head).map_err(|error| match error {
            httparse::Error::Version if self.is_versioned() => HeadError::Version,
            _ => HeadError::Syntax,
        })?;
        Ok(RequestHead {
            minor: request.version.unwrap_or_default(),
            method: self.span(request.method.unwrap_or_default().as_bytes()),
            target: self.span(request.path.unwrap_or_default().as_bytes()),
            fields: self.field_spans(request.headers)?,
        })
    }

    /// Whether what follows the target is a version of HTTP, if not one that the parser knows. A
    /// target with a space in it looks like a wrong version to the parser.
    fn is_versioned(&self) -> bool {
        let line = self.head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let version = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
        matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit())
    }

    /// Parses a complete response head.
    pub(super) fn response(&self) -> Result<ResponseHead, HeadError> {
        let mut fields = Vec::new();
        fields.try_reserve_exact(self.fields)?;
        fields.resize(self.fields, httparse::EMPTY_HEADER);
        let mut response = httparse::Response::new(&mut fields);
        response.parse(&self.head).map_err(|_| HeadError::Syntax)?;
        // The parser takes a status line without the space after the status; RFC 9112 4 does not.
        let status = response.code.filter(|status| *status >= 100);
        match (status, self.head.get(STATUS_LINE.len() + 3)) {
            (Some(status), Some(b' ')) => Ok(ResponseHead {
                minor: response.version.unwrap_or_default(),
                status,
                fields: self.field_spans(response.headers)?,
            }),
            _ => Err(HeadError::Syntax),
        }
    }

    fn field_spans(&self, fields: &[httparse::Header<'_>]) -> Result<FieldSpans, HeadError> {
        let mut spans = Vec::new();
        spans.try_reserve_exact(fields.len())?;
        let span = |field: &httparse::Header<'_>| {
            (self.span(field.name.as_bytes()), self.span(field.value))
        };
        spans.extend(fields.iter().map(span));
        Ok(FieldSpans(spans))
    }

    /// Where a part that the parser gave lies in the head.
    fn span(&self, part: &[u8]) -> Range<usize> {
        let start = part.as_ptr().addr().wrapping_sub(self.head.as_ptr().addr());
        start..start.saturating_add(part.len())
    }
}

impl Starts {
    /// Whether a first line may have that byte there: what cannot become HTTP fails at once. Only
    /// a request may have empty lines before it.
    fn fits(self, at: usize, byte: u8) -> bool {
        match self {
            Self::RequestLine => at > 0 || byte == b'\r' || fields::is_token_byte(byte),
            Self::StatusLine => match STATUS_LINE.get(at) {
                Some(b'1') if at == STATUS_LINE.len() - 2 => matches!(byte, b'0' | b'1'),
                Some(expected) => byte == *expected,
                None => true,
            },
        }
    }
}

const STATUS_LINE: &[u8; 9] = b"HTTP/1.1 ";

/// Most empty lines before a request line.
const MAX_EMPTY_LINES: u32 = 8;

/// The parts of a request head, as places in its bytes.
#[derive(Clone, Debug)]
pub(super) struct RequestHead {
    /// The minor version of HTTP/1.
    pub(super) minor: u8,
    pub(super) method: Range<usize>,
    pub(super) target: Range<usize>,
    pub(super) fields: FieldSpans,
}

/// The parts of a response head, as places in its bytes.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    /// The minor version of HTTP/1.
    pub(super) minor: u8,
    pub(super) status: u16,
    pub(super) fields: FieldSpans,
}

/// Names and values, as places in the bytes of a head.
#[derive(Clone, Debug)]
pub(super) struct FieldSpans(Vec<(Range<usize>, Range<usize>)>);

impl FieldSpans {
    pub(super) fn of<'a>(&self, head: &'a [u8]) -> Fields<'a> {
        let field = |(name, value): &(Range<usize>, Range<usize>)| {
            (text(head, name.clone()), head.get(value.clone()).unwrap_or_default())
        };
        self.0.iter().map(field).collect()
    }
}

/// A part that the parser took for text.
pub(super) fn text(head: &[u8], span: Range<usize>) -> &str {
    head.get(span).and_then(|part| simd::from_utf8(part).ok()).unwrap_or_default()
}
