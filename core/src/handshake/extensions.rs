//! Lists of extensions (RFC 6455 9.1): offers and answers before they mean anything.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::fields::{Fields, is_token_byte};
use crate::simd;

/// One element of `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension<'a> {
    pub(super) name: &'a str,
    /// The rest of the element, which keeps the grammar.
    params: &'a [u8],
}

/// A parameter of an extension.
#[derive(Clone, Debug)]
pub(super) struct Param<'a> {
    pub(super) name: &'a str,
    /// A token. Written in quotes it is the same value.
    pub(super) value: Option<Cow<'a, str>>,
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
    let mut extensions = Vec::new();
    each(fields, |extension| {
        if extensions.len() < MAX_EXTENSIONS {
            extensions.push(extension);
        }
    })?;
    Ok(extensions)
}

/// As [`read`], of a head that was checked.
pub(super) fn first<'a>(fields: &Fields<'a>) -> impl Iterator<Item = Extension<'a>> {
    let lines = fields.all(NAME).map(Cursor);
    let extensions =
        |mut line: Cursor<'a>| core::iter::from_fn(move || line.extension().ok().flatten());
    lines.flat_map(extensions).take(MAX_EXTENSIONS)
}

/// Checks the grammar of all that [`read`] would read.
pub(super) fn check(fields: &Fields<'_>) -> Result<(), Malformed> {
    each(fields, |_| {})
}

fn each<'a>(fields: &Fields<'a>, mut take: impl FnMut(Extension<'a>)) -> Result<(), Malformed> {
    let (mut is_present, mut is_empty) = (false, true);
    for line in fields.all(NAME) {
        is_present = true;
        let mut cursor = Cursor(line);
        while let Some(extension) = cursor.extension()? {
            is_empty = false;
            take(extension);
        }
    }
    if is_present && is_empty { Err(Malformed) } else { Ok(()) }
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

    fn token(&mut self) -> Result<&'a str, Malformed> {
        let end = self.0.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        match simd::from_utf8(token) {
            Ok(token) if !token.is_empty() => Ok(token),
            _ => Err(Malformed),
        }
    }

    /// The rest of a quoted string, which has to be a token when it is read (RFC 6455 9.1).
    fn quoted(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let plain = self.token().unwrap_or_default();
        if !plain.is_empty() && self.take(b'"') {
            return Ok(plain.into());
        }
        let mut value = String::from(plain);
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
            value.push(char::from(byte));
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
