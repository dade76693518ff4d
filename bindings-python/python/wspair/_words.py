"""The engine's enums. The native half takes and gives their members."""

from __future__ import annotations

import enum


class _Word(enum.Enum):
    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class Role(_Word):
    """Which side of a connection."""

    CLIENT = "client"
    """Opens the connection, and masks what it sends."""
    SERVER = "server"
    """Is connected to."""


class Kind(_Word):
    """What a message carries."""

    BINARY = "binary"
    """Any bytes."""
    TEXT = "text"
    """UTF-8."""


class Bootstrap(_Word):
    """How a WebSocket is started."""

    UPGRADE = "upgrade"
    """`GET` with `Upgrade`, a key and status 101 (RFC 6455 4)."""
    EXTENDED_CONNECT = "extended connect"
    """`CONNECT` with `:protocol`, no key and a status of 2xx (RFC 8441, RFC 9220)."""


class ReadyState(enum.IntEnum):
    """How far a WebSocket has come, with the numbers of `readyState` in browsers."""

    CONNECTING = 0
    """The handshake is under way."""
    OPEN = 1
    """Messages pass."""
    CLOSING = 2
    """One side has closed, the other has not."""
    CLOSED = 3
    """Both sides have closed, or something failed."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class TransportAction(_Word):
    """What to do with the transport."""

    OPEN = "open"
    """Read and write as usual."""
    FINISH_WRITING = "finish writing"
    """Write what is queued, then end the write side; go on reading."""
    CLOSE = "close"
    """Drop it."""


Transport = TransportAction
"""Its earlier name."""


class Cause(_Word):
    """What ended a connection."""

    HANDSHAKE = "both sides closed"
    """Both Close frames passed."""
    PEER = "the peer broke a rule"
    """The peer broke the protocol or a limit: see `ProtocolError`."""
    TRANSPORT = "the transport ended"
    """The transport ended before the closing handshake was done."""
    CLOSE_TIMEOUT = "timeout: no answer to the close"
    """The peer did not answer our Close frame in time (`close_within`)."""
    PONG_TIMEOUT = "timeout: no answer to a ping"
    """The peer was silent after a keepalive ping (`pong_within`)."""
    ABORT = "aborted"
    """`abort` was called."""
    OUT_OF_MEMORY = "out of memory"
    """There was no memory for what the peer sent, or for what is owed to it."""


class Phase(_Word):
    """Who uses an end of a pair."""

    FRESH = "fresh"
    """Nobody yet."""
    ACCEPTED = "accepted"
    """The holder, since `accept`."""
    HIBERNATABLE = "hibernatable"
    """The holder, since `accept_hibernatable`."""
    SPENT = "spent"
    """Nobody any more: it was given away, failed, or both closes have been taken."""


class _Text(str):
    __slots__ = ()

    def __new__(cls, value: str) -> _Text:
        return super().__new__(cls, value)


class ProtocolError(_Text, enum.Enum):
    """The rule that a peer broke: its value in words, and the `close_code` that the peer gets."""

    RESERVED_BITS = "reserved bits set without an extension"
    """RFC 6455 5.2."""
    RESERVED_OPCODE = "reserved opcode"
    """RFC 6455 5.2."""
    FRAGMENTED_CONTROL = "fragmented control frame"
    """RFC 6455 5.5."""
    CONTROL_TOO_LONG = "control frame longer than 125 bytes"
    """RFC 6455 5.5."""
    UNMASKED = "unmasked frame from a client"
    """RFC 6455 5.1."""
    MASKED = "masked frame from a server"
    """RFC 6455 5.1."""
    NON_MINIMAL_LENGTH = "length not in its shortest form"
    """RFC 6455 5.2."""
    LENGTH_FORM = NON_MINIMAL_LENGTH
    """Its earlier name."""
    LENGTH_RANGE = "length beyond 63 bits"
    """RFC 6455 5.2."""
    UNEXPECTED_CONTINUATION = "continuation without a message"
    """RFC 6455 5.4."""
    EXPECTED_CONTINUATION = "new message inside a fragmented one"
    """RFC 6455 5.4."""
    TEXT_NOT_UTF8 = "text is not valid UTF-8"
    """RFC 6455 8.1."""
    DEFLATE = "compressed data is not DEFLATE"
    """RFC 7692 7.2.2."""
    CLOSE_BODY = "close frame with a body of one byte"
    """RFC 6455 5.5.1."""
    CLOSE_CODE = "close code that may not be sent"
    """RFC 6455 7.4."""
    CLOSE_REASON_NOT_UTF8 = "close reason is not valid UTF-8"
    """RFC 6455 5.5.1."""
    FRAME_TOO_LONG = "frame over the size limit"
    """`max_frame`."""
    MESSAGE_TOO_LONG = "message over the size limit"
    """`max_message`."""
    TOO_MANY_FRAGMENTS = "message in too many fragments"
    """`max_fragments`."""

    @property
    def close_code(self) -> int:
        """The code of the Close frame that tells the peer (RFC 6455 7.4.1)."""
        return _CLOSE_CODES.get(self, 1002)

    __hash__ = _Text.__hash__

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


_CLOSE_CODES = {
    ProtocolError.TEXT_NOT_UTF8: 1007,
    ProtocolError.DEFLATE: 1007,
    ProtocolError.CLOSE_REASON_NOT_UTF8: 1007,
    ProtocolError.TOO_MANY_FRAGMENTS: 1008,
    ProtocolError.FRAME_TOO_LONG: 1009,
    ProtocolError.MESSAGE_TOO_LONG: 1009,
}
"""Any other is 1002."""
