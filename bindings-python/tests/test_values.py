"""Events and exceptions are values: they can be copied, and sent to another process."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from wspair import (
    BackpressureError,
    Binary,
    Cause,
    Chunk,
    Close,
    Closed,
    CloseEvent,
    ConnectionClosedError,
    ErrorEvent,
    Failed,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    Kind,
    MessageEvent,
    PayloadTooBig,
    ProtocolError,
    Refused,
    Response,
    Text,
)

KEPT = [
    Text("a"),
    Binary(b"a"),
    Chunk(Kind.TEXT, b"a", True, False),
    Close(1000, "bye"),
    Closed(1006, "", False, Cause.PEER, ProtocolError.MESSAGE_TOO_LONG, limit=1, size=2),
    MessageEvent("a"),
    CloseEvent(1000, "bye", True, cause=Cause.HANDSHAKE),
    ErrorEvent("why", code=1009, limit=1, size=2),
    ConnectionClosedError(Close(1011, "no"), None, None, None),
    InvalidStatus(Response(404), Refused(404, (), b"")),
    InvalidMessage("no", Failed("no")),
    InvalidURI("uri", "no"),
    BackpressureError("full", 5),
    PayloadTooBig(2, 1),
]


@pytest.mark.parametrize("thing", KEPT, ids=lambda it: type(it).__name__)
def test_events_and_exceptions_are_copied_and_pickled(thing: Any) -> None:
    for again in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert type(again) is type(thing)
        assert (str(again), repr(again)) == (str(thing), repr(thing))
        if not isinstance(thing, Exception):
            assert again == thing
