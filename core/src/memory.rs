//! Memory that may not be there.
//!
//! Where Rust is given none it ends the process. So what a peer can make grow is asked for first:
//! then it is the connection that ends.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::string::String;
use alloc::vec::Vec;

/// There was no memory: what a codec says of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutOfMemory;

impl From<TryReserveError> for OutOfMemory {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

/// A value in memory of its own. A box cannot say that there is none; a `Vec` of one can, and is
/// the same memory.
pub(crate) fn boxed<T>(value: T) -> Result<Box<[T; 1]>, OutOfMemory> {
    let mut one = Vec::new();
    one.try_reserve_exact(1)?;
    one.push(value);
    one.into_boxed_slice().try_into().map_err(|_| OutOfMemory)
}

/// A rare value: its memory is asked for when it is first needed.
#[derive(Debug)]
pub(crate) struct Late<T>(Option<Box<[T; 1]>>);

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Default> Late<T> {
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref().map(|[value]| value)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut().map(|[value]| value)
    }

    /// The value, which is there from now on.
    pub(crate) fn ask(&mut self) -> Result<&mut T, OutOfMemory> {
        let [value] = match &mut self.0 {
            Some(value) => &mut **value,
            none => &mut **none.insert(boxed(T::default())?),
        };
        Ok(value)
    }

    /// The value, where it was asked for before.
    pub(crate) fn asked(&mut self) -> &mut T {
        let [value] = &mut **self.0.get_or_insert_with(Box::default);
        value
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }
}

/// A copy of a text; nothing where there is no memory for it.
pub(crate) fn copied(text: &str) -> String {
    let mut copy = String::new();
    if copy.try_reserve_exact(text.len()).is_ok() {
        copy.push_str(text);
    }
    copy
}

/// Gives back memory that holds nothing. Where there is none to move to, all is left as it is.
pub(crate) fn shrink(bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        *bytes = Vec::new();
    } else if bytes.capacity() > bytes.len() {
        let mut exact = Vec::new();
        if exact.try_reserve_exact(bytes.len()).is_ok() {
            exact.extend_from_slice(bytes);
            *bytes = exact;
        }
    }
}
