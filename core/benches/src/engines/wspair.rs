use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::Arc;

use ::wspair::handshake::{Policy, ServerHandshake, ServerProgress};
use ::wspair::{Config, Connection, Event, Kind, MaskKeys, Negotiated};
use bytes::Bytes;

use super::{MAX_MESSAGE, Run, batch};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{Wire, payload};

#[allow(clippy::unnecessary_wraps)]
pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    let mut config = Config::default();
    config.limits.max_message = MAX_MESSAGE;
    let agreed = Negotiated::default();
    let conn = match scenario.role {
        Role::Server => Connection::server(config, agreed),
        Role::Client => Connection::client(config, agreed, MaskKeys::from_seed([7; 32])),
    };
    Some(match scenario.task {
        Task::Receive | Task::ReceiveSingle | Task::ReceiveMixed => receive(conn, scenario),
        Task::ReceiveFragments => receive_and_answer(conn, scenario),
        Task::Send if scenario.size >= LONG => send_through(conn, scenario),
        Task::Send => send(conn, scenario),
        Task::SendQueued => send_queued(conn, scenario),
        Task::SendInPlace => send_in_place(conn, scenario),
        Task::Echo => echo(conn, scenario),
        Task::Handshake => handshake(scenario),
    })
}

/// From here on a host that has its socket at hand writes each message at once, so that it passes the
/// queue, or is masked in memory that the nearest cache holds.
const LONG: usize = 4 << 10;

/// A host's read buffer.
fn buffer() -> Vec<u8> {
    vec![0; 128 << 10]
}

/// How much a read asks for, as the documentation of `Connection::wanted` has it.
const USUAL: usize = 17 << 10;
const MOST: usize = 32 << 10;

fn read(wire: &mut Wire, conn: &mut Connection) -> std::io::Result<usize> {
    let len = match conn.wanted() {
        0..2048 => USUAL,
        wanted => wanted.min(MOST),
    };
    wire.read(conn.read_buf(len))
}

fn receive(mut conn: Connection, scenario: &Scenario) -> Run {
    let mut wire = Wire::new(scenario);
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            let n = read(&mut wire, &mut conn).expect("bytes");
            let mut received = conn.receive_buf(n);
            while let Some(event) = received.next() {
                match event {
                    Event::Text(text) => drop(black_box(text.as_str())),
                    Event::Binary(data) => drop(black_box(data.as_bytes())),
                    other => panic!("{other:?}"),
                }
                count += 1;
            }
        }
        count
    })
}

fn receive_and_answer(mut conn: Connection, scenario: &Scenario) -> Run {
    let mut wire = Wire::new(scenario);
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            let n = read(&mut wire, &mut conn).expect("bytes");
            let mut received = conn.receive_buf(n);
            while let Some(event) = received.next() {
                match event {
                    Event::Binary(data) => {
                        black_box(data.as_bytes());
                        count += 1;
                    }
                    Event::Ping(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            conn.transmit().write_to(&mut wire).expect("written");
        }
        count
    })
}

fn send(mut conn: Connection, scenario: &Scenario) -> Run {
    let (mut wire, payload, batch) = (Wire::new(scenario), payload(scenario), batch(scenario));
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            for _ in 0..batch {
                conn.send_binary(black_box(&payload)).expect("room");
            }
            conn.transmit().write_to(&mut wire).expect("written");
            count += batch;
        }
        count
    })
}

fn send_through(mut conn: Connection, scenario: &Scenario) -> Run {
    let (mut wire, payload) = (Wire::new(scenario), payload(scenario));
    Box::new(move |least| {
        for _ in 0..least {
            let written = conn.write_binary(black_box(&payload), &mut wire);
            written.expect("room").expect("written");
        }
        least
    })
}

fn send_queued(mut conn: Connection, scenario: &Scenario) -> Run {
    let (mut wire, batch) = (Wire::new(scenario), batch(scenario));
    let payload = Bytes::from(payload(scenario));
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            for _ in 0..batch {
                conn.send_binary(payload.clone()).expect("room");
            }
            conn.transmit().write_to(&mut wire).expect("written");
            count += batch;
        }
        count
    })
}

fn send_in_place(mut conn: Connection, scenario: &Scenario) -> Run {
    let mut buffer = [vec![0; 14], payload(scenario)].concat();
    Box::new(move |least| {
        for _ in 0..least {
            let range = conn.frame_in_place(Kind::Binary, &mut buffer, 14).expect("room");
            black_box(&buffer[range]);
        }
        least
    })
}

fn echo(mut conn: Connection, scenario: &Scenario) -> Run {
    let mut wire = Wire::new(scenario);
    let is_long = scenario.size >= LONG;
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            let n = read(&mut wire, &mut conn).expect("bytes");
            let mut received = conn.receive_buf(n);
            while let Some((event, mut sender)) = received.next_and_sender() {
                match event {
                    Event::Text(text) if is_long => {
                        sender.write_text(&text, &mut wire).expect("room").expect("written");
                    }
                    Event::Binary(data) if is_long => {
                        let data = data.as_bytes();
                        sender.write_binary(data, &mut wire).expect("room").expect("written");
                    }
                    Event::Text(text) => sender.send_text(&text).expect("room"),
                    Event::Binary(data) => sender.send_binary(data.as_bytes()).expect("room"),
                    other => panic!("{other:?}"),
                }
                count += 1;
            }
            conn.transmit().write_to(&mut wire).expect("written");
        }
        count
    })
}

fn handshake(scenario: &Scenario) -> Run {
    let (mut wire, mut buffer) = (Wire::new(scenario), buffer());
    let (config, policy) = (Arc::new(Config::default()), Policy::default());
    Box::new(move |least| {
        for _ in 0..least {
            let n = wire.read(&mut buffer).expect("bytes");
            let mut handshake = ServerHandshake::default();
            let (_, ServerProgress::Request(request)) = handshake.receive(&buffer[..n]) else {
                panic!("no request");
            };
            let acceptance = request.accept(&policy, None).expect("acceptable");
            let mut answer = Vec::new();
            acceptance.write_response(&[], &mut answer).expect("fields");
            wire.write_all(&answer).expect("written");
            black_box(Connection::server(config.clone(), acceptance.agreed));
        }
        least
    })
}
