//! A chat room: all hear what one says. To be tried with any client, or from a browser's console:
//! `s = new WebSocket('ws://127.0.0.1:9001'); s.onmessage = (e) => console.log(e.data); s.send('hi')`
//!
//!     cargo run --example chat -- 127.0.0.1:9001

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use wspair_tokio::wspair::Prepared;
use wspair_tokio::{Error, Sender};

type Room = Arc<Mutex<HashMap<SocketAddr, Sender>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let room = Room::default();
    loop {
        let (stream, who) = listener.accept().await?;
        let room = room.clone();
        tokio::spawn(async move {
            let _ = chat(stream, who, &room).await; // refused, or lost
            room.lock().unwrap().remove(&who);
        });
    }
}

async fn chat(stream: TcpStream, who: SocketAddr, room: &Room) -> Result<(), Error> {
    wspair_tokio::tune(&stream)?;
    let mut socket = wspair_tokio::accept(stream).await?;
    room.lock().unwrap().insert(who, socket.sender());
    while let Some(message) = socket.recv().await {
        let Some(text) = message?.as_text().map(|text| format!("{who}: {text}")) else { continue };
        let said = Prepared::text(&text); // encoded once for all
        // Who does not keep up has to go: one must not hold up the others.
        room.lock().unwrap().retain(|_, member| {
            member.try_send_prepared(&said).inspect_err(|_| member.abort()).is_ok()
        });
    }
    Ok(())
}
