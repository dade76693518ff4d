import signal

import pytest
from programs import node_client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from wire import TEXT, Wire


def dial(url):
    return connect(url, proxy=None, open_timeout=5, close_timeout=5)


def test_websockets(pair):
    with dial(pair.url) as ws:
        ws.send("hello")
        assert ws.recv(timeout=5) == "you said: hello"
        ws.send(["grüße, ", "世界 🌍"])
        assert ws.recv(timeout=5) == "you said: grüße, 世界 🌍"
        ws.send(b"\x01\x02\x03")
        assert ws.recv(timeout=5) == b"\x03\x02\x01"
        ws.send(b"")
        assert ws.recv(timeout=5) == b""
        assert ws.ping(b"there?").wait(timeout=5)
        ws.close(4001, "enough")
        assert ws.protocol.close_rcvd.code == 4001
    line = pair.line()
    assert "4001" in line and "enough" in line


@pytest.mark.parametrize("peer", ["ws", "node"])
def test_node(pair, peer):
    steps = [{"text": "hello"}, {"binary": "010203"}, {"close": [4001, "enough"]}]
    *seen, end = node_client(peer, pair.url, *steps)
    assert seen == [{"open": ""}, {"text": "you said: hello"}, {"binary": "030201"}]
    assert (end["close"][0], end["close"][2]) == (4001, True)
    line = pair.line()
    assert "4001" in line and "enough" in line


def test_half_a_mebibyte(pair):
    with dial(pair.url) as ws:
        ws.send(bytes(range(256)) * 2048)
        assert ws.recv(timeout=5) == bytes(range(255, -1, -1)) * 2048


def test_order(pair):
    with dial(pair.url) as ws:
        for n in range(200):
            ws.send(f"{n}")
        assert [ws.recv(timeout=5) for _ in range(200)] == [f"you said: {n}" for n in range(200)]


def test_each_connection_has_its_own_pair(pair):
    with dial(pair.url) as one, dial(pair.url) as two:
        one.send("from one")
        two.send("from two")
        assert two.recv(timeout=5) == "you said: from two"
        assert one.recv(timeout=5) == "you said: from one"
        one.close(4001, "one left")
        assert "4001" in pair.line()
        two.send("still here")
        assert two.recv(timeout=5) == "you said: still here"


def test_drop_is_an_abnormal_end(pair):
    wire = Wire.open(pair.url)
    wire.send(TEXT, b"hello")
    assert wire.frame() == (TEXT, b"you said: hello")
    wire.reset()
    assert "1006" in pair.line()


def test_close_without_a_code(pair):
    with Wire.open(pair.url) as wire:
        wire.send(8)
        assert wire.frame()[0] == 8
        assert wire.at_end()
    assert "1005" in pair.line()


def test_violation(pair):
    with Wire.open(pair.url) as wire:
        wire.send(TEXT, b"\xff")
        assert wire.close_code() == 1007
        assert wire.at_end()


def test_too_long(pair):
    with dial(pair.url) as ws:
        ws.send(bytes((1 << 20) + 1))
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=5)
        assert ws.protocol.close_rcvd.code == 1009


def test_interrupt_ends_it(pair):
    with dial(pair.url) as ws:
        ws.send("hello")
        ws.recv(timeout=5)
        pair.process.send_signal(signal.SIGINT)
        with pytest.raises(ConnectionClosed):
            ws.recv(timeout=5)
    assert pair.status() in (0, 130, -signal.SIGINT)
