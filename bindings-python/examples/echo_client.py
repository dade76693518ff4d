"""An echo client on asyncio: the Autobahn suite's, or a person's.

python echo_client.py ws://127.0.0.1:9001/ --text hello --text bye
python echo_client.py ws://127.0.0.1:9001 AGENT
"""

from __future__ import annotations

import asyncio
from typing import Any

import options

from wspair import ClosingError
from wspair.asyncio import connect


async def talk(url: str, texts: list[str], connection: dict[str, Any]) -> None:
    """Sends each text when the one before it came back, then closes."""
    async with connect(url, **connection) as ws:
        for text in texts:
            await ws.send(text)
            print(await ws.receive())
    print(ws.last_event)


async def run_cases(url: str, agent: str, connection: dict[str, Any]) -> None:
    """Runs all cases of the Autobahn suite's fuzzing server, and has it write its reports."""
    count = await echo(f"{url}/getCaseCount", connection)
    for case in range(1, int(count or 0) + 1):
        try:
            await echo(f"{url}/runCase?case={case}&agent={agent}", connection)
        except OSError as error:
            print(f"case {case}: {error}")
    await echo(f"{url}/updateReports?agent={agent}", connection)


async def echo(url: str, connection: dict[str, Any]) -> str | bytes | None:
    """Echoes every message until the connection ends; the first that came."""
    first = None
    ws = await connect(url, **connection)
    try:
        async for message in ws:
            first = message if first is None else first
            await ws.send(message)
    except ClosingError:
        pass
    await ws.close()
    return first


async def main() -> None:
    args, connection = options.parse("url", "agent")
    connection["compression"] = args.deflate
    if args.agent:
        await run_cases(args.url, args.agent, connection)
    else:
        await talk(args.url, args.text, connection)


if __name__ == "__main__":
    asyncio.run(main())
