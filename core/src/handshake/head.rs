//! HTTP/1.1 heads: finding their end as bytes come, then one parse (RFC 9112 2 to 5).

mod parse;

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

pub(super) use self::parse::{Head, RequestHead, ResponseHead, Span};

use super::HeadLimits;
use super::fields;

/// Collects the bytes of one head, looking at each of them once.
///
/// Line ends, folded lines, control characters and limits are judged at the byte that shows them,
/// so that the verdict does not depend on how the input was cut. The rest of the grammar is left
/// to a single parse of the whole head.
#[derive(Clone, Debug)]
pub(super) struct HeadReader {
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
    pub(super) fn new(limits: HeadLimits) -> Self {
        Self {
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

    /// Reads on. Gives the number of bytes taken, and the head once it is complete.
    pub(super) fn push<H: Head>(&mut self, input: &[u8]) -> (usize, Result<Option<H>, HeadError>) {
        // Nearly always the whole head.
        let room = self.limits.max_head.saturating_sub(self.read);
        if self.head.try_reserve(input.len().min(room)).is_err() {
            return (0, Err(HeadError::OutOfMemory));
        }
        match self.take_whole(input) {
            Ok(Some((head, len))) => return (len, Ok(Some(head))),
            Ok(None) => {}
            Err(error) => return (0, Err(error)),
        }
        let mut taken = 0;
        while taken < input.len() {
            taken += self.take_run(&input[taken..]);
            let Some(byte) = input.get(taken) else { break };
            taken += 1;
            match self.step(*byte, H::STARTS) {
                Ok(false) => {}
                Ok(true) => return (taken, self.parse().map(Some)),
                Err(error) => return (taken, Err(error)),
            }
        }
        (taken, Ok(None))
    }

    fn parse<H: Head>(&self) -> Result<H, HeadError> {
        let head = H::parse(&self.head, self.fields)?;
        head.map(|(head, _)| head).ok_or(HeadError::Syntax)
    }

    /// Takes a head that is whole in the input in one step, if nothing is odd about it. What is has
    /// to be judged byte by byte.
    fn take_whole<H: Head>(&mut self, input: &[u8]) -> Result<Option<(H, usize)>, HeadError> {
        let is_fresh = self.head.is_empty() && self.empty_lines == 0 && !self.after_cr;
        let starts =
            input.first().is_some_and(|first| *first != b'\r' && H::STARTS.fits(0, *first));
        if !is_fresh || !starts {
            return Ok(None);
        }
        let (head, len) = match H::parse(input, parse::USUAL.min(self.limits.max_fields)) {
            Ok(Some(whole)) => whole,
            Err(HeadError::OutOfMemory) => return Err(HeadError::OutOfMemory),
            _ => return Ok(None),
        };
        // The parser takes a line that ends with LF alone.
        let ends_line = |end: usize| input[..end].ends_with(b"\r\n");
        let mut starts = head.fields().as_slice().iter().map(|(name, _)| name.start as usize);
        let line = starts.clone().next().map_or(len - 4, |start| start - 2);
        let is_plain = input[..len].ends_with(b"\r\n\r\n") && starts.all(ends_line);
        if !is_plain || line > self.limits.max_line || len > self.limits.max_head - self.read {
            return Ok(None);
        }
        self.head.extend_from_slice(&input[..len]);
        self.read += len;
        Ok(Some((head, len)))
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

    fn step(&mut self, byte: u8, starts: Starts) -> Result<bool, HeadError> {
        // RFC 9112 2.2: CR and LF occur together or not at all.
        if self.after_cr != (byte == b'\n') {
            return Err(HeadError::Syntax);
        }
        if !self.in_fields && byte != b'\n' && !starts.fits(self.line, byte) {
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
