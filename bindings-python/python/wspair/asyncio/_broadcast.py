"""One message to many connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wspair._broadcasting import to_all
from wspair._native import Prepared
from wspair.asyncio._websocket import WebSocket
from wspair.exceptions import ConcurrencyError

if TYPE_CHECKING:
    from wspair._options import Message


def broadcast(
    connections: Iterable[WebSocket],
    message: Message | Prepared,
    *,
    text: bool | None = None,
    raise_exceptions: bool = False,
) -> None:
    """Sends a message to every one of these connections that is open, and waits for none.

    It is framed, and compressed, once. Whoever does not read in time has it wait, up to
    `max_outgoing` bytes (16 MiB); who is behind by more is closed with 1008, as it would miss
    messages.

    Args:
        connections: Of a server or a client, for example `server.connections`.
        message: A `str` as text, any buffer as binary; or a `Prepared` one.
        text: Sends a buffer of UTF-8 as text with `True`, a `str` as binary with `False`.
        raise_exceptions: Raises an `ExceptionGroup` of what went wrong, where that is otherwise
            logged. Needs Python 3.11.

    Raises:
        TypeError: the message is none of these.
    """
    to_all(_send, connections, message, text, raise_exceptions)


def _send(ws: WebSocket, prepared: Prepared) -> None:
    wire = ws._wire
    why = wire.send(prepared)
    if why == "open":
        raise ConcurrencyError("a fragmented message is being sent")
    if why == "full":
        queued = ws.buffered_amount
        wire.close(1008, "too slow")
        raise BufferError(f"it is behind by {queued} bytes, and is closed")
