//! One side of an open WebSocket.

mod assembly;
mod batch;
mod common;
mod decay;
mod deflate;
mod fault;
mod framing;
mod inbound;
mod keepalive;
mod lifecycle;
mod mask_keys;
mod outbound;
mod outgoing;
mod prepared;
mod queue;
mod read_buffer;
mod receive;
mod sender;
mod sending;
mod transmit;
#[cfg(feature = "std")]
mod write_through;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

pub use self::lifecycle::TransportAction;
pub use self::mask_keys::MaskKeys;
pub use self::outgoing::{Outgoing, OutgoingBinary, OutgoingText};
pub use self::prepared::Prepared;
pub use self::receive::Receive;
pub use self::sender::{Compression, Sender};
pub use self::transmit::Transmit;

use self::deflate::{Compress, Inflate};
use self::fault::Fault;
use self::inbound::{Inbound, Input};
use self::keepalive::{Due, Keepalive};
use self::outbound::Outbound;
use self::queue::Queue;
use self::read_buffer::ReadBuffer;
use crate::close::{CloseCode, CloseFrame};
use crate::config::Config;
use crate::deflate::{CompressorParams, DeflateConfig};
use crate::error::ProtocolError;
use crate::event::{ClosedCause, Timer};
use crate::frame::Role;
use crate::handshake::Negotiated;
use crate::ready_state::ReadyState;
use crate::time::{Instant, sooner};

/// One side of an open WebSocket, over any ordered byte transport.
///
/// Bytes go in through [`receive`](Self::receive), bytes come out of
/// [`transmit`](Self::transmit), time goes in through [`handle_timeout`](Self::handle_timeout).
/// The calls may be made in any order and any number of times: nothing has to be drained before
/// anything else.
///
/// - `receive*` and `handle_timeout` take something in and give the events that follow from it;
/// - `send_*` and `close` queue frames;
/// - `transmit` shows what is to be written, [`transport`](Self::transport) what to do with the
///   transport, [`poll_timeout`](Self::poll_timeout) when to tell the time.
///
/// A peer can never make a method here return `Err`. What the peer does wrong is reported by
/// [`Event::Closed`](crate::Event::Closed); `Err` always means that the caller asked for something
/// impossible, and leaves everything as it was.
///
/// ```
/// use wspair::{Config, Connection, Event, Negotiated};
///
/// let mut server = Connection::server(Config::default(), Negotiated::default());
/// let mut input = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // "Hello", masked
/// let mut received = server.receive(&mut input);
/// while let Some((event, mut sender)) = received.next_and_sender() {
///     if let Event::Text(text) = event {
///         sender.send_text(&text)?;
///     }
/// }
/// let mut output = Vec::new();
/// server.transmit().drain_into(&mut output);
/// assert_eq!(output, b"\x81\x05Hello");
/// # Ok::<(), wspair::SendError>(())
/// ```
pub struct Connection {
    inbound: Inbound,
    outbound: Outbound,
    read: ReadBuffer,
    config: Arc<Config>,
    role: Role,
    /// Something was received since the last told time.
    heard: bool,
    /// The host does not read.
    input_held: bool,
    /// The transport ended behind what was fed.
    eof: bool,
    /// The last told time.
    now: Instant,
    /// Present where silence is watched.
    keepalive: Option<Box<Keepalive>>,
    /// Present where anything was agreed on.
    agreed: Option<Box<Negotiated>>,
}

impl Connection {
    /// The server's side, with what the handshake agreed on. Connections may share an
    /// `Arc<Config>`; a `Config` becomes one.
    pub fn server(config: impl Into<Arc<Config>>, agreed: Negotiated) -> Self {
        Self::new(Role::Server, config.into(), agreed, None)
    }

    /// The client's side, with what the handshake agreed on and a source of masking keys.
    pub fn client(config: impl Into<Arc<Config>>, agreed: Negotiated, masks: MaskKeys) -> Self {
        Self::new(Role::Client, config.into(), agreed, Some(masks))
    }

    fn new(role: Role, config: Arc<Config>, agreed: Negotiated, masks: Option<MaskKeys>) -> Self {
        let (inflate, compress) = codecs(role, &config, &agreed);
        Self {
            inbound: Inbound::new(&config, inflate),
            outbound: Outbound::new(Queue::new(masks), &config, compress),
            read: ReadBuffer::default(),
            role,
            heard: false,
            input_held: false,
            eof: false,
            now: Instant::default(),
            keepalive: config.ping_after.map(|after| Box::new(Keepalive::new(after))),
            agreed: (agreed != NOTHING).then(|| Box::new(agreed)),
            config,
        }
    }

    /// Feeds received bytes, to be read as events.
    ///
    /// Payloads are unmasked where they lie: a message that is whole in `input` is lent without a
    /// copy or an allocation. Dropping the result early is back-pressure: what
    /// [`Receive::consumed`] does not cover is untouched and must be fed again.
    pub fn receive<'a>(&'a mut self, input: &'a mut [u8]) -> Receive<'a> {
        self.start(Input::Mutable(input))
    }

    /// Like [`receive`](Self::receive) for bytes that must not change: payloads are copied, block
    /// by block as they are unmasked, into the connection's own memory.
    pub fn receive_ref<'a>(&'a mut self, input: &'a [u8]) -> Receive<'a> {
        self.start(Input::Fixed(input))
    }

    /// Lends `len` bytes of the connection's own read buffer, zeroed or used before, but 16 MiB at
    /// most: for transports that read into memory they are given.
    ///
    /// A message that is one frame stays where it was read, however many reads it takes, and is lent
    /// from there. What a long one needed is kept for the next, and given back in time.
    ///
    /// Where there is no memory for so much the connection ends, and less is lent, which may be nothing.
    pub fn read_buf(&mut self, len: usize) -> &mut [u8] {
        if self.read.make_space(len, || self.inbound.announced()).is_err() {
            self.outbound.fail(Fault::OutOfMemory);
            self.inbound.stop();
            self.read.discard();
        }
        self.read.space(len)
    }

    /// How many bytes of the frame that is being read are still to come; 0 between frames, and once the
    /// connection has ended.
    ///
    /// Says how much to ask [`read_buf`](Self::read_buf) for: with all that is wanted and no more a
    /// long frame ends where its last read ends, and nothing that follows it has to be moved. It is
    /// what the peer announced: to be bounded by what one read shall take.
    ///
    /// ```
    /// # fn ask(conn: &mut wspair::Connection) -> usize {
    /// // Somewhat above 16 KiB, as a message of that length then fits with its header.
    /// const USUAL: usize = 17 << 10;
    /// // What the nearest cache holds, as the payload is touched at once.
    /// const MOST: usize = 32 << 10;
    /// match conn.wanted() {
    ///     0..2048 => USUAL,
    ///     wanted => wanted.min(MOST),
    /// }
    /// # }
    /// ```
    pub fn wanted(&self) -> usize {
        if self.outbound.lifecycle.has_ended() { 0 } else { self.inbound.announced() }
    }

    /// Feeds the first `n` bytes written to what [`read_buf`](Self::read_buf) lent; more than it
    /// lent counts as all of it. What the result does not consume is kept, and comes first the
    /// next time.
    pub fn receive_buf(&mut self, n: usize) -> Receive<'_> {
        self.read.fill(n);
        self.start(Input::Own)
    }

    /// Feeds bytes that are somewhere else, by way of the own read buffer: those that came behind the
    /// handshake's last, for hosts that read with [`read_buf`](Self::read_buf) from then on. What the
    /// result does not consume is kept, and comes first the next time.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Receive<'_> {
        while !bytes.is_empty() {
            let space = self.read_buf(bytes.len());
            let len = space.len();
            let (now, later) = bytes.split_at(len.min(bytes.len()));
            space[..now.len()].copy_from_slice(now);
            self.read.fill(now.len());
            bytes = later;
            if len == 0 || self.outbound.lifecycle.has_ended() {
                break;
            }
        }
        self.start(Input::Own)
    }

    /// Lends what [`read_buf`](Self::read_buf) and [`transmit`](Self::transmit) do, at once: for
    /// transports that read and write in one call.
    pub fn read_buf_and_transmit(&mut self, len: usize) -> (&mut [u8], Transmit<'_>) {
        self.read_buf(len);
        self.outbound.look();
        (self.read.space(len), Transmit(&mut self.outbound.queue))
    }

    /// How many bytes of the own read buffer were fed and not consumed. They come first in the next
    /// [`receive_buf`](Self::receive_buf), which may be one of zero bytes.
    pub fn unread(&self) -> usize {
        self.read.unread().len()
    }

    /// The peer ended its direction of the transport: its last byte has been fed, and nothing is
    /// to be read any more. What is [`unread`](Self::unread) comes first.
    ///
    /// Behind the peer's Close frame this ends nothing (RFC 6455 5.5.1): sending goes on until our
    /// own Close is queued, which ends the connection cleanly, or
    /// [`close_within`](Config::close_within) is over. Without one,
    /// [`Closed`](crate::Event::Closed) with 1006 follows. What is sent before that event is read
    /// still goes out, so a host that passes messages on later than it reads them calls this once
    /// they were passed on.
    pub fn receive_eof(&mut self) -> Receive<'_> {
        self.eof = true;
        self.end_of_input();
        self.start(Input::Own)
    }

    /// The transport is gone in both directions: it was reset, or a write failed. As
    /// [`receive_eof`](Self::receive_eof), but nothing can be sent any more, not even an answer to
    /// the peer's Close frame: the end follows at once, with the code of that frame if it came.
    pub fn transport_lost(&mut self) -> Receive<'_> {
        self.outbound.lifecycle.transport_lost();
        self.receive_eof()
    }

    /// Tells the time, acts on what is due, and gives the events that follow. Early, late and
    /// repeated calls are harmless. The time since any moment will do, always the same one:
    /// `start.elapsed()` of a [`std::time::Instant`](https://doc.rust-lang.org/std/time/struct.Instant.html).
    ///
    /// What the transport holds is to be fed before, and what it takes to be written: a pong that
    /// nobody read, and room that nobody used, are silence.
    pub fn handle_timeout(&mut self, now: impl Into<Instant>) -> Receive<'_> {
        self.tick(now.into());
        self.start(Input::Mutable(&mut []))
    }

    fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        self.read.tick();
        self.inbound.tick();
        let progress = self.outbound.progress();
        if self.watches_silence()
            && let Some(mut keepalive) = self.keepalive.take()
        {
            let heard = core::mem::take(&mut self.heard);
            match keepalive.tick(&self.config, now, progress, heard) {
                Due::Nothing => {}
                Due::Ping => {
                    let sent = self.send_ping(&[]);
                    let place = progress.queued..self.outbound.progress().queued;
                    keepalive.pinged(&self.config, now, sent.is_ok().then_some(place));
                }
                Due::GiveUp => {
                    let (code, reason) = (Some(CloseCode::INTERNAL), Timer::Pong.missed());
                    self.outbound.close_or_drop(CloseFrame { code, reason });
                    self.outbound.lifecycle.timed_out(Timer::Pong);
                }
            }
            self.keepalive = Some(keepalive);
        }
        self.outbound.lifecycle.tick(now);
        self.outbound.queue.tick();
    }

    /// Tells how many of the bytes that were taken out wait in buffers of the transport still; 0
    /// until it is told.
    ///
    /// For hosts that hand bytes over before they are written, as to asyncio's transports or Node's
    /// streams, and use keepalive: what leaves those buffers is life of a peer that reads slowly, and
    /// a ping in them has not left. What a socket has not sent belongs to it, where the system tells
    /// (`SIOCOUTQ`): else a message that fits into it whole leaves nothing to see. To be told before
    /// the time.
    pub fn transport_holds(&mut self, bytes: usize) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.transport_holds(bytes as u64);
        }
    }

    /// Tells that the host stops reading from the transport, or reads again; it reads until it is
    /// told. While it does not, the peer's silence is the host's own doing, and keepalive waits.
    pub fn hold_input(&mut self, held: bool) {
        self.heard |= core::mem::replace(&mut self.input_held, held);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next worth calling; `None` for never,
    /// until another method was called.
    ///
    /// A deadline that is armed but does not know the time yet counts as due at the last told
    /// time, zero if none was told.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let Self { role, config, outbound, keepalive, now, heard, .. } = self;
        let closing = outbound.lifecycle.poll_timeout(*now, !outbound.is_idle(), *role);
        let keepalive = keepalive.as_ref().filter(|_| self.watches_silence());
        let silence = keepalive.and_then(|keepalive| {
            keepalive.poll_timeout(config, *now, outbound.progress(), *heard)
        });
        sooner(closing, silence)
    }

    /// Whether a ping of keepalive ([`ping_after`](Config::ping_after)) has no answer yet. Its
    /// payload is empty.
    pub fn awaits_pong(&self) -> bool {
        self.keepalive.as_ref().is_some_and(|keepalive| keepalive.awaits_pong())
    }

    /// What waits to be written, oldest first.
    pub fn transmit(&mut self) -> Transmit<'_> {
        self.outbound.look();
        Transmit(&mut self.outbound.queue)
    }

    /// What to do with the transport now: derived from the state, the same however often asked.
    pub fn transport(&self) -> TransportAction {
        self.outbound.lifecycle.transport(self.role, !self.outbound.is_idle())
    }

    /// The state as the WebSocket API numbers it; never connecting.
    pub fn ready_state(&self) -> ReadyState {
        self.outbound.lifecycle.ready_state()
    }

    /// How long a message had got when it broke [`max_message`](crate::Limits::max_message): by
    /// what its headers announced, or, where it was compressed, at least one byte more than that.
    pub fn too_long(&self) -> Option<u64> {
        let broke = Some(ClosedCause::Peer(ProtocolError::MessageTooLong));
        let over = (self.config.limits.max_message as u64).saturating_add(1);
        let length = self.inbound.too_long().unwrap_or(over);
        (self.outbound.lifecycle.cause() == broke).then_some(length)
    }

    /// Which side this is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the handshake agreed on.
    pub fn agreed(&self) -> &Negotiated {
        self.agreed.as_deref().unwrap_or(&NOTHING)
    }

    /// The sending half.
    #[inline]
    pub fn sender(&mut self) -> Sender<'_> {
        let Self { config, role, outbound, .. } = self;
        Sender { config, role: *role, outbound, compression: Compression::Auto }
    }

    /// Gives back memory that is kept for the next message, read or burst. What holds data stays.
    /// A compressor's context is given up, which costs the next messages some of their ratio.
    pub fn shrink_to_fit(&mut self) {
        self.inbound.shrink_to_fit();
        self.outbound.queue.shrink_to_fit();
        if let (None, Some(compress)) = (self.outbound.fragment(), &mut self.outbound.compress) {
            compress.shrink_to_fit();
        }
        self.read.shrink_to_fit();
    }

    /// Whether the peer's silence means anything: behind its Close frame it has nothing to say.
    fn watches_silence(&self) -> bool {
        self.outbound.lifecycle.listens() && !self.input_held
    }

    /// All that was fed is read.
    fn end_of_input(&mut self) {
        if self.eof && self.unread() == 0 {
            self.outbound.lifecycle.transport_ended();
            self.inbound.stop();
        }
    }

    fn start<'a>(&'a mut self, input: Input<'a>) -> Receive<'a> {
        self.outbound.defers = false;
        Receive::new(self, input)
    }
}

impl fmt::Debug for Connection {
    /// Tells the state, and nothing of what was sent or received.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role)
            .field("ready_state", &self.ready_state())
            .field("buffered_amount", &self.buffered_amount())
            .finish_non_exhaustive()
    }
}

/// Neither a subprotocol nor compression.
static NOTHING: Negotiated = Negotiated { subprotocol: None, deflate: None };

/// The two halves of compression, where it was agreed on (RFC 7692 7.1).
fn codecs(
    role: Role,
    config: &Config,
    agreed: &Negotiated,
) -> (Option<Box<Inflate>>, Option<Box<Compress>>) {
    let Some(params) = agreed.deflate else {
        return (None, None);
    };
    let Some(codec) = config.deflate.codec() else {
        return (None, None);
    };
    let peer = role.peer();
    let takeover = |sender| !params.no_context_takeover(sender);
    let inflate = Inflate::new(codec.clone(), params.window_bits(peer), takeover(peer));
    let DeflateConfig { level, mem_level, .. } = config.deflate;
    let window_bits = params.window_bits(role);
    let compress = params.can_compress(role).then(|| {
        let params = CompressorParams { window_bits, level, mem_level };
        Box::new(Compress::new(codec, params, takeover(role)))
    });
    (Some(Box::new(inflate)), compress)
}
