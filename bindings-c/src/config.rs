//! Options once they are read: what connections and handshakes share.

use std::sync::Arc;

use wspair_core::deflate::{
    Codec, Compressor, CompressorParams, Decompressor, DeflateConfig, OutOfMemory, Zlib,
};
use wspair_core::handshake::{DeflateOffer, DeflatePolicy, HeadLimits, Origins, Policy};
use wspair_core::{Config as Engine, Delivery};

use crate::guard::{array, free, guard, string};
use crate::memory::{Spare, room_for};
use crate::options::{Options, WspairDelivery, duration};
use crate::result::Wspair;

/// Options, read and checked, to be shared by any number of connections and handshakes.
///
/// It never changes, so threads may share it.
pub struct Config(pub(crate) Arc<Settings>);

/// What is in a [`Config`].
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) engine: Arc<Engine>,
    pub(crate) head: HeadLimits,
    pub(crate) policy: Policy,
    pub(crate) offer: Option<DeflateOffer>,
}

impl Default for Settings {
    /// Of a connection or a handshake without a configuration: it shares codecs with none. The stock
    /// that the core shares is no choice here, as it would live longer than the call's spare memory.
    fn default() -> Self {
        let mut engine = Engine::default();
        engine.deflate.codec = Some(Arc::new(Zlib::default()));
        Self {
            engine: Arc::new(engine),
            head: HeadLimits::default(),
            policy: Policy::default(),
            offer: None,
        }
    }
}

/// Reads options.
///
/// `options`: initialised; what it points to is copied. `config`: is set to the new handle, to be
/// ended by `wspair_config_free`.
///
/// WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for options that were not initialised or a field out of
/// its range; WSPAIR_ERROR_UTF8 and WSPAIR_INVALID_ORIGIN for one of the origins;
/// WSPAIR_ERROR_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_config_new(
    options: *const Options,
    config: *mut *mut Config,
) -> Wspair {
    guard(|| {
        // SAFETY: null, or options of the caller's that name strings of the caller's.
        let (options, origins) = unsafe {
            let options = Options::read(options)?;
            (options, weight(options.origins, options.origins_len)?)
        };
        // SAFETY: as above; and null, or the caller's to write.
        unsafe {
            Spare::make(room_for(origins), config, || Ok(Config(Arc::new(settings(&options)?))))
        }
    })
}

/// Ends a configuration. What was made with it goes on.
///
/// `config`: from `wspair_config_new`, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wspair_config_free(config: *mut Config) {
    // SAFETY: null, or ours and not freed before.
    unsafe { free(config) };
}

/// The settings of a configuration; the defaults where there is none.
///
/// # Safety
/// `config` is null, or was made by us and not freed.
pub(crate) unsafe fn settings_of(config: *const Config) -> Arc<Settings> {
    // SAFETY: the caller's promise.
    match unsafe { config.as_ref() } {
        Some(config) => config.0.clone(),
        None => Arc::default(),
    }
}

/// Checks options, and makes of them what connections and handshakes share.
///
/// # Safety
/// `origins` of the options is null, or names as many strings as `origins_len` says.
unsafe fn settings(options: &Options) -> Result<Settings, Wspair> {
    let mut engine = Engine::default();
    engine.limits.max_message = options.max_message;
    engine.limits.max_frame = options.max_frame;
    engine.limits.max_fragments = options.max_fragments;
    engine.limits.max_outgoing = options.max_outgoing;
    engine.limits.high_water_mark = options.high_water_mark;
    engine.delivery = match options.delivery {
        number if number == WspairDelivery::Messages as u32 => Delivery::Messages,
        number if number == WspairDelivery::Chunks as u32 => Delivery::Chunks,
        _ => return Err(Wspair::ErrorArgument),
    };
    engine.auto_pong = options.auto_pong != 0;
    engine.auto_close = options.auto_close != 0;
    engine.auto_end = options.auto_end != 0;
    engine.ping_after = duration(options.ping_after);
    engine.pong_within = duration(options.pong_within);
    engine.close_within = duration(options.close_within);
    engine.split_above = (options.split_above != usize::MAX).then_some(options.split_above);
    engine.share_from = options.share_from;
    engine.deflate = deflate(options)?;

    let mut head = HeadLimits::default();
    head.max_head = options.max_head;
    head.max_line = options.max_head_line;
    head.max_fields = options.max_head_fields;
    head.max_body = options.max_body;
    head.max_interim = options.max_interim;
    head.within = duration(options.handshake_within);

    let mut policy = Policy::default();
    // SAFETY: the caller's promise.
    let origins = unsafe { strings(options.origins, options.origins_len)? };
    if !options.origins.is_null() {
        policy.origins = Some(Origins::new(origins)?.missing(options.missing_origin != 0));
    }
    let (agree, offer) = negotiation(options)?;
    policy.deflate = (options.deflate != 0).then_some(agree);
    let offer = (options.deflate != 0).then_some(offer);
    Ok(Settings { engine: Arc::new(engine), head, policy, offer })
}

/// How a server agrees to compression, and how a client offers it.
fn negotiation(options: &Options) -> Result<(DeflatePolicy, DeflateOffer), Wspair> {
    let window = |bits: u32| match u8::try_from(bits) {
        Ok(0) => Ok(None),
        Ok(bits @ 8..=15) => Ok(Some(bits)),
        _ => Err(Wspair::ErrorArgument),
    };
    let server_window = window(options.server_max_window_bits)?;
    let client_window = window(options.client_max_window_bits)?;

    let mut policy = DeflatePolicy::default();
    policy.server_no_context_takeover = options.server_no_context_takeover != 0;
    policy.client_no_context_takeover = options.client_no_context_takeover != 0;
    policy.server_max_window_bits = server_window.unwrap_or(policy.server_max_window_bits);
    policy.client_max_window_bits = client_window.unwrap_or(policy.client_max_window_bits);

    let mut offer = DeflateOffer::default();
    offer.server_no_context_takeover = policy.server_no_context_takeover;
    offer.client_no_context_takeover = policy.client_no_context_takeover;
    offer.server_max_window_bits = server_window.or(offer.server_max_window_bits);
    offer.client_max_window_bits = client_window.or(offer.client_max_window_bits);
    Ok((policy, offer))
}

fn deflate(options: &Options) -> Result<DeflateConfig, Wspair> {
    let within = |number: u32, range: core::ops::RangeInclusive<u8>| {
        u8::try_from(number).ok().filter(|number| range.contains(number))
    };
    let mut deflate = DeflateConfig::default();
    deflate.threshold = options.deflate_threshold;
    deflate.level = within(options.deflate_level, 0..=9).ok_or(Wspair::ErrorArgument)?;
    deflate.mem_level = within(options.deflate_memory, 1..=9).ok_or(Wspair::ErrorArgument)?;
    deflate.codec = Some(Arc::new(Codecs(Zlib::with_stock(options.deflate_stock))));
    Ok(deflate)
}

/// Makes codecs in memory that is there, or none.
#[derive(Debug)]
struct Codecs(Zlib);

impl Codec for Codecs {
    fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
        self.0.compressor(params)
    }

    fn decompressor(&self, window_bits: u8) -> Box<dyn Decompressor> {
        self.0.decompressor(window_bits)
    }

    fn try_compressor(&self, params: CompressorParams) -> Result<Box<dyn Compressor>, OutOfMemory> {
        let spare = Spare::set_aside(2 * Zlib::compressor_size(params)).map_err(|_| OutOfMemory)?;
        let made = self.0.try_compressor(params)?;
        spare.keep(made).map_err(|_| OutOfMemory)
    }

    fn try_decompressor(&self, window_bits: u8) -> Result<Box<dyn Decompressor>, OutOfMemory> {
        let spare = Spare::set_aside(2 * Zlib::DECOMPRESSOR_SIZE).map_err(|_| OutOfMemory)?;
        let made = self.0.try_decompressor(window_bits)?;
        spare.keep(made).map_err(|_| OutOfMemory)
    }

    fn recycle_compressor(&self, compressor: Box<dyn Compressor>, params: CompressorParams) {
        self.0.recycle_compressor(compressor, params);
    }

    fn recycle_decompressor(&self, decompressor: Box<dyn Decompressor>, window_bits: u8) {
        self.0.recycle_decompressor(decompressor, window_bits);
    }
}

/// How many bytes the strings take in all, each with a few for what refers to it.
///
/// # Safety
/// As [`strings`].
pub(crate) unsafe fn weight(
    from: *const *const core::ffi::c_char,
    len: usize,
) -> Result<usize, Wspair> {
    // SAFETY: the caller's promise.
    let strings = unsafe { array(from, len)? };
    strings.iter().try_fold(0_usize, |sum, &from| {
        // SAFETY: the caller's promise covers each of them.
        let string = unsafe { string(from)?.ok_or(Wspair::ErrorNull)? };
        Ok(sum.saturating_add(8 + string.len()))
    })
}

/// An array of strings that end with a NUL.
///
/// # Safety
/// `from` is null, or `len` strings may be read there, which stay as they are during the call.
pub(crate) unsafe fn strings<'a>(
    from: *const *const core::ffi::c_char,
    len: usize,
) -> Result<Vec<&'a str>, Wspair> {
    // SAFETY: the caller's promise.
    let strings = unsafe { array(from, len)? };
    // SAFETY: the caller's promise covers each of them.
    strings.iter().map(|&from| unsafe { string(from)?.ok_or(Wspair::ErrorNull) }).collect()
}
