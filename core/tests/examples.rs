//! The examples that need nobody else run, and the one on mio talks to a client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wspair::handshake::{ClientHandshake, ClientProgress};
use wspair::{
    ClientRequest, CloseCode, Config, Connection, Event, MaskKeys, Negotiated, TransportAction,
};

/// An example, where it was built: `cargo test` does that, but not with `--tests`.
fn example(name: &str) -> Option<Command> {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    let path = path.with_file_name("examples").join(name);
    if !path.with_extension(std::env::consts::EXE_EXTENSION).exists() {
        eprintln!("THE EXAMPLE {name} WAS NOT BUILT, AND IS NOT TESTED");
        return None;
    }
    Some(Command::new(path))
}

#[test]
fn those_that_need_nobody_else_do_what_they_show() {
    for (name, says) in
        [("test_double", "the application does what it should\n"), ("embedded", "it is on\n")]
    {
        let Some(mut program) = example(name) else { return };
        let output = program.output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), says, "{name}");
    }
}

/// Ends the example when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_server_on_mio_sends_back_what_it_gets_and_refuses_the_rest() {
    let Some(mut program) = example("mio_server") else { return };
    let mut server = Server(program.arg("0").stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_end_matches('/').rsplit('/').next().unwrap().to_string();

    let mut refused = dial(&address);
    refused.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut answer = String::new();
    refused.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");

    let mut stream = dial(&address);
    let request = ClientRequest::new(&format!("ws://{address}/")).unwrap();
    let mut out = Vec::new();
    let mut handshake = ClientHandshake::new(&request, [7; 16], &mut out);
    let mut client =
        Connection::client(Config::default(), Negotiated::default(), MaskKeys::from_seed([7; 32]));
    // The first message comes with the request: it lies behind the handshake's last byte.
    client.send_text("early").unwrap();
    // More than the server queues: it has to stop reading, and to go on.
    for _ in 0..20 {
        client.send_binary(vec![7; 300_000]).unwrap();
    }
    client.close(Some(CloseCode::NORMAL), "").unwrap();
    client.transmit().drain_into(&mut out);
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(&out).unwrap());
    let mut buf = [0; 4096];
    let mut seen = Vec::new();
    let mut is_open = false;
    while client.transport() != TransportAction::Close {
        let n = stream.read(&mut buf).unwrap();
        let used = if is_open { 0 } else { handshake.receive(&buf[..n]).0 };
        is_open = matches!(handshake.progress(), ClientProgress::Open(..));
        let ended = n == 0;
        let mut events =
            if ended { client.receive_eof() } else { client.receive(&mut buf[used..n]) };
        while let Some(event) = events.next() {
            match event {
                Event::Text(text) => seen.push(text.len()),
                Event::Binary(data) => seen.push(data.len()),
                Event::Closed(closed) => assert!(closed.clean, "{closed:?}"),
                _ => {}
            }
        }
        if ended {
            break;
        }
    }
    writing.join().unwrap();
    assert_eq!((seen[0], &seen[1..]), (5, &[300_000; 20][..]));
}

fn dial(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}
