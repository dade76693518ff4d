use std::hint::black_box;
use std::io::Write;

use bytes::{Bytes, BytesMut};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use sockudo_ws::protocol::{Message, Protocol, Role as Side};

use super::{MAX_MESSAGE, Run, batch};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{READ, Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let side = match scenario.role {
        Role::Server => Side::Server,
        Role::Client => Side::Client,
    };
    let mut protocol = Protocol::new(side, MAX_MESSAGE, MAX_MESSAGE);
    let mut wire = Wire::new(scenario);
    let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
    let mut messages = Vec::new();
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            let mut count = 0;
            while count < least {
                input.extend_from_slice(wire.next(READ));
                protocol.process_into(&mut input, &mut messages).expect("good frames");
                for message in messages.drain(..) {
                    if let Message::Ping(data) = message {
                        let pong = Message::Pong(data);
                        protocol.encode_message(&pong, &mut output).expect("good");
                    } else {
                        look(&message);
                        count += 1;
                    }
                }
                if !output.is_empty() {
                    wire.write_all(&output).expect("written");
                    output.clear();
                }
            }
            count
        }),
        Task::Send | Task::SendQueued => {
            let message = Message::Binary(Bytes::from(payload(scenario)));
            let batch = batch(scenario);
            Box::new(move |least| {
                let mut count = 0;
                while count < least {
                    for _ in 0..batch {
                        protocol.encode_message(black_box(&message), &mut output).expect("good");
                    }
                    wire.write_all(&output).expect("written");
                    output.clear();
                    count += batch;
                }
                count
            })
        }
        Task::Echo => Box::new(move |least| {
            let mut count = 0;
            while count < least {
                input.extend_from_slice(wire.next(READ));
                protocol.process_into(&mut input, &mut messages).expect("good frames");
                for message in messages.drain(..) {
                    protocol.encode_message(&message, &mut output).expect("good");
                    count += 1;
                }
                wire.write_all(&output).expect("written");
                output.clear();
            }
            count
        }),
        Task::Handshake => Box::new(move |least| {
            for _ in 0..least {
                let (request, _) = parse_request(wire.next(READ)).expect("good").expect("whole");
                let accept = generate_accept_key(request.key);
                wire.write_all(&build_response(&accept, None, None)).expect("written");
                black_box(Protocol::new(side, MAX_MESSAGE, MAX_MESSAGE));
            }
            least
        }),
        _ => return None,
    })
}

fn look(message: &Message) {
    match message {
        Message::Text(text) => drop(black_box(&text[..])),
        Message::Binary(data) => drop(black_box(&data[..])),
        other => panic!("{other:?}"),
    }
}
