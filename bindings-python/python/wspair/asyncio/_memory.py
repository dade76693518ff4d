"""An end of a pair, to await as a connection."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from wspair._native import Close, Closed, CloseEvent, ErrorEvent, MessageEvent
from wspair._words import Cause, ProtocolError, ReadyState
from wspair.asyncio._websocket import Event, WebSocket
from wspair.exceptions import (
    ClosingError,
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    LocalProtocolError,
)

if TYPE_CHECKING:
    from wspair import WebSocket as End


class InMemory(WebSocket):
    """An accepted end of a `WebSocketPair` in an asyncio program: any object is a message.

    One task receives at a time; any number send.

    Args:
        end: Is accepted, if it was not.
    """

    def __init__(self, end: End) -> None:
        self._end = end
        self.request = self.response = None
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self._messages: list[MessageEvent] = []
        self._last: CloseEvent | ErrorEvent | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closed_with: Close | None = None
        end._wake = self._on_wake
        end.accept()
        self._on_wake()

    @property
    def end(self) -> Any:
        """The end itself."""
        return self._end

    async def receive(self) -> Event:
        """Waits for the next event. The last one, a `CloseEvent` or an `ErrorEvent`, stays."""
        while (event := self._poll()) is None:
            if self._reader is not None and not self._reader.done():
                raise ConcurrencyError("another task is reading")
            self._reader = self._loop.create_future()
            await self._reader
        return event

    async def recv(self, decode: bool | None = None) -> Any:
        """Waits for the next message.

        Args:
            decode: Means nothing in memory.

        Raises:
            ConnectionClosed: there is none, and none will come.
            ConcurrencyError: another task receives.
        """
        event = await self.receive()
        if isinstance(event, MessageEvent):
            return event.data
        raise self._error()

    def __aiter__(self) -> WebSocket:
        """The messages; see `WebSocket`."""
        return self

    async def __anext__(self) -> Any:
        """The next message; see `WebSocket`."""
        try:
            return await self.recv()
        except ConnectionClosed as error:
            if self._closed_with is not None or isinstance(error, ConnectionClosedOK):
                raise StopAsyncIteration from None
            raise

    async def send(
        self, message: Any, text: bool | None = None, *, compress: bool | None = None
    ) -> None:
        """Sends any object, and waits while the other side is behind.

        Args:
            message: The object; it passes by reference.
            text: Means nothing in memory.
            compress: Means nothing in memory.

        Raises:
            ConnectionClosed: the other side closed, or this one.
        """
        try:
            is_congested = self._end.send(message) and self._end.ready_state == ReadyState.OPEN
        except ClosingError:
            await asyncio.sleep(0)
            raise self._error() from None
        if is_congested:
            writer = self._loop.create_future()
            self._writers.append(writer)
            await writer

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Closes, and waits for the other side's close; see `WebSocket`."""
        if self._closed_with is None and self._last is None:
            self._end.close(code, reason if code is not None or reason else None)
            self._closed_with = Close(code, reason)
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Waits for the other side's close."""
        self._on_wake()
        await asyncio.shield(self._ended)

    def abort(self) -> None:
        """Drops this end: the other one sees it vanish."""
        self._end.abandon()
        self._on_wake()

    async def ping(self, data: Any = None) -> Any:
        """There are no pings in memory."""
        raise LocalProtocolError("there are no pings in memory")

    async def pong(self, data: Any = b"") -> None:
        """There are no pongs in memory."""
        raise LocalProtocolError("there are no pongs in memory")

    @property
    def last_event(self) -> CloseEvent | ErrorEvent | None:
        """How it ended, once the messages before were taken; `None` before."""
        return self._last if not self._messages else None

    @property
    def ready_state(self) -> ReadyState:
        """How far it has come."""
        return self._end.ready_state

    @property
    def buffered_amount(self) -> int:
        """Bytes that this side sent and the other one has not taken."""
        return self._end.buffered_amount

    @property
    def _closed(self) -> Closed | None:
        last = self._last
        if last is None:
            return None
        if isinstance(last, ErrorEvent):
            error = last.error if isinstance(last.error, ProtocolError) else None
            return Closed(1006, "", False, Cause.PEER, error)
        cause = Cause.HANDSHAKE if last.clean else Cause.TRANSPORT
        return Closed(last.code, last.reason, last.clean, cause, None)

    @property
    def agreed(self) -> None:
        """Nothing is agreed on in memory."""
        return None

    @property
    def latency(self) -> float:
        """There is none in memory."""
        return 0.0

    @property
    def local_address(self) -> None:
        """There is none in memory."""

    @property
    def remote_address(self) -> None:
        """There is none in memory."""

    def _poll(self) -> Event | None:
        if self._messages:
            return self._messages.pop(0)
        if self._last is None and (event := self._end.poll_event()) is not None:
            if isinstance(event, MessageEvent):
                return event
            self._finish(event)
        return self._last

    def _finish(self, event: CloseEvent | ErrorEvent) -> None:
        self._last = event
        if not self._ended.done():
            self._ended.set_result(None)
        self._wake_writers()

    def _on_wake(self) -> None:
        if threading.get_ident() != self._thread:
            # Whoever has the other end may be anywhere.
            try:
                self._loop.call_soon_threadsafe(self._on_wake)
            except RuntimeError:
                pass  # the loop is closed, and nobody waits
            return
        # Whoever closes does not wait for the messages to be taken.
        while self._closed_with is not None and self._last is None:
            event = self._end.poll_event()
            if event is None:
                break
            if isinstance(event, MessageEvent):
                self._messages.append(event)
            else:
                self._finish(event)
        has_event = self._messages or self._last is not None or self._end.has_event
        if self._reader is not None and not self._reader.done() and has_event:
            self._reader.set_result(None)
        if not self._end.is_congested:
            self._wake_writers()

    def _wake_writers(self) -> None:
        for writer in self._writers:
            if not writer.done():
                writer.set_result(None)
        self._writers.clear()

    def _error(self) -> ConnectionClosed:
        closed, sent = self._closed, self._closed_with
        has_frame = closed is not None and closed.clean
        received = Close(closed.code, closed.reason) if closed and has_frame else None
        frames = [frame for frame in (received, sent) if frame is not None]
        is_ok = bool(frames) and all(it.code in (None, 1000, 1001, 1005) for it in frames)
        kind = ConnectionClosedOK if is_ok else ConnectionClosedError
        both = received is not None and sent is not None
        return kind(received, sent, False if both else None, closed)

    def __repr__(self) -> str:
        return f"<WebSocket {self.ready_state} in memory>"

    def __del__(self) -> None:
        pass  # the pair knows what follows
