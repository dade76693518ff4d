"""Echo servers on uvloop, each in a process of its own, driven by one plain socket."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import picows
import uvloop
import websockets

from wspair import ClientHandshake, ClientRequest, Connection, Role
from wspair.asyncio import WebSocket, serve

SERVERS = ["wspair", "picows", "websockets"]


def run(quick: bool) -> None:
    print("echo on uvloop: us of the server's processor time a message")
    print("".join(f"{name:>20}" for name in ["", *SERVERS]))
    servers = {name: Server(name) for name in SERVERS}
    try:
        for size in (32, 1024, 64 << 10):
            for flight in (1, 32):
                best = dict.fromkeys(SERVERS, float("inf"))
                for _ in range(2 if quick else 6):
                    for name, server in servers.items():
                        best[name] = min(best[name], server.measure(size, flight))
                cells = [f"{us:.2f} ({us / best['picows']:.2f})" for us in best.values()]
                print(
                    "".join(f"{cell:>20}" for cell in [f"{size:,} B, {flight} in flight", *cells])
                )
    finally:
        for server in servers.values():
            server.process.kill()
            server.process.wait()
    print()


class Server:
    """A server in another process, and a connection to it."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "bench.echo", name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline())
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handshake = ClientHandshake(ClientRequest(f"ws://127.0.0.1:{port}/"))
        self.sock.sendall(handshake.data_to_send())
        while handshake.receive_data(self.sock.recv(4096)) is None:
            pass

    def measure(self, size: int, flight: int) -> float:
        """Microseconds of processor time a message."""
        client = Connection(Role.CLIENT)
        client.send_many([b"x" * size] * flight)
        burst = client.data_to_send()
        expected = len(burst) - 4 * flight
        rounds = max(20, min(4000, (8 << 20) // len(burst)) // flight)
        buffer = bytearray(1 << 20)
        before = self.processor_time()
        for _ in range(rounds):
            self.sock.sendall(burst)
            left = expected
            while left:
                left -= self.sock.recv_into(buffer)
        return (self.processor_time() - before) * 1e6 / rounds / flight

    def processor_time(self) -> float:
        with open(f"/proc/{self.process.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9


async def serve_wspair() -> None:
    async def echo(ws: WebSocket) -> None:
        async for message in ws:
            await ws.send(message)

    server = await serve(echo, "127.0.0.1", 0)
    print(server.port, flush=True)
    await server.serve_forever()


async def serve_websockets() -> None:
    async def echo(ws: websockets.ServerConnection) -> None:
        async for message in ws:
            await ws.send(message)

    server = await websockets.serve(echo, "127.0.0.1", 0, compression=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


async def serve_picows() -> None:
    class Echo(picows.WSListener):
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            transport.send(frame.msg_type, frame.get_payload_as_bytes())

    server = await picows.ws_create_server(lambda _: Echo(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    main: Callable[[], Coroutine[Any, Any, None]] = globals()[f"serve_{sys.argv[1]}"]
    uvloop.run(main())
