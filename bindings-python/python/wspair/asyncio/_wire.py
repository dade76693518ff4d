"""An end of a pair on an asyncio transport."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from wspair._native import Connection, Negotiated, Role, Transport
from wspair._pair import WebSocketPair
from wspair.asyncio._websocket import WebSocket

if TYPE_CHECKING:
    from wspair._options import ConnectionOptions
    from wspair._pair import Coupling


class Wire(asyncio.BufferedProtocol):
    """What both sides of a connection do with their transport, once it is open."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = self.loop.create_future()
        """Done when the transport is."""
        self._coupling: Coupling | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._drop: asyncio.TimerHandle | None = None
        self._scheduled = False
        self._is_full = False
        self._is_reading = True
        self._has_ended_writing = False

    def open(
        self,
        role: Role,
        agreed: Negotiated,
        rest: bytes,
        options: ConnectionOptions,
        request: Any,
    ) -> WebSocket:
        """Makes the pair, one end of it on this transport. The other one is the application's."""
        ours, theirs = WebSocketPair()
        options = {**options, "coupled": True}
        self._coupling = ours.couple(Connection(role, agreed, **options), self._wake)
        ws = WebSocket(theirs, request=request, agreed=agreed)
        ws._gone = self.gone
        self._coupling.receive_data(rest)
        self._wake()
        return ws

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but name.
        self.transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        assert self._coupling is not None
        return self._coupling.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        assert self._coupling is not None
        self._coupling.buffer_updated(nbytes)
        self._wake()

    def eof_received(self) -> None:
        if self._coupling is not None:
            self._coupling.receive_eof()
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._drop):
            if timer is not None:
                timer.cancel()
        if self._coupling is not None:
            self._coupling.receive_eof()
            self._coupling.drain()
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    # What follows from it.

    def _wake(self) -> None:
        # What is sent in one turn of the loop goes out in one write.
        if not self._scheduled:
            self._scheduled = True
            self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        coupling = self._coupling
        if coupling is None or self.gone.done():
            return
        while True:
            data, more, is_usual, due = coupling.turn(not self._is_full)
            if isinstance(data, list):
                self.transport.writelines(data)
            elif data:
                self.transport.write(data)
            if not more or self._is_full:
                break
        if not is_usual or not self._is_reading:
            self._look(coupling)
        if due is not None or self._timer is not None:
            self._arm(due)

    def _look(self, coupling: Coupling) -> None:
        """Does what is not usual: ends the transport, or leaves bytes with the peer."""
        state = coupling.transport_state
        if state == Transport.CLOSE:
            self._close()
        elif state == Transport.FINISH_WRITING and not self._has_ended_writing:
            self._has_ended_writing = True
            if self.transport.can_write_eof():
                self.transport.write_eof()
            else:
                self._close()
        wanted = not coupling.is_congested
        if wanted != self._is_reading and not self.transport.is_closing():
            self._is_reading = wanted
            if wanted:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _close(self) -> None:
        if self._drop is None:
            self.transport.close()
            # A peer that does not read must not keep what is left.
            self._drop = self.loop.call_later(LINGER, self.transport.abort)

    def _arm(self, due: float | None) -> None:
        if self._timer is not None:
            if due == self._timer.when():
                return
            self._timer.cancel()
            self._timer = None
        if due is not None:
            self._timer = self.loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._coupling is not None and not self.gone.done():
            self._coupling.handle_timeout(self.loop.time())
            self._flush()


LINGER = 10.0
"""Seconds that a transport gets to write what is left once it is to be dropped."""
