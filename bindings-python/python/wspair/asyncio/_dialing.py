"""Reaching a server: TCP, TLS, Unix sockets, proxies."""

from __future__ import annotations

import asyncio
import ssl as _ssl
from typing import Any, Callable

from wspair._asking import NO_SOCKS, Asking, is_number, proxy_for, proxy_options, without_password
from wspair.exceptions import InvalidArgumentError, ProxyError


async def dial(
    make_protocol: Callable[[], Any],
    asking: Asking,
    where: dict[str, Any],
    proxy: str | bool | None,
) -> tuple[Any, Any]:
    """A transport to the server and its protocol.

    Args:
        make_protocol: As of `loop.create_connection`.
        asking: Whom to reach.
        where: Options of `loop.create_connection`, or of `loop.create_unix_connection` with `unix`.
        proxy: See `proxy_for`.

    Raises:
        OSError: it cannot be reached.
        ProxyError: the proxy does not connect.
    """
    loop = asyncio.get_running_loop()
    request, where = asking.request, {**where}
    if request.is_secure:
        ssl = where.get("ssl")
        where["ssl"] = _ssl.create_default_context() if ssl in (None, True) else ssl
        where["server_hostname"] = where.get("server_hostname") or request.host
    elif where.get("ssl") is not None:
        raise InvalidArgumentError("ssl is given, and the address is not a wss: one")
    if where.pop("unix", False):
        return await loop.create_unix_connection(make_protocol, **where)
    where.pop("path", None)
    if where.get("sock") is None:
        where["host"] = where.get("host") or request.host
        where["port"] = where.get("port") or request.port
        via = proxy_for(request, proxy)
        if via is not None:
            where["sock"] = await _through(via, where.pop("host"), where.pop("port"), where)
        elif isinstance(loop, asyncio.BaseEventLoop) and not is_number(where["host"]):
            # Other loops have no such option, and a number needs no race.
            where.setdefault("happy_eyeballs_delay", HAPPY_EYEBALLS)
    return await loop.create_connection(make_protocol, **where)


async def _through(proxy: str, host: str, port: int, where: dict[str, Any]) -> Any:
    """A socket that a proxy has connected to the server."""
    try:
        import python_socks
        from python_socks.async_.asyncio import Proxy
    except ImportError:
        raise ImportError(NO_SOCKS) from None
    try:
        connector: Any = Proxy(**proxy_options(proxy))
        return await connector.connect(
            dest_host=host,
            dest_port=port,
            # `open_timeout` is the one that counts.
            timeout=LONG,
            local_addr=where.pop("local_addr", None),
        )
    except (python_socks.ProxyError, OSError, python_socks.ProxyTimeoutError) as error:
        shown = without_password(proxy)
        raise ProxyError(f"the proxy {shown} did not connect to {host}:{port}: {error}") from error


HAPPY_EYEBALLS = 0.25
"""Seconds until the next address is tried beside one that does not answer (RFC 8305 5)."""

LONG = 1e6
"""Seconds that are no limit."""
