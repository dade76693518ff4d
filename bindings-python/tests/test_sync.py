"""The hosts for threads, against each other, against `websockets` and against plain sockets."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client
import websockets.sync.server

from wspair import (
    Cause,
    CloseEvent,
    ConcurrencyError,
    Connection,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidStatus,
    PayloadTooBig,
    ProtocolError,
    ReadyState,
    Role,
)
from wspair.sync import ServerConnection, basic_auth, connect, serve, unix_connect
from wspair.sync.server import unix_serve

PATIENCE = 20.0
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HI = b"\x81\x82\0\0\0\0hi"
HI_BACK = b"\x81\x02hi"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
CLOSE_BACK = b"\x88\x02\x03\xe8"


def echo(ws: ServerConnection) -> None:
    for message in ws:
        ws.send(message)


@contextmanager
def serving(handler: Callable[[ServerConnection], object] = echo, **options: Any) -> Iterator[Any]:
    """A server that runs, and must be down soon afterwards."""
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            began = time.monotonic()
            server.shutdown(timeout=5)
            thread.join(PATIENCE)
            assert not thread.is_alive()
            assert time.monotonic() - began < PATIENCE


def url(server: Any, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


@contextmanager
def visiting(server: Any, data: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock:
        sock.sendall(data)
        yield sock


def to_the_end(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def after_the_head(data: bytes) -> bytes:
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    return rest


MESSAGES: list[str | bytes] = ["text", b"bytes", "", b"", "ž" * 40_000, bytes(range(256)) * 3000]


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_there_and_back(compression: Any) -> None:
    with serving(compression=compression, subprotocols=["b", "a"]) as server:
        options: Any = {"compression": compression, "subprotocols": ["a", "b"]}
        with connect(url(server, "/x?y"), **options) as ws:
            assert ws.request.path == "/x?y"
            assert ws.subprotocol == "b"
            assert ws.agreed is not None
            assert ws.agreed.compression == (compression is not None)
            for message in MESSAGES:
                ws.send(message)
            for message in MESSAGES:
                assert ws.recv(timeout=PATIENCE) == message
            ws.send(["a", "b"])
            assert ws.recv(PATIENCE) == "ab"
            ws.send(b"text", text=True)
            assert ws.recv(PATIENCE, False) == b"text"
            (there,) = server.connections
            assert there.remote_address == ws.local_address
            assert there.state is ReadyState.OPEN
        assert ws.last_event == CloseEvent(1000, "", True)
        assert ws.close_code == 1000
        with pytest.raises(ConnectionClosedOK):
            ws.send("late")
        with pytest.raises(ConnectionClosedOK):
            ws.recv()


def test_clients_and_servers_of_others() -> None:
    with serving() as server, websockets.sync.client.connect(url(server)) as theirs:
        for message in MESSAGES:
            theirs.send(message)
            assert theirs.recv(timeout=PATIENCE) == message
    assert theirs.close_code == 1000

    def their_echo(ws: Any) -> None:
        for message in ws:
            ws.send(message)

    with websockets.sync.server.serve(their_echo, "127.0.0.1", 0) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        port = other.socket.getsockname()[1]
        with connect(f"ws://127.0.0.1:{port}/", compression="deflate") as ws:
            for message in MESSAGES:
                ws.send(message)
                assert ws.recv(PATIENCE) == message
        other.shutdown()
        thread.join(PATIENCE)


def test_a_time_limit() -> None:
    with serving() as server, connect(url(server)) as ws:
        for timeout in (0, 0.05):
            with pytest.raises(TimeoutError):
                ws.recv(timeout=timeout)
        ws.send("x")
        assert ws.recv(timeout=PATIENCE) == "x"


def test_pings_are_timed() -> None:
    with serving() as server, connect(url(server)) as ws:
        ping = ws.ping("p")
        assert ping.wait(PATIENCE)
        assert ping.latency == ws.latency > 0
        (there,) = server.connections
        first, second = there.ping(), there.ping()
        assert second.wait(PATIENCE)
        assert first.wait(PATIENCE)


def test_keepalive_measures_and_gives_up() -> None:
    with serving() as server:
        with connect(url(server), ping_interval=0.02) as ws:
            until = time.monotonic() + PATIENCE
            while not ws.latency and time.monotonic() < until:
                time.sleep(0.01)
            assert ws.latency > 0
    seen: list[Any] = []

    def wait(ws: ServerConnection) -> None:
        with pytest.raises(ConnectionClosedError) as caught:
            ws.recv()
        seen.append(caught.value)

    with serving(wait, ping_interval=0.1, ping_timeout=0.1) as server:
        with visiting(server, REQUEST) as sock:
            while sock.recv(4096):
                pass
    assert seen[0].cause is Cause.PONG_TIMEOUT


def test_a_tight_loop_of_sends_ends_with_its_client() -> None:
    ended = threading.Event()

    def flood(ws: ServerConnection) -> None:
        try:
            while True:
                ws.send(bytes(50_000))
        except ConnectionClosed:
            ended.set()

    with serving(flood) as server:
        ws = connect(url(server))
        assert len(ws.recv(PATIENCE)) == 50_000
        ws.abort()
        ws.wait_closed()
        assert ended.wait(PATIENCE)


@pytest.mark.parametrize("what", ["sends", "sleeps"])
def test_a_close_is_answered_whatever_the_application_does(what: str) -> None:
    goes_on = threading.Event()

    def handler(ws: ServerConnection) -> None:
        while what == "sends":
            ws.send("tick")
            time.sleep(0.01)
        goes_on.wait(PATIENCE)

    with serving(handler) as server, visiting(server, REQUEST + CLOSE) as sock:
        sock.settimeout(5)
        assert to_the_end(sock).endswith(CLOSE_BACK)
        goes_on.set()


@pytest.mark.parametrize("pause", [None, 0.1])
def test_a_visit_in_one_segment_and_half_a_close(pause: float | None) -> None:
    with serving() as server, visiting(server, REQUEST + HI * 3 + CLOSE) as sock:
        if pause is not None:
            time.sleep(pause)  # sleeps: what is sent comes in two reads
        sock.shutdown(socket.SHUT_WR)
        assert after_the_head(to_the_end(sock)) == HI_BACK * 3 + CLOSE_BACK


def test_answers_go_out_to_who_ended_its_direction() -> None:
    with serving() as server, visiting(server, REQUEST + HI * 3) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert after_the_head(to_the_end(sock)) == HI_BACK * 3


def test_answers_to_an_ended_stream_take_no_longer_than_a_close_may() -> None:
    goes_on = threading.Event()

    def think(ws: ServerConnection) -> None:
        ws.recv()
        goes_on.wait(PATIENCE)

    with serving(think, close_timeout=0.3) as server, visiting(server, REQUEST + HI) as sock:
        sock.settimeout(PATIENCE / 3)
        sock.shutdown(socket.SHUT_WR)
        assert after_the_head(to_the_end(sock)) == b""
        goes_on.set()


@pytest.mark.parametrize(
    ("frame", "rule", "code"),
    [
        (b"\x81\x02hi", ProtocolError.UNMASKED, 1002),
        (b"\x81\x81\0\0\0\0\xff", ProtocolError.TEXT_NOT_UTF8, 1007),
        (b"\x82\xfe\x04\x00\0\0\0\0", ProtocolError.MESSAGE_TOO_LONG, 1009),
    ],
)
def test_a_broken_rule(frame: bytes, rule: ProtocolError, code: int) -> None:
    errors: list[ConnectionClosed] = []

    def handler(ws: ServerConnection) -> None:
        try:
            ws.recv()
        except ConnectionClosed as error:
            errors.append(error)

    with serving(handler, max_size=100) as server:
        with visiting(server, REQUEST + frame) as sock:
            frames = after_the_head(to_the_end(sock))
    (error,) = errors
    assert isinstance(error, ConnectionClosedError)
    assert error.closed is not None
    assert error.closed.error is rule
    assert error.sent is not None
    assert error.sent.code == code
    close = code.to_bytes(2, "big") + error.sent.reason.encode()
    assert error.sent.reason
    assert frames == bytes([0x88, len(close)]) + close
    if code == 1009:
        assert isinstance(error.__cause__, PayloadTooBig)
        assert (error.__cause__.size, error.__cause__.max_size) == (1024, 100)


def test_one_thread_closes_while_another_reads() -> None:
    with serving() as server:
        ws = connect(url(server))
        seen: list[Any] = []
        reader = threading.Thread(target=lambda: seen.extend(ws))
        reader.start()
        ws.send("x")
        closers = [threading.Thread(target=ws.close) for _ in range(3)]
        for closer in closers:
            closer.start()
        for thread in (reader, *closers):
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert seen in (["x"], [])


def test_only_one_thread_receives() -> None:
    with serving() as server, connect(url(server)) as ws:
        reader = threading.Thread(target=ws.recv)
        reader.start()
        error: Exception | None = None
        until = time.monotonic() + PATIENCE
        while not isinstance(error, ConcurrencyError) and time.monotonic() < until:
            try:
                ws.recv(timeout=0)
            except (TimeoutError, ConcurrencyError) as caught:
                error = caught
        assert isinstance(error, ConcurrencyError)
        ws.send("x")
        reader.join(PATIENCE)


def test_many_threads_send() -> None:
    with serving() as server, connect(url(server)) as ws:

        def send(n: int) -> None:
            for i in range(200):
                ws.send(f"{n} {i}")

        threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        seen = [str(ws.recv(PATIENCE)).split() for _ in range(1600)]
        for thread in threads:
            thread.join(PATIENCE)
        for n in range(8):
            assert [int(i) for who, i in seen if who == str(n)] == list(range(200))


def test_a_peer_that_does_not_read_holds_up_the_sender() -> None:
    sent: list[int] = []

    def flood(ws: ServerConnection) -> None:
        for number in range(200):
            ws.send(bytes(256 << 10))
            sent.append(number)

    with serving(flood) as server:
        ws = connect(url(server), max_size=None)
        time.sleep(0.5)  # sleeps: gives the sender time to be held back
        assert len(sent) < 200
        assert [len(ws.recv(PATIENCE)) for _ in range(200)] == [256 << 10] * 200
        ws.close()


def test_an_application_that_does_not_read_holds_up_the_peer() -> None:
    goes_on = threading.Event()
    counts: list[int] = []

    def lazy(ws: ServerConnection) -> None:
        goes_on.wait(PATIENCE)
        counts.append(sum(1 for _ in ws))

    with serving(lazy) as server:
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock:
            sock.sendall(REQUEST)
            client = Connection(Role.CLIENT, max_outgoing=None)
            client.send_many([bytes(64 << 10)] * 400)
            data = client.data_to_send() + CLOSE
            sock.settimeout(1)
            done = 0
            try:
                while done < len(data):
                    done += sock.send(data[done : done + (1 << 20)])
            except TimeoutError:
                pass
            assert done < len(data)
            goes_on.set()
            sock.settimeout(PATIENCE)
            sock.sendall(data[done:])
            assert to_the_end(sock).endswith(CLOSE_BACK)
    assert counts == [400]


def test_compressed_messages_of_an_application_that_does_not_read() -> None:
    """What waits is bounded once it is inflated."""
    goes_on = threading.Event()

    def lazy(ws: ServerConnection) -> None:
        goes_on.wait(PATIENCE)
        for _ in ws:
            pass

    with serving(lazy, compression="deflate") as server:
        ws = connect(url(server), compression="deflate")
        for _ in range(30):
            ws.send(bytes(1 << 20))
        (there,) = server.connections
        time.sleep(0.3)  # sleeps: gives the sender time to be held back
        assert len(there._wire.inbox) < 15
        goes_on.set()
        ws.close()


def test_handlers_that_fail(caplog: pytest.LogCaptureFixture) -> None:
    def fail(ws: ServerConnection) -> None:
        raise RuntimeError("boom")

    with serving(fail) as server, connect(url(server)) as ws:
        with pytest.raises(ConnectionClosedError) as caught:
            ws.recv(PATIENCE)
        assert caught.value.code == 1011
    assert "boom" in caplog.text

    async def wrong(ws: ServerConnection) -> None:
        pass

    with serving(wrong) as server, connect(url(server)) as ws:
        with pytest.raises(ConnectionClosedError):
            ws.recv(PATIENCE)
    assert "asynchronous" in caplog.text


def test_refusals(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(origins=["https://a.example"]) as server:
        with pytest.raises(InvalidStatus, match="403"):
            connect(url(server))
        with connect(url(server), origin="https://a.example"):
            pass
        for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01nonsense\r\n\r\n", REQUEST[:50]):
            with visiting(server, data) as sock:
                sock.shutdown(socket.SHUT_WR)
                assert to_the_end(sock).startswith(b"HTTP/1.1 4")
    auth = basic_auth(credentials=("a", "b"))
    with serving(process_request=auth) as server:
        with pytest.raises(InvalidStatus, match="401"):
            connect(url(server))
        with connect(url(server).replace("//", "//a:b@")):
            (there,) = server.connections
            assert there.username == "a"
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_request_that_does_not_come() -> None:
    with serving(open_timeout=0.2) as server, visiting(server, b"GET ") as sock:
        assert to_the_end(sock).startswith(b"HTTP/1.1 408 ")


def test_redirects() -> None:
    from wspair import Response

    def send_on(ws: ServerConnection, request: Any) -> Response | None:
        if request.path == "/a":
            return Response(307, headers={"Location": "/b"})
        return None

    with serving(process_request=send_on) as server, connect(url(server, "/a")) as ws:
        assert ws.request.path == "/b"


def test_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(TimeoutError):
            connect(f"ws://127.0.0.1:{listener.getsockname()[1]}/", open_timeout=0.1)


def test_tls(certificate: Path) -> None:
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate)
    here = ssl.create_default_context(cafile=str(certificate))
    with serving(ssl=there) as server:
        address = f"wss://127.0.0.1:{server.port}/"
        with connect(address, ssl=here, server_hostname="localhost") as ws:
            for message in MESSAGES:
                ws.send(message)
            for message in MESSAGES:
                assert ws.recv(PATIENCE) == message
        assert ws.close_code == 1000
        with pytest.raises(ssl.SSLError):
            connect(address)


def test_a_connection_that_is_dropped_is_closed() -> None:
    ended: list[ConnectionClosed] = []

    def handler(ws: ServerConnection) -> None:
        try:
            ws.recv()
        except ConnectionClosed as error:
            ended.append(error)

    with serving(handler) as server:
        connections = [connect(url(server))]
        with pytest.warns(ResourceWarning, match="unclosed"):
            connections.clear()
        until = time.monotonic() + PATIENCE
        while not ended and time.monotonic() < until:
            time.sleep(0.01)
    assert ended[0].code == 1001


def test_a_block_that_fails_closes_with_1011() -> None:
    with serving() as server:
        with pytest.raises(LookupError), connect(url(server)) as ws:
            raise LookupError
        assert ws.close_code == 1011


def test_after_an_abort() -> None:
    with serving() as server, connect(url(server)) as ws:
        ws.abort()
        ws.abort()
        with pytest.raises(ConnectionClosedError):
            ws.recv(PATIENCE)
        with pytest.raises(ConnectionClosedError):
            ws.send("x")
        ws.close()
        assert ws.close_code == 1006
        event = ws.last_event
        assert isinstance(event, CloseEvent)
        assert event.cause is Cause.ABORT


def test_messages_larger_than_every_mark() -> None:
    with serving(max_size=None) as server, connect(url(server), max_size=None) as ws:
        payload = bytes(40 << 20)
        ws.send(payload)
        assert ws.recv(PATIENCE) == payload


def send_all(ws: Any) -> None:
    for _ in range(200):
        ws.send(bytes(50_000))


def test_both_ways_at_once(certificate: Path) -> None:
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate)
    here = ssl.create_default_context(cafile=str(certificate))
    with serving(ssl=there) as server:
        address = f"wss://127.0.0.1:{server.port}/"
        with connect(address, ssl=here, server_hostname="localhost") as ws:
            sender = threading.Thread(target=send_all, args=(ws,))
            sender.start()
            assert all(len(ws.recv(PATIENCE)) == 50_000 for _ in range(200))
            sender.join(PATIENCE)


def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with unix_serve(echo, path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with unix_connect(path) as ws:
            ws.send("x")
            assert ws.recv(PATIENCE) == "x"


def test_shutdown_ends_whatever_there_is() -> None:
    """Silent clients, half a head, open connections, handlers that do not look."""
    stuck = threading.Event()

    def handler(ws: ServerConnection) -> None:
        if ws.request.path == "/stuck":
            stuck.wait(PATIENCE)
        else:
            for _ in ws:
                pass

    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with visiting(server, b""), visiting(server, REQUEST[:30]), connect(url(server)) as ws:
            other = connect(url(server, "/stuck"))
            until = time.monotonic() + PATIENCE
            while len(server.connections) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            began = time.monotonic()
            server.shutdown(timeout=2)
            assert time.monotonic() - began < PATIENCE
            for it in (ws, other):
                with pytest.raises(ConnectionClosedOK) as caught:
                    it.recv(PATIENCE)
                assert caught.value.code == 1001
        stuck.set()
        thread.join(PATIENCE)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_sise": 1}, TypeError),
        ({"open_timeout": -1}, ValueError),
        ({"max_size": "1"}, TypeError),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        serve(echo, "127.0.0.1", 0, **options)
    with pytest.raises(error):
        connect("ws://127.0.0.1:1/", **options)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
def test_a_server_that_a_signal_ends(how: str) -> None:
    program = """
import signal
from wspair.sync import serve

def handler(ws):
    for message in ws:
        ws.send(message)

signal.signal(signal.SIGINT, signal.default_int_handler)
with serve(handler, "127.0.0.1", 0) as server:
    signal.signal(signal.SIGTERM, lambda *_: server.shutdown())
    print(server.port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
"""
    command = [sys.executable, "-W", "error", "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with connect(f"ws://127.0.0.1:{int(process.stdout.readline())}/") as ws:
            ws.send("x")
            assert ws.recv(PATIENCE) == "x"
            process.send_signal(getattr(signal, how))
            with pytest.raises(ConnectionClosedOK) as caught:
                ws.recv(PATIENCE)
            assert caught.value.code == 1001
        assert process.wait(PATIENCE) == 0


def test_a_program_that_forgets_to_close_ends() -> None:
    program = """
import threading
from wspair.sync import connect, serve

def echo(ws):
    for message in ws:
        ws.send(message)

server = serve(echo, "127.0.0.1", 0)
threading.Thread(target=server.serve_forever, daemon=True).start()
ws = connect(f"ws://127.0.0.1:{server.port}/")
ws.send("x")
print(ws.recv())
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"x\n")


def test_an_interrupt_while_a_thread_starts_leaves_nobody_out() -> None:
    program = """
import threading
from wspair.sync import serve

def handler(ws):
    for message in ws:
        ws.send(message)

class Interrupted(threading.Thread):
    def start(self):
        super().start()
        if self.name == "wspair handler":
            while not server.connections:
                pass
            raise KeyboardInterrupt

threading.Thread = Interrupted
with serve(handler, "127.0.0.1", 0) as server:
    print(server.port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with connect(f"ws://127.0.0.1:{int(process.stdout.readline())}/") as ws:
            with pytest.raises(ConnectionClosedOK) as caught:
                ws.recv(PATIENCE)
            assert caught.value.code == 1001
        assert process.wait(PATIENCE) == 0
