"""The other side of a connection, on plain streams: it sends and cuts what a test says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket
import struct
from typing import Any

HEAD = (
    b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

PATIENCE = 20.0
"""Seconds for what should take none."""


def frame(opcode: int, payload: bytes | str = b"", *, fin: bool = True, mask: bool = True) -> bytes:
    """A frame; the mask of zeros leaves its payload to be read."""
    payload = payload.encode() if isinstance(payload, str) else payload
    first = bytes([opcode | (0x80 if fin else 0)])
    high = 0x80 if mask else 0
    if len(payload) < 126:
        length = bytes([high | len(payload)])
    elif len(payload) < 1 << 16:
        length = struct.pack("!BH", high | 126, len(payload))
    else:
        length = struct.pack("!BQ", high | 127, len(payload))
    return first + length + (bytes(4) if mask else b"") + payload


def text(message: str, **options: Any) -> bytes:
    return frame(1, message, **options)


def close(code: int | None = 1000, reason: str = "", **options: Any) -> bytes:
    body = b"" if code is None else struct.pack("!H", code) + reason.encode()
    return frame(8, body, **options)


class Peer:
    """A raw client, or what a raw server sees of one."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mask: bool = True
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.mask = mask

    def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))

    def finish(self) -> None:
        """Ends this direction."""
        self.writer.write_eof()

    def reset(self) -> None:
        """Vanishes, and says so."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            mask = await self.reader.readexactly(4) if second & 0x80 else bytes(4)
            payload = await self.reader.readexactly(length)
        if any(mask):
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        return first & 0xF, payload

    async def close_code(self) -> int | None:
        """The code of the Close frame, behind whatever comes before it."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return struct.unpack("!H", payload[:2])[0] if payload else None

    async def rest(self) -> bytes:
        """All that comes until the end."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE)

    async def gone(self) -> None:
        """Waits for the end, however it comes."""
        try:
            while await asyncio.wait_for(self.reader.read(1 << 16), PATIENCE):
                pass
        except ConnectionError:
            pass

    async def leave(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


async def dial(port: int, *data: bytes, open: bool = True) -> Peer:
    """A raw client; `data` goes out with the request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    peer = Peer(reader, writer)
    if open:
        peer.send(HEAD, *data)
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
    elif data:
        peer.send(*data)
    return peer


class RawServer:
    """Accepts one WebSocket after another, and leaves the rest to the test."""

    async def __aenter__(self) -> RawServer:
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/"
        self.behind = b""
        """What goes out with the answer."""
        self.ends = False
        """Whether that is all."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.server.close()
        while not self.peers.empty():
            await self.peers.get_nowait().leave()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, mask=False)
        request = await peer.head()
        found = re.search(rb"Sec-WebSocket-Key: (.*?)\r\n", request)
        assert found is not None
        digest = hashlib.sha1(found[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        peer.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n",
            self.behind,
        )
        if self.ends:
            peer.finish()
        self.peers.put_nowait(peer)
