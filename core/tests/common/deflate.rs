//! Connections that agreed on compression.

use std::sync::Arc;

use wspair::handshake::DeflateParams;
use wspair::{Config, Connection, MaskKeys, Negotiated, Role};

use super::frames_from;

/// Both sides' windows, and whether they keep their context.
pub fn params(window_bits: u8, takeover: bool) -> DeflateParams {
    let mut params = DeflateParams::default();
    params.server_no_context_takeover = !takeover;
    params.client_no_context_takeover = !takeover;
    params.server_max_window_bits = window_bits;
    params.client_max_window_bits = window_bits;
    params
}

pub fn deflating(role: Role, config: impl Into<Arc<Config>>, params: DeflateParams) -> Connection {
    let mut agreed = Negotiated::default();
    agreed.deflate = Some(params);
    match role {
        Role::Server => Connection::server(config, agreed),
        Role::Client => Connection::client(config, agreed, MaskKeys::from_seed([7; 32])),
    }
}

/// A configuration that keeps no codecs between messages: what other tests left in the stock that is
/// shared counts in no measurement then.
#[cfg(feature = "deflate")]
pub fn unshared(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.deflate.codec = Some(Arc::new(wspair::deflate::Zlib::default()));
    set(&mut config);
    config
}

pub fn other(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

/// The messages in frames as [`frames_from`] reads them: the first byte without FIN, and the
/// payloads of all parts; control frames are left out.
pub fn messages_from(role: Role, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
    for (first, payload) in frames_from(role, bytes) {
        match first & 0x0f {
            0 => {
                assert_eq!(first & 0x70, 0, "reserved bits on a continuation");
                messages.last_mut().unwrap().1.extend(payload);
            }
            1 | 2 => messages.push((first & 0x7f, payload)),
            _ => {}
        }
    }
    messages
}

/// Bytes that DEFLATE finds nothing in, from a small generator.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Text like what applications send.
pub fn json(len: usize, seed: usize) -> String {
    let record = |at: usize| {
        let id = seed.wrapping_mul(31).wrapping_add(at * 7919) % 100_000;
        format!(r#"{{"id":{id},"user":"u{}","price":{}.5,"tags":["a","b"]}},"#, id % 97, id % 977)
    };
    let mut text: String = (0..=len / 40).map(record).collect();
    text.truncate(len);
    text
}
