//! The opening handshake: what is agreed on, what is refused, and that all of it ends.

mod common;

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use common::{PATIENCE, TEXT, Wire, close_frame, masked};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use wspair_tokio::wspair::handshake::{
    ClientRequest, Failure, Origins, Policy, Refusal, accept_key,
};
use wspair_tokio::{Client, Error, Message, Server, WebSocket};

const REQUEST: &str = "GET /chat?room=1 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nOrigin: https://example.org\r\n\
    Sec-WebSocket-Protocol: superchat, chat\r\n\r\n";

fn request() -> ClientRequest {
    ClientRequest::new("ws://example.org/chat?room=1").unwrap()
}

async fn head(io: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, io.read_u8()).await.expect("a head comes").unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn over_a_pipe() {
    let (ours, theirs) = duplex(1 << 10);
    let request = request().subprotocol("chat").unwrap();
    let server = Server::new().with_subprotocols(["chat.v2", "chat"]);
    let (client, server) =
        tokio::join!(wspair_tokio::connect_with(ours, request), server.accept(theirs));
    let (client, mut server) = (client.unwrap(), server.unwrap());
    assert_eq!(client.agreed().subprotocol.as_deref(), Some("chat"));
    assert_eq!(server.agreed(), client.agreed());
    client.send("hello").await.unwrap();
    assert_eq!(server.recv().await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test]
async fn over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        wspair_tokio::tune(&stream).unwrap();
        assert!(stream.nodelay().unwrap());
        wspair_tokio::accept(stream).await.unwrap()
    });
    let mut client = wspair_tokio::connect(&address).await.unwrap();
    let server = server.await.unwrap();
    server.send("hello").await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test]
async fn a_request_that_is_looked_at() {
    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let incoming = Server::new().read(ours).await.unwrap();
    assert_eq!(incoming.request().target(), "/chat?room=1");
    let cookie = [("Set-Cookie", &b"a=b"[..])];
    let socket = incoming.accept_with(Some("superchat"), &cookie).await.unwrap();
    assert_eq!(socket.agreed().subprotocol.as_deref(), Some("superchat"));
    let head = head(&mut theirs).await;
    assert!(head.starts_with("HTTP/1.1 101 "));
    assert!(head.contains("Set-Cookie: a=b\r\n"));

    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let incoming = Server::new().read(ours).await.unwrap();
    match incoming.accept_with(Some("unheard of"), &[]).await {
        Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::InvalidInput),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused() {
    let mut policy = Policy::default();
    policy.origins = Some(Origins::new(["https://example.com"]).unwrap());
    let server = Server::new().with_policy(policy);
    let good = REQUEST.replace("example.org\r\nSec", "example.com\r\nSec");
    for (request, status) in [
        (REQUEST.to_owned(), "403"),
        (good.replace("Connection: Upgrade", "Connection: close"), "400"),
        (good.replace("13", "12"), "426"),
        (good.replace("HTTP/1.1", "HTTP/1.0"), "400"),
        ("\x16\x03\x01\r\n\r\n".to_owned(), "400"),
    ] {
        let (ours, mut theirs) = duplex(64 << 10);
        theirs.write_all(request.as_bytes()).await.unwrap();
        // It stays, and has more to say.
        theirs.write_all(&vec![0; 20_000]).await.unwrap();
        let began = Instant::now();
        let refused = timeout(PATIENCE, server.accept(ours)).await.unwrap();
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        assert!(began.elapsed() <= Duration::from_secs(2));
        assert!(head(&mut theirs).await.starts_with(&format!("HTTP/1.1 {status} ")), "{request}");
    }
}

#[tokio::test]
async fn refused_by_the_application() {
    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let incoming = Server::new().read(ours).await.unwrap();
    let refusing = incoming.refuse(Refusal::new(401).unwrap());
    let reading = async {
        assert!(head(&mut theirs).await.starts_with("HTTP/1.1 401 "));
        drop(theirs);
    };
    tokio::join!(refusing, reading);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_end() {
    // Silence, and a byte a second.
    for drip in [false, true] {
        let (ours, mut theirs) = duplex(4 << 10);
        let client = tokio::spawn(async move {
            for byte in REQUEST.bytes().cycle() {
                if drip && theirs.write_all(&[byte]).await.is_err() {
                    break;
                }
                if let Ok(head) = timeout(Duration::from_secs(1), head(&mut theirs)).await {
                    return head;
                }
            }
            unreachable!()
        });
        let began = Instant::now();
        assert!(matches!(wspair_tokio::accept(ours).await, Err(Error::Refused(_))));
        assert!(began.elapsed().as_secs() <= 12);
        assert!(client.await.unwrap().starts_with("HTTP/1.1 408 "));
    }
}

#[tokio::test(start_paused = true)]
async fn all_in_one_segment() {
    let (ours, theirs) = duplex(4 << 10);
    let mut wire = Wire { io: theirs };
    let mut bytes = REQUEST.as_bytes().to_vec();
    for _ in 0..3 {
        bytes.extend(masked(0x80 | TEXT, b"hi"));
    }
    bytes.extend(close_frame(1000));
    wire.raw(&bytes).await;
    wire.finish().await;
    let task = common::echo(wspair_tokio::accept(ours).await.unwrap());
    assert!(head(&mut wire.io).await.starts_with("HTTP/1.1 101 "));
    for _ in 0..3 {
        assert_eq!(wire.frame().await, (TEXT, b"hi".to_vec()));
    }
    assert_eq!(wire.close_code().await, 1000);
    assert!(wire.at_end().await);
    assert!(task.await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_is_thought_about() {
    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut incoming = Server::new().read(ours).await.unwrap();
    assert!(timeout(PATIENCE, incoming.gone()).await.is_err(), "it is still there");
    theirs.shutdown().await.unwrap();
    timeout(PATIENCE, incoming.gone()).await.expect("it is told");
    match incoming.accept().await {
        Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::UnexpectedEof),
        other => panic!("{other:?}"),
    }
    let mut answer = Vec::new();
    theirs.read_to_end(&mut answer).await.unwrap();
    assert!(answer.is_empty(), "no 101 to nobody");
}

async fn answered(answer: &[u8]) -> Result<WebSocket, Error> {
    let (ours, mut theirs) = duplex(64 << 10);
    theirs.write_all(answer).await.unwrap();
    theirs.shutdown().await.unwrap();
    wspair_tokio::connect_with(ours, request()).await
}

#[tokio::test(start_paused = true)]
async fn answers_that_open_nothing() {
    let status = |line: &str| format!("{line}\r\nContent-Length: 4\r\nX-A: b\r\n\r\nbody");
    match answered(status("HTTP/1.1 503 Service Unavailable").as_bytes()).await {
        Err(Error::Answered(answer)) => {
            assert_eq!((answer.status, &answer.body[..]), (503, &b"body"[..]));
            assert!(answer.fields.contains(&("X-A".into(), b"b".to_vec())));
        }
        other => panic!("{other:?}"),
    }
    let accept = accept_key(b"another key").map(char::from).iter().collect::<String>();
    for (answer, failure) in [
        (b"220 mail.example ESMTP\r\n\r\n".to_vec(), Failure::Syntax),
        (b"".to_vec(), Failure::UnexpectedEof),
        (b"HTTP/1.0 101 Switching Protocols\r\n\r\n".to_vec(), Failure::HttpVersion),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3000), Failure::TooManyInterim),
        (
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .into_bytes(),
            Failure::Accept,
        ),
    ] {
        match answered(&answer[..answer.len().min(60_000)]).await {
            Err(Error::Failed(error)) => assert_eq!(error, failure),
            other => panic!("{failure:?} was due: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer() {
    let (ours, _theirs) = duplex(64 << 10);
    let began = Instant::now();
    let failed = wspair_tokio::connect_with(ours, request()).await;
    assert!(matches!(failed, Err(Error::Failed(Failure::TimedOut))), "{failed:?}");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn addresses() {
    assert!(matches!(wspair_tokio::connect("http://127.0.0.1/").await, Err(Error::Request(_))));
    assert!(matches!(wspair_tokio::connect("wss://127.0.0.1/").await, Err(Error::NeedsTls)));
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(matches!(wspair_tokio::connect(&format!("ws://{free}/")).await, Err(Error::Io(_))));
}

#[tokio::test]
async fn the_servers_fields() {
    let (ours, mut theirs) = duplex(4 << 10);
    let server = async {
        theirs.write_all(b"").await.unwrap();
        let incoming = Server::new().read(theirs).await.unwrap();
        incoming.accept_with(None, &[("X-Served-By", b"7")]).await.unwrap()
    };
    let (opened, _server) = tokio::join!(Client::new(request()).connect_over(ours), server);
    let (_, answer) = opened.unwrap();
    assert_eq!(answer.status, 101);
    assert!(answer.fields.contains(&("X-Served-By".into(), b"7".to_vec())));
}

/// The listener goes on, and nothing is held of those who came and went.
#[tokio::test]
async fn many_that_leave_in_the_middle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(
                async move { _ = common::echo(wspair_tokio::accept(stream).await.unwrap()) },
            );
        }
    });
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend(masked(0x80 | TEXT, b"hi"));
    for number in 0..300 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let cut = number * bytes.len() / 300;
        stream.write_all(&bytes[..cut]).await.unwrap();
        if number % 2 == 0 {
            stream.set_zero_linger().unwrap();
        }
    }
    sleep(Duration::from_millis(10)).await; // sleeps: gives the broken connections time to arrive
    let mut client = wspair_tokio::connect(&format!("ws://{address}/")).await.unwrap();
    client.send("still there?").await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap(), Message::text("still there?"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes() {
    let server = Server::new();
    let began = Instant::now();
    // One whose peer answers, one whose peer never does, one that did not say all.
    let mut wires = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let (ours, mut theirs) = duplex(4 << 10);
        theirs.write_all(REQUEST.as_bytes()).await.unwrap();
        sockets.push(server.accept(ours).await.unwrap());
        head(&mut theirs).await;
        wires.push(Wire { io: theirs });
    }
    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(b"GET / HT").await.unwrap();
    let opening = tokio::spawn({
        let server = server.clone();
        async move { server.accept(ours).await }
    });
    tokio::task::yield_now().await;

    let closing = tokio::spawn(async move { server.close(Duration::from_secs(3)).await });
    for wire in &mut wires {
        assert_eq!(wire.close_code().await, 1001);
    }
    wires[0].raw(&close_frame(1001)).await;
    assert!(wires[0].at_end().await);
    assert!(opening.await.unwrap().is_err());
    assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
    closing.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(wires[1].at_end().await);
    assert!(sockets[0].sender().how_closed().unwrap().clean);
    assert!(!sockets[1].sender().how_closed().unwrap().clean);
}

/// A task is as large as its future for as long as it lives.
#[test]
fn futures_are_small() {
    let (ours, theirs) = duplex(1);
    let accepting = size_of_val(&wspair_tokio::accept(ours));
    let connecting = size_of_val(&wspair_tokio::connect_with(theirs, request()));
    assert!(accepting < 4096 && connecting < 4096, "{accepting} and {connecting} bytes");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ended_its_direction_behind_a_message_is_not_gone() {
    let (ours, mut theirs) = duplex(4 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut incoming = Server::new().read(ours).await.unwrap();
    theirs.write_all(&masked(0x80 | TEXT, b"hi")).await.unwrap();
    theirs.shutdown().await.unwrap();
    assert!(timeout(PATIENCE, incoming.gone()).await.is_err(), "it waits for the answer");
    let mut socket = incoming.accept().await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_answer_can_not_be_written_hears_of_an_error_of_the_server() {
    for (subprotocol, field) in [(Some("unheard-of"), "X-Ok"), (None, "not a name")] {
        let (ours, mut theirs) = duplex(4 << 10);
        theirs.write_all(REQUEST.as_bytes()).await.unwrap();
        let incoming = Server::new().read(ours).await.unwrap();
        let accepting = tokio::spawn(async move {
            incoming.accept_with(subprotocol, &[(field, b"1")]).await.map(|_| ())
        });
        let mut answer = [0; 12];
        theirs.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 500");
        drop(theirs);
        assert!(accepting.await.unwrap().is_err());
    }
}

/// A stream whose end is an error, as that of TLS without `close_notify`.
struct Torn(DuplexStream);

impl AsyncRead for Torn {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        let is_end = buf.filled().len() == before;
        Poll::Ready(if is_end { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
    }
}

impl AsyncWrite for Torn {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_stream_is_torn_behind_its_messages_is_served_them() {
    let (ours, mut theirs) = duplex(4 << 10);
    let mut all = REQUEST.as_bytes().to_vec();
    all.extend(masked(0x80 | TEXT, b"hi"));
    all.extend(close_frame(1000));
    theirs.write_all(&all).await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut socket = wspair_tokio::accept(Torn(ours)).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    socket.send("answer").await.unwrap();
    assert!(matches!(socket.recv().await, Some(Ok(Message::Close(_)))));
    assert!(socket.closed().await.clean);
    drop(socket);
    let mut answer = Vec::new();
    theirs.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"\x81\x06answer\x88\x02\x03\xe8"), "{answer:?}");
}
