"""The time, to everybody, once a second.

python broadcast_server.py --port 9001
"""

from __future__ import annotations

import asyncio
import datetime

import options

from wspair.asyncio import ServerConnection, broadcast, serve


async def wait(ws: ServerConnection) -> None:
    await ws.wait_closed()


async def main() -> None:
    args, connection = options.parse()
    async with serve(wait, args.host, args.port, **connection) as server:
        print(f"listening on ws://{args.host}:{server.port}/", flush=True)
        while True:
            # Whoever is slow has it wait, up to `max_outgoing` bytes, and holds up nobody.
            broadcast(server.connections, datetime.datetime.now().isoformat())
            await asyncio.sleep(1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
