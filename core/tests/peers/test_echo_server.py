import asyncio
import os
from contextlib import suppress

import aiohttp
import pytest
from programs import example_server, node_client
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from wire import BINARY, CLOSE, KEY, PING, PONG, REQUEST, TEXT, Wire

LIMIT = 1 << 20  # the default of --max-message


def dial(url, **options):
    options = {"proxy": None, "open_timeout": 5, "close_timeout": 5, "max_size": None} | options
    return connect(url, **options)


def closed_by_server(ws):
    """The code that the server closes with."""
    with pytest.raises(ConnectionClosed):
        ws.recv(timeout=5)
    return ws.protocol.close_rcvd.code


class TestWebsockets:
    @pytest.mark.parametrize(
        "message",
        ["hello", "", "grüße, 世界 🌍", b"\x00\xff\x80", b""],
        ids=["text", "empty-text", "unicode", "binary", "empty-binary"],
    )
    def test_echo(self, echo, message):
        with dial(echo) as ws:
            ws.send(message)
            assert ws.recv(timeout=5) == message

    @pytest.mark.parametrize("size", [125, 126, 65535, 65536, LIMIT])
    def test_every_length_form(self, echo, size):
        message = os.urandom(size)
        with dial(echo) as ws:
            ws.send(message)
            assert ws.recv(timeout=5) == message

    def test_many_messages_in_flight(self, echo):
        messages = [f"message {n}" for n in range(500)]
        with dial(echo) as ws:
            for message in messages:
                ws.send(message)
            assert [ws.recv(timeout=5) for _ in messages] == messages

    def test_fragments(self, echo):
        with dial(echo) as ws:
            ws.send(["one, ", "", "two, ", "three"])
            assert ws.recv(timeout=5) == "one, two, three"

    def test_ping(self, echo):
        with dial(echo) as ws:
            assert ws.ping(b"are you there?").wait(timeout=5)

    def test_close(self, echo):
        with dial(echo) as ws:
            ws.close(4001, "enough")
            assert ws.protocol.close_rcvd.code == 4001

    def test_closed_while_others_go_on(self, echo):
        with dial(echo) as stays, dial(echo) as leaves:
            leaves.close()
            stays.send("still here")
            assert stays.recv(timeout=5) == "still here"

    def test_too_long(self, echo):
        with dial(echo) as ws:
            ws.send(bytes(LIMIT + 1))
            assert closed_by_server(ws) == 1009

    def test_too_long_in_fragments(self, echo):
        with dial(echo) as ws:
            # The answer may come before the empty frame that ends the message is sent.
            with suppress(ConnectionClosed):
                ws.send([bytes(LIMIT), b"x"])
            assert closed_by_server(ws) == 1009

    def test_message_limit_from_the_command_line(self):
        with example_server("echo_server", "--max-message", 10) as server, dial(server.url) as ws:
            ws.send("1234567890")
            assert ws.recv(timeout=5) == "1234567890"
            ws.send("12345678901")
            assert closed_by_server(ws) == 1009

    def test_subprotocol(self):
        with example_server("echo_server", "--subprotocol", "chat") as server:
            with dial(server.url, subprotocols=["superchat", "chat"]) as ws:
                assert ws.subprotocol == "chat"
            with dial(server.url) as ws:
                assert ws.subprotocol is None

    def test_origin(self):
        good, bad = "https://good.example", "https://good.example.evil.test"
        with example_server("echo_server", "--origin", good) as server:
            with pytest.raises(InvalidStatus) as refused:
                dial(server.url, origin=bad)
            assert refused.value.response.status_code == 403
            with dial(server.url, origin=good) as ws:
                ws.send("welcome")
                assert ws.recv(timeout=5) == "welcome"


@pytest.mark.parametrize("peer", ["ws", "node"])
class TestNode:
    def test_echo_and_close(self, echo, peer):
        steps = [{"text": "hello"}, {"text": ""}, {"binary": "00ff80"}, {"binary": ""}]
        seen = node_client(peer, echo, *steps, {"close": [4001, "enough"]})
        assert seen[:-1] == [{"open": ""}, *steps]
        code, _, clean = seen[-1]["close"]
        assert (code, clean) == (4001, True)

    def test_one_mebibyte(self, echo, peer):
        step = {"binary": os.urandom(LIMIT).hex()}
        seen = node_client(peer, echo, step, {"close": [1000, ""]})
        assert seen == [{"open": ""}, step, {"close": [1000, "", True]}]

    def test_too_long(self, echo, peer):
        seen = node_client(peer, echo, {"text": "x" * (LIMIT + 1)})
        assert seen[-1]["close"][0] == 1009

    def test_subprotocol(self, peer):
        with example_server("echo_server", "--subprotocol", "chat") as server:
            close = {"close": [1000, ""]}
            seen = node_client(peer, server.url, close, protocols=["superchat", "chat"])
            assert seen[0] == {"open": "chat"}


def test_ws_fragments_and_ping(echo):
    steps = [{"fragments": ["one, ", "", "two"]}, {"ping": "there?"}, {"close": [1000, ""]}]
    seen = node_client("ws", echo, *steps)
    assert seen[1:-1] == [{"text": "one, two"}, {"pong": "there?"}]


def test_aiohttp(echo):
    async def talk():
        async with aiohttp.ClientSession() as session, session.ws_connect(echo) as ws:
            await ws.ping(b"there?")
            await ws.send_str("hello")
            assert await ws.receive_str(timeout=5) == "hello"
            await ws.send_bytes(b"\x00\xff")
            assert await ws.receive_bytes(timeout=5) == b"\x00\xff"
            await ws.close(code=4001)
            assert ws.close_code == 4001

    asyncio.run(asyncio.wait_for(talk(), 10))


class TestWire:
    @pytest.mark.parametrize(
        "opcode, payload, fin, code",
        [
            (TEXT, b"\xce\xba\xff", True, 1007),
            (TEXT, b"\xed\xa0\x80", True, 1007),
            (TEXT, b"cut \xe2\x82", True, 1007),
            (CLOSE, b"\x03\xe8\xff", True, 1007),
            (CLOSE, b"\x03", True, 1002),
            (CLOSE, b"\x03\xed", True, 1002),
            (3, b"", True, 1002),
            (0, b"", True, 1002),
            (PING, b"", False, 1002),
            (PING, bytes(126), True, 1002),
            (TEXT | 0x40, b"hello", True, 1002),
        ],
        ids=[
            "invalid-utf8",
            "surrogate",
            "cut-character",
            "invalid-utf8-in-reason",
            "short-close",
            "code-1005",
            "reserved-opcode",
            "continuation-of-nothing",
            "fragmented-ping",
            "long-ping",
            "rsv1",
        ],
    )
    def test_violation(self, echo, opcode, payload, fin, code):
        with Wire.open(echo) as wire:
            wire.send(opcode, payload, fin)
            assert wire.close_code() == code
            assert wire.at_end()

    def test_unmasked(self, echo):
        with Wire.open(echo) as wire:
            wire.send(TEXT, b"hello", masked=False)
            assert wire.close_code() == 1002
            assert wire.at_end()

    def test_message_before_a_violation_is_echoed(self, echo):
        with Wire.open(echo) as wire:
            wire.raw(b"\x81\x82\0\0\0\0hi" + b"\x83\x80\0\0\0\0")
            assert wire.frame() == (TEXT, b"hi")
            assert wire.close_code() == 1002

    def test_ping_inside_a_fragmented_message(self, echo):
        with Wire.open(echo) as wire:
            wire.send(BINARY, b"one", fin=False)
            wire.send(PING, b"there?")
            assert wire.frame() == (PONG, b"there?")
            wire.send(0, b"two")
            assert wire.frame() == (BINARY, b"onetwo")

    def test_fragment_limit_from_the_command_line(self):
        with example_server("echo_server", "--max-fragments", 3) as server:
            with Wire.open(server.url) as wire:
                for frame in [(TEXT, b"1", False), (0, b"2", False), (0, b"3", True)]:
                    wire.send(*frame)
                assert wire.frame() == (TEXT, b"123")
                for frame in [(TEXT, b"1", False), (0, b"2", False), (0, b"3", False), (0, b"4")]:
                    wire.send(*frame)
                assert wire.close_code() == 1008

    def test_close_without_a_code(self, echo):
        with Wire.open(echo) as wire:
            wire.send(CLOSE)
            assert wire.frame() == (CLOSE, b"")
            assert wire.at_end()

    def test_byte_by_byte(self, echo):
        with Wire.connect(echo) as wire:
            for byte in REQUEST + b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58":
                wire.raw(bytes([byte]))
            assert "101" in wire.head()[0]
            assert wire.frame() == (TEXT, b"Hello")

    def test_frame_behind_the_request(self, echo):
        with Wire.connect(echo) as wire:
            wire.raw(REQUEST + b"\x81\x82\0\0\0\0hi")
            assert "101" in wire.head()[0]
            assert wire.frame() == (TEXT, b"hi")

    def test_not_a_handshake(self, echo):
        with Wire.connect(echo) as wire:
            status, fields = wire.request("Accept: text/html")
            assert status == 426
            assert "upgrade: websocket" in [field.lower() for field in fields]

    def test_other_version(self, echo):
        fields = ["Upgrade: websocket", "Connection: Upgrade", KEY, "Sec-WebSocket-Version: 8"]
        with Wire.connect(echo) as wire:
            status, fields = wire.request(*fields)
            assert status == 426
            assert "sec-websocket-version: 13" in [field.lower() for field in fields]

    def test_not_even_http(self, echo):
        with Wire.connect(echo) as wire:
            wire.raw(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
            assert wire.head()[0].startswith("HTTP/1.1 400")

    @pytest.mark.parametrize("drop", [Wire.reset, Wire.__exit__], ids=["reset", "end"])
    def test_drop_inside_a_frame(self, echo, drop):
        wire = Wire.open(echo)
        wire.raw(b"\x82\xfe\x04\x00\0\0\0\0half")
        drop(wire)
        with dial(echo) as ws:
            ws.send("next, please")
            assert ws.recv(timeout=5) == "next, please"

    def test_drop_inside_the_handshake(self, echo):
        wire = Wire.connect(echo)
        wire.raw(b"GET / HTTP/1.1\r\nHo")
        wire.reset()
        with dial(echo) as ws:
            ws.send("next, please")
            assert ws.recv(timeout=5) == "next, please"
