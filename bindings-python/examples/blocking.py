"""A connection over a blocking socket: what every host does, written once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from wspair import (
    Acceptance,
    ClientHandshake,
    ClientRequest,
    Connection,
    Negotiated,
    Opened,
    Policy,
    Refusal,
    Request,
    ServerHandshake,
    TransportAction,
)

READ = 64 << 10


def accept(
    sock: socket.socket,
    policy: Policy,
    subprotocol: str | None = None,
    within: float | None = 10.0,
) -> tuple[Negotiated, bytes] | None:
    """Reads a client's request and answers it: what was agreed on, and what came behind it.

    `None` when it was refused, as it is when the request takes more than `within` seconds.
    """
    handshake = ServerHandshake(within=within)
    verdict: Request | Refusal | Acceptance | None = None
    while verdict is None:
        data = receive(sock, handshake.next_timeout)
        if data is None:
            verdict = handshake.handle_timeout(time.monotonic())
        else:
            verdict = handshake.receive_data(data) if data else handshake.receive_eof()
    if isinstance(verdict, Request):
        offered = verdict.subprotocols
        verdict = verdict.accept(policy, subprotocol if subprotocol in offered else None)
    sock.sendall(verdict.to_bytes())
    return (verdict.agreed, handshake.rest) if isinstance(verdict, Acceptance) else None


def connect(request: ClientRequest) -> tuple[socket.socket, Negotiated, bytes]:
    """Connects and asks for a WebSocket."""
    sock = socket.create_connection((request.host, request.port))
    handshake = ClientHandshake(request)
    sock.sendall(handshake.data_to_send())
    verdict = None
    while verdict is None:
        data = receive(sock, handshake.next_timeout)
        if data is None:
            verdict = handshake.handle_timeout(time.monotonic())
        else:
            verdict = handshake.receive_data(data) if data else handshake.receive_eof()
    if isinstance(verdict, Opened):
        return sock, verdict.agreed, handshake.rest
    sock.close()
    raise ConnectionError(verdict)


def events(sock: socket.socket, conn: Connection, rest: bytes = b"") -> Iterator[object]:
    """The events of a connection, until its transport is to be dropped.

    What is sent while they are read is written before the next wait.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    yield from conn.receive_data(rest)
    has_finished = False
    while True:
        try:
            sock.sendall(conn.data_to_send())
            if conn.transport_state == TransportAction.CLOSE:
                return
            if conn.transport_state == TransportAction.FINISH_WRITING and not has_finished:
                has_finished = True
                sock.shutdown(socket.SHUT_WR)
            data = receive(sock, conn.next_timeout)
        except OSError:
            yield from conn.transport_lost()
            return
        if data is None:
            yield from conn.handle_timeout(time.monotonic())
        else:
            yield from conn.receive_data(data) if data else conn.receive_eof()


def receive(sock: socket.socket, due: float | None) -> bytes | None:
    """The next bytes, empty at the end of the stream; `None` when it is `due` first."""
    if due is not None:
        wait = due - time.monotonic()
        if wait <= 0:
            return None
        sock.settimeout(wait)
    else:
        sock.settimeout(None)
    try:
        return sock.recv(READ)
    except TimeoutError:
        return None
