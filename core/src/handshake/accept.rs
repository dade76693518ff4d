//! The key and what proves that it was read (RFC 6455 1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::fields;

/// The value of `Sec-WebSocket-Accept` that answers the value `key` of `Sec-WebSocket-Key`.
///
/// The key is taken as it is: white space around it must be off already.
///
/// ```
/// let accept = wspair::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(&accept, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_key(key: &[u8]) -> [u8; 28] {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    encode(&digest)
}

/// The value of `Sec-WebSocket-Key` for 16 random bytes.
pub(super) fn key(nonce: [u8; 16]) -> [u8; 24] {
    encode(&nonce)
}

/// Whether `key` is the base64 form of 16 bytes.
///
/// The four unused bits of its last letter may be set, as they are in the key of the RFC's own
/// example of decoding (RFC 6455 4.1).
pub(super) fn is_key(key: &[u8]) -> bool {
    matches!(key, [letters @ .., b'=', b'='] if letters.len() == 22
        && letters.iter().copied().all(fields::is_base64_byte))
}

fn encode<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [0; N];
    // The lengths are fixed: 20 bytes make 28 letters, 16 make 24.
    let written = STANDARD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written.ok(), Some(N));
    text
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A nonce for [`ClientHandshake::new`](super::ClientHandshake::new) of the operating system's.
/// Fails where it has no random bytes.
#[cfg(feature = "std")]
pub fn nonce_from_os() -> Result<[u8; 16], getrandom::Error> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    Ok(nonce)
}
