"""FastAPI under uvicorn, on our protocol class."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from httpx_ws import AsyncWebSocketSession, aconnect_ws
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

PROTOCOL = "wspair.uvicorn:WebSocketProtocol"

app = FastAPI()
disconnects: asyncio.Queue[tuple[int, str]]


@app.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    await ws.accept("chat" if "chat" in ws.scope["subprotocols"] else None, [(b"x-more", b"1")])
    try:
        while True:
            message = await ws.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message.get("reason"))
            if message.get("bytes") is not None:
                await ws.send_bytes(message["bytes"])
            else:
                await ws.send_text(message["text"])
    except WebSocketDisconnect as end:
        disconnects.put_nowait((end.code, end.reason))


@app.websocket("/leave")
async def leave(ws: WebSocket) -> None:
    await ws.accept()
    await ws.send_json({"path": ws.url.path, "query": ws.query_params["q"]})
    await ws.close(3001, "enough")


@app.websocket("/no")
async def refuse(ws: WebSocket) -> None:
    await ws.close()


@app.websocket("/deny")
async def deny(ws: WebSocket) -> None:
    await ws.send_denial_response(Response("who?", 401, {"www-authenticate": "Basic"}))


@app.websocket("/broken")
async def broken(ws: WebSocket) -> None:
    await ws.accept()
    raise RuntimeError("broken")


@app.websocket("/silent")
async def silent(ws: WebSocket) -> None:
    pass


class Server(uvicorn.Server):
    port: int


async def start(**options: Any) -> Server:
    global disconnects
    disconnects = asyncio.Queue()
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, ws=PROTOCOL, log_level="warning", **options)
    server = Server(config)
    server.port = sock.getsockname()[1]
    server.task = asyncio.create_task(server._serve([sock]))  # type: ignore[attr-defined]
    while not server.started:
        await asyncio.sleep(0.01)
    return server


async def stop(server: Server) -> None:
    server.should_exit = True
    await server.task  # type: ignore[attr-defined]


@pytest.fixture
async def url() -> AsyncIterator[str]:
    server = await start()
    yield f"ws://127.0.0.1:{server.port}"
    await stop(server)


async def test_a_websockets_client(url: str) -> None:
    async with connect(f"{url}/echo", subprotocols=[Subprotocol("chat")]) as client:
        assert client.subprotocol == "chat"
        assert client.response is not None
        assert client.response.headers["x-more"] == "1"
        assert client.response.headers["server"] == "uvicorn"
        assert client.protocol.extensions
        messages: list[str | bytes] = ["text", b"bytes", "", "ž" * 50_000, bytes(500_000)]
        for message in messages:
            await client.send(message)
            assert await client.recv() == message
        await client.close(3000, "bye")
    assert await disconnects.get() == (3000, "bye")


async def test_an_httpx_client(url: str) -> None:
    async with httpx.AsyncClient() as http:
        context: AbstractAsyncContextManager[AsyncWebSocketSession]
        context = aconnect_ws(f"{url}/echo", http)
        async with context as client:
            await client.send_text("text")
            assert await client.receive_text() == "text"
            await client.send_bytes(b"bytes")
            assert await client.receive_bytes() == b"bytes"


async def test_the_application_closes(url: str) -> None:
    async with connect(f"{url}/leave?q=%C5%BE") as client:
        assert await client.recv() == '{"path":"/leave","query":"ž"}'
        with pytest.raises(websockets.ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (3001, "enough")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("no", 403, b""), ("deny", 401, b"who?"), ("silent", 500, b"Internal Server Error")],
)
async def test_the_application_refuses(url: str, path: str, status: int, body: bytes) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        await connect(f"{url}/{path}")
    assert caught.value.response.status_code == status
    assert caught.value.response.body == body


async def test_an_application_that_raises(url: str) -> None:
    async with connect(f"{url}/broken") as client:
        with pytest.raises(websockets.ConnectionClosed):
            await client.recv()
        assert client.close_code == 1011


async def test_a_client_that_vanishes(url: str) -> None:
    client = await connect(f"{url}/echo")
    client.transport.abort()
    code, _ = await asyncio.wait_for(disconnects.get(), 5)
    assert code == 1006


async def test_uvicorns_options_count() -> None:
    server = await start(ws_max_size=10, ws_per_message_deflate=False)
    async with connect(f"ws://127.0.0.1:{server.port}/echo") as client:
        assert not client.protocol.extensions
        await client.send("x" * 11)
        with pytest.raises(websockets.ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009
    await stop(server)


async def test_stopped_under_load_it_loses_nothing_that_was_acknowledged() -> None:
    server = await start()
    acknowledged = 0
    opened = 0

    async def talk() -> None:
        nonlocal acknowledged, opened
        async with connect(f"ws://127.0.0.1:{server.port}/echo") as client:
            opened += 1
            number = 0
            try:
                while True:
                    await client.send(f"{number}")
                    # The answers come in order, each whole, until the server closes.
                    assert await client.recv() == f"{number}"
                    number += 1
                    acknowledged += 1
            except websockets.ConnectionClosed:
                pass
            assert client.close_code == 1012

    clients = [asyncio.create_task(talk()) for _ in range(20)]
    while opened < 20 or acknowledged <= 100:
        await asyncio.sleep(0.01)
    await stop(server)
    await asyncio.gather(*clients)
    assert disconnects.qsize() == 20
