"""wspair.asyncio as server and client.

wspair_asyncio.py server|client asyncio|uvloop OPTIONS
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time

import applications
from speak import Host, parse, tell, text_of
from wspair import CloseEvent, MessageEvent, Refusal
from wspair.asyncio import broadcast, connect, serve


class Socket:
    def __init__(self, ws, host):
        self.ws = ws
        self.host = host

    async def send(self, message):
        await self.ws.send(message)

    async def receive(self):
        event = await self.ws.receive()
        return event.data if isinstance(event, MessageEvent) else None

    async def close(self, code, reason):
        await self.ws.close(code, reason)

    def end(self):
        event = self.ws.last_event
        if isinstance(event, CloseEvent):
            return {
                "code": event.code,
                "reason": event.reason,
                "clean": event.clean,
                **text_of(event),
            }
        return {"code": getattr(event, "code", 1006), "clean": False, **text_of(event)}

    def forget(self):
        self.ws = None

    async def broadcast(self, sockets, data):
        broadcast((one.ws for one in sockets), data)
        await asyncio.sleep(0)


OPTIONS = {
    "handshake_within": "open_timeout",
    "close_within": "close_within",
    "ping_after": "ping_after",
    "pong_within": "pong_within",
    "max_message": "max_message",
    "deflate": "compression",
}


async def decide(request):
    """What the server's author asks before a connection is let in."""
    name, _ = parse(request.target)
    if name == "throw-deciding":
        raise applications.Thrown("while deciding")
    if name == "decide":
        tell("deciding", request.target)
        try:
            await host.may_go.wait()
        except asyncio.CancelledError:
            tell("told", request.target)
            raise
        tell("decided", request.target)
    if name == "refuse":
        return Refusal(404)
    return None


async def handle(ws):
    await applications.run(Socket(ws, host), ws.request.target)


async def run_server(options):
    ssl_options = options.pop("tls", None)
    if ssl_options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ssl_options["cert"], ssl_options["key"])
        options["ssl"] = context
    origin = options.pop("origin", None)
    server = await serve(
        handle,
        "127.0.0.1",
        0,
        process_request=decide,
        # Who names none is not a page.
        origins=[origin, None] if origin else None,
        **options,
    )

    async def close(deadline):
        began = time.monotonic()
        await server.close(timeout=float(deadline))
        tell("server-closed", after=time.monotonic() - began)

    host.handlers["close"] = lambda deadline: host.spawn(close(deadline))
    print(f"listening on ws://127.0.0.1:{server.port}/", flush=True)
    await asyncio.get_running_loop().create_future()


async def run_client(options):
    async def open_and_run(url):
        path = url[url.index("/", 6) :]
        try:
            ws = await connect(url, **options)
        except Exception as error:
            tell("failed", path, **text_of(error))
            return
        try:
            await applications.run(Socket(ws, host), path)
        except applications.Thrown:
            pass
        if not path.startswith("/drop"):
            await ws.close()

    connections = set()

    def start(url):
        task = asyncio.ensure_future(open_and_run(url))
        connections.add(task)
        task.add_done_callback(connections.discard)

    host.handlers["connect"] = start
    tell("ready")
    await asyncio.get_running_loop().create_future()


async def main():
    global host
    host = Host("wspair")
    host.kept.append(asyncio.current_task())
    given = json.loads(sys.argv[3])
    options = {OPTIONS.get(name, name): value for name, value in given.items()}
    if "ping_after" not in options:
        options["ping_interval"] = None
    if sys.argv[1] == "server":
        await run_server(options)
    else:
        await run_client(options)


if __name__ == "__main__":
    if sys.argv[2] == "uvloop":
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
