"""How long the application may go on answering once its peer has closed, or ended its direction.

What it sends to messages that came before goes out ahead of our own Close frame (RFC 6455 5.5.1:
an endpoint may finish what it is sending), but a peer is not kept waiting for ever:

| what came              | answers go out until                                                |
| ---------------------- | ------------------------------------------------------------------- |
| the peer's Close frame | all are given, or `ANSWER_WITHIN` after the last message was taken  |
| … while messages wait  | `ANSWER_WITHIN` after output last went out, at most `close_timeout` |
|                        | after the last message was taken                                    |
| the end of the stream  | all are given, or `close_timeout`                                   |
| the end of both        | all are given, or `ANSWER_WITHIN`                                   |
"""

from __future__ import annotations

import math
import time

from wspair._native import ANSWER_WITHIN, Close
from wspair.sync._inbox import Inbox


class Answering:
    """Whether the application still answers what is in, or came out of, its inbox."""

    def __init__(self, inbox: Inbox, close_timeout: float | None) -> None:
        self.peer_close: Close | None = None
        """The peer's Close frame, until it is answered."""
        self.until: float | None = None
        """By when answers are no longer waited for, once nothing more comes."""
        self._inbox = inbox
        self._close_timeout = math.inf if close_timeout is None else close_timeout
        self._has_taken = False
        """A message was taken, and the next one not asked for."""
        self._taken_at = self._written_at = 0.0
        """When a message was last taken, and blocked output last went out; both no earlier than
        the peer's Close."""

    def message_taken(self) -> None:
        """The application works on a message."""
        self._has_taken = True
        self._taken_at = time.monotonic()

    def message_asked_for(self) -> bool:
        """The application has answered what it took; whether anything waited for that."""
        self._has_taken = False
        self.stop()
        return self.until is not None or self.peer_close is not None

    def output_written(self) -> None:
        """The socket took some."""
        self._written_at = time.monotonic()

    def peer_closed(self, close: Close) -> None:
        """The peer's Close frame came."""
        self.peer_close = close
        self._taken_at = self._written_at = time.monotonic()

    def stream_ended(self) -> None:
        """The peer ended its direction."""
        self.until = time.monotonic() + self._close_timeout

    def connection_closed(self) -> None:
        """Nothing more is received."""
        if self._may_answer:
            self.until = time.monotonic() + ANSWER_WITHIN

    def stop(self) -> None:
        """Waits for no answers any more, if it does."""
        if self.until is not None:
            self.until = 0

    def is_awaited(self) -> bool:
        """Whether answers are waited for, now that nothing more comes."""
        if self.until is None:
            return False
        if self._may_answer and time.monotonic() < self.until:
            return True
        self.until = None
        return False

    def delays_close(self, now: float, is_blocked: bool) -> float | None:
        """Until when the answer to the peer's Close frame is put off, if it is.

        `is_blocked`: output waits for the peer to read.
        """
        due = self._taken_at + ANSWER_WITHIN
        if self._inbox:
            # Who waits for the peer to read takes as long as that.
            due = now + ANSWER_WITHIN if is_blocked else max(due, self._written_at + ANSWER_WITHIN)
            due = min(due, self._taken_at + self._close_timeout)
        return due if due > now and self._may_answer else None

    @property
    def _may_answer(self) -> bool:
        return bool(self._inbox) or self._has_taken
