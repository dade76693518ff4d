"""One message to many connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wspair._broadcasting import to_all
from wspair._native import Prepared
from wspair.exceptions import BackpressureError, ClosingError
from wspair.sync._websocket import WebSocket

if TYPE_CHECKING:
    from wspair._options import Message


def broadcast(
    connections: Iterable[WebSocket],
    message: Message | Prepared,
    *,
    text: bool | None = None,
    raise_exceptions: bool = False,
) -> None:
    """As `wspair.asyncio.broadcast`: each connection's own thread writes what its socket does not
    take at once."""
    to_all(_send, connections, message, text, raise_exceptions)


def _send(ws: WebSocket, prepared: Prepared) -> None:
    wire = ws._wire
    with wire.changed:
        ws._check_parts()
        try:
            wire.check()
            wire.connection.send_prepared(prepared)
        except ClosingError:
            return  # as if it had been closed before
        except BackpressureError as error:
            wire.close(1008, "too slow")
            raise BufferError(f"it is behind by {error.queued} bytes, and is closed") from None
        wire.flush()
