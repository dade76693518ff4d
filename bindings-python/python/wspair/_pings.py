"""Pings under way, and how long their answers take."""

from __future__ import annotations

import time
from typing import Callable, Optional

from wspair.exceptions import ConcurrencyError

Tell = Callable[[Optional[float]], None]
"""Is called with the seconds that the answer took, or with `None` at the end without one."""


class Pings:
    """The pings of one connection that have no answer yet.

    Attributes:
        latency: Seconds that the last answer took; 0 before.
    """

    def __init__(self) -> None:
        self.latency = 0.0
        self._waiting: dict[bytes, tuple[Tell, float]] = {}
        self._keepalive: float | None = None

    def check(self, data: bytes) -> None:
        """Raises `ConcurrencyError` where the same ping waits for its answer already."""
        if data in self._waiting:
            raise ConcurrencyError("another ping with the same data has no answer yet")

    def sent(self, data: bytes, tell: Tell) -> None:
        """A ping of the application went out."""
        self._waiting[data] = (tell, time.perf_counter())

    def keepalive_sent(self) -> None:
        """A ping of keepalive went out; it has no payload."""
        self._keepalive = time.perf_counter()

    def answered(self, data: bytes) -> None:
        """A pong came."""
        now = time.perf_counter()
        if not data and self._keepalive is not None:
            self.latency, self._keepalive = now - self._keepalive, None
        if data not in self._waiting:
            return
        # The answer to a later ping answers those before (RFC 6455 5.5.3).
        for ping in list(self._waiting):
            tell, sent = self._waiting.pop(ping)
            self.latency = now - sent
            tell(self.latency)
            if ping == data:
                break

    def end(self) -> None:
        """No more answers will come."""
        waiting, self._waiting = self._waiting, {}
        for tell, _ in waiting.values():
            tell(None)
