//! Keyword arguments. What is not given keeps the engine's default.

use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use wspair_core::config::Delivery;
use wspair_core::handshake::HeadLimits;
use wspair_core::{Config, Coupling, Instant, Limits};

use crate::deflate::DeflateOptions;
use crate::error::invalid;

/// What a connection is set to.
pub(crate) struct Options {
    pub(crate) config: Config,
    /// Whether it is to be coupled to an end of a pair.
    pub(crate) coupled: bool,
}

impl Options {
    pub(crate) fn read(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut config = Config::default();
        let mut coupled = false;
        each(options, |name, value| {
            let limits = &mut config.limits;
            match name {
                "max_message" => limits.max_message = limit(value)?,
                "max_frame" => limits.max_frame = limit(value)?,
                "max_fragments" => limits.max_fragments = count(value)?,
                "max_outgoing" => limits.max_outgoing = limit(value)?,
                "outgoing_mark" => limits.outgoing_mark = limit(value)?,
                "chunks" if value.extract()? => config.delivery = Delivery::Chunks,
                "chunks" => config.delivery = Delivery::Messages,
                "auto_pong" => config.auto_pong = value.extract()?,
                "auto_close" => config.auto_close = value.extract()?,
                "auto_end" => config.auto_end = value.extract()?,
                "ping_after" => config.ping_after = duration(value)?,
                "pong_within" => config.pong_within = duration(value)?,
                "close_within" => config.close_within = duration(value)?,
                "split_above" => config.split_above = value.extract()?,
                "share_from" => config.share_from = value.extract()?,
                "compression" => {
                    if let Some(options) = DeflateOptions::read(value)? {
                        config.deflate = options.config();
                    }
                }
                "coupled" => coupled = value.extract()?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if coupled {
            config = Coupling::configure(config);
        }
        Ok(Self { config, coupled })
    }
}

/// What a peer may make a handshake hold, and for how long.
pub(crate) fn head_limits(options: Option<&Bound<'_, PyDict>>) -> PyResult<HeadLimits> {
    let mut limits = HeadLimits::default();
    each(options, |name, value| {
        match name {
            "max_head" => limits.max_head = limit(value)?,
            "max_line" => limits.max_line = limit(value)?,
            "max_fields" => limits.max_fields = limit(value)?,
            "max_interim" => limits.max_interim = count(value)?,
            "max_body" => limits.max_body = limit(value)?,
            "within" => limits.within = duration(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(limits)
}

/// Hands over each option; `take` says whether there is such a one.
pub(crate) fn each(
    options: Option<&Bound<'_, PyDict>>,
    mut take: impl FnMut(&str, &Bound<'_, PyAny>) -> PyResult<bool>,
) -> PyResult<()> {
    for (name, value) in options.into_iter().flatten() {
        let name = name.cast_into::<PyString>()?;
        let name = name.to_str()?;
        if !take(name, &value)? {
            let text = format!("got an unexpected keyword argument '{name}'");
            return Err(PyTypeError::new_err(text));
        }
    }
    Ok(())
}

/// A limit; `None` is none.
pub(crate) fn limit(value: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(value.extract::<Option<usize>>()?.unwrap_or(Limits::UNLIMITED))
}

fn count(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    Ok(value.extract::<Option<u32>>()?.unwrap_or(u32::MAX))
}

/// Seconds; `None` is off.
fn duration(value: &Bound<'_, PyAny>) -> PyResult<Option<Duration>> {
    let seconds = value.extract::<Option<f64>>()?;
    seconds.map(Duration::try_from_secs_f64).transpose().map_err(invalid)
}

/// A moment on the caller's clock, in seconds.
pub(crate) fn instant(now: f64) -> PyResult<Instant> {
    Duration::try_from_secs_f64(now).map(Instant::from).map_err(invalid)
}

/// The first moment, in seconds, that is not before `at` when it is told.
pub(crate) fn seconds(at: Instant) -> f64 {
    let seconds = at.as_nanos() as f64 / 1e9;
    match instant(seconds) {
        Ok(told) if told < at => seconds.next_up(),
        _ => seconds,
    }
}
