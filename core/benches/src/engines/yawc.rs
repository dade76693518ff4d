use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;

use ::yawc::frame::{Frame, OpCode};
use ::yawc::{Options, Role as Side, WebSocket};
use bytes::Bytes;
use futures_sink::Sink;

use super::{MAX_MESSAGE, Run, batch, ready};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let side = match scenario.role {
        Role::Server => Side::Server,
        Role::Client => Side::Client,
    };
    let options = Options::default().with_limits(MAX_MESSAGE, 2 * MAX_MESSAGE).with_utf8();
    let wire = Wire::new(scenario);
    let socket = WebSocket::from_stream_with_extensions(wire, side, None, options);
    let mut socket = socket.expect("no extension");
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            ready(async {
                let mut count = 0;
                while count < least {
                    let frame = next(&mut socket).await;
                    black_box(&frame.payload()[..]);
                    // It answers pings itself.
                    count += usize::from(matches!(frame.opcode(), OpCode::Text | OpCode::Binary));
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
                            feed(&mut socket, Frame::binary(payload.clone())).await;
                        }
                        poll_fn(|cx| Pin::new(&mut socket).poll_flush(cx)).await.expect("written");
                    });
                    count += batch;
                }
                count
            })
        }
        Task::Echo => Box::new(move |least| {
            ready(async {
                for _ in 0..least {
                    let frame = next(&mut socket).await;
                    feed(&mut socket, frame).await;
                }
            });
            least
        }),
        _ => return None,
    })
}

async fn next(socket: &mut WebSocket<Wire>) -> Frame {
    poll_fn(|cx| socket.poll_next_frame(cx)).await.expect("a frame")
}

async fn feed(socket: &mut WebSocket<Wire>, frame: Frame) {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await.expect("room");
    Pin::new(socket).start_send(frame).expect("room");
}
