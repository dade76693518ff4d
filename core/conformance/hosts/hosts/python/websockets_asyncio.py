"""websockets.asyncio as server and client, to compare with.

websockets_asyncio.py server|client OPTIONS
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import applications
from speak import Host, parse, tell, text_of
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed


class Socket:
    def __init__(self, ws, host):
        self.ws = ws
        self.host = host

    async def send(self, message):
        await self.ws.send(message)

    async def receive(self):
        try:
            return await self.ws.recv()
        except ConnectionClosed as error:
            self.error = error
            return None

    async def close(self, code, reason):
        await self.ws.close(code, reason)

    def end(self):
        error = self.error
        end = text_of(error.__cause__ or error)
        end |= {"code": self.ws.close_code, "reason": self.ws.close_reason or ""}
        end["clean"] = error.rcvd is not None and error.sent is not None
        return end

    def forget(self):
        self.ws = None

    async def broadcast(self, sockets, data):
        broadcast([one.ws for one in sockets], data)
        await asyncio.sleep(0)


OPTIONS = {
    "handshake_within": "open_timeout",
    "close_within": "close_timeout",
    "ping_after": "ping_interval",
    "pong_within": "ping_timeout",
    "max_message": "max_size",
}


async def decide(ws, request):
    name, _ = parse(request.path)
    if name == "throw-deciding":
        raise applications.Thrown("while deciding")
    if name == "decide":
        tell("deciding", request.path)
        try:
            await host.may_go.wait()
        except asyncio.CancelledError:
            tell("told", request.path)
            raise
        tell("decided", request.path)
    if name == "refuse":
        return ws.respond(404, "no\n")
    return None


async def run_server(options):
    async def handle(ws):
        await applications.run(Socket(ws, host), ws.request.path)

    origin = options.pop("origin", None)
    server = await serve(
        handle,
        "127.0.0.1",
        0,
        process_request=decide,
        origins=[origin, None] if origin else None,
        **options,
    )

    async def close(deadline):
        began = time.monotonic()
        server.close()
        await asyncio.wait([asyncio.ensure_future(server.wait_closed())], timeout=float(deadline))
        tell("server-closed", after=time.monotonic() - began)

    host.handlers["close"] = lambda deadline: host.spawn(close(deadline))
    port = server.sockets[0].getsockname()[1]
    print(f"listening on ws://127.0.0.1:{port}/", flush=True)
    await asyncio.get_running_loop().create_future()


async def run_client(options):
    connections = set()

    async def open_and_run(url):
        path = url[url.index("/", 6) :]
        try:
            ws = await connect(url, proxy=None, **options)
        except Exception as error:
            tell("failed", path, **text_of(error))
            return
        try:
            await applications.run(Socket(ws, host), path)
        except applications.Thrown:
            pass
        if not path.startswith("/drop"):
            await ws.close()

    def start(url):
        task = asyncio.ensure_future(open_and_run(url))
        connections.add(task)
        task.add_done_callback(connections.discard)

    host.handlers["connect"] = start
    tell("ready")
    await asyncio.get_running_loop().create_future()


async def main():
    global host
    host = Host("websockets.asyncio")
    host.kept.append(asyncio.current_task())
    given = json.loads(sys.argv[2])
    deflate = given.pop("deflate", False)
    options = {OPTIONS.get(name, name): value for name, value in given.items()}
    options.setdefault("ping_interval", None)
    options["compression"] = "deflate" if deflate else None
    if sys.argv[1] == "server":
        await run_server(options)
    else:
        await run_client(options)


asyncio.run(main())
