"""A connection on an asyncio transport."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable, cast

from wspair._native import Close, Connection, Link, Negotiated
from wspair._words import Cause, Kind, Role, TransportAction
from wspair.exceptions import (
    BackpressureError,
    ClosingError,
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    PayloadTooBig,
)

if TYPE_CHECKING:
    from wspair._options import Message
    from wspair._settings import Settings

log = logging.getLogger("wspair")


class Wire(Link, asyncio.BufferedProtocol):
    """What a connection does with its transport, its loop and those who wait.

    `Link` says when; here is what it does seldom. Made by `open_wire`.
    """

    def __init__(
        self, connection: Connection, loop: asyncio.AbstractEventLoop, high: int, low: int
    ) -> None:
        self.loop = loop
        self.log: Any = log
        self.is_gone = False
        """The transport is."""
        self.latency = 0.0
        self.on_gone: Callable[[], object] | None = None
        """Called once, when the transport is gone."""
        self._gone: asyncio.Future[None] | None = None
        self._fault: BaseException | None = None
        """What the transport ended with."""
        self._sent: Close | None = None
        """The Close frame that the application asked for."""
        self._pings: dict[bytes, tuple[asyncio.Future[float], float]] = {}
        self._room: list[asyncio.Future[None]] = []
        self._parts: asyncio.Lock | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_timer: asyncio.TimerHandle | None = None
        """Until messages before the end of the stream are taken, then until the transport ends."""
        self._has_ended_writing = False
        self._is_at_end = False

    # What the transport calls, beside what `Link` has.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Never called: `start` follows the handshake, on the same transport."""

    def eof_received(self) -> bool:
        self._is_at_end = True
        # TLS closes both directions at once, whatever is returned.
        transport = self.transport
        stays = transport is not None and transport.get_extra_info("sslcontext") is None
        self.end_of_stream(stays)
        if not self.has_ended and self._last_timer is None:
            self._last_timer = self.loop.call_later(LAST_WORDS, self.tell_end_of_stream)
        return stays

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self._fault = self._fault or exc
        for timer in (self._timer, self._last_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._last_timer = None
        try:
            self.lose()
        finally:
            self._on_end()
            if self._gone is not None and not self._gone.done():
                self._gone.set_result(None)
            if self.on_gone is not None:
                self.on_gone()

    # What `Link` calls.

    def _on_end(self) -> None:
        self._on_room()
        pings, self._pings = self._pings, {}
        for pong, _ in pings.values():
            if not pong.done():
                pong.set_exception(self.error())
                # Nobody has to look at it.
                pong.exception()

    def _on_room(self) -> None:
        for waiter in self._room:
            if not waiter.done():
                waiter.set_result(None)

    def _on_pong(self, data: bytes) -> None:
        if data not in self._pings:
            return
        now = self.loop.time()
        # The answer to a later ping answers those before (RFC 6455 5.5.3).
        for ping in list(self._pings):
            pong, sent = self._pings.pop(ping)
            self.latency = now - sent
            if not pong.done():
                pong.set_result(self.latency)
            if ping == data:
                break

    def _arm(self, due: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None and not self.is_gone:
            self._timer = self.loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        # What the socket holds is read before the time is told: a loop may run its timers first,
        # but not twice without looking at the sockets between.
        self.loop.call_soon(self.loop.call_soon, self._tell_time)

    def _tell_time(self) -> None:
        if not self.is_gone:
            self.tell_time(self.loop.time())

    def _read(self, reads: bool) -> None:
        transport = self.transport
        if transport is None or self._is_at_end or transport.is_closing():
            return
        if reads:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _end_transport(self, how: TransportAction) -> None:
        if how == TransportAction.CLOSE:
            return self.drop()
        transport = self.transport
        if transport is None or self._has_ended_writing:
            return None
        self._has_ended_writing = True
        try:
            if transport.can_write_eof():
                return transport.write_eof()
        except (OSError, RuntimeError):
            pass  # it is lost, and about to say so
        return self.drop()

    # What the application's side calls.

    def drop(self) -> None:
        """Ends the transport behind what it holds, or soon."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.close()
            if self._last_timer is not None:
                self._last_timer.cancel()
            # A peer that does not read must not keep what is left.
            self._last_timer = self.loop.call_later(LINGER, transport.abort)

    async def finish(self, why: str, message: Any, compress: bool | None = None) -> None:
        """Does what `send` returned, until the message is sent.

        Raises:
            ConnectionClosed: it cannot be.
        """
        next_why: str | None = why
        while next_why is not None:
            if next_why == "yield":
                await asyncio.sleep(0)
                return
            if next_why == "room":
                await self.room()
                return
            if next_why == "closed":
                # Whoever goes on sending lets the loop turn all the same.
                await asyncio.sleep(0)
                raise self.error()
            if next_why == "parts":
                await self._send_parts(message, compress)
                return
            if next_why == "full":
                await self.room()
            elif self._parts is not None:
                async with self._parts:
                    pass
            next_why = self.send(message, compress)

    async def room(self) -> None:
        """Waits until the transport takes more.

        Raises:
            ConnectionClosed: it never will.
        """
        while not self.has_ended and not self.is_gone and self.await_room():
            waiter = self.loop.create_future()
            self._room.append(waiter)
            try:
                await waiter
            finally:
                self._room.remove(waiter)
        if self.has_ended or self.is_gone:
            raise self.error()

    async def _send_parts(self, parts: Any, compress: bool | None) -> None:
        if isinstance(parts, Mapping) or not isinstance(parts, (Iterable, AsyncIterable)):
            raise TypeError(
                f"a message is str, a buffer, or an iterable of either, not {type(parts).__name__}"
            )
        if self._parts is None:
            self._parts = asyncio.Lock()
        async with self._parts:
            kind = None
            try:
                async for part in _each(parts):
                    if not isinstance(part, (str, bytes, bytearray, memoryview)):
                        raise TypeError(f"a part is str or a buffer, not {type(part).__name__}")
                    if kind not in (None, isinstance(part, str)):
                        raise TypeError("the parts of a message are all str, or all buffers")
                    kind = isinstance(part, str)
                    await self._send_part(part, kind, False, compress)
                if kind is not None:
                    await self._send_part(b"", kind, True, compress)
            except ConnectionClosed:
                raise
            except BaseException:
                if kind is not None:
                    # The message can never be whole.
                    self.close(1011, "error in a fragmented message")
                raise

    async def _send_part(
        self, part: Message, is_text: bool, fin: bool, compress: bool | None
    ) -> None:
        kind = Kind.TEXT if is_text else Kind.BINARY
        while True:
            try:
                self._check_end()
                self.connection.send_fragment(part, fin=fin, kind=kind, compress=compress)
            except BackpressureError:
                await self.room()
                continue
            except ClosingError:
                await asyncio.sleep(0)
                raise self.error() from None
            self.schedule()
            await asyncio.sleep(0)
            return await self.room()

    async def ping(self, data: bytes) -> asyncio.Future[float]:
        """Sends a ping, and hands out what will be the latency.

        Raises:
            ConcurrencyError: the same ping waits for its answer already.
            ConnectionClosed: it cannot be sent.
        """
        if data in self._pings:
            raise ConcurrencyError("another ping with the same data has no answer yet")
        await self._control(self.connection.ping, data)
        pong: asyncio.Future[float] = self.loop.create_future()
        self._pings[data] = (pong, self.loop.time())
        return pong

    async def pong(self, data: bytes) -> None:
        """Sends a pong that nobody asked for."""
        await self._control(self.connection.pong, data)

    async def _control(self, send: Callable[[bytes], None], data: bytes) -> None:
        while True:
            try:
                self._check_end()
                send(data)
            except BackpressureError:
                await self.room()
                continue
            except ClosingError:
                await asyncio.sleep(0)
                raise self.error() from None
            return self.schedule()

    def _check_end(self) -> None:
        if self.is_told or self.is_gone:
            raise ClosingError

    def close(self, code: int | None, reason: str) -> None:
        """Starts the closing handshake, or completes it. Messages that wait can still be taken."""
        may_send = not self.has_ended and self._sent is None
        self.connection.close(code, reason)
        if may_send:
            self._sent = Close(code, reason)
        if self.is_gone:
            return
        # Nothing must keep the peer's Close frame from being read.
        self.discard()

    def abort(self) -> None:
        """Drops the transport without a closing handshake."""
        self.connection.abort()
        if not self.is_gone:
            self.schedule()

    async def wait_gone(self) -> None:
        """Waits until the transport is gone."""
        if self.is_gone:
            return
        if self._gone is None:
            self._gone = self.loop.create_future()
        await asyncio.shield(self._gone)

    def end(self) -> tuple[int, str]:
        """Code and reason to tell an application: the peer's, else why this side gave up."""
        closed = self.closed
        if closed is None or closed.code == 1006:
            return self.fault or (1006, "")
        return closed.code, closed.reason

    @property
    def was_closed_here(self) -> bool:
        """Whether the application closed, before the peer did."""
        return self._sent is not None

    def error(self) -> ConnectionClosed:
        """What to raise where the end is in the way."""
        closed = self.closed
        received = None
        if closed is not None and closed.code != 1006:
            received = Close(closed.code, closed.reason)
        sent = self._sent
        if sent is None and self.fault is not None:
            sent = Close(*self.fault)
        elif sent is None and received is not None and closed is not None and closed.clean:
            # The answer.
            sent = received
        both = received is not None and sent is not None
        is_ok = received is not None or (closed is None and not self.is_gone)
        for frame in (received, sent):
            is_ok = is_ok and (frame is None or frame.code in (None, 1000, 1001, 1005))
        if closed is not None and not closed.clean:
            is_ok = False
        kind = ConnectionClosedOK if is_ok else ConnectionClosedError
        error = kind(received, sent, self._sent is None if both else None, closed)
        error.__cause__ = self._why(closed)
        return error

    def _why(self, closed: Any) -> BaseException | None:
        if self._fault is not None or closed is None:
            return self._fault
        if closed.limit is not None and closed.size is not None:
            return PayloadTooBig(closed.size, closed.limit)
        if closed.cause in (Cause.PONG_TIMEOUT, Cause.CLOSE_TIMEOUT):
            return TimeoutError(closed.cause.value)
        return None


class _NoLoop:
    """All that a future without callbacks needs."""

    def get_debug(self) -> bool:
        return False


DONE: asyncio.Future[None] = asyncio.Future(loop=_NoLoop())  # type: ignore[arg-type]
"""A future that is done, for whoever only looks at that."""
DONE.set_result(None)


def open_wire(
    role: Role,
    transport: asyncio.BaseTransport,
    loop: asyncio.AbstractEventLoop,
    agreed: Negotiated,
    settings: Settings,
) -> Wire:
    """Makes a transport that has its handshake behind it a connection's. `start` follows."""
    wire = Wire(settings.connection(role, agreed), loop, *settings.max_queue)
    transport = cast(asyncio.Transport, transport)
    high, low = settings.write_limit
    transport.set_write_buffer_limits(high, low)
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


async def _each(parts: Any) -> Any:
    if isinstance(parts, AsyncIterable):
        async for part in parts:
            yield part
    else:
        for part in parts:
            yield part


NOT_SENT = 128 << 10
"""Bytes that a socket holds before it takes more, beside those on their way."""

LINGER = 2.0
"""Seconds that a transport gets to write what is left once it is to be dropped."""

LAST_WORDS = 10.0
"""Seconds in which messages that came before the end of the stream are to be taken."""
