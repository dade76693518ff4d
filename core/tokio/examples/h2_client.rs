//! A client of WebSockets over HTTP/2 (RFC 8441): several of them on one session.
//!
//!     cargo run --example h2_client -- ws://127.0.0.1:9001/ hello bye
//!
//! Sends each text on a WebSocket of its own and prints what comes back, then closes them.

#[allow(dead_code)]
mod h2_stream;

use std::error::Error;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use h2::{Ping, client};
use h2_stream::{H2Stream, SESSION_WINDOW, STREAM_WINDOW};
use http::{Method, Request};
use tokio::net::TcpStream;
use wspair_tokio::wspair::handshake::{Bootstrap, ClientRequest, Response};
use wspair_tokio::wspair::{CloseCode, Config};
use wspair_tokio::{Message, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: h2_client URL TEXT ...")?;
    let request = ClientRequest::new(&url)?;
    let session = begin(&request).await?;
    let mut sockets = Vec::new();
    for text in args {
        let socket = open(session.clone(), &request).await?;
        socket.send(Message::text(text)).await?;
        sockets.push(socket);
    }
    for mut socket in sockets {
        if let Some(Message::Text(text)) = socket.recv().await.transpose()? {
            println!("text: {text}");
        }
        socket.close(CloseCode::NORMAL, "").await?;
        let closed = socket.sender().closed().await;
        println!("closed: {} {}", closed.code, if closed.clean { "clean" } else { "lost" });
    }
    Ok(())
}

/// A session with the server, which speaks RFC 8441.
async fn begin(request: &ClientRequest) -> Result<SendRequest<Bytes>, Box<dyn Error>> {
    let address = request.address();
    if address.is_secure() {
        return Err("this client speaks no TLS".into());
    }
    let stream = TcpStream::connect((address.host(), address.port())).await?;
    wspair_tokio::tune(&stream)?;
    let mut builder = client::Builder::new();
    builder.initial_window_size(STREAM_WINDOW).initial_connection_window_size(SESSION_WINDOW);
    let (session, mut connection) = builder.handshake(stream).await?;
    let mut pings = connection.ping_pong().ok_or("somebody took it")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the session was lost: {error}");
        }
    });
    // Nothing may be asked before the server's settings came (RFC 8441 3). They are the first
    // thing that it says, so they are here with its first answer.
    pings.ping(Ping::opaque()).await?;
    if !session.is_extended_connect_protocol_enabled() {
        return Err("the server speaks no WebSocket over HTTP/2".into());
    }
    Ok(session)
}

/// A WebSocket on a stream of its own.
async fn open(
    session: SendRequest<Bytes>,
    asked: &ClientRequest,
) -> Result<WebSocket, Box<dyn Error>> {
    // Over HTTP/2 there is no key.
    let nonce = [0; 16];
    let how = Bootstrap::ExtendedConnect;
    let address = asked.address();
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{}{}", address.authority(), address.target()))
        .extension(Protocol::from_static("websocket"));
    for (name, value) in asked.fields(how, nonce) {
        if !name.starts_with(':') {
            request = request.header(&*name, &*value);
        }
    }
    let (response, outgoing) = session.ready().await?.send_request(request.body(())?, false)?;
    let (head, incoming) = response.await?.into_parts();
    let fields = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let response = Response::from_fields(head.status.as_u16(), fields.collect());
    let agreed = response.verify(asked, how, nonce)?;
    Ok(WebSocket::client(H2Stream::new(incoming, outgoing), Config::default(), agreed)?)
}
