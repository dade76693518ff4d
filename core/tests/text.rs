//! Text (RFC 6455 5.6 and 8.1, RFC 3629): rows I of `rows.txt`.

mod common;

use common::*;
use wspair::utf8::Utf8Check;
use wspair::{Config, Delivery, Kind, ProtocolError, Role};

/// The bytes as one text frame, in hexadecimal digits.
fn text_frame(digits: &str) -> String {
    format!("81 {:02x} {digits}", hex(digits).len())
}

#[test]
fn bytes_that_are_not_utf8_end_the_connection() {
    for (row, bytes) in [
        ("I-01", "80"),
        ("I-02", "c080"),
        ("I-02", "c0af"),
        ("I-02", "e080af"),
        ("I-02", "f08080af"),
        ("I-03", "eda080"),
        ("I-03", "edbfbf"),
        ("I-03", "eda0bdedb880"),
        ("I-04", "f4908080"),
        ("I-04", "f5808080"),
        ("I-04", "fe"),
        ("I-04", "ff"),
        ("I-05", "61ce"),
        ("I-05", "e282"),
        ("I-05", "f09f98"),
    ] {
        check_fault(row, &text_frame(bytes), &[], ProtocolError::TextNotUtf8);
        // After a good message, and followed by one.
        let frames = format!("81 01 61 {} 81 01 62", text_frame(bytes));
        check_fault(row, &frames, &[text("a")], ProtocolError::TextNotUtf8);
    }
}

#[test]
fn what_is_utf8_is_delivered_unchanged() {
    for (row, bytes) in [
        ("I-06", "c280"),
        ("I-06", "dfbf"),
        ("I-06", "e0a080"),
        ("I-06", "ed9fbf"),
        ("I-06", "ee8080"),
        ("I-06", "f0908080"),
        ("I-06", "f48fbfbf"),
        ("I-07", "efbfbe"),
        ("I-07", "00"),
        ("I-07", "efbbbf78"),
    ] {
        let expected = String::from_utf8(hex(bytes)).unwrap();
        check_both(row, &text_frame(bytes), &[text(&expected)], &[]);
    }
}

#[test]
fn a_character_may_be_split_between_parts() {
    check_both("I-08", "01 02 f09f 80 02 9880", &[text("😀")], &[]);
    check_both("I-08", "01 01 f0 00 01 9f 00 00 00 01 98 80 01 80", &[text("😀")], &[]);
    check_both(
        "I-08",
        "01 03 61e282 89 00 80 02 ac62",
        &[ping(b""), text("a€b")],
        &[sent(0x8a, b"")],
    );
}

#[test]
fn an_unfinished_character_does_not_leak_into_the_next_message() {
    check_fault("I-09", "81 02 e282 81 01 ac", &[], ProtocolError::TextNotUtf8);
    check_fault("I-09", "01 01 e2 80 01 82 81 01 ac", &[], ProtocolError::TextNotUtf8);
    check_fault("I-09", "01 02 e282 80 00", &[], ProtocolError::TextNotUtf8);
}

#[test]
fn a_fault_is_seen_before_its_message_ends() {
    check_fault("I-10", "01 02 61ff", &[], ProtocolError::TextNotUtf8);
    check_fault("I-10", "01 02 61e2 00 01 e2", &[], ProtocolError::TextNotUtf8);
    // The frame announces more than has come.
    for bytes in ["f490", "eda0", "e080", "c0", "61ff"] {
        check_fault("I-10", &format!("81 0a {bytes}"), &[], ProtocolError::TextNotUtf8);
    }
}

#[test]
fn a_fault_is_seen_in_chunks_too() {
    let chunks = config(|config| config.delivery = Delivery::Chunks);
    for (row, frames) in [
        ("I-01", "81 01 80"),
        ("I-05", "81 02 e282"),
        ("I-09", "01 02 e282 80 00"),
        ("I-10", "01 02 f490"),
    ] {
        for role in ROLES {
            for way in WAYS {
                for cut in cuts(&to(role, &hex(frames))) {
                    let (events, out) = drive_by(way, role, chunks.clone(), &cut);
                    let last = events.last().unwrap();
                    assert_eq!(*last, fault(ProtocolError::TextNotUtf8), "{row} {role:?}");
                    assert_eq!(frames_from(role, &out), [sent_close(1007)], "{row} {role:?}");
                    let ended =
                        |event: &OwnedEvent| matches!(event, OwnedEvent::Chunk { last: true, .. });
                    assert!(!events.iter().any(ended), "{row} {role:?} {events:?}");
                }
            }
        }
    }
}

#[test]
fn binary_is_never_checked() {
    check_both("I-11", "82 02 ffff", &[binary(b"\xff\xff")], &[]);
    check_both("I-11", "02 01 e2 80 01 ff", &[binary(b"\xe2\xff")], &[]);
}

#[test]
fn a_bad_byte_is_found_wherever_it_is() {
    for at in 0..=130 {
        for bad in [0x80, 0xff] {
            let mut message = [b'a'; 200];
            message[at] = bad; // I-12
            for role in ROLES {
                let bytes = frame_to(role, 0x81, &message);
                let expected = [fault(ProtocolError::TextNotUtf8)];
                let sent = [sent_close(1007)];
                check("I-12", role, &Config::default(), &bytes, &expected, &sent);
            }
        }
    }
}

/// The type of `send_text` keeps what is not UTF-8 out; here, that nothing is changed.
#[test]
fn text_goes_out_as_it_is() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let message = "\0\u{feff}é€😀\u{fffe}\u{10ffff}";
        conn.send_text(message).unwrap();
        conn.send_fragment(Kind::Text, &message.as_bytes()[..4], false).unwrap();
        conn.send_fragment(Kind::Text, &message.as_bytes()[4..], true).unwrap();
        assert_eq!(
            drain(&mut conn),
            [
                sent(0x81, message.as_bytes()),
                sent(0x01, &message.as_bytes()[..4]),
                sent(0x80, &message.as_bytes()[4..]),
            ],
            "I-13"
        );
    }
}

/// Every sequence of up to three bytes, and all of four whose first two can begin a character.
#[test]
fn the_check_agrees_with_the_standard_library() {
    let agree = |bytes: &[u8]| {
        let whole = core::str::from_utf8(bytes);
        let mut check = Utf8Check::new();
        let mut failed_at = None;
        let mut text = String::new();
        for (at, byte) in bytes.iter().enumerate() {
            let Ok(pieces) = check.push(core::slice::from_ref(byte)) else {
                failed_at = Some(at);
                break;
            };
            text.push_str(pieces.joint());
            text.push_str(pieces.rest);
        }
        // The standard library tells how long the impossible sequence is, not where it became so.
        let impossible = |end: usize| {
            core::str::from_utf8(&bytes[..end]).is_err_and(|error| error.error_len().is_some())
        };
        assert_eq!(failed_at, (0..bytes.len()).find(|at| impossible(at + 1)), "{bytes:x?}");
        if failed_at.is_none() {
            assert_eq!(check.is_complete(), whole.is_ok(), "{bytes:x?}");
            let valid = whole.map_or_else(|error| error.valid_up_to(), str::len);
            assert_eq!(text.as_bytes(), &bytes[..valid], "{bytes:x?}");
        }
    };
    let edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed];
    let edges = edges.into_iter().chain([0xef, 0xf0, 0xf4, 0xf5, 0xff]);
    for one in 0..=255 {
        agree(&[one]);
        for two in 0..=255 {
            agree(&[one, two]);
            for three in edges.clone() {
                agree(&[one, two, three]);
                agree(&[one, two, three, 0x80]);
                agree(&[one, two, three, 0xbf]);
                agree(&[one, two, three, 0x41]);
            }
        }
    }
}

#[test]
fn a_client_reads_text_from_fixed_bytes_where_it_lies() {
    let mut conn = connection(Role::Client, Config::default());
    let bytes = hex("81 02 6869");
    let mut received = conn.receive_ref(&bytes);
    let Some(wspair::Event::Text(text)) = received.next() else { panic!() };
    assert_eq!((text.as_str(), text.range()), ("hi", Some(2..4)));
}

/// What is ASCII, what is not, and what is no UTF-8 at all is told apart at every place of texts of
/// any length, whatever the width in which they are looked at.
#[test]
fn one_odd_character_is_seen_wherever_it_stands() {
    let lengths = (0..=70).chain(120..=135).chain([255, 256, 257, 300]);
    // Interpreted, a part of it: each kernel at its borders.
    for len in lengths.filter(|len| !cfg!(miri) || [0, 3, 4, 7, 9, 17, 33, 65, 129].contains(len)) {
        for (role, way) in
            [(Role::Server, Way::Mutable), (Role::Server, Way::Fixed), (Role::Client, Way::Mutable)]
        {
            let deliver = |payload: &[u8]| {
                let mut conn = connection(role, Config::default());
                feed(&mut conn, way, &frame_to(role, 0x81, payload))
            };
            let plain = "a".repeat(len);
            assert_eq!(deliver(plain.as_bytes()), [text(&plain)]);
            for at in 0..len {
                let mut odd = plain.clone();
                odd.replace_range(at..=at, "ä");
                assert_eq!(deliver(odd.as_bytes()), [text(&odd)], "{len} {at}");
                let mut broken = plain.clone().into_bytes();
                broken[at] = 0xe4;
                let expected = [fault(ProtocolError::TextNotUtf8)];
                assert_eq!(deliver(&broken), expected, "{len} {at}");
            }
        }
    }
}

/// Long texts in pieces, cut around the blocks in which they are checked: whole characters at every
/// place, and one byte that is none.
#[test]
fn long_texts_are_checked_across_every_cut() {
    let text = "aé€😀".repeat(if cfg!(miri) { 830 } else { 2500 });
    let borders = [0, 1, 5000, 8188, 8191, 8192, 8193, 8195, 8200, 16_390, text.len() - 1];
    for (role, way) in ROLES.iter().flat_map(|role| WAYS.map(|way| (*role, way))) {
        for fragments in [1, 2] {
            let deliver = |payload: &[u8], cuts: &[usize]| {
                let (one, two) = payload.split_at(payload.len() / fragments);
                let frames = match fragments {
                    1 => frame(0x81, one),
                    _ => [frame(0x01, one), frame(0x80, two)].concat(),
                };
                let bytes = to(role, &frames);
                let mut conn = connection(role, Config::default());
                let (mut events, mut from) = (Vec::new(), 0);
                for to in cuts.iter().copied().filter(|cut| *cut < bytes.len()) {
                    events.extend(feed(&mut conn, way, &bytes[from..to]));
                    from = to;
                }
                events.extend(feed(&mut conn, way, &bytes[from..]));
                events
            };
            for shift in 0..12 {
                let cuts = [100 + shift, 8190 + shift, 16_384 + shift];
                assert_eq!(deliver(text.as_bytes(), &cuts), [self::text(&text)]);
            }
            for at in borders.into_iter().filter(|at| *at < text.len()) {
                let mut broken = text.clone().into_bytes();
                broken[at] = 0xff;
                let expected = [fault(ProtocolError::TextNotUtf8)];
                assert_eq!(deliver(&broken, &[]), expected, "{role:?} {way:?} {at}");
                assert_eq!(deliver(&broken, &[4000, 12_000]), expected, "{role:?} {way:?} {at}");
            }
        }
    }
}

#[test]
fn a_last_byte_that_begins_no_character_is_told_at_once_behind_a_text_of_any_length() {
    let lengths = [0, 1, 7, 15, 16, 31, 32, 33, 48, 63, 64, 65, 100, 200, 255, 256, 300, 2000];
    // Interpreted, a part of it: the borders of kernels and of what may begin a character.
    let is_taken = |len: usize| !cfg!(miri) || [0, 15, 33, 65, 256].contains(&len);
    let borders = [0x80, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF];
    for way in WAYS {
        for len in lengths.into_iter().filter(|len| is_taken(*len)) {
            for last in (0x80..=0xFF_u8).filter(|last| !cfg!(miri) || borders.contains(last)) {
                let mut piece = vec![b'x'; len];
                piece.push(last);
                let may_go_on = core::str::from_utf8(&piece).unwrap_err().error_len().is_none();
                let mut conn = connection(Role::Server, Config::default());
                let events = feed(&mut conn, way, &frame_to(Role::Server, 0x01, &piece));
                let expected =
                    if may_go_on { vec![] } else { vec![fault(ProtocolError::TextNotUtf8)] };
                assert_eq!(events, expected, "{last:#x} behind {len} bytes, {way:?}");
            }
        }
    }
}
