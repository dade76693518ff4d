"""A client's handshake, on asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from wspair._http import Headers, Response, SentRequest
from wspair._native import ClientHandshake, ClientRequest, Failed, Negotiated, Opened, Refused
from wspair._words import Role
from wspair.asyncio._transport import open_wire
from wspair.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

if TYPE_CHECKING:
    from wspair._settings import Settings
    from wspair.asyncio._wire import Wire


class ClientOpening(asyncio.Protocol):
    """A client's handshake, and what comes until `start`."""

    transport: asyncio.Transport
    request: SentRequest
    response: Response

    def __init__(self, request: ClientRequest) -> None:
        self.loop = asyncio.get_running_loop()
        self._request = request
        self.opened: asyncio.Future[Negotiated] = self.loop.create_future()
        # The whole of the opening has a limit of its own.
        self._handshake = ClientHandshake(request, within=None)
        self._rest = bytearray()
        self._has_eof = False
        self._fault: Exception | None = None
        self._is_gone = False

    def start(self, settings: Settings, log: Any) -> Wire:
        """Makes it a connection, once `opened` is done."""
        agreed = self.opened.result()
        wire = open_wire(Role.CLIENT, self.transport, self.loop, agreed, settings, log)
        wire.start(self.transport, bytes(self._rest), self.loop.time())
        if self._is_gone:
            self.loop.call_soon(wire.connection_lost, self._fault)
        elif self._has_eof:
            self.loop.call_soon(wire.eof_received)
        else:
            self.transport.resume_reading()
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but name.
        self.transport = cast(asyncio.Transport, transport)
        head = self._handshake.data_to_send()
        self.request = SentRequest(self._request, head)
        self.transport.write(head)

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            self._rest += data
        else:
            self._judge(self._handshake.receive_data(data))

    def eof_received(self) -> bool:
        self._has_eof = True
        self._judge(self._handshake.receive_eof())
        return not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_gone, self._has_eof, self._fault = True, True, exc
        self._judge(self._handshake.receive_eof(), exc)

    def _judge(
        self, verdict: Opened | Refused | Failed | None, fault: Exception | None = None
    ) -> None:
        if verdict is None or self.opened.done():
            return
        if isinstance(verdict, Opened):
            self.response = Response(verdict.status, headers=Headers(verdict.fields))
            self._rest += self._handshake.rest
            self.transport.pause_reading()
            self.opened.set_result(verdict.agreed)
            return
        error: InvalidHandshake
        if isinstance(verdict, Refused):
            response = Response(verdict.status, headers=Headers(verdict.fields), body=verdict.body)
            error = InvalidStatus(response, verdict)
        else:
            error = InvalidMessage(f"no WebSocket: {verdict.cause}", verdict)
            error.__cause__ = fault or (EOFError("the stream ended") if self._has_eof else None)
        self.opened.set_exception(error)
        # Where connecting was cancelled nobody looks at it.
        self.opened.exception()
        self.transport.abort()
