"""The asyncio hosts against clients and servers that nobody here wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import aiohttp.web
import pytest
import websockets
from websockets.asyncio.client import connect as websockets_connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websockets_serve

from wspair import CloseEvent, MessageEvent
from wspair.asyncio import HandshakeError, Server, WebSocket, connect, serve

MESSAGES: list[str | bytes] = ["text", b"bytes", "", b"", "ž" * 30_000, bytes(range(256)) * 2000]


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def compression(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def server(compression: bool) -> AsyncIterator[Server]:
    options: Any = {"subprotocols": ["chat"], "compression": compression}
    async with serve(echo, "127.0.0.1", 0, **options) as server:
        yield server


async def test_a_websockets_client(server: Server, compression: bool) -> None:
    url = f"ws://127.0.0.1:{server.port}/"
    how: Any = {"compression": "deflate" if compression else None}
    async with websockets_connect(url, subprotocols=["x", "chat"], **how) as client:  # type: ignore[list-item]
        assert client.subprotocol == "chat"
        assert bool(client.protocol.extensions) == compression
        for message in MESSAGES:
            await client.send(message)
            assert await client.recv() == message
        await client.send(["in ", "several ", "frames"])
        assert await client.recv() == "in several frames"
        await (await client.ping())
    assert client.close_code == 1000


async def test_an_aiohttp_client(server: Server, compression: bool) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}/"
        async with session.ws_connect(url, compress=15 if compression else 0) as client:
            assert bool(client.compress) == compression
            for message in MESSAGES:
                if isinstance(message, str):
                    await client.send_str(message)
                else:
                    await client.send_bytes(message)
                assert (await client.receive()).data == message
    assert client.close_code == 1000


async def test_the_server_closes_first() -> None:
    async def leave(ws: WebSocket) -> None:
        await ws.close(3000, "enough")

    async with serve(leave, "127.0.0.1", 0) as server:
        async with websockets_connect(f"ws://127.0.0.1:{server.port}/") as client:
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert (client.close_code, client.close_reason) == (3000, "enough")


async def test_a_websockets_client_that_breaks_a_limit() -> None:
    async with serve(echo, "127.0.0.1", 0, max_message=100) as server:
        async with websockets_connect(f"ws://127.0.0.1:{server.port}/") as client:
            await client.send("x" * 101)
            with pytest.raises(websockets.ConnectionClosed):
                await client.recv()
            assert client.close_code == 1009


async def test_a_websockets_server(compression: bool) -> None:
    async def echo_there(there: ServerConnection) -> None:
        async for message in there:
            await there.send(message)

    how: Any = {"compression": "deflate" if compression else None}
    async with websockets_serve(echo_there, "127.0.0.1", 0, **how) as there:
        port = there.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/", compression=True) as ws:
            assert ws.agreed is not None
            assert ws.agreed.compression == compression
            for message in MESSAGES:
                await ws.send(message)
                assert await ws.receive() == MessageEvent(message)
        assert ws.last_event == CloseEvent(1000, "", True)


async def test_a_websockets_server_that_goes_away() -> None:
    async def wait(there: ServerConnection) -> None:
        await there.wait_closed()

    async with websockets_serve(wait, "127.0.0.1", 0) as there:
        port = there.sockets[0].getsockname()[1]
        ws = await connect(f"ws://127.0.0.1:{port}/")
        there.close()
        assert await ws.receive() == CloseEvent(1001, "", True)
        await ws.close()


async def test_an_aiohttp_server() -> None:
    async def handle(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        there = aiohttp.web.WebSocketResponse()
        await there.prepare(request)
        async for message in there:
            await there.send_str(message.data)
        return there

    app = aiohttp.web.Application()
    app.router.add_get("/ws", handle)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with connect(f"ws://{host}:{port}/ws", compression=True) as ws:
            await ws.send("hello" * 100)
            assert await ws.receive() == MessageEvent("hello" * 100)
        with pytest.raises(HandshakeError, match="404"):
            await connect(f"ws://{host}:{port}/elsewhere")
    finally:
        await runner.cleanup()
