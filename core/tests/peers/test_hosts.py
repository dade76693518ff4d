"""What a host owes its peers, whatever they do: the clock goes on, answers get out, all ends."""

import socket
import struct
import threading
import time
from contextlib import contextmanager

import pytest
from programs import example_server
from wire import BINARY, CLOSE, PING, PONG, REQUEST, TEXT, Wire, listening

SHORT = 1.0  # seconds, for the timers of the host under test
SLOW = 20.0  # for a machine that does much else
REFUSED = REQUEST.replace(b"Host:", b"Origin: https://bad.example\r\nHost:")
CLOSE_1000 = b"\x88\x82\0\0\0\0\x03\xe8"


@pytest.fixture(scope="module", params=["echo_server", "pair_server"])
def server(request):
    """Every timer short, but keepalive off."""
    options = ["--handshake-within", SHORT, "--close-within", SHORT]
    with example_server(request.param, *options) as server:
        server.reply = (lambda text: b"you said: " + text) if "pair" in request.param else bytes
        yield server


@pytest.fixture(scope="module", params=["echo_server", "pair_server"])
def watchful(request):
    """A server with keepalive."""
    options = ["--ping-after", SHORT, "--pong-within", SHORT]
    options += ["--close-within", SHORT, "--max-message", 64 << 20]
    with example_server(request.param, *options) as server:
        yield server


def opened(server):
    return Wire.open(server.url)


def ends_within(wire, seconds):
    """Reads to the end of what the host sends, and says how long that took."""
    began = time.monotonic()
    wire.sock.settimeout(seconds)
    try:
        rest = wire.input.read()
    except ConnectionResetError:
        rest = b""
    return time.monotonic() - began, rest


def is_gone(wire):
    """Whether the host has dropped the stream: then it answers with RST."""
    deadline = time.monotonic() + SLOW
    while time.monotonic() < deadline:
        try:
            wire.raw(b"x")
        except OSError:
            return True
        time.sleep(0.05)
    return False


class TestOpening:
    def test_silence(self, server):
        with Wire.connect(server.url) as wire:
            took, answer = ends_within(wire, SLOW)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert took >= SHORT / 2

    def test_a_byte_at_a_time(self, server):
        """The deadline is for the whole head, however much of it comes."""
        with Wire.connect(server.url) as wire:
            began = time.monotonic()
            answer = b""
            wire.sock.settimeout(0.02)
            for byte in b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 10_000:
                assert time.monotonic() - began < SLOW
                try:
                    wire.raw(bytes([byte]))
                    answer = wire.sock.recv(100)
                    break
                except TimeoutError:
                    pass
            assert answer.startswith(b"HTTP/1.1 408 ")

    def test_all_in_one_segment(self, server):
        with Wire.connect(server.url) as wire:
            wire.raw(REQUEST + b"\x81\x82\0\0\0\0hi" * 3 + CLOSE_1000)
            wire.sock.shutdown(socket.SHUT_WR)
            assert "101" in wire.head()[0]
            for _ in range(3):
                assert wire.frame() == (TEXT, server.reply(b"hi"))
            assert wire.close_code() == 1000
            assert wire.at_end()

    def test_broken_frame_behind_the_request(self, server):
        with Wire.connect(server.url) as wire:
            wire.raw(REQUEST + b"\x83\x80\0\0\0\0")
            assert "101" in wire.head()[0]
            assert wire.close_code() == 1002
            assert wire.at_end()

    def test_refused_and_stays(self):
        with example_server("echo_server", "--origin", "https://good.example") as server:
            with Wire.connect(server.url) as wire:
                wire.raw(REFUSED)
                _, answer = ends_within(wire, SLOW)
                assert answer.startswith(b"HTTP/1.1 403 ")
                assert is_gone(wire)

    def test_refused_and_goes_on_sending(self):
        """What it sends is in nobody's way, and the answer is not lost to a reset."""
        with example_server("echo_server", "--origin", "https://good.example") as server:
            with Wire.connect(server.url) as wire:
                wire.raw(REFUSED + bytes(1 << 20))
                assert "403" in wire.head()[0]
                assert is_gone(wire)


class TestEnding:
    @pytest.mark.parametrize("pause", [None, 0.1], ids=["one-segment", "two"])
    def test_half_close_behind_a_close_frame(self, server, pause):
        with opened(server) as wire:
            wire.raw(b"\x81\x82\0\0\0\0hi" + CLOSE_1000)
            if pause:
                time.sleep(pause)  # sleeps: what is sent comes in two reads
            wire.sock.shutdown(socket.SHUT_WR)
            assert wire.frame() == (TEXT, server.reply(b"hi"))
            assert wire.close_code() == 1000
            assert wire.at_end()

    def test_half_close_without_a_close_frame(self, server):
        with opened(server) as wire:
            wire.raw(b"\x81\x82\0\0\0\0hi" * 3)
            wire.sock.shutdown(socket.SHUT_WR)
            for _ in range(3):
                assert wire.frame() == (TEXT, server.reply(b"hi"))
            assert wire.at_end()

    def test_server_ends_first(self, server):
        with opened(server) as wire:
            wire.raw(CLOSE_1000)
            assert wire.close_code() == 1000
            assert wire.at_end()
            assert is_gone(wire)

    def test_close_answer_in_spite_of_what_comes_behind(self, server):
        """A stream that is dropped with unread input is reset: the answer would be lost."""
        with opened(server) as wire:
            wire.raw(CLOSE_1000 + bytes(200_000))
            assert wire.close_code() == 1000
            assert wire.at_end()

    def test_flood_behind_a_violation(self, server):
        """It delays neither the Close frame nor the deadline."""
        with opened(server) as wire:
            wire.raw(b"\x83\x80\0\0\0\0")
            with flooding(wire, bytes(10_000)) as failed:
                assert wire.close_code() == 1002
                assert failed.wait(SLOW)

    def test_silence_behind_a_violation(self, server):
        with opened(server) as wire:
            wire.raw(b"\x83\x80\0\0\0\0")
            assert wire.close_code() == 1002
            assert wire.at_end()
            assert is_gone(wire)


@contextmanager
def flooding(wire, data):
    """Sends over and over, however long the host takes none of it; an event tells when it cannot."""
    failed = threading.Event()

    def flood():
        try:
            while True:
                wire.raw(data)
        except OSError:
            failed.set()

    wire.sock.settimeout(None)
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield failed
    finally:
        try:
            wire.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # that is how it failed
        thread.join()


class TestFlow:
    def test_both_write_and_one_reads_late(self, server):
        """More than all buffers hold: reading goes on once the peer reads, and all of it comes."""
        size, count = 64 << 10, 512
        data = bytes(range(256)) * (size // 256)
        with opened(server) as wire:
            wire.sock.settimeout(SLOW)
            frames = threading.Thread(
                target=lambda: [wire.raw(wire.encode(0x82, data)) for _ in range(count)]
            )
            frames.start()
            time.sleep(SHORT / 2)  # sleeps: the peer answers late
            for _ in range(count):
                first, payload = wire.parts()
                assert (first & 0xF, len(payload)) == (BINARY, size)
            frames.join()

    def test_a_peer_that_never_reads_is_given_up(self, watchful):
        """The clock does not stop while a write waits."""
        with opened(watchful) as wire:
            with flooding(wire, wire.encode(0x82, bytes(100_000))) as failed:
                assert failed.wait(SLOW)

    def test_a_silent_peer_is_given_up(self, watchful):
        with opened(watchful) as wire:
            assert wire.frame()[0] == PING
            took, _ = ends_within(wire, SLOW)
            assert took >= SHORT / 2
            assert is_gone(wire)

    def test_a_peer_that_answers_is_not(self, watchful):
        with opened(watchful) as wire:
            for _ in range(3):
                opcode, payload = wire.frame()
                assert opcode == PING
                wire.send(PONG, payload)
            wire.send(CLOSE, struct.pack("!H", 1000))
            assert wire.close_code() == 1000

    def test_nor_is_one_that_reads_slowly(self, watchful):
        """It has to read a long message to get at the ping behind it."""
        size = 32 << 20
        with opened(watchful) as wire:
            wire.sock.settimeout(SLOW)
            wire.raw(wire.encode(0x82, bytes(size)))
            # One may have been due before the message was there.
            while (head := wire.exactly(2)) != b"\x82\x7f":
                assert (head[0], head[1] >> 7) == (0x80 | PING, 0)
                wire.send(PONG, wire.exactly(head[1]))
            assert struct.unpack("!Q", wire.exactly(8)) == (size,)
            left = size
            began = time.monotonic()
            while left > 0:
                data = wire.input.read1(min(left, 64 << 10))
                assert data, f"ended with {left} bytes to come"
                left -= len(data)
                time.sleep(max(0, began + 5 * SHORT * (1 - left / size) - time.monotonic()))
            opcode, payload = wire.frame()
            assert opcode == PING
            wire.send(PONG, payload)
            wire.send(CLOSE, struct.pack("!H", 1000))
            while (frame := wire.frame())[0] == PING:
                pass
            assert frame == (CLOSE, struct.pack("!H", 1000))

    def test_one_that_stops_reading_is_in_nobodys_way(self, server):
        with opened(server) as stuck, opened(server) as other:
            with flooding(stuck, stuck.encode(0x82, bytes(100_000))):
                other.sock.settimeout(SLOW)
                for _ in range(5):
                    other.send(TEXT, b"hi")
                    assert other.frame() == (TEXT, server.reply(b"hi"))
                    time.sleep(0.1)  # sleeps: as long as the slow one takes


class TestClient:
    def test_silent_server(self, echo_client):
        with listening() as (url, accept):
            client = echo_client(url, "--text", "hello", "--handshake-within", SHORT)
            with accept():
                assert client.status() != 0

    def test_dripping_server(self, echo_client):
        with listening() as (url, accept):
            client = echo_client(url, "--text", "hello", "--handshake-within", SHORT)
            with accept() as wire:
                began = time.monotonic()
                try:
                    while client.process.poll() is None:
                        assert time.monotonic() - began < SLOW
                        wire.raw(b"HTTP/1.1 103 Early Hints\r\n"[:1])
                        time.sleep(0.02)
                except OSError:
                    pass
                assert client.status() != 0

    @pytest.mark.parametrize("answers", [False, True], ids=["no-answer", "answer"])
    def test_server_that_never_ends(self, echo_client, answers):
        with listening() as (url, accept):
            client = echo_client(url, "--text", "hello", "--close-within", SHORT)
            with accept() as wire:
                wire.answer()
                assert wire.frame() == (TEXT, b"hello")
                wire.send(TEXT, b"hello")
                assert wire.close_code() == 1000
                if answers:
                    wire.send(CLOSE, struct.pack("!H", 1000))
                assert (client.status() == 0) is answers

    def test_half_close_behind_a_close_frame(self, echo_client):
        with listening() as (url, accept):
            client = echo_client(url, "--text", "hello")
            with accept() as wire:
                wire.answer()
                assert wire.frame() == (TEXT, b"hello")
                wire.send(CLOSE, struct.pack("!H", 4000))
                wire.sock.shutdown(socket.SHUT_WR)
                assert wire.close_code() == 4000
                assert wire.at_end()
                assert client.status() == 0

    def test_server_that_vanishes(self, echo_client):
        timers = ["--ping-after", SHORT, "--pong-within", SHORT]
        with listening() as (url, accept):
            client = echo_client(url, "--text", "hello", *timers)
            with accept() as wire:
                wire.answer()
                assert wire.frame() == (TEXT, b"hello")
                assert client.status() != 0
