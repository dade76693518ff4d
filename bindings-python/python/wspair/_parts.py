"""What a message, or a part of one, is: text or binary."""

from __future__ import annotations

from typing import Any

from wspair._words import Kind


def as_kind(message: Any, is_text: bool) -> Any:
    """A message as text, or as binary."""
    if isinstance(message, str):
        return message if is_text else message.encode()
    if not is_text:
        return message
    return bytes(message).decode()


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
