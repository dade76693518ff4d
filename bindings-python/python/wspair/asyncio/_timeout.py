"""A time limit that loses no cancellation, as `asyncio.wait_for` does before Python 3.12."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:

    class timeout:
        """Cancels what the task does after some seconds, and makes `TimeoutError` of that."""

        def __init__(self, delay: float | None) -> None:
            self._delay = delay
            self._is_over = False
            self._timer: asyncio.TimerHandle | None = None

        async def __aenter__(self) -> None:
            if self._delay is not None:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._delay, self._end, asyncio.current_task())

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            value: BaseException | None,
            traceback: TracebackType | None,
        ) -> None:
            if self._timer is not None:
                self._timer.cancel()
            if self._is_over and kind is asyncio.CancelledError:
                raise asyncio.TimeoutError from value

        def _end(self, task: asyncio.Task[object]) -> None:
            self._is_over = True
            task.cancel()


__all__ = ["timeout"]
