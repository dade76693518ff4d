"""What a message, or a part of one, is: text or binary."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any

from wspair._native import Prepared
from wspair._words import Kind


def as_kind(message: Any, is_text: bool) -> Any:
    """A message as text, or as binary; one in parts with each of them so."""
    if isinstance(message, str):
        return message if is_text else message.encode()
    if is_buffer(message):
        return payload(message).decode() if is_text else message
    if isinstance(message, AsyncIterable):
        return _each_as_kind(message, is_text)
    if isinstance(message, Iterable) and not isinstance(message, (Mapping, Prepared)):
        return (as_kind(part, is_text) for part in message)
    return message


async def _each_as_kind(parts: AsyncIterable[Any], is_text: bool) -> AsyncIterator[Any]:
    async for part in parts:
        yield as_kind(part, is_text)


def is_buffer(value: Any) -> bool:
    """Whether it is bytes, or can be seen as such."""
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def payload(data: Any) -> bytes:
    """The bytes of a buffer, or of a `str` in UTF-8.

    Raises:
        TypeError: it is neither.
    """
    return data.encode() if isinstance(data, str) else memoryview(data).tobytes()


def kind_of(part: Any, before: Kind | None) -> Kind:
    """What a part is, which is what those before it were.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(part, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"a part is str or a buffer, not {type(part).__name__}")
    kind = Kind.TEXT if isinstance(part, str) else Kind.BINARY
    if before not in (None, kind):
        raise TypeError("the parts of a message are all str, or all buffers")
    return kind
