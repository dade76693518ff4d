"""A server's connection, from the first byte on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wspair._native import Acceptance, Policy, Refusal, Request, Role, ServerHandshake
from wspair.asyncio._wire import Wire

if TYPE_CHECKING:
    from wspair._options import ConnectionOptions, Fields
    from wspair.asyncio._websocket import WebSocket


class ServerWire(Wire):
    """Reads the request, and leaves the answer to `run`, a task of its own."""

    def __init__(
        self, policy: Policy, open_timeout: float | None, options: ConnectionOptions
    ) -> None:
        super().__init__()
        self.ws: WebSocket | None = None
        self.task: asyncio.Task[None] | None = None
        self._policy = policy
        self._options = options
        self._handshake = ServerHandshake(within=open_timeout)
        self._head = memoryview(bytearray(HEAD))

    async def run(self, request: Request) -> None:
        """Calls `accept` or `refuse`, and does what follows from it."""
        raise NotImplementedError

    def accept(
        self, request: Request, subprotocol: str | None = None, extra: Fields = ()
    ) -> WebSocket | None:
        """Opens the connection; `None` when it was refused, or the client is gone."""
        answer = request.accept(self._policy, subprotocol)
        if not isinstance(answer, Acceptance):
            self.refuse(answer)
            return None
        data = answer.to_bytes(extra)
        if self.transport.is_closing():
            return None
        self.transport.write(data)
        rest, self._head = self._handshake.rest, memoryview(b"")
        self.ws = self.open(Role.SERVER, answer.agreed, rest, self._options, request)
        self.transport.resume_reading()
        return self.ws

    def refuse(self, refusal: Refusal) -> None:
        """Answers with a no, and ends the transport."""
        if not self.transport.is_closing():
            self.transport.write(refusal.to_bytes())
            self._close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._on_handshake_timer()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._head if self.ws is None else super().get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        if self.ws is None:
            self._judge(self._handshake.receive_data(self._head[:nbytes]))
        else:
            super().buffer_updated(nbytes)

    def eof_received(self) -> None:
        if self.ws is None:
            self._judge(self._handshake.receive_eof())
        super().eof_received()

    def _on_handshake_timer(self) -> None:
        self._timer = None
        self._judge(self._handshake.handle_timeout(self.loop.time()))

    def _judge(self, verdict: Request | Refusal | None) -> None:
        if self.task is not None:
            return
        if verdict is None:
            due = self._handshake.next_timeout
            if due is not None and self._timer is None:
                self._timer = self.loop.call_at(due, self._on_handshake_timer)
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if isinstance(verdict, Request):
            # What comes now belongs to the connection that is yet to be made.
            self.transport.pause_reading()
            self.task = self.loop.create_task(self.run(verdict))
        else:
            self.refuse(verdict)


HEAD = 16 << 10
"""Bytes of one read during the handshake."""
