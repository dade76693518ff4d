"""A small client: `python -m wspair URL`.

Each line of input is sent as a message, each message that comes is printed. The end of the input
closes.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import wspair
from wspair import ConnectionClosed, ConnectionClosedOK, InvalidStatus
from wspair.asyncio import ClientConnection, connect


def main() -> int:
    """Runs the command. 0 when the connection was closed as it should, 1 when not, 2 for what is
    wrong with the command line."""
    parser = make_parser()
    args = parser.parse_args()
    if args.verbose:
        logging.basicConfig(level=logging.DEBUG, format="%(message)s")
    try:
        return asyncio.run(talk(args))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Nobody reads what is printed; nor may the interpreter flush it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError, TypeError, ImportError, asyncio.TimeoutError) as error:
        say(explain(error))
        return 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m wspair",
        description="Sends each line of input as a message, and prints each message that comes.",
        epilog="Binary messages are printed, and with --binary typed, in hexadecimal.",
    )
    add = parser.add_argument
    add("url", help="a ws: or wss: address; a user name and a password in it are sent")
    add("--binary", action="store_true", help="send lines of hexadecimal as binary messages")
    add("--ping", type=seconds, metavar="SECONDS", help="ping so often, and print each latency")
    add("--header", "--field", action="append", default=[], type=field, metavar="NAME:VALUE")
    add("--subprotocol", action="append", default=[], metavar="NAME")
    add("--origin")
    add("--compression", action="store_true", help="offer permessage-deflate")
    add("--proxy", help="an http: or socks5: address; 'none' for none; else the environment's")
    add("--timeout", type=seconds, default=10.0, help="seconds to connect, and to close")
    add("--verbose", action="store_true", help="print every frame")
    add("--version", action="version", version=f"wspair {wspair.__version__}")
    return parser


async def talk(args: argparse.Namespace) -> int:
    """Connects, and talks until one side closes."""
    ws = await connect(
        args.url,
        subprotocols=args.subprotocol,
        origin=args.origin,
        additional_headers=args.header,
        compression=args.compression,
        proxy={None: True, "none": None}.get(args.proxy, args.proxy),
        open_timeout=args.timeout,
        close_timeout=args.timeout,
        max_size=None,
    )
    chosen = f", {ws.subprotocol}" if ws.subprotocol else ""
    say(f"connected{chosen}")
    tasks = [asyncio.create_task(send_lines(ws, args.binary))]
    if args.ping is not None:
        tasks.append(asyncio.create_task(ping(ws, args.ping)))
    try:
        async for message in ws:
            print(message if isinstance(message, str) else "0x" + message.hex(), flush=True)
        error: ConnectionClosed = ws._wire.error()
    except ConnectionClosed as closed:
        error = closed
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        if not ws.last_event:
            await ws.close()
    for outcome in ended:
        if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionClosed):
            raise outcome
    say(f"closed: {error}")
    return 0 if isinstance(error, ConnectionClosedOK) else 1


async def send_lines(ws: ClientConnection, binary: bool) -> None:
    """Sends the input line by line, then closes."""
    async for line in read_lines():
        if not binary:
            await ws.send(line)
            continue
        try:
            await ws.send(bytes.fromhex(line.removeprefix("0x")))
        except ValueError:
            say(f"no hexadecimal: {line}")
    await ws.close()


async def ping(ws: ClientConnection, interval: float) -> None:
    """Pings, and says how long each answer took."""
    while True:
        await asyncio.sleep(interval)
        latency = await (await ws.ping())
        say(f"pong after {latency * 1000:.2f} ms")


async def read_lines() -> AsyncIterator[str]:
    """The lines of the input."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        chunk = b"at first"
        while chunk:
            try:
                # Not through `sys.stdin`, which the interpreter wants for itself when it ends.
                chunk = os.read(0, 65536)
            except OSError:
                chunk = b""
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                return  # the loop is closed

    # A daemon, as nothing else ends a read from a terminal.
    threading.Thread(target=read, daemon=True).start()
    held = b""
    while chunk := await chunks.get():
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
    if held:
        yield held.decode(errors="replace").rstrip("\r")


def explain(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, InvalidStatus):
        body = error.response.body.decode(errors="replace").strip().splitlines()
        return f"{error}: {body[0]}" if body else str(error)
    return " ".join(str(error).split()) or type(error).__name__


def say(text: str) -> None:
    """Prints a line that is no message."""
    print(text, file=sys.stderr, flush=True)


def field(text: str) -> tuple[str, str]:
    """A header field of the command line."""
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:VALUE")
    return name.strip(), value.strip()


def seconds(text: str) -> float:
    """A time of the command line."""
    try:
        value: Any = float(text)
    except ValueError:
        value = None
    if value is None or not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return float(value)


if __name__ == "__main__":
    sys.exit(main())
