//! A client over TLS, which is the stream's business: with rustls here, or any other.
//!
//!     cargo run --example tls_client -- wss://example.org/ hello

use std::error::Error;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wspair_tokio::connect_with;
use wspair_tokio::wspair::CloseCode;
use wspair_tokio::wspair::handshake::ClientRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(text)) = (args.next(), args.next()) else {
        return Err("usage: tls_client URL TEXT [CERTIFICATES]".into());
    };
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = args.next() {
        roots.add_parsable_certificates(CertificateDer::pem_file_iter(file)?.flatten());
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let request = ClientRequest::new(&url)?;
    let address = request.address();
    let stream = TcpStream::connect((address.host(), address.port())).await?;
    wspair_tokio::tune(&stream)?;
    let name = ServerName::try_from(address.host().to_owned())?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;

    let mut socket = connect_with(stream, request).await?;
    socket.send(text).await?;
    while let Some(message) = socket.recv().await {
        if let Some(text) = message?.as_text() {
            println!("text: {text}");
            break;
        }
    }
    socket.close(CloseCode::NORMAL, "").await?;
    println!("closed: {:?}", socket.sender().how_closed());
    Ok(())
}
