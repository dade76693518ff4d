//! The command lines of the examples.

use std::error::Error;
use std::sync::Arc;

use wspair::Config;
use wspair::deflate::Zlib;
use wspair::handshake::{DeflateOffer, DeflatePolicy, Origins, Policy};

/// What the hosts can be told; each leaves what it has no use for.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) config: Config,
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
            policy: Policy::default(),
            subprotocol: None,
            offer: None,
            text: Vec::new(),
            rest: Vec::new(),
        };
        let mut origins = Vec::new();
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            let limits = &mut options.config.limits;
            match arg.as_str() {
                "--host" => options.host = value()?,
                "--port" => options.port = value()?.parse()?,
                "--max-message" => limits.max_message = value()?.parse()?,
                "--max-fragments" => limits.max_fragments = value()?.parse()?,
                "--subprotocol" => options.subprotocol = Some(value()?),
                "--origin" => origins.push(value()?),
                "--deflate" => {
                    options.policy.deflate = Some(DeflatePolicy::default());
                    options.offer = Some(DeflateOffer::default());
                    // One stock of codecs for all connections.
                    options.config.deflate.codec = Some(Arc::new(Zlib::with_stock(16)));
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
