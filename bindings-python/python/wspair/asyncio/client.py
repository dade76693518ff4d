"""A client."""

from __future__ import annotations

import asyncio
import logging
import ssl as _ssl
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Any, Callable, cast

from wspair._asking import MAX_REDIRECTS, Asking, ask, proxy_for
from wspair._ending import describe
from wspair._http import HeadersLike, SentRequest
from wspair._retrying import ProcessException, backoff, delay_after, process_exception
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    WriteLimit,
    check_callable,
    check_seconds,
    settle,
)
from wspair.asyncio._client_opening import ClientOpening
from wspair.asyncio._dialing import dial
from wspair.asyncio._timeout import timeout
from wspair.asyncio._websocket import WebSocket
from wspair.exceptions import InvalidStatus, SecurityError

__all__ = ["ClientConnection", "connect", "process_exception", "unix_connect"]

log = logging.getLogger("wspair")


class ClientConnection(WebSocket):
    """A connection of a client.

    Attributes:
        request: What was asked with: `path`, `headers`, …
        response: The server's answer.
    """

    request: SentRequest


class connect:
    """Connects to a server: `await connect(...)`, or `async with connect(...) as ws`; with
    `async for ws in connect(...)` again and again.

    Redirects are followed, up to 10, but not out of TLS; credentials stay with their origin.

    Args:
        uri: A `ws:` or `wss:` address. A user name and a password in it are sent as Basic
            authentication.
        origin: On whose behalf the client asks.
        subprotocols: Those to offer, the best liked first.
        compression: Whether to offer compression: `"deflate"`, `True`, `DeflateOptions`, or
            `None`, the default.
        additional_headers: Further fields, as pairs or a mapping; `fields` is the same.
        user_agent_header: The field `User-Agent`. Default `None`: there is none.
        proxy: The address of a proxy, `http://`, `socks4://` or `socks5://`, with credentials where
            it asks for them; `None` for none. Default `True`: what the environment says, as
            `https_proxy` and `no_proxy`; loopback addresses are reached directly. Needs
            `wspair[proxy]`.
        process_exception: Says of an exception of connecting whether `async for` goes on: returns
            `None`, or what to raise. The default goes on after whatever may pass.
        reconnect_delays: Gives an iterator over the seconds to wait after each failure in a row,
            the last of which is raised where it ends. The default grows to a minute.
        open_timeout: Seconds for the connection with its handshake; `None` is no limit.
        ping_interval: Seconds of silence until a ping; `None` is off.
        ping_timeout: Seconds that its answer may take; `None` is no limit.
        close_timeout: Seconds that the closing handshake may take, and answers to messages of a
            peer that ended the stream without one; `None` is no limit.
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
        ProxyError: the proxy did not connect.
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
        proxy: str | bool | None = True,
        process_exception: ProcessException = process_exception,
        reconnect_delays: Callable[[], Iterator[float]] = backoff,
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
            connect,
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
        if not isinstance(ssl := self._where.get("ssl"), (_ssl.SSLContext, bool, type(None))):
            raise TypeError(f"ssl is {ssl!r}; allowed are an ssl.SSLContext, True and None")
        self._asking = ask(
            uri,
            origin=origin,
            subprotocols=subprotocols,
            compression=compression,
            additional_headers=additional_headers,
            fields=fields,
            user_agent_header=user_agent_header,
        )
        check_callable("process_exception", process_exception)
        check_callable("reconnect_delays", reconnect_delays)
        proxy_for(self._asking.request, proxy)
        self._proxy = proxy
        self._process_exception = process_exception
        self._delays = reconnect_delays
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

    async def __aiter__(self) -> AsyncIterator[ClientConnection]:
        """Connects again and again: `async for ws in connect(...)`.

        When the body is left, or goes on with the next round, the connection is closed. Where
        connecting fails with what may pass, see `process_exception`, it is tried again after a
        delay that grows with each failure.
        """
        delays = self._delays()
        while True:
            try:
                ws = await self
            except Exception as error:
                delay = delay_after(error, self._process_exception, delays)
                self._log.info(
                    "connecting to %s failed, again in %.1f s: %r", self._asking.shown, delay, error
                )
                await asyncio.sleep(delay)
                continue
            delays = self._delays()
            async with ws:
                yield ws

    async def _open(self) -> ClientConnection:
        try:
            async with timeout(self._open_timeout):
                opening = await self._connect()
        except asyncio.TimeoutError as error:
            text = f"no WebSocket within {self._open_timeout} s"
            raise asyncio.TimeoutError(text) from error
        # In the caller's own task: it can answer what came behind the server's answer before that
        # is over.
        wire = opening.start(self._settings, self._log)
        ws = ClientConnection(opening.transport, wire)
        ws.request = opening.request
        ws.response = opening.response
        if self._log.isEnabledFor(logging.INFO):
            shown = self._asking.shown
            self._log.info("connection open: %s", shown)
            wire.on_gone = lambda: self._log.info(
                "connection closed: %s, %s", shown, describe(wire.closed)
            )
        return ws

    async def _connect(self) -> ClientOpening:
        asking = self._asking
        for _ in range(MAX_REDIRECTS + 1):
            opening = await self._ask(asking)
            try:
                await opening.opened
                return opening
            except InvalidStatus as error:
                is_fixed = any(self._where.get(name) for name in FIXED)
                redirected = asking.follow(error.response, is_fixed=is_fixed)
                if redirected is None:
                    raise
                self._log.info("redirected to %s", redirected.shown)
                asking = redirected
            except BaseException:
                opening.transport.abort()
                raise
        raise SecurityError(f"more than {MAX_REDIRECTS} redirects")

    async def _ask(self, asking: Asking) -> ClientOpening:
        _, opening = await dial(
            lambda: ClientOpening(asking.request), asking, self._where, self._proxy
        )
        return cast(ClientOpening, opening)


def unix_connect(path: Any = None, uri: str = "ws://localhost/", **options: Any) -> connect:
    """As `connect`, on a Unix socket."""
    return connect(uri, unix=True, path=path, **options)


FIXED = ("sock", "host", "port", "unix")
"""The options that say where to connect to, whatever the address says."""

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
    "unix",
    "path",
)
"""The options of `loop.create_connection` and `loop.create_unix_connection`."""
