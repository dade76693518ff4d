//! Each limit, one below, at, and one above. `max_outgoing` is in `sending.rs`.

mod common;

use common::*;
use wspair::{Config, ProtocolError};

#[test]
fn the_message_limit_holds_to_the_byte() {
    let ten = config(|config| config.limits.max_message = 10);
    let zero = config(|config| config.limits.max_message = 0);
    let default = Config::default();
    for role in ROLES {
        for (config, limit) in [(&ten, 10), (&zero, 0), (&default, 1 << 20)] {
            for len in [limit.max(1) - 1, limit, limit + 1] {
                let data = vec![b'x'; len];
                let (head, tail) = data.split_at(len / 2);
                for frames in [frame(0x81, &data), [frame(0x01, head), frame(0x80, tail)].concat()]
                {
                    let bytes = to(role, &frames);
                    let (events, out) = drive(role, config.clone(), &[&bytes]);
                    if len <= limit {
                        assert!(events == [text(core::str::from_utf8(&data).unwrap())]);
                        assert!(out.is_empty());
                    } else {
                        assert_eq!(events, [fault(ProtocolError::MessageTooLong)]);
                        let reason = format!("message of {len} bytes is over the limit of {limit}");
                        let close = sent_close_saying(1009, &reason);
                        assert_eq!(frames_from(role, &out), [close]);
                    }
                }
            }
        }
    }
}

#[test]
fn the_frame_limit_holds_to_the_byte() {
    let config = config(|config| config.limits.max_frame = 10);
    for role in ROLES {
        for len in [9, 10] {
            let bytes = [frame(0x02, &vec![1; len]), frame(0x80, &[1; 10])].concat();
            let expected = [binary(&vec![1; len + 10])];
            check("max_frame", role, &config, &to(role, &bytes), &expected, &[]);
        }
        for bytes in ["82 0b", "02 00 80 0b"] {
            let expected = [fault(ProtocolError::FrameTooLong)];
            let bytes = [to(role, &hex(bytes)), vec![0; 4]].concat();
            let reason = "frame of 11 bytes is over the limit of 10";
            let close = sent_close_saying(1009, reason);
            check("max_frame", role, &config, &bytes, &expected, &[close]);
        }
        // Control frames have their own.
        let bytes = frame_to(role, 0x8a, &[0; 125]);
        check("max_frame", role, &config, &bytes, &[pong(&[0; 125])], &[]);
    }
}

#[test]
fn the_fragment_limit_holds_to_the_frame() {
    for (limit, parts) in [(0, 1), (1, 2), (3, 4)] {
        let config = config(|config| config.limits.max_fragments = limit);
        for role in ROLES {
            let message = |parts: u32| -> Vec<u8> {
                let frame = |at| {
                    let fin = if at + 1 == parts { 0x80 } else { 0 };
                    frame(u8::from(at == 0) | fin, &[b'x'; 30])
                };
                (0..parts).flat_map(frame).collect()
            };
            for good in 1..parts {
                let expected = [text(&"x".repeat(30 * good as usize))];
                check("F-13", role, &config, &to(role, &message(good)), &expected, &[]);
            }
            let bytes = to(role, &message(parts));
            let expected = [fault(ProtocolError::TooManyFragments)];
            let reason = format!("message is over the limit of {limit} fragments");
            let close = sent_close_saying(1008, &reason);
            check("F-13", role, &config, &bytes, &expected, &[close]);
        }
    }
}
