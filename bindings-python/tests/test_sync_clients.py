"""Clients for threads that reach, come back, and are many."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wspair import (
    ConcurrencyError,
    ConnectionClosed,
    InvalidStatus,
    NegotiationError,
    Prepared,
    ReadyState,
    Refusal,
)
from wspair.sync import (
    Server,
    ServerConnection,
    broadcast,
    connect,
    reconnect,
    serve,
    unix_connect,
    unix_reconnect,
)

PATIENCE = 60.0


def hold(ws: ServerConnection) -> None:
    ws.wait_closed()


@contextmanager
def serving(handler: Any = hold, **options: Any) -> Iterator[Server]:
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
    thread.join(PATIENCE)


def url(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/"


def no_delays() -> Iterator[float]:
    while True:
        yield 0.0


# Broadcasts.


def test_a_broadcast_reaches_all_that_are_open() -> None:
    with serving() as server, connect(url(server)) as one, connect(url(server)) as two:
        closed = connect(url(server))
        closed.close()
        while len(server.connections) != 2:
            time.sleep(0.001)
        everyone = [*server.connections, closed]
        long = "long " * 100_000
        for message in ("text", b"bytes", Prepared("once"), long):
            broadcast(everyone, message, raise_exceptions=True)
        broadcast(everyone, b"text", text=True)
        for ws in (one, two):
            got = [ws.recv(PATIENCE) for _ in range(5)]
            assert got == ["text", b"bytes", "once", long, "text"]
        broadcast([one, two], "to the server")
        with pytest.raises(TypeError):
            broadcast(everyone, 5)  # type: ignore[arg-type]


def test_a_broadcast_waits_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with serving(max_outgoing=1 << 20, close_timeout=0.5) as server:
        slow = connect(url(server), max_queue=1)
        (there,) = server.connections
        payload = bytes(64 << 10)
        for _ in range(1000):
            if there.state is not ReadyState.OPEN:
                break
            broadcast([there], payload)
        assert "behind by" in caplog.text
        with pytest.raises(ConnectionClosed):
            there.send("more")
        slow.abort()


def test_a_broadcast_during_a_fragmented_message(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as server, connect(url(server)) as ws:
        (there,) = server.connections
        started, goes_on = threading.Event(), threading.Event()

        def parts() -> Iterator[str]:
            yield "a"
            started.set()
            assert goes_on.wait(PATIENCE)
            yield "b"

        sending = threading.Thread(target=there.send, args=[parts()])
        sending.start()
        assert started.wait(PATIENCE)
        with pytest.raises(ExceptionGroup) as caught:
            broadcast([there], "x", raise_exceptions=True)
        assert isinstance(caught.value.exceptions[0], ConcurrencyError)
        broadcast([there], "x")
        assert "fragmented" in caplog.text
        goes_on.set()
        sending.join(PATIENCE)
        assert ws.recv(PATIENCE) == "ab"


# Coming back.


def test_connecting_again_and_again() -> None:
    def one(ws: ServerConnection) -> None:
        ws.send("hello")
        ws.close(1012)

    taken: list[Any] = []
    with serving(one) as server:
        for ws in reconnect(url(server), reconnect_delays=no_delays):
            try:
                for message in ws:
                    taken.append(message)
            except ConnectionClosed as error:
                taken.append(error.code)
                if len(taken) < 6:
                    continue
            break
    assert taken == ["hello", 1012] * 3


def test_what_may_pass_is_tried_again_and_the_rest_raised() -> None:
    answers: list[int] = []

    def refuse(ws: ServerConnection, request: Any) -> Refusal | None:
        answers.append(0)
        return Refusal(503) if len(answers) < 4 else None

    with serving(process_request=refuse) as server:
        for ws in reconnect(url(server), reconnect_delays=no_delays):
            ws.close()
            break
        assert len(answers) == 4
    with serving(process_request=lambda ws, request: Refusal(404)) as server:
        with pytest.raises(InvalidStatus):
            next(iter(reconnect(url(server))))


def test_delays_that_end_raise_the_last_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        next(iter(reconnect(f"ws://127.0.0.1:{port}/", reconnect_delays=lambda: iter([0, 0]))))
    with pytest.raises(TypeError, match="reconnect_delays"):
        reconnect("ws://localhost/", reconnect_delays=5)  # type: ignore[arg-type]


def test_one_visit_and_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with pytest.raises(FileNotFoundError):
        unix_connect(path)
    with serving() as server, reconnect(url(server)) as ws:
        assert len(server.connections) == 1
    assert ws.close_code == 1000
    server = serve(hold, path=path)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with server, unix_reconnect(path) as ws:
        assert ws.state is ReadyState.OPEN
    thread.join(PATIENCE)


# Reaching.


def test_the_second_address_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        places = [("127.0.0.1", 1), ("127.0.0.1", server.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*kind, it) for it in places])
        with connect("ws://example.org/") as ws:
            assert ws.remote_address == places[1]


def test_addresses_that_do_not_answer_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    # A backlog that is full: who connects waits.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(place)
        entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", place)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry] * 50)
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connect("ws://example.org/", open_timeout=1)
        assert time.monotonic() - began < 20
        for sock in waiting:
            sock.close()


# Saying no.


def test_a_subprotocol_that_is_missed() -> None:
    def select(ws: ServerConnection, offered: Any) -> str:
        if "chat" not in offered:
            raise NegotiationError("chat is needed")
        return "chat"

    with serving(select_subprotocol=select) as server:
        with pytest.raises(InvalidStatus) as caught:
            connect(url(server))
        assert caught.value.response.status_code == 400
        assert caught.value.response.body == b"chat is needed\n"
        with connect(url(server), subprotocols=["chat"]) as ws:
            assert ws.subprotocol == "chat"


# Limits that are none.


@pytest.mark.parametrize("seconds", [1e7, 1e10, 1e17])
def test_times_that_are_longer_than_a_system_can_wait(seconds: float) -> None:
    def echo(ws: ServerConnection) -> None:
        for message in ws:
            ws.send(message)

    names = ("open_timeout", "ping_interval", "ping_timeout", "close_timeout")
    options: Any = dict.fromkeys(names, seconds)
    with serving(echo, **options) as server:
        with connect(url(server), **options) as ws:
            later = threading.Timer(0.1, ws.send, ["later"])
            later.start()
            assert ws.recv(seconds) == "later"
            later.join()
        server.shutdown(timeout=seconds)
    assert ws.close_code == 1000
