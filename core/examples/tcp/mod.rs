//! WebSockets over blocking TCP streams, a thread each: what every host does, written once.
//!
//! [`socket`] is a stream where no call waits for long, [`handshake`] opens a connection on one,
//! [`host`] runs it. Each example uses its part of them.
#![allow(dead_code)]

pub(crate) mod handshake;
pub(crate) mod host;
mod socket;

use std::error::Error;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::options::Options;

/// How serving ends.
pub(crate) type Served = Result<(), Box<dyn Error>>;

/// Serves each connection in a thread of its own.
pub(crate) fn listen(options: &Options, serve: fn(TcpStream, &Options) -> Served) -> Served {
    let listener = TcpListener::bind((options.host.as_str(), options.port))?;
    println!("listening on ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let options = options.clone();
        let served = stream.and_then(|stream| {
            thread::Builder::new().spawn(move || {
                match serve(stream, &options) {
                    // A client that is gone in the middle of something is nothing to tell.
                    Err(error) if !error.is::<io::Error>() => eprintln!("{error}"),
                    _ => {}
                }
            })
        });
        // Too many files or threads for now, or a client that has gone: the others go on.
        if let Err(error) = served {
            eprintln!("a client was not served: {error}");
            thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}
