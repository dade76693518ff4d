//! Frame headers (RFC 6455 5.1 to 5.3): rows E of `rows.txt`.

mod common;

use common::*;
use wspair::frame::{Decoded, Header, HeaderRules};
use wspair::{Config, Connection, Kind, MaskKeys, Negotiated, ProtocolError, Role};

#[test]
fn a_text_frame_is_a_message() {
    check_both("E-01", "81 05 48656c6c6f", &[text("Hello")], &[]);
    let masked = hex("81 85 37fa213d 7f9f4d5158");
    check("E-01", Role::Server, &Config::default(), &masked, &[text("Hello")], &[]);
}

#[test]
fn each_length_form_is_understood() {
    for (len, header) in [
        (125, "82 7d"),
        (126, "82 7e 007e"),
        (65535, "82 7e ffff"),
        (65536, "82 7f 0000000000010000"),
    ] {
        let data: Vec<_> = (0..251).cycle().take(len).collect();
        let frame = [hex(header), data.clone()].concat();
        for role in ROLES {
            let bytes = to(role, &frame);
            check("E-02", role, &Config::default(), &bytes, &[binary(&data)], &[]);
        }
    }
}

#[test]
fn a_rule_that_a_header_breaks_ends_the_connection() {
    use ProtocolError::*;
    for (row, frames, error) in [
        ("E-03", "81 7e 0005 48656c6c6f", NonMinimalLength),
        ("E-03", "81 7e 007d", NonMinimalLength),
        ("E-03", "81 7f 0000000000000005 48656c6c6f", NonMinimalLength),
        ("E-03", "81 7f 000000000000ffff", NonMinimalLength),
        ("E-04", "82 7f 8000000000000000", LengthRange),
        ("E-04", "82 7f ffffffffffffffff", LengthRange),
        ("E-07", "c1 05 48656c6c6f", ReservedBits),
        ("E-08", "a1 05 48656c6c6f", ReservedBits),
        ("E-08", "91 05 48656c6c6f", ReservedBits),
        ("E-09", "c9 00", ReservedBits),
        ("E-09", "f8 00", ReservedBits),
        ("E-10", "83 00", ReservedOpcode),
        ("E-10", "84 00", ReservedOpcode),
        ("E-10", "85 00", ReservedOpcode),
        ("E-10", "86 00", ReservedOpcode),
        ("E-10", "87 00", ReservedOpcode),
        ("E-11", "8b 00", ReservedOpcode),
        ("E-11", "8c 00", ReservedOpcode),
        ("E-11", "8d 00", ReservedOpcode),
        ("E-11", "8e 00", ReservedOpcode),
        ("E-11", "8f 00", ReservedOpcode),
    ] {
        check_fault(row, frames, &[], error);
    }
    check_too_long("E-05", "82 7f 7fffffffffffffff", (1 << 63) - 1);
    check_too_long("E-06", "82 7f 0000000100000005 48656c6c6f", (1 << 32) + 5);
}

#[test]
fn the_first_broken_rule_of_a_header_decides() {
    use ProtocolError::*;
    for (frames, error) in [
        ("b3 7e 0001", ReservedBits),
        ("03 7e 0001", ReservedOpcode),
        ("09 7e 0001", FragmentedControl),
        ("89 7e 0001", ControlTooLong),
        ("81 7e 0001", NonMinimalLength),
        ("80 7e 0001", NonMinimalLength),
        ("80 7f 7fffffffffffffff", UnexpectedContinuation),
    ] {
        check_fault("order of verdicts", frames, &[], error);
    }
    let unmasked = hex("89 7e");
    let expected = [fault(ControlTooLong)];
    check(
        "order of verdicts",
        Role::Server,
        &Config::default(),
        &unmasked,
        &expected,
        &[sent_close(1002)],
    );
}

/// As in CVE-2020-27813 and CVE-2020-13935 of other libraries: lengths round every power of two, alone and after a part.
#[test]
fn no_length_wraps() {
    let lens = (31..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    for len in lens.chain([u64::MAX - 1, u64::MAX]) {
        let (alone, behind) = (format!("82 7f {len:016x}"), format!("02 01 61 80 7f {len:016x}"));
        if len >= 1 << 63 {
            check_fault("E-05", &alone, &[], ProtocolError::LengthRange);
            check_fault("F-12", &behind, &[], ProtocolError::LengthRange);
        } else {
            check_too_long("E-05", &alone, len);
            check_too_long("F-12", &behind, len + 1);
        }
    }
}

#[test]
fn a_server_takes_no_unmasked_frame() {
    for frames in ["81 05 48656c6c6f", "81 00", "88 02 03e8", "89 00"] {
        let expected = [fault(ProtocolError::Unmasked)];
        let sent = [sent_close(1002)];
        check("E-12", Role::Server, &Config::default(), &hex(frames), &expected, &sent);
    }
}

#[test]
fn a_client_takes_no_masked_frame() {
    for frames in ["81 85 37fa213d 7f9f4d5158", "81 80 37fa213d", "88 82 37fa213d 3412"] {
        let expected = [fault(ProtocolError::Masked)];
        let sent = [sent_close(1002)];
        check("E-13", Role::Client, &Config::default(), &hex(frames), &expected, &sent);
    }
}

/// `frames_from` checks the mask bit of each.
#[test]
fn a_client_masks_all_it_sends_and_a_server_nothing() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("").unwrap();
        conn.send_text("text").unwrap();
        conn.send_binary(&[1; 200]).unwrap();
        conn.send_binary(vec![2; 70_000]).unwrap();
        conn.send_fragment(Kind::Binary, b"part", false).unwrap();
        conn.send_ping(b"").unwrap();
        conn.send_pong(b"pong").unwrap();
        feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, b"asked"));
        conn.close(None, "").unwrap();
        let firsts: Vec<_> = drain(&mut conn).iter().map(|(first, _)| *first).collect();
        let expected = [0x81, 0x81, 0x82, 0x82, 0x02, 0x89, 0x8a, 0x8a, 0x88];
        assert_eq!(firsts, expected, "E-14, E-17");
    }
}

#[test]
fn a_failing_client_masks_its_close_frame() {
    let (_, out) = drive(Role::Client, Config::default(), &[&hex("83 00")]);
    assert_eq!(frames_from(Role::Client, &out), [sent_close(1002)], "E-14");
}

#[test]
fn what_was_sent_cannot_change() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut data = vec![b'a'; 10_000];
        conn.send_binary(&data).unwrap();
        data.fill(b'b');
        assert_eq!(drain(&mut conn), [sent(0x82, &[b'a'; 10_000])], "E-16");
    }
}

#[test]
fn a_mask_key_of_zero_is_legal() {
    let bytes = hex("81 85 00000000 48656c6c6f");
    check("E-19", Role::Server, &Config::default(), &bytes, &[text("Hello")], &[]);
}

#[test]
fn a_part_of_a_frame_waits() {
    for (role, bytes) in [
        (Role::Client, "81"),
        (Role::Client, "82 7e 01"),
        (Role::Client, "82 7f 00000000000100"),
        (Role::Client, "81 05 48656c6c"),
        (Role::Client, "89 02 61"),
        (Role::Client, "88 02 03"),
        (Role::Server, "81 85 37fa"),
        (Role::Server, "81 85 37fa213d 7f"),
    ] {
        check("E-20", role, &Config::default(), &hex(bytes), &[], &[]);
    }
}

/// `check` cuts every row everywhere; here a longer stream, cut in two and in three.
#[test]
fn every_cut_of_a_stream_gives_the_same_events_and_output() {
    let stream = hex(
        "81 05 48656c6c6f 89 01 70 01 02 f09f 8a 00 80 02 9880 82 00 02 01 ff 00 00 80 01 fe 88 05 03e8 627965",
    );
    for role in ROLES {
        let stream = to(role, &stream);
        for way in WAYS {
            let whole = drive_by(way, role, Config::default(), &[&stream]);
            assert_eq!(whole.0.len(), 8);
            for one in 0..stream.len() {
                let (head, tail) = stream.split_at(one);
                for other in 0..tail.len() {
                    let (middle, tail) = tail.split_at(other);
                    let cut = drive_by(way, role, Config::default(), &[head, middle, tail]);
                    assert_eq!(cut, whole, "E-21: {role:?} {way:?} {one} {other}");
                }
            }
        }
    }
}

#[test]
fn a_part_of_a_header_tells_the_least_that_it_lacks() {
    let table = [
        (Role::Client, "81 05", 2),
        (Role::Client, "82 7e 0100", 4),
        (Role::Client, "82 7f 0000000000010000", 10),
        (Role::Server, "81 85 37fa213d", 2),
        (Role::Server, "82 fe 0100 37fa213d", 4),
        (Role::Server, "82 ff 0000000000010000 37fa213d", 10),
    ];
    for (role, header, length_end) in table {
        let header = hex(header);
        let rules = HeaderRules { role, rsv1: false };
        for len in 0..header.len() {
            let known_end = match len {
                0 | 1 => 2,
                _ if len < length_end => length_end,
                _ => header.len(),
            };
            let decoded = Header::decode(&header[..len], rules);
            assert_eq!(decoded, Ok(Decoded::NeedMore(known_end - len)), "E-20: {header:x?} {len}");
        }
        let whole = Header::decode(&header, rules);
        assert!(matches!(whole, Ok(Decoded::Header(_, len)) if len == header.len()), "{whole:?}");
    }
}

#[test]
fn what_came_before_a_fault_is_delivered_and_nothing_after() {
    let before = [text("a")];
    check_fault("E-22", "81 01 61 83 00 81 01 62", &before, ProtocolError::ReservedOpcode);
}

#[test]
fn the_same_seed_gives_the_same_keys_and_another_one_others() {
    let keys = |seed| {
        let masks = MaskKeys::from_seed([seed; 32]);
        let mut conn = Connection::client(Config::default(), Negotiated::default(), masks);
        conn.send_text("").unwrap();
        output(&mut conn)
    };
    assert_eq!(keys(1), keys(1));
    assert_ne!(keys(1), keys(2), "E-15");
}

/// A header that is not the shortest, with all of its payload behind it.
fn not_the_shortest(role: Role, first: u8, long: &[u8], len: usize) -> Vec<u8> {
    let mask = if role == Role::Server { 0x80 } else { 0 };
    let key = if role == Role::Server { &[0; 4][..] } else { &[] };
    let second = if long.len() == 2 { 126 } else { 127 };
    [&[first, second | mask], long, key, &vec![b'x'; len]].concat()
}

#[test]
fn a_length_that_is_not_the_shortest_is_refused_with_its_whole_payload_at_hand() {
    for (role, way) in ROLES.into_iter().flat_map(|role| WAYS.map(|way| (role, way))) {
        for first in [0x81, 0x82] {
            for len in [0_u16, 1, 125] {
                let bytes = not_the_shortest(role, first, &len.to_be_bytes(), len.into());
                let events = feed(&mut connection(role, Config::default()), way, &bytes);
                assert_eq!(events, [fault(ProtocolError::NonMinimalLength)], "{len}");
            }
            for len in [0_u64, 125, 126, 65_534, 65_535] {
                let payload = usize::try_from(len).unwrap();
                let bytes = not_the_shortest(role, first, &len.to_be_bytes(), payload);
                let events = feed(&mut connection(role, Config::default()), way, &bytes);
                assert_eq!(events, [fault(ProtocolError::NonMinimalLength)], "{len}");
            }
        }
    }
}

#[test]
fn a_frame_that_lacks_its_last_bytes_waits_for_them() {
    for (role, way) in ROLES.into_iter().flat_map(|role| WAYS.map(|way| (role, way))) {
        for len in [9, 126, 300, 65_535, 65_536, 70_000] {
            for (first, lacks) in [1, 2, 4, 9, 10, 13, 14]
                .into_iter()
                .flat_map(|lacks| [(0x81, lacks), (0x82, lacks)])
            {
                let payload = vec![b'x'; len];
                let bytes = frame_to(role, first, &payload);
                let Some(at) = bytes.len().checked_sub(lacks) else {
                    continue;
                };
                let (most, rest) = bytes.split_at(at);
                let mut conn = connection(role, Config::default());
                assert_eq!(feed(&mut conn, way, most), [], "{len} without {lacks}");
                let message = if first == 0x82 {
                    binary(&payload)
                } else {
                    text(core::str::from_utf8(&payload).unwrap())
                };
                assert!(feed(&mut conn, way, rest) == [message], "{len} without {lacks}");
            }
        }
    }
}
