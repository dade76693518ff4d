//! Where in its life a WebSocket is.

/// The four states of the WebSocket API, with its numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum ReadyState {
    /// The opening handshake is under way.
    Connecting = 0,
    /// Messages can pass.
    Open = 1,
    /// A Close frame passed in one direction.
    Closing = 2,
    /// The end.
    Closed = 3,
}
