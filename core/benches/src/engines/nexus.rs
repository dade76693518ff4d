use std::hint::black_box;
use std::io::Write;

use nexus_web::ws::{FrameReader, FrameWriter, Message, Role as Side};

use super::{MAX_MESSAGE, Run, batch};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let side = match scenario.role {
        Role::Server => Side::Server,
        Role::Client => Side::Client,
    };
    // Its own default of 1 MiB is too short for a frame of 1 MiB.
    let reader = FrameReader::builder().role(side).buffer_capacity(2 << 20);
    let mut reader = reader.max_message_size(MAX_MESSAGE).build();
    let mut writer = FrameWriter::new(side);
    let mut wire = Wire::new(scenario);
    let mut pong = [0; 139];
    Some(match scenario.task {
        _ if scenario.receives() => Box::new(move |least| {
            let mut count = 0;
            while count < least {
                reader.read_from(&mut wire).expect("bytes");
                while let Some(message) = reader.next().expect("good frames") {
                    match message {
                        Message::Text(text) => drop(black_box(text)),
                        Message::Binary(data) => drop(black_box(data)),
                        Message::Ping(data) => {
                            let len = writer.encode_pong(data, &mut pong).expect("short");
                            wire.write_all(&pong[..len]).expect("written");
                            continue;
                        }
                        other => panic!("{other:?}"),
                    }
                    count += 1;
                }
            }
            count
        }),
        Task::Send => {
            let (payload, batch) = (payload(scenario), batch(scenario));
            let mut out = vec![0; batch * writer.max_encoded_len(payload.len())];
            Box::new(move |least| {
                let mut count = 0;
                while count < least {
                    let mut len = 0;
                    for _ in 0..batch {
                        len += writer.encode_binary(black_box(&payload), &mut out[len..]);
                    }
                    wire.write_all(&out[..len]).expect("written");
                    count += batch;
                }
                count
            })
        }
        Task::Echo => {
            let mut out = Vec::new();
            Box::new(move |least| {
                let mut count = 0;
                while count < least {
                    reader.read_from(&mut wire).expect("bytes");
                    let mut len = 0;
                    while let Some(message) = reader.next().expect("good frames") {
                        let most = len + writer.max_encoded_len(message.as_bytes().len());
                        if out.len() < most {
                            out.resize(2 * most, 0);
                        }
                        let to = &mut out[len..];
                        len += match message {
                            Message::Text(text) => writer.encode_text(text.as_bytes(), to),
                            Message::Binary(data) => writer.encode_binary(data, to),
                            other => panic!("{other:?}"),
                        };
                        count += 1;
                    }
                    wire.write_all(&out[..len]).expect("written");
                }
                count
            })
        }
        // It has no queue, and no handshake of its own.
        _ => return None,
    })
}
