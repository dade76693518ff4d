//! An upgrade in hyper, from nothing but header fields: as behind any HTTP stack.
//!
//!     cargo run --example hyper -- 127.0.0.1:9001

use std::convert::Infallible;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wspair_tokio::wspair::handshake::{self, AcceptError, Bootstrap, Fields, Policy, Refusal};
use wspair_tokio::{WebSocket, from_upgraded};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        wspair_tokio::tune(&stream)?;
        let served = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer))
            .with_upgrades();
        tokio::spawn(served);
    }
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let acceptance = match accept(&request) {
        Ok(acceptance) => acceptance,
        Err(refusal) => {
            let fields = refusal.fields(Bootstrap::Upgrade);
            let content = refusal.content().to_vec();
            return Ok(response(refusal.status(), fields.iter().map(|(n, v)| (n, v)), content));
        }
    };
    let stream = hyper::upgrade::on(&mut request);
    let agreed = acceptance.agreed;
    tokio::spawn(async move {
        // It fails where the client has gone.
        if let Ok(stream) = stream.await {
            let _ = echo(from_upgraded(TokioIo::new(stream), agreed)).await;
        }
    });
    Ok(response(acceptance.status, acceptance.fields, Vec::new()))
}

fn accept(request: &Request<Incoming>) -> Result<handshake::Acceptance, Refusal> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let fields = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let fields: Fields<'_> = fields.collect();
    let method = request.method().as_str();
    let request = handshake::Request::from_fields(Bootstrap::Upgrade, method, target, fields)?;
    match request.accept(&Policy::default(), request.subprotocols().next()) {
        Ok(acceptance) => Ok(acceptance),
        Err(AcceptError::Refused(refusal)) => Err(refusal),
        Err(AcceptError::NotOffered) => unreachable!("it was offered"),
    }
}

fn response<N: AsRef<str>, V: AsRef<[u8]>>(
    status: u16,
    fields: impl IntoIterator<Item = (N, V)>,
    content: Vec<u8>,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(name.as_ref(), value.as_ref());
    }
    response.body(Full::from(content)).expect("the engine's fields are valid")
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
