//! Lists of extensions (RFC 6455 9.1): offers and answers before they mean anything.

use alloc::string::String;
use alloc::vec::Vec;

use super::fields::{Fields, is_token_byte};

/// One element of `Sec-WebSocket-Extensions`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Extension<'a> {
    pub(super) name: &'a str,
    /// The first 16 of its parameters.
    pub(super) params: Vec<Param<'a>>,
}

/// A parameter of an extension.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Param<'a> {
    pub(super) name: &'a str,
    /// A token. Written in quotes it is the same value.
    pub(super) value: Option<String>,
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
    let mut lines = fields.all("Sec-WebSocket-Extensions").peekable();
    let is_present = lines.peek().is_some();
    for line in lines {
        let mut cursor = Cursor(line);
        while let Some(extension) = cursor.extension()? {
            if extensions.len() < MAX_EXTENSIONS {
                extensions.push(extension);
            }
        }
    }
    if is_present && extensions.is_empty() {
        return Err(Malformed);
    }
    Ok(extensions)
}

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
        let mut params = Vec::new();
        self.skip_white();
        while self.take(b';') {
            let param = self.param()?;
            if params.len() < MAX_PARAMS {
                params.push(param);
            }
        }
        if !self.take(b',') && !self.0.is_empty() {
            return Err(Malformed);
        }
        Ok(Some(Extension { name, params }))
    }

    fn param(&mut self) -> Result<Param<'a>, Malformed> {
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
        Ok(Param { name, value })
    }

    fn token(&mut self) -> Result<&'a str, Malformed> {
        let end = self.0.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        match core::str::from_utf8(token) {
            Ok(token) if !token.is_empty() => Ok(token),
            _ => Err(Malformed),
        }
    }

    /// The rest of a quoted string, which has to be a token when it is read (RFC 6455 9.1).
    fn quoted(&mut self) -> Result<String, Malformed> {
        let mut value = String::new();
        loop {
            let byte = match self.next()? {
                b'"' if value.is_empty() => return Err(Malformed),
                b'"' => return Ok(value),
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
