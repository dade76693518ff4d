"""A server: accepts connections and runs a handler for each."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Coroutine, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Callable, Union

from wspair._http import Response
from wspair._native import Policy, Refusal, Request
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    Settings,
    WriteLimit,
    check_callable,
    check_seconds,
    check_subprotocols,
    compression_of,
    settle,
)
from wspair._words import ReadyState
from wspair.asyncio._server_opening import ServerConnection, ServerOpening
from wspair.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    import socket

Handler = Callable[[ServerConnection], Awaitable[object]]
Answer = Union[Response, Refusal, None]
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
            a compiled pattern; `None` among them stands for no origin. Default `None`: all, which
            is right only for a service that does not rely on what a browser sends by itself, as
            cookies.
        allow_missing_origin: Whether a request without an origin, so not of a browser, may connect
            though `origins` has no `None`.
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
        close_timeout: Seconds that the closing handshake may take; `None` is no limit.
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
        origins: Iterable[str | re.Pattern[str] | None] | None = None,
        allow_missing_origin: bool = True,
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
        for name, function in (
            ("process_request", process_request),
            ("process_response", process_response),
            ("select_subprotocol", select_subprotocol),
        ):
            if function is not None:
                check_callable(name, function)
        where: dict[str, Any] = {"host": host, "port": port}
        where.update((name, options.pop(name)) for name in LOOP if name in options)
        settings = settle(
            options,
            compression=compression,
            max_size=max_size,
            max_queue=max_queue,
            write_limit=write_limit,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            close_timeout=close_timeout,
        )
        self._where = where
        self._server = Server(
            handler,
            settings,
            Origins(origins, allow_missing_origin, compression),
            check_subprotocols(subprotocols),
            select_subprotocol,
            _with_connection(process_request),
            process_response,
            server_header,
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


class Origins:
    """Whose pages may connect."""

    def __init__(
        self,
        origins: Iterable[str | re.Pattern[str] | None] | None,
        allow_missing: bool,
        compression: Compression,
    ) -> None:
        if isinstance(origins, (str, bytes)):
            raise TypeError(f"origins is {origins!r}; allowed is a sequence of origins")
        given = None if origins is None else list(origins)
        names = [it for it in given or () if isinstance(it, str)]
        self._patterns = [it for it in given or () if isinstance(it, re.Pattern)]
        for origin in given or ():
            if origin is not None and not isinstance(origin, (str, re.Pattern)):
                raise TypeError(
                    f"origins has {origin!r}; allowed are origins, compiled patterns and None"
                )
        shared: dict[str, Any] = {"compression": compression_of(compression)}
        try:
            self._all = Policy(**shared)
            self._listed = Policy(
                origins=None if given is None else names,
                allow_missing_origin=allow_missing or (given is not None and None in given),
                **shared,
            )
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"origins is {given!r}: {error}") from None

    def policy(self, request: Request) -> Policy:
        """What to judge a request by."""
        origin = request.origin
        if origin is not None and any(it.fullmatch(origin) for it in self._patterns):
            return self._all
        return self._listed


class Server:
    """A running server."""

    def __init__(
        self,
        handler: Handler,
        settings: Settings,
        origins: Origins,
        subprotocols: list[str],
        select_subprotocol: SelectSubprotocol | None,
        process_request: ProcessRequest | None,
        process_response: ProcessResponse | None,
        server_header: str | None,
        open_timeout: float | None,
        logger: Any,
    ) -> None:
        self.handler = handler
        self.settings = settings
        self.origins = origins
        self.subprotocols = subprotocols
        self.select_subprotocol = select_subprotocol
        self.process_request = process_request
        self.process_response = process_response
        self.server_header = server_header
        self.open_timeout = open_timeout
        self.logger = logger
        self.openings: set[ServerOpening] = set()
        self.tasks: set[asyncio.Task[Any]] = set()
        self._idle: asyncio.Future[None] | None = None
        self._server: asyncio.AbstractServer | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets that are listened on."""
        return tuple(self._server.sockets) if self._server else ()  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """The port of the first socket."""
        port: int = self.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> set[ServerConnection]:
        """Those that are open."""
        return {
            it.connection for it in self.openings if it.connection.ready_state is ReadyState.OPEN
        }

    def is_serving(self) -> bool:
        """Whether it accepts connections."""
        return self._closing is None and self._server is not None and self._server.is_serving()

    @property
    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closing is not None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it runs in."""
        assert self._server is not None
        return self._server.get_loop()

    async def start_serving(self) -> None:
        """Begins to accept, after `start_serving=False`."""
        assert self._server is not None
        await self._server.start_serving()

    async def serve_forever(self) -> None:
        """Waits until the server is closed; closes it when cancelled."""
        if self._closing is None:
            await self.start_serving()
        try:
            await self.wait_closed()
        except asyncio.CancelledError:
            await self.close()
            raise

    def close(
        self,
        close_connections: bool = True,
        code: int = 1001,
        reason: str = "",
        *,
        timeout: float | None = 10.0,
    ) -> Closing:
        """Stops listening, closes every connection, and sees the handlers and the peers out.

        Args:
            close_connections: Whether the connections are closed; else they are waited for.
            code: For each connection; 1001 says that the server goes away.
            reason: For each connection.
            timeout: Seconds until handlers are cancelled and transports dropped; `None` is never.

        Returns:
            What to await until all of it is done, as `wait_closed` does.
        """
        if self._closing is None:
            loop = self.get_loop()
            closing = self._close(close_connections, code, reason, timeout)
            self._closing = loop.create_task(closing)
        return Closing(self._closing)

    async def wait_closed(self) -> None:
        """Waits until the server is closed, and all that it accepted has ended."""
        assert self._closed is not None
        await asyncio.shield(self._closed)

    async def _start(self, where: dict[str, Any]) -> Server:
        loop = asyncio.get_running_loop()
        self._closed = loop.create_future()
        if where.pop("unix", False):
            where = {name: value for name, value in where.items() if value is not None}
            self._server = await loop.create_unix_server(lambda: ServerOpening(self), **where)
        else:
            where.pop("path", None)
            self._server = await loop.create_server(lambda: ServerOpening(self), **where)
        return self

    async def _close(
        self, close_connections: bool, code: int, reason: str, timeout: float | None
    ) -> None:
        assert self._server is not None
        assert self._closed is not None
        self._server.close()
        if close_connections:
            for opening in list(self.openings):
                opening.shut(code, reason)
        if not await self._wait_idle(timeout):
            for task in list(self.tasks):
                task.cancel()
            for opening in list(self.openings):
                opening.transport.abort()
            if not await self._wait_idle(LAST_CALL):
                self.logger.warning("%d handlers go on after they were cancelled", len(self.tasks))
        # From Python 3.12 on it waits for transports that asyncio thinks are there.
        await asyncio.wait({asyncio.ensure_future(self._server.wait_closed())}, timeout=LAST_CALL)
        if not self._closed.done():
            self._closed.set_result(None)

    async def _wait_idle(self, timeout: float | None) -> bool:
        """Waits until nothing that was accepted is left; `False` when that took too long."""
        if self.openings or self.tasks:
            self._idle = self.get_loop().create_future()
            await asyncio.wait({self._idle}, timeout=timeout)
            self._idle = None
        return not self.openings and not self.tasks

    def forget(
        self, *, opening: ServerOpening | None = None, task: asyncio.Task[Any] | None = None
    ) -> None:
        """Something that was accepted has ended."""
        if opening is not None:
            self.openings.discard(opening)
        if task is not None:
            self.tasks.discard(task)
        is_idle = not self.openings and not self.tasks
        if is_idle and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)


class Closing(Coroutine[Any, Any, None]):
    """What to await until a server is closed; it closes without that too."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task
        self._waiting: Generator[Any, None, None] | None = None

    def __await__(self) -> Generator[Any, None, None]:
        return asyncio.shield(self._task).__await__()

    def send(self, value: Any) -> Any:
        """See `collections.abc.Coroutine`; `asyncio.create_task` needs it."""
        if self._waiting is None:
            self._waiting = self.__await__()
        return self._waiting.send(value)

    def throw(self, *exception: Any) -> Any:
        """See `collections.abc.Coroutine`."""
        if self._waiting is None:
            self._waiting = self.__await__()
        return self._waiting.throw(*exception)

    def close(self) -> None:
        """See `collections.abc.Coroutine`."""
        if self._waiting is not None:
            self._waiting.close()


def _with_connection(process_request: ProcessRequest | None) -> ProcessRequest | None:
    """A function of the request alone, as one of connection and request."""
    if process_request is None:
        return None
    try:
        parameters = inspect.signature(process_request).parameters.values()
    except (TypeError, ValueError):
        return process_request
    kinds = [it.kind for it in parameters if it.kind not in (it.KEYWORD_ONLY, it.VAR_KEYWORD)]
    if len(kinds) != 1 or kinds[0] is inspect.Parameter.VAR_POSITIONAL:
        return process_request
    return lambda _, request: process_request(request)


LAST_CALL = 1.0
"""Seconds that a cancelled handler has to end."""

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
