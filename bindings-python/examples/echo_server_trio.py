"""An echo server on trio.

python echo_server_trio.py --port 9001
"""

from __future__ import annotations

import argparse
import logging
import math
from typing import Any

import options
import trio

from wspair import (
    Acceptance,
    Binary,
    ClosingError,
    Connection,
    Negotiated,
    Policy,
    Refusal,
    Request,
    Role,
    ServerHandshake,
    Text,
    TransportAction,
)

READ = 64 << 10
LINGER = 1.0  # seconds that a peer has to take what was written last


async def main() -> None:
    args, connection = options.parse()
    connection["compression"] = args.deflate
    connection["max_outgoing"] = None  # a peer that does not read is not read from
    policy = Policy(origins=args.origin, compression=args.deflate)

    async def serve_one(stream: trio.SocketStream) -> None:
        try:
            opened = await accept(stream, policy, args)
            if opened is not None:
                agreed, rest = opened
                conn = Connection(Role.SERVER, agreed, **connection)
                await Host(stream, conn).run(rest)
        except trio.BrokenResourceError:
            pass  # the peer is gone
        except Exception:
            logging.exception("a connection failed")  # the others go on
        finally:
            await stream.aclose()

    listeners = await trio.open_tcp_listeners(args.port, host=args.host)
    port = listeners[0].socket.getsockname()[1]
    print(f"listening on ws://{args.host}:{port}/", flush=True)
    await trio.serve_listeners(serve_one, listeners)


async def accept(
    stream: trio.SocketStream, policy: Policy, args: argparse.Namespace
) -> tuple[Negotiated, bytes] | None:
    """Reads a request and answers it: what was agreed on, and what came behind it."""
    handshake = ServerHandshake(within=args.handshake_within)
    verdict: Request | Refusal | Acceptance | None = None
    while verdict is None:
        data = await receive(stream, handshake.next_timeout)
        if data is not None:
            verdict = handshake.receive_data(data) if data else handshake.receive_eof()
        # Told after every read: the deadline is for the whole request.
        verdict = verdict or handshake.handle_timeout(trio.current_time())
    if isinstance(verdict, Request):
        offered = args.subprotocol in verdict.subprotocols
        verdict = verdict.accept(policy, args.subprotocol if offered else None)
    with trio.move_on_after(LINGER):
        await stream.send_all(verdict.to_bytes())
        if isinstance(verdict, Acceptance):
            return verdict.agreed, handshake.rest
        await stream.send_eof()
        while await stream.receive_some(READ):
            pass  # dropped with unread input, the stream would be reset and the answer lost
    return None


class Host:
    """A connection on a stream: one task writes, another reads and keeps the time."""

    def __init__(self, stream: trio.SocketStream, conn: Connection) -> None:
        self.stream = stream
        self.conn = conn
        self.to_write = trio.Event()
        self.written = trio.Event()

    async def run(self, rest: bytes) -> None:
        async with trio.open_nursery() as nursery:

            async def write() -> None:
                await self.write()
                nursery.cancel_scope.cancel()

            nursery.start_soon(write)
            await self.read(rest)
            nursery.cancel_scope.deadline = trio.current_time() + LINGER
        # A stream that is dropped with unread input is reset, and the peer may lose the last bytes.
        with trio.move_on_after(LINGER):
            while await receive(self.stream, trio.current_time() + 0.01):
                pass

    async def read(self, data: bytes | None) -> None:
        has_ended = False
        while True:
            if data:
                self.answer(self.conn.receive_data(data))
            elif data is not None and has_ended:
                self.answer(self.conn.receive_eof())
            # After reading: what the socket holds is no silence.
            self.answer(self.conn.handle_timeout(trio.current_time()))
            self.to_write.set()
            if self.conn.transport_state == TransportAction.CLOSE:
                return
            data = None
            if has_ended or self.conn.is_congested:
                # A peer that does not read is not read from.
                with trio.move_on_at(at(self.conn.next_timeout)):
                    await self.written.wait()
            else:
                data = await receive(self.stream, self.conn.next_timeout)
                has_ended = data == b""

    async def write(self) -> None:
        has_finished = False
        while True:
            self.to_write = trio.Event()
            data = self.conn.data_to_send()
            try:
                if data:
                    await self.stream.send_all(data)
                elif (
                    self.conn.transport_state == TransportAction.FINISH_WRITING and not has_finished
                ):
                    has_finished = True
                    await self.stream.send_eof()
            except trio.BrokenResourceError:
                pass  # the peer is gone, which reading tells
            self.written.set()
            self.written = trio.Event()
            if data:
                continue
            if self.conn.transport_state == TransportAction.CLOSE:
                return
            await self.to_write.wait()

    def answer(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, (Text, Binary)):
                try:
                    self.conn.send(event.data)
                except ClosingError:
                    pass  # the connection ended in the same read


async def receive(stream: trio.SocketStream, due: float | None) -> bytes | None:
    """The next bytes, empty at the end of the stream; `None` when nothing came until `due`."""
    # At a moment that is past nothing is read at all.
    until = max(at(due), trio.current_time() + 0.001)
    with trio.move_on_at(until):
        try:
            return bytes(await stream.receive_some(READ))
        except trio.BrokenResourceError:
            return b""
    return None


def at(due: float | None) -> float:
    return math.inf if due is None else due


if __name__ == "__main__":
    trio.run(main)
