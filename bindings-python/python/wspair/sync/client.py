"""A client for threads."""

from __future__ import annotations

import logging
import socket
import ssl as _ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable

from wspair._asking import MAX_REDIRECTS, ask, proxy_for, without_password
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
from wspair._words import Role
from wspair.exceptions import InvalidStatus, SecurityError
from wspair.sync._dialing import reach, secure
from wspair.sync._opening import TIMEOUTS, Deadline, ask_server
from wspair.sync._websocket import WebSocket
from wspair.sync._wire import Wire

__all__ = ["ClientConnection", "connect", "reconnect", "unix_connect", "unix_reconnect"]

log = logging.getLogger("wspair")


class ClientConnection(WebSocket):
    """A connection of a client."""

    request: SentRequest


def connect(
    uri: str,
    *,
    sock: socket.socket | None = None,
    ssl: _ssl.SSLContext | bool | None = None,
    server_hostname: str | None = None,
    local_addr: tuple[str, int] | None = None,
    origin: str | None = None,
    subprotocols: Sequence[str] | None = None,
    compression: Compression = None,
    additional_headers: HeadersLike | None = None,
    user_agent_header: str | None = None,
    fields: HeadersLike = (),
    proxy: str | bool | None = True,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: MaxSize = 1 << 20,
    max_queue: MaxQueue = None,
    write_limit: WriteLimit = 1 << 16,
    logger: Any = None,
    **options: Any,
) -> ClientConnection:
    """Connects to a server: `with connect(...) as ws`.

    Redirects are followed, up to 10, but not out of TLS; credentials stay with their origin.

    Args:
        uri: A `ws:` or `wss:` address. A user name and a password in it are sent as Basic
            authentication.
        sock: A connected socket to use, which is the connection's from then on.
        ssl: A context for a `wss:` address. Default: the system's certificates.
        server_hostname: Whom the certificate has to name, if not the address's host.
        local_addr: Host and port to connect from.
        origin: On whose behalf the client asks.
        subprotocols: Those to offer, the best liked first.
        compression: Whether to offer compression: `"deflate"`, `True`, `DeflateOptions`, or
            `None`, the default.
        additional_headers: Further fields, as pairs or a mapping; `fields` is the same.
        user_agent_header: The field `User-Agent`. Default `None`: there is none.
        fields: Further fields.
        proxy: As of `wspair.asyncio.connect`.
        open_timeout: Seconds for the connection with its handshake; `None` is no limit.
        ping_interval: Seconds of silence until a ping; `None` is off.
        ping_timeout: Seconds that its answer may take; `None` is no limit.
        close_timeout: Seconds that the closing handshake may take, and answers to messages of a
            peer that ended the stream without one; `None` is no limit.
        max_size: Longest message in bytes; `None` is no limit. `(message, frame)` limits both.
        max_queue: With more waiting messages reading pauses, until a quarter is left; `(high, low)`
            sets both. Default `None`: only their bytes count, up to 1 MiB.
        write_limit: With so many bytes to write `send` waits.
        logger: Default `logging.getLogger("wspair")`.
        **options: Of the connection, see `ConnectionOptions`.

    Raises:
        InvalidURI: the address is not that of a WebSocket.
        InvalidStatus: the server said no.
        ProxyError: the proxy did not connect.
        InvalidHandshake: it did not open a WebSocket.
        OSError: it cannot be reached.
        TimeoutError: `open_timeout` passed.
        TypeError: an unknown option, or a value of the wrong type.
        InvalidArgumentError: a value out of range.
    """
    path = options.pop("path", None)
    settings = settle(
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
    asking = ask(
        uri,
        origin=origin,
        subprotocols=subprotocols,
        compression=compression,
        additional_headers=additional_headers,
        fields=fields,
        user_agent_header=user_agent_header,
    )
    proxy_for(asking.request, proxy)
    its_log = logger or log
    deadline = Deadline(check_seconds("open_timeout", open_timeout), "no WebSocket")
    tls = (ssl, server_hostname)
    for _ in range(MAX_REDIRECTS + 1):
        try:
            its = sock or reach(asking, path, proxy, local_addr, deadline)
        except TIMEOUTS as error:
            raise TimeoutError(str(error)) from error
        try:
            its = secure(its, asking, *tls, deadline)
            opened, rest, request, response = ask_server(its, asking.request, deadline)
        except InvalidStatus as error:
            its.close()
            is_fixed = sock is not None or path is not None
            redirected = asking.follow(error.response, is_fixed=is_fixed)
            if redirected is None:
                raise
            asking = redirected
            continue
        except TIMEOUTS as error:
            its.close()
            raise TimeoutError(str(error)) from error
        except BaseException:
            its.close()
            raise
        ws = ClientConnection(its)
        ws.request, ws.response = request, response
        connection = settings.connection(Role.CLIENT, opened.agreed, auto_close=False)
        wire = ws._wire = Wire(its, connection, settings, its_log, asking.shown)
        wire.start(rest)
        return ws
    raise SecurityError(f"more than {MAX_REDIRECTS} redirects")


class reconnect:
    """Connects again and again: `for ws in reconnect(...)`.

    When the body is left, or goes on with the next round, the connection is closed. Where
    connecting fails with what may pass, it is tried again after a delay that grows with each
    failure.

    Args:
        uri: As of `connect`.
        process_exception: As of `wspair.asyncio.connect`.
        reconnect_delays: As of `wspair.asyncio.connect`.
        **options: As of `connect`.
    """

    def __init__(
        self,
        uri: str,
        *,
        process_exception: ProcessException = process_exception,
        reconnect_delays: Callable[[], Iterator[float]] = backoff,
        **options: Any,
    ) -> None:
        check_callable("process_exception", process_exception)
        check_callable("reconnect_delays", reconnect_delays)
        self._uri = uri
        self._process_exception = process_exception
        self._delays = reconnect_delays
        self._options = options
        self._log = options.get("logger") or log
        self._ws: ClientConnection | None = None

    def __iter__(self) -> Iterator[ClientConnection]:
        delays = self._delays()
        while True:
            try:
                ws = connect(self._uri, **self._options)
            except Exception as error:
                delay = delay_after(error, self._process_exception, delays)
                shown = without_password(self._uri)
                self._log.info("connecting to %s failed, again in %.1f s: %r", shown, delay, error)
                time.sleep(delay)
                continue
            delays = self._delays()
            with ws:
                yield ws

    def __enter__(self) -> ClientConnection:
        self._ws = connect(self._uri, **self._options)
        return self._ws

    def __exit__(self, *exc: Any) -> None:
        ws, self._ws = self._ws, None
        if ws is not None:
            ws.__exit__(*exc)


def unix_connect(path: Any, uri: str = "ws://localhost/", **options: Any) -> ClientConnection:
    """As `connect`, on a Unix socket."""
    return connect(uri, path=path, **options)


def unix_reconnect(path: Any, uri: str = "ws://localhost/", **options: Any) -> reconnect:
    """As `reconnect`, on a Unix socket."""
    return reconnect(uri, path=path, **options)
