"""A server: accepts connections and runs a handler for each."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Callable, Union

from wspair._errors import ClosingError
from wspair._native import Policy, Refusal, Request
from wspair.asyncio._server_wire import ServerWire
from wspair.asyncio._websocket import WebSocket

if TYPE_CHECKING:
    import socket
    import ssl as _ssl

    from typing_extensions import Unpack

    from wspair._options import ConnectionOptions

Handler = Callable[[WebSocket], Awaitable[object]]
ProcessRequest = Callable[[Request], Union[Refusal, Awaitable[Union[Refusal, None]], None]]

log = logging.getLogger("wspair.asyncio")


class serve:
    """Serves WebSockets: `await serve(...)`, or `async with serve(...) as server`.

    Args:
        handler: Is awaited with each connection's `WebSocket`. When it returns the connection is
            closed with 1000, when it raises with 1011.
        host: As of `loop.create_server`.
        port: As of `loop.create_server`; 0 picks one, see `Server.port`.
        sock: A bound socket, instead of both.
        ssl: Serves `wss:`.
        origins: The origins whose pages may connect, each `scheme://host` or
            `scheme://host:port`. Default `None`: all, which is right only for a service that does
            not rely on what a browser sends by itself, as cookies.
        allow_missing_origin: Whether a request without an origin may connect, with `origins`.
        subprotocols: Those that the server speaks, the best liked first.
        process_request: Is called, and awaited if it is to be, with each valid request; a
            `Refusal` that it returns is the answer.
        open_timeout: Seconds for the handshake; `None` is no limit.
        **options: See `ConnectionOptions`. `compression` also decides what the handshake agrees to;
            the pair decides `auto_close` and `chunks`.

    Raises:
        InvalidArgumentError: an origin of another form.
        OSError: as of `loop.create_server`.
    """

    def __init__(
        self,
        handler: Handler,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        ssl: _ssl.SSLContext | None = None,
        origins: Iterable[str] | None = None,
        allow_missing_origin: bool = True,
        subprotocols: Sequence[str] = (),
        process_request: ProcessRequest | None = None,
        open_timeout: float | None = 10.0,
        **options: Unpack[ConnectionOptions],
    ) -> None:
        policy = Policy(
            origins=None if origins is None else list(origins),
            allow_missing_origin=allow_missing_origin,
            compression=options.get("compression"),
        )
        self._server = Server(
            handler, policy, list(subprotocols), process_request, open_timeout, options
        )
        self._where: dict[str, Any] = {"host": host, "port": port, "sock": sock, "ssl": ssl}

    def __await__(self) -> Generator[Any, None, Server]:
        return self._server._start(self._where).__await__()

    async def __aenter__(self) -> Server:
        return await self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.close()


class Server:
    """A running server."""

    def __init__(
        self,
        handler: Handler,
        policy: Policy,
        subprotocols: list[str],
        process_request: ProcessRequest | None,
        open_timeout: float | None,
        options: ConnectionOptions,
    ) -> None:
        self._handler = handler
        self._policy = policy
        self._subprotocols = subprotocols
        self._process_request = process_request
        self._open_timeout = open_timeout
        self._options = options
        self._wires: set[HandlerWire] = set()
        self._server: asyncio.Server | None = None

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets that are listened on."""
        return tuple(self._server.sockets) if self._server else ()

    @property
    def port(self) -> int:
        """The port of the first socket."""
        port: int = self.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> list[WebSocket]:
        """Those that are open."""
        return [wire.ws for wire in self._wires if wire.ws is not None]

    async def serve_forever(self) -> None:
        """Waits until it is cancelled; then closes."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.close()

    async def close(
        self, code: int = 1001, reason: str = "", *, timeout: float | None = 10.0
    ) -> None:
        """Stops listening, closes every connection, and waits for the handlers and the peers.

        Args:
            code: For each connection; 1001 says that the server goes away.
            reason: For each connection.
            timeout: Seconds until handlers are cancelled and transports dropped.
        """
        if self._server is None:
            return
        self._server.close()
        wires = list(self._wires)
        for wire in wires:
            if wire.ws is not None:
                wire.ws.end.close(code, reason)
            elif wire.task is None:
                wire.transport.close()
        waiting: list[asyncio.Future[None]] = [wire.gone for wire in wires]
        waiting += [wire.task for wire in wires if wire.task is not None]
        if waiting:
            await asyncio.wait(waiting, timeout=timeout)
        for wire in wires:
            if wire.task is not None:
                wire.task.cancel()
            if not wire.gone.done():
                wire.transport.abort()
        if waiting:
            await asyncio.wait(waiting)
        await self._server.wait_closed()

    async def _start(self, where: dict[str, Any]) -> Server:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HandlerWire(self), **where)
        return self

    async def _process(self, request: Request) -> Refusal | None:
        if self._process_request is None:
            return None
        refusal = self._process_request(request)
        return await refusal if inspect.isawaitable(refusal) else refusal


class HandlerWire(ServerWire):
    """A connection with the server's handler at the other end."""

    def __init__(self, server: Server) -> None:
        super().__init__(server._policy, server._open_timeout, server._options)
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server._wires.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server._wires.discard(self)

    async def run(self, request: Request) -> None:
        server = self._server
        try:
            refusal = await server._process(request)
        except Exception:
            log.exception("process_request raised")
            refusal = Refusal(500)
        if refusal is not None:
            self.refuse(refusal)
            return
        offered = request.subprotocols
        chosen = next((name for name in server._subprotocols if name in offered), None)
        ws = self.accept(request, chosen)
        if ws is not None:
            await self._handle(ws)

    async def _handle(self, ws: WebSocket) -> None:
        code = 1011
        try:
            await self._server._handler(ws)
            code = 1000
        except ClosingError:
            # The other side closed before everything was sent.
            code = 1000
        except asyncio.CancelledError:
            code = 1001
            raise
        except Exception:
            log.exception("a connection's handler raised")
        finally:
            ws.end.close(code, "")
        await ws.close(None)
