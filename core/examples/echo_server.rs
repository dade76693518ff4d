//! An echo server: a thread a connection over std TCP.
//!
//!     cargo run --example echo_server -- --port 9001

mod options;
mod tcp;

use std::error::Error;
use std::net::TcpStream;

use options::Options;
use tcp::host::Host;
use wspair::{Connection, Event};

fn main() -> Result<(), Box<dyn Error>> {
    tcp::listen(&Options::parse()?, serve)
}

fn serve(stream: TcpStream, options: &Options) -> Result<(), Box<dyn Error>> {
    let Some(opened) = tcp::handshake::accept(stream, options)? else {
        return Ok(());
    };
    let conn = Connection::server(options.config.clone(), opened.agreed);
    let mut host = Host::new(opened.socket, conn, &opened.early);
    while let Some(mut events) = host.turn() {
        while let Some((event, mut sender)) = events.next_and_sender() {
            // Sending fails only once the connection ended, which ends the loop too.
            let _ = match event {
                Event::Text(text) => sender.send_text(&text),
                Event::Binary(data) => sender.send_binary(data.as_bytes()),
                _ => Ok(()),
            };
            if sender.is_congested() {
                break; // what was not read yet is kept for the next turn
            }
        }
    }
    Ok(())
}
