"""A Starlette application under uvicorn, with one of three classes for WebSockets.

starlette_app.py wspair|websockets|wsproto OPTIONS
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

import applications
import uvicorn
from speak import Host, tell, text_of
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

CLASSES = {
    "wspair": "wspair.uvicorn:WebSocketProtocol",
    "websockets": "websockets-sansio",
    "wsproto": "wsproto",
}


class Socket:
    def __init__(self, websocket, host):
        self.ws = websocket
        self.host = host
        self.last = None

    async def send(self, message):
        try:
            if isinstance(message, str):
                await self.ws.send_text(message)
            else:
                await self.ws.send_bytes(message)
        except WebSocketDisconnect as error:
            raise ConnectionError(f"disconnected: {error.code}") from error

    async def receive(self):
        if self.last is not None:
            return None
        message = await self.ws.receive()
        if message["type"] == "websocket.disconnect":
            self.last = message
            return None
        data = message.get("bytes")
        return message["text"] if data is None else data

    async def close(self, code, reason):
        await self.ws.close(code, reason)

    def end(self):
        code = self.last.get("code", 1005)
        return {"code": code, "reason": self.last.get("reason") or ""}

    def forget(self):
        self.ws = None

    async def broadcast(self, sockets, data):
        await asyncio.gather(*(one.take_part(data) for one in sockets))

    async def take_part(self, data):
        """Who does not take it in time is in the room no longer."""
        try:
            await asyncio.wait_for(self.send(data), 1)
        except Exception:
            if self in applications.broadcasting:
                applications.broadcasting.remove(self)


def path_of(websocket):
    query = websocket.scope["query_string"].decode()
    return websocket.scope["path"] + (f"?{query}" if query else "")


async def handle(websocket):
    path = path_of(websocket)
    name = websocket.scope["path"].strip("/")
    if name == "throw-deciding":
        raise applications.Thrown("while deciding")
    if name == "decide":
        tell("deciding", path)
        await websocket.receive()
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            tell("told", path, code=message.get("code"))
        return
    if name == "refuse":
        await websocket.send_denial_response(PlainTextResponse("no\n", 404))
        return
    if name == "endless":
        await endless(websocket)
        return
    await websocket.accept()
    await applications.run(Socket(websocket, host), path)


async def endless(websocket):
    """A refusal whose body has no end."""
    await websocket.receive()
    path = path_of(websocket)
    try:
        await websocket.send(
            {"type": "websocket.http.response.start", "status": 404, "headers": []}
        )
        while True:
            body = bytes(65536)
            await websocket.send(
                {"type": "websocket.http.response.body", "body": body, "more_body": True}
            )
    except Exception as error:
        tell("send-failed", path, **text_of(error))


async def length(request):
    body = await request.body()
    return PlainTextResponse(f"{len(body)}\n")


async def main():
    global host
    host = Host("wspair" if sys.argv[1] == "wspair" else "uvicorn.protocols.websockets")
    options = json.loads(sys.argv[2])
    routes = [Route("/length", length, methods=["POST"]), WebSocketRoute("/{path:path}", handle)]
    config = uvicorn.Config(
        Starlette(routes=routes),
        port=0,
        ws=CLASSES[sys.argv[1]],
        lifespan="off",
        log_config=None,
        ws_max_size=options.get("max_message", 1 << 20),
        ws_ping_interval=options.get("ping_after"),
        ws_ping_timeout=options.get("pong_within"),
        ws_per_message_deflate=options.get("deflate", False),
        timeout_graceful_shutdown=None,
    )
    # What it says of every connection is at this level.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = uvicorn.Server(config)
    # The driver's signals are for rows that ask what becomes of them.
    task = host.spawn(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)

    async def close(deadline):
        began = time.monotonic()
        config.timeout_graceful_shutdown = float(deadline)
        server.should_exit = True
        await asyncio.wait([task], timeout=float(deadline) * 2 + 5)
        tell("server-closed", after=time.monotonic() - began)

    host.handlers["close"] = lambda deadline: host.spawn(close(deadline))
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"listening on ws://127.0.0.1:{port}/", flush=True)
    host.kept.append(asyncio.current_task())
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
