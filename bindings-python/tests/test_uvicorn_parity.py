"""What an ASGI application and its client see, under our class and under uvicorn's own two."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from peer import HEAD, PATIENCE, close, dial, frame, text

OURS = "wspair.uvicorn:WebSocketProtocol"
THEIRS = ["websockets-sansio", "wsproto"]

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[Any]]


class Visit:
    """An application on one server, and what it saw."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.app: App
        self.seen: asyncio.Queue[Any] = asyncio.Queue()
        self.go = asyncio.Event()
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        if scope["type"] == "websocket":
            return await self.app(scope, receive, send)
        assert (await receive())["type"] == "lifespan.startup"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def next(self) -> Any:
        return await asyncio.wait_for(self.seen.get(), PATIENCE)

    def saw(self, what: Any) -> None:
        self.seen.put_nowait(what)

    server: uvicorn.Server | None = None

    async def start(self, app: App, **options: Any) -> None:
        self.app = app
        sock = socket.create_server(("127.0.0.1", 0))
        self.port = sock.getsockname()[1]
        config = uvicorn.Config(self, ws=self.kind, log_config=None, loop="none", **options)
        self.server = uvicorn.Server(config)
        self.task = asyncio.create_task(self.server._serve([sock]))
        while not self.server.started:
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        if self.server is not None:
            self.server.should_exit = True
            await self.task


@pytest.fixture(params=[OURS, *THEIRS], ids=["ours", *THEIRS])
async def visit(request: pytest.FixtureRequest) -> AsyncIterator[Visit]:
    if request.param != OURS and "uvloop" in type(asyncio.get_running_loop()).__module__:
        pytest.skip("theirs are there to compare with, once")
    visit = Visit(request.param)
    yield visit
    visit.go.set()
    await visit.stop()


async def accept(receive: Receive, send: Send, **options: Any) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **options})


ENDS: dict[str, tuple[bytes, tuple[int, str], int]] = {
    # What the client sends; what the application is told; the code that the client gets.
    "code and reason": (close(3001, "bye"), (3001, "bye"), 3001),
    "no code": (close(None), (1005, ""), 0),
    "text that is not UTF-8": (frame(1, b"\xff"), (1007, ""), 1007),
    "a message over the limit": (text("x" * 101), (1009, ""), 1009),
    "a reserved opcode": (frame(3), (1002, ""), 1002),
    "a frame without a mask": (text("x", mask=False), (1002, ""), 1002),
}

BROKEN = {"text that is not UTF-8", "a reserved opcode", "a frame without a mask"}


@pytest.mark.parametrize("name", ENDS)
async def test_the_code_of_the_end(visit: Visit, name: str) -> None:
    data, due, code = ENDS[name]
    if visit.kind == "wsproto" and name in BROKEN:
        pytest.skip("wsproto tells a lost connection, and the client nothing")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        visit.saw(await receive())

    await visit.start(app, ws_max_size=100)
    peer = await dial(visit.port)
    peer.send(data)
    event = await visit.next()
    assert event["type"] == "websocket.disconnect"
    assert event["code"] == due[0]
    if visit.kind == OURS:
        assert event["reason"] == due[1] or (due[0] in (1002, 1007, 1009) and event["reason"])
    assert (await peer.close_code() or 0) == code
    await peer.leave()


@pytest.mark.parametrize("how", ["finish", "reset"])
async def test_a_client_that_vanishes(visit: Visit, how: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        visit.saw(await receive())
        with pytest.raises(OSError):  # noqa: PT011, PT012
            for _ in range(100):
                await send({"type": "websocket.send", "text": "late"})
                await asyncio.sleep(0.01)  # sleeps: to try again, until it is refused
        visit.saw("raised")

    await visit.start(app)
    peer = await dial(visit.port)
    getattr(peer, how)()
    event = await visit.next()
    # RFC 6455 7.1.5 has 1006 for it; theirs say 1005.
    assert event["code"] == (1006 if visit.kind == OURS else 1005)
    assert await visit.next() == "raised"
    await peer.leave()


@pytest.mark.parametrize("how", ["finish", "reset"])
async def test_a_client_that_leaves_before_the_answer(visit: Visit, how: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "websocket.connect"}
        visit.saw("connect")
        event = await receive()
        visit.saw((event["type"], event["code"]))
        with pytest.raises(OSError):  # noqa: PT011
            await send({"type": "websocket.accept"})
        visit.saw("raised")

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    assert await visit.next() == "connect"
    getattr(peer, how)()
    assert await visit.next() == ("websocket.disconnect", 1006)
    assert await visit.next() == "raised"
    await peer.leave()


async def test_sends_after_the_clients_close(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        visit.saw((await receive())["code"])
        await asyncio.sleep(0.05)  # sleeps: an application that takes its time
        with pytest.raises(OSError):  # noqa: PT011
            await send({"type": "websocket.send", "text": "late"})
        visit.saw("raised")

    await visit.start(app)
    peer = await dial(visit.port)
    peer.send(close(1000))
    assert await visit.next() == 1000
    assert await visit.next() == "raised"
    await peer.leave()


async def test_a_loop_of_sends_ends(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(50_000)})
        except OSError:
            visit.saw("raised")
            raise

    await visit.start(app)
    peer = await dial(visit.port)
    await peer.frame()
    peer.reset()
    assert await visit.next() == "raised"


@pytest.mark.parametrize("kind", ["send", "close", "accept"])
async def test_what_comes_after_the_applications_close(visit: Visit, kind: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await send({"type": "websocket.close", "code": 3001, "reason": "enough"})
        with pytest.raises(RuntimeError, match=f"Unexpected.*websocket.{kind}.*after"):
            await send({"type": f"websocket.{kind}", "text": "late"})
        event = await receive()
        visit.saw((event["type"], event["code"], event["reason"]))

    await visit.start(app)
    peer = await dial(visit.port)
    assert await visit.next() == ("websocket.disconnect", 3001, "enough")
    assert await peer.frame() == (8, b"\x0b\xb9enough")
    peer.send(close(3001))
    await peer.leave()


async def test_an_application_that_only_sends_ends_with_the_client(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        try:
            while True:
                await send({"type": "websocket.send", "text": "tick"})
                await asyncio.sleep(0.01)
        except OSError as error:
            visit.saw(type(error).__name__)
            raise

    await visit.start(app)
    peer = await dial(visit.port)
    await peer.frame()
    peer.send(close(1000))
    assert await peer.close_code() == 1000
    assert await visit.next() == "ClientDisconnected"
    await peer.leave()


async def test_an_application_that_raises_before_it_answers(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("out of ideas")

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    answer = await peer.rest()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"Internal Server Error")
    assert "text/plain" in answer.decode().lower()
    assert "Exception in ASGI application" in caplog.text
    await peer.leave()


async def test_an_application_that_never_answers(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pass

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    assert (await peer.rest()).startswith(b"HTTP/1.1 500 ")
    assert "returned without completing handshake" in caplog.text
    await peer.leave()


async def test_an_application_that_raises_on_an_open_connection(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        raise RuntimeError("out of ideas")

    await visit.start(app)
    peer = await dial(visit.port)
    if visit.kind == OURS:  # theirs drop the connection
        assert await peer.close_code() == 1011
        peer.send(close(1011))
    await peer.gone()
    assert caplog.text.count("Exception in ASGI application") == 1
    await peer.leave()


async def test_a_refusal(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "uvicorn.error")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.close"})
        visit.saw((await receive())["code"])

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    assert (await peer.rest()).startswith(b"HTTP/1.1 403 ")
    assert await visit.next() == 1006
    assert '"WebSocket /chat" 403' in caplog.text
    await peer.leave()


async def test_a_denial_in_parts(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert "websocket.http.response" in scope["extensions"]
        assert await receive() == {"type": "websocket.connect"}
        fields = [(b"www-authenticate", b"Basic"), (b"content-length", b"5")]
        start = {"type": "websocket.http.response.start", "status": 401, "headers": fields}
        await send(start)
        body = {"type": "websocket.http.response.body"}
        await send({**body, "body": b"wh", "more_body": True})
        await send({**body, "body": b"o?!"})
        visit.saw((await receive())["code"])

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    head = (await peer.head()).lower()
    assert head.startswith(b"http/1.1 401 ")
    assert b"www-authenticate: basic\r\n" in head
    assert head.count(b"content-length: 5\r\n") == 1
    assert await peer.rest() == b"who?!"
    assert await visit.next() == 1006
    await peer.leave()


async def test_a_long_denial_goes_out_as_it_comes(visit: Visit) -> None:
    if visit.kind != "wspair":
        pytest.skip("uvicorn's own classes collect it, or write it with another framing")
    start = {"type": "websocket.http.response.start", "status": 404, "headers": []}
    body = {"type": "websocket.http.response.body", "body": bytes(50_000)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "websocket.connect"}
        await send(start)
        for _ in range(20):
            await send({**body, "more_body": True})
        await send({**body, "body": b"over"})
        visit.saw("over")

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    head = (await peer.head()).lower()
    assert head.startswith(b"http/1.1 404 ")
    assert b"content-length" not in head
    assert await peer.rest() == bytes(1_000_000) + b"over"
    assert await visit.next() == "over"
    await peer.leave()


async def test_a_denial_without_an_end_ends_with_the_client(visit: Visit) -> None:
    if visit.kind != "wspair":
        pytest.skip("uvicorn's own classes collect it, or do not hear of the end")
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.http.response.start", "status": 404, "headers": []})
        try:
            while True:
                await send(
                    {
                        "type": "websocket.http.response.body",
                        "body": bytes(65536),
                        "more_body": True,
                    }
                )
                sent += 1
        except Exception as error:
            visit.saw(type(error).__name__)

    await visit.start(app)
    peer = await dial(visit.port, HEAD, open=False)
    assert (await peer.head()).startswith(b"HTTP/1.1 404 ")
    # Nobody reads on: it stops where the system takes no more.
    before = -1
    while sent != before:
        before = sent
        await asyncio.sleep(0.2)
    assert sent < 2_000
    await peer.leave()
    assert await visit.next() == "ClientDisconnected"


async def test_the_lines_of_the_log(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "uvicorn.error")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        await receive()

    await visit.start(app)
    peer = await dial(visit.port)
    peer.send(close(1000))
    await peer.gone()
    await peer.leave()
    assert visit.server is not None
    while visit.server.server_state.connections:
        await asyncio.sleep(0.005)
    lines = [it.getMessage() for it in caplog.records if it.name == "uvicorn.error"]
    assert any(line.endswith('"WebSocket /chat" [accepted]') for line in lines)
    if visit.kind == OURS:  # one of theirs says neither, one only the first
        assert lines.index("connection open") < lines.index("connection closed")


async def test_accept_with_fields_and_a_subprotocol(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        visit.saw(scope["subprotocols"])
        visit.saw((scope["path"], scope["raw_path"], scope["query_string"], scope["scheme"]))
        visit.saw(dict(scope["headers"])[b"x-here"])
        await accept(
            receive, send, subprotocol="b", headers=[(b"set-cookie", b"a=1"), (b"x", b"y")]
        )
        await receive()

    await visit.start(app)
    head = HEAD.replace(b"/chat", b"/a%20b?c=d")[:-2]
    peer = await dial(
        visit.port, head + b"X-Here: 1\r\nSec-WebSocket-Protocol: a, b\r\n\r\n", open=False
    )
    answer = (await peer.head()).lower()
    assert b"sec-websocket-protocol: b\r\n" in answer
    assert b"set-cookie: a=1\r\n" in answer
    assert b"x: y\r\n" in answer
    assert await visit.next() == ["a", "b"]
    assert await visit.next() == ("/a b", b"/a%20b", b"c=d", "ws")
    assert await visit.next() == b"1"
    await peer.leave()


async def test_a_client_that_does_not_answer_pings(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        visit.saw(await receive())

    await visit.start(app, ws_ping_interval=0.1, ws_ping_timeout=0.1)
    peer = await dial(visit.port)
    event = await visit.next()
    assert event["type"] == "websocket.disconnect"
    if visit.kind == OURS:  # theirs tell a lost connection, 1005
        assert (event["code"], event["reason"]) == (1011, "no answer to a ping")
    assert await peer.close_code() == 1011
    await peer.leave()


async def test_receiving_may_begin_before_the_answer(visit: Visit) -> None:
    """As Quart does, whose reading is a task of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "websocket.connect"}
        reading = asyncio.create_task(receive_one(receive))
        await asyncio.sleep(0.02)  # sleeps: gives the reader time to begin
        await send({"type": "websocket.accept"})
        visit.saw(await asyncio.wait_for(reading, PATIENCE))

    async def receive_one(receive: Receive) -> dict[str, Any]:
        return await receive()

    await visit.start(app)
    peer = await dial(visit.port)
    peer.send(text("first"))
    event = await visit.next()
    assert event["text"] == "first"
    await peer.leave()


async def test_several_tasks_may_wait(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)

        async def one() -> Any:
            return (await receive()).get("text")

        visit.saw(sorted(await asyncio.gather(one(), one(), one())))

    await visit.start(app)
    peer = await dial(visit.port)
    peer.send(text("a"), text("b"), text("c"))
    assert await visit.next() == ["a", "b", "c"]
    await peer.leave()


async def test_uvicorn_goes_down(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        visit.saw("open")
        visit.saw((await receive())["code"])

    await visit.start(app)
    peer = await dial(visit.port)
    assert await visit.next() == "open"
    assert visit.server is not None
    visit.server.should_exit = True
    assert await peer.close_code() == 1012
    assert await visit.next() == 1012
    await peer.leave()


async def test_a_message_both_ways_of_either_kind(visit: Visit) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accept(receive, send)
        while (event := await receive())["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})

    await visit.start(app)
    peer = await dial(visit.port)
    peer.send(text("ž"), frame(2, b"\0\1"), frame(9, b"?"))
    got = {await peer.frame() for _ in range(3)}
    assert got == {(1, "ž".encode()), (2, b"\0\1"), (10, b"?")}
    await peer.leave()
