"""The pair, in memory and on a connection."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from wspair import (
    BackpressureError,
    Close,
    CloseEvent,
    ClosingError,
    Connection,
    ErrorEvent,
    InvalidArgumentError,
    LocalProtocolError,
    MessageEvent,
    Phase,
    ReadyState,
    Role,
    Text,
    TransportAction,
    WebSocket,
    WebSocketPair,
)


@pytest.fixture
def ends() -> tuple[WebSocket, WebSocket]:
    client, server = WebSocketPair()
    client.accept()
    server.accept()
    return client, server


def test_a_pair_comes_apart() -> None:
    pair = WebSocketPair()
    client, server = pair
    assert (pair[0], pair[1], len(pair)) == (client, server, 2)
    assert client.phase == Phase.FRESH
    assert client.ready_state == ReadyState.OPEN


def test_any_object_passes_by_reference(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    for message in ("text", b"bytes", bytearray(b"b"), {"any": "object"}, None, 5):
        client.send(message)
        event = server.poll_event()
        assert isinstance(event, MessageEvent)
        assert event.data is message


def test_what_waits_is_counted(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    for message, size in [("žž", 4), (b"123", 3), (memoryview(bytes(10)), 10), (object(), 0)]:
        before = client.buffered_amount
        client.send(message)
        assert client.buffered_amount == before + size
    assert [event for event in server if not isinstance(event, MessageEvent)] == []
    assert client.buffered_amount == 0


def test_before_accept() -> None:
    client, server = WebSocketPair()
    with pytest.raises(LocalProtocolError):
        client.send("x")
    with pytest.raises(LocalProtocolError):
        client.close()
    client.accept()
    client.send("early")
    assert server.poll_event() is None
    server.accept()
    assert server.poll_event() == MessageEvent("early")


def test_a_close_is_answered(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    client.send("last")
    client.close(3000, "bye")
    with pytest.raises(ClosingError):
        client.send("late")
    close = CloseEvent(3000, "bye", True)
    assert list(server) == [MessageEvent("last"), close]
    assert list(client) == [close]
    assert client.ready_state == server.ready_state == ReadyState.CLOSED
    with pytest.raises(ClosingError):
        server.send("late")


def test_half_open() -> None:
    client, server = WebSocketPair()
    client.accept()
    server.accept(allow_half_open=True)
    client.close()
    assert list(server) == [CloseEvent(1005, "", True)]
    server.send("still here")
    server.close(1001)
    assert list(client) == [MessageEvent("still here"), CloseEvent(1001, "", True)]


def test_bad_closes(ends: tuple[WebSocket, WebSocket]) -> None:
    client, _ = ends
    for code in (0, 999, 1005, 70_000, -1):
        with pytest.raises(InvalidArgumentError):
            client.close(code)
    with pytest.raises(InvalidArgumentError):
        client.close(reason="no code")
    with pytest.raises(InvalidArgumentError):
        client.close(1000, "x" * 124)
    assert client.ready_state == ReadyState.OPEN


def test_compatibility() -> None:
    client, server = WebSocketPair(compatibility_date="2026-03-31")
    client.accept()
    server.accept()
    client.close(1000, "bye")
    assert list(server) == [CloseEvent(1000, "bye", True)]
    server.send("not answered by itself")
    assert list(client) == [MessageEvent("not answered by itself")]
    flags = ["web_socket_auto_reply_to_close", "unknown"]
    client, server = WebSocketPair(compatibility_date="2026-03-31", compatibility_flags=flags)
    client.accept()
    server.accept()
    client.close(1000, "bye")
    assert list(server) == list(client)
    with pytest.raises(ValueError, match="YYYY"):
        WebSocketPair(compatibility_date="today")


def test_a_full_queue_refuses() -> None:
    client, server = WebSocketPair(max_queued=200, high_water_mark=100)
    client.accept()
    server.accept()
    client.send(b"x" * 100)
    assert client.is_congested
    with pytest.raises(BackpressureError) as caught:
        client.send(b"x" * 100)
    assert caught.value.queued == 100
    list(server)
    client.send(b"x" * 1000)


def test_an_end_that_is_dropped(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    client.abandon()
    (event,) = server
    assert isinstance(event, CloseEvent)
    assert (event.code, event.clean) == (1006, False)


def test_attachments(ends: tuple[WebSocket, WebSocket]) -> None:
    client, _ = ends
    assert client.attachment is None
    client.attachment = bytearray(b"kept")
    assert client.attachment == b"kept"
    with pytest.raises(InvalidArgumentError):
        client.attachment = bytes(16_385)


def test_listeners_get_events_in_order() -> None:
    client, server = WebSocketPair()
    client.accept()
    log: list[Any] = []
    server.add_event_listener("message", lambda event: log.append(event.data))
    server.add_event_listener("close", log.append)
    client.send(1)
    assert log == []
    server.accept()
    client.send(2)
    client.close(1000, "bye")
    assert log == [1, 2, CloseEvent(1000, "bye", True)]
    assert list(client) == [CloseEvent(1000, "bye", True)]
    with pytest.raises(ValueError, match="massage"):
        client.add_event_listener("massage", print)


def test_listeners_may_send_and_leave(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    log: list[int] = []

    def count(event: MessageEvent) -> None:
        log.append(event.data)
        if event.data < 5:
            server.send(event.data + 1)

    def answer(event: MessageEvent) -> None:
        client.send(event.data + 1)

    server.add_event_listener("message", count)
    server.add_event_listener("message", count)
    client.add_event_listener("message", answer)
    client.send(0)
    assert log == [0, 2, 4, 6]
    server.remove_event_listener("message", count)
    server.remove_event_listener("message", count)
    client.send(9)
    assert server.poll_event() == MessageEvent(9)


def test_a_listener_that_raises_fails_its_end(
    ends: tuple[WebSocket, WebSocket], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, server = ends
    reported: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda *exc: reported.append(exc[1]))
    errors: list[ErrorEvent] = []

    def broken(event: MessageEvent) -> None:
        raise RuntimeError("broken")

    server.add_event_listener("message", broken)
    server.add_event_listener("error", errors.append)
    client.send("x")
    assert [str(error) for error in reported] == ["broken"]
    assert errors == [ErrorEvent("a listener raised an exception")]
    (event,) = client
    assert isinstance(event, CloseEvent)
    assert event.code == 1006


def test_released_messages_may_use_the_pair() -> None:
    client, server = WebSocketPair()
    client.accept()
    server.accept()

    class Nosy:
        def __del__(self) -> None:
            states.append(client.ready_state)

    states: list[ReadyState] = []
    client.send(Nosy())
    server.abandon()
    assert len(states) == 1


def test_threads_may_share_a_pair(ends: tuple[WebSocket, WebSocket]) -> None:
    client, server = ends
    seen: list[int] = []
    server.add_event_listener("message", lambda event: seen.append(event.data))

    def send() -> None:
        for number in range(500):
            client.send(number)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted([*range(500)] * 4)


class Coupled:
    """An end on a server's connection, and the client at the other side of the wire."""

    def __init__(self, **options: Any) -> None:
        client, self.end = WebSocketPair(**options)
        self.woken: list[None] = []
        self.conn = Connection(Role.SERVER, coupled=True)
        self.coupling = client.couple(self.conn, lambda: self.woken.append(None))
        self.wire = Connection(Role.CLIENT)
        self.given = client

    def exchange(self) -> list[Any]:
        self.coupling.receive_data(self.wire.data_to_send())
        return self.wire.receive_data(self.coupling.data_to_send())


def test_an_end_on_the_network() -> None:
    it = Coupled()
    assert it.given.phase == Phase.SPENT
    it.wire.send_many(["text", b"bytes", "žlutý"])
    it.exchange()
    it.end.accept()
    assert list(it.end) == [MessageEvent(data) for data in ("text", b"bytes", "žlutý")]
    it.end.send("answer")
    it.end.send(memoryview(b"view"))
    assert it.woken
    with pytest.raises(TypeError):
        it.end.send({"no": "form"})
    assert [event.data for event in it.exchange()] == ["answer", b"view"]
    it.end.close(1000, "bye")
    assert it.exchange()[0].code == 1000
    it.exchange()
    assert list(it.end) == [CloseEvent(1000, "", True)]


def test_a_peer_that_breaks_the_rules_behind_a_message() -> None:
    it = Coupled()
    it.end.accept()
    it.wire.send("fine")
    it.coupling.receive_data(it.wire.data_to_send() + b"\xff\xff")
    (event,) = it.end
    assert event == MessageEvent("fine")
    it.end.send("echo")
    assert it.coupling.data_to_send().startswith(b"\x81\x04echo\x88")
    assert list(it.end) == [ErrorEvent("reserved bits set without an extension")]


def test_a_transport_that_is_lost() -> None:
    it = Coupled()
    it.end.accept()
    it.coupling.receive_eof()
    it.coupling.drain()
    (event,) = it.end
    assert isinstance(event, CloseEvent)
    assert event.code == 1006


def test_a_peer_that_closes_and_ends_its_direction() -> None:
    it = Coupled()
    it.end.accept()
    it.wire.send("hi")
    it.wire.close(1000, "bye")
    it.coupling.receive_data(it.wire.data_to_send())
    it.coupling.receive_eof()
    assert it.coupling.data_to_send() == b""
    assert it.conn.transport_state.name == "OPEN"
    seen = []
    for event in it.end:
        seen.append(event)
        if isinstance(event, MessageEvent):
            it.end.send("re " + event.data)
    assert seen == [MessageEvent("hi"), CloseEvent(1000, "bye", True)]
    events = it.wire.receive_data(it.coupling.data_to_send())
    assert events[:2] == [Text("re hi"), Close(1000, "bye")]
    assert it.conn.transport_state == TransportAction.CLOSE


def test_a_peer_that_ends_its_direction_without_a_close() -> None:
    it = Coupled()
    it.end.accept()
    it.wire.send_many(["a", "b", "c"])
    it.coupling.receive_data(it.wire.data_to_send())
    it.coupling.receive_eof()
    assert it.coupling.data_to_send() == b""
    assert it.conn.transport_state.name == "OPEN"
    seen = []
    for event in it.end:
        seen.append(event)
        if isinstance(event, MessageEvent):
            it.end.send(event.data)
    assert seen[:3] == [MessageEvent(text) for text in "abc"]
    (close,) = seen[3:]
    assert isinstance(close, CloseEvent)
    assert close.code == 1006
    it.end.send("late")
    assert it.wire.receive_data(it.coupling.data_to_send()) == [Text(text) for text in "abc"]
    assert it.conn.transport_state == TransportAction.CLOSE


def test_a_transport_that_is_gone_both_ways() -> None:
    it = Coupled()
    it.end.accept()
    it.wire.send("last")
    it.coupling.receive_data(it.wire.data_to_send())
    it.coupling.transport_lost()
    it.coupling.drain()
    it.end.send("into the void")
    assert it.conn.transport_state == TransportAction.CLOSE
    message, close = it.end
    assert message == MessageEvent("last")
    assert isinstance(close, CloseEvent)
    assert close.code == 1006


def test_congestion_reaches_the_wire() -> None:
    it = Coupled(high_water_mark=100)
    it.wire.send_many([b"x" * 50] * 3)
    it.exchange()
    assert it.coupling.is_congested
    it.end.accept()
    before = len(it.woken)
    assert len(list(it.end)) == 3
    assert not it.coupling.is_congested
    assert len(it.woken) > before


def test_a_coupling_tells_whether_there_is_anything_to_write() -> None:
    it = Coupled()
    assert not it.coupling.wants_write
    it.end.accept()
    it.end.send("out")
    assert it.coupling.wants_write
    assert it.coupling.data_to_send() == b"\x81\x03out"
    assert not it.coupling.wants_write
    it.coupling.receive_data(b"\x89\x80\0\0\0\0")
    assert it.coupling.wants_write
    assert it.coupling.data_to_send() == b"\x8a\0"
    assert not it.coupling.wants_write


def test_only_some_can_be_coupled() -> None:
    client, _ = WebSocketPair()
    with pytest.raises(InvalidArgumentError):
        client.couple(Connection(Role.SERVER))
    client.accept()
    with pytest.raises(LocalProtocolError):
        client.couple(Connection(Role.SERVER, coupled=True))
