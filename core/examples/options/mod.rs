//! The command lines of the examples.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use wspair::deflate::Zlib;
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
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            let config = &mut options.config;
            match arg.as_str() {
                "--host" => options.host = value()?,
                "--port" => options.port = value()?.parse()?,
                "--max-message" => config.limits.max_message = value()?.parse()?,
                "--max-fragments" => config.limits.max_fragments = value()?.parse()?,
                "--handshake-within" => options.head.within = seconds(&value()?)?,
                "--close-within" => config.close_within = seconds(&value()?)?,
                "--ping-after" => config.ping_after = seconds(&value()?)?,
                "--pong-within" => config.pong_within = seconds(&value()?)?,
                "--subprotocol" => options.subprotocol = Some(value()?),
                "--origin" => origins.push(value()?),
                "--deflate" => {
                    options.policy.deflate = Some(DeflatePolicy::default());
                    options.offer = Some(DeflateOffer::default());
                    // One stock of codecs for all connections.
                    config.deflate.codec = Some(Arc::new(Zlib::with_stock(16)));
                }
                "--text" => options.text.push(value()?),
                _ if arg.starts_with("--") => return Err(format!("no such option: {arg}").into()),
                _ => options.rest.push(arg),
            }
        }
        if !origins.is_empty() {
            options.policy.origins = Some(Origins::new(origins.iter().map(String::as_str))?);
        }
        Ok(options)
    }
}

fn seconds(text: &str) -> Result<Option<Duration>, Box<dyn Error>> {
    Ok(Some(Duration::try_from_secs_f64(text.parse()?)?))
}
