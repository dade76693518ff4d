//! A server's yes or no to a request.

use core::ffi::c_char;
use core::mem::MaybeUninit;

use wspair_core::handshake::{AcceptError, Bootstrap, Refusal};

use super::ServerHandshake;
use super::verdict::Answer;
use crate::guard::{array, array_mut, exclusive, guard, put, shared, string};
use crate::handshake::agreed::Agreed;
use crate::memory::{Spare, room_for};
use crate::result::Wspair;
use crate::slice::{Field, Kept, Slice, fields, weight};

/// Accepts the request, and makes the answer.
///
/// `handshake`: at WSPAIR_PROGRESS_REQUEST. `subprotocol`: one of the client's, ended by a NUL; null
/// for none. `list`, `list_len`: further fields of the answer.
///
/// WSPAIR_REFUSED_ORIGIN, or another WSPAIR_REFUSED_*: the configuration says no, and the output is
/// the refusal. WSPAIR_ERROR_STATE when there is no request, or it was answered. Mistakes of the
/// caller's, after which the request can still be accepted: WSPAIR_ERROR_NULL,
/// WSPAIR_ERROR_MEMORY, WSPAIR_INVALID_NOT_OFFERED, WSPAIR_INVALID_FIELD_*; WSPAIR_ERROR_UTF8 for the
/// subprotocol.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_accept(
    handshake: *mut ServerHandshake,
    subprotocol: *const c_char,
    list: *const Field,
    list_len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says, and strings end with a NUL.
        let (handshake, size) = unsafe { (exclusive(handshake)?, weight(list, list_len)?) };
        let spare = Spare::set_aside(room_for(handshake.weight + size))?;
        // SAFETY: as above.
        let (subprotocol, extra) = unsafe { (string(subprotocol)?, fields(list, list_len)?) };
        if handshake.answer.is_some() {
            return Err(Wspair::ErrorState);
        }
        handshake.asked()?;
        let policy = &handshake.settings.policy;
        let accepted = handshake.request(|request| request.accept(policy, subprotocol))?;
        let (made, result) = match accepted {
            Ok(accepted) => {
                let fields = Kept::new(accepted.fields_with(&extra)?);
                let mut bytes = Vec::new();
                if handshake.bootstrap() == Bootstrap::Upgrade {
                    accepted.write_response(&extra, &mut bytes)?;
                }
                let answer = Answer::Accepted(accepted.status, accepted.agreed);
                ((fields, bytes, answer), Ok(()))
            }
            Err(AcceptError::NotOffered) => return Err(Wspair::InvalidNotOffered),
            Err(AcceptError::Refused(refusal)) => {
                let cause = refusal.cause().into();
                (handshake.refused(refusal), Err(cause))
            }
        };
        let made = spare.keep(made)?;
        handshake.settle(made);
        result
    })
}

/// Refuses the request for the application's own reasons, and makes the answer.
///
/// `handshake`: at WSPAIR_PROGRESS_REQUEST. `status`: 200 to 599. `list`, `list_len`: fields of the
/// answer, as Location or Content-Type. `body`, `body_len`: its content.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY, WSPAIR_INVALID_STATUS, WSPAIR_INVALID_FIELD_*;
/// WSPAIR_ERROR_STATE when there is no request, or it was answered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_refuse(
    handshake: *mut ServerHandshake,
    status: u16,
    list: *const Field,
    list_len: usize,
    body: *const u8,
    body_len: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (handshake, body, size) =
            unsafe { (exclusive(handshake)?, array(body, body_len)?, weight(list, list_len)?) };
        let spare = Spare::set_aside(room_for(size).saturating_add(4 * body_len))?;
        // SAFETY: as above.
        let list = unsafe { fields(list, list_len)? };
        if handshake.answer.is_some() {
            return Err(Wspair::ErrorState);
        }
        handshake.asked()?;
        let mut refusal = Refusal::new(status)?.body(body);
        for (name, value) in list {
            refusal = refusal.field(name, value)?;
        }
        let refused = spare.keep(handshake.refused(refusal))?;
        handshake.settle(refused);
        Ok(())
    })
}

/// Gives what an accepted request agreed on, to make the connection with.
///
/// `agreed`: is written; what it points to lies in the handshake's memory until that is freed.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when the request was not accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_agreed(
    handshake: *const ServerHandshake,
    agreed: *mut Agreed,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let Some(Answer::Accepted(_, negotiated)) = (unsafe { &shared(handshake)?.answer }) else {
            return Err(Wspair::ErrorState);
        };
        // SAFETY: null, or the caller's to write.
        unsafe { put(agreed, Agreed::new(negotiated)) }
    })
}

/// Gives the answer as HTTP/1.1, as far as it was not written: nothing before there is one, when all
/// of it was written, and for an extended CONNECT.
///
/// `output`: is set to bytes in the handshake's memory, which stay until it is freed.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_output(
    handshake: *const ServerHandshake,
    output: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let rest = unsafe { shared(handshake)? }.output.rest();
        // SAFETY: null, or the caller's to write.
        unsafe { put(output, rest) }
    })
}

/// Forgets the output's first `n` bytes: they were written. More than there are counts as all.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_advance(
    handshake: *mut ServerHandshake,
    n: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }.output.advance(n);
        Ok(())
    })
}

/// Gives the answer in its parts, for another HTTP stack to send.
///
/// `status`: is set to the status. `list`, `cap`: where its fields are written to, as many as there
/// is room for; they lie in the handshake's memory until that is freed. `count`: is set to how many
/// there are. `body`: is set to its content, in the handshake's memory too.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when there is no answer yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_server_handshake_answer(
    handshake: *const ServerHandshake,
    status: *mut u16,
    list: *mut Field,
    cap: usize,
    count: *mut usize,
    body: *mut Slice,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says; fields need not be
        // initialised.
        let (handshake, slots) =
            unsafe { (shared(handshake)?, array_mut(list.cast::<MaybeUninit<Field>>(), cap)?) };
        let (number, content) = match handshake.answer.as_ref().ok_or(Wspair::ErrorState)? {
            Answer::Accepted(status, _) => (*status, Slice::EMPTY),
            Answer::Refused(refusal) => (refusal.status(), refusal.content().into()),
            Answer::Lost => (503, Slice::EMPTY),
        };
        // SAFETY: each is null or the caller's to write.
        unsafe {
            put(status, number)?;
            put(body, content)?;
            put(count, handshake.fields.show(slots))
        }
    })
}
