"""What an installed wheel has to do: an echo over the network, with each kind of message."""

import asyncio
import platform

from wspair.asyncio import WebSocket, connect, serve


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


async def main() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            for message in ["", "short", "grün 🎉" * 5_000, bytes(range(256)) * 1_000]:
                await ws.send(message)
                assert await ws.recv() == message
    print(f"works on {platform.system()} {platform.machine()}, CPython {platform.python_version()}")


asyncio.run(main())
