"""A connection on an asyncio transport."""

from __future__ import annotations

import asyncio
from typing import Any, Callable

from wspair._ending import closed_error
from wspair._native import Close, Connection, Link
from wspair._pings import Pings
from wspair._words import TransportAction
from wspair.asyncio._parts import send_parts
from wspair.exceptions import BackpressureError, ClosingError, ConnectionClosed


class Wire(Link, asyncio.BufferedProtocol):
    """What a connection does with its transport, its loop and those who wait.

    `Link` says when; here is what it does seldom. Made by `open_wire`.
    """

    def __init__(
        self, connection: Connection, loop: asyncio.AbstractEventLoop, high: int, low: int
    ) -> None:
        self.loop = loop
        self.log: Any = None
        self.close_timeout: float | None = None
        """Seconds in which messages that came before the end of the stream are to be answered."""
        self.is_gone = False
        """The transport is."""
        self.pings = Pings()
        self.on_gone: Callable[[], object] | None = None
        """Called once, when the transport is gone."""
        self._gone: asyncio.Future[None] | None = None
        self._fault: BaseException | None = None
        """What the transport ended with."""
        self._sent: Close | None = None
        """The Close frame that the application asked for."""
        self._room: list[asyncio.Future[None]] = []
        self.parts: asyncio.Lock | None = None
        """Held while a fragmented message is sent."""
        self._timer: asyncio.TimerHandle | None = None
        self._last_timer: asyncio.TimerHandle | None = None
        """Until messages before the end are answered, then until the transport ends."""
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
        limit = self.close_timeout
        if limit is not None and not self.has_ended and self._last_timer is None:
            self._last_timer = self.loop.call_later(limit, self.tell_end_of_stream)
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
        self.pings.end()

    def _on_room(self) -> None:
        for waiter in self._room:
            if not waiter.done():
                waiter.set_result(None)

    def _on_pong(self, data: bytes) -> None:
        self.pings.answered(data)

    def _await_answers(self, seconds: float) -> None:
        if self._last_timer is not None:
            self._last_timer.cancel()
        self._last_timer = self.loop.call_later(seconds, self.stop_answers)

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
        if not self.is_gone and self.tell_time(self.loop.time()):
            self.pings.keepalive_sent()

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
                await send_parts(self, message, compress)
                return
            if next_why == "full":
                await self.room()
            elif self.parts is not None:
                async with self.parts:
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

    async def ping(self, data: bytes) -> asyncio.Future[float]:
        """Sends a ping, and hands out what will be the latency.

        Raises:
            ConcurrencyError: the same ping waits for its answer already.
            ConnectionClosed: it cannot be sent.
        """
        self.pings.check(data)
        await self._control(self.connection.ping, data)
        pong: asyncio.Future[float] = self.loop.create_future()

        def tell(latency: float | None) -> None:
            if pong.done():
                return
            if latency is not None:
                pong.set_result(latency)
            else:
                pong.set_exception(self.error())
                # Nobody has to look at it.
                pong.exception()

        self.pings.sent(data, tell)
        return pong

    async def pong(self, data: bytes) -> None:
        """Sends a pong that nobody asked for."""
        await self._control(self.connection.pong, data)

    async def _control(self, send: Callable[[bytes], None], data: bytes) -> None:
        while True:
            try:
                self.check_end()
                send(data)
            except BackpressureError:
                await self.room()
                continue
            except ClosingError:
                await asyncio.sleep(0)
                raise self.error() from None
            return self.schedule()

    def check_end(self) -> None:
        """Raises ClosingError where the application knows of the end."""
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
            return self.connection.fault or (1006, "")
        return closed.code, closed.reason

    @property
    def was_closed_here(self) -> bool:
        """Whether the application closed, before the peer did."""
        return self._sent is not None

    def error(self) -> ConnectionClosed:
        """What to raise where the end is in the way."""
        return closed_error(
            self.closed, self._sent, self.connection.fault, self._fault, self.is_gone
        )


class _NoLoop:
    """All that a future without callbacks needs."""

    def get_debug(self) -> bool:
        return False


DONE: asyncio.Future[None] = asyncio.Future(loop=_NoLoop())  # type: ignore[arg-type]
"""A future that is done, for whoever only looks at that."""
DONE.set_result(None)

LINGER = 2.0
"""Seconds that a transport gets to write what is left once it is to be dropped."""
