"""The frameworks that people use, under uvicorn, on our protocol class."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import litestar
import pytest
import uvicorn
from fastapi import Depends, FastAPI, Query, WebSocket, WebSocketException
from fastapi.websockets import WebSocketDisconnect

from wspair import Cause, Closed, ConnectionClosedError, InvalidStatus, ProtocolError
from wspair.asyncio import connect

PATIENCE = 30.0


def of_starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute

    async def echo(ws: WebSocket) -> None:
        await ws.accept(subprotocol="chat" if "chat" in ws.scope["subprotocols"] else None)
        async for text in ws.iter_text():
            await ws.send_text(f"{ws.path_params['name']}: {text}")

    async def no(ws: WebSocket) -> None:
        await ws.close()

    return Starlette(routes=[WebSocketRoute("/echo/{name}", echo), WebSocketRoute("/no", no)])


def of_fastapi() -> Any:
    app = FastAPI()

    async def user(token: str = Query("none")) -> str:
        if token == "none":
            raise WebSocketException(1008)
        return token

    @app.websocket("/echo/{name}")
    async def echo(ws: WebSocket, name: str) -> None:
        await ws.accept("chat" if "chat" in ws.scope["subprotocols"] else None)
        try:
            while True:
                await ws.send_text(f"{name}: {await ws.receive_text()}")
        except WebSocketDisconnect:
            pass

    @app.websocket("/no")
    async def no(ws: WebSocket, user: str = Depends(user)) -> None:
        await ws.accept()

    return app


def of_quart() -> Any:
    from quart import Quart, abort, websocket

    app = Quart("app")

    @app.websocket("/echo/<name>")
    async def echo(name: str) -> None:
        offered = websocket.requested_subprotocols
        await websocket.accept(subprotocol="chat" if "chat" in offered else None)
        while True:
            await websocket.send(f"{name}: {await websocket.receive()!s}")

    @app.websocket("/no")
    async def no() -> None:
        abort(403)

    return app


def of_litestar() -> Any:
    from litestar.exceptions import PermissionDeniedException
    from litestar.exceptions import WebSocketDisconnect as Disconnect

    @litestar.websocket("/echo/{name:str}")
    async def echo(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        name = socket.path_params["name"]
        await socket.accept("chat" if "chat" in socket.scope["subprotocols"] else None)
        try:
            while True:
                await socket.send_text(f"{name}: {await socket.receive_text()}")
        except Disconnect:
            pass

    @litestar.websocket("/no")
    async def no(socket: litestar.WebSocket[Any, Any, Any]) -> None:
        raise PermissionDeniedException

    return litestar.Litestar([echo, no], openapi_config=None)


def of_channels() -> Any:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        )
        django.setup()
    from channels.exceptions import DenyConnection
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.urls import path

    class Echo(AsyncWebsocketConsumer):  # type: ignore[misc]
        async def connect(self) -> None:
            await self.channel_layer.group_add("all", self.channel_name)
            offered = self.scope["subprotocols"]
            await self.accept("chat" if "chat" in offered else None)

        async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
            name = self.scope["url_route"]["kwargs"]["name"]
            await self.channel_layer.group_send(
                "all", {"type": "tell", "text": f"{name}: {text_data}"}
            )

        async def tell(self, event: Any) -> None:
            await self.send(text_data=event["text"])

        async def disconnect(self, code: int) -> None:
            await self.channel_layer.group_discard("all", self.channel_name)

    class No(AsyncWebsocketConsumer):  # type: ignore[misc]
        async def connect(self) -> None:
            raise DenyConnection

    routes = [path("echo/<name>", Echo.as_asgi()), path("no", No.as_asgi())]
    return ProtocolTypeRouter({"websocket": URLRouter(routes)})


FRAMEWORKS = [of_starlette, of_fastapi, of_quart, of_litestar, of_channels]


class Server(uvicorn.Server):
    port: int


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Server]:
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, ws="wspair.uvicorn:WebSocketProtocol", log_level="warning", lifespan="off"
    )
    server = Server(config)
    server.port = sock.getsockname()[1]
    serving = asyncio.create_task(server.serve([sock]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, PATIENCE)
        sock.close()


@pytest.mark.parametrize("make", FRAMEWORKS, ids=lambda make: make.__name__[3:])
async def test_a_framework(make: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    async with running(make()) as server:
        address = f"ws://127.0.0.1:{server.port}"
        async with connect(f"{address}/echo/ada", subprotocols=["chat"]) as ws:
            assert ws.subprotocol == "chat"
            for text in ("one", "two", "ž" * 5000):
                await ws.send(text)
                assert await asyncio.wait_for(ws.recv(), PATIENCE) == f"ada: {text}"
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{address}/no")
        assert caught.value.response.status_code == 403
        # A message at once behind the handshake, and a client that vanishes.
        async with connect(f"{address}/echo/eve") as ws:
            await ws.send("early")
            assert await asyncio.wait_for(ws.recv(), PATIENCE) == "eve: early"
            ws.abort()
        left = await connect(f"{address}/echo/tom")
        await left.send("last")
        assert await asyncio.wait_for(left.recv(), PATIENCE) == "tom: last"
        server.should_exit = True
        with pytest.raises(ConnectionClosedError) as end:
            await asyncio.wait_for(left.recv(), PATIENCE)
        assert end.value.code == 1012
    assert "Traceback" not in caplog.text


async def test_what_ended_a_connection_is_a_value() -> None:
    ends: asyncio.Queue[Any] = asyncio.Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "wspair.closed" in scope["extensions"]
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] != "websocket.disconnect":
            pass
        ends.put_nowait(event)

    async with running(app) as server:
        address = f"ws://127.0.0.1:{server.port}/"
        async with connect(address) as ws:
            await ws.send(bytes(17 << 20))
            with pytest.raises(Exception, match="1009"):
                await ws.recv()
        event = await asyncio.wait_for(ends.get(), PATIENCE)
        closed = event["wspair.closed"]
        assert isinstance(closed, Closed)
        assert (event["code"], closed.cause, closed.error, closed.limit, closed.size) == (
            1009,
            Cause.PEER,
            ProtocolError.MESSAGE_TOO_LONG,
            16 << 20,
            17 << 20,
        )
        async with connect(address) as ws:
            await ws.close(4000, "bye")
        event = await asyncio.wait_for(ends.get(), PATIENCE)
        assert event["wspair.closed"].cause is Cause.HANDSHAKE
        assert (event["code"], event["reason"]) == (4000, "bye")
