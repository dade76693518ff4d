//! The engines, each behind the same face.

#[cfg(feature = "peers")]
mod fastwebsockets;
#[cfg(feature = "peers")]
mod floor;
#[cfg(feature = "peers")]
mod nexus;
#[cfg(feature = "peers")]
mod sockudo;
#[cfg(feature = "peers")]
mod tokio_websockets;
#[cfg(feature = "peers")]
mod tungstenite;
mod wspair;
#[cfg(feature = "peers")]
mod yawc;

#[cfg(feature = "peers")]
use std::pin::pin;
#[cfg(feature = "peers")]
use std::task::{Context, Poll, Waker};

use crate::scenario::{Scenario, Task};

/// Passes at least so many messages, and tells how many it were.
pub type Run = Box<dyn FnMut(usize) -> usize>;

pub struct Engine {
    pub name: &'static str,
    /// An open connection for a scenario, where the engine can do it.
    pub start: fn(&Scenario) -> Option<Run>,
    /// Whether it does all that a WebSocket is.
    pub is_whole: bool,
}

/// Ours first.
pub const ENGINES: &[Engine] = &[
    Engine { name: "wspair", start: wspair::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "nexus-web", start: nexus::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "sockudo-ws", start: sockudo::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "tungstenite", start: tungstenite::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "fastwebsockets", start: fastwebsockets::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "tokio-websockets", start: tokio_websockets::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "yawc", start: yawc::start, is_whole: true },
    #[cfg(feature = "peers")]
    Engine { name: "floor", start: floor::start, is_whole: false },
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
#[cfg(feature = "peers")]
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("pending on memory"),
    }
}
