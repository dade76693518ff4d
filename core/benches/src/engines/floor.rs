//! What no engine can do without: reads, headers, unmasking. It checks nothing and keeps no state.

use std::hint::black_box;
use std::io::{Read, Write};

use wspair::mask;

use super::{Run, batch};
use crate::scenario::{Role, Scenario, Task};
use crate::wire::{READ, Wire, payload};

pub(super) fn start(scenario: &Scenario) -> Option<Run> {
    match (scenario.task, scenario.role) {
        (Task::Receive | Task::ReceiveSingle | Task::ReceiveMixed, _) => Some(receive(scenario)),
        (Task::Send, Role::Server) => Some(send(scenario)),
        _ => None,
    }
}

fn receive(scenario: &Scenario) -> Run {
    let mut wire = Wire::new(scenario);
    let mut buffer = vec![0; (1 << 20) + 2 * READ];
    let mut filled = 0;
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            filled += wire.read(&mut buffer[filled..]).expect("bytes");
            let mut at = 0;
            while let Some((key, start, end)) = header(&buffer[at..filled]) {
                let payload = &mut buffer[at + start..at + end];
                if let Some(key) = key {
                    mask::in_place(payload, key, 0);
                }
                black_box(payload);
                at += end;
                count += 1;
            }
            buffer.copy_within(at..filled, 0);
            filled -= at;
        }
        count
    })
}

/// The key of a whole frame, and where its payload begins and ends.
fn header(bytes: &[u8]) -> Option<(Option<[u8; 4]>, usize, usize)> {
    let second = *bytes.get(1)?;
    let (at, len) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(*bytes[2..].first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*bytes[2..].first_chunk()?)).ok()?),
        len => (2, usize::from(len)),
    };
    let key = (second & 0x80 != 0).then(|| bytes.get(at..at + 4)?.first_chunk().copied());
    let at = if key.is_some() { at + 4 } else { at };
    (at + len <= bytes.len()).then_some((key.flatten(), at, at + len))
}

fn send(scenario: &Scenario) -> Run {
    let (mut wire, payload, batch) = (Wire::new(scenario), payload(scenario), batch(scenario));
    let mut out = Vec::with_capacity(batch * (payload.len() + 10));
    let mut header = vec![0x82];
    match payload.len() {
        len @ 0..126 => header.push(len.to_be_bytes()[7]),
        len @ 126..0x1_0000 => header.extend([&[126], &len.to_be_bytes()[6..]].concat()),
        len => header.extend([&[127], &len.to_be_bytes()[..]].concat()),
    }
    Box::new(move |least| {
        let mut count = 0;
        while count < least {
            out.clear();
            for _ in 0..batch {
                out.extend_from_slice(black_box(&header));
                out.extend_from_slice(black_box(&payload));
            }
            wire.write_all(&out).expect("written");
            count += batch;
        }
        count
    })
}
