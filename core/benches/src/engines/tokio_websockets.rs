use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;

use ::tokio_websockets::{ClientBuilder, Limits, Message, ServerBuilder, WebSocketStream};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;

use super::{MAX_MESSAGE, Run, batch, ready};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let limits = Limits::default().max_payload_len(Some(MAX_MESSAGE));
    let wire = Wire::new(scenario);
    let mut socket = match scenario.role {
        Role::Server => ServerBuilder::new().limits(limits).serve(wire),
        Role::Client => ClientBuilder::new().limits(limits).take_over(wire),
    };
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            ready(async {
                let mut count = 0;
                while count < least {
                    let message = next(&mut socket).await;
                    black_box(&message.as_payload()[..]);
                    // It answers pings itself.
                    count += usize::from(message.is_text() || message.is_binary());
                }
                count
            })
        }),
        Task::Send | Task::SendQueued => {
            let (payload, batch) = (Bytes::from(payload(scenario)), batch(scenario));
            Box::new(move |least| {
                let mut count = 0;
                while count < least {
                    ready(async {
                        for _ in 0..batch {
                            feed(&mut socket, Message::binary(payload.clone())).await;
                        }
                        poll_fn(|cx| Pin::new(&mut socket).poll_flush(cx)).await.expect("written");
                    });
                    count += batch;
                }
                count
            })
        }
        Task::Handshake => {
            let (mut wire, builder) = (Wire::new(scenario), ServerBuilder::new().limits(limits));
            Box::new(move |least| {
                for _ in 0..least {
                    let socket = ready(builder.accept(&mut wire));
                    black_box(socket.expect("an open connection"));
                }
                least
            })
        }
        // Writes go out when its queue is over its threshold.
        Task::Echo => Box::new(move |least| {
            ready(async {
                for _ in 0..least {
                    let message = next(&mut socket).await;
                    feed(&mut socket, message).await;
                }
            });
            least
        }),
        _ => return None,
    })
}

async fn next(socket: &mut WebSocketStream<Wire>) -> Message {
    let next = poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await;
    next.expect("open").expect("a message")
}

async fn feed(socket: &mut WebSocketStream<Wire>, message: Message) {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await.expect("room");
    Pin::new(socket).start_send(message).expect("room");
}
