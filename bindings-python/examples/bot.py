"""A bot that answers commands, and comes back whenever the connection is lost.

python bot.py ws://127.0.0.1:9001/ --name bot
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random

from wspair import ConnectionClosed
from wspair.asyncio import ClientConnection, connect


async def answer(ws: ClientConnection, name: str, message: str | bytes) -> None:
    if not isinstance(message, str) or not message.startswith("!"):
        return
    command, *words = message[1:].split()
    if command == "roll":
        await ws.send(f"{name}: {random.randint(1, int(words[0]) if words else 6)}")
    elif command == "echo":
        await ws.send(f"{name}: {' '.join(words)}")
    elif command == "latency":
        await ws.send(f"{name}: {await (await ws.ping()) * 1000:.1f} ms")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--name", default="bot")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # After each failure to connect it waits longer; a connection that was open starts that anew.
    async for ws in connect(args.url, user_agent_header=args.name):
        try:
            await ws.send(f"{args.name} is here")
            async for message in ws:
                try:
                    await answer(ws, args.name, message)
                except ValueError as error:
                    await ws.send(f"{args.name}: {error}")
        except ConnectionClosed as closed:
            logging.info("lost: %s", closed)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
