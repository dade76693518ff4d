//! What a connection is set to: delivery, automatic answers, timers, limits.

use core::time::Duration;

#[cfg(feature = "alloc")]
use crate::deflate::DeflateConfig;

/// How received messages reach the application.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Delivery {
    /// One event a message, when it is complete.
    #[default]
    Messages,
    /// One event a run of payload bytes, as they arrive. Nothing is assembled.
    Chunks,
}

/// What a peer, and the application, may make a connection hold.
///
/// Every limit is on by default. Zero is a limit of zero; [`UNLIMITED`](Self::UNLIMITED) is none.
/// The Close frame of a breach names the limit in its reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest message accepted, in bytes, all fragments together. Default 1 MiB. Breach: 1009.
    pub max_message: usize,
    /// Longest frame accepted, in bytes. Default [`UNLIMITED`](Self::UNLIMITED), which leaves the
    /// message's limit. Breach: 1009.
    pub max_frame: usize,
    /// Most frames that one message may come in. Default 16384. Breach: 1008.
    pub max_fragments: u32,
    /// Most bytes that wait to be transmitted before a `send_*` is refused. Default 16 MiB. An
    /// empty queue takes one message of any length.
    pub max_outgoing: usize,
    /// From this many waiting bytes on, `is_congested` is true. Default 1 MiB; 0 counts as 1.
    pub high_water_mark: usize,
}

crate::setters::setters! {
    Limits {
        with_max_message: max_message = usize,
        with_max_frame: max_frame = usize,
        with_max_fragments: max_fragments = u32,
        with_max_outgoing: max_outgoing = usize,
        with_high_water_mark: high_water_mark = usize,
    }
}

impl Limits {
    /// No limit.
    pub const UNLIMITED: usize = usize::MAX;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 1 << 20,
            max_frame: Self::UNLIMITED,
            max_fragments: 16_384,
            max_outgoing: 16 << 20,
            high_water_mark: 1 << 20,
        }
    }
}

/// What a connection is set to.
///
/// ```
/// let mut config = wspair::Config::default();
/// config.limits.max_message = 64 << 10;
/// config.ping_after = Some(core::time::Duration::from_secs(20));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What may be held.
    pub limits: Limits,
    /// By message or by chunk. Default by message.
    pub delivery: Delivery,
    /// Answer pings. Default on: the newest 16 pings that wait for an answer get one.
    pub auto_pong: bool,
    /// Answer the peer's close at once. Default on; off leaves the connection half-open until
    /// `close` is called, as proxies need it.
    pub auto_close: bool,
    /// End the output when the peer's ended without a Close frame and that was told. Default on;
    /// off leaves it open until `close` or `abort` is called, at the latest for `close_within`, as
    /// couplings need it.
    pub auto_end: bool,
    /// Ping after this much silence of the peer. Default off.
    pub ping_after: Option<Duration>,
    /// Give up this long after a ping left the queue when nothing was heard since, and none of the
    /// output that waited has moved. Default 20 s; matters only with `ping_after`.
    ///
    /// A ping may lie behind what the transport's own buffers hold, so this should be as long as a
    /// slow peer takes for them. Where a socket has it, `TCP_NOTSENT_LOWAT` keeps them small.
    pub pong_within: Option<Duration>,
    /// Drop the transport this long after our Close frame, the end of the peer's direction or the
    /// failure of the connection. Default 10 s.
    pub close_within: Option<Duration>,
    /// Longer messages go out in fragments of this many bytes, so that control frames can pass.
    /// Default off.
    pub split_above: Option<usize>,
    /// Shared payloads (`Bytes`) of at least this many bytes are queued by reference, not copied.
    /// Default 4 KiB. A client always copies, because it masks.
    pub share_from: usize,
    /// How messages are compressed, where the handshake agreed on it.
    #[cfg(feature = "alloc")]
    pub deflate: DeflateConfig,
}

crate::setters::setters! {
    Config {
        with_limits: limits = Limits,
        with_delivery: delivery = Delivery,
        with_auto_pong: auto_pong = bool,
        with_auto_close: auto_close = bool,
        with_auto_end: auto_end = bool,
        with_ping_after: ping_after = impl Into<Option<Duration>>,
        with_pong_within: pong_within = impl Into<Option<Duration>>,
        with_close_within: close_within = impl Into<Option<Duration>>,
        with_split_above: split_above = impl Into<Option<usize>>,
        with_share_from: share_from = usize,
    }
}

#[cfg(feature = "alloc")]
crate::setters::setters! {
    Config {
        with_deflate: deflate = DeflateConfig,
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            delivery: Delivery::default(),
            auto_pong: true,
            auto_close: true,
            auto_end: true,
            ping_after: None,
            pong_within: Some(Duration::from_secs(20)),
            close_within: Some(Duration::from_secs(10)),
            split_above: None,
            share_from: 4 << 10,
            #[cfg(feature = "alloc")]
            deflate: DeflateConfig::default(),
        }
    }
}
