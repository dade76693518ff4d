"""What is due between a connection of `wspair.asyncio` and its application, from the opening to the
end, whatever the peer does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from peer import HEAD, PATIENCE, Peer, RawServer, close, dial, frame, text

import wspair.asyncio
import wspair.sync
from wspair import CloseEvent, ConnectionClosed, ErrorEvent, MessageEvent
from wspair.asyncio import Server, WebSocket, connect, serve
from wspair.asyncio._wire import Wire

Handler = Callable[[WebSocket], Awaitable[Any]]


class Seen:
    """What handlers reported, in order."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, *what: Any) -> None:
        self.queue.put_nowait(what if len(what) > 1 else what[0])

    async def next(self) -> Any:
        return await asyncio.wait_for(self.queue.get(), PATIENCE)


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


async def echo_events(ws: WebSocket, seen: Seen) -> None:
    while isinstance(event := await ws.receive(), MessageEvent):
        seen(event.data)
        await ws.send(event.data)
    seen(event)


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[Server]:
    """A server, and an echo on another connection that must go on all the time."""
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield server
    assert server.connections == set()
    assert not server.openings
    assert not server.tasks


@asynccontextmanager
async def both_ways(handler: Handler, role: str, **options: Any) -> AsyncIterator[Peer]:
    """A raw peer of `handler`, which runs on a server's connection or on a client's."""
    if role == "server":
        async with serving(handler, **options) as server:
            peer = await dial(server.port)
            yield peer
            await peer.leave()
        return
    async with RawServer() as there:
        ws = await connect(there.url, **options)
        task = asyncio.create_task(run(handler, ws))
        peer = await there.peers.get()
        yield peer
        await peer.leave()
        await asyncio.wait_for(task, PATIENCE)
        await asyncio.wait_for(ws.close(), PATIENCE)


async def run(handler: Handler, ws: WebSocket) -> None:
    try:
        await handler(ws)
    except ConnectionClosed:
        pass


ROLES = pytest.mark.parametrize("role", ["server", "client"])


def masked(peer: Peer, *frames: tuple[int, bytes | str]) -> bytes:
    return b"".join(frame(opcode, payload, mask=peer.mask) for opcode, payload in frames)


# The opening.


async def test_frames_that_come_with_the_request() -> None:
    async with serving(echo) as server:
        peer = await dial(server.port, text("a"), text("b"), text("c"))
        assert [await peer.frame() for _ in range(3)] == [(1, b"a"), (1, b"b"), (1, b"c")]
        await peer.leave()


@pytest.mark.parametrize("decides_later", [False, True])
async def test_all_of_a_visit_in_one_segment(decides_later: bool) -> None:
    async def later(connection: WebSocket, request: Any) -> None:
        await asyncio.sleep(0.05)  # sleeps: an application that takes its time

    options = {"process_request": later} if decides_later else {}
    async with serving(echo, **options) as server:
        peer = await dial(server.port, HEAD, text("a"), close(1000), open=False)
        peer.finish()
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        assert await peer.rest() == b"\x81\x01a" + b"\x88\x02\x03\xe8"
        await peer.leave()


async def test_a_broken_frame_that_comes_with_the_request() -> None:
    async with serving(echo) as server:
        peer = await dial(server.port, frame(3, b"?"))
        assert await peer.close_code() == 1002
        await peer.leave()


@pytest.mark.parametrize("how", ["finish", "reset"])
async def test_a_client_that_leaves_while_the_answer_is_thought_about(how: str) -> None:
    seen = Seen()

    async def think(connection: WebSocket, request: Any) -> None:
        seen("thinks")
        try:
            await asyncio.sleep(60)  # sleeps: longer than the peer stays
        except asyncio.CancelledError:
            seen("is told")
            raise

    async with serving(echo, process_request=think) as server:
        peer = await dial(server.port, HEAD, open=False)
        assert await seen.next() == "thinks"
        getattr(peer, how)()
        assert await seen.next() == "is told"
        if how == "finish":
            assert await peer.rest() == b""
        await peer.leave()


async def test_a_refused_client_that_stays_and_talks_on() -> None:
    async with serving(echo, origins=["https://example.org"]) as server:
        head = HEAD[:-2] + b"Origin: https://elsewhere.example\r\n\r\n"
        peer = await dial(server.port, head, open=False)
        peer.send(bytes(1 << 20))
        began = asyncio.get_running_loop().time()
        assert (await peer.head()).startswith(b"HTTP/1.1 403 ")
        await peer.gone()
        while server.openings:
            await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() - began < PATIENCE / 2
        peer.writer.transport.abort()


async def test_process_request_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    def fail(connection: WebSocket, request: Any) -> None:
        raise RuntimeError("out of ideas")

    async with serving(echo, process_request=fail) as server:
        peer = await dial(server.port, HEAD, open=False)
        answer = await peer.rest()
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert answer.endswith(b"log says why.\n")
        await peer.leave()
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert "out of ideas" in caplog.text


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_a_strangers_nonsense_is_answered_and_not_logged(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(echo) as server:
        peer = await dial(server.port, request_, open=False)
        assert (await peer.rest())[9:10] in (b"4", b"5")
        await peer.leave()
    assert caplog.text == ""


# The end.


@ROLES
async def test_the_peer_closes(role: str) -> None:
    seen = Seen()
    async with both_ways(lambda ws: echo_events(ws, seen), role) as peer:
        peer.send(close(4000, "bye", mask=peer.mask))
        assert await peer.close_code() == 4000
        assert await seen.next() == CloseEvent(4000, "bye", True)


@ROLES
@pytest.mark.parametrize("pause", [0, 0.1])
async def test_the_peer_ends_its_direction_behind_its_close(role: str, pause: float) -> None:
    seen = Seen()
    async with both_ways(lambda ws: echo_events(ws, seen), role) as peer:
        peer.send(masked(peer, (1, "a")), close(1000, mask=peer.mask))
        await asyncio.sleep(pause)  # sleeps: what is sent comes in two reads
        peer.finish()
        assert await peer.frame() == (1, b"a")
        assert await peer.close_code() == 1000
        assert await seen.next() == "a"
        assert await seen.next() == CloseEvent(1000, "", True)


@ROLES
@pytest.mark.parametrize("pause", [0, 0.02])
async def test_answers_go_out_to_a_peer_that_ended_its_direction(role: str, pause: float) -> None:
    seen = Seen()

    async def slow_echo(ws: WebSocket) -> None:
        while isinstance(event := await ws.receive(), MessageEvent):
            await asyncio.sleep(pause)
            await ws.send(event.data)
        seen(event)

    async with both_ways(slow_echo, role) as peer:
        peer.send(masked(peer, (1, "a"), (1, "b"), (1, "c")))
        peer.finish()
        assert (
            await peer.rest() == b"".join(text(it, mask=False) for it in "abc") or role == "client"
        )
        assert await seen.next() == CloseEvent(1006, "", False)


@ROLES
async def test_a_reset_is_an_event(role: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    seen = Seen()
    async with both_ways(lambda ws: echo_events(ws, seen), role) as peer:
        peer.send(masked(peer, (1, "whole")), frame(1, "in pieces", mask=peer.mask)[:-3])
        assert await seen.next() == "whole"
        await peer.frame()
        peer.reset()
        assert await seen.next() == CloseEvent(1006, "", False)
    assert caplog.text == ""


async def tick(ws: WebSocket, seen: Seen, pause: float) -> None:
    """Only sends."""
    try:
        while True:
            await ws.send("tick")
            if pause:
                await asyncio.sleep(pause)  # sleeps: an application that takes its time
    except ConnectionClosed as error:
        seen(error)
        raise


@ROLES
@pytest.mark.parametrize("pause", [0.01, 0])
@pytest.mark.parametrize("how", ["close", "reset", "break"])
async def test_who_only_sends_learns_of_the_end(role: str, pause: float, how: str) -> None:
    seen = Seen()
    async with both_ways(lambda ws: tick(ws, seen, pause), role) as peer:
        await peer.frame()
        if how == "close":
            peer.send(close(4000, "bye", mask=peer.mask))
        elif how == "reset":
            peer.reset()
        else:
            peer.send(frame(3, mask=peer.mask))
        error = await seen.next()
        if how == "reset":
            assert error.code == 1006
        elif how == "close":
            assert (error.code, error.reason) == (4000, "bye")
            assert await peer.close_code() == 4000
        else:
            assert error.sent.code == 1002
            assert await peer.close_code() == 1002


@ROLES
async def test_who_does_nothing_does_not_hold_up_the_close(role: str) -> None:
    stop = asyncio.Event()

    async def wait(ws: WebSocket) -> None:
        await stop.wait()

    async with both_ways(wait, role) as peer:
        peer.send(close(1000, mask=peer.mask))
        assert await peer.close_code() == 1000
        stop.set()


@ROLES
async def test_messages_before_the_close_stay(role: str) -> None:
    seen, go = Seen(), asyncio.Event()

    async def read_later(ws: WebSocket) -> None:
        await go.wait()
        messages = [message async for message in ws]
        seen(len(messages), ws.last_event)

    async with both_ways(read_later, role) as peer:
        peer.send(masked(peer, *[(1, str(number)) for number in range(100)]))
        peer.send(close(1000, mask=peer.mask))
        assert await peer.close_code() == 1000
        go.set()
        assert await seen.next() == (100, CloseEvent(1000, "", True))


@ROLES
@pytest.mark.parametrize("ends", ["stays", "ends its direction"])
async def test_answers_that_take_a_while_go_out_before_the_close(
    role: str, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow_echo(ws: WebSocket) -> None:
        async for message in ws:
            for _ in range(10):
                await asyncio.sleep(0)  # sleeps: lets the loop turn, however long that takes
            await ws.send(message)

    # However slow the machine is.
    monkeypatch.setattr(Wire, "_await_answers", lambda *_: None)
    async with both_ways(slow_echo, role) as peer:
        peer.send(masked(peer, (1, "a"), (1, "b"), (2, "c")) + close(1000, mask=peer.mask))
        if ends == "ends its direction":
            peer.finish()
        frames = [await peer.frame() for _ in range(3)]
        assert frames == [(1, b"a"), (1, b"b"), (2, b"c")]
        assert await peer.close_code() == 1000


@ROLES
async def test_answers_that_never_come_keep_no_close_back(role: str) -> None:
    go_on = asyncio.Event()

    async def think(ws: WebSocket) -> None:
        await ws.recv()
        await go_on.wait()
        with pytest.raises(ConnectionClosed):
            await ws.send("late")

    async with both_ways(think, role) as peer:
        peer.send(masked(peer, (1, "a"), (1, "b")) + close(1000, mask=peer.mask))
        assert await peer.close_code() == 1000
        go_on.set()


@ROLES
async def test_who_was_not_about_to_answer_is_not_waited_for(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def think(ws: WebSocket) -> None:
        await ws.recv()
        taken.set()
        await go_on.wait()

    monkeypatch.setattr(Wire, "_await_answers", lambda _, seconds: waited.append(seconds))
    async with both_ways(think, role) as peer:
        peer.send(masked(peer, (1, "a")))
        await taken.wait()
        await asyncio.sleep(0.6)  # sleeps: the time is what is tested
        peer.send(close(1000, mask=peer.mask))
        assert await peer.close_code() == 1000
        go_on.set()
    assert waited == []


@ROLES
async def test_answers_to_an_ended_stream_take_no_longer_than_a_close_may(role: str) -> None:
    go_on = asyncio.Event()

    async def think(ws: WebSocket) -> None:
        await ws.recv()
        await go_on.wait()

    async with both_ways(think, role, close_timeout=0.3) as peer:
        peer.send(masked(peer, (1, "hi")))
        peer.finish()
        await asyncio.wait_for(peer.gone(), PATIENCE / 3)
        go_on.set()


@ROLES
async def test_a_peer_that_never_answers_the_close(role: str) -> None:
    seen = Seen()

    async def leave(ws: WebSocket) -> None:
        await ws.close(1000, "enough")
        seen(ws.last_event)

    async with both_ways(leave, role, close_timeout=0.3) as peer:
        assert await peer.close_code() == 1000
        assert await seen.next() == CloseEvent(1006, "", False)
        await peer.gone()


async def test_a_peer_that_answers_the_close_and_stays() -> None:
    seen = Seen()

    async def leave(ws: WebSocket) -> None:
        await ws.close()
        seen(ws.last_event)

    async with serving(leave) as server:
        peer = await dial(server.port)
        assert await peer.close_code() == 1000
        peer.send(close(1000))
        assert await seen.next() == CloseEvent(1000, "", True)
        await peer.gone()
        await peer.leave()


@ROLES
async def test_a_peer_that_floods_during_the_close(role: str) -> None:
    seen = Seen()

    async def leave(ws: WebSocket) -> None:
        await ws.close()
        seen(ws.last_event)

    async with both_ways(leave, role) as peer:
        for _ in range(64):
            peer.send(masked(peer, (2, bytes(200_000))))
        peer.send(close(1000, mask=peer.mask))
        peer.finish()
        assert await peer.close_code() == 1000
        assert await seen.next() == CloseEvent(1000, "", True)


@ROLES
async def test_one_task_closes_while_another_reads(role: str) -> None:
    seen = Seen()

    async def leave(ws: WebSocket) -> None:
        reading = asyncio.create_task(ws.receive())
        iterating = asyncio.create_task(ws.wait_closed())
        await asyncio.sleep(0.01)  # sleeps: gives both time to begin waiting
        await asyncio.gather(ws.close(4000, "bye"), ws.close(4001), iterating)
        seen(await reading)

    async with both_ways(leave, role) as peer:
        assert await peer.close_code() == 4000
        peer.send(close(4000, "bye", mask=peer.mask))
        peer.finish()
        assert await seen.next() == CloseEvent(4000, "bye", True)


@ROLES
async def test_after_the_end(role: str) -> None:
    seen = Seen()

    async def late(ws: WebSocket) -> None:
        event = await ws.receive()
        with pytest.raises(ConnectionClosed) as caught:
            await ws.send("late")
        assert (caught.value.code, caught.value.reason) == (3000, "over")
        with pytest.raises(ConnectionClosed):
            await ws.recv()
        with pytest.raises(ConnectionClosed):
            await ws.ping()
        await ws.close()
        await ws.close(4001, "again")
        assert await ws.receive() == event
        assert [message async for message in ws] == []
        seen(event)

    async with both_ways(late, role, close_timeout=0.3) as peer:
        peer.send(close(3000, "over", mask=peer.mask))
        assert await seen.next() == CloseEvent(3000, "over", True)


async def test_a_sender_that_ignores_the_end_does_not_stop_the_loop() -> None:
    turns = 0

    async def deaf(ws: WebSocket) -> None:
        while True:
            try:
                await ws.send(bytes(50_000))
            except ConnectionClosed:
                pass

    async with serve(deaf, "127.0.0.1", 0) as server:
        peer = await dial(server.port)
        await peer.frame()
        peer.reset()
        for _ in range(50):
            await asyncio.sleep(0.001)  # sleeps: counts the turns of the loop meanwhile
            turns += 1
        await server.close(timeout=0.1)
    assert turns == 50


async def test_a_connection_that_is_dropped_is_closed() -> None:
    async with RawServer() as there:
        ws = await connect(there.url)
        peer = await there.peers.get()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del ws
        assert await peer.close_code() == 1001
        await peer.leave()


@ROLES
async def test_a_message_over_the_limit(role: str) -> None:
    seen = Seen()
    async with both_ways(lambda ws: echo_events(ws, seen), role, max_size=10) as peer:
        peer.send(masked(peer, (1, "x" * 11)))
        opcode, payload = await peer.frame()
        assert (opcode, payload[:2]) == (8, b"\x03\xf1")
        assert b"11" in payload
        assert isinstance(await seen.next(), ErrorEvent)


async def test_a_server_that_closes_in_every_state() -> None:
    stop = asyncio.Event()

    async def think(connection: WebSocket, request: Any) -> None:
        if request.target == "/think":
            await stop.wait()

    async def stubborn(ws: WebSocket) -> None:
        try:
            await stop.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # sleeps: an application that takes its time

    async with serve(stubborn, "127.0.0.1", 0, process_request=think) as server:
        silent = await dial(server.port, open=False)
        half = await dial(server.port, HEAD[:20], open=False)
        thinking = await dial(server.port, HEAD.replace(b"/chat", b"/think"), open=False)
        refused = await dial(server.port, b"nonsense\r\n\r\n", open=False)
        opened = await dial(server.port)
        deaf = await dial(server.port)
        loop = asyncio.get_running_loop()
        while len(server.openings) < 6:
            await asyncio.sleep(0.01)
        began = loop.time()
        closing = asyncio.create_task(server.close(timeout=0.5))
        assert await opened.close_code() == 1001
        await closing
        assert loop.time() - began < PATIENCE / 2
        assert not server.openings
        assert not server.tasks
        for peer in (silent, half, thinking, refused, opened, deaf):
            await peer.gone()
            await peer.leave()


# Flow.


@ROLES
async def test_a_peer_that_stops_reading_holds_up_the_sender(role: str) -> None:
    sent, payload = Seen(), bytes(256 << 10)
    count = 60

    async def flood(ws: WebSocket) -> None:
        for number in range(count):
            await ws.send(payload)
            sent(number)
            assert ws.buffered_amount <= 2 * len(payload)

    # To read all of it may take a slow machine longer than keepalive stays quiet.
    async with both_ways(flood, role, ping_interval=None) as peer:
        await asyncio.sleep(0.3)  # sleeps: gives the sender time to be held back
        assert sent.queue.qsize() < count
        for _ in range(count):
            assert await peer.frame() == (2, payload)


@ROLES
async def test_an_application_that_stops_reading_holds_up_the_peer(role: str) -> None:
    go, count, payload = asyncio.Event(), 160, bytes(256 << 10)
    seen = Seen()

    async def late(ws: WebSocket) -> None:
        await go.wait()
        for _ in range(count):
            assert await ws.recv() == payload
        seen("all")

    async with both_ways(late, role) as peer:
        sending = asyncio.create_task(send_all(peer, [frame(2, payload, mask=peer.mask)] * count))
        await asyncio.sleep(0.3)  # sleeps: gives the sender time to be held back
        assert not sending.done()
        go.set()
        await sending
        assert await seen.next() == "all"


async def send_all(peer: Peer, frames: list[bytes]) -> None:
    for data in frames:
        peer.send(data)
        await peer.writer.drain()


async def test_a_queue_may_be_counted_in_messages() -> None:
    go = asyncio.Event()

    async def late(ws: WebSocket) -> None:
        await go.wait()
        async for message in ws:
            await ws.send(message)

    async with serving(late, max_queue=(4, 1)) as server:
        peer = await dial(server.port)
        peer.send(*[text(str(number)) for number in range(30)], close(1000))
        await asyncio.sleep(0.05)  # sleeps: gives what must not come time to come
        (there,) = server.connections
        assert there.ready_state == 1  # the Close waits behind what is too much
        go.set()
        for number in range(30):
            assert await peer.frame() == (1, str(number).encode())
        assert await peer.close_code() == 1000
        await peer.leave()


@ROLES
async def test_a_silent_peer_is_given_up(role: str) -> None:
    seen = Seen()

    async def wait(ws: WebSocket) -> None:
        try:
            await ws.recv()
        except ConnectionClosed as error:
            seen(error)

    async with both_ways(wait, role, ping_interval=0.1, ping_timeout=0.2) as peer:
        error = await seen.next()
        assert error.cause.name if hasattr(error.cause, "name") else str(error.cause)
        assert isinstance(error.__cause__, TimeoutError)
        assert (await peer.frame())[0] == 9
        assert await peer.close_code() == 1011


async def test_a_pong_that_waits_to_be_read_is_an_answer() -> None:
    """The application blocks the loop until all deadlines have passed."""
    import time

    async def block(ws: WebSocket) -> None:
        async for message in ws:
            time.sleep(1.0)  # noqa: ASYNC251  # sleeps: an application that blocks the loop
            await ws.send(message)

    async with serving(block, ping_interval=0.2, ping_timeout=0.2) as server:
        peer = await dial(server.port)
        for _ in range(2):
            peer.send(text("x"), frame(10))
            while (answer := await peer.frame())[0] == 9:
                peer.send(frame(10, answer[1]))
            assert answer == (1, b"x")
        await peer.leave()


async def test_a_slow_application_does_not_lose_a_live_peer() -> None:
    """The peer answers each ping, but nobody reads while the application takes no messages."""
    go = asyncio.Event()

    async def late(ws: WebSocket) -> None:
        await go.wait()
        async for message in ws:
            await ws.send(str(len(message)))

    async with serving(late, ping_interval=0.1, ping_timeout=0.2, max_size=None) as server:
        peer = await dial(server.port)
        sending = asyncio.create_task(send_all(peer, [frame(2, bytes(1 << 20))] * 40))
        await asyncio.sleep(1.0)  # sleeps: longer than a ping waits for its answer
        go.set()
        answers = 0
        while answers < 40:
            opcode, payload = await peer.frame()
            if opcode == 9:
                peer.send(frame(10, payload))
            else:
                assert (opcode, payload) == (1, str(1 << 20).encode())
                answers += 1
        await sending
        await peer.leave()


@ROLES
async def test_a_message_in_single_bytes(role: str) -> None:
    async with both_ways(echo, role) as peer:
        for byte in frame(1, "x" * 300, mask=peer.mask):
            peer.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await peer.frame() == (1, b"x" * 300)


@ROLES
async def test_what_is_sent_is_what_the_buffer_held(role: str) -> None:
    async def send(ws: WebSocket) -> None:
        for size in (4, 100_000):
            data = bytearray(b"1" * size)
            await ws.send(data)
            data[:] = b"2" * size
            view = memoryview(data)[1:3]
            await ws.send(view)
            data[:] = b"3" * size
        await ws.send(memoryview(b"abcdef")[::2])
        await ws.send(memoryview(b"abcdef")[::-1])
        await ws.send(memoryview(bytes(range(8))).cast("H"))
        await ws.send(memoryview(bytes(range(6))).cast("B", (2, 3)))
        released = memoryview(b"abc")
        released.release()
        with pytest.raises(ValueError, match="released"):
            await ws.send(released)

    async with both_ways(send, role) as peer:
        for size in (4, 100_000):
            assert await peer.frame() == (2, b"1" * size)
            assert await peer.frame() == (2, b"22")
        assert await peer.frame() == (2, b"ace")
        assert await peer.frame() == (2, b"fedcba")
        assert await peer.frame() == (2, bytes(range(8)))
        assert await peer.frame() == (2, bytes(range(6)))


@ROLES
@pytest.mark.parametrize("how", ["list", "iterator", "async"])
async def test_a_message_in_parts(role: str, how: str) -> None:
    async def parts() -> AsyncIterator[str]:
        for part in ("in ", "several ", "frames"):
            await asyncio.sleep(0)
            yield part

    async def send(ws: WebSocket) -> None:
        given: Any = ["in ", "several ", "frames"]
        sending = ws.send({"list": given, "iterator": iter(given), "async": parts()}[how])
        await asyncio.gather(sending, ws.send("behind"))
        with pytest.raises(TypeError, match="dict"):
            await ws.send({"a": 1})
        with pytest.raises(TypeError, match="int"):
            await ws.send(5)
        await ws.send([])

    async with both_ways(send, role) as peer:
        frames = [await peer.frame() for _ in range(5)]
    behind = frames.index((1, b"behind"))
    assert behind in (0, 4)
    del frames[behind]
    assert frames == [(1, b"in "), (0, b"several "), (0, b"frames"), (0, b"")]


@ROLES
async def test_many_tasks_send_at_once(role: str) -> None:
    async def send(ws: WebSocket) -> None:
        async def one(name: int) -> None:
            for number in range(40):
                await ws.send(f"{name} {number} " + "x" * (number * 997))

        await asyncio.gather(*(one(name) for name in range(8)))

    async with both_ways(send, role) as peer:
        next_number = dict.fromkeys(range(8), 0)
        for _ in range(8 * 40):
            opcode, payload = await peer.frame()
            name, number, padding = payload.decode().split(" ")
            assert opcode == 1
            assert int(number) == next_number[int(name)]
            assert padding == "x" * (int(number) * 997)
            next_number[int(name)] += 1


# The application.


@ROLES
async def test_receiving_may_be_cancelled(role: str) -> None:
    seen = Seen()

    async def impatient(ws: WebSocket) -> None:
        got: list[str | bytes] = []
        while len(got) < 50:
            try:
                async with asyncio.timeout(0.0005):
                    got.append(await ws.recv())
            except TimeoutError:
                pass
        seen(got)

    async with both_ways(impatient, role) as peer:
        for number in range(50):
            peer.send(masked(peer, (1, str(number))))
            await asyncio.sleep(0.001)  # sleeps: what is sent comes in two reads
        assert await seen.next() == [str(number) for number in range(50)]


@ROLES
async def test_only_one_task_receives(role: str) -> None:
    seen = Seen()

    async def two(ws: WebSocket) -> None:
        reading = asyncio.create_task(ws.recv())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another"):
            await ws.recv()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        seen("free again")
        assert await ws.recv() == "x"
        seen("got it")

    async with both_ways(two, role) as peer:
        assert await seen.next() == "free again"
        peer.send(masked(peer, (1, "x")))
        assert await seen.next() == "got it"


@ROLES
async def test_pings_are_timed(role: str) -> None:
    seen = Seen()

    async def ping(ws: WebSocket) -> None:
        assert ws.latency == 0
        first, second = await ws.ping("one"), await ws.ping(b"two")
        assert (await second) > 0
        assert first.done()
        assert ws.latency > 0
        never = await ws.ping()
        seen("answered")
        with pytest.raises(ConnectionClosed):
            await never
        seen("told")

    async with both_ways(ping, role) as peer:
        assert await peer.frame() == (9, b"one")
        assert await peer.frame() == (9, b"two")
        await asyncio.sleep(0.01)  # sleeps: gives the waiting one time to begin
        peer.send(masked(peer, (10, b"two")))
        assert await seen.next() == "answered"
        peer.send(close(1000, mask=peer.mask))
        assert await seen.next() == "told"


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"ping_intervall": 20}, TypeError, "ping_intervall.*ping_interval"),
    ({"max_message": "1M"}, TypeError, "max_message.*1M"),
    ({"max_size": "1M"}, TypeError, "max_size.*1M"),
    ({"max_size": -1}, ValueError, "max_size.*-1"),
    ({"ping_interval": "often"}, TypeError, "ping_interval.*often"),
    ({"ping_interval": -1}, ValueError, "ping_interval.*-1"),
    ({"close_timeout": float("nan")}, ValueError, "close_timeout.*nan"),
    ({"open_timeout": -1}, ValueError, "open_timeout.*-1"),
    ({"open_timeout": "soon"}, TypeError, "open_timeout.*soon"),
    ({"max_queue": -1}, ValueError, "max_queue.*-1"),
    ({"max_queue": (1, 2)}, ValueError, "max_queue"),
    ({"write_limit": None}, TypeError, "write_limit"),
    ({"compression": "gzip"}, ValueError, "compression.*gzip"),
    ({"subprotocols": ["a b"]}, ValueError, "subprotocols.*a b"),
    ({"subprotocols": "chat"}, TypeError, "subprotocols.*chat"),
]


@pytest.mark.parametrize(("options", "error", "match"), WRONG)
async def test_wrong_options_fail_where_they_are_given(
    options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        serve(echo, "127.0.0.1", 0, **options)
    with pytest.raises(error, match=match):
        connect("ws://127.0.0.1/", **options)


@pytest.mark.parametrize("package", [wspair.asyncio, wspair.sync])
@pytest.mark.parametrize(
    ("function", "name", "meant"),
    [
        ("serve", "origin", "origins"),
        ("serve", "allow_missing_origins", "allow_missing_origin"),
        ("serve", "max_messages", "max_message"),
        ("connect", "origins", "origin"),
        ("connect", "field", "fields"),
        ("connect", "prox", "proxy"),
    ],
)
async def test_a_mistyped_option_is_answered_with_one_of_the_same_function(
    package: Any, function: str, name: str, meant: str
) -> None:
    arguments = {"serve": (echo, "127.0.0.1", 0), "connect": ("ws://127.0.0.1/",)}
    with pytest.raises(TypeError, match=rf"'{name}'; did you mean '{meant}'\?"):
        getattr(package, function)(*arguments[function], **{name: None})


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"origins": ["nonsense"]}, "origins.*nonsense"),
        ({"origins": "https://example.org"}, "origins"),
        ({"origins": [5]}, "origins.*5"),
        ({"process_request": 5}, "process_request.*5"),
        ({"handler": None}, "handler"),
    ],
)
async def test_wrong_options_of_a_server(options: dict[str, Any], match: str) -> None:
    arguments: dict[str, Any] = {"handler": echo, "host": "127.0.0.1", "port": 0, **options}
    with pytest.raises((TypeError, ValueError), match=match):
        serve(**arguments)


async def test_a_handler_that_is_not_async(caplog: pytest.LogCaptureFixture) -> None:
    def plain(ws: WebSocket) -> None:
        pass

    handler: Any = plain
    async with serving(handler) as server:
        peer = await dial(server.port)
        assert await peer.close_code() == 1011
        await peer.leave()
    assert "not async" in caplog.text
