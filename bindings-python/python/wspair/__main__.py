"""A small client: `python -m wspair URL`.

Each line of input is sent as a text message, each message that comes is printed. The end of the
input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading

from wspair import ClosingError, MessageEvent
from wspair.asyncio import WebSocket, connect


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m wspair", description="A WebSocket client.")
    parser.add_argument("url", help="a ws: or wss: address")
    parser.add_argument("--subprotocol", action="append", default=[])
    parser.add_argument("--origin")
    parser.add_argument("--field", action="append", default=[], metavar="NAME:VALUE")
    parser.add_argument("--compression", action="store_true", help="offer permessage-deflate")
    args = parser.parse_args()
    try:
        return asyncio.run(talk(args))
    except KeyboardInterrupt:
        return 130
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        print(error or type(error).__name__, file=sys.stderr)
        return 1


async def talk(args: argparse.Namespace) -> int:
    fields = [(name, value.strip()) for name, _, value in (it.partition(":") for it in args.field)]
    ws = await connect(
        args.url,
        subprotocols=args.subprotocol,
        origin=args.origin,
        fields=fields,
        compression=args.compression,
    )
    chosen = f", {ws.subprotocol}" if ws.subprotocol else ""
    print(f"connected to {args.url}{chosen}", file=sys.stderr)
    sending = asyncio.create_task(send_lines(ws))
    while isinstance(event := await ws.receive(), MessageEvent):
        print(event.data)
    sending.cancel()
    await ws.close()
    print(event, file=sys.stderr)
    return 0 if getattr(event, "clean", False) else 1


async def send_lines(ws: WebSocket) -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # No line ends with nothing but the end of the input.
        for line in (*sys.stdin, ""):
            try:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            except RuntimeError:
                return  # the loop is closed

    # A daemon, as nothing else ends a read from a terminal.
    threading.Thread(target=read, daemon=True).start()
    try:
        while line := await lines.get():
            await ws.send(line.rstrip("\r\n"))
        ws.end.close(1000, "")
    except ClosingError:
        pass


if __name__ == "__main__":
    sys.exit(main())
