//! The command lines of the examples.

use std::error::Error;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use wspair::handshake::{DeflateOffer, DeflatePolicy, HeadLimits, Origins, Policy};
use wspair::{Config, Limits};

/// What the hosts can be told; each leaves what it has no use for.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) config: Config,
    pub(crate) head: HeadLimits,
    pub(crate) policy: Policy,
    pub(crate) subprotocol: Option<String>,
    /// What a client offers.
    pub(crate) offer: Option<DeflateOffer>,
    /// Messages to send, one after the other.
    pub(crate) text: Vec<String>,
    /// Whatever is not an option.
    pub(crate) rest: Vec<String>,
}

impl Options {
    pub(crate) fn parse() -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            host: "127.0.0.1".into(),
            port: 0,
            config: Config::default(),
            head: HeadLimits::default(),
            policy: Policy::default(),
            subprotocol: None,
            offer: None,
            text: Vec::new(),
            rest: Vec::new(),
        };
        // The hosts stop reading at the mark, and what waits is bounded by that.
        options.config.limits.max_outgoing = Limits::UNLIMITED;
        let mut origins = Vec::new();
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let name = arg.as_str();
            let mut value = || args.next().ok_or(format!("{name} needs a value"));
            let config = &mut options.config;
            match name {
                "--host" => options.host = value()?,
                "--port" => options.port = number(name, &value()?)?,
                "--max-message" => config.limits.max_message = number(name, &value()?)?,
                "--max-fragments" => config.limits.max_fragments = number(name, &value()?)?,
                "--handshake-within" => options.head.within = seconds(name, &value()?)?,
                "--close-within" => config.close_within = seconds(name, &value()?)?,
                "--ping-after" => config.ping_after = seconds(name, &value()?)?,
                "--pong-within" => config.pong_within = seconds(name, &value()?)?,
                "--subprotocol" => options.subprotocol = Some(value()?),
                "--origin" => origins.push(value()?),
                "--deflate" => {
                    options.policy.deflate = Some(DeflatePolicy::default());
                    options.offer = Some(DeflateOffer::default());
                }
                "--text" => options.text.push(value()?),
                _ if name.starts_with("--") => return Err(format!("no such option: {name}").into()),
                _ => options.rest.push(arg),
            }
        }
        if !origins.is_empty() {
            options.policy.origins = Some(Origins::new(origins.iter().map(String::as_str))?);
        }
        Ok(options)
    }
}

fn number<T>(name: &str, value: &str) -> Result<T, String>
where
    T: FromStr<Err: Display>,
{
    value.parse().map_err(|error| format!("{name} {value}: {error}"))
}

fn seconds(name: &str, value: &str) -> Result<Option<Duration>, String> {
    let seconds = Duration::try_from_secs_f64(number(name, value)?);
    seconds.map(Some).map_err(|error| format!("{name} {value}: {error}"))
}
