//! What connections are set to, as an object that many of them share.

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::External;
use napi_derive::napi;
use wspair_core::deflate::DeflateConfig;
use wspair_core::{Config, Delivery, Limits};

/// See [`Config`]. Numbers are lengths in bytes or times in milliseconds; infinity is no limit, and
/// never.
#[napi(object)]
pub(crate) struct ConnectionOptions {
    pub max_message: Option<f64>,
    pub max_frame: Option<f64>,
    pub max_fragments: Option<f64>,
    pub max_outgoing: Option<f64>,
    pub high_water_mark: Option<f64>,
    /// Its earlier name.
    pub outgoing_mark: Option<f64>,
    /// Whether messages come in chunks.
    pub chunks: Option<bool>,
    pub auto_pong: Option<bool>,
    pub auto_close: Option<bool>,
    pub auto_end: Option<bool>,
    pub ping_after: Option<f64>,
    pub pong_within: Option<f64>,
    pub close_within: Option<f64>,
    pub split_above: Option<f64>,
    pub deflate: Option<DeflateOptions>,
}

/// See [`DeflateConfig`].
#[napi(object)]
pub(crate) struct DeflateOptions {
    pub threshold: Option<f64>,
    pub level: Option<u8>,
    pub mem_level: Option<u8>,
}

/// A configuration for any number of connections.
#[napi(catch_unwind)]
pub(crate) fn conn_config(options: ConnectionOptions) -> External<Arc<Config>> {
    let mut config = Config::default();
    let limits = &mut config.limits;
    set(&mut limits.max_message, options.max_message.map(length));
    set(&mut limits.max_frame, options.max_frame.map(length));
    let fragments = options.max_fragments.map(length);
    set(&mut limits.max_fragments, fragments.map(|most| most.try_into().unwrap_or(u32::MAX)));
    set(&mut limits.max_outgoing, options.max_outgoing.map(length));
    let mark = options.high_water_mark.or(options.outgoing_mark);
    set(&mut limits.high_water_mark, mark.map(length));
    if options.chunks == Some(true) {
        config.delivery = Delivery::Chunks;
    }
    set(&mut config.auto_pong, options.auto_pong);
    set(&mut config.auto_close, options.auto_close);
    set(&mut config.auto_end, options.auto_end);
    set(&mut config.ping_after, options.ping_after.map(duration));
    set(&mut config.pong_within, options.pong_within.map(duration));
    set(&mut config.close_within, options.close_within.map(duration));
    config.split_above = options.split_above.map(length).filter(|most| *most < Limits::UNLIMITED);
    if let Some(options) = options.deflate {
        let deflate: &mut DeflateConfig = &mut config.deflate;
        set(&mut deflate.threshold, options.threshold.map(length));
        set(&mut deflate.level, options.level.map(|level| level.min(9)));
        set(&mut deflate.mem_level, options.mem_level.map(|level| level.clamp(1, 9)));
    }
    External::new(Arc::new(config))
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Infinity saturates to what the core takes for no limit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn length(number: f64) -> usize {
    if number.is_infinite() { Limits::UNLIMITED } else { number as usize }
}

/// A time that is no time is never.
pub(crate) fn duration(milliseconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds / 1e3).ok()
}
