//! TCP streams, set up for what WebSockets do.

use std::io;

use tokio::net::TcpStream;

/// Sets up a TCP stream for WebSockets: for servers, before it is accepted or gets TLS;
/// [`connect`](crate::connect) does so itself.
///
/// Small messages are not held back to be sent with others (`TCP_NODELAY`). On Linux the system
/// takes no more than it can send soon (`TCP_NOTSENT_LOWAT`): where it took megabytes for a peer that
/// reads slowly, pings, pongs and a Close would wait behind them, and keepalive would see nothing
/// move.
///
/// # Errors
/// Those of the system, where the peer has gone.
pub fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT)?;
    Ok(())
}

/// Bytes that the system may hold before they are on their way. It asks for more at half of it.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNSENT: u32 = 128 << 10;
