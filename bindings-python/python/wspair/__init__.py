"""A WebSocket engine that does no I/O, and `WebSocketPair` on the same engine.

- `Connection`: one side of an open WebSocket. Bytes and time in, events and bytes out.
- `ServerHandshake`, `ClientHandshake`, `Request`, `ClientRequest`: the opening handshake, from
  HTTP/1.1 bytes or from the header fields of any HTTP stack.
- `WebSocketPair`: two connected ends in memory.
- `wspair.asyncio`: `serve` and `connect`, which are here too. `wspair.sync`: the same for threads.
  `wspair.uvicorn`: for `uvicorn --ws`.
"""

from typing import TYPE_CHECKING, Any, Union

from wspair._hibernation import HibernatableWebSockets, WebSocketRequestResponsePair
from wspair._http import Headers, MultipleValuesError, Response, SentRequest
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
    NegotiationError,
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

if TYPE_CHECKING:
    from wspair.asyncio import (
        ClientConnection,
        ServerConnection,
        basic_auth,
        broadcast,
        connect,
        serve,
        unix_connect,
        unix_serve,
    )

    __version__: str

__all__ = [
    "Acceptance",
    "BackpressureError",
    "Binary",
    "Bootstrap",
    "Cause",
    "Chunk",
    "ClientConnection",
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
    "Headers",
    "HibernatableWebSockets",
    "InvalidArgumentError",
    "InvalidHandshake",
    "InvalidMessage",
    "InvalidProxy",
    "InvalidStatus",
    "InvalidURI",
    "Kind",
    "LocalProtocolError",
    "MessageEvent",
    "MultipleValuesError",
    "Negotiated",
    "NegotiationError",
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
    "Response",
    "Role",
    "SecurityError",
    "SentRequest",
    "ServerConnection",
    "ServerHandshake",
    "Text",
    "Transport",
    "TransportAction",
    "WebSocket",
    "WebSocketException",
    "WebSocketPair",
    "WebSocketRequestResponsePair",
    "__version__",
    "accept_key",
    "basic_auth",
    "broadcast",
    "connect",
    "serve",
    "unix_connect",
    "unix_serve",
]

ON_ASYNCIO = (
    "ClientConnection",
    "ServerConnection",
    "basic_auth",
    "broadcast",
    "connect",
    "serve",
    "unix_connect",
    "unix_serve",
)
"""What `wspair.asyncio` has, which is imported with the first of them."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("wspair")
    elif name in ON_ASYNCIO:
        import wspair.asyncio

        value = getattr(wspair.asyncio, name)
    else:
        raise AttributeError(f"module 'wspair' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
