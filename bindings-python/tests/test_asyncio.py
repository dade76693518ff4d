"""The asyncio hosts, against each other and against plain sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wspair import (
    CloseEvent,
    ClosingError,
    Connection,
    ErrorEvent,
    Failed,
    MessageEvent,
    Refusal,
    Refused,
    Request,
    Role,
    WebSocketPair,
)
from wspair.asyncio import HandshakeError, Server, WebSocket, connect, serve


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve(echo, "127.0.0.1", 0, subprotocols=["v2", "v1"]) as server:
        yield server


def url(server: Server, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


async def test_messages_there_and_back(server: Server) -> None:
    messages = ["text", b"bytes", "", b"", "ž" * 40_000, bytes(range(256)) * 3000]
    async with connect(url(server)) as ws:
        for message in messages:
            await ws.send(message)
        for message in messages:
            assert await ws.receive() == MessageEvent(message)
    assert ws.last_event == CloseEvent(1000, "", True)
    with pytest.raises(ClosingError):
        await ws.send("late")


async def test_what_was_agreed_on(server: Server) -> None:
    async with connect(url(server, "/chat?x"), subprotocols=["v1", "v2"]) as ws:
        assert ws.subprotocol == "v2"
        (there,) = server.connections
        assert there.subprotocol == "v2"
        assert isinstance(there.request, Request)
        assert there.request.target == "/chat?x"


async def test_compression() -> None:
    async with serve(echo, "127.0.0.1", 0, compression=True) as server:
        async with connect(url(server), compression=True) as ws:
            assert ws.agreed is not None
            assert ws.agreed.compression
            await ws.send("a" * 100_000)
            assert await ws.receive() == MessageEvent("a" * 100_000)


async def test_the_end_of_a_handler_closes() -> None:
    async def once(ws: WebSocket) -> None:
        await ws.send("only")

    async with serve(once, "127.0.0.1", 0) as server:
        ws = await connect(url(server))
        assert [message async for message in ws] == ["only"]
        assert ws.last_event == CloseEvent(1000, "", True)
        assert await ws.receive() == ws.last_event
        await ws.close()


async def test_a_handler_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(ws: WebSocket) -> None:
        raise RuntimeError("broken")

    async with serve(broken, "127.0.0.1", 0) as server:
        ws = await connect(url(server))
        assert await ws.receive() == CloseEvent(1011, "", True)
        await ws.close()
    assert "broken" in caplog.text


async def test_a_server_that_goes_away() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        ws = await connect(url(server))
        await ws.send("x")
        assert await ws.receive() == MessageEvent("x")
        closing = asyncio.create_task(server.close(reason="later"))
        assert await ws.receive() == CloseEvent(1001, "later", True)
        await closing
    assert server.connections == set()


async def test_peers_that_never_answer_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def deaf(ws: WebSocket) -> None:
        await asyncio.sleep(60)  # sleeps: an application that never looks

    async with serve(deaf, "127.0.0.1", 0) as server:
        ws = await connect(url(server))
        began = time.monotonic()
        await server.close(timeout=0.2)
        assert time.monotonic() - began < 5
        assert isinstance(await ws.receive(), CloseEvent)
        await ws.close()


async def test_origins() -> None:
    async with serve(echo, "127.0.0.1", 0, origins=["https://example.org"]) as server:
        async with connect(url(server), origin="https://example.org"):
            pass
        with pytest.raises(HandshakeError, match="403") as caught:
            await connect(url(server), origin="https://evil.example")
        assert isinstance(caught.value.verdict, Refused)


@pytest.mark.parametrize("is_async", [False, True])
async def test_requests_may_be_refused(is_async: bool) -> None:
    def judge(request: Request) -> Refusal | None:
        return None if request.target == "/open" else Refusal(401, {"WWW-Authenticate": "Basic"})

    async def judge_later(request: Request) -> Refusal | None:
        await asyncio.sleep(0.01)  # sleeps: an application that takes its time
        return judge(request)

    how: Any = judge_later if is_async else judge
    async with serve(echo, "127.0.0.1", 0, process_request=how) as server:
        async with connect(url(server, "/open")) as ws:
            await ws.send("x")
            assert await ws.receive() == MessageEvent("x")
        with pytest.raises(HandshakeError, match="401"):
            await connect(url(server, "/closed"))


async def test_what_is_no_request(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 426 ")
    writer.close()
    await writer.wait_closed()


async def test_a_request_that_does_not_come() -> None:
    async with serve(echo, "127.0.0.1", 0, open_timeout=0.1) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()


async def test_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(asyncio.TimeoutError):
            await connect(address, open_timeout=0.1)


async def test_a_server_that_hangs_up() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(HandshakeError) as caught:
            await connect(f"ws://127.0.0.1:{port}/")
        assert isinstance(caught.value.verdict, Failed)


async def test_a_lost_connection_is_an_event(server: Server) -> None:
    ws = await connect(url(server))
    await ws.send("x")
    assert await ws.receive() == MessageEvent("x")
    (there,) = server.connections
    there.end.abandon()
    event = await ws.receive()
    assert isinstance(event, CloseEvent)
    assert (event.code, event.clean) == (1006, False)
    await ws.close()


async def test_a_broken_rule_is_an_event(server: Server) -> None:
    ws = await connect(url(server), max_message=10)
    await ws.send("x" * 11)
    assert await ws.receive() == ErrorEvent("message over the size limit")
    assert [message async for message in ws] == []
    await ws.close()


async def test_keepalive() -> None:
    ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def wait(ws: WebSocket) -> None:
        ended.set_result(await ws.receive())

    async with serve(wait, "127.0.0.1", 0, ping_after=0.05, pong_within=0.1) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_sendall(
                sock,
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            )
            event = await asyncio.wait_for(ended, 5)
        assert isinstance(event, CloseEvent)
        assert event.code == 1006


async def test_a_slow_reader_stops_the_sender(server: Server) -> None:
    """Neither side holds more than its marks, and nothing is lost."""
    payload, count = bytes(256 << 10), 250
    ws = await connect(url(server))
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(count):
            await ws.send(payload)
            sent += 1

    sending = asyncio.create_task(send())
    await asyncio.sleep(0.5)  # sleeps: gives the sender time to be held back
    assert sent < count
    for _ in range(count):
        event = await ws.receive()
        assert isinstance(event, MessageEvent)
        assert len(event.data) == len(payload)
    await sending
    await ws.close()


async def test_only_one_reads_at_a_time(server: Server) -> None:
    async with connect(url(server)) as ws:
        reading = asyncio.create_task(ws.receive())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await ws.receive()
        reading.cancel()
        await asyncio.sleep(0)
        await ws.send("x")
        assert await ws.receive() == MessageEvent("x")


async def test_ends_in_memory() -> None:
    client, server = map(WebSocket, WebSocketPair())
    task = asyncio.create_task(echo(server))
    marker = object()
    await client.send(marker)
    event = await client.receive()
    assert isinstance(event, MessageEvent)
    assert event.data is marker
    await client.close(1000, "bye")
    await task
    assert server.last_event == CloseEvent(1000, "bye", True)


async def test_tls(tmp_path: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem",
        shell=True,
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    here = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    async with serve(echo, "localhost", 0, ssl=there) as server:
        async with connect(f"wss://localhost:{server.port}/", ssl=here) as ws:
            for message in ("hi", bytes(300_000)):
                await ws.send(message)
                assert await ws.receive() == MessageEvent(message)
        with pytest.raises(ssl.SSLError):
            await connect(f"wss://localhost:{server.port}/")


async def test_messages_that_come_with_the_handshake(server: Server) -> None:
    client = Connection(Role.CLIENT)
    client.send("early")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        + client.data_to_send()
    )
    await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(7) == b"\x81\x05early"
    writer.close()
    await writer.wait_closed()


async def test_an_end_whose_other_one_is_in_a_thread() -> None:
    there, here = WebSocketPair()
    there.accept()
    ws = WebSocket(here)
    go = threading.Event()

    def talk() -> None:
        for word in ("one", "two"):
            assert go.wait(30)
            go.clear()
            there.send(word)
        assert go.wait(30)
        there.close(1000)

    thread = threading.Thread(target=talk)
    thread.start()
    loop = asyncio.get_running_loop()
    try:
        for word in ("one", "two"):
            # The loop has nothing else to wake up for.
            receiving = asyncio.ensure_future(ws.recv())
            loop.call_soon(go.set)
            assert await receiving == word
        closing = asyncio.ensure_future(ws.wait_closed())
        ending = asyncio.ensure_future(ws.receive())
        loop.call_soon(go.set)
        assert await ending == CloseEvent(1000, "", True)
        await closing
    finally:
        thread.join(30)
