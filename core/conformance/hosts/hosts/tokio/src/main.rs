//! wspair-tokio as server and client, for the driver.
//!
//!     wspair-hosts server|client current|multi [OPTIONS]
//!
//! Over TLS where the environment names a certificate: `HOST_CERT` and `HOST_KEY`.

mod applications;
#[path = "../../../../../examples/options/mod.rs"]
mod options;
mod report;

use std::error::Error;
use std::io::BufRead;
use std::sync::Arc;
use std::time::{Duration, Instant};

use options::Options;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use wspair::handshake::{ClientRequest, Refusal};
use wspair_tokio::{Client, Incoming, Server, WebSocket};

use applications::{Room, run};
use report::{Value, tell};

/// What the driver's commands do.
#[derive(Clone)]
struct Commands {
    /// Lets applications go on that wait for it.
    go: watch::Sender<bool>,
    /// A server's deadline.
    close: watch::Sender<Option<Duration>>,
    connect: tokio::sync::mpsc::UnboundedSender<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let [role, flavour] = &options.rest[..] else {
        return Err("usage: wspair-hosts server|client current|multi".into());
    };
    let mut builder = match flavour.as_str() {
        "current" => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build()?;
    let role = role.clone();
    runtime.block_on(async move {
        let (connect, urls) = tokio::sync::mpsc::unbounded_channel();
        let commands =
            Commands { go: watch::Sender::new(false), close: watch::Sender::new(None), connect };
        let room = Room::new(commands.go.subscribe());
        listen_to_driver(commands.clone());
        match role.as_str() {
            "server" => serve(options, &commands, room).await,
            _ => connect_all(options, urls, room).await,
        }
    })
}

fn listen_to_driver(commands: Commands) {
    let runtime = Handle::current();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let (name, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match name {
                "go" => _ = commands.go.send(true),
                "close" => {
                    let seconds = rest.parse().expect("seconds");
                    _ = commands.close.send(Some(Duration::from_secs_f64(seconds)));
                }
                "connect" => _ = commands.connect.send(rest.to_owned()),
                _ => {
                    let tasks = runtime.metrics().num_alive_tasks();
                    tell("counts", None, &[("tasks", Value::Number(tasks as f64))]);
                }
            }
        }
        // The driver is gone.
        std::process::exit(0);
    });
}

async fn serve(options: Options, commands: &Commands, room: Room) -> Result<(), Box<dyn Error>> {
    let tls = acceptor()?;
    let server = Server::new()
        .with_config(options.config)
        .with_policy(options.policy)
        .with_head_limits(options.head);
    let listener = TcpListener::bind((options.host.as_str(), options.port)).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let mut closing = commands.close.subscribe();
    let deadline = loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                // It fails where the client has gone.
                let _ = wspair_tokio::tune(&stream);
                tokio::spawn(client(stream, tls.clone(), server.clone(), room.clone()));
            }
            _ = closing.changed() => break closing.borrow().expect("a deadline"),
        }
    };
    drop(listener);
    let began = Instant::now();
    server.close(deadline).await;
    tell("server-closed", None, &[("after", Value::Number(began.elapsed().as_secs_f64()))]);
    std::future::pending().await
}

/// One client, until its application ends.
async fn client(stream: TcpStream, tls: Option<TlsAcceptor>, server: Server, room: Room) {
    let opened = async {
        match tls {
            None => open(server.read(stream).await.ok()?, &room).await,
            Some(tls) => {
                let stream = tls.accept(stream).await.ok()?;
                Box::pin(open(server.read(stream).await.ok()?, &room)).await
            }
        }
    };
    if let Some((socket, path)) = opened.await {
        run(socket, path, room).await;
    }
}

/// What the server's author does with a request before it lets a client in.
async fn open<S>(mut incoming: Incoming<S>, room: &Room) -> Option<(WebSocket, String)>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let path = incoming.request().target().to_owned();
    if path.starts_with("/decide") {
        tell("deciding", Some(&path), &[]);
        tokio::select! {
            () = incoming.gone() => {
                tell("told", Some(&path), &[]);
                return None;
            }
            () = room.may_go() => tell("decided", Some(&path), &[]),
        }
    }
    if path.starts_with("/refuse") {
        incoming.refuse(Refusal::new(404).ok()?).await;
        return None;
    }
    Some((incoming.accept().await.ok()?, path))
}

async fn connect_all(
    options: Options,
    mut urls: tokio::sync::mpsc::UnboundedReceiver<String>,
    room: Room,
) -> Result<(), Box<dyn Error>> {
    tell("ready", None, &[]);
    while let Some(url) = urls.recv().await {
        let (options, room) = (options.clone(), room.clone());
        tokio::spawn(async move {
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap_or(""));
            match connect(&url, &options).await {
                Ok(socket) => run(socket, path, room).await,
                Err(error) => report::failed("failed", &path, &error),
            }
        });
    }
    Ok(())
}

async fn connect(url: &str, options: &Options) -> Result<WebSocket, wspair_tokio::Error> {
    let mut request = ClientRequest::new(url).map_err(wspair_tokio::Error::Request)?;
    if let Some(offer) = options.offer {
        request = request.deflate(offer);
    }
    let client =
        Client::new(request).with_config(options.config.clone()).with_head_limits(options.head);
    Ok(client.connect().await?.0)
}

fn acceptor() -> Result<Option<TlsAcceptor>, Box<dyn Error>> {
    let (Ok(cert), Ok(key)) = (std::env::var("HOST_CERT"), std::env::var("HOST_KEY")) else {
        return Ok(None);
    };
    let cert = CertificateDer::from_pem_file(cert)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert], PrivateKeyDer::from_pem_file(key)?)?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
