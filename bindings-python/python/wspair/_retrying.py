"""Whether, and when, a client that failed to connect tries again."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Iterator
from typing import Callable, Union

from wspair.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, ProxyError

ProcessException = Callable[[Exception], Union[Exception, None]]


def process_exception(error: Exception) -> Exception | None:
    """What to raise of an exception of connecting; `None` for trying again.

    A network that fails, a server that hangs up or answers 500, 502, 503 or 504, a proxy that
    cannot connect and time that ran out may pass. Anything else does not.
    """
    if isinstance(error, InvalidStatus):
        return None if error.response.status_code in (500, 502, 503, 504) else error
    if isinstance(error, InvalidMessage):
        return None if isinstance(error.__cause__, (EOFError, OSError)) else error
    if isinstance(error, ProxyError):
        return None
    if isinstance(error, (InvalidHandshake, ssl.SSLCertVerificationError)):
        return error
    return None if isinstance(error, (OSError, asyncio.TimeoutError)) else error


def backoff() -> Iterator[float]:
    """Seconds to wait before each try: the first up to one, as many clients may have failed at
    once, then growing to a minute."""
    yield random.random() * FIRST
    delay = FIRST
    while True:
        yield delay * (1 + random.random() * JITTER)
        delay = min(delay * FACTOR, LONGEST)


def delay_after(
    error: Exception, process_exception: ProcessException, delays: Iterator[float]
) -> float:
    """Seconds to wait after a failure to connect. What is not to be tried again is raised."""
    fatal = process_exception(error)
    if fatal is not None and fatal is not error:
        raise fatal from error
    delay = next(delays, None)
    if fatal is not None or delay is None:
        raise error
    return delay


FIRST, FACTOR, LONGEST, JITTER = 1.0, 1.6, 60.0, 0.1
