//! The client's side of the opening handshake.

pub mod response;

use core::ffi::c_char;

use wspair_core::handshake::{ClientHandshake as Engine, ClientProgress, ClientRequest, Failure};
use wspair_core::{Instant, Negotiated};

use crate::config::{self, Config, Settings, settings_of, strings};
use crate::guard::{array, ask, exclusive, free, guard, init, length, put, shared, sized, string};
use crate::handshake::{Output, WspairProgress, shown};
use crate::memory::{Spare, room_for};
use crate::options::WSPAIR_NEVER;
use crate::result::Wspair;
use crate::slice::{Field, Kept, Slice, fields, weight};

/// What a client asks for.
///
/// Call `wspair_request_init` first: fields may be added at the end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ClientAsks {
    /// The struct's size as the program knows it; set by `wspair_request_init`.
    pub size: usize,
    /// A ws: or wss: address, ended by a NUL.
    pub url: *const c_char,
    /// 16 unpredictable bytes that were never used before.
    pub nonce: [u8; 16],
    /// The subprotocols to offer, the one liked best first, each ended by a NUL. Default none.
    pub subprotocols: *const *const c_char,
    /// How many there are.
    pub subprotocols_len: usize,
    /// Further fields. Host and Origin replace what would be sent. Default none.
    pub fields: *const Field,
    /// How many there are.
    pub fields_len: usize,
    /// Fail when subprotocols were offered and the server chose none, as browsers do. Default off.
    pub require_subprotocol: u32,
}

/// Makes a client's request, and checks the answer to it.
///
/// In bytes: write the output, then `wspair_client_handshake_receive` until
/// `wspair_client_handshake_progress` is other than WSPAIR_PROGRESS_NEED_MORE. Through another HTTP
/// stack: `wspair_client_handshake_request`, then `wspair_client_handshake_verify`.
pub struct ClientHandshake {
    request: ClientRequest,
    nonce: [u8; 16],
    /// Gone once there was no memory for it.
    engine: Option<Engine>,
    /// The most of an answer's head, and how much of it came.
    most: usize,
    came: usize,
    /// What came of the answer, in bytes or in fields.
    verdict: Option<Result<Negotiated, Failure>>,
    /// An answer in bytes that is HTTP.
    answer: Option<Answer>,
    fields: Kept,
    output: Output,
}

/// An answer: slices of what the engine holds, which stays as it is then.
struct Answer {
    status: u16,
    fields: Vec<Field>,
    body: Slice,
}

/// Sets every field to its default, and the address.
///
/// `request`: is written, as far as `size` says. `size`: sizeof *request. `url`: the address, ended
/// by a NUL; it is kept as a pointer. The nonce is left as zeros: fill it.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_request_init(
    request: *mut ClientAsks,
    size: usize,
    url: *const c_char,
) -> Wspair {
    guard(|| {
        let asks = ClientAsks {
            size,
            url,
            nonce: [0; 16],
            subprotocols: core::ptr::null(),
            subprotocols_len: 0,
            fields: core::ptr::null(),
            fields_len: 0,
            require_subprotocol: 0,
        };
        // SAFETY: null, or a struct of that size that the caller lets us write.
        unsafe { init(request, size, asks) }
    })
}

/// Makes the request. The deadline starts when the time is first told.
///
/// `config`: limits, and whether to offer compression; null for the defaults. `request`:
/// initialised; what it points to is copied. `handshake`: is set to the new handle, to be ended by
/// `wspair_client_handshake_free`.
///
/// WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_INVALID_*, WSPAIR_ERROR_MEMORY;
/// WSPAIR_ERROR_ARGUMENT for a request that was not initialised.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_new(
    config: *const Config,
    request: *const ClientAsks,
    handshake: *mut *mut ClientHandshake,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or the caller's, of the size it says.
        let asks = unsafe { sized(request)? }.ok_or(Wspair::ErrorNull)?;
        // SAFETY: the request names what the caller lets us read.
        let size = unsafe {
            length(asks.url)?
                + weight(asks.fields, asks.fields_len)?
                + config::weight(asks.subprotocols, asks.subprotocols_len)?
        };
        // SAFETY: as above; the configuration is null or ours.
        let make = || unsafe { ClientHandshake::new(&asks, &settings_of(config)) };
        // SAFETY: null, or the caller's to write.
        unsafe { Spare::make(room_for(size), handshake, make) }
    })
}

/// Ends a handshake's handle, and all that it has shown.
///
/// `handshake`: from `wspair_client_handshake_new`, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_free(handshake: *mut ClientHandshake) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(handshake) };
}

/// Gives where to connect to.
///
/// `host`: is set to the host, an IPv6 address without its brackets, in the handshake's memory until
/// it is freed. `port`: is set to the port. `secure`: is set to 1 when the connection goes through
/// TLS, else 0.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_address(
    handshake: *const ClientHandshake,
    host: *mut Slice,
    port: *mut u16,
    secure: *mut u32,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        let address = unsafe { shared(handshake)? }.request.address();
        // SAFETY: each is null or the caller's to write.
        unsafe {
            put(host, address.host().into())?;
            put(port, address.port())?;
            put(secure, address.is_secure().into())
        }
    })
}

/// Gives the request as HTTP/1.1, as far as it was not written.
///
/// `output`: is set to bytes in the handshake's memory, which stay until it is freed.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_output(
    handshake: *const ClientHandshake,
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
pub unsafe extern "C" fn wspair_client_handshake_advance(
    handshake: *mut ClientHandshake,
    n: usize,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }.output.advance(n);
        Ok(())
    })
}

/// Feeds received bytes.
///
/// `data`, `len`: the bytes. `used`: is set to how many belong to the answer; after
/// WSPAIR_PROGRESS_OPEN the rest is the connection's.
///
/// A refusal goes on with its body: the progress stays WSPAIR_PROGRESS_NEED_MORE until its length,
/// `max_body`, the end of the stream or the deadline is reached. A `max_body` of 0 ends it with the
/// head. Once there is a verdict nothing more is taken.
///
/// WSPAIR_ERROR_NULL. Never fails for what the peer sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_receive(
    handshake: *mut ClientHandshake,
    data: *const u8,
    len: usize,
    used: *mut usize,
) -> Wspair {
    guard(|| {
        // SAFETY: each is null or the caller's, of the length it says.
        let (handshake, data) = unsafe { (exclusive(handshake)?, array(data, len)?) };
        // SAFETY: null, or the caller's to write.
        unsafe { put(used, 0)? };
        let mut taken = 0;
        handshake.work(data.len(), &mut |engine| taken = engine.receive(data).0);
        // SAFETY: as above.
        unsafe { put(used, taken) }
    })
}

/// Tells that the stream ended. Before the end of the head that is a failure.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_eof(handshake: *mut ClientHandshake) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }.work(0, &mut |engine| _ = engine.receive_eof());
        Ok(())
    })
}

/// Tells the time. An answer that is not complete by its deadline is a failure; of a refusal what
/// came by then is handed up.
///
/// `now`: nanoseconds, as for `wspair_conn_timeout`.
///
/// WSPAIR_ERROR_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_timeout(
    handshake: *mut ClientHandshake,
    now: u64,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or ours.
        unsafe { exclusive(handshake)? }
            .work(0, &mut |engine| _ = engine.handle_timeout(Instant::from_nanos(now)));
        Ok(())
    })
}

/// When `wspair_client_handshake_timeout` is next worth calling: 0 as long as the time was never
/// told. WSPAIR_NEVER once there is a verdict, and for null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_next_timeout(
    handshake: *const ClientHandshake,
) -> u64 {
    ask(WSPAIR_NEVER, || {
        // SAFETY: null, or ours.
        let handshake = unsafe { shared(handshake)? };
        let waits = handshake.engine.as_ref().filter(|_| handshake.verdict.is_none());
        let due = waits.and_then(Engine::poll_timeout);
        Ok(due.map_or(WSPAIR_NEVER, Instant::as_nanos))
    })
}

/// How far it is: WSPAIR_PROGRESS_*. Null gives WSPAIR_PROGRESS_FAILED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_client_handshake_progress(
    handshake: *const ClientHandshake,
) -> u32 {
    let progress = ask(WspairProgress::Failed, || {
        // SAFETY: null, or ours.
        Ok(match unsafe { &shared(handshake)?.verdict } {
            None => WspairProgress::NeedMore,
            Some(Ok(_)) => WspairProgress::Open,
            Some(Err(Failure::Status)) => WspairProgress::Refused,
            Some(Err(_)) => WspairProgress::Failed,
        })
    });
    progress as u32
}

impl ClientHandshake {
    /// # Safety
    /// What `asks` points to may be read, of the lengths it says, and strings end with a NUL.
    unsafe fn new(asks: &ClientAsks, settings: &Settings) -> Result<Self, Wspair> {
        // SAFETY: the caller's promise.
        let request = unsafe { client_request(asks, settings)? };
        let mut bytes = Vec::new();
        let engine = Engine::with_limits(&request, asks.nonce, settings.head, &mut bytes);
        Ok(Self {
            request,
            nonce: asks.nonce,
            engine: Some(engine),
            most: settings.head.max_head.saturating_add(settings.head.max_body),
            came: 0,
            verdict: None,
            answer: None,
            fields: Kept::default(),
            output: Output::new(bytes),
        })
    }

    /// Lets the engine take something in, and takes note of what came of it. Where there is no
    /// memory for that the handshake fails.
    fn work(&mut self, more: usize, take: &mut dyn FnMut(&mut Engine)) {
        let Some(engine) = self.engine.as_mut().filter(|_| self.verdict.is_none()) else {
            return;
        };
        self.came = self.came.saturating_add(more).min(self.most);
        let Ok(spare) = Spare::set_aside(room_for(self.came)) else {
            return self.lose();
        };
        take(engine);
        let (verdict, response) = match engine.progress() {
            ClientProgress::Open(response, agreed) => (Some(Ok(agreed)), Some(response)),
            ClientProgress::Refused(response) => (Some(Err(Failure::Status)), Some(response)),
            ClientProgress::Failed(failure) => (Some(Err(failure)), None),
            _ => (None, None),
        };
        self.answer = response.map(|response| Answer {
            status: response.status(),
            fields: shown(response.fields()),
            body: response.body().into(),
        });
        self.verdict = verdict;
        if spare.is_used() {
            self.lose();
        }
    }

    /// Fails for want of memory, with what takes none.
    fn lose(&mut self) {
        self.engine = None;
        self.answer = None;
        self.verdict = Some(Err(Failure::OutOfMemory));
    }

    fn answer(&self) -> Result<&Answer, Wspair> {
        self.answer.as_ref().ok_or(Wspair::ErrorState)
    }
}

/// # Safety
/// What `asks` points to may be read, of the lengths it says, and strings end with a NUL.
unsafe fn client_request(asks: &ClientAsks, settings: &Settings) -> Result<ClientRequest, Wspair> {
    // SAFETY: the caller's promise.
    let (url, subprotocols, fields) = unsafe {
        let subprotocols = strings(asks.subprotocols, asks.subprotocols_len)?;
        (string(asks.url)?, subprotocols, fields(asks.fields, asks.fields_len)?)
    };
    let mut request = ClientRequest::new(url.ok_or(Wspair::ErrorNull)?)?
        .require_subprotocol(asks.require_subprotocol != 0);
    for name in subprotocols {
        request = request.subprotocol(name)?;
    }
    for (name, value) in fields {
        request = request.field(name, value)?;
    }
    Ok(match settings.offer {
        Some(offer) => request.deflate(offer),
        None => request,
    })
}
