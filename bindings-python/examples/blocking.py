"""A connection over a blocking socket: what every host does, written once."""

from __future__ import annotations

import selectors
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
LINGER = 1.0  # seconds that a peer has to take what was written last


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
    try:
        while verdict is None:
            data = receive(sock, handshake.next_timeout)
            if data is None:
                verdict = handshake.handle_timeout(time.monotonic())
            else:
                verdict = handshake.receive_data(data) if data else handshake.receive_eof()
        if isinstance(verdict, Request):
            offered = verdict.subprotocols
            verdict = verdict.accept(policy, subprotocol if subprotocol in offered else None)
        sock.settimeout(LINGER)
        sock.sendall(verdict.to_bytes())
    except OSError:
        return None  # the client is gone
    if isinstance(verdict, Acceptance):
        return verdict.agreed, handshake.rest
    hang_up(sock)
    return None


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

    What is sent while they are read is written before the next wait. A peer that does not read is
    not read from, and stops no clock.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    yield from conn.receive_data(rest)
    unwritten = memoryview(b"")
    has_finished = has_ended = False
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while True:
            try:
                unwritten = write(sock, unwritten or memoryview(conn.data_to_send()))
                conn.transport_holds(len(unwritten))
                state, is_written = conn.transport_state, not (unwritten or conn.wants_write)
                if state == TransportAction.CLOSE:
                    break
                if state == TransportAction.FINISH_WRITING and is_written and not has_finished:
                    has_finished = True
                    sock.shutdown(socket.SHUT_WR)
                wait(selector, sock, not (has_ended or unwritten), unwritten, conn.next_timeout)
                data = None if has_ended or unwritten else read(sock)
            except OSError:
                yield from conn.transport_lost()
                return
            if data is not None:
                has_ended = not data
                yield from conn.receive_data(data) if data else conn.receive_eof()
            # After reading: what the socket holds is no silence.
            yield from conn.handle_timeout(time.monotonic())
    sock.settimeout(LINGER)
    try:
        sock.sendall(bytes(unwritten) + conn.data_to_send())
    except OSError:
        return
    hang_up(sock)


def write(sock: socket.socket, data: memoryview) -> memoryview:
    """Writes what the peer takes now; what is left."""
    try:
        return data[sock.send(data) :] if data else data
    except BlockingIOError:
        return data


def read(sock: socket.socket) -> bytes | None:
    """What is there, empty at the end of the stream; `None` when nothing is."""
    try:
        return sock.recv(READ)
    except BlockingIOError:
        return None


def wait(
    selector: selectors.BaseSelector,
    sock: socket.socket,
    reads: bool,
    writes: object,
    due: float | None,
) -> None:
    """Waits until there is something to do."""
    seconds = None if due is None else max(0.0, due - time.monotonic())
    interest = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * bool(writes)
    if interest:
        selector.modify(sock, interest)
        selector.select(seconds)
    else:
        time.sleep(LINGER if seconds is None else min(seconds, LINGER))


def hang_up(sock: socket.socket) -> None:
    """Ends our direction, and waits a moment for the peer to end its own.

    Dropped with unread input, the socket would be reset, and what was written last be lost.
    """
    until = time.monotonic() + LINGER
    try:
        sock.shutdown(socket.SHUT_WR)
        while receive(sock, until):
            pass
    except OSError:
        pass  # the peer is gone


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
