//! From the handshake to the connection, whatever carried it.

mod common;

use common::*;
use wspair::handshake::{
    Bootstrap, ClientProgress, ClientRequest, DeflateOffer, Fields, Policy, Request, Response,
    ServerProgress,
};
use wspair::{
    ClientHandshake, CloseCode, ClosedCause, Config, Connection, MaskKeys, Negotiated, Role,
    ServerHandshake, TransportAction,
};

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn client(agreed: Negotiated) -> Connection {
    Connection::client(Config::default(), agreed, MaskKeys::from_seed([3; 32]))
}

/// What both sides agree on over HTTP/2 or HTTP/3.
fn extended_connect() -> Negotiated {
    let request = ClientRequest::new("wss://h/chat").unwrap();
    let fields = request.fields(Bootstrap::ExtendedConnect, [0; 16]);
    let fields: Vec<(&str, &[u8])> =
        fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let received = Request::from_pseudo_fields(Fields::from(&fields[..])).unwrap();
    let acceptance = received.accept(&Policy::default(), None).unwrap();
    assert_eq!(acceptance.status, 200);
    let fields: Vec<(&str, &[u8])> =
        acceptance.fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let answer = Response::from_fields(200, Fields::from(&fields[..]));
    let agreed = answer.verify(&request, Bootstrap::ExtendedConnect, [0; 16]).unwrap();
    assert_eq!(agreed, acceptance.agreed);
    agreed
}

#[test]
fn frames_over_other_carriers_are_frames_as_ever() {
    let mut server = Connection::server(Config::default(), extended_connect());
    let events = feed(&mut server, Way::Mutable, &hex("81 05 48656c6c6f"));
    assert_eq!(events, [fault(wspair::ProtocolError::Unmasked)], "M-12");
    let mut conn = client(extended_connect());
    conn.send_text("Hello").unwrap();
    assert_eq!(output(&mut conn)[1] & 0x80, 0x80);
}

#[test]
fn the_end_of_a_stream_counts_as_the_end_of_the_transport() {
    // M-13: END_STREAM behind a Close frame, then RST_STREAM.
    let mut server = Connection::server(Config::default(), extended_connect());
    assert_eq!(
        feed(&mut server, Way::Mutable, &frame_to(Role::Server, 0x88, b"\x03\xe8")),
        [close(1000), clean(1000)]
    );
    assert_eq!(server.transport(), TransportAction::FinishWriting);
    output(&mut server);
    assert_eq!(collect(&mut server.receive_eof()), []);
    assert_eq!(server.transport(), TransportAction::Close);

    let mut server = Connection::server(Config::default(), extended_connect());
    assert_eq!(collect(&mut server.receive_eof()), [abnormal(ClosedCause::Transport)]);
    // Nothing is left to send, so the host resets the stream, by the code that
    // `Bootstrap::ExtendedConnect` names for each version of HTTP.
    assert_eq!(server.transport(), TransportAction::Close, "M-14");
}

#[test]
fn borders_of_data_frames_mean_nothing() {
    let bytes =
        [frame_to(Role::Server, 0x81, b"one"), frame_to(Role::Server, 0x82, b"two")].concat();
    for pieces in cuts(&bytes) {
        let mut server = Connection::server(Config::default(), extended_connect());
        let events: Vec<_> =
            pieces.iter().flat_map(|piece| feed(&mut server, Way::Fixed, piece)).collect();
        assert_eq!(events, [text("one"), binary(b"two")], "M-15");
    }
}

#[test]
fn frames_that_come_with_the_request_are_the_connections() {
    // C-39
    let bytes = [REQUEST.as_bytes(), &frame_to(Role::Server, 0x81, b"hi")].concat();
    let mut handshake = ServerHandshake::default();
    let (used, progress) = handshake.receive(&bytes);
    let ServerProgress::Request(request) = progress else { panic!("{progress:?}") };
    let acceptance = request.accept(&Policy::default(), None).unwrap();
    // A connection is made of what was agreed, so no frame is there before the 101.
    let mut answer = Vec::new();
    acceptance.write_response(&[], &mut answer).unwrap();
    let mut server = Connection::server(Config::default(), acceptance.agreed);
    assert_eq!(feed(&mut server, Way::Mutable, &bytes[used..]), [text("hi")]);
    assert!(answer.ends_with(b"\r\n\r\n"), "C-44");
}

#[test]
fn a_second_request_behind_the_first_breaks_the_protocol() {
    // C-40
    let mut server = Connection::server(Config::default(), Negotiated::default());
    let events = feed(&mut server, Way::Mutable, REQUEST.as_bytes());
    assert_eq!(events, [fault(wspair::ProtocolError::ReservedBits)]);
    assert_eq!(drain(&mut server), [sent_close(1002)]);
}

#[test]
fn a_handshake_that_fails_sends_no_frame() {
    let mut handshake = ServerHandshake::default();
    let bad = REQUEST.replace("13", "8");
    let (_, progress) = handshake.receive(bad.as_bytes());
    let ServerProgress::Refused(refusal) = progress else { panic!("{progress:?}") };
    let mut answer = Vec::new();
    refusal.write_response(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 426 "));
    assert_eq!(handshake.receive(&frame_to(Role::Server, 0x89, b"")).0, 0, "H-21");

    let request = ClientRequest::new("ws://h/").unwrap();
    let mut out = Vec::new();
    let mut handshake = ClientHandshake::new(&request, [1; 16], &mut out);
    let sent = out.len();
    let (_, progress) = handshake.receive(b"HTTP/1.1 101 x\r\n\r\n");
    assert!(matches!(progress, ClientProgress::Failed(_)));
    assert_eq!(out.len(), sent, "H-21");
}

#[test]
fn a_client_may_end_for_want_of_an_extension() {
    // Requiring it is the host's choice; the code and the reason say so.
    let request = ClientRequest::new("ws://h/").unwrap().deflate(DeflateOffer::default());
    let answer = Response::from_fields(200, Fields::from(&[][..]));
    let agreed = answer.verify(&request, Bootstrap::ExtendedConnect, [0; 16]).unwrap();
    assert_eq!(agreed.deflate, None);
    let mut conn = client(agreed);
    conn.close(Some(CloseCode::EXTENSION_REQUIRED), "permessage-deflate").unwrap();
    assert_eq!(drain(&mut conn), [sent(0x88, b"\x03\xf2permessage-deflate")], "B-29");
}
