#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accepted;
mod client;
mod driver;
mod error;
mod halves;
#[cfg(feature = "http")]
mod http;
mod input;
mod link;
mod message;
mod server;
mod socket;
mod state;
#[cfg(feature = "net")]
mod tcp;
#[cfg(feature = "tracing")]
mod trace;
mod wakes;

use tokio::io::{AsyncRead, AsyncWrite};
use wspair::handshake::{ClientRequest, Negotiated};

#[cfg(feature = "http")]
pub use self::http::Upgrade;
pub use client::Client;
pub use error::{Answer, Error};
pub use halves::{Receiver, Sender};
pub use message::{CloseFrame, Message, Utf8Bytes};
pub use server::{Incoming, Server};
pub use socket::WebSocket;
#[cfg(feature = "net")]
pub use tcp::tune;
/// The engine: configuration, handshake, codes.
pub use wspair;

/// Reads a client's request from a stream and opens the connection: [`Server::accept`] with the
/// defaults, among them 10 s for the handshake. Errors as there.
pub async fn accept<S>(io: S) -> Result<WebSocket, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Server::new().accept(io).await
}

/// Reads a client's request from a stream and opens the connection, as a [`Server`] is set to: its
/// method [`accept`](Server::accept), for who passes functions that take a stream. Errors as there.
pub async fn accept_with<S>(io: S, server: &Server) -> Result<WebSocket, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    server.accept(io).await
}

/// Dials a `ws` address and opens a connection: [`Client::connect`] with the defaults, among them 10 s
/// for the handshake.
///
/// # Errors
/// [`Error::NeedsTls`] for a `wss` address, [`Error::Request`] for what is no address; else as
/// [`connect_with`].
#[cfg(feature = "net")]
pub async fn connect(address: &str) -> Result<WebSocket, Error> {
    let (socket, _) = Client::new(ClientRequest::new(address)?).connect().await?;
    Ok(socket)
}

/// Opens a connection over a stream, one with TLS for instance: [`Client::connect_over`] with the
/// defaults. Errors as there.
pub async fn connect_with<S>(io: S, request: ClientRequest) -> Result<WebSocket, Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (socket, _) = Client::new(request).connect_over(io).await?;
    Ok(socket)
}

/// The server's side of a connection that an HTTP server upgraded: [`WebSocket::server`] with the
/// defaults.
pub fn from_upgraded<S>(io: S, agreed: Negotiated) -> WebSocket
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    WebSocket::server(io, wspair::Config::default(), agreed)
}
