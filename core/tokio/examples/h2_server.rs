//! WebSockets over HTTP/2 (RFC 8441): an echo on any number of streams of one session.
//!
//!     cargo run --features http --example h2_server -- --port 9001
//!
//! Without TLS, so for clients that know beforehand. With it the stream is that of tokio-rustls,
//! with `h2` among the protocols of ALPN, and nothing else changes.

#[allow(dead_code)]
mod h2_stream;
mod options;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Ping, PingPong, Reason, RecvStream};
use h2_stream::{H2Stream, MAX_STREAMS, SESSION_WINDOW, STREAM_WINDOW};
use http::{Method, Request, Response};
use options::Options;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use wspair_tokio::wspair::handshake::{Bootstrap, Refusal};
use wspair_tokio::{Server, WebSocket};

/// How long WebSockets, and then the sessions that carried them, are waited for at the end.
const GOODBYE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let server = Server::new()
        .with_config(options.config)
        .with_policy(options.policy)
        .with_subprotocols(options.subprotocol);
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let leaving = watch::Sender::new(false);
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (server, leaving) = (server.clone(), leaving.subscribe());
                    // How a client breaks off is nobody else's matter.
                    sessions.spawn(async move { _ = serve(stream, server, leaving).await });
                }
                Err(error) => eprintln!("a client was not served: {error}"),
            },
            Some(_) = sessions.join_next() => {}
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    // GOAWAY to the sessions, 1001 to their WebSockets.
    leaving.send_replace(true);
    server.close(GOODBYE).await;
    // Behind its last WebSocket a session has a GOAWAY to send: dropped before, it is reset.
    _ = timeout(GOODBYE, sessions.join_all()).await;
    Ok(())
}

/// Serves a session: no longer than its peer is there.
async fn serve(
    stream: TcpStream,
    server: Server,
    mut leaving: watch::Receiver<bool>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    wspair_tokio::tune(&stream)?;
    let mut builder = h2::server::Builder::new();
    builder
        .enable_connect_protocol()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(SESSION_WINDOW)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(16 << 10);
    let mut session = timeout(Duration::from_secs(10), builder.handshake(stream)).await??;
    let mut vanished = Box::pin(silence(session.ping_pong().expect("nobody else took it")));
    let mut is_leaving = false;
    loop {
        tokio::select! {
            request = session.accept() => match request {
                Some(request) => {
                    let (request, respond) = request?;
                    let server = server.clone();
                    tokio::spawn(async move { _ = answer(request, respond, &server).await });
                }
                None => return Ok(()),
            },
            () = &mut vanished => return Err("the peer has vanished".into()),
            _ = leaving.wait_for(|leaving| *leaving), if !is_leaving => {
                is_leaving = true;
                session.graceful_shutdown();
            }
        }
    }
}

/// Ends when the peer answers no more: it takes all of its WebSockets along.
async fn silence(mut pings: PingPong) {
    loop {
        sleep(Duration::from_secs(30)).await;
        match timeout(Duration::from_secs(20), pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => {}
            _ => return,
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    server: &Server,
) -> Result<(), wspair_tokio::Error> {
    let protocol = request.extensions().get::<Protocol>().map(|name| name.as_str().to_owned());
    let Some(protocol) = protocol else {
        return send(respond, elsewhere(request.method()));
    };
    let (response, upgrade) = match server.upgrade_connect(&request, &protocol) {
        // Nothing could be said on it.
        Ok(_) if request.body().is_end_stream() => return send(respond, stream_ended()),
        Ok(accepted) => accepted,
        Err(refused) => {
            let refusal = refused.extensions().get::<Refusal>();
            if refusal.is_some_and(Refusal::is_malformed) {
                respond.send_reset(Reason::PROTOCOL_ERROR);
                return Ok(());
            }
            return send(respond, refused);
        }
    };
    let outgoing = respond.send_response(response, false).map_err(std::io::Error::other)?;
    echo(upgrade.open(H2Stream::new(request.into_body(), outgoing))).await
}

/// Sends a whole response.
fn send(
    mut respond: SendResponse<Bytes>,
    response: Response<Bytes>,
) -> Result<(), wspair_tokio::Error> {
    let (head, body) = response.into_parts();
    let head = Response::from_parts(head, ());
    let mut stream = respond.send_response(head, body.is_empty()).map_err(std::io::Error::other)?;
    if !body.is_empty() {
        stream.send_data(body, true).map_err(std::io::Error::other)?;
    }
    Ok(())
}

/// To a request for anything else. A `CONNECT` without `:protocol` asks for a proxy.
fn elsewhere(method: &Method) -> Response<Bytes> {
    let response = match *method {
        Method::CONNECT => Response::builder().status(405).header("allow", "GET, HEAD, POST"),
        _ => Response::builder().status(404),
    };
    response.body(Bytes::new()).expect("it is valid")
}

fn stream_ended() -> Response<Bytes> {
    let refusal = Refusal::stream_ended();
    let mut response = Response::builder().status(refusal.status());
    for (name, value) in refusal.fields(Bootstrap::ExtendedConnect) {
        response = response.header(&*name, &*value);
    }
    response.body(Bytes::copy_from_slice(refusal.content())).expect("the engine's fields are valid")
}

async fn echo(mut socket: WebSocket) -> Result<(), wspair_tokio::Error> {
    while let Some(message) = socket.recv().await {
        let message = message?;
        if !message.is_control() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
