"""Ends that are accepted as hibernatable, and the objects that sleep beside them."""

from __future__ import annotations

import asyncio
import datetime
import sys
import threading
from typing import Any

import pytest

from wspair import (
    Closed,
    CloseEvent,
    ClosingError,
    Connection,
    HibernatableWebSockets,
    InvalidArgumentError,
    LocalProtocolError,
    MessageEvent,
    Phase,
    ReadyState,
    Role,
    WebSocket,
    WebSocketPair,
    WebSocketRequestResponsePair,
)


class Log:
    """An object that writes down what it is told; `made` counts how often it was made."""

    def __init__(self) -> None:
        self.made = 0
        self.seen: list[Any] = []
        self.sockets = HibernatableWebSockets(self.wake)

    def wake(self) -> Log:
        self.made += 1
        return self

    def web_socket_message(self, ws: WebSocket, message: Any) -> None:
        self.seen.append((ws, message))

    def web_socket_close(self, ws: WebSocket, code: int, reason: str, was_clean: bool) -> None:
        self.seen.append((ws, code, reason, was_clean, ws.ready_state, self.sockets.get_tags(ws)))

    def web_socket_error(self, ws: WebSocket, error: Any) -> None:
        self.seen.append((ws, str(error)))


@pytest.fixture
def log() -> Log:
    return Log()


def accepted(log: Log, *tags: str) -> tuple[WebSocket, WebSocket]:
    client, server = WebSocketPair()
    log.sockets.accept_web_socket(server, tags)
    client.accept()
    return client, server


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda *exc: texts.append(str(exc[1])))
    return texts


# The end alone.


def test_its_events_wait_and_never_go_to_listeners() -> None:
    client, server = WebSocketPair()
    told: list[Any] = []
    server.add_event_listener("message", told.append)
    server.accept_hibernatable()
    server.add_event_listener("close", told.append)
    assert server.phase is Phase.HIBERNATABLE
    client.accept()
    client.send("a")
    client.close(3000, "bye")
    assert list(server) == [MessageEvent("a"), CloseEvent(3000, "bye", True)]
    assert told == []


def test_no_close_is_answered_for_it() -> None:
    client, server = WebSocketPair()
    server.accept_hibernatable()
    client.accept()
    client.close(1000, "bye")
    assert list(server) == [CloseEvent(1000, "bye", True)]
    assert (client.ready_state, server.ready_state) == (ReadyState.CLOSING, ReadyState.CLOSING)
    server.send("one more")
    server.close(4000, "now")
    assert list(client) == [MessageEvent("one more"), CloseEvent(4000, "now", True)]
    assert server.ready_state is ReadyState.CLOSED
    with pytest.raises(ClosingError):
        server.send("late")


def test_which_ends_can_be() -> None:
    client, server = WebSocketPair()
    server.accept_hibernatable()
    for refused in (server.accept_hibernatable, server.accept, client.accept_hibernatable):
        with pytest.raises(LocalProtocolError):
            refused()
    client.accept()  # the other end still may
    client, server = WebSocketPair()
    client.accept()
    for end in (client, server):
        with pytest.raises(LocalProtocolError):
            end.accept_hibernatable()
    client, server = WebSocketPair()
    client.couple(Connection(Role.SERVER, coupled=True))
    for end in (client, server):
        with pytest.raises(LocalProtocolError):
            end.accept_hibernatable()


def test_it_sends_before_the_other_end_is_accepted() -> None:
    client, server = WebSocketPair()
    server.accept_hibernatable()
    server.send("early")
    client.accept()
    assert list(client) == [MessageEvent("early")]


# Objects that sleep.


def test_the_first_event_makes_the_object(log: Log) -> None:
    client, server = accepted(log)
    server.attachment = b"kept"
    assert log.made == 0
    client.send("a")
    client.send(b"b")
    assert (log.made, log.seen) == (1, [(server, "a"), (server, b"b")])
    log.sockets.hibernate()
    client.send("c")
    assert (log.made, log.seen[2:]) == (2, [(server, "c")])
    assert server.attachment == b"kept"


def test_what_was_sent_before_is_handled_once_accepted(log: Log) -> None:
    client, server = WebSocketPair()
    conn, wire = Connection(Role.SERVER, coupled=True), Connection(Role.CLIENT)
    coupling = client.couple(conn)
    wire.send("early")
    coupling.receive_data(wire.data_to_send())
    with pytest.raises(LocalProtocolError):
        log.sockets.accept_web_socket(server)  # its other end is given away
    client, server = WebSocketPair()
    log.sockets.accept_web_socket(server)
    coupling = client.couple(conn := Connection(Role.SERVER, coupled=True))
    wire = Connection(Role.CLIENT)
    wire.send("early")
    coupling.receive_data(wire.data_to_send())
    assert log.seen == [(server, "early")]


def test_a_close_is_told_while_the_end_is_listed(log: Log) -> None:
    client, server = accepted(log, "room")
    client.close(3001, "bye")
    assert log.seen == [(server, 3001, "bye", True, ReadyState.CLOSING, ["room"])]
    assert log.sockets.get_web_sockets() == []
    with pytest.raises(LocalProtocolError, match="accept_web_socket"):
        log.sockets.get_tags(server)
    server.close(3001)
    assert list(client) == [CloseEvent(3001, "", True)]


def test_an_object_that_closed_first_hears_of_the_answer(log: Log) -> None:
    client, server = accepted(log)
    server.close(4000, "go")
    assert list(client) == [CloseEvent(4000, "go", True)]
    assert log.seen == [(server, 4000, "go", True, ReadyState.CLOSED, [])]


def test_a_client_that_vanishes(log: Log) -> None:
    client, server = accepted(log)
    client.abandon()
    ((end, code, _, was_clean, state, _),) = log.seen
    assert (end, code, was_clean, state) == (server, 1006, False, ReadyState.CLOSING)


def test_a_peer_on_the_wire_that_breaks_a_rule(log: Log) -> None:
    client, server = WebSocketPair()
    log.sockets.accept_web_socket(server)
    conn = Connection(Role.SERVER, coupled=True, max_message=4)
    coupling, wire = client.couple(conn), Connection(Role.CLIENT)
    wire.send("12345")
    coupling.receive_data(wire.data_to_send())
    (*_, closed) = wire.receive_data(coupling.data_to_send())
    assert log.seen == [(server, "message over the size limit")]
    assert log.sockets.get_web_sockets() == []
    server.send("nobody")
    server.close(1000)
    assert isinstance(closed, Closed)
    assert closed.code == 1009


def test_ends_are_found_by_their_tags(log: Log) -> None:
    ends = [accepted(log, *tags)[1] for tags in (["a"], ["a", "b", "a"], [""])]
    assert log.sockets.get_web_sockets() == ends[::-1]
    assert log.sockets.get_web_sockets("a") == ends[:2]
    assert log.sockets.get_web_sockets("b") == [ends[1]]
    assert log.sockets.get_web_sockets("") == [ends[2]]
    assert log.sockets.get_web_sockets("unknown") == []
    assert log.sockets.get_tags(ends[1]) == ["a", "b"]
    _, server = WebSocketPair()
    with pytest.raises(LocalProtocolError, match="accept_web_socket"):
        log.sockets.get_tags(server)
    server.accept()
    with pytest.raises(LocalProtocolError, match="only hibernatable"):
        log.sockets.get_tags(server)


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ([str(number) for number in range(11)], InvalidArgumentError),
        ([*(str(number) for number in range(10)), "0"], InvalidArgumentError),
        (["é" * 129], InvalidArgumentError),
        ("room", TypeError),
        ([1], TypeError),
        (None, TypeError),
    ],
)
def test_tags_that_are_refused_accept_nothing(log: Log, tags: Any, error: type) -> None:
    _, server = WebSocketPair()
    with pytest.raises(error):
        log.sockets.accept_web_socket(server, tags)
    assert server.phase is Phase.FRESH
    assert log.sockets.get_web_sockets() == []
    log.sockets.accept_web_socket(server, ["é" * 128, *(str(number) for number in range(9))])


def test_only_so_many_fit(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wspair._hibernation.MOST", 2)
    accepted(log)
    client, _ = accepted(log)
    with pytest.raises(LocalProtocolError, match="only 2"):
        accepted(log)
    client.close()
    accepted(log)


# Automatic answers.


def test_a_request_is_answered_without_the_object(log: Log) -> None:
    client, server = accepted(log)
    log.sockets.set_web_socket_auto_response(WebSocketRequestResponsePair("ping", "pong"))
    assert log.sockets.get_web_socket_auto_response_timestamp(server) is None
    before = datetime.datetime.now(datetime.UTC)
    client.send("ping")
    assert (list(client), log.made, log.seen) == ([MessageEvent("pong")], 0, [])
    at = log.sockets.get_web_socket_auto_response_timestamp(server)
    assert at is not None
    assert before <= at <= datetime.datetime.now(datetime.UTC)
    for other in ("Ping", b"ping", "ping "):
        client.send(other)
    assert [message for _, message in log.seen] == ["Ping", b"ping", "ping "]
    log.sockets.set_web_socket_auto_response(None)
    client.send("ping")
    assert log.seen[3:] == [(server, "ping")]


def test_what_can_be_an_answer(log: Log) -> None:
    pair = WebSocketRequestResponsePair("é" * 1024, "x" * 2048)
    assert (pair.request, pair.response) == ("é" * 1024, "x" * 2048)
    log.sockets.set_web_socket_auto_response(pair)
    for refused, name in [
        (WebSocketRequestResponsePair("é" * 1024 + "x", "y" * 2049), "Request"),
        (WebSocketRequestResponsePair("x", "y" * 2049), "Response"),
    ]:
        text = f"{name} cannot be larger than 2048 bytes. A {name.lower()} of size 2049"
        with pytest.raises(InvalidArgumentError, match=text):
            log.sockets.set_web_socket_auto_response(refused)
    wrong: Any
    for wrong in ({}, ("ping", "pong")):
        with pytest.raises(TypeError):
            log.sockets.set_web_socket_auto_response(wrong)
    assert log.sockets.get_web_socket_auto_response() is pair
    with pytest.raises(AttributeError):
        pair.request = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        WebSocketRequestResponsePair(b"ping", "pong")  # type: ignore[arg-type]


# Faults.


def test_a_handler_that_raises_ends_nothing(
    log: Log, reported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, server = accepted(log)

    def fail(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(log, "web_socket_message", fail)
    client.send("a")
    assert reported == ["no"]
    assert server.ready_state is ReadyState.OPEN
    monkeypatch.setattr(log, "web_socket_close", fail)
    client.close(1000)
    assert log.sockets.get_web_sockets() == []
    server.close(1000)
    assert list(client) == [CloseEvent(1000, "", True)]


def test_an_object_that_cannot_be_made_is_tried_again(reported: list[str]) -> None:
    class Reluctant(Log):
        def wake(self) -> Log:
            super().wake()
            if self.made == 1:
                raise RuntimeError("not yet")
            return self

    log = Reluctant()
    client, server = accepted(log)
    client.send("lost")
    client.send("heard")
    assert (reported, log.seen) == (["not yet"], [(server, "heard")])


def test_a_missing_handler_drops_the_event() -> None:
    sockets = HibernatableWebSockets(object)
    client, server = WebSocketPair()
    sockets.accept_web_socket(server)
    client.accept()
    client.send("a")
    client.close()
    assert list(client) == []
    assert (client.ready_state, server.ready_state) == (ReadyState.CLOSING, ReadyState.CLOSING)


def test_dropping_the_object_for_good(log: Log) -> None:
    client, server = accepted(log)
    log.sockets.abandon()
    assert log.sockets.get_web_sockets() == []
    ((event),) = client
    assert isinstance(event, CloseEvent)
    assert (event.code, log.seen, server.phase) == (1006, [], Phase.SPENT)


async def test_asynchronous_handlers_overlap() -> None:
    seen: list[str] = []
    go = asyncio.Event()

    class Room:
        async def web_socket_message(self, ws: WebSocket, message: str) -> None:
            seen.append(f"begin {message}")
            await go.wait()
            seen.append(f"end {message}")
            ws.send(message.upper())

    sockets = HibernatableWebSockets(Room)
    client, server = WebSocketPair()
    sockets.accept_web_socket(server)
    client.accept()
    client.send("a")
    client.send("b")
    while len(seen) < 2:
        await asyncio.sleep(0)
    go.set()
    while len(seen) < 4:
        await asyncio.sleep(0)
    assert seen == ["begin a", "begin b", "end a", "end b"]
    assert [event.data for event in client if isinstance(event, MessageEvent)] == ["A", "B"]


async def test_what_an_asynchronous_handler_raises_is_reported() -> None:
    class Room:
        async def web_socket_message(self, ws: WebSocket, message: str) -> None:
            raise RuntimeError(message)

    failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failed.set_result(str(context["exception"])))
    sockets = HibernatableWebSockets(Room)
    client, server = WebSocketPair()
    sockets.accept_web_socket(server)
    client.accept()
    client.send("no")
    assert await failed == "no"
    assert server.ready_state is ReadyState.OPEN


def test_an_asynchronous_handler_without_a_loop(reported: list[str]) -> None:
    class Room:
        async def web_socket_message(self, ws: WebSocket, message: str) -> None:
            raise AssertionError

    sockets = HibernatableWebSockets(Room)
    client, server = WebSocketPair()
    sockets.accept_web_socket(server)
    client.accept()
    client.send("a")
    assert reported == ["an asynchronous handler needs a running event loop"]


def test_threads_keep_the_order_of_each_end(log: Log) -> None:
    pairs = [accepted(log) for _ in range(4)]

    def send(client: WebSocket) -> None:
        for number in range(200):
            client.send(number)
            if number % 50 == 0:
                log.sockets.hibernate()

    threads = [threading.Thread(target=send, args=[client]) for client, _ in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, server in pairs:
        assert [message for end, message in log.seen if end is server] == list(range(200))
