"""Reaching a server: TCP, TLS, Unix sockets, proxies."""

from __future__ import annotations

import socket
import ssl as _ssl
from typing import Any

from wspair._asking import NO_SOCKS, Asking, proxy_for, proxy_options, without_password
from wspair.exceptions import InvalidArgumentError, ProxyError
from wspair.sync._opening import Deadline


def reach(
    asking: Asking,
    path: Any,
    proxy: str | bool | None,
    local_addr: tuple[str, int] | None,
    deadline: Deadline,
) -> socket.socket:
    """A socket that is connected to the server.

    Args:
        asking: Whom to reach.
        path: Of a Unix socket, instead.
        proxy: See `proxy_for`.
        local_addr: Host and port to connect from.
        deadline: For all of it.

    Raises:
        OSError: it cannot be reached, or not in time.
        ProxyError: the proxy does not connect.
    """
    if path is not None:
        return _connected(socket.AF_UNIX, path, None, deadline)
    host, port = asking.request.host, asking.request.port
    via = proxy_for(asking.request, proxy)
    if via is not None:
        return _through(via, host, port, local_addr, deadline)
    fault: OSError | None = None
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return _connected(family, address, local_addr, deadline)
        except OSError as error:
            fault = fault or error
    assert fault is not None
    raise fault


def _connected(
    family: int, address: Any, local_addr: tuple[str, int] | None, deadline: Deadline
) -> socket.socket:
    its = socket.socket(family, socket.SOCK_STREAM)
    try:
        its.settimeout(deadline.left())
        if local_addr is not None:
            its.bind(local_addr)
        its.connect(address)
    except BaseException:
        its.close()
        raise
    return its


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


def secure(
    its: socket.socket,
    asking: Asking,
    ssl: _ssl.SSLContext | bool | None,
    server_hostname: str | None,
    deadline: Deadline,
) -> socket.socket:
    """The socket with TLS around it, where the address asks for that."""
    if not asking.request.is_secure:
        if ssl is not None:
            raise InvalidArgumentError("ssl is given, and the address is not a wss: one")
        return its
    context = _ssl.create_default_context() if ssl in (None, True) else ssl
    if not isinstance(context, _ssl.SSLContext):
        raise TypeError(f"ssl is {ssl!r}; allowed are SSLContext, True and None")
    its.settimeout(deadline.left())
    return context.wrap_socket(its, server_hostname=server_hostname or asking.request.host)
