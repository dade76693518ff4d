"""A client for threads."""

from __future__ import annotations

import logging
import socket
import ssl as _ssl
from collections.abc import Sequence
from typing import Any

from wspair._asking import (
    MAX_REDIRECTS,
    NO_SOCKS,
    Asking,
    ask,
    proxy_for,
    proxy_options,
    without_password,
)
from wspair._http import HeadersLike, SentRequest
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    WriteLimit,
    check_seconds,
    settle,
)
from wspair._words import Role
from wspair.exceptions import InvalidArgumentError, InvalidStatus, ProxyError, SecurityError
from wspair.sync._opening import TIMEOUTS, Deadline, ask_server
from wspair.sync._websocket import WebSocket
from wspair.sync._wire import Wire

__all__ = ["ClientConnection", "connect", "unix_connect"]

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
        close_timeout: Seconds that the closing handshake may take; `None` is no limit.
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
            its = sock or _reach(asking, path, proxy, local_addr, deadline)
        except TIMEOUTS as error:
            raise TimeoutError(str(error)) from error
        try:
            its = _secure(its, asking, *tls, deadline)
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


def unix_connect(path: Any, uri: str = "ws://localhost/", **options: Any) -> ClientConnection:
    """As `connect`, on a Unix socket."""
    return connect(uri, path=path, **options)


def _reach(
    asking: Asking,
    path: Any,
    proxy: str | bool | None,
    local_addr: tuple[str, int] | None,
    deadline: Deadline,
) -> socket.socket:
    if path is not None:
        its = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        its.settimeout(deadline.left())
        its.connect(path)
        return its
    host, port = asking.request.host, asking.request.port
    via = proxy_for(asking.request, proxy)
    if via is None:
        return socket.create_connection((host, port), deadline.left(), local_addr)
    return _through(via, host, port, local_addr, deadline)


def _through(
    proxy: str, host: str, port: int, local_addr: tuple[str, int] | None, deadline: Deadline
) -> socket.socket:
    try:
        import python_socks
        from python_socks.sync import Proxy
    except ImportError:
        raise ImportError(NO_SOCKS) from None
    try:
        connector: Any = Proxy(**proxy_options(proxy))
        its: socket.socket = connector.connect(
            dest_host=host, dest_port=port, timeout=deadline.left(), local_addr=local_addr
        )
        return its
    except python_socks.ProxyTimeoutError as error:
        raise TimeoutError(f"the proxy {without_password(proxy)} took too long") from error
    except (python_socks.ProxyError, OSError) as error:
        shown = without_password(proxy)
        raise ProxyError(f"the proxy {shown} did not connect to {host}:{port}: {error}") from error


def _secure(
    its: socket.socket,
    asking: Asking,
    ssl: _ssl.SSLContext | bool | None,
    server_hostname: str | None,
    deadline: Deadline,
) -> socket.socket:
    if not asking.request.is_secure:
        if ssl is not None:
            raise InvalidArgumentError("ssl is given, and the address is not a wss: one")
        return its
    context = _ssl.create_default_context() if ssl in (None, True) else ssl
    if not isinstance(context, _ssl.SSLContext):
        raise TypeError(f"ssl is {ssl!r}; allowed are SSLContext, True and None")
    its.settimeout(deadline.left())
    return context.wrap_socket(its, server_hostname=server_hostname or asking.request.host)
