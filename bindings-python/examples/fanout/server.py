"""A chat whose users are spread over processes: what one process hears goes through Redis to all.

python server.py --redis redis://127.0.0.1:6379/ --port 9001
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from wspair import Prepared, broadcast
from wspair.asyncio import Server, ServerConnection, serve

CHANNEL = "chat"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/")
    parser.add_argument("--port", type=int, default=9001)
    args = parser.parse_args()
    redis = Redis.from_url(args.redis)

    async def publish(ws: ServerConnection) -> None:
        async for message in ws:
            await redis.publish(CHANNEL, message)

    async with redis, redis.pubsub() as published:
        await published.subscribe(CHANNEL)
        async with serve(publish, "127.0.0.1", args.port, ping_interval=20) as server:
            print(f"listening on ws://127.0.0.1:{server.port}/", flush=True)
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            telling = asyncio.create_task(tell(published, server))
            await asyncio.wait(
                {telling, asyncio.create_task(stop.wait())},
                return_when=asyncio.FIRST_COMPLETED,
            )
            if telling.done():
                telling.result()  # Redis is gone
            telling.cancel()


async def tell(published: PubSub, server: Server) -> None:
    """Tells every user of this process. A message is framed, and compressed, once for all."""
    async for item in published.listen():
        if item["type"] == "message":
            message = Prepared(item["data"].decode())
            broadcast(server.connections, message)


if __name__ == "__main__":
    asyncio.run(main())
