//! An end of a pair on a wire: what handing it to the network in a `101` response comes to.

use super::{End, Pair, PairError, WireAction};
use crate::close::CloseCode;
use crate::config::{Config, Delivery};
use crate::connection::{Connection, Sender};
use crate::error::SendError;
use crate::event::{ClosedCause, Event, Kind};

/// Ties one end of a [`Pair`] to a [`Connection`].
///
/// What comes from the wire goes to the pair through [`forward`](Self::forward), what the other
/// end sends goes out through [`drain`](Self::drain): messages, closes with code and reason, the
/// loss of either side, and congestion. The closing handshake is the pair's to answer, so the
/// connection is configured by [`configure`](Self::configure).
///
/// ```
/// use wspair::pair::{Accept, Coupling, End, Pair, PairConfig};
/// use wspair::{Config, Connection, Negotiated};
///
/// let mut pair = Pair::new(PairConfig::default());
/// let coupling = Coupling::new(&mut pair, End::First)?;
/// let config = Coupling::configure(Config::default());
/// let mut conn = Connection::server(config, Negotiated::default());
///
/// pair.accept(End::Second, Accept::default())?;
/// pair.send(End::Second, "hello", 5)?;
/// coupling.drain(&mut pair, &mut conn.sender(), |text, wire| wire.send_text(text));
/// let mut output = Vec::new();
/// conn.transmit().drain_into(&mut output);
/// assert_eq!(output, b"\x81\x05hello");
/// # Ok::<(), wspair::PairError>(())
/// ```
#[derive(Debug)]
pub struct Coupling {
    end: End,
}

impl Coupling {
    /// Gives `end` to the network. Errors as [`Pair::couple`].
    pub fn new<M>(pair: &mut Pair<M>, end: End) -> Result<Self, PairError> {
        pair.couple(end)?;
        Ok(Self { end })
    }

    /// The configuration for a connection under an end: closes and the end are left to the pair,
    /// messages come whole.
    pub fn configure(mut config: Config) -> Config {
        config.auto_close = false;
        config.auto_end = false;
        config.delivery = Delivery::Messages;
        config
    }

    /// Wire to pair: call with each event of the connection. `make` turns a payload into a message
    /// of the pair's own kind.
    ///
    /// The end of the wire without a Close frame waits in the pair behind the messages: until the
    /// other end sees it, what that sends still goes out. When the transport is dropped before,
    /// call [`Pair::abandon`].
    pub fn forward<M>(
        &self,
        pair: &mut Pair<M>,
        event: Event<'_>,
        make: impl FnOnce(Kind, &[u8]) -> M,
    ) {
        let deliver = |kind, bytes: &[u8]| {
            pair.deliver(self.end, make(kind, bytes), bytes.len());
        };
        match event {
            Event::Text(text) => deliver(Kind::Text, text.as_bytes()),
            Event::Binary(data) => deliver(Kind::Binary, &data),
            Event::PeerClosing(frame) => {
                pair.deliver_close(self.end, frame.code.map(CloseCode::get), frame.reason);
            }
            Event::Closed(closed) => self.forward_end(pair, closed.cause),
            Event::Ping(_) | Event::Pong(_) | Event::Chunk(_) => {}
        }
    }

    /// See [`CouplingBinding`](crate::bindings::CouplingBinding).
    pub(crate) fn forward_end<M>(&self, pair: &mut Pair<M>, cause: ClosedCause) {
        match cause {
            ClosedCause::Handshake => {}
            ClosedCause::Peer(error) => pair.deliver_error(self.end, error),
            ClosedCause::Transport => pair.deliver_end(self.end),
            _ => pair.abandon(self.end),
        }
    }

    /// Pair to wire: moves what the connection will take, until its output is congested. `send`
    /// sends one message; it is taken from the pair only once that has worked.
    ///
    /// True while more waits: call again when the transport has taken some. Call it whenever the
    /// other end has sent, closed or polled an event.
    pub fn drain<M>(
        &self,
        pair: &mut Pair<M>,
        wire: &mut Sender<'_>,
        mut send: impl FnMut(&M, &mut Sender<'_>) -> Result<(), SendError>,
    ) -> bool {
        if wire.is_lost() {
            pair.abandon(self.end);
        }
        while let Some(outgoing) = pair.poll_outgoing(self.end) {
            match outgoing {
                WireAction::Message(_) if wire.is_congested() => return true,
                WireAction::Message(message) => {
                    // Other errors are those of a wire that is closing: it ignores the message,
                    // as an end does that is gone.
                    let result = send(message, wire);
                    if let Err(SendError::Backpressure { .. } | SendError::OutOfMemory) = result {
                        return true;
                    }
                }
                WireAction::Close { code, reason } => wire.pass_close(code, reason),
                WireAction::Disconnect => wire.abort(),
            }
            pair.sent(self.end);
        }
        false
    }

    /// Whether [`drain`](Self::drain) and then [`transmit`](Connection::transmit) are worth calling:
    /// the other end sent something, or the connection has something to write.
    pub fn wants_write<M>(&self, pair: &Pair<M>, conn: &Connection) -> bool {
        pair.poll_outgoing(self.end).is_some() || conn.wants_write()
    }

    /// Whether the other end is behind: stop feeding the connection until it is not.
    pub fn is_congested<M>(&self, pair: &Pair<M>) -> bool {
        pair.is_congested(self.end)
    }

    /// The end that is coupled.
    pub fn end(&self) -> End {
        self.end
    }
}
