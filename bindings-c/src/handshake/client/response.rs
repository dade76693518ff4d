//! A server's answer, as the client looks at it, and the exchange through another HTTP stack.

use core::ffi::c_char;
use core::mem::MaybeUninit;

use wspair_core::handshake::Response;

use super::ClientHandshake;
use crate::guard::{array_mut, ask, exclusive, guard, put, shared, string};
use crate::handshake::agreed::Agreed;
use crate::handshake::{bootstrap, find, put_field, put_found};
use crate::memory::{Spare, room_for};
use crate::result::Wspair;
use crate::slice::{Field, Kept, Slice, fields, weight};

/// Why it failed, or was refused: WSPAIR_FAILED_*, for `wspair_strerror`. WSPAIR_OK when it did not.
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_error(
    handshake: *const ClientHandshake,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let handshake = unsafe { shared(handshake)? };
        Ok(match &handshake.verdict {
            Some(Err(failure)) => (*failure).into(),
            _ => Wspair::Ok,
        })
    })
}

/// Gives the answer's status: 101, or that of a refusal.
///
/// `status`: is set to it.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no answer in bytes that is HTTP.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_status(
    handshake: *const ClientHandshake,
    status: *mut u16,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(handshake)? }.answer()?.status;
        // SAFETY: null, or the caller's to write.
        unsafe { put(status, found) }
    })
}

/// Gives the value of the answer's first field of that name.
///
/// `name`: ended by a NUL. `value`: is set to bytes in the handshake's memory, which stay until it
/// is freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_UTF8; else as `wspair_client_handshake_status`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_field(
    handshake: *const ClientHandshake,
    name: *const c_char,
    value: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, and strings end with a NUL.
        let (handshake, name) = unsafe { (shared(handshake)?, string(name)?) };
        let name = name.ok_or(Wspair::ErrorNull)?;
        let found = find(&handshake.answer()?.fields, name);
        // SAFETY: null, or the caller's to write.
        unsafe { put_found(value, found) }
    })
}

/// How many fields the answer has, for `wspair_client_handshake_field_at`; 0 while there is none in
/// bytes that is HTTP, and for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_field_count(
    handshake: *const ClientHandshake,
) -> usize {
    // SAFETY: null, or ours.
    ask(0, || Ok(unsafe { shared(handshake)? }.answer()?.fields.len()))
}

/// Gives a field of the answer, in the order they came; a name may come several times.
///
/// `index`: from 0 on. `field`: is set to name and value, in the handshake's memory until it is
/// freed, or to nothing.
///
/// WSPAIR_ERROR_NOT_FOUND beyond the last; else as `wspair_client_handshake_status`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_field_at(
    handshake: *const ClientHandshake,
    index: usize,
    field: *mut Field,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let fields = unsafe { &shared(handshake)?.answer()?.fields };
        // SAFETY: null, or the caller's to write.
        unsafe { put_field(field, fields, index) }
    })
}

/// Gives the start of a refusal's body, as it came: a transfer coding is not undone.
///
/// `body`: is set to bytes in the handshake's memory, which stay until it is freed.
///
/// As `wspair_client_handshake_status`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_body(
    handshake: *const ClientHandshake,
    body: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let found = unsafe { shared(handshake)? }.answer()?.body;
        // SAFETY: null, or the caller's to write.
        unsafe { put(body, found) }
    })
}

/// Gives what was agreed on, to make the connection with.
///
/// `agreed`: is written; what it points to lies in the handshake's memory until that is freed.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when it is not open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_agreed(
    handshake: *const ClientHandshake,
    agreed: *mut Agreed,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let handshake = unsafe { shared(handshake)? };
        let Some(Ok(negotiated)) = &handshake.verdict else {
            return Err(Wspair::ErrorState);
        };
        // SAFETY: null, or the caller's to write.
        unsafe { put(agreed, Agreed::new(negotiated)) }
    })
}

/// Gives the request as fields, for another HTTP stack to send. Of an extended CONNECT pseudo-fields
/// come first; else the method is GET, and `wspair_client_handshake_output` shows the target.
///
/// `how`: WSPAIR_BOOTSTRAP_*. `list`, `cap`: where the fields are written to, as many as there is
/// room for; they lie in the handshake's memory until the next call of this function. `count`: is
/// set to how many there are.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_request(
    handshake: *mut ClientHandshake,
    how: u32,
    list: *mut Field,
    cap: usize,
    count: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says; fields need not be
        // initialised.
        let (handshake, slots) =
            unsafe { (exclusive(handshake)?, array_mut(list.cast::<MaybeUninit<Field>>(), cap)?) };
        let how = bootstrap(how)?;
        let spare = Spare::set_aside(room_for(handshake.output.bytes.len()))?;
        let fields = Kept::new(handshake.request.fields(how, handshake.nonce));
        handshake.fields = spare.keep(fields)?;
        // SAFETY: null, or the caller's to write.
        unsafe { put(count, handshake.fields.show(slots)) }
    })
}

/// Checks an answer that another HTTP stack parsed.
///
/// `how`: as the request was sent. `status`, `list`, `list_len`: the answer.
///
/// WSPAIR_FAILED_*, of which WSPAIR_FAILED_STATUS is the server's plain no; WSPAIR_ERROR_NULL,
/// WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_STATE when one was checked before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_verify(
    handshake: *mut ClientHandshake,
    how: u32,
    status: u16,
    list: *const Field,
    list_len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (handshake, size) = unsafe { (exclusive(handshake)?, weight(list, list_len)?) };
        let how = bootstrap(how)?;
        if handshake.verdict.is_some() {
            return Err(Wspair::ErrorState);
        }
        let spare = Spare::set_aside(room_for(size))?;
        // SAFETY: as above.
        let fields = unsafe { fields(list, list_len)? };
        let response = Response::from_fields(status, fields.into_iter().collect());
        let verdict = spare.keep(response.verify(&handshake.request, how, handshake.nonce))?;
        let result = verdict.as_ref().map(|_| ()).map_err(|failure| (*failure).into());
        handshake.verdict = Some(verdict);
        result
    })
}
