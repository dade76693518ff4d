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
            print(await ws.receive())
```
"""

from wspair.asyncio._client import HandshakeError, connect
from wspair.asyncio._server import Handler, Server, serve
from wspair.asyncio._websocket import WebSocket

__all__ = ["Handler", "HandshakeError", "Server", "WebSocket", "connect", "serve"]
