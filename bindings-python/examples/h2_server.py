"""WebSockets over HTTP/2 (RFC 8441): an echo on each stream of a session. Needs h2.

python h2_server.py --port 9001
python h2_server.py --port 9001 --cert cert.pem --key key.pem
"""

from __future__ import annotations

import asyncio
import signal
import ssl

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import options
from streams import Echo, Fields, Settings, answer, elsewhere

from wspair import Acceptance, TransportAction

STREAM_WINDOW = 256 << 10  # what a peer may send on a stream before it is read
SESSION_WINDOW = 8 << 20
MAX_STREAMS = 256
HIGH_WATER = 64 << 10  # a stream with so much to send is not read
RESETS = 100  # so many streams may be reset in ten seconds
SILENCE, PONG_WITHIN, LINGER = 30.0, 20.0, 2.0  # seconds
CODE = h2.errors.ErrorCodes


class Stream:
    """A WebSocket, and what waits between it and the session."""

    def __init__(self, session: Session, number: int, accepted: Acceptance) -> None:
        self.session, self.number = session, number
        self.unsent = memoryview(b"")
        self.unread = 0  # bytes whose window the peer has yet to get back
        self.finished = self.ended = False  # our direction, and the peer's
        self.echo = Echo(accepted, session.settings, lambda: session.wake(self))

    def received(self, data: bytes, flow: int) -> None:
        self.unread += flow
        self.echo.receive(data)

    def pump(self) -> None:
        """Moves what waits into the session, as far as the windows go."""
        try:
            self.move()
        except h2.exceptions.ProtocolError:
            pass  # a reset or GOAWAY has come that is not told yet

    def move(self) -> None:
        http = self.session.http
        while not self.session.blocked:
            self.unsent = self.unsent or memoryview(self.echo.conn.data_to_send())
            room = min(http.local_flow_control_window(self.number), http.max_outbound_frame_size)
            if not self.unsent or room <= 0:
                break
            http.send_data(self.number, bytes(self.unsent[:room]))
            self.unsent = self.unsent[room:]
        congested = self.echo.conn.is_congested or len(self.unsent) > HIGH_WATER
        if self.unread and not congested and not self.ended:
            http.increment_flow_control_window(self.unread, self.number)
            self.unread = 0
        if self.echo.transport != TransportAction.OPEN and not self.unsent:
            self.finish()

    def finish(self) -> None:
        if self.finished:
            return
        self.finished = True
        if self.echo.transport == TransportAction.CLOSE and self.echo.given_up:
            self.session.reset(self, CODE.CANCEL)
        else:
            self.session.http.end_stream(self.number)
            if self.ended:
                return self.session.settle(self)
            # The peer has its direction to end, too.
            self.echo.loop.call_later(LINGER, self.session.reset, self, CODE.NO_ERROR)


class Session(asyncio.Protocol):
    """A connection of HTTP/2, and the WebSockets on it."""

    transport: asyncio.Transport

    def __init__(self, settings: Settings, sessions: set[Session]) -> None:
        # What is malformed is judged by the engine, and costs a stream and not the session.
        config = h2.config.H2Configuration(
            client_side=False, header_encoding=None, validate_inbound_headers=False
        )
        self.http = h2.connection.H2Connection(config)
        self.settings, self.sessions = settings, sessions
        self.streams: dict[int, Stream] = {}
        self.loop = asyncio.get_running_loop()
        self.blocked = False
        self.resets = 0
        self.heard = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.sessions.add(self)
        codes = h2.settings.SettingCodes
        self.http.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                codes.ENABLE_CONNECT_PROTOCOL: 1,
                codes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                codes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
                codes.MAX_HEADER_LIST_SIZE: 16 << 10,
            },
        )
        self.http.decoder.max_header_list_size = 16 << 10
        self.http.initiate_connection()
        self.http.increment_flow_control_window(SESSION_WINDOW)
        self.timer = self.loop.call_later(10.0, transport.abort)  # until its settings come
        self.calm = self.loop.call_later(10.0, self.forgive)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        try:
            events = self.http.receive_data(data)
        except h2.exceptions.ProtocolError:
            self.flush()  # GOAWAY, which says why
            return self.transport.close()
        for event in events:
            self.handle(event)
        self.flush()

    def handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.request(event)
        elif isinstance(event, h2.events.DataReceived):
            # The session's window is given back at once: who is not read stops nobody else.
            if event.flow_controlled_length:
                self.http.increment_flow_control_window(event.flow_controlled_length)
            if event.stream_id in self.streams:
                self.streams[event.stream_id].received(event.data, event.flow_controlled_length)
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self.streams:
            stream = self.streams[event.stream_id]
            stream.echo.eof()
            self.settle(stream)
        elif isinstance(event, h2.events.StreamReset):
            self.lost(event.stream_id)
            self.resets += 1
            if self.resets > RESETS:
                self.http.close_connection(CODE.ENHANCE_YOUR_CALM)
                self.flush()
                self.transport.close()
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self.pump_all()
            if isinstance(event, h2.events.RemoteSettingsChanged):
                self.watch()
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.transport.close()  # behind GOAWAY h2 sends nothing more on any stream

    def request(self, event: h2.events.RequestReceived) -> None:
        fields = [(bytes(name).decode("latin-1"), bytes(value)) for name, value in event.headers]
        number, ended = event.stream_id, event.stream_ended is not None
        pseudo = dict(fields)
        if ":protocol" not in pseudo:
            self.respond(number, *elsewhere(pseudo.get(":method", b"")))
            return
        judged = self.settings.judge(fields, ended)
        if isinstance(judged, Acceptance):
            if self.respond(number, answer(judged), None):
                self.streams[number] = Stream(self, number, judged)
        elif judged.is_malformed:
            self.reset_stream(number, CODE.PROTOCOL_ERROR)
        else:
            self.respond(number, answer(judged), judged.body)

    def respond(self, number: int, fields: Fields, body: bytes | None) -> bool:
        """Sends an answer; one without a body goes on. False where nobody waits for it any more."""
        encoded = [(name.encode(), value) for name, value in fields]
        try:
            self.http.send_headers(number, encoded, end_stream=body == b"")
            if body:
                self.http.send_data(number, body, end_stream=True)
        except h2.exceptions.ProtocolError:
            return False
        return True

    def reset(self, stream: Stream, code: h2.errors.ErrorCodes) -> None:
        """Gives a WebSocket up, if it is still there."""
        if self.streams.pop(stream.number, None) is not None:
            self.reset_stream(stream.number, code)
            stream.echo.lost()
            self.flush()

    def reset_stream(self, number: int, code: h2.errors.ErrorCodes) -> None:
        try:
            self.http.reset_stream(number, code)
        except h2.exceptions.ProtocolError:
            pass

    def lost(self, number: int) -> None:
        stream = self.streams.pop(number, None)
        if stream is not None:
            stream.echo.lost()

    def settle(self, stream: Stream) -> None:
        """Forgets a stream that both have ended."""
        stream.ended = True
        if stream.finished and self.streams.pop(stream.number, None) is not None:
            stream.echo.stop()

    def wake(self, stream: Stream) -> None:
        if stream.number in self.streams:
            stream.pump()
            self.flush()

    def pump_all(self) -> None:
        for stream in list(self.streams.values()):
            stream.pump()

    def flush(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.http.data_to_send())

    def pause_writing(self) -> None:
        self.blocked = True

    def resume_writing(self) -> None:
        self.blocked = False
        self.pump_all()
        self.flush()

    def forgive(self) -> None:
        self.resets = 0
        self.calm = self.loop.call_later(10.0, self.forgive)

    def watch(self) -> None:
        """Asks a silent peer whether it is there: without it all of its WebSockets are gone."""
        self.timer.cancel()
        silent = self.loop.time() - self.heard
        if silent < SILENCE:
            self.timer = self.loop.call_later(SILENCE - silent, self.watch)
        elif silent < SILENCE + PONG_WITHIN:
            self.http.ping(b"are you?")
            self.flush()
            self.timer = self.loop.call_later(PONG_WITHIN, self.watch)
        else:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.sessions.discard(self)
        self.timer.cancel()
        self.calm.cancel()
        for number in list(self.streams):
            self.lost(number)

    async def close(self) -> None:
        """1001 on every stream; GOAWAY when they have ended, or after some seconds."""
        for stream in list(self.streams.values()):
            stream.echo.goodbye()
        for _ in range(100):
            if not self.streams:
                break
            await asyncio.sleep(0.05)
        if not self.transport.is_closing():
            self.http.close_connection()
            self.flush()
            self.transport.close()


async def main() -> None:
    args, connection = options.parse()
    context = None
    if args.cert is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)
        context.set_alpn_protocols(["h2"])
    connection["max_outgoing"] = None  # who does not read is not read
    settings = Settings(args, connection)
    sessions: set[Session] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Session(settings, sessions), args.host, args.port, ssl=context
    )
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leaving.set)
    scheme = "ws" if context is None else "wss"
    print(f"listening on {scheme}://{args.host}:{server.sockets[0].getsockname()[1]}/", flush=True)
    await leaving.wait()
    server.close()
    await asyncio.gather(*(session.close() for session in sessions))


if __name__ == "__main__":
    asyncio.run(main())
