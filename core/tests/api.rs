//! What makes the engine easy to hold: conversions, borrows that go together, values that are shown.

mod common;

use core::time::Duration;
use std::borrow::Cow;
use std::io::{Cursor, IoSlice, Read};

use bytes::{Buf, Bytes};
use common::*;
use wspair::handshake::{Fields, HeadLimits, Policy, ServerHandshake, ServerProgress};
use wspair::pair::{Accept, PairConfig};
use wspair::{
    CloseCode, CloseFrame, Config, Delivery, Event, Instant, Limits, Negotiated, OutgoingText, Role,
};

#[test]
fn what_waits_is_a_buf_to_read_from() {
    let config = Config::default().with_share_from(4);
    let mut conn = wspair::Connection::server(config, Negotiated::default());
    conn.send_text("a").unwrap();
    conn.send_binary(Bytes::from_static(b"shared")).unwrap();
    conn.send_text("b").unwrap();
    let mut whole = Vec::new();
    conn.transmit().reader().read_to_end(&mut whole).unwrap();
    assert_eq!(whole, b"\x81\x01a\x82\x06shared\x81\x01b");
    assert!(!conn.wants_write());
}

#[test]
fn its_slices_are_the_bytes_in_their_order_and_advancing_goes_over_their_borders() {
    let config = Config::default().with_share_from(4);
    let mut conn = wspair::Connection::server(config, Negotiated::default());
    conn.send_binary(Bytes::from_static(b"shared")).unwrap();
    conn.send_text("b").unwrap();
    let mut transmit = conn.transmit();
    let mut slices = [IoSlice::new(&[]); 8];
    let count = transmit.chunks_vectored(&mut slices);
    let seen: Vec<_> = slices[..count].iter().map(|slice| slice.to_vec()).collect();
    assert_eq!(seen, [&b"\x82\x06"[..], b"shared", b"\x81\x01b"]);
    assert_eq!(transmit.chunks_vectored(&mut slices[..1]), 1);
    assert_eq!((transmit.remaining(), Buf::chunk(&transmit)), (11, &b"\x82\x06"[..]));
    Buf::advance(&mut transmit, 4);
    assert_eq!(Buf::chunk(&transmit), b"ared");
    assert_eq!(transmit.copy_to_bytes(7), &b"ared\x81\x01b"[..]);
    assert!(!transmit.has_remaining());
}

#[test]
#[should_panic(expected = "advanced by 4 of 3 bytes")]
fn advancing_a_buf_past_its_end_is_the_callers_mistake() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text("a").unwrap();
    Buf::advance(&mut conn.transmit(), 4);
}

/// The bytes that came behind a handshake's last go through the own read buffer, in any cut.
#[test]
fn what_is_fed_comes_first_and_is_kept_until_it_is_read() {
    let stream = hex("81 85 00000000 48656c6c6f 82 81 00000000 21");
    for cut in 0..=stream.len() {
        let (early, rest) = stream.split_at(cut);
        let mut conn = connection(Role::Server, Config::default());
        let mut events = Vec::new();
        // Back-pressure: what was fed is not read yet.
        let _ = conn.feed(early);
        assert_eq!(conn.unread(), cut);
        conn.read_buf(64)[..rest.len()].copy_from_slice(rest);
        events.extend(collect(&mut conn.receive_buf(rest.len())));
        assert_eq!(events, [text("Hello"), binary(b"!")], "cut at {cut}");
    }
    let mut conn = connection(Role::Server, Config::default());
    assert_eq!(collect(&mut conn.feed(&[])), []);
    let long = vec![7; 0xFFFF];
    let message = [&hex("82 fe ffff 00000000")[..], &long].concat();
    assert_eq!(collect(&mut conn.feed(&message)), [binary(&long)]);
    assert_eq!(conn.unread(), 0);
}

/// The own read buffer is lent for 16 MiB at most.
#[test]
fn more_than_one_read_can_be_fed_at_once() {
    let limits = Limits::default().with_max_message(32 << 20);
    let mut conn = connection(Role::Client, Config::default().with_limits(limits));
    let long = vec![7; (16 << 20) + 1];
    assert_eq!(collect(&mut conn.feed(&frame(0x82, &long))), [binary(&long)]);
    assert_eq!(conn.unread(), 0);
}

#[test]
fn reading_and_writing_can_be_under_way_at_once() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text("out").unwrap();
    let mut written = Vec::new();
    let (space, mut transmit) = conn.read_buf_and_transmit(4096);
    let n = Cursor::new(hex("81 82 00000000 696e")).read(space).unwrap();
    transmit.drain_into(&mut written);
    assert_eq!(written, b"\x81\x03out");
    assert_eq!(collect(&mut conn.receive_buf(n)), [text("in")]);
}

#[test]
fn an_owned_text_is_sent_without_a_copy_of_it() {
    let long = "x".repeat(8 << 10);
    let address = long.as_ptr() as usize;
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text(long).unwrap();
    let mut slices = [&b""[..]; 4];
    let mut transmit = conn.transmit();
    assert_eq!(transmit.slices(&mut slices), 2);
    assert_eq!(slices[1].as_ptr() as usize, address);
}

#[test]
fn all_kinds_of_text_are_sent() {
    let mut conn = connection(Role::Server, Config::default());
    let string = String::from("b");
    conn.send_text("a").unwrap();
    conn.send_text(&string).unwrap();
    conn.send_text(string).unwrap();
    conn.send_text(String::from("c").into_boxed_str()).unwrap();
    conn.send_text(Cow::from("d")).unwrap();
    conn.send_text(Cow::<str>::from(String::from("e"))).unwrap();
    conn.send_text(OutgoingText::from_utf8_bytes(Bytes::from_static(b"f"))).unwrap();
    let sent: Vec<_> = drain(&mut conn);
    let texts: Vec<u8> = sent.iter().flat_map(|(_, payload)| payload.clone()).collect();
    assert_eq!(texts, b"abbcdef");
}

#[test]
fn times_are_durations_both_ways() {
    let time = Duration::new(5, 7);
    assert_eq!(Duration::from(Instant::from(time)), time);
    let mut conn = connection(Role::Server, Config::default().with_ping_after(time));
    let _ = conn.handle_timeout(Duration::ZERO);
    let due = conn.poll_timeout().map(Duration::from);
    assert!(due.is_some_and(|due| due <= time));
}

#[test]
fn configurations_are_set_by_method() {
    let limits =
        Limits::default().with_max_message(5).with_max_fragments(3).with_high_water_mark(2);
    let config = Config::default()
        .with_limits(limits)
        .with_delivery(Delivery::Chunks)
        .with_auto_pong(false)
        .with_close_within(None)
        .with_split_above(1024);
    assert_eq!(
        (config.limits, config.delivery, config.auto_pong),
        (limits, Delivery::Chunks, false)
    );
    assert_eq!((config.close_within, config.split_above), (None, Some(1024)));
    let head = HeadLimits::default().with_max_fields(7).with_within(Duration::from_secs(1));
    assert_eq!((head.max_fields, head.within), (7, Some(Duration::from_secs(1))));
    assert!(Policy::default().with_origins(None).origins.is_none());
    assert_eq!(PairConfig::default().with_max_queued(9).max_queued, 9);
    assert_eq!(Accept::default().with_allow_half_open(true).allow_half_open, Some(true));
}

#[test]
fn the_servers_order_chooses_among_the_subprotocols() {
    let head = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Protocol: a, b\r\n\r\n";
    let mut server = ServerHandshake::default();
    let (_, ServerProgress::Request(request)) = server.receive(head.as_bytes()) else {
        panic!("it is a request");
    };
    assert_eq!(request.choose_subprotocol(&["c", "b", "a"]), Some("b"));
    assert_eq!(request.choose_subprotocol(&["A"]), None, "they compare with case");
    assert_eq!(request.choose_subprotocol::<&str>(&[]), None);
    assert_eq!(request.choose_subprotocol(&[String::from("a")]), Some("a"));
}

#[test]
fn fields_come_from_iterators_and_go_to_them() {
    let mut fields = Fields::from_iter([("A", &b" 1"[..])]);
    fields.extend([("a", &b"2"[..])]);
    assert_eq!(fields.all("A").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), [("A", &b"1"[..]), ("a", b"2")]);
}

#[test]
fn events_are_shown_without_what_they_carry() {
    let mut conn = connection(Role::Client, Config::default());
    let mut input =
        hex("81 06 736563726574 82 06 736563726574 89 06 736563726574 88 05 03e8 627965");
    let mut received = conn.receive(&mut input);
    let mut shown = Vec::new();
    while let Some(event) = received.next() {
        if let Event::Text(text) = &event {
            assert_eq!(format!("{text:>8}"), "  secret", "shown as the text it is");
        }
        shown.push(format!("{event:?}"));
    }
    assert_eq!(shown[..3], ["Text(6 bytes)", "Binary(6 bytes)", "Ping(6 bytes)"]);
    let frame = CloseFrame { code: Some(CloseCode::NORMAL), reason: "bye" };
    assert_eq!(shown[3], format!("PeerClosing({frame:?})"));
    assert!(shown[4].starts_with("Closed {"), "{}", shown[4]);
    let chunks = Config::default().with_delivery(Delivery::Chunks);
    let mut conn = connection(Role::Client, chunks);
    let mut input = hex("01 06 736563726574");
    let shown = format!("{:?}", conn.receive(&mut input).next().unwrap());
    assert!(shown.contains("data: Payload(6 bytes)") && !shown.contains("115"), "{shown}");
}

#[test]
fn each_role_has_its_peer() {
    assert_eq!((Role::Client.peer(), Role::Server.peer()), (Role::Server, Role::Client));
}
