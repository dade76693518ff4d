"""What a caller does wrong, and what it has to know.

The engine raises only `LocalProtocolError`s: what the peer does is an event there. On a connection
of `wspair.asyncio` and `wspair.sync` the end is a `ConnectionClosed` where it is in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wspair._http import Response
    from wspair._native import Close, Closed, Failed, Refused
    from wspair._words import Cause


class WebSocketException(Exception):
    """All exceptions of this package."""

    # Those of Python have no signature to look at.
    def __init__(self, *args: object) -> None:
        super().__init__(*args)


class LocalProtocolError(WebSocketException):
    """The caller asked for something that is impossible now. Nothing has changed."""


class InvalidArgumentError(LocalProtocolError, ValueError):
    """An argument that no state would make right."""


class InvalidURI(InvalidArgumentError):
    """An address that is not that of a WebSocket.

    Attributes:
        uri: The address.
        msg: What is wrong with it.
    """

    def __init__(self, uri: str, msg: str) -> None:
        super().__init__(uri, msg)
        self.uri = uri
        self.msg = msg

    def __str__(self) -> str:
        return f"{self.uri} is no WebSocket's address: {self.msg}"


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


class ConcurrencyError(LocalProtocolError, RuntimeError):
    """Another task does already what one task may do at a time."""


class ConnectionClosed(ClosingError):
    """The connection has ended, or is about to.

    Attributes:
        rcvd: The peer's Close frame, or `None`. Its code is 1005 when it had none.
        sent: The Close frame that was sent, or `None`.
        rcvd_then_sent: Whether the peer closed first; `None` unless both are there.
        closed: How it ended; `None` while the closing handshake is under way.
    """

    def __init__(
        self,
        rcvd: Close | None,
        sent: Close | None,
        rcvd_then_sent: bool | None = None,
        closed: Closed | None = None,
    ) -> None:
        super().__init__(rcvd, sent, rcvd_then_sent, closed)
        self.rcvd = rcvd
        self.sent = sent
        self.rcvd_then_sent = rcvd_then_sent
        self.closed = closed

    @property
    def code(self) -> int:
        """The code of the peer's Close frame; 1005 when it had none, 1006 when none came."""
        return 1006 if self.rcvd is None or self.rcvd.code is None else self.rcvd.code

    @property
    def reason(self) -> str:
        """The reason in the peer's Close frame; empty when none came."""
        return "" if self.rcvd is None else self.rcvd.reason

    @property
    def cause(self) -> Cause | None:
        """What ended the connection; `None` while the closing handshake is under way."""
        return self.closed.cause if self.closed is not None else None

    def __str__(self) -> str:
        frames = [
            f"{verb} {_show(frame)}"
            for verb, frame in (("received", self.rcvd), ("sent", self.sent))
            if frame is not None
        ]
        if self.rcvd_then_sent is False:
            frames.reverse()
        if self.rcvd is None:
            frames.append("no close frame received")
        text = "; ".join(frames)
        error = self.closed.error if self.closed is not None else None
        return f"{text} ({error})" if error else text


class ConnectionClosedOK(ConnectionClosed):
    """The connection ended as it should: with code 1000 or 1001, or without one."""


class ConnectionClosedError(ConnectionClosed):
    """The connection was closed with another code, or ended without a closing handshake.

    `__cause__` is what the transport said, `PayloadTooBig`, or `None`.
    """


class PayloadTooBig(WebSocketException):
    """A message was over the limit.

    Attributes:
        size: How long it had got when that was seen, in bytes.
        max_size: The limit.
    """

    def __init__(self, size: int, max_size: int) -> None:
        super().__init__(size, max_size)
        self.size = size
        self.max_size = max_size

    def __str__(self) -> str:
        return f"message of {self.size} bytes is over the limit of {self.max_size}"


class InvalidHandshake(WebSocketException, ConnectionError):
    """The server did not open a WebSocket.

    Attributes:
        verdict: `Refused` with the server's plain answer, or `Failed`; `None` where it did not
            come to an answer.
    """

    def __init__(self, text: str, verdict: Refused | Failed | None = None) -> None:
        super().__init__(text)
        self.verdict = verdict


class InvalidMessage(InvalidHandshake):
    """What the server answered cannot be relied on, or was no answer."""


class InvalidStatus(InvalidHandshake):
    """The server said no.

    Attributes:
        response: Its answer.
    """

    def __init__(self, response: Response, verdict: Refused | None = None) -> None:
        text = f"no WebSocket: status {response.status_code} {response.reason_phrase}".rstrip()
        super().__init__(text, verdict)
        self.response = response

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.response, self.verdict)


class NegotiationError(InvalidHandshake):
    """What `select_subprotocol` raises to say no: the client gets 400."""


class SecurityError(InvalidHandshake):
    """A redirect that must not be followed."""


class InvalidProxy(InvalidArgumentError):
    """An address that is not that of a proxy.

    Attributes:
        proxy: The address.
        msg: What is wrong with it.
    """

    def __init__(self, proxy: str, msg: str) -> None:
        super().__init__(proxy, msg)
        self.proxy = proxy
        self.msg = msg

    def __str__(self) -> str:
        return f"{self.proxy} is no proxy's address: {self.msg}"


class ProxyError(InvalidHandshake):
    """The proxy did not connect to the server."""


def _show(frame: Close) -> str:
    reason = f" {frame.reason!r}" if frame.reason else ""
    return f"{frame.code}{reason}"
