"""Making a transport that has its handshake behind it a connection's."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import TYPE_CHECKING, Any, cast

from wspair._words import Role
from wspair.asyncio._frames import LoggedWire
from wspair.asyncio._wire import Wire

if TYPE_CHECKING:
    from wspair._native import Negotiated
    from wspair._settings import Settings


def open_wire(
    role: Role,
    transport: asyncio.BaseTransport,
    loop: asyncio.AbstractEventLoop,
    agreed: Negotiated,
    settings: Settings,
    log: Any,
) -> Wire:
    """Makes a transport that has its handshake behind it a connection's. `start` follows."""
    kind = LoggedWire if log.isEnabledFor(logging.DEBUG) else Wire
    wire = kind(settings.connection(role, agreed), loop, *settings.max_queue)
    wire.log = log
    wire.close_timeout = settings.close_timeout
    transport = cast(asyncio.Transport, transport)
    high, low = settings.write_limit
    transport.set_write_buffer_limits(high, low)
    if WRITELINES_NEVER_PAUSES and isinstance(loop, asyncio.SelectorEventLoop):
        writer: Any = transport
        writer.writelines = lambda parts: writer.write(b"".join(parts))
    _see_the_output_move(transport)
    transport.set_protocol(wire)
    return wire


def _see_the_output_move(transport: asyncio.Transport) -> None:
    """Keeps what the socket holds small: megabytes in there would take a slow peer longer than
    keepalive waits for it, with nothing to show that it reads."""
    sock = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if sock is not None and option is not None and sock.family != getattr(socket, "AF_UNIX", None):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, option, NOT_SENT)
        except OSError:
            pass  # another kind of socket


NOT_SENT = 128 << 10
"""Bytes that a socket holds before it takes more, beside those on their way."""

WRITELINES_NEVER_PAUSES = (3, 12) <= sys.version_info < (3, 12, 9) or (
    (3, 13) <= sys.version_info < (3, 13, 2)
)
"""Whether its transports take what comes in parts without end (CVE-2024-12254)."""
