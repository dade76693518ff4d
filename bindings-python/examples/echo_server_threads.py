"""An echo server on plain sockets: a thread a connection.

python echo_server_threads.py --port 9001
"""

from __future__ import annotations

import socket
import threading
from argparse import Namespace
from typing import Any

import blocking
import options

from wspair import Binary, ClosingError, Connection, Policy, Role, Text


def main() -> None:
    args, connection = options.parse()
    policy = Policy(origins=args.origin, compression=args.deflate)
    connection["compression"] = args.deflate
    connection["max_outgoing"] = None  # a peer that does not read is not read from
    with socket.create_server((args.host, args.port)) as listener:
        print(f"listening on ws://{args.host}:{listener.getsockname()[1]}/", flush=True)
        while True:
            sock, _ = listener.accept()
            arguments = (sock, policy, args, connection)
            threading.Thread(target=serve, args=arguments, daemon=True).start()


def serve(sock: socket.socket, policy: Policy, args: Namespace, connection: dict[str, Any]) -> None:
    with sock:
        opened = blocking.accept(sock, policy, args.subprotocol, args.handshake_within)
        if opened is None:
            return
        agreed, rest = opened
        conn = Connection(Role.SERVER, agreed, **connection)
        for event in blocking.events(sock, conn, rest):
            if isinstance(event, (Text, Binary)):
                try:
                    conn.send(event.data)
                except ClosingError:
                    pass  # the connection ended in the same read, which ends the loop too


if __name__ == "__main__":
    main()
