"""What a client asks, and whom: addresses, credentials, redirects, proxies."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any, NamedTuple

from wspair import _auth
from wspair._http import Headers, HeadersLike, Response
from wspair._native import ClientRequest
from wspair._settings import Compression, check_subprotocols, compression_of
from wspair.exceptions import (
    InvalidArgumentError,
    InvalidMessage,
    InvalidProxy,
    InvalidURI,
    SecurityError,
)

MAX_REDIRECTS = 10
"""Redirects that are followed before giving up."""

REDIRECTS = (300, 301, 302, 303, 307, 308)

CREDENTIALS = ("authorization", "cookie", "proxy-authorization")
"""The fields that are for one origin only."""

PROXIES = ("http", "socks4", "socks4a", "socks5", "socks5h")
"""The schemes of proxies."""


class Asking(NamedTuple):
    """A request that a client is about to make."""

    uri: str
    headers: Headers
    options: dict[str, Any]
    """Of `ClientRequest`, but for the fields."""
    request: ClientRequest

    @property
    def shown(self) -> str:
        """The address without a password, for logs."""
        return without_password(self.uri)

    def at(self, uri: str, headers: Headers) -> Asking:
        """The same request to another address.

        Raises:
            InvalidURI: it is not that of a WebSocket.
        """
        try:
            ClientRequest(uri)
        except InvalidArgumentError as error:
            raise InvalidURI(without_password(uri), str(error)) from None
        fields = headers.copy()
        parts = urllib.parse.urlsplit(uri)
        if parts.username is not None and "Authorization" not in fields:
            user, password = map(urllib.parse.unquote, (parts.username, parts.password or ""))
            fields["Authorization"] = _auth.build(user, password)
        request = ClientRequest(uri, fields=fields.encoded(), **self.options)
        return Asking(uri, headers, self.options, request)

    def follow(self, response: Response, *, is_fixed: bool) -> Asking | None:
        """The request that a redirect asks for; `None` where the response is none.

        Args:
            response: The server's answer.
            is_fixed: Where to connect to was given beside the address, or is a socket.

        Raises:
            InvalidMessage: the new address is not that of a WebSocket.
            SecurityError: it leaves TLS, or leads anywhere though `is_fixed`.
        """
        location = response.headers.get_all("Location")
        if response.status_code not in REDIRECTS or len(location) != 1:
            return None
        try:
            uri = urllib.parse.urljoin(self.uri, location[0])
            uri = re.sub("^http", "ws", urllib.parse.urldefrag(uri).url, flags=re.IGNORECASE)
            asking = self.at(uri, self.headers)
        except ValueError as error:
            raise InvalidMessage(f"a redirect to nowhere: {error}") from error
        before, after = self.request, asking.request
        if before.is_secure and not after.is_secure:
            raise SecurityError(f"a redirect from TLS to {asking.shown} is not followed")
        if is_fixed:
            raise SecurityError(
                f"a redirect to {asking.shown} cannot be followed, as the address to connect to"
                " was given"
            )
        if (before.is_secure, before.host, before.port) != (
            after.is_secure,
            after.host,
            after.port,
        ):
            kept = [it for it in self.headers.raw_items() if it[0].lower() not in CREDENTIALS]
            asking = self.at(uri, Headers(kept))
        return asking


def ask(
    uri: str,
    *,
    origin: str | None,
    subprotocols: Sequence[str] | None,
    compression: Compression,
    additional_headers: HeadersLike | None,
    fields: HeadersLike,
    user_agent_header: str | None,
) -> Asking:
    """Puts the options of a client together.

    Raises:
        InvalidURI: the address is not that of a WebSocket.
        TypeError: a value of the wrong type.
        InvalidArgumentError: a value out of range.
    """
    if not isinstance(uri, str):
        raise TypeError(f"uri is {uri!r}; allowed is a str")
    if not isinstance(origin, (str, type(None))):
        raise TypeError(f"origin is {origin!r}; allowed are an origin and None")
    headers = Headers(fields)
    for name, value in Headers(additional_headers or ()).raw_items():
        headers[name] = value
    if user_agent_header is not None and "User-Agent" not in headers:
        headers["User-Agent"] = user_agent_header
    options = {
        "subprotocols": check_subprotocols(subprotocols),
        "origin": origin,
        "compression": compression_of(compression),
    }
    return Asking(uri, headers, options, ClientRequest("ws://localhost/")).at(uri, headers)


def proxy_for(request: ClientRequest, proxy: str | bool | None) -> str | None:
    """The address of the proxy to go through, if there is one.

    Args:
        request: Names the server.
        proxy: An address; `True` asks the environment, which loopback addresses have no need of.

    Raises:
        InvalidProxy: it is not that of a proxy.
    """
    if proxy is True:
        proxy = _proxy_of_the_environment(request)
    if not proxy:
        return None
    if not isinstance(proxy, str):
        raise TypeError(f"proxy is {proxy!r}; allowed are an address, True and None")
    parts = urllib.parse.urlsplit(proxy)
    shown = without_password(proxy)
    if parts.scheme not in PROXIES:
        raise InvalidProxy(shown, f"its scheme is none of {', '.join(PROXIES)}")
    try:
        is_whole = bool(parts.hostname) and parts.port is not None
    except ValueError:
        is_whole = False
    if not is_whole:
        raise InvalidProxy(shown, "a host and a port are needed")
    return proxy


def proxy_options(proxy: str) -> dict[str, Any]:
    """The arguments of `python_socks`' classes."""
    from python_socks import ProxyType

    parts = urllib.parse.urlsplit(proxy)
    kind = {"h": ProxyType.HTTP, "4": ProxyType.SOCKS4, "5": ProxyType.SOCKS5}
    return {
        "proxy_type": kind["h" if parts.scheme == "http" else parts.scheme[5]],
        "host": parts.hostname,
        "port": parts.port,
        "username": None if parts.username is None else urllib.parse.unquote(parts.username),
        "password": None if parts.password is None else urllib.parse.unquote(parts.password),
        # The proxy knows the names that this side may not.
        "rdns": parts.scheme != "socks4",
    }


def without_password(uri: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"(?<=//)[^/?#]*@", "", uri)


def _proxy_of_the_environment(request: ClientRequest) -> str | None:
    if _is_loopback(request.host) or urllib.request.proxy_bypass(f"{request.host}:{request.port}"):
        return None
    found = urllib.request.getproxies()
    names = ("wss", "socks", "https") if request.is_secure else ("ws", "socks", "https", "http")
    return next((found[name] for name in names if found.get(name)), None)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return is_number(host) and ipaddress.ip_address(host).is_loopback


def is_number(host: str) -> bool:
    """Whether a host is an address already."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


NO_SOCKS = "a proxy needs the package python-socks: pip install 'wspair[proxy]'"
"""What to say where it is missing."""
