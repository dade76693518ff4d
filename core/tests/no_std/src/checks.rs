//! One call into each layer of the engine. `None` is a failure.

use alloc::vec::Vec;

use wspair::close::CloseFrame;
use wspair::frame::{Decoded, Header, HeaderRules, Opcode, Role};
use wspair::pair::{Accept, End, Pair, PairConfig, PairEvent};
use wspair::utf8::Utf8Check;
use wspair::{
    CloseCode, Config, Connection, Event, MaskKeys, Negotiated, ReadyState, TransportAction, mask,
};

type Check = fn() -> Option<()>;

/// In the order of the layers. The handshake goes between connection and pair.
pub(crate) const ALL: [Check; 6] = [frames, masking, text, closing, connection, pair];

fn frames() -> Option<()> {
    let expect = HeaderRules { role: Role::Client, rsv1: false };
    let Ok(Decoded::Header(header, 2)) = Header::decode(b"\x81\x05Hello", expect) else {
        return None;
    };
    holds((header.opcode, header.fin, header.len) == (Opcode::Text, true, 5))
}

fn masking() -> Option<()> {
    let mut hello = *b"\x7f\x9f\x4d\x51\x58";
    mask::in_place(&mut hello, [0x37, 0xfa, 0x21, 0x3d], 0);
    holds(&hello == b"Hello")
}

fn text() -> Option<()> {
    let mut check = Utf8Check::new();
    check.push(b"\xe2\x82").ok()?;
    holds(!check.is_complete())?;
    check.push(b"\xac").ok()?;
    holds(check.is_complete() && check.push(b"\xff").is_err())
}

fn closing() -> Option<()> {
    let frame = CloseFrame::decode(b"\x03\xe8bye").ok()?;
    holds(frame.code == CloseCode::new(1000) && frame.reason == "bye")
}

/// Two connections, back to back: a message there and back, then the closing handshake.
fn connection() -> Option<()> {
    let agreed = Negotiated::default;
    let mut server = Connection::server(Config::default(), agreed());
    let mut client = Connection::client(Config::default(), agreed(), MaskKeys::from_seed([7; 32]));

    client.send_text("Hello").ok()?;
    let mut bytes = output(&mut client);
    let mut received = server.receive(&mut bytes);
    let (Event::Text(text), mut sender) = received.next_and_sender()? else { return None };
    sender.send_text(&text).ok()?;
    holds(received.next().is_none())?;

    let mut bytes = output(&mut server);
    let mut received = client.receive(&mut bytes);
    holds(matches!(received.next()?, Event::Text(text) if &*text == "Hello"))?;

    client.close(CloseCode::new(4000), "enough").ok()?;
    let mut bytes = output(&mut client);
    exhaust(&mut server, &mut bytes);
    let mut bytes = output(&mut server);
    exhaust(&mut client, &mut bytes);
    holds(
        server.ready_state() == ReadyState::Closed && client.ready_state() == ReadyState::Closed,
    )?;
    holds(server.transport() == TransportAction::Close)
}

fn pair() -> Option<()> {
    let mut pair = Pair::new(PairConfig::default());
    pair.accept(End::First, Accept::default()).ok()?;
    pair.accept(End::Second, Accept::default()).ok()?;
    pair.send(End::First, "hello", 5).ok()?;
    pair.close(End::First, Some(1000), Some("bye")).ok()?;
    holds(pair.poll_event(End::Second)? == PairEvent::Message("hello"))?;
    let close = PairEvent::Close { code: 1000, reason: "bye".into(), clean: true };
    holds(pair.poll_event(End::Second)? == close && pair.poll_event(End::First)? == close)
}

fn output(connection: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    connection.transmit().drain_into(&mut bytes);
    bytes
}

fn exhaust(connection: &mut Connection, input: &mut [u8]) {
    let mut received = connection.receive(input);
    while received.next().is_some() {}
}

fn holds(condition: bool) -> Option<()> {
    condition.then_some(())
}
