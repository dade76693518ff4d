"""WebSockets over HTTP/3 (RFC 9220): an echo on each stream of a connection. Needs aioquic.

python h3_server.py --port 9001 --cert cert.pem --key key.pem

aioquic gives a stream's window back by itself, so a client that does not read its echoes is not
held up but closed, when they pass max_outgoing.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import options
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (
    ConnectionTerminated,
    ProtocolNegotiated,
    QuicEvent,
    StopSendingReceived,
    StreamReset,
)
from streams import Echo, Fields, Settings, answer, elsewhere

from wspair import Acceptance, TransportAction

HIGH_WATER = 64 << 10  # what waits in aioquic; the rest is the connection's
LINGER = 2.0  # seconds that a peer has to end its direction


class Stream:
    """A WebSocket on a stream."""

    def __init__(self, session: Session, number: int, accepted: Acceptance) -> None:
        self.session, self.number = session, number
        self.finished = False
        self.echo = Echo(accepted, session.settings, lambda: session.wake(self))

    def pump(self) -> None:
        """Moves what waits into the stream, and ends it when all was said."""
        conn = self.echo.conn
        if self.finished:
            return
        if self.session.unsent(self.number) < HIGH_WATER and conn.wants_write:
            data = conn.data_to_send()
            self.finished = self.echo.transport != TransportAction.OPEN and not self.echo.given_up
            self.session.http.send_data(self.number, data, end_stream=self.finished)
            if self.finished:
                self.echo.loop.call_later(LINGER, self.session.stop, self)
        elif self.echo.transport != TransportAction.OPEN and not conn.wants_write:
            self.finish()

    def finish(self) -> None:
        self.finished = True
        if self.echo.transport == TransportAction.CLOSE and self.echo.given_up:
            self.session.reset(self, ErrorCode.H3_REQUEST_CANCELLED)
        else:
            self.session.http.send_data(self.number, b"", end_stream=True)
            self.echo.loop.call_later(LINGER, self.session.stop, self)


class Session(QuicConnectionProtocol):
    """A connection of HTTP/3, and the WebSockets on it."""

    http: H3Connection
    settings: Settings
    sessions: set[Session]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.streams: dict[int, Stream] = {}
        self.ended: set[int] = set()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
            self.sessions.add(self)
        elif isinstance(event, ConnectionTerminated):
            self.sessions.discard(self)
            for number in list(self.streams):
                self.lost(number)
        elif isinstance(event, (StreamReset, StopSendingReceived)):
            self.lost(event.stream_id)
        if hasattr(self, "http"):
            for each in self.http.handle_event(event):
                self.handle(each)
            # What the peer took makes room.
            for stream in list(self.streams.values()):
                stream.pump()
        self.transmit()

    def handle(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived) and event.stream_id not in self.streams:
            self.request(event.stream_id, event.headers, event.stream_ended)
        elif isinstance(event, (HeadersReceived, DataReceived)):
            # Fields behind the data are trailers, and say nothing.
            stream = self.streams.get(event.stream_id)
            if stream is None:
                return
            if isinstance(event, DataReceived) and event.data:
                stream.echo.receive(event.data)
            if event.stream_ended:
                self.ended.add(event.stream_id)
                stream.echo.eof()
                self.settle(stream)

    def request(self, number: int, headers: list[tuple[bytes, bytes]], ended: bool) -> None:
        fields = [(name.decode("latin-1"), value) for name, value in headers]
        pseudo = dict(fields)
        if ":protocol" not in pseudo:
            return self.respond(number, *elsewhere(pseudo.get(":method", b"")))
        judged = self.settings.judge(fields, ended)
        if isinstance(judged, Acceptance):
            self.respond(number, answer(judged), None)
            self.streams[number] = Stream(self, number, judged)
        elif judged.is_malformed:
            self._quic.reset_stream(number, ErrorCode.H3_MESSAGE_ERROR)
            self._quic.stop_stream(number, ErrorCode.H3_MESSAGE_ERROR)
        else:
            self.respond(number, answer(judged), judged.body)

    def respond(self, number: int, fields: Fields, body: bytes | None) -> None:
        """Sends an answer; one without a body goes on."""
        encoded = [(name.encode(), value) for name, value in fields]
        self.http.send_headers(number, encoded, end_stream=body == b"")
        if body:
            self.http.send_data(number, body, end_stream=True)

    def reset(self, stream: Stream, code: int) -> None:
        """Gives a stream up."""
        if self.streams.pop(stream.number, None) is not None:
            self._quic.reset_stream(stream.number, code)
            if stream.number not in self.ended:
                self._quic.stop_stream(stream.number, code)
            stream.echo.lost()
            self.transmit()

    def stop(self, stream: Stream) -> None:
        """The peer was told all, and has not ended its direction."""
        if self.streams.pop(stream.number, None) is not None:
            self._quic.stop_stream(stream.number, ErrorCode.H3_NO_ERROR)
            stream.echo.lost()
            self.transmit()

    def lost(self, number: int) -> None:
        stream = self.streams.pop(number, None)
        if stream is not None:
            stream.echo.lost()

    def settle(self, stream: Stream) -> None:
        """Forgets a stream that both have ended."""
        stream.pump()
        if stream.finished and self.streams.pop(stream.number, None) is not None:
            stream.echo.stop()

    def wake(self, stream: Stream) -> None:
        if stream.number in self.streams:
            stream.pump()
            if stream.number in self.ended:
                self.settle(stream)
            self.transmit()

    def unsent(self, number: int) -> int:
        """What aioquic holds of a stream, of which it tells nothing in public."""
        stream = self._quic._streams.get(number)
        return 0 if stream is None else len(stream.sender._buffer)

    async def leave(self) -> None:
        """1001 on every stream; the connection when they have ended, or after some seconds."""
        for stream in list(self.streams.values()):
            stream.echo.goodbye()
        for _ in range(100):
            if not self.streams:
                break
            await asyncio.sleep(0.05)
        self.close(error_code=ErrorCode.H3_NO_ERROR)


async def main() -> None:
    args, connection = options.parse()
    Session.settings = Settings(args, connection)
    Session.sessions = set()
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False, idle_timeout=60.0)
    configuration.load_cert_chain(args.cert, args.key)
    server = await serve(args.host, args.port, configuration=configuration, create_protocol=Session)
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leaving.set)
    assert server._transport is not None
    port = server._transport.get_extra_info("sockname")[1]
    print(f"listening on wss://{args.host}:{port}/", flush=True)
    await leaving.wait()
    await asyncio.gather(*(session.leave() for session in list(Session.sessions)))
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
