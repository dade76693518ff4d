//! The four states of a WebSocket as an application sees them.

/// How far a WebSocket has come, with the numbers of `readyState` in browsers.
///
/// ```
/// assert_eq!(wspair::ReadyState::Closing as u8, 2);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum ReadyState {
    /// The handshake is under way.
    Connecting = 0,
    /// Messages pass.
    Open = 1,
    /// One side has closed, the other has not.
    Closing = 2,
    /// Both sides have closed, or something failed.
    Closed = 3,
}
