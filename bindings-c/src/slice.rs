//! The small structs that arguments and answers are made of.

use crate::guard::array;
use crate::result::Wspair;

/// Bytes in somebody's memory; how long they stay is told where one is handed out. No NUL is behind
/// them.
///
/// On POSIX it has the layout of struct iovec, so an array of them can be given to writev, by a cast
/// of the pointer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Slice {
    /// Where they begin. Null is possible where `len` is 0.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

/// A header field, or a pseudo-field of HTTP/2 and HTTP/3 as ":path".
///
/// As an argument both have to stay as they are during the call only. White space around a value is
/// no part of it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Field {
    /// The name; names compare without case.
    pub name: Slice,
    /// The value.
    pub value: Slice,
}

impl Slice {
    pub(crate) const EMPTY: Self = Self { data: core::ptr::null(), len: 0 };
}

impl Slice {
    /// The bytes.
    ///
    /// # Safety
    /// They are ours, and stay as they are as long as they are looked at.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }
}

impl From<&[u8]> for Slice {
    fn from(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }
}

impl From<&str> for Slice {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

/// Fields of the caller's, as the engine takes them. A name that is not UTF-8 is no token however
/// it is written, which the engine says of it: the peer may have sent it.
///
/// # Safety
/// `fields` is null, or `len` fields may be read there, and the bytes they name, during the call.
pub(crate) unsafe fn fields<'a>(
    fields: *const Field,
    len: usize,
) -> Result<Vec<(&'a str, &'a [u8])>, Wspair> {
    // SAFETY: the caller's promise.
    let fields = unsafe { array(fields, len)? };
    fields
        .iter()
        .map(|Field { name, value }| {
            // SAFETY: the caller's promise covers what the fields name.
            let (name, value) =
                unsafe { (array(name.data, name.len)?, array(value.data, value.len)?) };
            Ok((core::str::from_utf8(name).unwrap_or("\u{fffd}"), value))
        })
        .collect()
}

/// How many bytes they are in all.
///
/// # Safety
/// As [`fields`].
pub(crate) unsafe fn weight(fields: *const Field, len: usize) -> Result<usize, Wspair> {
    // SAFETY: the caller's promise.
    let fields = unsafe { array(fields, len)? };
    let sizes = fields.iter().map(|Field { name, value }| 8 + name.len.saturating_add(value.len));
    Ok(sizes.fold(0, usize::saturating_add))
}

/// Fields that are kept, to be shown to the caller.
#[derive(Debug, Default)]
pub(crate) struct Kept(Vec<(String, Vec<u8>)>);

impl Kept {
    pub(crate) fn new<N, V>(fields: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let owned = |(name, value): (N, V)| (name.as_ref().into(), value.as_ref().into());
        Self(fields.into_iter().map(owned).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Fills `to` from the front, and gives how many fields there are.
    pub(crate) fn show(&self, to: &mut [core::mem::MaybeUninit<Field>]) -> usize {
        for (slot, (name, value)) in to.iter_mut().zip(self.iter()) {
            slot.write(Field { name: name.into(), value: value.into() });
        }
        self.0.len()
    }
}
