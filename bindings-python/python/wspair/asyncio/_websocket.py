"""An end of a pair, to await."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from wspair._native import CloseEvent, ErrorEvent, MessageEvent, Negotiated, ReadyState
from wspair._pair import Event

if TYPE_CHECKING:
    from wspair import WebSocket as End


class WebSocket:
    """An accepted end of a `WebSocketPair` in an asyncio program.

    `serve` and `connect` make one whose other end is on the network; made of any end, it works the
    same in memory. One task reads at a time; any number send.

    Args:
        end: Is accepted, if it was not.

    Attributes:
        end: The end itself.
        request: What the client asked for, or asked with; `None` in memory.
        agreed: What the handshake agreed on.
    """

    def __init__(self, end: End, *, request: Any = None, agreed: Negotiated | None = None) -> None:
        self.end = end
        self.request = request
        self.agreed = agreed
        self._loop = asyncio.get_running_loop()
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._last: CloseEvent | ErrorEvent | None = None
        self._gone: asyncio.Future[None] | None = None
        end._wake = self._on_wake
        end.accept()

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.agreed.subprotocol if self.agreed else None

    @property
    def ready_state(self) -> ReadyState:
        """How far it has come."""
        return self.end.ready_state

    @property
    def last_event(self) -> CloseEvent | ErrorEvent | None:
        """How it ended, once that was read; `None` before."""
        return self._last

    async def receive(self) -> Event:
        """Waits for the next event. The last one, a `CloseEvent` or an `ErrorEvent`, stays."""
        while self._last is None:
            event = self.end.poll_event()
            if event is None:
                await self._wait_readable()
                continue
            return event if isinstance(event, MessageEvent) else self._end_with(event)
        return self._last

    def _end_with(self, event: CloseEvent | ErrorEvent) -> CloseEvent | ErrorEvent:
        self._last = event
        return event

    def __aiter__(self) -> WebSocket:
        return self

    async def __anext__(self) -> Any:
        """The next message. Iteration ends with the last event; see `last_event`."""
        # What waits already needs no coroutine.
        event = self.end.poll_event() if self._last is None else self._last
        if not isinstance(event, MessageEvent):
            event = self._end_with(event) if event is not None else await self.receive()
        if isinstance(event, MessageEvent):
            return event.data
        raise StopAsyncIteration

    async def send(self, message: object) -> None:
        """Sends a message, and waits while the other side is behind.

        Args:
            message: A `str` as text, any buffer as binary; in memory any object.

        Raises:
            ClosingError: this side closed, or the close of the other one was read.
            TypeError: the object has no form on the network.
        """
        if self.end.send(message):
            await self._wait_writable()

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Closes, drops the messages that were not read, and waits for the other side's close.

        Args:
            code: 1000 to 4999 but 1004, 1005, 1006 and 1015; `None` is none.
            reason: Up to 123 bytes of UTF-8; needs a code.

        Raises:
            InvalidArgumentError: another code, a longer reason, a reason without a code.
        """
        self.end.close(code, reason if code is not None or reason else None)
        while self._last is None:
            await self.receive()
        if self._gone is not None:
            await asyncio.shield(self._gone)

    async def _wait_readable(self) -> None:
        if self._reader is not None and not self._reader.done():
            raise RuntimeError("another task is reading")
        self._reader = self._loop.create_future()
        await self._reader

    async def _wait_writable(self) -> None:
        writer = self._loop.create_future()
        self._writers.append(writer)
        await writer

    def _on_wake(self) -> None:
        reader = self._reader
        if reader is not None and not reader.done() and self.end.has_event:
            reader.set_result(None)
        if self._writers and not self.end.is_congested:
            for writer in self._writers:
                if not writer.done():
                    writer.set_result(None)
            self._writers.clear()
