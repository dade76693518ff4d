"""Compression with peers from elsewhere, and byte by byte against zlib."""

import asyncio
import os
import random
import threading
import zlib

import aiohttp
import pytest
from programs import example_server, node_client, node_server
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect
from websockets.sync.server import serve
from wire import BINARY, KEY, PING, PONG, TEXT, Wire

TAIL = b"\x00\x00\xff\xff"
RSV1 = 0x40


@pytest.fixture(scope="module")
def server():
    with example_server("echo_server", "--deflate") as server:
        yield server.url


def messages():
    """Of many kinds: short, long, repeated from near and far, random, empty."""
    noise = random.Random(7).randbytes(60_000)
    return [
        b'{"type":"tick","price":100.5,"size":3}' * 5,
        b"",
        noise[:3000],
        noise[:300] + noise[40_000:42_000] + noise[:300],
        bytes(100_000),
        noise,
        b'{"type":"tick","price":101.5,"size":4}' * 100,
        b"x",
        noise[20_000:],
    ]


class Deflated:
    """A wire where permessage-deflate was agreed on, with both directions' zlib."""

    def __init__(self, url, params="", level=6, mem_level=8, bits=15, server_bits=15, reset=False):
        self.wire = Wire.connect(url)
        status, fields = self.wire.request(
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            KEY,
            f"Sec-WebSocket-Extensions: permessage-deflate{params}",
        )
        assert status == 101
        (self.answer,) = [
            field.split(": ")[1] for field in fields if field.lower().startswith("sec-websocket-ext")
        ]
        self.make = lambda: zlib.compressobj(level, zlib.DEFLATED, -bits, mem_level)
        self.deflater, self.reset = self.make(), reset
        self.server_bits = server_bits
        self.alone = "server_no_context_takeover" in self.answer
        self.inflater = zlib.decompressobj(-server_bits)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.__exit__()

    def deflate(self, data, flush):
        """One message; `flush` is how it is ended, and how often it is within."""
        if self.reset:
            self.deflater = self.make()
        out = b""
        if flush != "none" and len(data) > 1:
            how = {"sync": zlib.Z_SYNC_FLUSH, "full": zlib.Z_FULL_FLUSH}[flush]
            for at in range(0, len(data), len(data) // 3 + 1):
                out += self.deflater.compress(data[at : at + len(data) // 3 + 1])
                out += self.deflater.flush(how)
        else:
            out = self.deflater.compress(data)
        out += self.deflater.flush(zlib.Z_SYNC_FLUSH)
        if not out.endswith(TAIL):
            assert out == b""
            return b"\x00"
        return out[:-4] or b"\x00"

    def message(self):
        """The next message, inflated; whether it was compressed."""
        first, payload = self.wire.parts()
        if not first & RSV1:
            return payload, False
        if self.alone:
            self.inflater = zlib.decompressobj(-self.server_bits)
        data = self.inflater.decompress(payload + TAIL)
        assert not self.inflater.unconsumed_tail and not self.inflater.unused_data
        return data, True


@pytest.mark.parametrize("flush", ["sync", "full", "none"])
@pytest.mark.parametrize("bits", range(9, 16))
def test_client_windows(server, bits, flush):
    params = f"; client_max_window_bits={bits}"
    with Deflated(server, params, bits=min(bits, 12), level=bits % 9 + 1) as peer:
        for data in messages():
            payload = peer.deflate(data, flush)
            peer.wire.compressed(BINARY, payload, parts=1 + len(payload) // 30_000)
            assert peer.message()[0] == data


@pytest.mark.parametrize("alone", [False, True], ids=["takeover", "alone"])
@pytest.mark.parametrize("bits", range(9, 16))
def test_server_windows(server, bits, alone):
    """The server keeps to the window: a zlib with no larger one reads it."""
    params = f"; server_max_window_bits={bits}" + "; server_no_context_takeover" * alone
    with Deflated(server, params, bits=12, server_bits=bits) as peer:
        assert peer.alone == alone
        compressed = []
        # The server may take a smaller window than asked for: zlib's has to be that one.
        (chosen,) = [
            int(param.split("=")[1])
            for param in peer.answer.split("; ")
            if param.startswith("server_max_window_bits=")
        ]
        assert chosen <= bits
        peer.server_bits, peer.inflater = chosen, zlib.decompressobj(-chosen)
        for data in messages() * 2:
            peer.wire.compressed(BINARY, peer.deflate(data, "none"))
            got, was_compressed = peer.message()
            assert got == data
            compressed.append(was_compressed)
        assert any(compressed) and not all(compressed)


@pytest.mark.parametrize("level", range(10))
def test_levels_and_memory(server, level):
    params, mem_level = "; client_no_context_takeover", max(level, 1)
    with Deflated(server, params, level=level, mem_level=mem_level, reset=True) as peer:
        for data in messages():
            peer.wire.compressed(BINARY, peer.deflate(data, "none"), parts=3)
            assert peer.message()[0] == data


def test_every_cut(server):
    """Of a masked, compressed message: first the bytes of TCP, then the fragments."""
    data = b"Hello, hello, hello! " * 4
    with Deflated(server) as peer:
        size = len(peer.deflate(data, "none"))
        peer.deflater = peer.make()
        for cut in range(1, size + 6):
            payload = peer.deflate(data, "none")
            peer.wire.compressed(TEXT, payload, tcp_cut=cut)
            assert peer.message()[0] == data
            payload = peer.deflate(data, "none")
            parts = min(cut, len(payload))
            peer.wire.compressed(TEXT, payload, parts, between=PING)
            assert [peer.wire.frame()[0] for _ in range(parts - 1)] == [PONG] * (parts - 1)
            assert peer.message()[0] == data


def test_final_blocks(server):
    with Deflated(server) as peer:
        for data in messages():
            deflater = zlib.compressobj(6, zlib.DEFLATED, -12)
            payload = deflater.compress(data) + deflater.flush(zlib.Z_FINISH)
            peer.wire.compressed(BINARY, payload)
            assert peer.message()[0] == data
            peer.wire.compressed(BINARY, payload + b"\x00")
            assert peer.message()[0] == data


@pytest.mark.parametrize(
    "payload, code",
    [
        (b"\x07", 1007),
        (b"\x00\x05\x00\xfa\xfeHello\x00", 1007),
        (b"\xf2\x48\xcd", 1007),
        (zlib.compress(b"\xff")[2:-4], 1007),
        (zlib.compress(bytes(2 << 20))[2:-4], 1009),
    ],
    ids=["block-type", "stored-length", "cut-off", "not-utf8", "bomb"],
)
def test_broken(server, payload, code):
    with Deflated(server) as peer:
        peer.wire.compressed(TEXT, payload)
        assert peer.wire.close_code() == code


def test_websockets(server):
    for options in [
        {},
        {"server_no_context_takeover": True},
        {"client_no_context_takeover": True, "client_max_window_bits": 10},
        {"server_max_window_bits": 9, "server_no_context_takeover": True},
    ]:
        factory = ClientPerMessageDeflateFactory(**{"client_max_window_bits": True} | options)
        with connect(server, proxy=None, compression=None, extensions=[factory]) as ws:
            assert [extension.name for extension in ws.protocol.extensions] == ["permessage-deflate"]
            for data in messages() * 2:
                ws.send(data)
                assert ws.recv(timeout=5) == data
            ws.send(["one, " * 50, "", "two, " * 50])
            assert ws.recv(timeout=5) == "one, " * 50 + "two, " * 50


def test_aiohttp(server):
    async def talk():
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(server, compress=15) as ws:
                assert ws.compress
                for data in messages() * 2:
                    await ws.send_bytes(data)
                    assert await ws.receive_bytes(timeout=5) == data

    asyncio.run(asyncio.wait_for(talk(), 20))


def test_ws(server):
    steps = [{"text": "hello " * 500}, {"text": ""}, {"binary": os.urandom(5000).hex()}]
    steps += [{"binary": "00ff" * 50_000}, {"fragments": ["one, " * 50, "", "two"]}]
    seen = node_client("ws", server, *steps, {"close": [1000, ""]})
    steps[-1] = {"text": "one, " * 50 + "two"}
    assert seen == [{"open": ""}, *steps, {"close": [1000, "", True]}]


TEXTS = ["hello " * 500, "", "grüße, 世界 🌍" * 30, "hello " * 500]


def test_client_against_websockets(echo_client):
    agreed = []

    def echo(ws):
        agreed.extend(extension.name for extension in ws.protocol.extensions)
        for message in ws:
            ws.send(message)

    with serve(echo, "127.0.0.1", 0, compression="deflate") as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = "ws://127.0.0.1:%d/" % server.socket.getsockname()[1]
        client = echo_client(url, "--deflate", *(word for text in TEXTS for word in ("--text", text)))
        assert client.status() == 0
        assert client.rest() == [*(f"text: {text}" for text in TEXTS), "closed: 1000 clean"]
        server.shutdown()
        thread.join()
    assert agreed == ["permessage-deflate"]


def test_client_against_ws(echo_client):
    with node_server("--deflate") as server:
        client = echo_client(
            server.url, "--deflate", *(word for text in TEXTS for word in ("--text", text))
        )
        assert client.status() == 0
        assert client.rest() == [*(f"text: {text}" for text in TEXTS), "closed: 1000 clean"]
        assert server.line() == "agreed: permessage-deflate"
