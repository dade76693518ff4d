//! What callers have beside the calls that every connection needs: those of bindings, those that
//! fail where memory does, and conversions.

mod common;

use common::*;
use wspair::bindings::{CouplingBinding, ReceiveBinding, SenderBinding};
use wspair::deflate::{Codec, CompressorParams, Zlib};
use wspair::frame::MAX_HEADER;
use wspair::handshake::{Failure, Fields};
use wspair::pair::{Accept, Coupling, End, Pair, PairConfig, PairError, PairEvent};
use wspair::{
    ClosedCause, Config, Connection, Event, Kind, Prepared, ProtocolError, Role, SendError,
};

#[test]
fn a_binding_tells_how_long_a_message_was_and_says_why_it_closes() {
    let mut conn = connection(Role::Client, config(|config| config.limits.max_message = 3));
    let mut bytes = frame(0x82, b"long");
    let mut received = conn.receive(&mut bytes);
    received.defer_close();
    assert!(matches!(received.next(), Some(Event::Closed(_))));
    assert_eq!(ReceiveBinding::too_long(&received), Some(4));
    assert!(!ReceiveBinding::event_is_in_input(&received));
    SenderBinding::explain_close(&mut received.sender(), "4 of 3 bytes").unwrap();
    assert_eq!(drain(&mut conn), [sent_close_saying(1009, "4 of 3 bytes")]);
}

#[test]
fn a_binding_frames_beside_the_queue() {
    let mut conn = connection(Role::Server, Config::default());
    let mut header = [0; MAX_HEADER];
    let framed = SenderBinding::frame_beside(&mut conn.sender(), Kind::Binary, 300, &mut header);
    assert_eq!((framed, &header[..4]), (Ok(Some(4)), &[0x82, 126, 1, 44][..]));
}

#[test]
fn a_binding_passes_on_an_end_whose_event_it_has_not_kept() {
    let mut pair = Pair::<()>::new(PairConfig::default());
    let coupling = Coupling::new(&mut pair, End::First).unwrap();
    pair.accept(End::Second, Accept::default()).unwrap();
    CouplingBinding::forward_end(&coupling, &mut pair, ClosedCause::Transport);
    let event = pair.poll_event(End::Second);
    assert!(matches!(event, Some(PairEvent::Close { code: 1006, clean: false, .. })), "{event:?}");
}

#[test]
fn what_may_fail_for_want_of_memory_does_the_same_where_there_is_some() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_prepared(&Prepared::try_text("text").unwrap()).unwrap();
    conn.send_prepared(&Prepared::try_binary(b"binary").unwrap()).unwrap();
    assert_eq!(drain(&mut conn), [sent(0x81, b"text"), sent(0x82, b"binary")]);

    let mut pair = Pair::new(PairConfig::default());
    pair.accept(End::First, Accept::default()).unwrap();
    pair.reserve(End::First).unwrap();
    pair.send(End::First, "message", 7).unwrap();

    let params = CompressorParams { window_bits: 15, level: 6, mem_level: 5 };
    let compressed = |made: Box<dyn wspair::deflate::Compressor>| {
        let (mut made, mut out) = (made, Vec::new());
        made.compress(b"the same, the same, the same", &mut out);
        out
    };
    let codec = Zlib::default();
    let fallible = compressed(codec.try_compressor(params).unwrap());
    assert_eq!(fallible, compressed(codec.compressor(params)));

    for text in [
        SendError::OutOfMemory.to_string(),
        Failure::OutOfMemory.to_string(),
        PairError::OutOfMemory.to_string(),
    ] {
        assert_eq!(text, "out of memory");
    }
}

#[test]
fn a_connection_knows_whether_it_waits_for_a_pong() {
    let mut conn = connection(Role::Server, Config::default());
    assert!(!conn.awaits_pong(), "it never pings");
    let second = std::time::Duration::from_secs(1);
    conn = connection(Role::Server, config(|config| config.ping_after = Some(second)));
    let tell = |conn: &mut Connection, seconds| {
        assert!(conn.handle_timeout(second * seconds).next().is_none());
    };
    tell(&mut conn, 1);
    assert!(!conn.awaits_pong());
    tell(&mut conn, 3);
    assert_eq!(drain(&mut conn), [sent(0x89, b"")]);
    assert!(conn.awaits_pong());
    feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x8a, b""));
    tell(&mut conn, 4);
    assert!(!conn.awaits_pong());
}

#[test]
fn half_a_ping_outlives_giving_back_memory() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        let bytes = frame_to(role, 0x89, &[b'p'; 125]);
        for piece in [&bytes[..40], &bytes[40..50], &bytes[50..60]] {
            assert_eq!(feed(&mut conn, Way::Mutable, piece), []);
        }
        conn.shrink_to_fit();
        assert_eq!(feed(&mut conn, Way::Mutable, &bytes[60..]), [ping(&[b'p'; 125])]);
    }
}

#[test]
fn events_and_fields_can_be_looked_at() {
    let mut conn = connection(Role::Client, Config::default());
    let mut bytes = [frame(0x8a, b"pong"), frame(0x82, b"data")].concat();
    let mut received = conn.receive(&mut bytes);
    let pong = format!("{:?}", received.next().unwrap());
    assert!(pong.starts_with("Pong(") && !pong.contains("pong"), "{pong}");
    let Some(Event::Binary(data)) = received.next() else { panic!() };
    assert_eq!(AsRef::<[u8]>::as_ref(&data), b"data");

    let fields = Fields::from_iter([("A", &b"1"[..])]);
    assert_eq!(fields, Fields::from_iter([("A", &b"1"[..])]));
    assert_ne!(fields, Fields::from_iter([("A", &b"2"[..])]));
    assert!(format!("{fields:?}").contains("\"A\""), "{fields:?}");
    assert_eq!(ProtocolError::Masked.close_code().get(), 1002);
}

#[cfg(feature = "http")]
#[test]
fn fields_come_from_and_go_to_a_header_map() {
    let fields = Fields::from_iter([("Cookie", &b"a=1"[..]), ("Cookie", b"b=2")]);
    let map = wspair::handshake::header_map(fields.iter()).unwrap();
    assert_eq!(map.get_all("cookie").iter().count(), 2);
    assert_eq!(Fields::from(&map).get("cookie"), Some(&b"a=1"[..]));
    assert!(wspair::handshake::header_map([(":method", "GET")]).is_err());
}
