"""Whose bytes are whose, however a loop lends and reads: what is lent may stay unused."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from pathlib import Path
from typing import Any

import pytest

from wspair import Connection, Role
from wspair.asyncio import WebSocket, connect, serve
from wspair.asyncio._wire import Wire


class Quiet(asyncio.Transport):
    """A transport that takes everything."""

    def write(self, data: Any) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


def frame(text: str) -> bytes:
    client = Connection(Role.CLIENT)
    client.send(text)
    return client.data_to_send()


def read(wire: Wire, data: bytes) -> None:
    wire.get_buffer(-1)[: len(data)] = data
    wire.buffer_updated(len(data))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_a_buffer_that_was_lent_for_nothing(order: tuple[int, ...]) -> None:
    """As uvloop does behind a read that filled the buffer, and TLS for each record in parts."""
    loop = asyncio.get_running_loop()
    wires = [Wire(Connection(Role.SERVER), loop, 100, 25) for _ in range(3)]
    for wire in wires:
        wire.start(Quiet(), b"", loop.time())
    for number, wire in enumerate(wires):
        for other in order:
            wires[other].get_buffer(-1)
        read(wire, frame(f"first {number}"))
    for number in order:
        read(wires[number], frame(f"second {number}"))
    for number, wire in enumerate(wires):
        assert [wire.receive(), wire.receive()] == [f"first {number}", f"second {number}"]


async def test_a_loop_that_has_several_reads_under_way() -> None:
    """As one does that hands its buffers to the operating system: Windows', io_uring."""

    class Completing:
        """All that a wire needs of a loop."""

        def call_soon(self, *args: Any, **options: Any) -> Any:
            return asyncio.get_running_loop().call_soon(*args, **options)

    loop: Any = Completing()
    wires = [Wire(Connection(Role.SERVER), loop, 100, 25) for _ in range(3)]
    for wire in wires:
        wire.start(Quiet(), b"", 0.0)
    for round in range(3):
        lent = [wire.get_buffer(-1) for wire in wires]
        datas = [frame(f"{round} to {number}") for number in range(3)]
        for view, data in zip(lent, datas, strict=True):
            view[: len(data)] = data
        for wire, data in zip(wires, datas, strict=True):
            wire.buffer_updated(len(data))
        for number, wire in enumerate(wires):
            assert wire.receive() == f"{round} to {number}"


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_many_connections_at_once_each_get_their_own(secure: bool, certificate: Path) -> None:
    there = here = None
    if secure:
        there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        there.load_cert_chain(certificate)
        here = ssl.create_default_context(cafile=str(certificate))

    async def echo(ws: WebSocket) -> None:
        async for message in ws:
            await ws.send(message)

    async def visit(number: int, port: int) -> None:
        scheme = "wss" if secure else "ws"
        async with connect(f"{scheme}://localhost:{port}/", ssl=here) as ws:
            # Reads that fill the buffer to its last byte are among these.
            messages = [bytes([number]) * size for size in (70_000, 10, 1 << 17, 65_528, 300_000)]
            sending = asyncio.create_task(ws.send_many(messages))
            for message in messages:
                assert await ws.recv() == message
            await sending

    async with serve(echo, "localhost", 0, ssl=there) as server:
        await asyncio.gather(*(visit(number, server.port) for number in range(12)))
