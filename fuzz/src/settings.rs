//! Every setting that a connection can have, from a few bytes.

use std::sync::Arc;
use std::time::Duration;

use wspair::deflate::{Codec, Compressor, CompressorParams, Decompressor, Zlib};

use wspair::handshake::DeflateParams;
use wspair::{Config, Connection, Delivery, Limits, MaskKeys, Negotiated, Role};

/// A configuration from six bits, with limits that short inputs reach.
pub fn config(flags: u8) -> Config {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let mut config = Config::default();
    config.delivery = if on(0) { Delivery::Chunks } else { Delivery::Messages };
    config.auto_pong = !on(1);
    config.auto_close = !on(2);
    config.limits.max_message = if on(3) { 64 } else { Limits::UNLIMITED };
    config.limits.max_frame = if on(4) { 32 } else { Limits::UNLIMITED };
    config.limits.max_fragments = if on(5) { 3 } else { u32::MAX };
    config
}

/// Role, configuration and what was agreed on: everything from nothing to the most there is.
#[derive(Clone, Debug)]
pub struct Settings {
    pub role: Role,
    pub config: Config,
    pub agreed: Negotiated,
}

impl Settings {
    pub fn new([flags, limits, sizes, timers, deflate, windows]: [u8; 6]) -> Self {
        let mut config = config(flags & 0x07);
        config.auto_end = flags >> 3 & 1 == 0;
        let role = if flags >> 4 & 1 == 1 { Role::Server } else { Role::Client };

        config.limits.max_message = pick(limits, [0, 1, 64, Limits::UNLIMITED]);
        config.limits.max_frame = pick(limits >> 2, [0, 1, 32, Limits::UNLIMITED]);
        config.limits.max_fragments = pick(limits >> 4, [0, 1, 3, u32::MAX]);
        config.limits.max_outgoing = pick(limits >> 6, [0, 100, 1000, Limits::UNLIMITED]);

        config.split_above = pick(sizes, [None, Some(0), Some(100), Some(usize::MAX)]);
        config.share_from = pick(sizes >> 2, [0, 1, 200, usize::MAX]);
        config.limits.high_water_mark = pick(sizes >> 4, [0, 1, 100, usize::MAX]);
        config.deflate.threshold = pick(sizes >> 6, [0, 1, 50, usize::MAX]);

        let spans = [None, Some(Duration::ZERO), Some(Duration::from_secs(5)), Some(Duration::MAX)];
        config.ping_after = pick(timers, spans);
        config.pong_within = pick(timers >> 2, spans);
        config.close_within = pick(timers >> 4, spans);
        config.deflate.level = timers >> 6;

        // What no level or window is counts as the nearest.
        config.deflate.mem_level = deflate >> 4;
        config.deflate.codec = codec(deflate >> 3 & 1 == 1, windows >> 7 == 1);
        let agreed = agreed(deflate & 1 == 1, deflate >> 1, windows & 0xF, windows >> 4);
        Self { role, config, agreed }
    }

    pub fn connection(&self) -> Connection {
        let Self { role, config, agreed } = self.clone();
        match role {
            Role::Server => Connection::server(config, agreed),
            Role::Client => Connection::client(config, agreed, MaskKeys::from_seed([7; 32])),
        }
    }
}

/// What a handshake agrees on: the windows are 8 to 15.
pub fn agreed(deflate: bool, no_takeover: u8, server_bits: u8, client_bits: u8) -> Negotiated {
    let mut params = DeflateParams::default();
    params.server_no_context_takeover = no_takeover & 1 == 1;
    params.client_no_context_takeover = no_takeover >> 1 & 1 == 1;
    params.server_max_window_bits = 8 + server_bits % 8;
    params.client_max_window_bits = 8 + client_bits % 8;
    let mut agreed = Negotiated::default();
    agreed.deflate = deflate.then_some(params);
    agreed
}

/// The default codec, one that keeps what it made, or one that has only what it must.
pub fn codec(other: bool, stock: bool) -> Option<Arc<dyn Codec>> {
    match (other, stock) {
        (false, _) => None,
        (true, true) => Some(Arc::new(Zlib::with_stock(2))),
        (true, false) => Some(Arc::new(Plain(Zlib::default()))),
    }
}

/// A codec without the methods that have a default.
#[derive(Debug)]
struct Plain(Zlib);

impl Codec for Plain {
    fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
        self.0.compressor(params)
    }

    fn decompressor(&self, window_bits: u8) -> Box<dyn Decompressor> {
        self.0.decompressor(window_bits)
    }
}

/// The choice that the two lowest bits name.
fn pick<T>(bits: u8, choices: [T; 4]) -> T {
    let [zero, one, two, three] = choices;
    match bits & 3 {
        0 => zero,
        1 => one,
        2 => two,
        _ => three,
    }
}
