"""How a connection ended, in what an application gets to see."""

from __future__ import annotations

from typing import Optional

from wspair._native import Close, Closed, CloseEvent, ErrorEvent
from wspair._words import Cause
from wspair.exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    PayloadTooBig,
)

Fault = Optional[tuple[int, str]]
"""What this side gave up for: the code that the peer gets, and why in words."""

GOOD = (None, 1000, 1001, 1005)
"""The codes of a connection that ended as it should."""


def closed_error(
    closed: Closed | None,
    sent: Close | None,
    fault: Fault,
    exception: BaseException | None,
    is_gone: bool,
) -> ConnectionClosed:
    """What to raise where the end is in the way.

    Args:
        closed: The connection's last event, if it came.
        sent: The Close frame that the application asked for.
        fault: Why this side gave up, if it did.
        exception: What the transport ended with.
        is_gone: The transport is.
    """
    received = None
    if closed is not None and closed.code != 1006:
        received = Close(closed.code, closed.reason)
    has_closed_first = sent is not None
    if sent is None and fault is not None:
        sent = Close(*fault)
    elif sent is None and received is not None and closed is not None and closed.clean:
        # The answer.
        sent = received
    both = received is not None and sent is not None
    is_ok = received is not None or (closed is None and not is_gone)
    for frame in (received, sent):
        is_ok = is_ok and (frame is None or frame.code in GOOD)
    if closed is not None and not closed.clean:
        is_ok = False
    kind = ConnectionClosedOK if is_ok else ConnectionClosedError
    error = kind(received, sent, not has_closed_first if both else None, closed)
    error.__cause__ = _why(closed, exception)
    return error


def last_event(closed: Closed | None, fault: Fault) -> CloseEvent | ErrorEvent | None:
    """The end as the events of a pair tell it."""
    if closed is None:
        return None
    if closed.cause is Cause.PEER:
        return ErrorEvent(
            closed.error or "",
            code=fault[0] if fault else None,
            limit=closed.limit,
            size=closed.size,
        )
    return CloseEvent(closed.code, closed.reason, closed.clean, cause=closed.cause)


def describe(closed: Closed | None) -> str:
    """The end in one line of a log."""
    if closed is None:
        return "lost"
    reason = f" {closed.reason!r}" if closed.reason else ""
    size = "" if closed.size is None else f" ({closed.size} bytes, allowed are {closed.limit})"
    return f"{closed.code}{reason}: {closed.error or closed.cause.value}{size}"


def _why(closed: Closed | None, exception: BaseException | None) -> BaseException | None:
    if exception is not None or closed is None:
        return exception
    if closed.limit is not None and closed.size is not None:
        return PayloadTooBig(closed.size, closed.limit)
    if closed.cause in (Cause.PONG_TIMEOUT, Cause.CLOSE_TIMEOUT):
        return TimeoutError(closed.cause.value)
    return None
