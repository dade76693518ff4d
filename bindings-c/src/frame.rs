//! Frames without a connection: for programs that bring their own. Nothing here allocates.

use wspair_core::frame::{Decoded, Header, HeaderRules, MAX_HEADER, Opcode, Role};
use wspair_core::utf8::Utf8Check;
use wspair_core::{CloseFrame, close, mask};

use crate::guard::{array, array_mut, exclusive, guard, put, shared};
use crate::result::Wspair;
use crate::slice::Slice;

/// Longest header of a frame, in bytes.
pub const WSPAIR_MAX_HEADER: usize = 14;

/// Which side of a connection somebody is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairRole {
    /// Sends masked frames and takes unmasked ones.
    Client = 1,
    /// Sends unmasked frames and takes masked ones.
    Server = 2,
}

/// What a frame is (RFC 6455 5.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum WspairOpcode {
    /// The next fragment of a message.
    Continuation = 0x0,
    /// A text message, or its first fragment.
    Text = 0x1,
    /// A binary message, or its first fragment.
    Binary = 0x2,
    /// A Close frame.
    Close = 0x8,
    /// A Ping frame.
    Ping = 0x9,
    /// A Pong frame.
    Pong = 0xA,
}

/// A frame's header. Switches are on when they are not 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    /// Length of the payload in bytes; below 2 to the power of 63.
    pub len: u64,
    /// WSPAIR_OPCODE_*.
    pub opcode: u8,
    /// The last fragment of its message. Always on in control frames.
    pub fin: u8,
    /// The first reserved bit: a compressed message, where that was agreed on.
    pub rsv1: u8,
    /// Whether the payload is masked, as a client's is.
    pub masked: u8,
    /// The masking key, where it is.
    pub mask: [u8; 4],
}

/// A check of text that arrives in pieces. All zeros to begin with; nothing has to be freed.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Utf8 {
    /// The library's.
    pub state: [u8; 8],
}

/// Reads a frame's header.
///
/// `bytes`, `len`: what is at hand. `role`: the receiver's own, WSPAIR_ROLE_*. `rsv1`: not 0 where
/// compression was agreed on. `frame`: is written when the header is whole. `size`: is set to how
/// many bytes the header took, or after WSPAIR_MORE to how many more it needs, at least.
///
/// WSPAIR_OK; WSPAIR_MORE while the header is not whole; WSPAIR_PROTOCOL_* for the first rule that
/// is broken, as soon as the bytes show it; WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another
/// role.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_frame_decode(
    bytes: *const u8,
    len: usize,
    role: u32,
    rsv1: u32,
    frame: *mut Frame,
    size: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or as many bytes of the caller's.
        let bytes = unsafe { array(bytes, len)? };
        // SAFETY: null, or the caller's to write.
        unsafe { put(size, 0)? };
        if frame.is_null() {
            return Err(Wspair::ErrorNull);
        }
        let expect = HeaderRules { role: role_of(role)?, rsv1: rsv1 != 0 };
        let (result, amount) = match Header::decode(bytes, expect)? {
            Decoded::Header(header, taken) => {
                // SAFETY: not null, and the caller's to write.
                unsafe { put(frame, header.into())? };
                (Wspair::Ok, taken)
            }
            Decoded::NeedMore(more) => (Wspair::More, more),
        };
        // SAFETY: as above.
        unsafe { put(size, amount)? };
        Ok(result)
    })
}

/// Writes a frame's header, with the length in its shortest form.
///
/// `frame`: the header; that it keeps to the protocol is the caller's to see to. `to`: 14 bytes that
/// are written. `size`: is set to how many of them count, 2 to 14.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for a reserved opcode or a length of 2 to the power of
/// 63 and more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_frame_encode(
    frame: *const Frame,
    to: *mut u8,
    size: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's; an array of bytes is aligned anywhere.
        let (frame, to) = unsafe { (shared(frame)?, exclusive(to.cast::<[u8; MAX_HEADER]>())?) };
        let header = Header::try_from(frame)?;
        // SAFETY: null, or the caller's to write.
        unsafe { put(size, header.encode(to)) }
    })
}

/// Masks or unmasks bytes where they lie; the two are the same.
///
/// `data`, `len`: the bytes. `key`: 4 bytes. `offset`: where in the payload the bytes begin, so that
/// it can be treated in pieces.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_mask(
    data: *mut u8,
    len: usize,
    key: *const u8,
    offset: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (data, key) = unsafe { (array_mut(data, len)?, shared(key.cast::<[u8; 4]>())?) };
        mask::in_place(data, *key, offset);
        Ok(())
    })
}

/// Copies bytes and masks or unmasks them in the same pass.
///
/// `from`, `len`: the bytes. `to`: as much room, apart from `from`. `key`, `offset`: as for
/// `wspair_mask`.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_mask_copy(
    from: *const u8,
    len: usize,
    to: *mut u8,
    key: *const u8,
    offset: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and they do not overlap.
        let (from, to, key) =
            unsafe { (array(from, len)?, array_mut(to, len)?, shared(key.cast::<[u8; 4]>())?) };
        mask::copy(from, to, *key, offset);
        Ok(())
    })
}

/// Checks the next piece of a text. It fails at the first byte that cannot be part of UTF-8.
///
/// `check`: all zeros before the first piece; after a failure it has to be zeroed. `data`, `len`:
/// the piece; it may end inside a character.
///
/// WSPAIR_ERROR_UTF8, WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_utf8_push(check: *mut Utf8, data: *const u8, len: usize) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (kept, piece) = unsafe { (exclusive(check)?, array(data, len)?) };
        let mut check = kept.check();
        check.push(piece).map_err(|_| Wspair::ErrorUtf8)?;
        kept.keep(check);
        Ok(())
    })
}

/// Whether a text may end here.
///
/// `check`: as `wspair_utf8_push` left it.
///
/// WSPAIR_ERROR_UTF8 when a character is unfinished; WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_utf8_end(check: *const Utf8) -> Wspair {
    guard(|| {
        // SAFETY: null, or the caller's.
        let complete = unsafe { shared(check)? }.check().is_complete();
        complete.then_some(()).ok_or(Wspair::ErrorUtf8)
    })
}

/// Reads the body of a peer's Close frame, already unmasked.
///
/// `body`, `len`: the body. `code`: is set to the code, 1005 when there is none. `reason`: is set to
/// a part of the body.
///
/// WSPAIR_PROTOCOL_CLOSE_BODY, WSPAIR_PROTOCOL_CLOSE_CODE, WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8,
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_close_decode(
    body: *const u8,
    len: usize,
    code: *mut u16,
    reason: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or as many bytes of the caller's.
        let frame = CloseFrame::decode(unsafe { array(body, len)? })?;
        // SAFETY: each is null or the caller's to write.
        unsafe {
            put(code, frame.code.map_or(1005, close::CloseCode::get))?;
            put(reason, frame.reason.into())
        }
    })
}

const _: () = assert!(size_of::<Utf8Check>() <= 8 && align_of::<Utf8Check>() == 1);
const _: () = assert!(MAX_HEADER == WSPAIR_MAX_HEADER);

impl Utf8 {
    fn check(&self) -> Utf8Check {
        // SAFETY: it fits and is aligned, as asserted above. It is made of bytes alone, for which
        // any value will do: one that `keep` did not write can make it panic, at most.
        unsafe { self.state.as_ptr().cast::<Utf8Check>().read() }
    }

    fn keep(&mut self, check: Utf8Check) {
        // SAFETY: it fits and is aligned, as asserted above.
        unsafe { self.state.as_mut_ptr().cast::<Utf8Check>().write(check) };
    }
}

impl From<Header> for Frame {
    fn from(header: Header) -> Self {
        Self {
            len: header.len,
            opcode: header.opcode as u8,
            fin: header.fin.into(),
            rsv1: header.rsv1.into(),
            masked: header.mask.is_some().into(),
            mask: header.mask.unwrap_or_default(),
        }
    }
}

impl TryFrom<&Frame> for Header {
    type Error = Wspair;

    fn try_from(frame: &Frame) -> Result<Self, Wspair> {
        let opcode = Opcode::new(frame.opcode).ok_or(Wspair::ErrorArgument)?;
        if frame.len >> 63 != 0 {
            return Err(Wspair::ErrorArgument);
        }
        Ok(Self {
            fin: frame.fin != 0,
            rsv1: frame.rsv1 != 0,
            opcode,
            mask: (frame.masked != 0).then_some(frame.mask),
            len: frame.len,
        })
    }
}

fn role_of(number: u32) -> Result<Role, Wspair> {
    match number {
        number if number == WspairRole::Client as u32 => Ok(Role::Client),
        number if number == WspairRole::Server as u32 => Ok(Role::Server),
        _ => Err(Wspair::ErrorArgument),
    }
}
