//! The codecs that all configurations share which name none: few, however many connections there are.
//! Alone in its process, as what others leave there would be measured too.
#![cfg(feature = "deflate")]

mod common;
#[path = "common/heap.rs"]
mod heap;

use common::deflate::*;
use common::*;
use heap::measured;
use wspair::deflate::{CompressorParams, Zlib};
use wspair::{Config, Connection, Kind, Role};

#[test]
fn connections_without_takeover_share_a_few_codecs_and_no_more_are_kept() {
    const CONNECTIONS: usize = 30;
    let message = json(200, 1);
    let pair = || {
        let params = params(12, false);
        (
            deflating(Role::Server, Config::default(), params),
            deflating(Role::Client, Config::default(), params),
        )
    };
    let mut pairs: Vec<_> = (0..CONNECTIONS).map(|_| pair()).collect();
    let whole = |(server, client): &mut (Connection, Connection)| {
        server.send_text(&message).unwrap();
        assert_eq!(feed(client, Way::Mutable, &output(server)), [text(&message)]);
    };
    let params = CompressorParams { window_bits: 12, level: 1, mem_level: 5 };
    let of_one = Zlib::compressor_size(params) + Zlib::DECOMPRESSOR_SIZE;
    let of_connections = 1500 * 2 * CONNECTIONS;

    // One after the other they need one pair of codecs.
    let ((), heap) = measured(|| pairs.iter_mut().for_each(whole));
    assert!(heap.live <= of_one + of_connections, "{heap:?}");
    let ((), heap) = measured(|| pairs.iter_mut().for_each(whole));
    assert!(heap.peak <= 5000, "{heap:?}");

    // All in the middle of a message at once: each has its own, and afterwards few are kept.
    let ((), heap) = measured(|| {
        for fin in [false, true] {
            for (server, client) in &mut pairs {
                server.send_fragment(Kind::Text, message.as_bytes(), fin).unwrap();
                feed(client, Way::Mutable, &output(server));
            }
        }
    });
    assert!(heap.peak >= (CONNECTIONS - 1) * 100_000, "{heap:?}");
    let kept = Zlib::SHARED_STOCK * of_one;
    assert!(heap.live <= kept + of_connections, "{heap:?}");
    assert!(kept <= 7 << 18, "as the documentation says: {kept}");
    drop(pairs);
    let ((), heap) = measured(|| whole(&mut pair()));
    assert!(heap.peak <= 10_000 && heap.live == 0, "{heap:?}");
}
