"""An echo server on trio.

python echo_server_trio.py --port 9001
"""

from __future__ import annotations

from functools import partial
from typing import Any

import options
import trio

from wspair import (
    Acceptance,
    Binary,
    ClosingError,
    Connection,
    Policy,
    Refusal,
    Request,
    Role,
    ServerHandshake,
    Text,
    Transport,
)


async def main() -> None:
    args, connection = options.parse()
    connection["compression"] = args.deflate
    policy = Policy(origins=args.origin, compression=args.deflate)
    listeners = await trio.open_tcp_listeners(args.port, host=args.host)
    port = listeners[0].socket.getsockname()[1]
    print(f"listening on ws://{args.host}:{port}/", flush=True)
    handler = partial(serve, policy, args.handshake_within, connection)
    await trio.serve_listeners(handler, listeners)


async def serve(
    policy: Policy, within: float, options: dict[str, Any], stream: trio.SocketStream
) -> None:
    try:
        handshake = ServerHandshake(within=within)
        verdict: Request | Refusal | Acceptance | None = None
        while verdict is None:
            data = await receive(stream, handshake.next_timeout)
            if data is None:
                verdict = handshake.handle_timeout(trio.current_time())
            else:
                verdict = handshake.receive_data(data) if data else handshake.receive_eof()
        if isinstance(verdict, Request):
            verdict = verdict.accept(policy)
        await stream.send_all(verdict.to_bytes())
        if isinstance(verdict, Acceptance):
            conn = Connection(Role.SERVER, verdict.agreed, **options)
            await echo(stream, conn, handshake.rest)
    except trio.BrokenResourceError:
        pass  # the peer is gone
    finally:
        await stream.aclose()


async def echo(stream: trio.SocketStream, conn: Connection, data: bytes | None) -> None:
    has_finished = False
    while True:
        if data is None:
            events = conn.handle_timeout(trio.current_time())
        else:
            events = conn.receive_data(data) if data else []
        for event in events:
            if isinstance(event, (Text, Binary)):
                try:
                    conn.send(event.data)
                except ClosingError:
                    pass  # the connection ended in the same read
        await stream.send_all(conn.data_to_send())
        if conn.transport_state == Transport.CLOSE:
            return
        if conn.transport_state == Transport.FINISH_WRITING and not has_finished:
            has_finished = True
            await stream.send_eof()
        data = await receive(stream, conn.next_timeout)
        if data == b"":
            conn.receive_eof()


async def receive(stream: trio.SocketStream, due: float | None) -> bytes | None:
    """The next bytes, empty at the end of the stream; `None` when it is `due` first."""
    with trio.move_on_at(float("inf") if due is None else due):
        return bytes(await stream.receive_some(64 << 10))
    return None


if __name__ == "__main__":
    trio.run(main)
