"""What there is to know of a connection, whoever waits for it: a task or a thread."""

from __future__ import annotations

import uuid
from typing import Any

from wspair._ending import last_event
from wspair._native import CloseEvent, ErrorEvent, Negotiated
from wspair._words import ReadyState
from wspair.exceptions import LocalProtocolError


class _NotOpen:
    """In the place of the wire while the handshake is under way."""

    def __getattr__(self, name: str) -> Any:
        raise LocalProtocolError("the connection is not open yet")


NOT_OPEN: Any = _NotOpen()


class Facts:
    """Of a connection on a wire."""

    _wire: Any

    @property
    def last_event(self) -> CloseEvent | ErrorEvent | None:
        """How the connection ended; `None` while it has not."""
        wire = self._wire
        return None if wire is NOT_OPEN else last_event(wire.closed, wire.connection.fault)

    @property
    def close_code(self) -> int | None:
        """The code of the peer's Close frame; 1005 when it had none, 1006 when none came, `None`
        before."""
        closed = self._closed
        return closed.code if closed is not None else None

    @property
    def close_reason(self) -> str | None:
        """The reason in the peer's Close frame; `None` before the end."""
        closed = self._closed
        return closed.reason if closed is not None else None

    @property
    def _closed(self) -> Any:
        return None if self._wire is NOT_OPEN else self._wire.closed

    @property
    def id(self) -> uuid.UUID:
        """A name for the connection, to tell it from others."""
        found: uuid.UUID | None = self.__dict__.get("_id")
        if found is None:
            found = self.__dict__["_id"] = uuid.uuid4()
        return found

    @property
    def ready_state(self) -> ReadyState:
        """How far the connection has come."""
        if self._wire is NOT_OPEN:
            return ReadyState.CONNECTING
        state: ReadyState = self._wire.connection.ready_state
        return state

    @property
    def state(self) -> ReadyState:
        """How far the connection has come."""
        return self.ready_state

    @property
    def agreed(self) -> Negotiated | None:
        """What the handshake agreed on."""
        agreed: Negotiated | None = self._wire.connection.agreed
        return agreed

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.agreed.subprotocol if self.agreed is not None else None

    @property
    def latency(self) -> float:
        """The seconds that the answer to the last ping took, keepalive's included; 0 before."""
        latency: float = self._wire.pings.latency
        return latency
