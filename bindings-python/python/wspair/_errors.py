"""The caller's mistakes. What the peer does is an event, never an exception."""

from __future__ import annotations


class LocalProtocolError(Exception):
    """The caller asked for something that is impossible now. Nothing has changed."""


class InvalidArgumentError(LocalProtocolError, ValueError):
    """An argument that no state would make right."""


class ClosingError(LocalProtocolError):
    """Nothing can be sent any more: a close went before, or the connection ended."""


class BackpressureError(LocalProtocolError):
    """Too much waits already. Nothing was queued.

    Attributes:
        queued: How many bytes wait.
    """

    def __init__(self, message: str, queued: int) -> None:
        super().__init__(message, queued)
        self.queued = queued

    def __str__(self) -> str:
        return str(self.args[0])
