"""Connections whose bytes are cut and changed at random: N of them (default 300), SEED as printed.

The server echoes on to everybody else, logs nothing, and keeps nothing; a client to which a
stranger answers opens or fails within its time, with the exceptions that it documents.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from wspair import accept_key
from wspair.asyncio import WebSocket, connect, serve
from wspair.asyncio._opening import Opening
from wspair.exceptions import ConnectionClosed, InvalidHandshake

COUNT = int(os.environ.get("N", "300"))
SEED = int(os.environ.get("SEED", str(random.randrange(2**31))))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def head(line: str = "GET /chat HTTP/1.1", more: str = "") -> bytes:
    return (
        f"{line}\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode("latin-1")


def answer(more: str = "", accept: str = ACCEPT) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    ).encode("latin-1")


def frame(first: int, payload: bytes = b"", masked: bool = True) -> bytes:
    mask = 0x80 if masked else 0
    length = len(payload)
    if length < 126:
        size = bytes([mask | length])
    else:
        size = bytes([mask | 126]) + length.to_bytes(2, "big")
    return bytes([first]) + size + (b"\0\0\0\0" if masked else b"") + payload


def frames(rng: random.Random, masked: bool) -> bytes:
    """A few frames, some of which break a rule."""
    kinds: list[Callable[[], bytes]] = [
        lambda: frame(0x81, b"hello", masked),
        lambda: frame(0x82, rng.randbytes(rng.randrange(600)), masked),
        lambda: frame(0x81, b"raise", masked),
        lambda: frame(0x81, b"close", masked),
        lambda: frame(0x89, b"ping", masked),
        lambda: frame(0x8A, b"", masked),
        lambda: frame(0x88, b"\x03\xe8", masked),
        lambda: frame(0x88, rng.randrange(65536).to_bytes(2, "big") + b"why", masked),
        lambda: frame(0x01, b"hi", masked) + frame(0x80, b"hi", masked),
        lambda: frame(0xC1, rng.randbytes(20), masked),
        lambda: frame(0x81, b"\xff", masked),
        lambda: bytes([0x82, 0xFF if masked else 0x7F]) + b"\0\0\0\0\7\xff\xff\xff" + bytes(8),
        lambda: rng.randbytes(1 + rng.randrange(20)),
    ]
    return b"".join(rng.choice(kinds)() for _ in range(rng.randrange(8)))


def mutated(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(out))
        if rng.randrange(2):
            out[at] ^= 1 << rng.randrange(8)
        else:
            out[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(3))
    return bytes(out)


async def trickle(rng: random.Random, writer: asyncio.StreamWriter, data: bytes) -> None:
    """Writes in pieces, perhaps not all, and ends in one of the ways there are."""
    # RuntimeError is what uvloop says where the peer was quicker.
    with contextlib.suppress(OSError, RuntimeError):
        at = 0
        while at < len(data) and not writer.is_closing():
            step = len(data) if rng.randrange(2) else 1 + rng.randrange(60)
            writer.write(data[at : at + step])
            at += step
            if rng.randrange(3) == 0:
                await asyncio.sleep(rng.randrange(4) / 1000)  # sleeps: as strangers do
            if rng.randrange(40) == 0:
                break
        if rng.randrange(4) == 0:
            writer.transport.abort()
        elif rng.randrange(2):
            writer.write_eof()
            await asyncio.sleep(rng.randrange(60) / 1000)  # sleeps: as irregular as strangers are


async def handler(ws: WebSocket) -> None:
    async for message in ws:
        if message == "raise":
            raise ValueError("as handlers do")
        if message == "close":
            await ws.close(4000, "enough")
        await ws.send(message)


def quiet(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged, but for what the handler raised."""
    said = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    ours = [
        record.getMessage()
        for record in said
        if not (record.exc_info and isinstance(record.exc_info[1], ValueError))
    ]
    return ours


async def test_mutated_clients_do_not_disturb_a_server(caplog: pytest.LogCaptureFixture) -> None:
    print(f"SEED={SEED}")
    rng = random.Random(SEED)
    limits: dict[str, Any] = {"max_size": 100_000, "ping_interval": 0.5, "ping_timeout": 0.5}
    limits |= {"close_timeout": 0.5, "open_timeout": 2}
    beginnings = [
        head(),
        head(more="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"),
        head(more="Sec-WebSocket-Protocol: chat, other\r\nOrigin: https://a.test\r\n"),
        head("POST /chat HTTP/1.1", "Content-Length: 5\r\n") + b"hello",
        head("GET http://other:81/x HTTP/1.1", "Expect: 100-continue\r\n"),
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]

    async def stranger(port: int, rng: random.Random) -> None:
        data = mutated(rng, rng.choice(beginnings) + frames(rng, masked=True))
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await trickle(rng, writer, data)
            writer.close()
            await writer.wait_closed()

    async with serve(handler, "127.0.0.1", 0, compression="deflate", **limits) as server:
        slowest = 0.0
        async with connect(f"ws://127.0.0.1:{server.port}/") as good:
            for _ in range(0, COUNT, 20):
                batch = [stranger(server.port, random.Random(rng.random())) for _ in range(20)]
                gathered = asyncio.gather(*batch)
                asked = time.monotonic()
                await good.send("still there?")
                assert await good.recv() == "still there?"
                slowest = max(slowest, time.monotonic() - asked)
                await gathered
        assert slowest < 10, f"an echo took {slowest} s"
        end = time.monotonic() + 30
        while server.connections:
            assert time.monotonic() < end, f"left: {server.connections}"
            await asyncio.sleep(0.05)
    gc.collect()
    await asyncio.sleep(0)
    assert quiet(caplog) == []


async def test_a_client_opens_or_fails_whatever_answers(caplog: pytest.LogCaptureFixture) -> None:
    print(f"SEED={SEED}")
    rng = random.Random(SEED)

    answering: set[asyncio.Task[Any]] = set()

    async def strange_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            key = next(
                line.split(b": ")[1]
                for line in request.split(b"\r\n")
                if line.lower().startswith(b"sec-websocket-key: ")
            )
            own = accept_key(key.decode())
            answers = [
                answer(accept=own),
                answer(accept=own) + frames(rng, masked=False),
                answer("Sec-WebSocket-Extensions: permessage-deflate\r\n", own)
                + frames(rng, False),
                answer(),
                b"HTTP/1.1 100 Continue\r\n\r\n" + answer(accept=own),
                b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
                b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
            ]
            await trickle(rng, writer, mutated(rng, rng.choice(answers)))
            writer.close()
            await writer.wait_closed()

    async def client(port: int) -> None:
        options: dict[str, Any] = {"open_timeout": 5, "close_timeout": 0.5, "proxy": None}
        try:
            async with connect(f"ws://127.0.0.1:{port}/", **options) as ws:
                async for message in ws:
                    await ws.send(message)
        except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
            pass

    server = await asyncio.start_server(strange_server, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for _ in range(0, COUNT, 20):
            await asyncio.wait_for(asyncio.gather(*(client(port) for _ in range(20))), 60)
        await asyncio.gather(*answering)
    gc.collect()
    await asyncio.sleep(0)
    assert quiet(caplog) == []


def test_a_client_that_was_reset_is_hung_up_on_without_an_error() -> None:
    class Reset:
        """A transport whose loop has yet to see the reset."""

        is_aborted = False

        def is_closing(self) -> bool:
            return False

        def can_write_eof(self) -> bool:
            return True

        def write_eof(self) -> None:
            raise OSError(107, "Transport endpoint is not connected")

        def abort(self) -> None:
            self.is_aborted = True

    opening = Opening.__new__(Opening)
    transport: Any = Reset()
    opening.transport = transport
    opening.hang_up()
    assert transport.is_aborted
