use std::hint::black_box;

use ::fastwebsockets::{self as fast, FragmentCollector, Frame, OpCode, Payload, WebSocket};

use super::{MAX_MESSAGE, Run, ready};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let role = match scenario.role {
        Role::Server => fast::Role::Server,
        Role::Client => fast::Role::Client,
    };
    let mut socket = WebSocket::after_handshake(Wire::new(scenario), role);
    socket.set_max_message_size(MAX_MESSAGE);
    let mut socket = FragmentCollector::new(socket);
    let mut payload = payload(scenario);
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            ready(async {
                let mut count = 0;
                while count < least {
                    let frame = socket.read_frame().await.expect("a frame");
                    black_box(&frame.payload[..]);
                    // It answers pings itself.
                    count += usize::from(matches!(frame.opcode, OpCode::Text | OpCode::Binary));
                }
                count
            })
        }),
        // Each frame is a write of its own.
        Task::Send => Box::new(move |least| {
            ready(async {
                for _ in 0..least {
                    let frame = Frame::binary(Payload::Borrowed(black_box(&payload)));
                    socket.write_frame(frame).await.expect("written");
                }
            });
            least
        }),
        Task::SendInPlace => Box::new(move |least| {
            ready(async {
                for _ in 0..least {
                    let frame = Frame::binary(Payload::BorrowedMut(black_box(&mut payload)));
                    socket.write_frame(frame).await.expect("written");
                }
            });
            least
        }),
        Task::Echo => Box::new(move |least| {
            ready(async {
                for _ in 0..least {
                    let frame = socket.read_frame().await.expect("a frame");
                    socket.write_frame(frame).await.expect("written");
                }
            });
            least
        }),
        // It has no queue, and leaves handshakes to an HTTP stack.
        _ => return None,
    })
}
