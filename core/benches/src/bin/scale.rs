//! What many connections cost: bytes of each, and CPU time of a message while others have theirs.
//!
//! ```text
//! cargo run --release --no-default-features --bin scale            # tables
//! cargo run --release --no-default-features --bin scale -- csv     # for scale.py, which draws them
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wspair::handshake::DeflateParams;
use wspair::{Config, Connection, Event, Instant, MaskKeys, Negotiated, Prepared};

/// The system's allocator, with a count of the bytes in use.
struct Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls go to the system's allocator as they come; the count changes nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const COUNTS: [usize; 6] = [1, 10, 100, 1000, 10_000, 100_000];
/// A compressor and a decompressor are 200 KiB, where they keep their windows.
const COMPRESSED: [usize; 4] = [1, 10, 100, 1000];
const RECEIVERS: [usize; 5] = [1, 10, 100, 1000, 10_000];
/// Messages that make a sample.
const MESSAGES: usize = 200_000;
const ROUNDS: usize = 5;

fn main() {
    let is_csv = std::env::args().nth(1).as_deref() == Some("csv");
    let print = |table: &str, columns: &[&str], rows: &dyn Fn() -> Vec<Vec<f64>>| {
        println!("{}{table}", if is_csv { "# " } else { "\n" });
        let (open, between, close) = if is_csv { ("", ",", "") } else { ("| ", " | ", " |") };
        println!("{open}{}{close}", columns.join(between));
        if !is_csv {
            println!("|{}", "--:|".repeat(columns.len()));
        }
        for row in rows() {
            let cells: Vec<_> = row.iter().map(|cell| format!("{cell:.0}")).collect();
            println!("{open}{}{close}", cells.join(between));
        }
    };
    print("bytes a connection", &["connections", "idle", "after traffic", "given back"], &memory);
    print("ns an echo of 125 bytes", &["connections", "in turn", "at random"], &messages);
    let columns =
        ["connections", "idle", "window kept", "given back", "no window kept", "given back"];
    print("bytes a compressed connection", &columns, &compressed_memory);
    let columns = ["connections", "window kept", "no window kept"];
    print("ns a compressed echo of 200 bytes", &columns, &compressed_messages);
    let columns =
        ["receivers", "125 B prepared", "125 B copied", "16 KiB prepared", "16 KiB copied"];
    print("ns a receiver of a broadcast", &columns, &broadcast);
}

#[allow(clippy::cast_precision_loss)]
fn per(total: u128, count: usize) -> f64 {
    total as f64 / count as f64
}

fn connections(count: usize) -> Vec<Connection> {
    let config = Arc::new(Config::default());
    (0..count).map(|_| Connection::server(config.clone(), Negotiated::default())).collect()
}

/// A masked binary message of 125 bytes.
fn message() -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | 125, 0x37, 0xfa, 0x21, 0x3d];
    frame.resize(6 + 125, 0x55);
    frame
}

/// Reads a message in two halves, and answers it.
fn echo_halves(conn: &mut Connection, out: &mut Vec<u8>) {
    let mut input = message();
    let (first, second) = input.split_at_mut(60);
    for half in [first, second] {
        echo(conn, half, out);
    }
}

#[inline]
fn echo(conn: &mut Connection, input: &mut [u8], out: &mut Vec<u8>) {
    let mut received = conn.receive(input);
    while let Some((event, mut sender)) = received.next_and_sender() {
        if let Event::Binary(data) = event {
            sender.send_binary(data.as_bytes()).expect("room");
        }
    }
    out.clear();
    conn.transmit().drain_into(out);
}

fn memory() -> Vec<Vec<f64>> {
    let live = || LIVE.load(Relaxed) as u128;
    let mut out = Vec::with_capacity(1 << 10);
    let row = |&count: &usize| {
        let before = live();
        let mut all = connections(count);
        let idle = live() - before;
        all.iter_mut().for_each(|conn| (0..10).for_each(|_| echo_halves(conn, &mut out)));
        let active = live() - before;
        for second in 0..6 {
            let now = Instant::from(Duration::from_secs(second));
            all.iter_mut().for_each(|conn| while conn.handle_timeout(now).next().is_some() {});
        }
        let given_back = live() - before;
        vec![per(count as u128, 1), per(idle, count), per(active, count), per(given_back, count)]
    };
    COUNTS.iter().map(row).collect()
}

fn messages() -> Vec<Vec<f64>> {
    let frame = message();
    let (mut input, mut out) = (frame.clone(), Vec::with_capacity(1 << 10));
    let mut row = |&count: &usize| {
        let mut all = connections(count);
        let mut pass = |next: &mut dyn FnMut(usize) -> usize| {
            sample(MESSAGES.max(2 * count), |at| {
                input.copy_from_slice(&frame);
                echo(&mut all[next(at)], &mut input, &mut out);
                black_box(&out);
            })
        };
        let in_turn = pass(&mut |at| at % count);
        // Marsaglia's xorshift: which one is next is not to cost anything.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let at_random = pass(&mut |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 1).expect("63 bits") % count
        });
        vec![per(count as u128, 1), in_turn, at_random]
    };
    COUNTS.iter().map(&mut row).collect()
}

/// Windows of 12 bits, which are what a server's policy has by default.
fn compressing(takeover: bool) -> Negotiated {
    let mut agreed = Negotiated::default();
    let params = DeflateParams::default()
        .with_server_max_window_bits(12)
        .with_client_max_window_bits(12)
        .with_server_no_context_takeover(!takeover)
        .with_client_no_context_takeover(!takeover);
    agreed.deflate = Some(params);
    agreed
}

fn compressed_connections(count: usize, takeover: bool) -> Vec<Connection> {
    let config = Arc::new(Config::default());
    (0..count).map(|_| Connection::server(config.clone(), compressing(takeover))).collect()
}

/// What a client sends, one message a frame: nothing in it refers to what was before the first, so
/// that all may be sent again.
fn compressed_frames(takeover: bool) -> Vec<Vec<u8>> {
    let mut client =
        Connection::client(Config::default(), compressing(takeover), MaskKeys::from_seed([7; 32]));
    let frame = |at: u32| {
        let text = format!(
            r#"{{"id":{at},"user":"goose-{}","action":"moved","from":[{},{}],"to":[{},{}],"#,
            at % 7,
            at * 31 % 100,
            at * 17 % 100,
            at * 13 % 100,
            at * 7 % 100,
        );
        let text =
            format!("{text}{:>1$}", r#""room":"the long meadow by the river"}"#, 200 - text.len());
        client.send_text(&text).expect("room");
        let mut frame = Vec::new();
        client.transmit().drain_into(&mut frame);
        frame
    };
    (0..16).map(frame).collect()
}

fn compressed_memory() -> Vec<Vec<f64>> {
    let live = || LIVE.load(Relaxed) as u128;
    let mut out = Vec::with_capacity(1 << 10);
    let row = |&count: &usize| {
        let mut cells = vec![per(count as u128, 1)];
        for takeover in [true, false] {
            let frames = compressed_frames(takeover);
            let before = live();
            let mut all = compressed_connections(count, takeover);
            if takeover {
                cells.push(per(live() - before, count));
            }
            for conn in &mut all {
                frames.iter().for_each(|frame| echo_text(conn, &mut frame.clone(), &mut out));
            }
            cells.push(per(live() - before, count));
            for second in 0..6 {
                let now = Instant::from(Duration::from_secs(second));
                all.iter_mut().for_each(|conn| while conn.handle_timeout(now).next().is_some() {});
            }
            cells.push(per(live() - before, count));
        }
        cells
    };
    COMPRESSED.iter().map(row).collect()
}

fn compressed_messages() -> Vec<Vec<f64>> {
    let (mut input, mut out) = (Vec::with_capacity(1 << 10), Vec::with_capacity(1 << 10));
    let mut row = |&count: &usize| {
        let mut cells = vec![per(count as u128, 1)];
        for takeover in [true, false] {
            let frames = compressed_frames(takeover);
            let mut all = compressed_connections(count, takeover);
            cells.push(sample(16 * COMPRESSED[3], |at| {
                input.clear();
                input.extend_from_slice(&frames[at / count % frames.len()]);
                echo_text(&mut all[at % count], &mut input, &mut out);
                black_box(&out);
            }));
        }
        cells
    };
    COMPRESSED.iter().map(&mut row).collect()
}

fn echo_text(conn: &mut Connection, input: &mut [u8], out: &mut Vec<u8>) {
    let mut received = conn.receive(input);
    while let Some((event, mut sender)) = received.next_and_sender() {
        match event {
            Event::Text(text) => sender.send_text(&text).expect("room"),
            other => panic!("{other:?}"),
        }
    }
    out.clear();
    conn.transmit().drain_into(out);
}

fn broadcast() -> Vec<Vec<f64>> {
    let mut copy = Vec::with_capacity(1 << 16);
    let mut row = |&count: &usize| {
        let mut all = connections(count);
        let mut cells = vec![per(count as u128, 1)];
        for len in [125, 16 << 10] {
            let payload = vec![0x55; len];
            let prepared = Prepared::binary(&payload);
            cells.push(sample(MESSAGES.max(2 * count) / 4, |at| {
                let conn = &mut all[at % count];
                conn.send_prepared(&prepared).expect("room");
                // The system takes it from where it lies.
                let mut output = conn.transmit();
                black_box(output.chunk());
                output.advance(usize::MAX);
            }));
            cells.push(sample(MESSAGES / 4, |_| {
                copy.clear();
                copy.extend_from_slice(black_box(&payload));
                black_box(&copy);
            }));
        }
        cells
    };
    RECEIVERS.iter().map(&mut row).collect()
}

/// ns a call, of this thread's time: the median of several rounds.
fn sample(calls: usize, mut call: impl FnMut(usize)) -> f64 {
    let mut samples: Vec<_> = (0..=ROUNDS)
        .map(|_| {
            let start = cpu_time();
            (0..calls).for_each(&mut call);
            per((cpu_time() - start).as_nanos(), calls)
        })
        // The first warms up.
        .skip(1)
        .collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a time since it began")
}
