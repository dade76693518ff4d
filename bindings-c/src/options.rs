//! What a program sets: limits, timers, automatic answers, the handshake, compression.

use core::ffi::c_char;
use core::time::Duration;

use wspair_core::deflate::Zlib;
use wspair_core::pair::Coupling;
use wspair_core::{Config, Delivery};

use crate::guard::{guard, init, put, sized};
use crate::result::Wspair;

/// No deadline, and no time limit.
pub const WSPAIR_NEVER: u64 = u64::MAX;

/// How received messages reach the application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum WspairDelivery {
    /// One event a message, when it is complete.
    Messages = 0,
    /// One event a run of payload bytes, as they arrive. Nothing is assembled.
    Chunks = 1,
}

/// What connections and handshakes are set to.
///
/// Call `wspair_options_init` first: fields may be added at the end. In sizes and counts the
/// largest number of the type is no limit, and 0 is a limit of 0. Times are nanoseconds, and
/// WSPAIR_NEVER is none. A switch is off when it is 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Options {
    /// The struct's size as the program knows it; set by `wspair_options_init`.
    pub size: usize,
    /// Longest message accepted, in bytes, all fragments together, after decompression. Default
    /// 1 MiB.
    pub max_message: usize,
    /// Longest frame accepted, in bytes. Default no limit, which leaves the message's.
    pub max_frame: usize,
    /// Most bytes that wait to be written before sending is refused. Default 16 MiB. An empty queue
    /// takes one message of any length.
    pub max_outgoing: usize,
    /// From this many waiting bytes on a connection is congested. Default 1 MiB; 0 counts as 1.
    pub high_water_mark: usize,
    /// Longer messages go out in fragments of this many bytes, so that control frames can pass.
    /// Default off, the largest number.
    pub split_above: usize,
    /// Prepared messages of at least this many bytes are queued by reference. Default 4 KiB.
    pub share_from: usize,
    /// Ping after this much silence of the peer. Default never.
    pub ping_after: u64,
    /// Give up this long after a ping left when nothing was heard since, and no output that waited
    /// has moved. Default 20 s.
    pub pong_within: u64,
    /// Drop the transport this long after our Close frame was queued, whether it could be written or
    /// not, the end of the peer's direction or the failure of the connection. Default 10 s.
    pub close_within: u64,
    /// Most frames that one message may come in. Default 16384.
    pub max_fragments: u32,
    /// By message or by chunk: WSPAIR_DELIVERY_*. Default by message.
    pub delivery: u32,
    /// Answer pings. Default on.
    pub auto_pong: u32,
    /// Answer the peer's close at once. Default on; off leaves the connection half-open until
    /// `wspair_conn_close` is called.
    pub auto_close: u32,

    /// Handshake: most bytes of a head. Default 16 KiB.
    pub max_head: usize,
    /// Handshake: most bytes of a head's first line. Default 8 KiB.
    pub max_head_line: usize,
    /// Handshake: most fields of a head. Default 100.
    pub max_head_fields: usize,
    /// Handshake, client: most bytes that are kept of a refusal's body. Default 64 KiB.
    pub max_body: usize,
    /// Handshake, client: most interim responses before the one that counts. Default 8.
    pub max_interim: u32,
    /// Handshake, server: whether a request without an origin may connect where `origins` are set.
    /// Default on.
    pub missing_origin: u32,
    /// Handshake: give up this long after the time was first told. Default 10 s.
    pub handshake_within: u64,
    /// Handshake, server: the origins whose pages may connect, each written "scheme://host" or
    /// "scheme://host:port" and ended by a NUL. Default null: all, which is right only for a
    /// service that does not rely on what a browser sends by itself, as cookies.
    pub origins: *const *const c_char,
    /// How many there are.
    pub origins_len: usize,

    /// Compression: shorter messages are sent as they are. Default 64 bytes.
    pub deflate_threshold: usize,
    /// Compression: most compressors, and as many decompressors, that idle connections of one
    /// configuration leave for each other; useful without context takeover. A pair of them takes
    /// some 216 KiB with the defaults, 168 and 48. Default 8; 0 keeps none, and so does a connection
    /// without a configuration.
    pub deflate_stock: usize,
    /// Compression: agree to it, or offer it, in the handshake. Default off.
    pub deflate: u32,
    /// Compression: the server compresses each message alone, which costs ratio and spares memory.
    /// A server does so; a client asks for it. Default off.
    pub server_no_context_takeover: u32,
    /// Compression: the client compresses each message alone. A server asks for it; a client does
    /// so. Default off.
    pub client_no_context_takeover: u32,
    /// Compression: largest window of the server's messages, 8 to 15, or 0 for the default. A
    /// server keeps to it, default 12, at least 9; a client asks for it, default not.
    pub server_max_window_bits: u32,
    /// Compression: largest window of the client's messages, 8 to 15, or 0 for the default. A
    /// server asks for it where the client lets it choose, default 12, at least 9; a client keeps
    /// to it and lets the server choose, default 15.
    pub client_max_window_bits: u32,
    /// Compression: effort, 0 to 9. Default 1.
    pub deflate_level: u32,
    /// Compression: memory of a compressor, 1 to 9. Default 5.
    pub deflate_memory: u32,

    /// End the output when the peer's ended without a Close frame and that was told. Default on; off
    /// leaves it open until `wspair_conn_close` or `wspair_conn_abort` is called, at the latest for
    /// `close_within`.
    pub auto_end: u32,
}

/// Sets every field to its default.
///
/// `options`: is written, as far as `size` says. `size`: sizeof *options.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows: the program
/// was compiled with the header of a newer version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_options_init(options: *mut Options, size: usize) -> Wspair {
    guard(|| {
        // SAFETY: null, or a struct of that size that the caller lets us write.
        unsafe { init(options, size, Options::default()) }
    })
}

/// Sets what a connection under an end of a pair needs: closes and the end are left to the pair, and
/// messages come whole.
///
/// `options`: initialised; is changed.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for options that were not initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_coupling_configure(options: *mut Options) -> Wspair {
    guard(|| {
        // SAFETY: null, or options of the caller's.
        let mut changed = unsafe { Options::read(options)? };
        let config = Coupling::configure(Config::default());
        changed.auto_close = u32::from(config.auto_close);
        changed.auto_end = u32::from(config.auto_end);
        changed.delivery = delivery_number(config.delivery);
        // SAFETY: as above; they are the caller's to change.
        unsafe { put(options, changed) }
    })
}

impl Options {
    /// The caller's options.
    ///
    /// # Safety
    /// `options` is null, or points to as many bytes as its `size` says.
    pub(crate) unsafe fn read(options: *const Self) -> Result<Self, Wspair> {
        // SAFETY: the caller's promise.
        unsafe { sized(options)? }.ok_or(Wspair::ErrorNull)
    }
}

impl Default for Options {
    fn default() -> Self {
        let config = Config::default();
        let head = wspair_core::handshake::HeadLimits::default();
        Self {
            size: size_of::<Self>(),
            max_message: config.limits.max_message,
            max_frame: config.limits.max_frame,
            max_outgoing: config.limits.max_outgoing,
            high_water_mark: config.limits.high_water_mark,
            split_above: config.split_above.unwrap_or(usize::MAX),
            share_from: config.share_from,
            ping_after: nanos(config.ping_after),
            pong_within: nanos(config.pong_within),
            close_within: nanos(config.close_within),
            max_fragments: config.limits.max_fragments,
            delivery: delivery_number(config.delivery),
            auto_pong: u32::from(config.auto_pong),
            auto_close: u32::from(config.auto_close),
            max_head: head.max_head,
            max_head_line: head.max_line,
            max_head_fields: head.max_fields,
            max_body: head.max_body,
            max_interim: head.max_interim,
            missing_origin: 1,
            handshake_within: nanos(head.within),
            origins: core::ptr::null(),
            origins_len: 0,
            deflate_threshold: config.deflate.threshold,
            deflate_stock: Zlib::SHARED_STOCK,
            deflate: 0,
            server_no_context_takeover: 0,
            client_no_context_takeover: 0,
            server_max_window_bits: 0,
            client_max_window_bits: 0,
            deflate_level: u32::from(config.deflate.level),
            deflate_memory: u32::from(config.deflate.mem_level),
            auto_end: u32::from(config.auto_end),
        }
    }
}

fn delivery_number(delivery: Delivery) -> u32 {
    match delivery {
        Delivery::Chunks => WspairDelivery::Chunks as u32,
        _ => WspairDelivery::Messages as u32,
    }
}

fn nanos(time: Option<Duration>) -> u64 {
    time.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or(WSPAIR_NEVER)
}

pub(crate) fn duration(nanos: u64) -> Option<Duration> {
    (nanos != WSPAIR_NEVER).then(|| Duration::from_nanos(nanos))
}
