"""A WebSocket engine that does no I/O, and `WebSocketPair` on the same engine.

- `Connection`: one side of an open WebSocket. Bytes and time in, events and bytes out.
- `ServerHandshake`, `ClientHandshake`, `Request`, `ClientRequest`: the opening handshake, from
  HTTP/1.1 bytes or from the header fields of any HTTP stack.
- `WebSocketPair`: two connected ends in memory.
- `wspair.asyncio`: `serve` and `connect`. `wspair.uvicorn`: for `uvicorn --ws`.
"""

from typing import Union

from wspair._native import (
    Acceptance,
    Binary,
    Chunk,
    ClientHandshake,
    ClientRequest,
    Close,
    Closed,
    CloseEvent,
    Connection,
    DeflateOptions,
    ErrorEvent,
    Failed,
    MessageEvent,
    Negotiated,
    Opened,
    Ping,
    Policy,
    Pong,
    Prepared,
    Refusal,
    Refused,
    Request,
    ServerHandshake,
    Text,
    accept_key,
)
from wspair._pair import Coupling, WebSocket, WebSocketPair
from wspair._words import (
    Bootstrap,
    Cause,
    Kind,
    Phase,
    ProtocolError,
    ReadyState,
    Role,
    Transport,
    TransportAction,
)
from wspair.exceptions import (
    BackpressureError,
    ClosingError,
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidArgumentError,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    LocalProtocolError,
    PayloadTooBig,
    ProxyError,
    SecurityError,
    WebSocketException,
)

PeerClosing = Close
"""The peer's Close frame, as an event."""

Event = Union[Text, Binary, Chunk, Ping, Pong, PeerClosing, Closed]
"""What happens on a connection."""

PairEvent = Union[MessageEvent, CloseEvent, ErrorEvent]
"""What happens at an end of a pair."""

__all__ = [
    "Acceptance",
    "BackpressureError",
    "Binary",
    "Bootstrap",
    "Cause",
    "Chunk",
    "ClientHandshake",
    "ClientRequest",
    "Close",
    "CloseEvent",
    "Closed",
    "ClosingError",
    "ConcurrencyError",
    "Connection",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "Coupling",
    "DeflateOptions",
    "ErrorEvent",
    "Event",
    "Failed",
    "InvalidArgumentError",
    "InvalidHandshake",
    "InvalidMessage",
    "InvalidProxy",
    "InvalidStatus",
    "InvalidURI",
    "Kind",
    "LocalProtocolError",
    "MessageEvent",
    "Negotiated",
    "Opened",
    "PairEvent",
    "PayloadTooBig",
    "PeerClosing",
    "Phase",
    "Ping",
    "Policy",
    "Pong",
    "Prepared",
    "ProtocolError",
    "ProxyError",
    "ReadyState",
    "Refusal",
    "Refused",
    "Request",
    "Role",
    "SecurityError",
    "ServerHandshake",
    "Text",
    "Transport",
    "TransportAction",
    "WebSocket",
    "WebSocketException",
    "WebSocketPair",
    "accept_key",
]
