//! What RFC 6455 says of received bytes, written down as plainly as can be: the whole stream is at
//! hand, one frame is read after the other, and everything is copied.
//!
//! Without compression.

use wspair::{ClosedCause, Delivery, Kind, ProtocolError, Role};

use crate::settings::Settings;
use crate::{Ended, Seen, keep};

/// A frame, unmasked: its first byte and its payload.
pub type Frame = (u8, Vec<u8>);

/// What a connection makes of a peer's whole stream: events, and the frames of its answer. At the
/// end of the stream the host closes without a code.
pub fn read(settings: &Settings, stream: &[u8]) -> (Vec<Seen>, Vec<Frame>) {
    let mut reader =
        Reader { settings, seen: Vec::new(), pongs: Vec::new(), begun: None, over: String::new() };
    let config = &settings.config;
    let mut answer: Vec<Frame> = Vec::new();
    let (closed, close) = match reader.frames(stream) {
        Ok(None) => {
            let lingers = !config.auto_end;
            (unclean(ClosedCause::Transport), lingers.then(Vec::new))
        }
        Ok(Some((code, reason))) => {
            let closed = Ended {
                code: code.unwrap_or(1005),
                reason,
                clean: true,
                cause: ClosedCause::Handshake,
            };
            // Left to the host, the answer is what the host says.
            let code = code.filter(|_| config.auto_close);
            (closed, Some(code.map_or(Vec::new(), |code| code.to_be_bytes().into())))
        }
        Err(error) => {
            // A peer that passed a limit is told which, as it cannot know.
            let body = [&error.close_code().get().to_be_bytes(), reader.over.as_bytes()].concat();
            (unclean(ClosedCause::Peer(error)), Some(body))
        }
    };
    // RFC 6455 5.5.3: an endpoint may answer the most recent pings only.
    let newest = reader.pongs.len().saturating_sub(16);
    answer.extend(reader.pongs.drain(newest..).map(|payload| (0x8A, payload)));
    answer.extend(close.map(|body| (0x88, body)));
    let mut seen = reader.seen;
    seen.push(Seen::Closed(closed));
    (seen, answer)
}

fn over(what: &str, size: u128, limit: usize) -> String {
    format!("{what} of {size} bytes is over the limit of {limit}")
}

fn unclean(cause: ClosedCause) -> Ended {
    Ended { code: 1006, reason: String::new(), clean: false, cause }
}

/// The frames in what a well-behaved endpoint sent.
pub fn frames(mut stream: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *stream {
        let masked = second & 0x80 != 0;
        let role = if masked { Role::Server } else { Role::Client };
        let (head, rest) = header(stream, role).expect("no broken rule").expect("a whole header");
        let (payload, rest) = rest.split_at(usize::try_from(head.len).expect("a length"));
        frames.push((first, unmasked(payload, head.key)));
        stream = rest;
    }
    assert!(stream.is_empty(), "half a header");
    frames
}

struct Reader<'a> {
    settings: &'a Settings,
    seen: Vec<Seen>,
    pongs: Vec<Vec<u8>>,
    /// The message that is being read.
    begun: Option<Message>,
    /// Which limit was passed, and how far.
    over: String,
}

struct Message {
    kind: Kind,
    data: Vec<u8>,
    frames: u32,
    /// A chunk of it was delivered.
    shown: bool,
}

struct Head {
    fin: bool,
    opcode: u8,
    len: u64,
    key: Option<[u8; 4]>,
}

type PeerClose = (Option<u16>, String);

impl Reader<'_> {
    /// Reads up to a Close frame or the end.
    fn frames(&mut self, mut stream: &[u8]) -> Result<Option<PeerClose>, ProtocolError> {
        while let Some((head, rest)) = header(stream, self.settings.role)? {
            if head.opcode < 8 {
                self.begin(&head)?;
            }
            let whole = rest.len() as u64 >= head.len;
            let here = usize::try_from(head.len).map_or(rest.len(), |len| len.min(rest.len()));
            let payload = unmasked(&rest[..here], head.key);
            if head.opcode < 8 {
                self.data(&payload, whole && head.fin)?;
            } else if whole {
                match head.opcode {
                    0x8 => {
                        let (code, reason) = close(&payload)?;
                        self.seen.push(Seen::Close(code, reason.clone()));
                        return Ok(Some((code, reason)));
                    }
                    0x9 => {
                        if self.settings.config.auto_pong {
                            self.pongs.push(payload.clone());
                        }
                        self.seen.push(Seen::Ping(payload));
                    }
                    _ => self.seen.push(Seen::Pong(payload)),
                }
            }
            if !whole {
                break;
            }
            stream = &rest[here..];
        }
        Ok(None)
    }

    /// RFC 6455 5.4, and the limits.
    fn begin(&mut self, head: &Head) -> Result<(), ProtocolError> {
        match (head.opcode, &self.begun) {
            (0, None) => return Err(ProtocolError::UnexpectedContinuation),
            (0, Some(_)) => {}
            (_, Some(_)) => return Err(ProtocolError::ExpectedContinuation),
            (opcode, None) => {
                let kind = if opcode == 1 { Kind::Text } else { Kind::Binary };
                let new = Message { kind, data: Vec::new(), frames: 0, shown: false };
                self.begun = Some(new);
            }
        }
        let limits = &self.settings.config.limits;
        let message = self.begun.as_mut().expect("begun above");
        message.frames += 1;
        if message.frames > limits.max_fragments {
            self.over = format!("message is over the limit of {} fragments", limits.max_fragments);
            return Err(ProtocolError::TooManyFragments);
        }
        if head.len > limits.max_frame as u64 {
            self.over = over("frame", head.len.into(), limits.max_frame);
            return Err(ProtocolError::FrameTooLong);
        }
        let total = u128::from(head.len) + message.data.len() as u128;
        if total > limits.max_message as u128 {
            self.over = over("message", total, limits.max_message);
            return Err(ProtocolError::MessageTooLong);
        }
        Ok(())
    }

    fn data(&mut self, payload: &[u8], ends: bool) -> Result<(), ProtocolError> {
        let mut message = self.begun.take().expect("it was begun");
        message.data.extend(payload);
        // RFC 6455 8.1: what no further byte can mend is wrong at once.
        if message.kind == Kind::Text
            && let Err(error) = std::str::from_utf8(&message.data)
            && (ends || error.error_len().is_some())
        {
            return Err(ProtocolError::TextNotUtf8);
        }
        if self.settings.config.delivery == Delivery::Messages {
            if ends {
                self.seen.push(Seen::Message(message.kind, message.data));
                return Ok(());
            }
        } else if ends || !payload.is_empty() {
            let chunk = Seen::Chunk {
                kind: message.kind,
                data: payload.to_vec(),
                first: !message.shown,
                last: ends,
            };
            keep(&mut self.seen, chunk);
            message.shown = true;
        }
        if !ends {
            self.begun = Some(message);
        }
        Ok(())
    }
}

/// RFC 6455 5.2: a header, and what comes behind it. Nothing when it is not whole.
fn header(bytes: &[u8], role: Role) -> Result<Option<(Head, &[u8])>, ProtocolError> {
    let [first, rest @ ..] = bytes else { return Ok(None) };
    let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
    if first & 0x70 != 0 {
        return Err(ProtocolError::ReservedBits);
    }
    if matches!(opcode, 3..=7 | 11..=15) {
        return Err(ProtocolError::ReservedOpcode);
    }
    if opcode >= 8 && !fin {
        return Err(ProtocolError::FragmentedControl);
    }
    let [second, rest @ ..] = rest else { return Ok(None) };
    let (masked, short) = (second & 0x80 != 0, second & 0x7F);
    if opcode >= 8 && short > 125 {
        return Err(ProtocolError::ControlTooLong);
    }
    match (role, masked) {
        (Role::Server, false) => return Err(ProtocolError::Unmasked),
        (Role::Client, true) => return Err(ProtocolError::Masked),
        _ => {}
    }
    let more = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some((long, rest)) = rest.split_at_checked(more) else { return Ok(None) };
    let long = long.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
    let len = if more == 0 { u64::from(short) } else { long };
    if more == 2 && len < 126 || more == 8 && len < 1 << 16 {
        return Err(ProtocolError::NonMinimalLength);
    }
    if len >= 1 << 63 {
        return Err(ProtocolError::LengthRange);
    }
    let Some((key, rest)) = rest.split_at_checked(if masked { 4 } else { 0 }) else {
        return Ok(None);
    };
    Ok(Some((Head { fin, opcode, len, key: key.try_into().ok() }, rest)))
}

/// RFC 6455 5.3.
fn unmasked(payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let key = key.unwrap_or_default();
    payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect()
}

/// RFC 6455 5.5.1 and 7.4.
fn close(body: &[u8]) -> Result<PeerClose, ProtocolError> {
    match body {
        [] => Ok((None, String::new())),
        [_] => Err(ProtocolError::CloseBody),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(ProtocolError::CloseCode);
            }
            let reason = String::from_utf8(reason.to_vec())
                .map_err(|_| ProtocolError::CloseReasonNotUtf8)?;
            Ok((Some(code), reason))
        }
    }
}
