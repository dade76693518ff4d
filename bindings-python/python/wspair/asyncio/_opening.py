"""A server's handshake, on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

from wspair._http import phrase
from wspair._native import Acceptance, Refusal, Request, ServerHandshake
from wspair._words import Role
from wspair.asyncio._transport import open_wire
from wspair.asyncio._wire import LINGER, Wire

if TYPE_CHECKING:
    from wspair._options import Fields
    from wspair._settings import Settings


class Opening(asyncio.Protocol):
    """Reads the request, and leaves the answer to `on_request`.

    While the answer is thought about reading goes on, as far as there is room: a client that
    leaves is seen.
    """

    # uvloop's transport is one in all but name.
    transport: asyncio.Transport

    def __init__(self, open_timeout: float | None, settings: Settings, log: Any) -> None:
        self.log = log
        self.loop = asyncio.get_running_loop()
        self.wire: Wire | None = None
        self.is_gone = False
        """The client is, or there is no more to say to it."""
        self.is_answered = False
        self.task: asyncio.Task[Any] | None = None
        """What thinks about the answer, or is the handler."""
        self.request: Request | None = None
        self._settings = settings
        self._handshake = ServerHandshake(within=open_timeout)
        self._rest = bytearray()
        self._is_paused = False
        self._has_eof = False
        self._timer: asyncio.TimerHandle | None = None

    def on_request(self, request: Request) -> None:
        """Sees to it that `open` and `start`, or `refuse`, are called."""
        raise NotImplementedError

    def on_leave(self) -> None:
        """The client left before it had an answer."""
        if self.task is not None:
            self.task.cancel()

    def on_closed(self) -> None:
        """The transport is gone."""

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs what belongs to this connection."""
        self.task = self.loop.create_task(coroutine)

    def open(self, acceptance: Acceptance, extra: Fields = ()) -> Wire | None:
        """Sends the answer that opens the connection; `None` when the client is gone.

        `start` has to follow.

        Raises:
            InvalidArgumentError: a further field that the answer cannot have.
        """
        data = acceptance.to_bytes(extra)
        if self.is_gone or self.is_answered or self.transport.is_closing():
            return None
        self.is_answered = True
        self.transport.write(data)
        self.wire = open_wire(
            Role.SERVER, self.transport, self.loop, acceptance.agreed, self._settings, self.log
        )
        self.wire.on_gone = self.on_closed
        return self.wire

    def start(self) -> None:
        """Lets the connection have what came behind the request."""
        assert self.wire is not None
        rest, self._rest = bytes(self._rest), bytearray()
        self.wire.start(self.transport, rest, self.loop.time())
        if self._has_eof:
            self.loop.call_soon(self.wire.eof_received)
        self._resume()

    def refuse(self, refusal: Refusal) -> None:
        """Answers with a no, and ends the transport."""
        if self.is_answered or self.is_gone or self.transport.is_closing():
            return
        self.is_answered = True
        self.transport.write(refusal.to_bytes())
        self._rest.clear()
        self.hang_up()

    def refuse_in_parts(self, refusal: Refusal) -> None:
        """As `refuse`, for a body that follows: it ends with the transport (RFC 9112 6.3)."""
        self.is_answered = True
        lines = [f"HTTP/1.1 {refusal.status} {phrase(refusal.status)}".encode()]
        lines += [
            name.encode() + b": " + value
            for name, value in refusal.fields()
            if name.lower() != "content-length"
        ]
        self.transport.write(b"\r\n".join([*lines, b"", b""]))
        self._rest.clear()
        self._resume()

    def hang_up(self) -> None:
        """Ends the transport once the client had the time to read what was said.

        Ended at once, with input unread, it would be reset, and the client might lose the answer.
        """
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            try:
                self.transport.write_eof()
            except (OSError, RuntimeError):
                # It was reset, of which the loop has yet to tell.
                self.transport.abort()
                return
            self._resume()
        else:
            self.transport.close()
        self._set_timer(self.loop.call_later(LINGER, self.transport.abort))

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._on_timer()

    def data_received(self, data: bytes) -> None:
        if self.is_answered:
            return  # a client that was refused talks on
        if self.request is None:
            self._judge(self._handshake.receive_data(data))
            return
        self._rest += data
        if len(self._rest) >= REST and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        if self.is_answered:
            return False
        if self.request is None:
            self._judge(self._handshake.receive_eof())
            return True
        # Who still waits for answers sent something to be answered.
        if not self._rest:
            self.is_gone = True
            self.on_leave()
            self.transport.close()
            return False
        self._has_eof = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_timer(None)
        was_gone, self.is_gone = self.is_gone, True
        if not was_gone and not self.is_answered:
            self.on_leave()
        self.on_closed()

    def _on_timer(self) -> None:
        self._timer = None
        self._judge(self._handshake.handle_timeout(self.loop.time()))

    def _judge(self, verdict: Request | Refusal | None) -> None:
        if self.request is not None or self.is_answered:
            return
        if verdict is None:
            due = self._handshake.next_timeout
            if due is not None and self._timer is None:
                self._timer = self.loop.call_at(due, self._on_timer)
            return
        self._set_timer(None)
        if isinstance(verdict, Request):
            self.request = verdict
            self._rest += self._handshake.rest
            self.on_request(verdict)
        else:
            self.log.debug("refused: %s (%s)", verdict.status, verdict.cause)
            self.refuse(verdict)

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def _set_timer(self, timer: asyncio.TimerHandle | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer


REST = 64 << 10
"""Bytes that are kept of what comes before the answer."""
