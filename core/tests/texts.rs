//! What errors and values say of themselves: texts that people read in logs, kept here so that none
//! changes by accident. And the small calls that nothing else needs.

mod common;

use common::*;
use std::fmt::{Debug, Display};
use std::time::Duration;

use wspair::deflate::{Codec, CompressorParams};
use wspair::event::Timer;
use wspair::frame::MAX_CONTROL;
use wspair::handshake::{
    AcceptError, DeflateDecline, Failure, InvalidAddress, InvalidField, InvalidOrigin,
    InvalidRequest, InvalidStatus, Origins, Policy, Refusal, RefusalCause, Response, nonce_from_os,
};
use wspair::{
    CloseCode, Config, Connection, Event, Instant, MaskKeys, Negotiated, ProtocolError, Role,
    SendError,
};

/// Each error with its text, which is a sentence's part: no capital, no full stop.
fn check(table: &[(&dyn Display, &str)]) {
    for (error, text) in table {
        assert_eq!(error.to_string(), *text);
        assert!(!text.ends_with('.'));
    }
}

#[test]
fn every_protocol_error_says_which_rule_was_broken() {
    use ProtocolError as E;
    check(&[
        (&E::ReservedBits, "reserved bits set without an extension"),
        (&E::ReservedOpcode, "reserved opcode"),
        (&E::FragmentedControl, "fragmented control frame"),
        (&E::ControlTooLong, "control frame longer than 125 bytes"),
        (&E::Unmasked, "unmasked frame from a client"),
        (&E::Masked, "masked frame from a server"),
        (&E::NonMinimalLength, "length not in its shortest form"),
        (&E::LengthRange, "length beyond 63 bits"),
        (&E::UnexpectedContinuation, "continuation without a message"),
        (&E::ExpectedContinuation, "new message inside a fragmented one"),
        (&E::TextNotUtf8, "text is not valid UTF-8"),
        (&E::Deflate, "compressed data is not DEFLATE"),
        (&E::CloseBody, "close frame with a body of one byte"),
        (&E::CloseCode, "close code that may not be sent"),
        (&E::CloseReasonNotUtf8, "close reason is not valid UTF-8"),
        (&E::FrameTooLong, "frame over the size limit"),
        (&E::MessageTooLong, "message over the size limit"),
        (&E::TooManyFragments, "message in too many fragments"),
    ]);
}

#[test]
fn every_deadline_says_what_did_not_come() {
    check(&[(&Timer::Close, "no answer to the close"), (&Timer::Pong, "no answer to a ping")]);
}

#[test]
fn every_refused_call_says_why() {
    check(&[
        (&SendError::Backpressure { queued: 70_000 }, "output is full: 70000 bytes are waiting"),
        (&SendError::CloseCode, "close code may not be sent"),
        (&SendError::CloseReason, "close reason is too long or without a code"),
        (&SendError::Closing, "connection is closing"),
        (&SendError::ControlTooLong, "control frame payload over 125 bytes"),
        (&SendError::Fragment, "a fragmented message is open"),
        (&SendError::Pending, "queued output has to go first"),
        (&SendError::Room, "no room for the header"),
        (&AcceptError::NotOffered, "subprotocol was not offered"),
        (&AcceptError::Refused(Refusal::new(403).unwrap()), "refused by the application (403)"),
        (&InvalidStatus, "status outside 200 to 599"),
        (&InvalidOrigin, "origin is not a scheme, a host and at most a port"),
        (&InvalidField::Name, "field name is not a token"),
        (&InvalidField::Value, "field value holds a control character"),
        (&InvalidField::Owned, "field is written by the engine"),
        (&InvalidAddress::Character, "address holds a character that has to be encoded"),
        (&InvalidAddress::Fragment, "address has a fragment"),
        (&InvalidAddress::Host, "address has no valid host"),
        (&InvalidAddress::Port, "address has no valid port"),
        (&InvalidAddress::Scheme, "address is neither ws nor wss"),
        (&InvalidRequest::Address(InvalidAddress::Port), "address has no valid port"),
        (&InvalidRequest::Field(InvalidField::Name), "field name is not a token"),
        (&InvalidRequest::Subprotocol, "subprotocol is not a token"),
        (&InvalidRequest::RepeatedSubprotocol, "subprotocol is offered twice"),
        (&DeflateDecline::Off, "permessage-deflate is off"),
        (&DeflateDecline::UnknownParameter, "unknown parameter of permessage-deflate"),
        (&DeflateDecline::RepeatedParameter, "repeated parameter of permessage-deflate"),
        (&DeflateDecline::Value, "invalid value for a parameter of permessage-deflate"),
        (&DeflateDecline::SmallWindow, "window too small to compress in"),
    ]);
}

#[test]
fn every_refusal_says_why() {
    use RefusalCause as C;
    check(&[
        (&C::Application, "refused by the application"),
        (&C::Syntax, "malformed request head"),
        (&C::HttpVersion, "unknown version of HTTP"),
        (&C::Http10, "no upgrade from HTTP/1.0"),
        (&C::LineTooLong, "request line over the size limit"),
        (&C::HeadTooLong, "request head over the size limit"),
        (&C::TooManyFields, "too many header fields"),
        (&C::TimedOut, "request head not complete in time"),
        (&C::UnexpectedEof, "stream ended inside the request head"),
        (&C::Method, "method not allowed"),
        (&C::Target, "malformed request target"),
        (&C::Host, "missing, repeated or malformed Host"),
        (&C::Body, "opening handshake with a body"),
        (&C::Upgrade, "Upgrade without websocket"),
        (&C::Connection, "Connection without Upgrade"),
        (&C::VersionSyntax, "missing, repeated or malformed Sec-WebSocket-Version"),
        (&C::Version, "WebSocket version other than 13"),
        (&C::Key, "missing, repeated or malformed Sec-WebSocket-Key"),
        (&C::OriginSyntax, "repeated or malformed Origin"),
        (&C::Origin, "origin not allowed"),
        (&C::Subprotocols, "malformed Sec-WebSocket-Protocol"),
        (&C::Extensions, "malformed Sec-WebSocket-Extensions"),
        (&C::NoProtocol, "CONNECT without a protocol"),
        (&C::Protocol, "protocol other than websocket"),
        (&C::ConnectionField, "connection-specific header field"),
        (&C::FieldSyntax, "malformed header field"),
        (&C::PseudoField, "missing, repeated or misplaced pseudo-field"),
        (&C::Scheme, "scheme other than http and https"),
        (&C::Authority, "Host other than the authority"),
        (&C::StreamEnded, "stream ended with the request"),
    ]);
}

#[test]
fn every_failure_says_what_the_server_did() {
    use Failure as F;
    check(&[
        (&F::Syntax, "malformed response head"),
        (&F::HttpVersion, "upgrade by HTTP/1.0"),
        (&F::HeadTooLong, "response head over the size limit"),
        (&F::TooManyFields, "too many header fields"),
        (&F::TooManyInterim, "too many interim responses"),
        (&F::TimedOut, "response head not complete in time"),
        (&F::UnexpectedEof, "stream ended before the response"),
        (&F::Status, "status does not open a connection"),
        (&F::Upgrade, "Upgrade other than websocket"),
        (&F::Connection, "Connection without Upgrade"),
        (&F::Accept, "missing, repeated or wrong Sec-WebSocket-Accept"),
        (&F::Subprotocol, "subprotocol that was not offered"),
        (&F::NoSubprotocol, "no subprotocol was chosen"),
        (&F::Extensions, "malformed Sec-WebSocket-Extensions"),
        (&F::ExtensionNotOffered, "extension that was not offered"),
        (&F::ExtensionRepeated, "extension answered twice"),
        (&F::DeflateParameter, "invalid parameter of permessage-deflate"),
        (&F::DeflateTerms, "permessage-deflate beyond what was offered"),
        (&F::Malformed, "malformed response fields"),
    ]);
}

/// RFC 9110 15: the phrases people know; a status without one is written all the same.
#[test]
fn a_refusal_is_written_with_the_phrase_of_its_status() {
    for (status, phrase) in [
        (200, "OK"),
        (204, "No Content"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (303, "See Other"),
        (304, "Not Modified"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (408, "Request Timeout"),
        (410, "Gone"),
        (414, "URI Too Long"),
        (426, "Upgrade Required"),
        (429, "Too Many Requests"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (501, "Not Implemented"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
        (505, "HTTP Version Not Supported"),
        (418, ""),
    ] {
        let mut head = Vec::new();
        Refusal::new(status).unwrap().write_response(&mut head);
        let head = String::from_utf8(head).unwrap();
        let line = format!("HTTP/1.1 {status} {phrase}\r\n");
        assert!(head.starts_with(&line), "{head}");
    }
}

/// Logs may show any value: none shows a payload or a key.
#[test]
fn values_show_their_state_and_no_secrets() {
    let show = |value: &dyn Debug| format!("{value:?}");
    assert_eq!(show(&MaskKeys::from_seed([7; 32])), "MaskKeys(..)");
    assert_eq!(show(&CloseCode::GOING_AWAY), "CloseCode(1001)");
    assert_eq!(CloseCode::GOING_AWAY.to_string(), "1001");
    let codec = wspair::deflate::Zlib::default();
    let params = CompressorParams { window_bits: 15, level: 1, mem_level: 5 };
    assert_eq!(show(&codec.compressor(params)), "ZlibCompressor(..)");
    assert_eq!(show(&codec.decompressor(15)), "ZlibDecompressor(..)");
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text("secret").unwrap();
    let shown = show(&conn);
    assert_eq!(shown, "Connection { role: Server, ready_state: Open, buffered_amount: 8, .. }");
}

#[test]
fn the_operating_system_gives_keys_and_nonces_that_differ() {
    assert_ne!(nonce_from_os().unwrap(), nonce_from_os().unwrap());
    let sent = || {
        let keys = MaskKeys::from_os().unwrap();
        let mut conn = Connection::client(Config::default(), Negotiated::default(), keys);
        conn.send_text("").unwrap();
        output(&mut conn)
    };
    assert_ne!(sent(), sent(), "the masking key is all that differs");
}

#[test]
fn what_was_agreed_on_and_what_a_response_says_can_be_read() {
    let mut agreed = Negotiated::default();
    for _ in 0..2 {
        let conn = Connection::server(Config::default(), agreed.clone());
        assert_eq!(conn.agreed(), &agreed);
        agreed.subprotocol = Some("chat".into());
    }
    let fields = [("X-Served-By", &b"one"[..])];
    let response = Response::from_fields(200, (&fields).into());
    assert_eq!(response.field("x-served-by"), Some(&b"one"[..]));
    assert_eq!(response.field("x-other"), None);
    assert_eq!(Instant::from(Duration::from_secs(3)).since(Instant::default()).as_secs(), 3);
    assert_eq!(Instant::default().since(Instant::from_nanos(9)), Duration::ZERO);
}

#[test]
fn a_sender_tells_how_much_waits() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_binary(&[0; 10]).unwrap();
    assert_eq!(conn.sender().buffered_amount(), 12);
    conn.send_ping(&[0; MAX_CONTROL]).unwrap();
    assert_eq!(conn.sender().buffered_amount(), 12 + 2 + MAX_CONTROL);
}

#[test]
fn where_a_payload_lies_is_told_of_input_that_must_not_change() {
    let mut conn = connection(Role::Client, Config::default());
    let bytes = [frame(0x82, b"data"), frame(0x01, b"as"), frame(0x80, b"sembled")].concat();
    let mut received = conn.receive_ref(&bytes);
    let Some(Event::Binary(data)) = received.next() else { panic!() };
    assert_eq!(data.range(), Some(2..6));
    let Some(Event::Text(text)) = received.next() else { panic!() };
    assert_eq!((text.range(), text.into_string()), (None, String::from("assembled")));
}

#[test]
fn a_port_that_is_the_schemes_own_is_no_other_origin() {
    for (allowed, asked, fits) in [
        ("https://example.org", "https://example.org:443", true),
        ("http://example.org:80", "http://example.org", true),
        ("https://example.org", "https://example.org:80", false),
        ("app://example.org", "app://example.org", true),
        ("app://example.org", "app://example.org:443", false),
    ] {
        let mut policy = Policy::default();
        policy.origins = Some(Origins::new([allowed]).unwrap());
        let answer = policy.origins.as_ref().unwrap().allow(Some(asked));
        assert_eq!(answer, fits, "{allowed} {asked}");
    }
}
