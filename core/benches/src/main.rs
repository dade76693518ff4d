//! wspair beside other WebSocket crates, in one run.
//!
//! ```text
//! cargo run --release                 # the whole table, about a quarter of a minute
//! cargo run --release -- server-send  # the scenarios whose name holds this
//! cargo run --release -- --quick      # a few seconds, only to see that it works
//! cargo run --release -- --instructions wspair server-receive-binary-16 10000
//! ```
//!
//! The last runs one scenario of one engine for at least that many messages and prints how many
//! it were, for `valgrind --tool=callgrind`; `instructions.sh` does that for the goals.

mod engines;
mod scenario;
mod wire;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use engines::{ENGINES, Engine, Run};
use rustix::time::{ClockId, clock_gettime};
use scenario::{Kind, Scenario};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--instructions", engine, scenario, least] => instructions(engine, scenario, least),
        ["--quick"] => table("", 3, Duration::from_micros(200)),
        [part] => table(part, 11, Duration::from_millis(3)),
        [] => table("", 11, Duration::from_millis(3)),
        _ => panic!("usage: [--quick | PART-OF-A-NAME | --instructions ENGINE SCENARIO LEAST]"),
    }
}

fn instructions(engine: &str, scenario: &str, least: &str) {
    let engine = ENGINES.iter().find(|each| each.name == engine).expect("an engine's name");
    let all = scenario::all();
    let scenario = all.iter().find(|each| each.to_string() == scenario).expect("a scenario's name");
    let mut run = (engine.start)(scenario).expect("an engine that can do it");
    println!("{}", run(least.parse().expect("a number")));
}

/// Prints a row per scenario: each engine's median over the rounds. The engines take turns, so
/// that what else the machine does meets all alike.
fn table(part: &str, rounds: usize, sample: Duration) {
    println!("{HEADER}");
    print!("| {:40}", "ns a message");
    for engine in ENGINES {
        print!(" | {:>16}", engine.name);
    }
    println!(" | {:>6} |", "x best");
    print!("| {:-<40}", "");
    for _ in ENGINES {
        print!(" | {:->15}:", "");
    }
    println!(" | {:->5}: |", "");
    for scenario in scenario::all().iter().filter(|each| each.to_string().contains(part)) {
        row(scenario, rounds, sample);
    }
}

fn row(scenario: &Scenario, rounds: usize, sample: Duration) {
    let mut cells: Vec<_> = ENGINES.iter().map(|engine| Cell::new(engine, scenario)).collect();
    for _ in 0..rounds {
        cells.iter_mut().flatten().for_each(|cell| cell.take(sample));
    }
    let medians: Vec<_> = cells.into_iter().map(|cell| cell.map(Cell::median)).collect();
    let lenient: Vec<_> =
        ENGINES.iter().map(|engine| takes_broken_text(engine, scenario)).collect();
    print!("| {scenario:40}");
    for (median, lenient) in medians.iter().zip(&lenient) {
        let mark = if *lenient { "*" } else { "" };
        let text = median.map_or(String::from("-"), |ns| format!("{mark}{ns:.*}", decimals(ns)));
        print!(" | {text:>16}");
    }
    let peers = medians.iter().zip(ENGINES.iter().zip(&lenient)).skip(1);
    let full = peers.filter(|(_, (engine, lenient))| engine.is_whole && !**lenient);
    let best = full.filter_map(|(median, _)| *median).reduce(f64::min);
    let ratio = medians[0].zip(best).map_or(f64::NAN, |(ours, best)| ours / best);
    println!(" | {ratio:6.2} |");
}

/// Whether an engine delivers what is not UTF-8 as text: it did less work.
fn takes_broken_text(engine: &Engine, scenario: &Scenario) -> bool {
    if !scenario.receives() || scenario.kind == Kind::Binary {
        return false;
    }
    let broken = Scenario { is_broken: true, ..*scenario };
    let takes = || (engine.start)(&broken).is_some_and(|mut run| run(2) > 1);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let takes = std::panic::catch_unwind(AssertUnwindSafe(takes)).unwrap_or(false);
    std::panic::set_hook(hook);
    takes
}

fn decimals(ns: f64) -> usize {
    usize::from(ns < 100.0)
}

/// One engine at one scenario.
struct Cell {
    run: Run,
    /// Messages that make a sample.
    least: usize,
    /// ns a message.
    samples: Vec<f64>,
}

impl Cell {
    fn new(engine: &Engine, scenario: &Scenario) -> Option<Self> {
        let run = (engine.start)(scenario)?;
        let mut cell = Self { run, least: 1, samples: Vec::new() };
        // Finds how many messages take about the time, which warms up too.
        cell.measure();
        cell.measure();
        Some(cell)
    }

    fn take(&mut self, sample: Duration) {
        loop {
            let (time, ns) = self.measure();
            if time >= sample / 2 {
                self.samples.push(ns);
                return;
            }
            self.least *= 2;
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn measure(&mut self) -> (Duration, f64) {
        let start = cpu_time();
        let count = (self.run)(self.least);
        let time = cpu_time().saturating_sub(start);
        (time, time.as_nanos() as f64 / count as f64)
    }

    fn median(mut self) -> f64 {
        self.samples.sort_by(f64::total_cmp);
        self.samples[self.samples.len() / 2]
    }
}

/// This thread's, so that what else the machine does counts as little as can be.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread began")
}

const HEADER: &str = "\
wspair beside nexus-web 0.8, sockudo-ws 3.1, tungstenite 0.30, fastwebsockets 0.10,
tokio-websockets 0.13 and yawc 0.5, in this run.

Each number is the median of several rounds, in which the engines take turns: ns of CPU time a
message, all that a user pays between a socket and the message. The socket is memory: a read copies up to
64 KiB (or up to the frame's end: receive-single) into the engine's or its user's buffer, a write
takes all at no cost. Messages are unmasked, checked (frames, limits, UTF-8) and looked at as a
slice. `x best` is wspair's number over the best peer's; a `*` marks who took text that is not UTF-8 in
that scenario, and is never best. `floor` reads headers and unmasks, and checks nothing: no engine, but
what none can do without. Only numbers of one run compare.
";
