"""A client."""

from __future__ import annotations

import asyncio
import logging
import ssl as _ssl
from collections.abc import Generator, Sequence
from typing import Any, cast

from wspair._http import Headers, HeadersLike, Response
from wspair._native import ClientHandshake, ClientRequest, Failed, Negotiated, Opened, Refused
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    Settings,
    WriteLimit,
    check_seconds,
    check_subprotocols,
    compression_of,
    settle,
)
from wspair._words import Role
from wspair.asyncio._websocket import WebSocket
from wspair.asyncio._wire import Wire, open_wire
from wspair.exceptions import (
    InvalidArgumentError,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)

log = logging.getLogger("wspair")


class ClientConnection(WebSocket):
    """A connection of a client."""


class connect:
    """Connects to a server: `await connect(...)`, or `async with connect(...) as ws`.

    Args:
        uri: A `ws:` or `wss:` address.
        origin: On whose behalf the client asks.
        subprotocols: Those to offer, the best liked first.
        compression: Whether to offer compression: `"deflate"`, `True`, `DeflateOptions`, or
            `None`, the default.
        additional_headers: Further fields, as pairs or a mapping; `fields` is the same.
        user_agent_header: The field `User-Agent`. Default `None`: there is none.
        open_timeout: Seconds for the connection with its handshake; `None` is no limit.
        ping_interval: Seconds of silence until a ping; `None` is off.
        ping_timeout: Seconds that its answer may take; `None` is no limit.
        close_timeout: Seconds that the closing handshake may take; `None` is no limit.
        max_size: Longest message in bytes; `None` is no limit. `(message, frame)` limits both.
        max_queue: With more waiting messages reading pauses, until a quarter is left; `(high, low)`
            sets both. Default `None`: only their bytes count, up to 1 MiB.
        write_limit: With so many bytes in the transport `send` waits; `(high, low)` sets both.
        logger: Default `logging.getLogger("wspair")`.
        **options: Of the connection, see `ConnectionOptions`; of `loop.create_connection`: `sock`,
            `ssl`, `server_hostname`, `local_addr`, `host` and `port` instead of the address's, …

    Raises:
        InvalidURI: the address is not that of a WebSocket.
        InvalidStatus: the server said no.
        InvalidHandshake: it did not open a WebSocket.
        OSError: it cannot be reached.
        TimeoutError: `open_timeout` passed (`asyncio.TimeoutError` before Python 3.11).
        TypeError: an unknown option, or a value of the wrong type.
        InvalidArgumentError: a value out of range.
    """

    def __init__(
        self,
        uri: str,
        *,
        origin: str | None = None,
        subprotocols: Sequence[str] | None = None,
        compression: Compression = None,
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = None,
        fields: HeadersLike = (),
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        max_size: MaxSize = 1 << 20,
        max_queue: MaxQueue = None,
        write_limit: WriteLimit = 1 << 16,
        logger: Any = None,
        **options: Any,
    ) -> None:
        self._where = {name: options.pop(name) for name in LOOP if name in options}
        self._settings = settle(
            options,
            compression=compression,
            max_size=max_size,
            max_queue=max_queue,
            write_limit=write_limit,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
        )
        self._open_timeout = check_seconds("open_timeout", open_timeout)
        self._log = logger or log
        headers = Headers(fields)
        for name, value in Headers(additional_headers or ()).raw_items():
            headers[name] = value
        if user_agent_header is not None and "User-Agent" not in headers:
            headers["User-Agent"] = user_agent_header
        self._ask: dict[str, Any] = {
            "subprotocols": check_subprotocols(subprotocols),
            "origin": origin,
            "fields": headers.encoded(),
            "compression": compression_of(compression),
        }
        self._uri = uri
        self._request = self._make_request(uri)
        self._ws: ClientConnection | None = None

    def __await__(self) -> Generator[Any, None, ClientConnection]:
        return self._open().__await__()

    async def __aenter__(self) -> ClientConnection:
        self._ws = await self
        return self._ws

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        ws, self._ws = self._ws, None
        if ws is not None:
            await ws.__aexit__(kind, *exc)

    def _make_request(self, uri: str) -> ClientRequest:
        try:
            ClientRequest(uri)
        except InvalidArgumentError as error:
            raise InvalidURI(uri, str(error)) from None
        return ClientRequest(uri, **self._ask)

    async def _open(self) -> ClientConnection:
        opening = await asyncio.wait_for(self._connect(), self._open_timeout)
        # In the caller's own task: it can answer what came behind the server's answer before that
        # is over.
        wire = opening.start(self._settings)
        ws = ClientConnection(opening.transport, wire)
        ws.request = self._request
        ws.response = opening.response
        if self._log.isEnabledFor(logging.INFO):
            self._log.info("connection open: %s", self._uri)
        return ws

    async def _connect(self) -> ClientOpening:
        request = self._request
        where = {**self._where}
        if where.get("sock") is None:
            where.setdefault("host", request.host)
            where.setdefault("port", request.port)
        if request.is_secure:
            ssl = where.get("ssl")
            where["ssl"] = _ssl.create_default_context() if ssl in (None, True) else ssl
            where.setdefault("server_hostname", request.host)
        elif where.get("ssl") is not None:
            raise InvalidArgumentError("ssl is given, and the address is not a wss: one")
        loop = asyncio.get_running_loop()
        transport, opening = await loop.create_connection(lambda: ClientOpening(request), **where)
        try:
            await opening.opened
        except BaseException:
            transport.abort()
            raise
        return opening


class ClientOpening(asyncio.Protocol):
    """A client's handshake, and what comes until `start`."""

    transport: asyncio.Transport
    response: Response

    def __init__(self, request: ClientRequest) -> None:
        self.loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[Negotiated] = self.loop.create_future()
        # The whole of the opening has a limit of its own.
        self._handshake = ClientHandshake(request, within=None)
        self._rest = bytearray()
        self._has_eof = False
        self._fault: Exception | None = None
        self._is_gone = False

    def start(self, settings: Settings) -> Wire:
        """Makes it a connection, once `opened` is done."""
        wire = open_wire(Role.CLIENT, self.transport, self.loop, self.opened.result(), settings)
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
        self.transport.write(self._handshake.data_to_send())

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
        self._is_gone, self._fault = True, exc
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
            error.__cause__ = fault
        self.opened.set_exception(error)
        self.transport.abort()


LOOP = (
    "sock",
    "ssl",
    "host",
    "port",
    "family",
    "proto",
    "flags",
    "local_addr",
    "server_hostname",
    "ssl_handshake_timeout",
    "ssl_shutdown_timeout",
    "happy_eyeballs_delay",
    "interleave",
    "all_errors",
)
"""The options of `loop.create_connection`."""
