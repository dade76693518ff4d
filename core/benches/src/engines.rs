//! The engines, each behind the same face.

mod fastwebsockets;
mod nexus;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod wspair;
mod yawc;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::scenario::{Scenario, Task};

/// Passes at least so many messages, and tells how many it were.
pub type Run = Box<dyn FnMut(usize) -> usize>;

pub struct Engine {
    pub name: &'static str,
    /// An open connection for a scenario, where the engine can do it.
    pub start: fn(&Scenario) -> Option<Run>,
}

/// Ours first.
pub const ENGINES: [Engine; 7] = [
    Engine { name: "wspair", start: wspair::start },
    Engine { name: "nexus-web", start: nexus::start },
    Engine { name: "sockudo-ws", start: sockudo::start },
    Engine { name: "tungstenite", start: tungstenite::start },
    Engine { name: "fastwebsockets", start: fastwebsockets::start },
    Engine { name: "tokio-websockets", start: tokio_websockets::start },
    Engine { name: "yawc", start: yawc::start },
];

/// No message is longer.
const MAX_MESSAGE: usize = 16 << 20;

/// How many messages go out before a flush.
fn batch(scenario: &Scenario) -> usize {
    match scenario.task {
        Task::SendInPlace => 1,
        _ => ((64 << 10) / scenario.size).max(1),
    }
}

/// The outcome of a future over memory, which is never pending.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("pending on memory"),
    }
}
