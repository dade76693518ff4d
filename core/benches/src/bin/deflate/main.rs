//! permessage-deflate beside yawc, sockudo-ws and the bare DEFLATE library, in one run.
//!
//! ```text
//! cargo run --release --bin deflate
//! cargo run --release --bin deflate -- --instructions plain|agreed MESSAGES
//! ```
//!
//! The second echoes uncompressed messages of 125 bytes, for `valgrind --tool=callgrind`: without
//! and with compression agreed on.

#![allow(clippy::cast_precision_loss)]

mod memory;
mod peers;

use std::fmt::Write;

use rustix::time::{ClockId, clock_gettime};
use wspair::handshake::DeflateParams;
use wspair::{Compression, Config, Connection, Event, MaskKeys, Negotiated};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush};

/// Messages of one pass, each a little different from the one before.
const MESSAGES: usize = 2000;
const ROUNDS: usize = 11;
const WINDOW: u8 = 12;
const LEVEL: u8 = 1;
const MEM_LEVEL: u8 = 5;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--instructions", agreed, count] => {
            echo(agreed == "agreed", count.parse().expect("a number"));
        }
        [] => {
            memory::table();
            table();
        }
        _ => panic!("usage: [--instructions plain|agreed MESSAGES]"),
    }
}

fn table() {
    println!(
        "window {WINDOW}, level {LEVEL}, memory level {MEM_LEVEL}; CPU ns a message, medians of {ROUNDS} rounds"
    );
    println!(
        "yawc: whole connections, memory level its own; sockudo-ws: its codec, without frames"
    );
    println!(
        "| {:30} | {:>8} | {:>8} | {:>6} | {:>8} | {:>10} | {:>5} |",
        "", "wspair", "zlib-rs", "x bare", "yawc", "sockudo-ws", "ratio"
    );
    println!("| {:-<30} | -------: | -------: | -----: | -------: | ---------: | ----: |", "");
    for size in [200, 4096] {
        for takeover in [true, false] {
            let messages: Vec<_> = (0..MESSAGES).map(|seed| json(size, seed)).collect();
            let wire = sent(takeover, &messages);
            let ratio = (size * MESSAGES) as f64 / wire.len() as f64;
            let payloads = payloads(&wire);
            let context = if takeover { "context" } else { "no context" };
            row(
                &format!("compress {size}, {context}"),
                ratio,
                &mut [
                    &mut || drop(sent(takeover, &messages)),
                    &mut || compress_bare(takeover, &messages),
                    &mut || peers::yawc_send(takeover, &messages),
                    &mut || peers::sockudo_compress(takeover, &messages),
                ],
            );
            row(
                &format!("decompress {size}, {context}"),
                ratio,
                &mut [
                    &mut || receive(takeover, &wire),
                    &mut || decompress_bare(takeover, &payloads),
                    &mut || peers::yawc_receive(takeover, &wire),
                    &mut || peers::sockudo_decompress(takeover, &payloads),
                ],
            );
        }
    }
}

fn row(name: &str, ratio: f64, runs: &mut [&mut dyn FnMut(); 4]) {
    let mut samples = [vec![], vec![], vec![], vec![]];
    for _ in 0..=ROUNDS {
        for (run, samples) in runs.iter_mut().zip(&mut samples) {
            let start = cpu_time();
            run();
            samples.push((cpu_time() - start) * 1e9 / MESSAGES as f64);
        }
    }
    let [ours, bare, yawc, sockudo] = samples.map(|mut samples| {
        samples.remove(0);
        samples.sort_by(f64::total_cmp);
        samples[ROUNDS / 2]
    });
    println!(
        "| {name:30} | {ours:8.0} | {bare:8.0} | {:6.2} | {yawc:8.0} | {sockudo:10.0} | {ratio:5.2} |",
        ours / bare
    );
}

/// Seconds that this thread has run: others on the machine do not count.
fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn agreed(takeover: bool) -> Negotiated {
    let mut params = DeflateParams::default();
    params.server_no_context_takeover = !takeover;
    params.client_no_context_takeover = !takeover;
    params.server_max_window_bits = WINDOW;
    params.client_max_window_bits = WINDOW;
    let mut agreed = Negotiated::default();
    agreed.deflate = Some(params);
    agreed
}

fn config() -> Config {
    let mut config = Config::default();
    config.deflate.level = LEVEL;
    config.deflate.mem_level = MEM_LEVEL;
    config.deflate.codec = Some(std::sync::Arc::new(wspair::deflate::Zlib::with_stock(2)));
    config
}

/// What a server sends.
fn sent(takeover: bool, messages: &[String]) -> Vec<u8> {
    let mut conn = Connection::server(config(), agreed(takeover));
    let mut wire = Vec::with_capacity(1 << 20);
    for message in messages {
        conn.sender().with_compression(Compression::On).send_text(message).expect("room");
        conn.transmit().drain_into(&mut wire);
    }
    wire
}

fn receive(takeover: bool, wire: &[u8]) {
    let mut conn = Connection::client(config(), agreed(takeover), MaskKeys::from_seed([7; 32]));
    let mut wire = wire.to_vec();
    let mut count = 0;
    for piece in wire.chunks_mut(64 << 10) {
        let mut received = conn.receive(piece);
        while let Some(event) = received.next() {
            assert!(matches!(event, Event::Text(_)));
            count += 1;
        }
    }
    assert_eq!(count, MESSAGES);
}

fn payloads(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut payloads = Vec::new();
    while let [_, len, rest @ ..] = wire {
        let (len, rest) = match len {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            len => (usize::from(*len), rest),
        };
        payloads.push(&rest[..len]);
        wire = &rest[len..];
    }
    payloads
}

fn compress_bare(takeover: bool, messages: &[String]) {
    let mut deflate = Deflate::new_with_config(DeflateConfig {
        level: LEVEL.into(),
        window_bits: -i32::from(WINDOW),
        mem_level: MEM_LEVEL.into(),
        ..DeflateConfig::default()
    });
    let mut out = vec![0; 16 << 10];
    for message in messages {
        if !takeover {
            deflate.reset();
        }
        deflate.compress(message.as_bytes(), &mut out, DeflateFlush::SyncFlush).expect("room");
        std::hint::black_box(&out);
    }
}

fn decompress_bare(takeover: bool, payloads: &[&[u8]]) {
    let mut inflate = Inflate::new(false, 15);
    let mut out = vec![0; 16 << 10];
    for payload in payloads {
        if !takeover {
            inflate.reset(false);
        }
        for piece in [payload, &[0, 0, 0xff, 0xff][..]] {
            inflate.decompress(piece, &mut out, InflateFlush::SyncFlush).expect("good");
        }
        std::hint::black_box(&out);
    }
}

fn echo(agrees: bool, count: usize) {
    let params = if agrees { agreed(true) } else { Negotiated::default() };
    let mut conn = Connection::server(Config::default(), params);
    let frame: Vec<u8> = [&[0x82, 0xfd, 1, 2, 3, 4][..], &[9; 125]].concat();
    let frames = frame.repeat(100);
    let mut out = Vec::with_capacity(1 << 20);
    for _ in 0..count / 100 {
        let mut input = frames.clone();
        let mut received = conn.receive(&mut input);
        while let Some((event, sender)) = received.next_and_sender() {
            let Event::Binary(data) = event else { panic!("{event:?}") };
            sender.with_compression(Compression::Off).send_binary(&*data).expect("room");
        }
        out.clear();
        conn.transmit().drain_into(&mut out);
    }
}

fn json(size: usize, seed: usize) -> String {
    let mut text = String::new();
    for at in 0.. {
        let n = (seed * 7919 + at * 104_729) % 1_000_003;
        let trade = if n.is_multiple_of(3) { "buy" } else { "sell" };
        write!(
            text,
            r#"{{"id":{n},"symbol":"S{}","price":{}.{:02},"size":{},"side":"{trade}"}},"#,
            n % 50,
            n % 1000,
            n % 97,
            n % 300,
        )
        .expect("memory");
        if text.len() >= size {
            break;
        }
    }
    text.truncate(size);
    text
}
