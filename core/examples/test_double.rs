//! A pair as the other side in a test: the application gets one end, the test plays its peer at the
//! other. No socket, no clock, no waiting.
//!
//!     cargo run --example test_double

use wspair::PairError;
use wspair::pair::{Accept, End, Pair, PairConfig, PairEvent};

const APP: End = End::First;
const PEER: End = End::Second;

/// The application under test: it counts, tells the sum when asked, and says goodbye.
#[derive(Default)]
struct Counter {
    sum: i64,
}

impl Counter {
    fn on_event(
        &mut self,
        pair: &mut Pair<String>,
        event: PairEvent<String>,
    ) -> Result<(), PairError> {
        match event {
            PairEvent::Message(text) => match (text.as_str(), text.parse::<i64>()) {
                ("sum", _) => {
                    let answer = self.sum.to_string();
                    let size = answer.len();
                    pair.send(APP, answer, size)?;
                }
                (_, Ok(number)) => self.sum += number,
                _ => pair.close(APP, Some(4000), Some("not a number"))?,
            },
            PairEvent::Close { .. } | PairEvent::Error(_) => {}
        }
        Ok(())
    }
}

/// Says something to a new application, and gives what comes back.
fn talk(lines: &[&str]) -> Result<Vec<PairEvent<String>>, PairError> {
    let mut pair = Pair::new(PairConfig::default());
    pair.accept(APP, Accept::default())?;
    pair.accept(PEER, Accept::default())?;
    for line in lines {
        pair.send(PEER, (*line).to_string(), line.len())?;
    }
    let mut app = Counter::default();
    while let Some(event) = pair.poll_event(APP) {
        app.on_event(&mut pair, event)?;
    }
    Ok(core::iter::from_fn(|| pair.poll_event(PEER)).collect())
}

fn main() -> Result<(), PairError> {
    assert_eq!(talk(&["1", "2", "sum"])?, [PairEvent::Message("3".to_string())]);
    let refused = PairEvent::Close { code: 4000, reason: "not a number".into(), clean: true };
    assert_eq!(talk(&["one"])?, [refused]);
    println!("the application does what it should");
    Ok(())
}
