"""What the epoll server does beyond an echo: many clients, slow ones, and a clean end."""

import signal
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest
from programs import EXAMPLES, example_server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import BINARY, CLOSE, PING, PONG, REQUEST, TEXT, Wire


@pytest.fixture
def server():
    with example_server("echo_server") as server:
        yield server


def dial(url, **options):
    return connect(url, proxy=None, open_timeout=5, close_timeout=5, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_says_goodbye(server, number):
    with dial(server.url) as one, dial(server.url) as two:
        one.send("hello")
        assert one.recv(timeout=5) == "hello"
        server.process.send_signal(number)
        for ws in (one, two):
            with pytest.raises(ConnectionClosed):
                ws.recv(timeout=5)
            assert ws.protocol.close_rcvd.code == 1001
    assert server.status() == 0


def test_a_second_signal_ends_it_at_once(server):
    with Wire.open(server.url) as wire:
        server.process.send_signal(signal.SIGTERM)
        assert wire.close_code() == 1001
        server.process.send_signal(signal.SIGTERM)
        assert server.status() == 1


def test_who_asks_for_nothing_does_not_stop_the_end(server):
    with Wire.connect(server.url):
        time.sleep(0.2)  # sleeps: gives the server time to take it
        server.process.send_signal(signal.SIGTERM)
        assert server.status() == 0


def test_hundreds_at_once(server):
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire.open(server.url)) for _ in range(300)]
        for at, wire in enumerate(wires):
            wire.send(TEXT, b"from %d" % at)
        for at, wire in enumerate(wires):
            assert wire.frame() == (TEXT, b"from %d" % at)


def test_a_slow_reader_is_held_back_and_loses_nothing(server):
    """32 MiB of echoes are due before the first is read."""
    message = bytes(range(256)) * 128
    count = 1024
    with Wire.open(server.url) as wire, Wire.open(server.url) as other:
        wire.sock.setblocking(False)
        key = b"\0\0\0\0"
        frame = bytes([0x82, 0xFE]) + len(message).to_bytes(2, "big") + key + message
        data = memoryview(frame * count)
        sent = 0
        stalled = time.monotonic()
        while sent < len(data) and time.monotonic() - stalled < 0.5:
            try:
                sent += wire.sock.send(data[sent : sent + (1 << 20)])
                stalled = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)  # sleeps: to look again, until nothing more is taken for a while
        assert sent < len(data), "nothing held the writer back"
        # Others are served meanwhile.
        other.send(TEXT, b"and me?")
        assert other.frame() == (TEXT, b"and me?")

        wire.sock.settimeout(10)
        received = bytearray()
        echoed = bytes([0x82, 0x7E]) + len(message).to_bytes(2, "big") + message
        while len(received) < count * len(echoed):
            wire.sock.setblocking(False)
            try:
                sent += wire.sock.send(data[sent : sent + (1 << 18)]) if sent < len(data) else 0
            except BlockingIOError:
                pass
            wire.sock.settimeout(10)
            received += wire.sock.recv(1 << 20)
        assert received == echoed * count


def test_a_frame_right_behind_the_request(server):
    with Wire.connect(server.url) as wire:
        wire.raw(REQUEST + b"\x81\x82\0\0\0\0hi\x89\x80\0\0\0\0")
        assert " 101 " in wire.head()[0]
        seen = [wire.frame(), wire.frame()]
        assert sorted(seen) == [(TEXT, b"hi"), (PONG, b"")]


def test_a_close_frame_right_behind_the_request(server):
    with Wire.connect(server.url) as wire:
        wire.raw(REQUEST + b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8")
        wire.sock.shutdown(socket.SHUT_WR)
        assert " 101 " in wire.head()[0]
        assert wire.frame() == (TEXT, b"hi")
        assert wire.close_code() == 1000
        assert wire.at_end()


def test_a_refusal_is_not_lost_to_what_the_client_sends_behind_its_request(server):
    with Wire.connect(server.url) as wire:
        wire.raw(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n" + bytes(1 << 20))
        assert " 405 " in wire.head()[0]


def test_who_says_nothing_is_let_go():
    with example_server("echo_server", "--handshake-within", 0.5) as server:
        with Wire.connect(server.url) as wire:
            wire.sock.settimeout(20)
            assert " 408 " in wire.head()[0]
            while wire.input.readline():
                pass


@pytest.mark.parametrize(
    "option",
    [
        ["--port"],
        ["--max-message", "-1"],
        ["--max-message", "99999999999999999999999"],
        ["--max-fragments", "4294967296"],
        ["--max-fragments", "ten"],
        ["--ping-after", "-1"],
        ["--ping-after", "nan"],
        ["--ping-after", ""],
        ["--nonsense", "1"],
        ["--origin", "example.org"],
    ],
)
def test_wrong_options_fail_at_once(option):
    program = EXAMPLES / "echo_server"
    done = subprocess.run([program, *option], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert done.stderr.strip()


def test_half_closed_by_the_client(server):
    with Wire.open(server.url) as wire:
        wire.send(BINARY, b"last")
        wire.sock.shutdown(socket.SHUT_WR)
        assert wire.frame() == (BINARY, b"last")
        assert wire.at_end()


def test_ping_between_fragments(server):
    with Wire.open(server.url) as wire:
        wire.send(TEXT, b"one, ", fin=False)
        wire.send(PING, b"there?")
        wire.send(0, b"two")
        wire.send(CLOSE, b"\x03\xe8")
        assert wire.frame() == (PONG, b"there?")
        assert wire.frame() == (TEXT, b"one, two")
        assert wire.close_code() == 1000
        assert wire.at_end()
