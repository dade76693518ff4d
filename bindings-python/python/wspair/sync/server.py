"""A server for threads: one for each connection."""

from __future__ import annotations

import logging
import socket
import ssl as _ssl
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Union

from wspair import _auth
from wspair._http import Response
from wspair._native import Refusal, Request
from wspair._negotiation import OriginLike, negotiation
from wspair._settings import (
    Compression,
    MaxQueue,
    MaxSize,
    WriteLimit,
    check_callable,
    check_seconds,
    settle,
)
from wspair.sync._broadcast import broadcast
from wspair.sync._serving import Server, ServerConnection

__all__ = ["Server", "ServerConnection", "basic_auth", "broadcast", "serve", "unix_serve"]

Handler = Callable[[ServerConnection], object]
Answer = Union[Response, Refusal, None]

log = logging.getLogger("wspair")


def serve(
    handler: Handler,
    host: str | None = None,
    port: int | None = None,
    *,
    sock: socket.socket | None = None,
    ssl: _ssl.SSLContext | None = None,
    origins: Iterable[OriginLike] | None = None,
    allow_missing_origin: bool = False,
    subprotocols: Sequence[str] | None = None,
    select_subprotocol: Callable[[ServerConnection, Sequence[str]], str | None] | None = None,
    compression: Compression = None,
    process_request: Callable[..., Answer] | None = None,
    process_response: Callable[[ServerConnection, Request, Response], Response | None]
    | None = None,
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
) -> Server:
    """Listens: `with serve(...) as server: server.serve_forever()`.

    Args:
        handler: Is called with each `ServerConnection`, in a thread of its own. When it returns
            the connection is closed with 1000, when it raises with 1011.
        host: To listen on. Default: all addresses.
        port: To listen on; 0 picks one, see `Server.port`.
        sock: A socket that listens, instead of both.
        ssl: A context, for TLS.
        origins: As of `wspair.asyncio.serve`; so are those below.
        allow_missing_origin: The same as `None` among `origins`.
        subprotocols: Those that the server speaks, the best liked first.
        select_subprotocol: Is called with the connection and what the client offers.
        compression: Whether messages may be compressed.
        process_request: Is called with the connection and each valid request; a `Response` or
            `Refusal` that it returns is the answer.
        process_response: Is called with connection, request and response before that is sent.
        server_header: The field `Server` of answers.
        open_timeout: Seconds for the handshake, TLS's included; `None` is no limit.
        ping_interval: Seconds of silence until a ping; `None` is off.
        ping_timeout: Seconds that its answer may take; `None` is no limit.
        close_timeout: Seconds that the closing handshake may take, and answers to messages of a
            peer that ended the stream without one; `None` is no limit.
        max_size: Longest message in bytes.
        max_queue: With more waiting messages reading pauses.
        write_limit: With so many bytes to write `send` waits.
        logger: Default `logging.getLogger("wspair")`.
        **options: Of the connection, see `ConnectionOptions`.

    Raises:
        TypeError: an unknown option, or a value of the wrong type.
        InvalidArgumentError: a value out of range.
        OSError: the address cannot be listened on.
    """
    check_callable("handler", handler)
    path = options.pop("path", None)
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
    rules = negotiation(
        origins=origins,
        allow_missing_origin=allow_missing_origin,
        subprotocols=subprotocols,
        select_subprotocol=select_subprotocol,
        compression=compression,
        process_request=process_request,
        process_response=process_response,
        server_header=server_header,
    )
    timeout = check_seconds("open_timeout", open_timeout)
    listener = sock or _listen(host, port, path)
    return Server(listener, handler, ssl, settings, rules, timeout, logger or log)


def unix_serve(handler: Handler, path: Any, **options: Any) -> Server:
    """As `serve`, on a Unix socket."""
    return serve(handler, path=path, **options)


def basic_auth(
    realm: str = "",
    credentials: tuple[str, str] | Iterable[tuple[str, str]] | None = None,
    check_credentials: Callable[[str, str], bool] | None = None,
) -> Callable[[Any, Any], Response | None]:
    """As `wspair.asyncio.basic_auth`, with a `check_credentials` that is not asynchronous."""
    decide: Any = _auth.basic_auth(realm, credentials, check_credentials)

    def process_request(connection: Any, request: Any) -> Response | None:
        deciding = decide(connection, request)
        try:
            deciding.send(None)
        except StopIteration as end:
            response: Response | None = end.value
            return response
        deciding.close()
        raise TypeError("check_credentials is asynchronous")

    return process_request


def _listen(host: str | None, port: int | None, path: Any) -> socket.socket:
    if path is not None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen()
        return listener
    if port is None:
        raise TypeError("a port, a path or a sock is needed")
    if host:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
