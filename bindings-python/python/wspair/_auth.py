"""Basic authentication (RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
import inspect
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any, Callable, Union

if TYPE_CHECKING:
    from wspair._http import Response

Credentials = tuple[str, str]
Check = Callable[[str, str], Union[bool, Awaitable[bool]]]


def basic_auth(
    realm: str = "",
    credentials: Credentials | Iterable[Credentials] | None = None,
    check_credentials: Check | None = None,
) -> Callable[[Any, Any], Awaitable[Response | None]]:
    """Makes a `process_request` that asks for a user name and a password.

    Who is let in is the connection's `username`; anybody else gets a 401.

    Args:
        realm: What the credentials are for; ASCII.
        credentials: A pair of user name and password, or several.
        check_credentials: Is called with both instead, and awaited if it is to be; says whether
            they are right.

    Raises:
        TypeError: credentials of another shape.
        ValueError: both, or neither, are given; a realm that is no ASCII.
    """
    if (credentials is None) == (check_credentials is None):
        raise ValueError("either credentials or check_credentials is to be given")
    if not realm.isascii() or not realm.isprintable():
        raise ValueError(f"realm is {realm!r}; allowed is ASCII")
    check = check_credentials or _checker(_pairs(credentials))
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')

    def refuse(connection: Any, text: str) -> Response:
        response: Response = connection.respond(401, text)
        response.headers["WWW-Authenticate"] = f'Basic realm="{quoted}", charset="UTF-8"'
        return response

    async def process_request(connection: Any, request: Any) -> Response | None:
        given = parse(request.headers.get_all("Authorization"))
        if given is None:
            return refuse(connection, "Credentials are needed.\n")
        is_right = check(*given)
        if inspect.isawaitable(is_right):
            is_right = await is_right
        if not is_right:
            return refuse(connection, "The credentials are wrong.\n")
        connection.username = given[0]
        return None

    return process_request


def build(user: str, password: str) -> str:
    """The value of `Authorization`."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def parse(values: list[str]) -> Credentials | None:
    """What `Authorization` says, unless that is something else."""
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(token.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon else None


def _pairs(credentials: Any) -> dict[str, str]:
    pairs = [credentials] if _is_pair(credentials) else credentials
    try:
        pairs = list(pairs)
    except TypeError:
        pairs = [None]
    if not all(_is_pair(pair) for pair in pairs):
        # Their values do not belong in a log.
        raise TypeError("credentials is something else than pairs of user name and password")
    return dict(pairs)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(it, str) for it in value)


def _checker(known: dict[str, str]) -> Check:
    def check(user: str, password: str) -> bool:
        expected = known.get(user)
        # As long for a user that there is as for one that there is not.
        same = hmac.compare_digest((expected or "").encode(), password.encode())
        return same and expected is not None

    return check
