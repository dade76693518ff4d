"""The chat room: what one says all hear, but for one who does not read."""

import signal
from contextlib import ExitStack, contextmanager

import pytest
from programs import EXAMPLES, Program
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import BINARY, CLOSE, TEXT, Wire


@contextmanager
def chatting(*options):
    room = Program(EXAMPLES.parent / "examples" / "chat", "--port", 0, *options)
    try:
        room.url = room.line().split()[2]
        yield room
    finally:
        room.end()


@pytest.fixture
def room():
    with chatting() as room:
        yield room


def test_everybody_hears_what_one_says(room):
    with ExitStack() as stack:
        members = [stack.enter_context(Wire.open(room.url)) for _ in range(20)]
        for at, speaker in enumerate(members):
            speaker.send(TEXT, b"from %d" % at)
            for member in members:
                assert member.frame() == (TEXT, b"from %d" % at)
        members[0].send(BINARY, bytes(60_000))
        for member in members:
            assert member.frame() == (BINARY, bytes(60_000))
        # Who leaves, in whatever way, does not stop the others.
        members[1].send(CLOSE, b"\x03\xe8")
        assert members[1].close_code() == 1000
        members[2].reset()
        members[3].sock.close()
        members[0].send(TEXT, b"still here?")
        for member in [members[0], *members[4:]]:
            assert member.frame() == (TEXT, b"still here?")


def test_compressed_for_those_who_agreed_on_it():
    with chatting("--deflate") as room, ExitStack() as stack:
        dial = dict(proxy=None, open_timeout=5, close_timeout=5)
        plain = stack.enter_context(connect(room.url, compression=None, **dial))
        others = [stack.enter_context(connect(room.url, **dial)) for _ in range(3)]
        for text in ["hello " * 1000, "again " * 1000]:
            others[0].send(text)
            for member in [plain, *others]:
                assert member.recv(timeout=5) == text


def test_one_who_does_not_read_is_let_go_and_stops_nobody():
    message = bytes(range(256)) * 128
    count = 500
    with ExitStack() as stack:
        # The test is slow itself: it reads the rest only when all is said.
        room = stack.enter_context(chatting("--close-within", 120))
        slow, speaker, other = (stack.enter_context(Wire.open(room.url)) for _ in range(3))
        data = speaker.encode(0x82, message)
        for _ in range(count):
            speaker.raw(data)
            for member in (speaker, other):
                assert member.parts() == (0x82, message)
        # All that was said before the gap, and then why it ends.
        slow.sock.settimeout(20)
        heard, opcode, payload = 0, BINARY, b""
        while opcode == BINARY:
            opcode, payload = slow.frame()
            heard += opcode == BINARY
        assert (opcode, payload[:2]) == (CLOSE, (1013).to_bytes(2, "big"))
        assert 32 <= heard < count


def test_says_goodbye(room):
    with connect(room.url, proxy=None, open_timeout=5, close_timeout=5) as ws:
        room.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=5)
        assert ws.protocol.close_rcvd.code == 1001
    assert room.status() == 0
