"""What the example servers owe their clients, whatever these do."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PATIENCE = 30.0
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HI = b"\x81\x82\0\0\0\0hi"
HI_BACK = b"\x81\x02hi"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
CLOSE_BACK = b"\x88\x02\x03\xe8"

pytestmark = pytest.mark.parametrize("name", ["echo_server_trio.py"])


@contextmanager
def serving(name: str, *options: str) -> Iterator[int]:
    """The port of an example that runs."""
    command = [sys.executable, str(EXAMPLES / name), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.search(r":(\d+)/", process.stdout.readline())
            assert match is not None
            yield int(match[1])
            assert process.poll() is None, "the server died"
        finally:
            process.kill()


@contextmanager
def client(port: int, data: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        sock.sendall(data)
        yield sock


def send_for_ever(sock: socket.socket, data: bytes) -> None:
    while True:
        sock.sendall(data)


def to_the_end(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def after_the_head(data: bytes) -> bytes:
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    return rest


def test_a_broken_frame_ends_one_client(name: str) -> None:
    with serving(name) as port, client(port, REQUEST) as other:
        with client(port, REQUEST + b"\x81\x01x") as bad:
            while b"\x88\x02\x03\xea" not in bad.recv(1 << 16):
                pass
            bad.sendall(b"\0")
        other.sendall(HI + CLOSE)
        assert after_the_head(to_the_end(other)) == HI_BACK + CLOSE_BACK


def test_all_in_one_segment(name: str) -> None:
    with serving(name) as port, client(port, REQUEST + HI * 3 + CLOSE) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert after_the_head(to_the_end(sock)) == HI_BACK * 3 + CLOSE_BACK


def test_half_close_without_a_close_frame(name: str) -> None:
    with serving(name) as port, client(port, REQUEST + HI * 3) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert after_the_head(to_the_end(sock)) == HI_BACK * 3


def test_silence_instead_of_a_request(name: str) -> None:
    with serving(name, "--handshake-within", "0.5") as port, client(port, b"GET ") as sock:
        assert to_the_end(sock).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_never_reads_is_given_up(name: str) -> None:
    """The clock does not stop while a write waits."""
    timers = ("--ping-after", "0.5", "--pong-within", "0.5", "--close-within", "0.5")
    frame = b"\x82\xff" + (1 << 20).to_bytes(8, "big") + bytes(4 + (1 << 20))
    with serving(name, *timers) as port, client(port, REQUEST) as sock:
        with pytest.raises(ConnectionError):
            send_for_ever(sock, frame)
