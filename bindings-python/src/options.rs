//! Keyword arguments. What is not given keeps the engine's default.

use std::time::Duration;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};
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
                "high_water_mark" | "outgoing_mark" => limits.high_water_mark = limit(value)?,
                "chunks" if flag(value)? => config.delivery = Delivery::Chunks,
                "chunks" => config.delivery = Delivery::Messages,
                "auto_pong" => config.auto_pong = flag(value)?,
                "auto_close" => config.auto_close = flag(value)?,
                "auto_end" => config.auto_end = flag(value)?,
                "ping_after" => config.ping_after = duration(value)?,
                "pong_within" => config.pong_within = duration(value)?,
                "close_within" => config.close_within = duration(value)?,
                "split_above" => config.split_above = extract(value, "numbers of bytes, or None")?,
                "share_from" => config.share_from = extract(value, "numbers of bytes")?,
                "compression" => {
                    if let Some(options) = DeflateOptions::read(value)? {
                        config.deflate = options.config();
                    }
                }
                "coupled" => coupled = flag(value)?,
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
    mut take: impl FnMut(&str, &Bound<'_, PyAny>) -> Result<bool, Wrong>,
) -> PyResult<()> {
    for (name, value) in options.into_iter().flatten() {
        let name = name.cast_into::<PyString>()?;
        let name = name.to_str()?;
        match take(name, &value) {
            Ok(true) => {}
            Ok(false) => {
                let text = format!("got an unexpected keyword argument '{name}'");
                return Err(PyTypeError::new_err(text));
            }
            Err(wrong) => return Err(wrong.into_error(name, &value)),
        }
    }
    Ok(())
}

/// What is wrong with an option's value.
pub(crate) enum Wrong {
    /// It is of another type, or out of range; with what is allowed.
    Value(&'static str),
    /// That is said already.
    Told(PyErr),
}

impl From<PyErr> for Wrong {
    fn from(error: PyErr) -> Self {
        Self::Told(error)
    }
}

impl Wrong {
    /// A value of the right type can only be out of range.
    fn into_error(self, name: &str, value: &Bound<'_, PyAny>) -> PyErr {
        let allowed = match self {
            Self::Told(error) => return error,
            Self::Value(allowed) => allowed,
        };
        let shown = value.repr().map_or_else(|_| "?".into(), |it| it.to_string());
        let text = format!("{name} is {shown}; allowed are {allowed}");
        let is_number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
        let takes_whole = !allowed.starts_with("seconds");
        if !is_number || is_bool(value) || (takes_whole && value.is_instance_of::<PyFloat>()) {
            PyTypeError::new_err(text)
        } else {
            invalid(text)
        }
    }
}

/// A limit in bytes; `None` is none.
pub(crate) fn limit(value: &Bound<'_, PyAny>) -> Result<usize, Wrong> {
    let bytes = extract::<Option<usize>>(value, "numbers of bytes from 0 on, or None")?;
    Ok(bytes.unwrap_or(Limits::UNLIMITED))
}

fn count(value: &Bound<'_, PyAny>) -> Result<u32, Wrong> {
    Ok(extract::<Option<u32>>(value, "numbers from 0 on, or None")?.unwrap_or(u32::MAX))
}

fn flag(value: &Bound<'_, PyAny>) -> Result<bool, Wrong> {
    value.extract().map_err(|_| Wrong::Value("True and False"))
}

/// Seconds; `None` is off.
fn duration(value: &Bound<'_, PyAny>) -> Result<Option<Duration>, Wrong> {
    let allowed = "seconds from 0 on, or None";
    let seconds = extract::<Option<f64>>(value, allowed)?;
    let duration = seconds.map(Duration::try_from_secs_f64).transpose();
    duration.map_err(|_| Wrong::Value(allowed))
}

fn extract<'py, T: FromPyObjectOwned<'py>>(
    value: &Bound<'py, PyAny>,
    allowed: &'static str,
) -> Result<T, Wrong> {
    if is_bool(value) {
        return Err(Wrong::Value(allowed));
    }
    value.extract().map_err(|_| Wrong::Value(allowed))
}

fn is_bool(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBool>()
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
