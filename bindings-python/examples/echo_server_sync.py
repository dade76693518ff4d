"""An echo server for threads.

python echo_server_sync.py --port 9001
"""

from __future__ import annotations

import options

from wspair.sync import ServerConnection, serve


def echo(ws: ServerConnection) -> None:
    for message in ws:
        ws.send(message)


def main() -> None:
    args, connection = options.parse()
    with serve(
        echo,
        args.host,
        args.port,
        allow_missing_origin=True,  # of programs that are no browsers
        origins=args.origin,
        subprotocols=[args.subprotocol] if args.subprotocol else [],
        compression=args.deflate,
        open_timeout=args.handshake_within,
        **connection,
    ) as server:
        print(f"listening on ws://{args.host}:{server.port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
