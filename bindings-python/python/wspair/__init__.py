"""A WebSocket engine that does no I/O, and `WebSocketPair` on the same engine.

- `Connection`: one side of an open WebSocket. Bytes and time in, events and bytes out.
- `ServerHandshake`, `ClientHandshake`, `Request`, `ClientRequest`: the opening handshake, from
  HTTP/1.1 bytes or from the header fields of any HTTP stack.
- `WebSocketPair`: two connected ends in memory.
- `wspair.asyncio`: `serve` and `connect`. `wspair.uvicorn`: for `uvicorn --ws`.
"""

from typing import Union

from wspair._errors import (
    BackpressureError,
    ClosingError,
    InvalidArgumentError,
    LocalProtocolError,
)
from wspair._native import (
    Acceptance,
    Binary,
    Bootstrap,
    Cause,
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
    Kind,
    MessageEvent,
    Negotiated,
    Opened,
    Phase,
    Ping,
    Policy,
    Pong,
    Prepared,
    ReadyState,
    Refusal,
    Refused,
    Request,
    Role,
    ServerHandshake,
    Text,
    Transport,
    accept_key,
)
from wspair._pair import Coupling, WebSocket, WebSocketPair

Event = Union[Text, Binary, Chunk, Ping, Pong, Close, Closed]
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
    "Connection",
    "Coupling",
    "DeflateOptions",
    "ErrorEvent",
    "Event",
    "Failed",
    "InvalidArgumentError",
    "Kind",
    "LocalProtocolError",
    "MessageEvent",
    "Negotiated",
    "Opened",
    "PairEvent",
    "Phase",
    "Ping",
    "Policy",
    "Pong",
    "Prepared",
    "ReadyState",
    "Refusal",
    "Refused",
    "Request",
    "Role",
    "ServerHandshake",
    "Text",
    "Transport",
    "WebSocket",
    "WebSocketPair",
    "accept_key",
]
