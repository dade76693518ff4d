"""A connection whose frames are logged, a line each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from wspair._native import Connection, FrameLog
from wspair._words import Role
from wspair.asyncio._wire import Wire


class LoggedWire(Wire):
    """A wire that stands between its transport and the log: others pay nothing for that."""

    def __init__(
        self, connection: Connection, loop: asyncio.AbstractEventLoop, high: int, low: int
    ) -> None:
        super().__init__(connection, loop, high, low)
        is_server = connection.role is Role.SERVER
        self._incoming = FrameLog(connection.role)
        self._outgoing = FrameLog(Role.CLIENT if is_server else Role.SERVER)
        self._view = memoryview(b"")
        self._peer = ""

    def start(self, transport: asyncio.BaseTransport, rest: bytes, now: float) -> None:
        peer = transport.get_extra_info("peername")
        self._peer = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "")
        self.show("<", self._incoming, rest)
        super().start(cast(asyncio.BaseTransport, _Logged(transport, self)), rest, now)

    def get_buffer(self, sizehint: int) -> memoryview:
        self._view = super().get_buffer(sizehint)
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        self.show("<", self._incoming, self._view[:nbytes])
        self._view = memoryview(b"")
        super().buffer_updated(nbytes)

    def show(self, sign: str, frames: FrameLog, data: Any) -> None:
        """Logs the frames that are whole with these bytes."""
        for line in frames.lines(data):
            self.log.debug("%s %s %s", self._peer, sign, line)

    def sends(self, data: Any) -> None:
        """Logs what is about to be written."""
        self.show(">", self._outgoing, data)


class _Logged:
    """A transport whose writes are logged."""

    def __init__(self, transport: asyncio.BaseTransport, wire: LoggedWire) -> None:
        self._transport: Any = transport
        self._wire = wire

    def write(self, data: Any) -> None:
        self._wire.sends(data)
        self._transport.write(data)

    def writelines(self, parts: Iterable[Any]) -> None:
        parts = list(parts)
        for part in parts:
            self._wire.sends(part)
        self._transport.writelines(parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
