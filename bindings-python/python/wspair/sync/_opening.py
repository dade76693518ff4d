"""The handshakes of either side, on a blocking socket."""

from __future__ import annotations

import socket
import time
from typing import Any, Callable, Union

from wspair._http import Headers, Response, SentRequest
from wspair._native import (
    ClientHandshake,
    ClientRequest,
    Failed,
    Opened,
    Refusal,
    Refused,
    Request,
    ServerHandshake,
)
from wspair.exceptions import InvalidMessage, InvalidStatus

Verdict = Union[Request, Refusal, Opened, Refused, Failed]


class Deadline:
    """A moment by which something has to be done.

    Args:
        seconds: From now on; `None` is never.
        what: What takes so long, for the error.
    """

    def __init__(self, seconds: float | None, what: str) -> None:
        self._at = None if seconds is None else time.monotonic() + seconds
        self._error = f"{what} within {seconds} s"

    def left(self) -> float | None:
        """The seconds until then, as far as a socket can wait.

        Raises:
            TimeoutError: there are none.
        """
        if self._at is None:
            return None
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError(self._error)
        return min(left, LONGEST)


def read_request(
    sock: socket.socket, deadline: Deadline
) -> tuple[Request | Refusal, ServerHandshake]:
    """Reads a client's request; a `Refusal` of what is none, or does not come in time."""
    handshake = ServerHandshake(within=None)
    try:
        verdict = _read(sock, handshake, deadline)
    except TIMEOUTS:
        return Refusal(408), handshake
    assert isinstance(verdict, (Request, Refusal))
    return verdict, handshake


def ask_server(
    sock: socket.socket, request: ClientRequest, deadline: Deadline
) -> tuple[Opened, bytes, SentRequest, Response]:
    """Asks for a WebSocket.

    Returns:
        What was agreed on, what came behind the answer, the request and the response.

    Raises:
        InvalidHandshake: the server does not open one.
        TimeoutError: it does not answer in time.
    """
    handshake = ClientHandshake(request, within=None)
    head = handshake.data_to_send()
    sock.settimeout(deadline.left())
    sock.sendall(head)
    fault: OSError | None = None
    try:
        verdict = _read(sock, handshake, deadline)
    except TIMEOUTS as error:
        raise TimeoutError(str(error)) from error
    except OSError as error:
        fault = error
        verdict = handshake.receive_eof() or Failed("the connection was lost")
    if isinstance(verdict, Opened):
        response = Response(verdict.status, headers=Headers(verdict.fields))
        return verdict, handshake.rest, SentRequest(request, head), response
    if isinstance(verdict, Refused):
        response = Response(verdict.status, headers=Headers(verdict.fields), body=verdict.body)
        raise InvalidStatus(response, verdict)
    assert isinstance(verdict, Failed)
    raise InvalidMessage(f"no WebSocket: {verdict.cause}", verdict) from fault


def hang_up(sock: socket.socket, data: bytes, seconds: float) -> None:
    """Says something last, and gives the peer the time to read it.

    Closed at once, with input unread, the socket would be reset, and the peer might lose it.
    """
    deadline = Deadline(seconds, "hung up")
    try:
        sock.settimeout(deadline.left())
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(READ):
            sock.settimeout(deadline.left())
    except OSError:
        pass  # it is gone, or took too long
    finally:
        sock.close()


def _read(sock: socket.socket, handshake: Any, deadline: Deadline) -> Verdict:
    take: Callable[[bytes], Verdict | None] = handshake.receive_data
    while True:
        sock.settimeout(deadline.left())
        data = sock.recv(READ)
        verdict: Verdict | None = take(data) if data else handshake.receive_eof()
        if verdict is not None:
            return verdict


READ = 64 << 10

LONGEST = 1e6
"""Seconds that a socket can wait: a system's calls take no more than some weeks."""

TIMEOUTS = (TimeoutError, socket.timeout)
"""The same from Python 3.10 on."""
