"""One message to many connections, whoever waits for them: tasks or threads."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from wspair._native import Prepared
from wspair._parts import as_kind
from wspair._words import ReadyState

if TYPE_CHECKING:
    from wspair._options import Message

log = logging.getLogger("wspair")


class Open(Protocol):
    """What is sent to."""

    @property
    def ready_state(self) -> ReadyState:
        """How far the connection has come."""

    @property
    def remote_address(self) -> Any:
        """Of the peer, for the log."""


Connection = TypeVar("Connection", bound=Open)


def to_all(
    send: Callable[[Connection, Prepared], None],
    connections: Iterable[Connection],
    message: Message | Prepared,
    text: bool | None,
    raise_exceptions: bool,
) -> None:
    """Frames a message once, and sends it to every connection that is open.

    Raises:
        TypeError: it is no message.
        ExceptionGroup: what `send` raised, with `raise_exceptions`; else that is logged.
    """
    if raise_exceptions and sys.version_info < (3, 11):
        raise ValueError("raise_exceptions needs Python 3.11, which has ExceptionGroup")
    if text is not None and not isinstance(message, Prepared):
        message = as_kind(message, text)
    prepared = message if isinstance(message, Prepared) else Prepared(message)
    errors: list[Exception] = []
    for ws in list(connections):
        if ws.ready_state is not ReadyState.OPEN:
            continue
        try:
            send(ws, prepared)
        except Exception as error:
            if not raise_exceptions:
                log.warning("broadcast to %s failed: %s", ws.remote_address, error)
            errors.append(error)
    if raise_exceptions and errors:
        group: Any = ExceptionGroup  # type: ignore[name-defined, unused-ignore]  # noqa: F821
        raise group("broadcast", errors)
