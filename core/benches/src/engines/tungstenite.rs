use std::hint::black_box;

use ::tungstenite::protocol::{self, WebSocketConfig};
use ::tungstenite::{Message, WebSocket};
use bytes::Bytes;

use super::{MAX_MESSAGE, Run, batch};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let role = match scenario.role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    // It zeroes its read buffer before each read: a small one for small reads, as its documents
    // advise.
    let buffer = match scenario.task {
        Task::ReceiveSingle if scenario.size < 4 << 10 => 4 << 10,
        _ => 64 << 10,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(buffer)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let mut socket = WebSocket::from_raw_socket(Wire::new(scenario), role, Some(config));
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            let mut count = 0;
            while count < least {
                match socket.read().expect("a message") {
                    Message::Text(text) => drop(black_box(text.as_str())),
                    Message::Binary(data) => drop(black_box(&data[..])),
                    // The next read sends the answer.
                    Message::Ping(_) => continue,
                    other => panic!("{other:?}"),
                }
                count += 1;
            }
            count
        }),
        Task::Send | Task::SendQueued => {
            let (payload, batch) = (Bytes::from(payload(scenario)), batch(scenario));
            Box::new(move |least| {
                let mut count = 0;
                while count < least {
                    for _ in 0..batch {
                        socket.write(Message::Binary(payload.clone())).expect("room");
                    }
                    socket.flush().expect("written");
                    count += batch;
                }
                count
            })
        }
        Task::Handshake => {
            let mut wire = Wire::new(scenario);
            let config = config.read_buffer_size(4 << 10);
            Box::new(move |least| {
                for _ in 0..least {
                    let socket = ::tungstenite::accept_with_config(&mut wire, Some(config));
                    black_box(socket.expect("an open connection"));
                }
                least
            })
        }
        Task::Echo => Box::new(move |least| {
            // Writes go out when its write buffer is full.
            for _ in 0..least {
                let message = socket.read().expect("a message");
                socket.write(message).expect("room");
            }
            least
        }),
        _ => return None,
    })
}
