"""The peers, each by its own fastest way to take bytes and to give messages."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import picows
import wsproto
import wsproto.connection
import wsproto.events
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp._websocket.writer import WebSocketWriter
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WSMsgType as AioType
from picows.picows import WSProtocol  # type: ignore[attr-defined]
from websockets.protocol import Protocol, Side, State

from wspair import ClientHandshake, ClientRequest, accept_key

Run = Callable[[], object]


def receivers(role: str, chunks: list[bytes], count: int) -> dict[str, Run]:
    limit = 1 << 24
    side = Side.SERVER if role == "server" else Side.CLIENT
    sans_io = Protocol(side, state=State.OPEN, max_size=limit)

    def websockets_run() -> None:
        for chunk in chunks:
            sans_io.receive_data(chunk)
            for frame in sans_io.events_received():
                if frame.opcode == 1:  # type: ignore[union-attr]
                    frame.data.decode()  # type: ignore[union-attr]

    kind = wsproto.ConnectionType.SERVER if role == "server" else wsproto.ConnectionType.CLIENT
    ws = wsproto.connection.Connection(kind)

    def wsproto_run() -> None:
        for chunk in chunks:
            ws.receive_data(chunk)
            for _ in ws.events():
                pass

    loop = asyncio.get_event_loop()
    queue = WebSocketDataQueue(BaseProtocol(loop), limit, loop=loop)
    reader = WebSocketReader(queue, limit, compress=False, decode_text=True)

    def aiohttp_run() -> None:
        for chunk in chunks:
            reader.feed_data(chunk)
        for _ in range(count):
            try:
                queue.read().send(None)
            except StopIteration:
                pass

    protocol, _ = picows_protocol(role)

    def picows_run() -> None:
        for chunk in chunks:
            view = memoryview(chunk)
            while len(view):
                buffer = protocol.get_buffer(len(view))
                n = min(len(buffer), len(view))
                buffer[:n] = view[:n]
                protocol.buffer_updated(n)
                view = view[n:]

    return {
        "picows": picows_run,
        "aiohttp": aiohttp_run,
        "websockets": websockets_run,
        "wsproto": wsproto_run,
    }


def senders(role: str, messages: list[bytes]) -> dict[str, Run]:
    side = Side.SERVER if role == "server" else Side.CLIENT
    sans_io = Protocol(side, state=State.OPEN)

    def websockets_run() -> None:
        for message in messages:
            sans_io.send_binary(message)
            sans_io.data_to_send()

    kind = wsproto.ConnectionType.SERVER if role == "server" else wsproto.ConnectionType.CLIENT
    ws = wsproto.connection.Connection(kind)

    def wsproto_run() -> None:
        for message in messages:
            ws.send(wsproto.events.BytesMessage(message))

    sink: Any = Sink()
    sink.written = None
    loop = asyncio.get_event_loop()
    writer = WebSocketWriter(BaseProtocol(loop), sink, use_mask=role == "client", limit=1 << 40)

    def aiohttp_run() -> None:
        for message in messages:
            try:
                writer.send_frame(message, AioType.BINARY).send(None)
            except StopIteration:
                pass

    _, transport = picows_protocol(role)

    def picows_run() -> None:
        for message in messages:
            transport.send(picows.WSMsgType.BINARY, message)

    return {
        "picows": picows_run,
        "aiohttp": aiohttp_run,
        "websockets": websockets_run,
        "wsproto": wsproto_run,
    }


def picows_protocol(role: str) -> tuple[Any, Any]:
    """A protocol of picows that has its handshake behind it, and its transport."""
    sink, listener = Sink(), Listener()
    log = logging.getLogger("picows.bench")

    async def make() -> Any:
        protocol = WSProtocol(
            "example.org", "/", role == "client", lambda *_: listener, log, True, None,
            False, 10, 10, picows.WSAutoPingStrategy.PING_WHEN_IDLE, True, 1 << 24, None, 128 << 10,
        )  # fmt: skip
        protocol.connection_made(sink)
        if role == "client":
            key = bytes(sink.written or b"").split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
            data = (
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept_key(key.decode()).encode()
                + b"\r\n\r\n"
            )
        else:
            data = ClientHandshake(ClientRequest("ws://example.org/")).data_to_send()
        protocol.get_buffer(-1)[: len(data)] = data
        protocol.buffer_updated(len(data))
        await asyncio.sleep(0)
        return protocol

    protocol = asyncio.get_event_loop().run_until_complete(make())
    sink.written = None
    return protocol, listener.transport


class Listener(picows.WSListener):
    """Keeps what the application would get."""

    def on_ws_connected(self, transport: Any) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        if frame.msg_type == picows.WSMsgType.TEXT:
            frame.get_payload_as_utf8_text()
        else:
            frame.get_payload_as_bytes()


class Sink(asyncio.Transport):
    """A transport that takes everything and does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written: bytearray | None = bytearray()
        self.socket = socket.socket()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.socket if name == "socket" else default

    def write(self, data: Any) -> None:
        if self.written is not None:
            self.written += data

    def writelines(self, data: Any) -> None:
        if self.written is not None:
            self.written += b"".join(data)

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0
