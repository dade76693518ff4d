//! Echo servers beside one another: the same client, bytes prepared, one thread.
//!
//!     cargo run --release [ENGINE [SCENARIO]]     # those whose names contain that
//!     cargo run --release -- serve ENGINE     # one of them, for `make bench-loopback`
//!
//! Messages a second, the best of several rounds; a client has so many messages in flight.

mod engines;
mod serve;

use std::time::{Duration, Instant};

use engines::ENGINES;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the servers stand on.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    Duplex,
    Tcp,
}

struct Scenario {
    wire: Wire,
    size: usize,
    in_flight: usize,
}

const SCENARIOS: [Scenario; 10] = [
    Scenario { wire: Wire::Duplex, size: 16, in_flight: 1 },
    Scenario { wire: Wire::Duplex, size: 16, in_flight: 256 },
    Scenario { wire: Wire::Duplex, size: 1 << 10, in_flight: 64 },
    Scenario { wire: Wire::Duplex, size: 64 << 10, in_flight: 4 },
    Scenario { wire: Wire::Duplex, size: 1 << 20, in_flight: 1 },
    Scenario { wire: Wire::Tcp, size: 16, in_flight: 1 },
    Scenario { wire: Wire::Tcp, size: 16, in_flight: 256 },
    Scenario { wire: Wire::Tcp, size: 1 << 10, in_flight: 64 },
    Scenario { wire: Wire::Tcp, size: 64 << 10, in_flight: 4 },
    Scenario { wire: Wire::Tcp, size: 1 << 20, in_flight: 1 },
];

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(400);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let ["serve", name] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let engine = ENGINES.iter().find(|engine| engine.name == name);
        return serve::serve(engine.expect("an engine's name"));
    }
    let filter = |at: usize| args.get(at).map(String::as_str).unwrap_or_default();
    let engines: Vec<_> = ENGINES.iter().filter(|engine| engine.name.contains(filter(0))).collect();
    print!("{:28}", "messages a second");
    engines.iter().for_each(|engine| print!("{:>20}", engine.name));
    println!();
    for scenario in &SCENARIOS {
        let Scenario { wire, size, in_flight } = *scenario;
        let name = format!("{wire:?}, {size} bytes x {in_flight}");
        if !name.contains(filter(1)) {
            continue;
        }
        print!("{name:28}");
        let mut best = vec![0.0_f64; engines.len()];
        for _ in 0..ROUNDS {
            for (engine, best) in engines.iter().zip(&mut best) {
                *best = best.max(measure(engine, scenario));
            }
        }
        best.iter().for_each(|best| print!("{best:>20.0}"));
        println!();
    }
}

fn measure(engine: &engines::Engine, scenario: &Scenario) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match scenario.wire {
            Wire::Duplex => {
                let (client, server) = tokio::io::duplex(256 << 10);
                tokio::spawn((engine.duplex)(server));
                talk(client, scenario).await
            }
            Wire::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (server, _) = listener.accept().await.unwrap();
                wspair_tokio::tune(&client).unwrap();
                wspair_tokio::tune(&server).unwrap();
                tokio::spawn((engine.tcp)(server));
                talk(client, scenario).await
            }
        }
    })
}

/// Sends batches and reads what comes back.
async fn talk(io: impl AsyncRead + AsyncWrite, scenario: &Scenario) -> f64 {
    let frame = masked_frame(scenario.size);
    let batch = frame.repeat(scenario.in_flight);
    let back = (frame.len() - 4) * scenario.in_flight;
    let mut read_into = vec![0; back.min(256 << 10)];
    let (mut reader, mut writer) = tokio::io::split(io);
    let began = Instant::now();
    let mut messages = 0;
    while began.elapsed() < ROUND {
        let read = async {
            let mut left = back;
            while left > 0 {
                let most = left.min(read_into.len());
                let n = reader.read(&mut read_into[..most]).await.unwrap();
                assert!(n > 0, "the server ended");
                left -= n;
            }
        };
        let (written, ()) = futures_util::future::join(writer.write_all(&batch), read).await;
        written.unwrap();
        messages += scenario.in_flight;
    }
    messages as f64 / began.elapsed().as_secs_f64()
}

fn masked_frame(size: usize) -> Vec<u8> {
    let mut frame = vec![0x82];
    match size {
        0..126 => frame.push(0x80 | size as u8),
        126..65536 => {
            frame.push(0x80 | 126);
            frame.extend((size as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    frame.extend([1, 2, 3, 4]);
    frame.resize(frame.len() + size, b'x');
    frame
}
