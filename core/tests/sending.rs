//! Sending (RFC 6455 5.4 and 6.1): rows L of `rows.txt`. The view of the queue that the host
//! writes from is in `transmit.rs`.

mod common;

use bytes::Bytes;
use common::*;
use wspair::bindings::SenderBinding;
use wspair::{Config, Connection, Kind, Prepared, Role, SendError};

/// Every way to send a message of these bytes.
type Send = fn(&mut Connection, &[u8]) -> Result<(), SendError>;

const SENDS: [Send; 6] = [
    |conn, data| conn.send_text(core::str::from_utf8(data).unwrap()),
    |conn, data| conn.send_binary(data),
    |conn, data| conn.send_binary(data.to_vec()),
    |conn, data| conn.send_binary(Bytes::copy_from_slice(data)),
    |conn, data| conn.send_fragment(Kind::Binary, data, true),
    |conn, data| conn.send_prepared(&Prepared::binary(data)),
];

/// How long a header is, for lengths below 64 KiB.
fn header(role: Role, len: usize) -> usize {
    let mask = if role == Role::Client { 4 } else { 0 };
    mask + if len < 126 { 2 } else { 4 }
}

#[test]
fn nothing_is_sent_but_on_an_open_connection() {
    type End = fn(&mut Connection);
    let ends: [(&str, End); 4] = [
        ("own close", |conn| conn.close(None, "").unwrap()),
        ("fault", |conn| drop(feed(conn, Way::Mutable, &hex("83 00")))),
        ("peer's close", |conn| {
            let frame = frame_to(conn.role(), 0x88, b"");
            feed(conn, Way::Mutable, &frame);
        }),
        ("end of the transport", |conn| drop(collect(&mut conn.receive_eof()))),
    ];
    for role in ROLES {
        for (why, end) in ends {
            let mut conn = connection(role, Config::default());
            end(&mut conn);
            let before = output(&mut conn);
            assert!(before.len() <= 8, "one Close frame at most");
            for send in SENDS {
                assert_eq!(send(&mut conn, b"late"), Err(SendError::Closing), "L-01 {why}");
            }
            let fragment = conn.send_fragment(Kind::Text, b"late", false);
            assert_eq!(fragment, Err(SendError::Closing), "L-01 {why}");
            let framed = conn.frame_in_place(Kind::Text, &mut [0; 20], 14);
            assert_eq!(framed, Err(SendError::Closing), "L-01 {why}");
            assert_eq!(conn.send_ping(b""), Err(SendError::Closing), "L-01 {why}");
            assert_eq!(output(&mut conn), b"", "L-01 {why}");
        }
    }
}

#[test]
fn the_opcode_tells_the_type_and_fin_the_last_frame() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("t").unwrap();
        conn.send_binary(b"b").unwrap();
        conn.send_fragment(Kind::Text, b"1", false).unwrap();
        conn.send_fragment(Kind::Text, b"", false).unwrap();
        conn.send_fragment(Kind::Text, b"3", true).unwrap();
        conn.send_fragment(Kind::Binary, b"", false).unwrap();
        conn.send_fragment(Kind::Binary, b"", true).unwrap();
        conn.send_prepared(&Prepared::text("p")).unwrap();
        assert_eq!(
            drain(&mut conn),
            [
                sent(0x81, b"t"),
                sent(0x82, b"b"),
                sent(0x01, b"1"),
                sent(0x00, b""),
                sent(0x80, b"3"),
                sent(0x02, b""),
                sent(0x80, b""),
                sent(0x81, b"p"),
            ],
            "L-02"
        );
    }
}

/// `frames_from` checks the form.
#[test]
fn lengths_go_out_in_their_shortest_form() {
    for role in ROLES {
        for len in [0, 1, 125, 126, 127, 65535, 65536, 65537] {
            let data = vec![b'x'; len];
            for send in SENDS {
                let mut conn = connection(role, Config::default());
                send(&mut conn, &data).unwrap();
                let frames = drain(&mut conn);
                assert_eq!((frames.len(), &frames[0].1), (1, &data), "L-03");
            }
        }
    }
    let mut conn = connection(Role::Server, Config::default());
    conn.send_binary(vec![0; 65536]).unwrap();
    assert_eq!(output(&mut conn)[..10], hex("82 7f 0000000000010000"));
}

#[test]
fn a_streamed_message_blocks_other_data_and_not_control_frames() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_fragment(Kind::Text, b"a", false).unwrap();
        for send in [SENDS[0], SENDS[1], SENDS[2], SENDS[3], SENDS[4], SENDS[5]] {
            assert_eq!(send(&mut conn, b"other"), Err(SendError::Fragment), "L-04");
        }
        let framed = conn.frame_in_place(Kind::Text, &mut [0; 20], 14);
        assert_eq!(framed, Err(SendError::Fragment));
        conn.send_ping(b"p").unwrap();
        conn.send_pong(b"q").unwrap();
        conn.send_fragment(Kind::Text, b"b", true).unwrap();
        conn.send_binary(b"next").unwrap();
        conn.send_fragment(Kind::Binary, b"half", false).unwrap();
        conn.close(None, "").unwrap();
        assert_eq!(
            drain(&mut conn),
            [
                sent(0x01, b"a"),
                sent(0x89, b"p"),
                sent(0x8a, b"q"),
                sent(0x80, b"b"),
                sent(0x82, b"next"),
                sent(0x02, b"half"),
                sent(0x88, b""),
            ]
        );
    }
}

#[test]
fn bytes_go_out_in_the_order_of_the_calls() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut expected = Vec::new();
        for (at, len) in (0..).zip([1, 5000, 70_000, 2, 4096, 4095, 0, 65_000, 700, 3]) {
            let data = vec![b'a' + at; len];
            for (send, first) in SENDS.into_iter().zip([0x81, 0x82, 0x82, 0x82, 0x82, 0x82]) {
                send(&mut conn, &data).unwrap();
                expected.push(sent(first, &data));
            }
            conn.send_ping(&[at]).unwrap();
            expected.push(sent(0x89, &[at]));
        }
        assert!(drain(&mut conn) == expected, "L-05");
    }
}

#[test]
fn a_pong_goes_before_what_is_sent_behind_its_ping() {
    for role in ROLES {
        for send in SENDS {
            for len in [1, 5000] {
                let mut conn = connection(role, Config::default());
                feed(&mut conn, Way::Mutable, &frame_to(role, 0x89, b"p"));
                send(&mut conn, &vec![b'x'; len]).unwrap();
                assert_eq!(drain(&mut conn)[0], sent(0x8a, b"p"), "L-05");
            }
        }
    }
}

#[test]
fn a_close_goes_behind_what_is_queued() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let data = vec![7; 100_000];
        conn.send_binary(data.clone()).unwrap();
        feed(&mut conn, Way::Mutable, &to(role, &hex("89 01 70 88 02 03e8")));
        assert!(
            drain(&mut conn) == [sent(0x82, &data), sent(0x8a, b"p"), sent_close(1000)],
            "L-07: data, pong, Close"
        );
    }
}

#[test]
fn the_buffered_amount_is_exact() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let mut expected = 0;
        for len in [0, 1, 125, 126, 4096, 60_000, 3] {
            for send in SENDS {
                send(&mut conn, &vec![b'x'; len]).unwrap();
                expected += header(role, len) + len;
                assert_eq!(conn.buffered_amount(), expected, "L-06");
            }
        }
        conn.send_ping(b"12").unwrap();
        expected += header(role, 2) + 2;
        let mut written = 0;
        while written < expected {
            let mut transmit = conn.transmit();
            assert_eq!(transmit.len(), expected - written);
            let step = transmit.chunk().len().min(977);
            transmit.advance(step);
            written += step;
            assert_eq!(conn.buffered_amount(), expected - written);
        }
        assert!(conn.transmit().is_empty());
        conn.transmit().advance(usize::MAX);
        assert_eq!(conn.buffered_amount(), 0);
    }
}

#[test]
fn a_full_queue_refuses_to_the_byte_and_an_empty_one_takes_anything() {
    for role in ROLES {
        for send in SENDS {
            let (first, second) = (header(role, 300) + 300, header(role, 200) + 200);
            for (room, good) in [(-1, false), (0, true), (1, true)] {
                let config = config(|config| {
                    config.limits.max_outgoing = (first + second).saturating_add_signed(room);
                });
                let mut conn = connection(role, config);
                send(&mut conn, &[b'x'; 300]).unwrap();
                let second = send(&mut conn, &[b'x'; 200]);
                let refused = Err(SendError::Backpressure { queued: first });
                assert_eq!(second, if good { Ok(()) } else { refused }, "L-06");
                assert_eq!(drain(&mut conn).len(), if good { 2 } else { 1 });
                send(&mut conn, &[b'x'; 10_000]).unwrap();
                assert_eq!(
                    send(&mut conn, b""),
                    Err(SendError::Backpressure { queued: header(role, 10_000) + 10_000 })
                );
            }
        }
    }
}

#[test]
fn a_full_queue_refuses_the_shortest_messages_too() {
    for role in ROLES {
        for send in SENDS {
            // So many that the memory they lie in has room for another.
            let first = 4 * (header(role, 100) + 100);
            for (len, room) in (0..3).flat_map(|len| (0..10).map(move |room| (len, room))) {
                let config = config(|config| config.limits.max_outgoing = first + room);
                let mut conn = connection(role, config);
                (0..4).for_each(|_| send(&mut conn, &[b'x'; 100]).unwrap());
                let sent = send(&mut conn, &b"xx"[..len]);
                assert_eq!(sent.is_ok(), header(role, len) + len <= room, "{role:?} {len} {room}");
            }
        }
    }
}

#[test]
fn control_frames_of_the_caller_count_and_automatic_ones_do_not() {
    let config = config(|config| config.limits.max_outgoing = 10);
    for role in ROLES {
        let mut conn = connection(role, config.clone());
        conn.send_ping(b"1234").unwrap();
        let queued = header(role, 4) + 4;
        assert_eq!(conn.send_ping(b"1234"), Err(SendError::Backpressure { queued }), "L-06");
        assert_eq!(conn.send_pong(b"1234"), Err(SendError::Backpressure { queued }));
        feed(&mut conn, Way::Mutable, &to(role, &hex("89 01 70 88 00")));
        let firsts: Vec<_> = drain(&mut conn).iter().map(|(first, _)| *first).collect();
        assert_eq!(firsts, [0x89, 0x8a, 0x88]);
    }
}

#[test]
fn a_refused_fragment_leaves_the_message_as_it_was() {
    let config = config(|config| config.limits.max_outgoing = 10);
    let mut conn = connection(Role::Server, config);
    conn.send_text("12345678").unwrap();
    let full = Err(SendError::Backpressure { queued: 10 });
    assert_eq!(conn.send_fragment(Kind::Binary, b"1", false), full); // L-06
    assert_eq!(drain(&mut conn).len(), 1);
    conn.send_fragment(Kind::Text, b"12345678", false).unwrap();
    assert_eq!(conn.send_fragment(Kind::Binary, b"1", true), Err(SendError::Fragment));
    assert_eq!(conn.send_fragment(Kind::Text, b"1", true), full);
    assert_eq!(drain(&mut conn), [sent(0x01, b"12345678")]);
    conn.send_fragment(Kind::Text, b"9", true).unwrap();
    assert_eq!(drain(&mut conn), [sent(0x80, b"9")]);
}

#[test]
fn congestion_begins_at_the_mark() {
    let config = config(|config| config.limits.high_water_mark = 10);
    let mut conn = connection(Role::Server, config);
    conn.send_text("1234567").unwrap();
    assert!(!conn.is_congested()); // L-06
    conn.transmit().advance(1);
    conn.send_text("").unwrap();
    assert!(conn.is_congested());
    conn.transmit().advance(1);
    assert!(!conn.is_congested());
}

#[test]
fn long_messages_are_split_and_short_ones_not() {
    let config = config(|config| config.split_above = Some(10));
    for role in ROLES {
        for send in [SENDS[0], SENDS[1], SENDS[2], SENDS[3]] {
            let mut conn = connection(role, config.clone());
            send(&mut conn, b"0123456789").unwrap();
            let frames = drain(&mut conn);
            assert_eq!((frames.len(), frames[0].0 & 0x80), (1, 0x80));
            send(&mut conn, b"0123456789a").unwrap();
            send(&mut conn, b"0123456789abcdefghijk").unwrap();
            let frames = drain(&mut conn);
            let first = frames[0].0;
            assert!(first < 3);
            assert_eq!(
                frames,
                [
                    sent(first, b"0123456789"),
                    sent(0x80, b"a"),
                    sent(first, b"0123456789"),
                    sent(0x00, b"abcdefghij"),
                    sent(0x80, b"k"),
                ]
            );
        }
    }
}

#[test]
fn the_headers_of_all_parts_count_when_a_message_is_split() {
    for role in ROLES {
        let size = 1 + header(role, 1);
        for (room, good) in [(-1, false), (0, true)] {
            let config = config(|config| {
                config.split_above = Some(1);
                config.limits.max_outgoing = (101 * size).saturating_add_signed(room);
            });
            let mut conn = connection(role, config); // L-06
            conn.send_text("1").unwrap();
            assert_eq!(conn.send_text("x".repeat(100)).is_ok(), good, "{role:?}");
            let waits = if good { 101 * size } else { size };
            assert_eq!(conn.buffered_amount(), waits);
        }
    }
}

#[test]
fn parts_of_a_split_message_are_shared_or_copied_by_their_own_length() {
    let config = config(|config| (config.split_above, config.share_from) = (Some(100), 60));
    let mut conn = connection(Role::Server, config);
    conn.send_binary(Bytes::from(vec![1; 130])).unwrap();
    let mut slices = [&b""[..]; 8];
    let mut transmit = conn.transmit();
    let count = transmit.slices(&mut slices);
    let lens: Vec<_> = slices[..count].iter().map(|slice| slice.len()).collect();
    assert_eq!(lens, [2, 100, 2 + 30]);
}

#[test]
fn splitting_above_zero_still_moves_on() {
    let config = config(|config| config.split_above = Some(0));
    let mut conn = connection(Role::Server, config);
    conn.send_text("").unwrap();
    conn.send_text("ab").unwrap();
    assert_eq!(drain(&mut conn), [sent(0x81, b""), sent(0x01, b"a"), sent(0x80, b"b")]);
}

#[test]
fn a_long_shared_payload_of_a_server_is_not_copied() {
    for (len, shared) in [(4095, false), (4096, true), (100_000, true)] {
        let data = Bytes::from(vec![1; len]);
        let news = Prepared::binary(&data);
        let config = config(|config| config.split_above = Some(1 << 20));
        let mut conn = connection(Role::Server, config);
        conn.send_binary(data.clone()).unwrap();
        conn.send_prepared(&news).unwrap();
        let mut slices = [&b""[..]; 8];
        let mut transmit = conn.transmit();
        let count = transmit.slices(&mut slices);
        let lies = |at: *const u8| slices[..count].iter().any(|slice| slice.as_ptr() == at);
        assert_eq!(lies(data.as_ptr()), shared, "{len}");
        let is_news = |slice: &&[u8]| slice.as_ptr_range().end == news.payload().as_ptr_range().end;
        assert_eq!(slices[..count].iter().any(is_news), len + 4 >= 4096, "{len}");
    }
}

#[test]
fn a_message_is_framed_where_it_lies() {
    for role in ROLES {
        for len in [0, 1, 125, 126, 65_535, 65_536] {
            let mut conn = connection(role, Config::default());
            let mut buf = vec![0xee; 20];
            buf.extend(vec![b'x'; len]);
            let range = conn.frame_in_place(Kind::Text, &mut buf, 20).unwrap();
            assert_eq!(range.end, buf.len());
            assert_eq!(frames_from(role, &buf[range.clone()]), [sent(0x81, &vec![b'x'; len])]);
            assert!(buf[..range.start].iter().all(|byte| *byte == 0xee));
            assert!(conn.transmit().is_empty());
        }
    }
}

#[test]
fn framing_in_place_never_overtakes_and_needs_room() {
    let mut conn = connection(Role::Server, Config::default());
    let mut buf = *b"..text";
    assert_eq!(conn.frame_in_place(Kind::Text, &mut buf, 1), Err(SendError::Room));
    assert_eq!(conn.frame_in_place(Kind::Text, &mut buf, 7), Err(SendError::Room));
    assert_eq!(conn.frame_in_place(Kind::Text, &mut buf, usize::MAX), Err(SendError::Room));
    assert_eq!(buf, *b"..text");
    feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x89, b""));
    assert_eq!(conn.frame_in_place(Kind::Text, &mut buf, 2), Err(SendError::Pending));
    drain(&mut conn);
    assert_eq!(conn.frame_in_place(Kind::Text, &mut buf, 2), Ok(0..6));
    assert_eq!(buf, *b"\x81\x04text");
}

#[test]
fn a_payload_goes_out_beside_its_header() {
    let mut conn = connection(Role::Server, Config::default());
    let mut header = [0; 14];
    for (len, bytes) in [(5, &b"\x82\x05"[..]), (65_536, b"\x82\x7f\0\0\0\0\0\x01\0\0")] {
        let taken = conn.frame_beside(Kind::Binary, len, &mut header).unwrap().unwrap();
        assert_eq!(&header[..taken], bytes);
    }
    assert!(conn.transmit().is_empty());

    conn.send_text("first").unwrap();
    assert_eq!(conn.frame_beside(Kind::Text, 5, &mut header), Err(SendError::Pending));
    let mut client = connection(Role::Client, Config::default());
    assert_eq!(client.frame_beside(Kind::Text, 5, &mut header), Ok(None));
    let split = config(|config| config.split_above = Some(4));
    let mut splitting = connection(Role::Server, split);
    assert_eq!(splitting.frame_beside(Kind::Text, 5, &mut header), Ok(None));
    assert_eq!(splitting.frame_beside(Kind::Text, 4, &mut header), Ok(Some(2)));
    splitting.close(None, "").unwrap();
    assert_eq!(splitting.frame_beside(Kind::Text, 4, &mut header), Err(SendError::Closing));
}

#[test]
fn a_close_frame_that_is_put_off_can_be_explained() {
    let small = config(|config| config.limits.max_message = 4);
    let mut conn = connection(Role::Server, small);
    let mut input = frame_to(Role::Server, 0x81, b"hello");
    let mut received = conn.receive(&mut input);
    received.defer_close();
    assert!(received.next().is_some());
    assert_eq!(conn.too_long(), Some(5));
    assert_eq!(conn.explain_close(&"x".repeat(124)), Err(SendError::CloseReason));
    conn.explain_close("5 > 4").unwrap();
    assert_eq!(drain(&mut conn), [sent(0x88, b"\x03\xf15 > 4")]);
    // Too late for another reason, which is no mistake.
    conn.explain_close("too late").unwrap();
    assert!(conn.transmit().is_empty());
}

#[test]
fn whether_there_is_anything_to_write_is_told_before_one_looks() {
    for role in ROLES {
        let masks = if role == Role::Client { 4 } else { 0 };
        for (digits, waits) in [
            ("89 01 70", 3 + masks),
            ("89 01 70 89 00", 5 + 2 * masks),
            ("88 02 03e8", 4 + masks),
            ("88 00", 2 + masks),
            ("83 00", 4 + masks),
            ("89 01 70 88 02 03e8", 7 + 2 * masks),
            ("8a 00 81 00", 0),
        ] {
            for defers in [true, false] {
                let mut conn = connection(role, Config::default());
                assert!(!conn.wants_write());
                let mut bytes = to(role, &hex(digits));
                let mut received = conn.receive(&mut bytes);
                if defers {
                    received.defer_close();
                }
                drop(collect(&mut received));
                assert_eq!(conn.buffered_amount(), waits, "{digits}");
                assert_eq!(conn.wants_write(), waits > 0, "{digits}");
                assert_eq!(conn.sender().wants_write(), waits > 0);
                assert_eq!(output(&mut conn).len(), waits, "{digits}");
                assert!(!conn.wants_write());
                assert_eq!(conn.buffered_amount(), 0);
            }
        }
    }
}

#[test]
fn a_close_that_was_put_off_and_explained_counts_with_its_reason() {
    let mut conn = connection(Role::Server, Config::default());
    let mut input = to(Role::Server, &hex("83 00"));
    let mut received = conn.receive(&mut input);
    received.defer_close();
    drop(collect(&mut received));
    conn.explain_close("why").unwrap();
    assert_eq!(conn.buffered_amount(), 2 + 2 + 3);
    assert_eq!(output(&mut conn).len(), 7);
}

#[test]
fn pongs_count_towards_congestion() {
    let config = config(|config| config.limits.high_water_mark = 6);
    let mut conn = connection(Role::Server, config);
    feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x89, b"abc"));
    assert!(!conn.is_congested());
    feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x89, b""));
    assert!(conn.is_congested() && conn.sender().is_congested());
    drain(&mut conn);
    assert!(!conn.is_congested());
}

#[test]
fn with_a_mark_of_nothing_an_empty_queue_is_not_congested() {
    let config = config(|config| config.limits.high_water_mark = 0);
    let mut conn = connection(Role::Server, config);
    assert!(!conn.is_congested() && !conn.sender().is_congested());
    conn.send_text("a").unwrap();
    assert!(conn.is_congested() && conn.sender().is_congested());
    drain(&mut conn);
    assert!(!conn.is_congested());
}
