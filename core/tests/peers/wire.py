"""A WebSocket by hand, either side, for what no library would send."""

import base64
import hashlib
import os
import socket
import struct
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PATIENCE = 5


class Wire:
    def __init__(self, sock, masks):
        self.sock = sock
        self.masks = masks
        self.input = sock.makefile("rb")

    @classmethod
    def connect(cls, url):
        """A TCP connection to a server. Nothing was said yet."""
        parts = urlsplit(url)
        return cls(socket.create_connection((parts.hostname, parts.port), PATIENCE), masks=True)

    @classmethod
    def open(cls, url):
        """A connection with the handshake done."""
        wire = cls.connect(url)
        wire.raw(REQUEST)
        assert " 101 " in wire.head()[0]
        return wire

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.input.close()
        self.sock.close()

    def request(self, *fields):
        """Sends a GET and returns the answer's status and its fields."""
        self.raw("\r\n".join(["GET / HTTP/1.1", "Host: localhost", *fields, "", ""]).encode())
        status, *fields = self.head()
        return int(status.split()[1]), fields

    def head(self):
        lines = iter(self.input.readline, b"\r\n")
        return [line.decode().rstrip("\r\n") for line in lines if line or self.fail("no head")]

    def answer(self, accept=None):
        """Reads a client's request and agrees to it."""
        fields = dict(line.split(": ", 1) for line in self.head()[1:])
        key = {name.lower(): value for name, value in fields.items()}["sec-websocket-key"]
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        answer.append(f"Sec-WebSocket-Accept: {accept or accept_for(key)}")
        self.raw("\r\n".join([*answer, "", ""]).encode())

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, opcode, payload=b"", fin=True, masked=None):
        masked = self.masks if masked is None else masked
        size = len(payload)
        assert size < 65536
        short = size if size < 126 else 126
        head = bytes([fin << 7 | opcode, masked << 7 | short])
        if short == 126:
            head += struct.pack("!H", size)
        if masked:
            key = os.urandom(4)
            payload = key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
        self.raw(head + payload)

    def frame(self):
        """The next frame's opcode and payload."""
        first, second = self.exactly(2)
        assert first & 0x80, "a fragment"
        assert (second & 0x80 != 0) != self.masks, "masked by the wrong side"
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.exactly(2))
        key = self.exactly(4) if second & 0x80 else bytes(4)
        payload = self.exactly(size)
        return first & 0xF, bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))

    def compressed(self, opcode, payload, parts=1, tcp_cut=None, between=None):
        """Sends a message with RSV1, in so many fragments, with a control frame between."""
        step = max(1, -(-len(payload) // parts))
        pieces = [payload[at : at + step] for at in range(0, len(payload), step)]
        pieces += [b""] * (parts - len(pieces))
        data = b""
        for at, piece in enumerate(pieces):
            first = at == 0 and opcode | 0x40
            data += self.encode(first | (at == parts - 1) << 7, piece)
            if between and at < parts - 1:
                data += self.encode(0x80 | between, b"")
        for piece in [data[:tcp_cut], data[tcp_cut:]] if tcp_cut else [data]:
            self.raw(piece)
            if tcp_cut:
                time.sleep(0.001)  # sleeps: what is sent comes in two reads

    def encode(self, first, payload):
        """A masked frame of any length."""
        size, key = len(payload), os.urandom(4)
        if size < 126:
            head = bytes([first, 0x80 | size])
        elif size < 65536:
            head = struct.pack("!BBH", first, 0xFE, size)
        else:
            head = struct.pack("!BBQ", first, 0xFF, size)
        keys = int.from_bytes((key * (size // 4 + 1))[:size], "little")
        return head + key + (int.from_bytes(payload, "little") ^ keys).to_bytes(size, "little")

    def parts(self):
        """The next message's first byte and its payload, of all its unmasked fragments."""
        message, payload, fin = None, b"", False
        while not fin:
            first, second = self.exactly(2)
            size = second
            if second > 125:
                size = int.from_bytes(self.exactly(2 if second == 126 else 8), "big")
            assert message is None or first & 0x7F == 0
            message = first if message is None else message
            payload += self.exactly(size)
            fin = first & 0x80
        assert message & 0xF in (TEXT, BINARY)
        return message, payload

    def exactly(self, size):
        data = self.input.read(size)
        return data if len(data) == size else self.fail(f"{len(data)} bytes for {size}")

    def close_code(self):
        """The code of the Close frame that has to come next."""
        opcode, payload = self.frame()
        assert opcode == CLOSE
        return struct.unpack("!H", payload[:2])[0]

    def at_end(self):
        """Whether the peer ends TCP with nothing more to say."""
        return self.input.read(1) == b""

    def reset(self):
        """Drops the connection as a crashed peer's system does: RST, not FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.input.close()
        self.sock.close()

    @staticmethod
    def fail(why):
        raise AssertionError(f"the connection ended: {why}")


@contextmanager
def listening():
    """A socket to connect to: its URL, and a function that takes the next connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)

        def accept():
            sock, _ = server.accept()
            sock.settimeout(PATIENCE)
            return Wire(sock, masks=False)

        yield "ws://127.0.0.1:%d/" % server.getsockname()[1], accept


def accept_for(key):
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = "\r\n".join(
    [
        "GET / HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        KEY,
        "",
        "",
    ]
).encode()
