//! Sending straight to a writer: no copy of a long payload, and the same bytes as by way of the queue.

mod common;

use std::io::{self, ErrorKind, IoSlice, Write};

use bytes::Bytes;
use common::deflate::{deflating, params};
use common::*;
use proptest::prelude::*;
use wspair::{Config, Connection, Kind, Role, SendError, TransportAction};

/// Takes what it is told to, a call each, then all; keeps where it was given each part.
#[derive(Default)]
struct Socket {
    out: Vec<u8>,
    takes: Vec<Result<usize, ErrorKind>>,
    parts: Vec<(*const u8, usize)>,
}

impl Socket {
    fn that(takes: &[Result<usize, ErrorKind>]) -> Self {
        Self { takes: takes.iter().rev().copied().collect(), ..Self::default() }
    }

    fn was_given(&self, bytes: &[u8]) -> bool {
        self.parts.contains(&(bytes.as_ptr(), bytes.len()))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.parts.extend(parts.iter().map(|part| (part.as_ptr(), part.len())));
        let all: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let taken = self.takes.pop().unwrap_or(Ok(usize::MAX))?.min(all.len());
        self.out.extend(&all[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn server() -> Connection {
    connection(Role::Server, Config::default())
}

fn pinged(conn: &mut Connection, payload: &[u8]) {
    let frame = frame_to(conn.role(), 0x89, payload);
    assert_eq!(feed(conn, Way::Mutable, &frame), [ping(payload)]);
}

#[test]
fn a_long_payload_is_written_from_where_it_lies() {
    let mut conn = server();
    let (picture, book) = (vec![7; 100_000], "b".repeat(5000));
    let mut socket = Socket::default();
    assert_eq!(conn.write_binary(&picture, &mut socket).unwrap().unwrap(), 100_010);
    assert_eq!(conn.write_text(&book, &mut socket).unwrap().unwrap(), 5004);
    assert!(socket.was_given(&picture) && socket.was_given(book.as_bytes()));
    assert!(!conn.wants_write());
    let expected = [sent(0x82, &picture), sent(0x81, book.as_bytes())];
    assert!(frames_from(Role::Server, &socket.out) == expected);
}

#[test]
fn an_echo_is_written_out_of_the_event() {
    let mut conn = server();
    let mut input = frame_to(Role::Server, 0x82, &vec![5; 20_000]);
    let mut socket = Socket::default();
    let mut received = conn.receive(&mut input);
    while let Some((event, mut sender)) = received.next_and_sender() {
        let wspair::Event::Binary(data) = event else { panic!("{event:?}") };
        sender.write_binary(data.as_bytes(), &mut socket).unwrap().unwrap();
        assert!(socket.was_given(&data));
    }
    assert!(socket.out == frame(0x82, &vec![5; 20_000]));
}

#[test]
fn what_the_writer_does_not_take_is_queued_wherever_it_stops() {
    let payload = Bytes::from(vec![3; 70_000]);
    let expected = frame(0x82, &payload);
    for stop in [0, 1, 9, 10, 11, 69_999, 70_009, 70_010] {
        for shared in [false, true] {
            let mut conn = server();
            let mut socket = Socket::that(&[Ok(stop.max(1)), Err(ErrorKind::WouldBlock)]);
            if stop == 0 {
                socket = Socket::that(&[Err(ErrorKind::Interrupted), Err(ErrorKind::WouldBlock)]);
            }
            let written = if shared {
                conn.write_binary(payload.clone(), &mut socket)
            } else {
                conn.write_binary(&payload[..], &mut socket)
            };
            assert_eq!(written.unwrap().unwrap(), stop);
            assert_eq!(conn.buffered_amount(), expected.len() - stop);
            pinged(&mut conn, b"between");
            conn.send_text("after").unwrap();
            socket.takes.clear();
            conn.transmit().write_to(&mut socket).unwrap();
            let mut after = [sent(0x8a, b"between"), sent(0x81, b"after")];
            let frames = frames_from(Role::Server, &socket.out);
            assert!(frames[0] == sent(0x82, &payload), "stopped at {stop}");
            let mut rest = frames[1..].to_vec();
            rest.sort();
            after.sort();
            assert_eq!(rest, after, "stopped at {stop}");
        }
    }
}

#[test]
fn the_header_of_an_empty_message_is_written_whole_too() {
    let mut conn = connection(Role::Server, config(|config| config.share_from = 0));
    let mut socket = Socket::that(&[Ok(1), Err(ErrorKind::WouldBlock)]);
    assert_eq!(conn.write_binary(&[], &mut socket).unwrap().unwrap(), 1);
    assert_eq!(conn.buffered_amount(), 1);
    conn.transmit().drain_into(&mut socket.out);
    assert_eq!(socket.out, frame(0x82, b""));
}

#[test]
fn a_writer_that_fails_leaves_the_rest_queued() {
    for (takes, error) in [
        (vec![Err(ErrorKind::BrokenPipe)], ErrorKind::BrokenPipe),
        (vec![Ok(0)], ErrorKind::WriteZero),
        (vec![Ok(100), Err(ErrorKind::BrokenPipe)], ErrorKind::BrokenPipe),
    ] {
        let mut conn = server();
        let mut socket = Socket::that(&takes);
        let failed = conn.write_binary(vec![1; 9000], &mut socket).unwrap().unwrap_err();
        assert_eq!(failed.kind(), error);
        conn.transmit().drain_into(&mut socket.out);
        assert!(socket.out == frame(0x82, &[1; 9000]));
    }
}

#[test]
fn what_is_refused_touches_neither_queue_nor_writer() {
    let mut conn = server();
    let mut socket = Socket::default();
    conn.send_fragment(Kind::Text, b"open", false).unwrap();
    let refused = conn.write_binary(vec![1; 9000], &mut socket);
    assert!(matches!(refused, Err(SendError::Fragment)));
    conn.send_fragment(Kind::Text, b"", true).unwrap();
    conn.close(None, "").unwrap();
    let waits = conn.buffered_amount();
    let refused = conn.write_text("t".repeat(9000), &mut socket);
    assert!(matches!(refused, Err(SendError::Closing)));
    assert_eq!((conn.buffered_amount(), socket.out.len()), (waits, 0));
}

#[test]
fn a_close_behind_half_a_message_goes_out_behind_all_of_it() {
    let mut conn = server();
    let mut socket = Socket::that(&[Ok(10), Err(ErrorKind::WouldBlock)]);
    conn.write_binary(&[2; 8000], &mut socket).unwrap().unwrap();
    assert!(feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x88, b"\x03\xe8")).len() > 1);
    assert_eq!(conn.transport(), TransportAction::FinishWriting);
    conn.transmit().write_to(&mut socket).unwrap();
    let frames = frames_from(Role::Server, &socket.out);
    assert!(frames == [sent(0x82, &[2; 8000]), sent_close(1000)]);
}

#[test]
fn compressed_and_split_messages_are_written_as_they_are_sent() {
    let mut conn = deflating(Role::Server, Config::default(), params(15, true));
    let mut socket = Socket::default();
    conn.write_text("a".repeat(9000), &mut socket).unwrap().unwrap();
    let frames = frames_from(Role::Server, &socket.out);
    assert!(matches!(&frames[..], [(0xc1, payload)] if payload.len() < 1000));

    let mut conn = connection(Role::Server, config(|config| config.split_above = Some(4096)));
    let mut socket = Socket::default();
    conn.write_binary(vec![4; 9000], &mut socket).unwrap().unwrap();
    let firsts: Vec<_> = frames_from(Role::Server, &socket.out).iter().map(|it| it.0).collect();
    assert_eq!(firsts, [0x02, 0x00, 0x80]);
}

fn take() -> impl Strategy<Value = Result<usize, ErrorKind>> {
    prop_oneof![
        (1..20_usize).prop_map(Ok),
        (1..70_000_usize).prop_map(Ok),
        Just(Err(ErrorKind::Interrupted)),
        Just(Err(ErrorKind::WouldBlock)),
    ]
}

proptest! {
    #![proptest_config(cases::cases(200))]

    #[test]
    fn messages_come_whole_and_in_order_however_the_writer_takes_them(
        role in prop_oneof![Just(Role::Server), Just(Role::Client)],
        messages in prop::collection::vec(
            (prop_oneof![0..10_usize, 4090..4100_usize, 60_000..70_000_usize], 0..4_u8),
            1..12,
        ),
        takes in prop::collection::vec(take(), 0..40),
    ) {
        let mut conn = connection(role, Config::default());
        let mut socket = Socket { takes, ..Socket::default() };
        let mut expected = Vec::new();
        for (at, (len, how)) in (0_u8..).zip(messages) {
            let payload = vec![at; len];
            match how {
                0 => conn.send_binary(&payload).unwrap(),
                1 => pinged(&mut conn, b"pinged"),
                2 => _ = conn.write_binary(&payload, &mut socket).unwrap().unwrap(),
                _ => _ = conn.write_binary(payload.clone(), &mut socket).unwrap().unwrap(),
            }
            if how != 1 {
                expected.push(sent(0x82, &payload));
            }
        }
        conn.transmit().drain_into(&mut socket.out);
        let mut frames = frames_from(role, &socket.out);
        frames.retain(|frame| *frame != sent(0x8a, b"pinged"));
        prop_assert!(frames == expected);
    }
}
