"""The options of `serve` and `connect`, checked where they are given."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypeVar, Union

from wspair._native import ClientRequest, Connection, DeflateOptions, Negotiated
from wspair._words import Role
from wspair.exceptions import InvalidArgumentError

if TYPE_CHECKING:
    from wspair._options import ConnectionOptions

MaxSize = Union[int, tuple[Union[int, None], Union[int, None]], None]
MaxQueue = Union[int, tuple[Union[int, None], Union[int, None]], None]
WriteLimit = Union[int, tuple[int, Union[int, None]]]
Compression = Union[str, bool, DeflateOptions, None]

UNLIMITED = (1 << 63) - 1

T = TypeVar("T")


class Settings(NamedTuple):
    """What the connections of a server, or of a client, have in common."""

    options: ConnectionOptions
    """Of the engine."""
    max_queue: tuple[int, int]
    """With how many waiting messages reading pauses, and goes on."""
    write_limit: tuple[int, int | None]
    """With how many bytes in the transport writing pauses, and goes on."""

    @property
    def close_timeout(self) -> float | None:
        """Seconds that either side may take to come to an end."""
        return self.options["close_within"]

    def connection(self, role: Role, agreed: Negotiated, *, auto_close: bool = True) -> Connection:
        """Makes the engine of a connection."""
        options = self.options.copy()
        options["auto_close"] = auto_close
        return Connection(role, agreed, **options)


def settle(
    options: Mapping[str, Any],
    of: Callable[..., object],
    *,
    compression: Compression = None,
    max_size: MaxSize = 1 << 20,
    max_queue: MaxQueue = None,
    write_limit: WriteLimit = 1 << 16,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
) -> Settings:
    """Puts the options of a function together, those that have a name of the engine's too.

    Raises:
        TypeError: an unknown option, or a value of the wrong type.
        InvalidArgumentError: a value out of range.
    """
    size, frame = max_size if isinstance(max_size, tuple) else (max_size, None)
    engine: dict[str, Any] = {
        "max_message": size,
        "max_frame": frame,
        "ping_after": ping_interval,
        "pong_within": ping_timeout,
        "close_within": close_timeout,
        "compression": compression_of(compression),
    }
    for name in options:
        if name not in CONNECTION:
            raise TypeError(_unexpected(name, of))
    engine.update(options)
    try:
        Connection(Role.SERVER, None, **engine)
    except (TypeError, ValueError) as error:
        raise type(error)(_renamed(str(error), options)) from None
    return Settings(
        engine,  # type: ignore[arg-type]
        _marks("max_queue", max_queue, default=UNLIMITED),
        _write_limit(write_limit),
    )


def compression_of(compression: Compression) -> bool | DeflateOptions | None:
    """`"deflate"` is `True`; the engine knows the rest."""
    if compression == "deflate":
        return True
    if isinstance(compression, str) or not isinstance(
        compression, (bool, DeflateOptions, type(None))
    ):
        raise InvalidArgumentError(
            f"compression is {compression!r}; allowed are 'deflate', True, False, None and"
            " DeflateOptions"
        )
    return compression


def listed(name: str, values: Iterable[T] | None, what: str) -> list[T]:
    """What an option lists. A text is not taken for a list of letters."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (Iterable, type(None))):
        raise TypeError(f"{name} is {values!r}; allowed is a sequence of {what}")
    return list(values or ())


def check_subprotocols(subprotocols: Iterable[str] | None) -> list[str]:
    """Each must be a token (RFC 6455 4.1)."""
    names = listed("subprotocols", subprotocols, "names")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"subprotocols has {name!r}; allowed are names")
        try:
            ClientRequest("ws://localhost/", subprotocols=[name])
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"subprotocols has {name!r}: {error}") from None
    return names


def check_field(option: str, name: str, value: str) -> None:
    """What can be the value of a header field."""
    if not isinstance(value, str):
        raise TypeError(f"{option} is {value!r}; allowed are a str and None")
    try:
        ClientRequest("ws://localhost/", fields=[(name, value)])
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{option} is {value!r}: {error}") from None


def check_seconds(name: str, seconds: float | None) -> float | None:
    """A time that is not negative, or none."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} is {seconds!r}; allowed are seconds, or None")
    if not 0 <= seconds < float("inf"):
        raise InvalidArgumentError(f"{name} is {seconds!r}; allowed are seconds from 0 on, or None")
    return seconds


def check_callable(name: str, value: Any) -> None:
    """A function, or whatever else can be called."""
    if not callable(value):
        raise TypeError(f"{name} is {value!r}; allowed is a function")


def _unexpected(name: str, of: Callable[..., object]) -> str:
    """Says that a function has no such option, and which one was probably meant."""
    named = (it for it in inspect.signature(of).parameters.values() if it.kind != it.VAR_KEYWORD)
    near = difflib.get_close_matches(name, [*CONNECTION, *(it.name for it in named)], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"got an unexpected keyword argument {name!r}{hint}"


def _marks(name: str, value: MaxQueue, default: int) -> tuple[int, int]:
    high, low = value if isinstance(value, tuple) else (value, None)
    for mark in (high, low):
        if mark is not None and (isinstance(mark, bool) or not isinstance(mark, int)):
            raise TypeError(f"{name} is {value!r}; allowed are numbers of messages, or None")
        if mark is not None and mark < 0:
            raise InvalidArgumentError(f"{name} is {value!r}; allowed are numbers from 0 on")
    high = default if high is None else high
    low = high // 4 if low is None else low
    if low > high:
        raise InvalidArgumentError(f"{name} is {value!r}; the low mark is over the high one")
    return high, low


def _write_limit(value: WriteLimit) -> tuple[int, int | None]:
    high, low = value if isinstance(value, tuple) else (value, None)
    if high is None:
        raise TypeError("write_limit is None; allowed are numbers of bytes")
    high, checked = _marks("write_limit", (high, low), default=0)
    return high, None if low is None else checked


def _renamed(text: str, given: Mapping[str, Any]) -> str:
    """An error about an option, under the name that it was given by."""
    for ours, theirs in NAMES.items():
        if ours not in given and text.startswith(ours):
            return theirs + text[len(ours) :]
    return text


NAMES = {
    "max_message": "max_size",
    "max_frame": "max_size",
    "ping_after": "ping_interval",
    "pong_within": "ping_timeout",
    "close_within": "close_timeout",
}
"""The engine's options that have another name here."""

CONNECTION = (
    "max_message",
    "max_frame",
    "max_fragments",
    "max_outgoing",
    "high_water_mark",
    "outgoing_mark",
    "auto_pong",
    "ping_after",
    "pong_within",
    "close_within",
    "split_above",
    "share_from",
)
"""The engine's options that a host leaves to the application."""
