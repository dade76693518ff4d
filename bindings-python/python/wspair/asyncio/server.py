"""A server: accepts connections and runs a handler for each."""

from __future__ import annotations

import logging
import ssl as _ssl
from collections.abc import Awaitable, Generator, Iterable, Sequence
from typing import Any, Callable, Union

from wspair._auth import basic_auth
from wspair._http import Response
from wspair._native import Request
from wspair._negotiation import Answer, OriginLike, negotiation
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    WriteLimit,
    check_callable,
    check_seconds,
    settle,
)
from wspair.asyncio._broadcast import broadcast
from wspair.asyncio._server_opening import ServerConnection
from wspair.asyncio._serving import Server

__all__ = [
    "Handler",
    "Server",
    "ServerConnection",
    "basic_auth",
    "broadcast",
    "serve",
    "unix_serve",
]

Handler = Callable[[ServerConnection], Awaitable[object]]
ProcessRequest = Callable[..., Union[Answer, Awaitable[Answer]]]
ProcessResponse = Callable[
    [ServerConnection, Request, Response],
    Union[Response, Awaitable[Union[Response, None]], None],
]
SelectSubprotocol = Callable[[ServerConnection, Sequence[str]], Union[str, None]]

log = logging.getLogger("wspair")


class serve:
    """Serves WebSockets: `await serve(...)`, or `async with serve(...) as server`.

    Args:
        handler: Is awaited with each `ServerConnection`. When it returns the connection is closed
            with 1000, when it raises with 1011.
        host: As of `loop.create_server`.
        port: As of `loop.create_server`; 0 picks one, see `Server.port`.
        origins: The origins whose pages may connect: each `scheme://host`, `scheme://host:port` or
            a compiled pattern; `None` among them lets in who sends no origin, as programs that are
            no browsers do. Default `None`: all, which is right only for a service that does not
            rely on what a browser sends by itself, as cookies.
        allow_missing_origin: The same as `None` among `origins`.
        subprotocols: Those that the server speaks, the best liked first.
        select_subprotocol: Is called with the connection and what the client offers, and returns
            one of these or `None`. Default: the first of `subprotocols` that the client offers.
        compression: Whether messages may be compressed: `"deflate"`, `True`, `DeflateOptions`, or
            `None`, the default.
        process_request: Is called, and awaited if it is to be, with the connection and each valid
            request; a `Response` or `Refusal` that it returns is the answer.
        process_response: Is called, and awaited if it is to be, with connection, request and
            response before that is sent. It may add fields, or return another one.
        server_header: The field `Server` of answers. Default `None`: there is none.
        open_timeout: Seconds for the handshake; `None` is no limit.
        ping_interval: Seconds of silence until a ping; `None` is off.
        ping_timeout: Seconds that its answer may take; `None` is no limit.
        close_timeout: Seconds that the closing handshake may take, and answers to messages of a
            peer that ended the stream without one; `None` is no limit.
        max_size: Longest message in bytes; `None` is no limit. `(message, frame)` limits both.
        max_queue: With more waiting messages reading pauses, until a quarter is left; `(high, low)`
            sets both. Default `None`: only their bytes count, up to 1 MiB.
        write_limit: With so many bytes in the transport `send` waits; `(high, low)` sets both.
        logger: Default `logging.getLogger("wspair")`.
        **options: Of the connection, see `ConnectionOptions`; of `loop.create_server`: `sock`,
            `ssl`, `backlog`, …

    Raises:
        TypeError: an unknown option, or a value of the wrong type.
        InvalidArgumentError: a value out of range.
        OSError: as of `loop.create_server`.
    """

    def __init__(
        self,
        handler: Handler,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        origins: Iterable[OriginLike] | None = None,
        allow_missing_origin: bool = False,
        subprotocols: Sequence[str] | None = None,
        select_subprotocol: SelectSubprotocol | None = None,
        compression: Compression = None,
        process_request: ProcessRequest | None = None,
        process_response: ProcessResponse | None = None,
        server_header: str | None = None,
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
        check_callable("handler", handler)
        where: dict[str, Any] = {"host": host, "port": port}
        where.update((name, options.pop(name)) for name in LOOP if name in options)
        settings = settle(
            options,
            serve,
            compression=compression,
            max_size=max_size,
            max_queue=max_queue,
            write_limit=write_limit,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
        )
        if not isinstance(ssl := where.get("ssl"), (_ssl.SSLContext, type(None))):
            raise TypeError(f"ssl is {ssl!r}; allowed are an ssl.SSLContext and None")
        self._where = where
        self._server = Server(
            handler,
            settings,
            negotiation(
                origins=origins,
                allow_missing_origin=allow_missing_origin,
                subprotocols=subprotocols,
                select_subprotocol=select_subprotocol,
                compression=compression,
                process_request=process_request,
                process_response=process_response,
                server_header=server_header,
            ),
            check_seconds("open_timeout", open_timeout),
            logger or log,
        )

    def __await__(self) -> Generator[Any, None, Server]:
        return self._server._start(self._where).__await__()

    async def __aenter__(self) -> Server:
        return await self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.close()


def unix_serve(handler: Handler, path: Any = None, **options: Any) -> serve:
    """As `serve`, on a Unix socket."""
    return serve(handler, path=path, unix=True, **options)


LOOP = (
    "sock",
    "ssl",
    "family",
    "flags",
    "backlog",
    "reuse_address",
    "reuse_port",
    "keep_alive",
    "ssl_handshake_timeout",
    "ssl_shutdown_timeout",
    "start_serving",
    "unix",
    "path",
)
"""The options of `loop.create_server` and `loop.create_unix_server`."""
