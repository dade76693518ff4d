"""What a server says to a request, whatever carries it."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Callable, NamedTuple, Union

from wspair._http import Headers, Response, without_framing
from wspair._native import Acceptance, Policy, Refusal, Request
from wspair._settings import (
    Compression,
    check_callable,
    check_field,
    check_subprotocols,
    compression_of,
    listed,
)
from wspair.exceptions import InvalidArgumentError, NegotiationError

Answer = Union[Response, Refusal, None]
OriginLike = Union[str, re.Pattern[str], None]


class Negotiation(NamedTuple):
    """The options of a server that are about the handshake."""

    origins: Origins
    subprotocols: list[str]
    select_subprotocol: Callable[[Any, Sequence[str]], str | None] | None
    process_request: Callable[..., Any] | None
    process_response: Callable[..., Any] | None
    server_header: str | None

    def judge(self, connection: Any, request: Request) -> Acceptance | Refusal:
        """Applies origins, subprotocols and compression."""
        offered = request.subprotocols
        if self.select_subprotocol is not None:
            try:
                chosen = self.select_subprotocol(connection, offered)
            except NegotiationError as error:
                return Refusal(400, TEXT, f"{error}\n".encode())
        else:
            chosen = next((name for name in self.subprotocols if name in offered), None)
        return request.accept(self.origins.policy(request), chosen)

    def propose(self, acceptance: Acceptance) -> Response:
        """The answer that opens the connection, for `process_response` to see and change."""
        headers = Headers(acceptance.fields)
        if self.server_header is not None:
            headers["Server"] = self.server_header
        return Response(101, headers=headers)


def negotiation(
    *,
    origins: Iterable[OriginLike] | None,
    allow_missing_origin: bool,
    subprotocols: Sequence[str] | None,
    select_subprotocol: Any,
    compression: Compression,
    process_request: Any,
    process_response: Any,
    server_header: str | None,
) -> Negotiation:
    """Checks the options.

    Raises:
        TypeError: a value of the wrong type.
        InvalidArgumentError: a value out of range.
    """
    for name, function in (
        ("process_request", process_request),
        ("process_response", process_response),
        ("select_subprotocol", select_subprotocol),
    ):
        if function is not None:
            check_callable(name, function)
    if server_header is not None:
        check_field("server_header", "Server", server_header)
    return Negotiation(
        Origins(origins, allow_missing_origin, compression),
        check_subprotocols(subprotocols),
        select_subprotocol,
        _with_connection(process_request),
        process_response,
        server_header,
    )


def opening(acceptance: Acceptance, response: Response) -> list[tuple[bytes, bytes]]:
    """The fields of a response that opens the connection beside the handshake's own."""
    own = Counter(Headers(acceptance.fields).raw_items())
    extra = Headers()
    for name, value in response.headers.raw_items():
        if own[name, value]:
            own[name, value] -= 1
        else:
            extra[name] = value
    return extra.encoded()


def refusal(who: str, answer: Any) -> Refusal:
    """What an application's function returned, as an answer that says no.

    Raises:
        TypeError: it returned something else.
    """
    if isinstance(answer, Response):
        return Refusal(answer.status_code, without_framing(answer.headers.encoded()), answer.body)
    if not isinstance(answer, Refusal):
        raise TypeError(f"{who} returned {answer!r}; allowed are Response, Refusal and None")
    return answer


def failure() -> Refusal:
    """The answer where the application failed."""
    return Refusal(500, TEXT, b"The server failed; its log says why.\n")


TEXT = {"Content-Type": "text/plain; charset=utf-8"}
"""The fields of an answer in words."""


class Origins:
    """Whose pages may connect."""

    def __init__(
        self,
        origins: Iterable[OriginLike] | None,
        allow_missing: bool,
        compression: Compression,
    ) -> None:
        given = None if origins is None else listed("origins", origins, "origins")
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


def _with_connection(process_request: Callable[..., Any] | None) -> Callable[..., Any] | None:
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
