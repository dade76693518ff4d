"""A client of HTTP/2 that may do anything: the state machine is h2's, its checks are off."""

import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes
from hyperframe.frame import Frame

PATIENCE = 20.0
ASKING = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":authority", "localhost"),
    (":path", "/chat"),
    ("sec-websocket-version", "13"),
]


def asking(*more, **changed):
    """The fields of a request; `method="GET"` is another `:method`, `None` leaves a field out."""
    changed = {name.replace("_", "-"): value for name, value in changed.items()}
    fields = []
    for name, value in ASKING:
        value = changed.get(name.lstrip(":"), value)
        if value is not None:
            fields.append((name, value))
    return fields + list(more)


class Stream:
    """What came on a stream."""

    def __init__(self, session, number):
        self.session, self.number = session, number
        self.status = None
        self.headers = {}
        self.data = bytearray()
        self.ended = False
        self.reset = None
        self.reads = True

    @property
    def is_over(self):
        return self.ended or self.reset is not None or self.session.over

    def send(self, data, end=False, **options):
        """Sends bytes as the windows allow."""
        http = self.session.http
        view = memoryview(data)
        while view or end:
            self.session.pump(
                lambda: http.local_flow_control_window(self.number) > 0 or not view or self.is_over
            )
            if self.is_over and self.reset is not None or self.session.over:
                return
            room = min(
                http.local_flow_control_window(self.number), http.max_outbound_frame_size, len(view)
            )
            part, view = bytes(view[:room]), view[room:]
            last = end and not view
            http.send_data(self.number, part, end_stream=last, **options)
            self.session.flush()
            if last:
                return

    def cancel(self, code=8):
        self.session.http.reset_stream(self.number, code)
        self.session.flush()

    def wait(self, condition, patience=PATIENCE):
        self.session.pump(lambda: condition() or self.is_over, patience)
        assert condition(), (
            f"status {self.status}, reset {self.reset}, data {bytes(self.data[-40:])!r}"
        )

    def expect(self, data):
        """Waits for these bytes, and takes them."""
        self.wait(lambda: len(self.data) >= len(data))
        got = bytes(self.data[: len(data)])
        assert got == data, f"{got[:40]!r} and not {data[:40]!r}"
        del self.data[: len(data)]

    def over(self, patience=PATIENCE):
        """Waits for its end: None for END_STREAM, else the code of a reset."""
        self.session.pump(lambda: self.is_over, patience)
        assert self.ended or self.reset is not None, "the stream goes on"
        return self.reset


class Session:
    def __init__(self, port, tls=False, window=1 << 20, settings=None):
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl._create_unverified_context()
            context.set_alpn_protocols(["h2"])
            self.sock = context.wrap_socket(self.sock)
        self.http = h2.connection.H2Connection(
            h2.config.H2Configuration(
                client_side=True,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.streams = {}
        self.goaway = None
        self.over = False
        self.is_set = False
        self.http.initiate_connection()
        self.http.update_settings(
            {
                SettingCodes.INITIAL_WINDOW_SIZE: window,
                SettingCodes.ENABLE_PUSH: 0,
                **(settings or {}),
            }
        )
        self.http.increment_flow_control_window(1 << 24)
        self.flush()
        self.pump(lambda: self.is_set)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def flush(self):
        data = self.http.data_to_send()
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.sendall(data)
        except OSError:
            self.over = True

    def pump(self, condition=lambda: False, patience=PATIENCE):
        """Reads until something is so, or for some time."""
        until = time.monotonic() + patience
        while not condition() and not self.over:
            left = until - time.monotonic()
            if left <= 0:
                return
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(1 << 16)
            except TimeoutError:
                return
            except OSError:
                data = b""
            if not data:
                self.over = True
                return
            for event in self.http.receive_data(data):
                self.take(event)
            self.flush()

    def take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        match event:
            case h2.events.RemoteSettingsChanged():
                self.is_set = True
            case h2.events.ConnectionTerminated():
                self.goaway = event.error_code
            case h2.events.ResponseReceived():
                headers = dict(event.headers)
                stream.status, stream.headers = int(headers.pop(":status")), headers
            case h2.events.DataReceived():
                stream.data += event.data
                if stream.reads and event.flow_controlled_length:
                    self.http.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            case h2.events.StreamEnded():
                stream.ended = True
            case h2.events.StreamReset() if stream is not None:
                stream.reset = event.error_code

    def ask(self, fields=ASKING, end_stream=False):
        """Sends a request, and waits for nothing."""
        number = self.http.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        self.http.send_headers(number, fields, end_stream=end_stream)
        self.flush()
        return stream

    def answer(self, fields=ASKING, end_stream=False):
        """Sends a request, and waits for the answer."""
        stream = self.ask(fields, end_stream)
        self.pump(lambda: stream.status is not None or stream.is_over)
        return stream

    def open(self, *more, **changed):
        stream = self.answer(asking(*more, **changed))
        assert stream.status == 200, (stream.status, stream.reset, self.goaway)
        return stream

    def echo(self, text=b"still here"):
        """That the session goes on: a message on a WebSocket of its own."""
        stream = self.open()
        stream.send(frame(TEXT, text))
        stream.expect(reply(TEXT, text))
        stream.send(frame(CLOSE, b"\x03\xe8"), end=True)
        assert stream.over() is None

    def frames(self):
        """All further frames as they come, to the end of the session; h2 sees none of them."""
        got = b""
        self.sock.settimeout(PATIENCE)
        while data := self.sock.recv(1 << 16):
            got += data
            while len(got) >= 9:
                frame, size = Frame.parse_frame_header(memoryview(got[:9]))
                if len(got) < 9 + size:
                    break
                frame.parse_body(memoryview(got[9 : 9 + size]))
                got = got[9 + size :]
                yield frame

    def put(self, frame):
        self.sock.sendall(frame.serialize())

    @property
    def takes_websockets(self):
        return self.http.remote_settings.enable_connect_protocol == 1


TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def length(size, mask):
    if size < 126:
        return bytes([mask | size])
    if size < 1 << 16:
        return bytes([mask | 126]) + size.to_bytes(2, "big")
    return bytes([mask | 127]) + size.to_bytes(8, "big")


def frame(opcode, payload=b""):
    """A client's, masked with zeros."""
    return bytes([0x80 | opcode]) + length(len(payload), 0x80) + bytes(4) + payload


def reply(opcode, payload=b""):
    """A server's."""
    return bytes([0x80 | opcode]) + length(len(payload), 0) + payload


def close(code, reason=b""):
    return code.to_bytes(2, "big") + reason
