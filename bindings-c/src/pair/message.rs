//! Messages of the caller's, by pointer.

use core::ffi::c_void;
use core::mem;

use crate::event::{WspairKind, body};
use crate::guard::{exclusive, guard};
use crate::result::Wspair;

/// A message that passes through a pair. It is never copied.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Message {
    /// WSPAIR_KIND_*.
    pub kind: u32,
    /// Its bytes, which stay as they are until it is freed. Null is possible where `len` is 0.
    pub data: *const u8,
    /// How many there are; what limits count.
    pub len: usize,
    /// Whatever the caller wants to find again, and what `free` is called with.
    pub owner: *mut c_void,
    /// Ends the message; called once, by whoever has it last. It must not call into the pair, nor
    /// leave other than by returning. Null for nothing to do.
    pub free: Option<unsafe extern "C" fn(owner: *mut c_void)>,
}

/// Frees a message that a pair gave out: calls its `free`, and forgets it.
///
/// `message`: the message, or null. Calling it again does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_message_free(message: *mut Message) {
    guard(|| {
        // SAFETY: null, or the caller's.
        let message = unsafe { exclusive(message)? };
        drop(Owned(mem::replace(message, Message::NONE)));
        Ok(())
    });
}

/// A message that is ours: freed with us, unless it is given out.
#[derive(Debug)]
pub(crate) struct Owned(pub(crate) Message);

impl Owned {
    /// # Safety
    /// `message` is null, or a message whose bytes may be read until it is freed.
    pub(crate) unsafe fn take(message: *const Message) -> Result<Self, Wspair> {
        if message.is_null() {
            return Err(Wspair::ErrorNull);
        }
        // SAFETY: not null, and the caller's promise.
        let owned = Self(unsafe { message.read() });
        owned.check().map(|()| owned)
    }

    fn check(&self) -> Result<(), Wspair> {
        let Message { kind, data, len, .. } = self.0;
        // SAFETY: the promise of `take`.
        unsafe { body(kind, data, len).map(|_| ()) }
    }

    pub(super) fn into_inner(self) -> Message {
        mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(free) = self.0.free {
            // SAFETY: the caller's own function for the caller's own pointer, called once.
            unsafe { free(self.0.owner) };
        }
    }
}

impl Message {
    pub(super) const NONE: Self = Self {
        kind: WspairKind::Binary as u32,
        data: core::ptr::null(),
        len: 0,
        owner: core::ptr::null_mut(),
        free: None,
    };
}
