//! The rules of a pair, one by one, then as scripts.
#![cfg(feature = "alloc")]

mod calls;
mod closing;
mod compat;
mod hibernatable;
mod host;
mod limit;
mod transcript;
mod wire;

use wspair::ReadyState;
use wspair::pair::{
    Accept, Compat, DISCONNECTED, End, Pair, PairConfig, PairError, PairEvent, Sent,
};

use End::{First as A, Second as B};

type Texts = Pair<&'static str>;
type Event = PairEvent<&'static str>;

const HALF_OPEN: Accept = Accept { allow_half_open: Some(true) };
const AUTO_REPLY: Accept = Accept { allow_half_open: Some(false) };

fn fresh() -> Texts {
    Pair::new(PairConfig::default())
}

fn with(compat: Compat) -> Texts {
    let mut config = PairConfig::default();
    config.compat = compat;
    Pair::new(config)
}

fn accepted() -> Texts {
    accept_both(fresh(), Accept::default())
}

fn accept_both(mut pair: Texts, options: Accept) -> Texts {
    pair.accept(A, options).unwrap();
    pair.accept(B, options).unwrap();
    pair
}

/// A accepted, B on the wire.
fn wired() -> Texts {
    let mut pair = fresh();
    pair.accept(A, Accept::default()).unwrap();
    pair.couple(B).unwrap();
    pair
}

fn send(pair: &mut Texts, end: End, text: &'static str) -> Result<Sent, PairError> {
    pair.send(end, text, text.len())
}

fn close(code: u16, reason: &str) -> Event {
    PairEvent::Close { code, reason: reason.into(), clean: true }
}

fn vanished() -> Event {
    PairEvent::Close { code: 1006, reason: DISCONNECTED.into(), clean: false }
}

fn drain(pair: &mut Texts, end: End) -> Vec<Event> {
    std::iter::from_fn(|| pair.poll_event(end)).collect()
}

fn states(pair: &Texts) -> (ReadyState, ReadyState) {
    (pair.ready_state(A), pair.ready_state(B))
}
