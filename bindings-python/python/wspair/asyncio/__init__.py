"""WebSockets on asyncio: a server, a client, and ends of a pair to await.

```python
from wspair.asyncio import WebSocket, connect, serve

async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)

async def main() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            await ws.send("hello")
            print(await ws.recv())
```
"""

from wspair._auth import basic_auth
from wspair.asyncio._broadcast import broadcast
from wspair.asyncio._server_opening import ServerConnection
from wspair.asyncio._serving import Server
from wspair.asyncio._websocket import WebSocket
from wspair.asyncio.client import ClientConnection, connect, unix_connect
from wspair.asyncio.server import Handler, serve, unix_serve
from wspair.exceptions import InvalidHandshake as HandshakeError

__all__ = [
    "ClientConnection",
    "Handler",
    "HandshakeError",
    "Server",
    "ServerConnection",
    "WebSocket",
    "basic_auth",
    "broadcast",
    "connect",
    "serve",
    "unix_connect",
    "unix_serve",
]
