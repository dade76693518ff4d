"""Messages that wait for the application, and how many are too many."""

from __future__ import annotations

from collections import deque
from typing import Union

Data = Union[str, bytes]


class Inbox:
    """The messages that were received and not taken.

    It is full with more than `high` messages or `HELD` bytes, and has room again with `low`
    messages and a quarter of the bytes.
    """

    def __init__(self, high: int, low: int) -> None:
        self._messages: deque[Data] = deque()
        self._held = 0
        self._high, self._low = high, low

    def push(self, message: Data) -> None:
        """Another one was received."""
        self._messages.append(message)
        self._held += len(message) + OVERHEAD

    def pop(self) -> Data | None:
        """Takes the oldest."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        self._held -= len(message) + OVERHEAD
        return message

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_full(self) -> bool:
        """Whether reading is to pause."""
        return len(self._messages) > self._high or self._held >= HELD

    @property
    def has_room(self) -> bool:
        """Whether reading goes on after that."""
        return len(self._messages) <= self._low and self._held <= HELD // 4


HELD = 1 << 20
"""From this many bytes on it is full."""

OVERHEAD = 64
"""What a message counts beside its bytes."""
