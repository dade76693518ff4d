//! A server whose application knows only pairs: one end of a pair is handed to each accepted
//! socket, the other is the application's.
//!
//!     cargo run --example pair_server -- --port 9001

mod options;
mod tcp;

use std::error::Error;
use std::net::TcpStream;

use options::Options;
use tcp::host::Host;
use wspair::pair::{Accept, Coupling, End, Pair, PairConfig, PairEvent};
use wspair::{Connection, Kind, PairError, SendError, Sender};

/// What passes through the pairs here.
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

const NETWORK: End = End::First;
const OURS: End = End::Second;

fn main() -> Result<(), Box<dyn Error>> {
    tcp::listen(&Options::parse()?, serve)
}

fn serve(stream: TcpStream, options: &Options) -> Result<(), Box<dyn Error>> {
    let Some(opened) = tcp::handshake::accept(stream, options)? else {
        return Ok(());
    };
    let mut pair = Pair::new(PairConfig::default());
    let coupling = Coupling::new(&mut pair, NETWORK)?;
    pair.accept(OURS, Accept::default())?;

    let conn = Connection::server(Coupling::configure(options.config.clone()), opened.agreed);
    let mut host = Host::new(opened.socket, conn, &opened.early);
    loop {
        while let Some(event) = pair.poll_event(OURS) {
            answer(&mut pair, event)?;
        }
        coupling.drain(&mut pair, &mut host.conn.sender(), send);
        let Some(mut events) = host.turn() else {
            return Ok(());
        };
        while let Some(event) = events.next() {
            coupling.forward(&mut pair, event, receive);
            if coupling.is_congested(&pair) {
                break;
            }
        }
    }
}

/// The application: what it does at its end of the pair.
fn answer(pair: &mut Pair<Message>, event: PairEvent<Message>) -> Result<(), PairError> {
    match event {
        PairEvent::Message(Message::Text(text)) => {
            let reply = format!("you said: {text}");
            let size = reply.len();
            pair.send(OURS, Message::Text(reply), size)?;
        }
        PairEvent::Message(Message::Binary(mut data)) => {
            data.reverse();
            let size = data.len();
            pair.send(OURS, Message::Binary(data), size)?;
        }
        PairEvent::Close { code, reason, clean } => {
            let how = if clean { "clean" } else { "lost" };
            println!("closed: {code} {reason:?} {how}");
        }
        PairEvent::Error(fault) => println!("failed: {fault:?}"),
    }
    Ok(())
}

fn send(message: &Message, wire: &mut Sender<'_>) -> Result<(), SendError> {
    match message {
        Message::Text(text) => wire.send_text(text),
        Message::Binary(data) => wire.send_binary(data),
    }
}

fn receive(kind: Kind, payload: &[u8]) -> Message {
    match kind {
        Kind::Text => Message::Text(String::from_utf8_lossy(payload).into_owned()),
        Kind::Binary => Message::Binary(payload.to_vec()),
    }
}
