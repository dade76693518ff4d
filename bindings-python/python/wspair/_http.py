"""The HTTP around a handshake, as applications see it."""

from __future__ import annotations

import http
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from wspair._native import ClientRequest


class MultipleValuesError(LookupError):
    """A field came more than once, and one value was asked for."""

    # That of Python has no signature to look at.
    def __init__(self, *args: object) -> None:
        super().__init__(*args)


class Headers(MutableMapping[str, str]):
    """Header fields: names are compared without case, and may repeat.

    `headers[name]` is the one value, `headers.get_all(name)` are all. `headers[name] = value` adds
    a field. Values are ISO-8859-1.

    Args:
        fields: Pairs of name and value, or a mapping.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: HeadersLike = (), /) -> None:
        self._fields: list[tuple[str, str]] = []
        pairs: Iterable[tuple[Any, Any]]
        if isinstance(fields, Headers):
            pairs = fields.raw_items()
        else:
            pairs = fields.items() if isinstance(fields, Mapping) else fields
        for name, value in pairs:
            self[_text(name)] = _text(value)

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        if len(values) > 1:
            raise MultipleValuesError(name)
        return values[0]

    def __setitem__(self, name: str, value: str) -> None:
        self._fields.append((name, str(value)))

    def __delitem__(self, name: str) -> None:
        kept = [field for field in self._fields if field[0].lower() != name.lower()]
        if len(kept) == len(self._fields):
            raise KeyError(name)
        self._fields = kept

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self._fields))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self._fields})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def get_all(self, name: str) -> list[str]:
        """All values of a field, in their order."""
        return [value for other, value in self._fields if other.lower() == name.lower()]

    def raw_items(self) -> Iterator[tuple[str, str]]:
        """All fields, in their order."""
        return iter(self._fields)

    def encoded(self) -> list[tuple[bytes, bytes]]:
        """All fields, as they are on the wire."""
        return [(name.encode(), value.encode("iso-8859-1")) for name, value in self._fields]

    def copy(self) -> Headers:
        """Another one with the same fields."""
        return Headers(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return all(self.get_all(name) == other.get_all(name) for name in {*self, *other})

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


HeadersLike = Union[
    Headers,
    Mapping[str, str],
    Iterable[tuple[str, str]],
    Iterable[tuple[str, bytes]],
    Iterable[tuple[bytes, bytes]],
]


class Response:
    """An answer to a handshake.

    Attributes:
        status_code: 101 where it opens the connection.
        reason_phrase: What the status means, in words.
        headers: The fields.
        body: The content.
    """

    __slots__ = ("body", "headers", "reason_phrase", "status_code")

    def __init__(
        self,
        status_code: int,
        reason_phrase: str = "",
        headers: HeadersLike = (),
        body: bytes | None = b"",
    ) -> None:
        self.status_code = int(status_code)
        self.reason_phrase = reason_phrase or phrase(self.status_code)
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body or b""

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {self.reason_phrase}>"


class SentRequest:
    """What a client asked with.

    Attributes:
        path: Path and query; `target` is the same.
        headers: The fields.
        host: The server's name or address.
        port: The server's port.
        is_secure: Whether it is a `wss:` one.
    """

    __slots__ = ("headers", "host", "is_secure", "path", "port")

    def __init__(self, request: ClientRequest, head: bytes) -> None:
        self.host = request.host
        self.port = request.port
        self.is_secure = request.is_secure
        self.path = request.target
        lines = head.decode("iso-8859-1").split("\r\n")[1:]
        pairs = (line.partition(": ") for line in lines if line)
        self.headers = Headers([(name, value) for name, _, value in pairs])

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path

    def __repr__(self) -> str:
        return f"<SentRequest {self.path} at {self.host}:{self.port}>"


def phrase(status: int) -> str:
    """What a status means, in words; empty where nobody has said."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def without_framing(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields of an answer without those of one hop, which the engine writes itself."""
    return [(name, value) for name, value in fields if name.lower() not in FRAMING]


FRAMING = {b"connection", b"content-length", b"transfer-encoding", b"upgrade"}


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else bytes(value).decode("iso-8859-1")
