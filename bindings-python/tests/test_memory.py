"""What many connections take of a server's memory: while they are idle, and as they leave."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wspair import ClientHandshake, ClientRequest, Connection, Role

COUNT = 400

PROGRAM = """
import asyncio, sys
from pathlib import Path
from wspair.asyncio import serve

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

async def echo(ws):
    async for message in ws:
        await ws.send(message)

async def main():
    async with serve(echo, "127.0.0.1", 0, backlog=4096) as server:
        print(server.port, flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            while len(server.connections) != int(line):
                await asyncio.sleep(0.01)
            print(resident(), flush=True)

if sys.argv[1] == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


@contextmanager
def serving(loop: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, loop]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def resident(process: subprocess.Popen[str], connections: int) -> int:
    """The server's memory, once it has so many connections."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(connections, file=process.stdin, flush=True)
    return int(process.stdout.readline())


def visit(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    handshake = ClientHandshake(ClientRequest(f"ws://127.0.0.1:{port}/"))
    sock.sendall(handshake.data_to_send())
    while handshake.receive_data(sock.recv(4096)) is None:
        pass
    client = Connection(Role.CLIENT)
    client.send("hello")
    sock.sendall(client.data_to_send())
    while not client.receive_data(sock.recv(4096)):
        pass
    return sock


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="NO /proc, NOTHING WAS MEASURED")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_connections_are_small_and_leave_together(loop: str) -> None:
    with serving(loop) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        visit(port).close()
        before = resident(process, 0)
        socks = [visit(port) for _ in range(COUNT)]
        idle = resident(process, COUNT)
        # Some 8 KiB each are usual.
        assert (idle - before) / COUNT < 24 << 10
        for sock in socks:
            sock.close()
        # A read buffer for each of them, at their end, would be 25 MiB.
        assert resident(process, 0) - idle < 8 << 20
