"""An echo server on asyncio.

python echo_server.py --port 9001
"""

from __future__ import annotations

import asyncio

import options

from wspair.asyncio import WebSocket, serve


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


async def main() -> None:
    args, connection = options.parse()
    async with serve(
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
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
