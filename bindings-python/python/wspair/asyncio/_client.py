"""A client: connects, and hands out an end of a pair."""

from __future__ import annotations

import asyncio
import ssl as _ssl
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from wspair._native import ClientHandshake, ClientRequest, Failed, Negotiated, Opened, Refused, Role
from wspair.asyncio._websocket import WebSocket
from wspair.asyncio._wire import Wire

if TYPE_CHECKING:
    import socket

    from typing_extensions import Unpack

    from wspair._options import ConnectionOptions, Fields


class HandshakeError(ConnectionError):
    """The server did not open a WebSocket.

    Attributes:
        verdict: `Refused` with the server's plain answer, or `Failed`.
    """

    def __init__(self, verdict: Refused | Failed) -> None:
        text = f"status {verdict.status}" if isinstance(verdict, Refused) else verdict.cause
        super().__init__(f"no WebSocket: {text}")
        self.verdict = verdict


class connect:
    """Connects to a server: `await connect(...)`, or `async with connect(...) as ws`.

    Args:
        url: A `ws:` or `wss:` address.
        sock: A connected socket, instead of the address's host and port.
        ssl: For `wss:`; default `ssl.create_default_context()`.
        subprotocols: Those to offer, the best liked first.
        origin: On whose behalf the client asks.
        fields: Further header fields.
        open_timeout: Seconds for the connection with its handshake; `None` is no limit.
        **options: See `ConnectionOptions`. `compression` also decides what the handshake offers;
            the pair decides `auto_close` and `chunks`.

    Raises:
        HandshakeError: the server did not open a WebSocket.
        InvalidArgumentError: an address, subprotocol or field that is not valid.
        OSError: the server cannot be reached.
        TimeoutError: `open_timeout` passed (`asyncio.TimeoutError` before Python 3.11).
    """

    def __init__(
        self,
        url: str,
        *,
        sock: socket.socket | None = None,
        ssl: _ssl.SSLContext | None = None,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
        fields: Fields = (),
        open_timeout: float | None = 10.0,
        **options: Unpack[ConnectionOptions],
    ) -> None:
        self._request = ClientRequest(
            url,
            subprotocols=list(subprotocols),
            origin=origin,
            fields=fields,
            compression=options.get("compression"),
        )
        self._options = options
        self._sock = sock
        self._ssl = ssl
        self._open_timeout = open_timeout
        self._ws: WebSocket | None = None

    def __await__(self) -> Generator[Any, None, WebSocket]:
        return self._open().__await__()

    async def __aenter__(self) -> WebSocket:
        self._ws = await self
        return self._ws

    async def __aexit__(self, *exc: object) -> None:
        if self._ws is not None:
            await self._ws.close()

    async def _open(self) -> WebSocket:
        wire = await asyncio.wait_for(self._connect(), self._open_timeout)
        # In the caller's own task: it gets to see what came with the answer before any of it can
        # have an end.
        return wire.start()

    async def _connect(self) -> ClientWire:
        request = self._request
        where: dict[str, Any] = {"sock": self._sock}
        if self._sock is None:
            where = {"host": request.host, "port": request.port}
        if request.is_secure:
            where["ssl"] = self._ssl or _ssl.create_default_context()
            where["server_hostname"] = request.host
        loop = asyncio.get_running_loop()
        transport, wire = await loop.create_connection(
            lambda: ClientWire(request, self._options), **where
        )
        try:
            await wire.opened
            return wire
        except BaseException:
            transport.abort()
            raise


class ClientWire(Wire):
    """A client's connection, from the first byte on."""

    def __init__(self, request: ClientRequest, options: ConnectionOptions) -> None:
        super().__init__()
        self.opened: asyncio.Future[Negotiated] = self.loop.create_future()
        self._request = request
        self._options = options
        # The whole of the opening has a limit of its own.
        self._handshake = ClientHandshake(request, within=None)
        self._head = memoryview(bytearray(HEAD))

    def start(self) -> WebSocket:
        """Goes on once the handshake is done."""
        rest = self._handshake.rest
        ws = self.open(Role.CLIENT, self.opened.result(), rest, self._options, self._request)
        if self.gone.done():
            self.connection_lost(None)
        else:
            self.transport.resume_reading()
        return ws

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self._handshake.data_to_send())

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._head if self._coupling is None else super().get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        if self._coupling is None:
            self._judge(self._handshake.receive_data(self._head[:nbytes]))
        else:
            super().buffer_updated(nbytes)

    def eof_received(self) -> None:
        if self._coupling is None:
            self._judge(self._handshake.receive_eof())
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._coupling is None:
            self._judge(self._handshake.receive_eof())
        super().connection_lost(exc)

    def _judge(self, verdict: Opened | Refused | Failed | None) -> None:
        if verdict is None or self.opened.done():
            return
        if isinstance(verdict, Opened):
            self.transport.pause_reading()
            self.opened.set_result(verdict.agreed)
        else:
            self.opened.set_exception(HandshakeError(verdict))
            self.transport.abort()


HEAD = 16 << 10
"""Bytes of one read during the handshake."""
