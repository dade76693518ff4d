//! An echo client over std TCP: the Autobahn suite's, or a person's.
//!
//!     cargo run --example echo_client -- ws://127.0.0.1:9001/ --text hello --text bye
//!     cargo run --example echo_client -- ws://127.0.0.1:9001 AGENT

mod options;
mod tcp;

use std::error::Error;

use options::Options;
use tcp::host::Host;
use wspair::{CloseCode, Connection, Event, MaskKeys};

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    match &options.rest[..] {
        [url] => talk(&options, url),
        [url, agent] => run_cases(&options, url, agent),
        _ => Err("usage: echo_client URL --text TEXT ... | echo_client URL AGENT".into()),
    }
}

/// Sends each text when the one before it came back, then closes.
fn talk(options: &Options, url: &str) -> Result<(), Box<dyn Error>> {
    let mut host = connect(options, url)?;
    let mut texts = options.text.iter();
    let mut clean = false;
    let mut may_send = true;
    loop {
        if std::mem::take(&mut may_send) {
            match texts.next() {
                // Refused once the server closed, which ends the loop too.
                Some(text) => _ = host.conn.send_text(text),
                None => host.conn.close(Some(CloseCode::NORMAL), "")?,
            }
        }
        let Some(mut events) = host.turn() else { break };
        while let Some(event) = events.next() {
            match event {
                Event::Text(text) => {
                    println!("text: {}", &*text);
                    may_send = true;
                }
                Event::Closed(closed) => {
                    clean = closed.clean;
                    let how = if clean { "clean" } else { "lost" };
                    println!("closed: {} {how}", closed.code);
                }
                _ => {}
            }
        }
    }
    if clean { Ok(()) } else { Err("the connection was lost".into()) }
}

/// Runs all cases of the Autobahn suite's fuzzing server, and has it write its reports.
fn run_cases(options: &Options, url: &str, agent: &str) -> Result<(), Box<dyn Error>> {
    let count = echo(options, &format!("{url}/getCaseCount"))?.ok_or("no case count came")?;
    for case in 1..=count.parse()? {
        let case: u32 = case;
        // A case ends however it ends: breaking the protocol is the point of many.
        if let Err(error) = echo(options, &format!("{url}/runCase?case={case}&agent={agent}")) {
            eprintln!("case {case}: {error}");
        }
    }
    echo(options, &format!("{url}/updateReports?agent={agent}"))?;
    Ok(())
}

/// Echoes every message until the connection ends; the first text that came.
fn echo(options: &Options, url: &str) -> Result<Option<String>, Box<dyn Error>> {
    let mut host = connect(options, url)?;
    let mut first = None;
    while let Some(mut events) = host.turn() {
        while let Some((event, mut sender)) = events.next_and_sender() {
            let _ = match event {
                Event::Text(text) => {
                    let sent = sender.send_text(&text);
                    first.get_or_insert_with(|| text.into_string());
                    sent
                }
                Event::Binary(data) => sender.send_binary(data.as_bytes()),
                _ => Ok(()),
            };
            if sender.is_congested() {
                break;
            }
        }
    }
    Ok(first)
}

fn connect(options: &Options, url: &str) -> Result<Host, Box<dyn Error>> {
    let opened = tcp::handshake::connect(url, options)?;
    let conn = Connection::client(options.config.clone(), opened.agreed, MaskKeys::from_os()?);
    Ok(Host::new(opened.socket, conn, &opened.early))
}
