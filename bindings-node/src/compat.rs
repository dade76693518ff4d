//! Compatibility dates and flags, as the numbers that pairs are made with.

use napi_derive::napi;
use wspair_core::pair::{Compat, Flag};

/// A behaviour of the runtime: for the pair as bits, for the shell as the names of what is on.
#[napi(object)]
pub(crate) struct Behaviour {
    /// What `pairNew` takes.
    pub bits: u32,
    /// The runtime's names of the flags that are on.
    pub on: Vec<String>,
    /// Those of the program's list that mean nothing here.
    pub unknown: Vec<String>,
}

/// The behaviour at a date, with the flags of a program's list. Without a date the newest.
#[napi(catch_unwind)]
pub(crate) fn compat(year: Option<u16>, month: u8, day: u8, flags: Vec<String>) -> Behaviour {
    let start = year.map_or_else(Compat::newest, |year| Compat::at(year, month, day));
    let mut unknown = Vec::new();
    let compat = flags.into_iter().fold(start, |compat, name| {
        compat.with_named(&name).unwrap_or_else(|| {
            unknown.push(name);
            compat
        })
    });
    let on = || Flag::ALL.into_iter().filter(|flag| compat.has(*flag));
    Behaviour {
        bits: on().fold(0, |bits, flag| bits | bit(flag)),
        on: on().map(|flag| flag.name().to_owned()).collect(),
        unknown,
    }
}

/// The behaviour of `bits`.
pub(crate) fn from_bits(bits: u32) -> Compat {
    Flag::ALL
        .into_iter()
        .fold(Compat::newest(), |compat, flag| compat.with(flag, bits & bit(flag) != 0))
}

fn bit(flag: Flag) -> u32 {
    1 << flag as u8
}
