//! Lists of extensions (RFC 6455 9.1): offers and answers before they mean anything.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::deflate;
use super::fields::{Fields, is_token_byte};

/// One element of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension<'a> {
    /// A token.
    pub(super) name: &'a [u8],
    /// The rest of the element, which keeps the grammar.
    params: &'a [u8],
}

/// A parameter of an extension.
#[derive(Clone, Debug)]
pub(super) struct Param<'a> {
    /// A token.
    pub(super) name: &'a [u8],
    /// A token. Written in quotes it is the same value.
    pub(super) value: Option<Cow<'a, [u8]>>,
}

impl<'a> Extension<'a> {
    /// The first 16 of its parameters.
    pub(super) fn params(&self) -> impl Iterator<Item = Param<'a>> {
        let mut cursor = Cursor(self.params);
        core::iter::from_fn(move || cursor.param().ok().flatten()).take(MAX_PARAMS)
    }
}

/// The list breaks its grammar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Malformed;

/// Reads the extensions of a head in their order: all lines as one list, without its empty
/// elements, but at least one element if there is a line.
///
/// Of a longer list only the first 16 extensions are given; the grammar of all is checked. The
/// work is linear in the length of the list.
pub(super) fn read<'a>(fields: &Fields<'a>) -> Result<Vec<Extension<'a>>, Malformed> {
    let (mut extensions, mut lines) = (Vec::new(), 0);
    for line in fields.all(NAME) {
        lines += 1;
        let mut cursor = Cursor(line);
        while let Some(extension) = cursor.extension()? {
            if extensions.len() < MAX_EXTENSIONS {
                extensions.push(extension);
            }
        }
    }
    if lines > 0 && extensions.is_empty() { Err(Malformed) } else { Ok(extensions) }
}

/// The first 16 extensions of a head that was checked: their lines are among the fields from `at` on.
pub(super) fn first<'a>(fields: &Fields<'a>, at: usize) -> impl Iterator<Item = Extension<'a>> {
    let lines = fields.all_from(at, NAME).map(Cursor);
    let extensions =
        |mut line: Cursor<'a>| core::iter::from_fn(move || line.extension().ok().flatten());
    lines.flat_map(extensions).take(MAX_EXTENSIONS)
}

/// What the lines of a request's head amount to, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    is_present: bool,
    is_broken: bool,
    extensions: usize,
    has_deflate: bool,
}

impl Seen {
    /// The next line.
    pub(super) fn line(&mut self, line: &[u8]) {
        self.is_present = true;
        let mut cursor = Cursor(line);
        loop {
            match cursor.extension() {
                Ok(Some(extension)) => {
                    self.has_deflate |= self.extensions < MAX_EXTENSIONS
                        && extension.name == deflate::NAME.as_bytes();
                    self.extensions += 1;
                }
                Ok(None) => return,
                Err(Malformed) => return self.is_broken = true,
            }
        }
    }

    /// Whether no line came.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_present
    }

    /// Whether they keep the grammar of a list.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_broken && (self.extensions > 0 || !self.is_present)
    }

    /// Whether permessage-deflate is among the first 16.
    pub(super) fn has_deflate(&self) -> bool {
        self.has_deflate
    }
}

const NAME: &str = "Sec-WebSocket-Extensions";

const MAX_EXTENSIONS: usize = 16;
const MAX_PARAMS: usize = 16;

/// What is left of a line. It only ever gets shorter.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// The next element and the comma behind it; `None` at the end of the line.
    fn extension(&mut self) -> Result<Option<Extension<'a>>, Malformed> {
        self.skip_white();
        while self.take(b',') {
            self.skip_white();
        }
        if self.0.is_empty() {
            return Ok(None);
        }
        let name = self.token()?;
        self.skip_white();
        let params = self.0;
        while self.param()?.is_some() {}
        let params = &params[..params.len() - self.0.len()];
        if !self.take(b',') && !self.0.is_empty() {
            return Err(Malformed);
        }
        Ok(Some(Extension { name, params }))
    }

    /// The next parameter and the semicolon before it; `None` where none follows.
    fn param(&mut self) -> Result<Option<Param<'a>>, Malformed> {
        if !self.take(b';') {
            return Ok(None);
        }
        self.skip_white();
        let name = self.token()?;
        self.skip_white();
        let value = if self.take(b'=') {
            self.skip_white();
            let value = if self.take(b'"') { self.quoted()? } else { self.token()?.into() };
            self.skip_white();
            Some(value)
        } else {
            None
        };
        Ok(Some(Param { name, value }))
    }

    fn token(&mut self) -> Result<&'a [u8], Malformed> {
        let end = self.0.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// The rest of a quoted string, which has to be a token when it is read (RFC 6455 9.1).
    fn quoted(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let plain = self.token().unwrap_or_default();
        if !plain.is_empty() && self.take(b'"') {
            return Ok(plain.into());
        }
        let mut value = Vec::from(plain);
        loop {
            let byte = match self.next()? {
                b'"' if value.is_empty() => return Err(Malformed),
                b'"' => return Ok(value.into()),
                b'\\' => self.next()?,
                byte => byte,
            };
            if !is_token_byte(byte) {
                return Err(Malformed);
            }
            value.push(byte);
        }
    }

    fn next(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_white(&mut self) {
        while self.take(b' ') || self.take(b'\t') {}
    }
}
