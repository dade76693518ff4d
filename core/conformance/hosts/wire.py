"""A WebSocket's peer by hand, either side, over TCP or TLS: for what no library would do."""

import base64
import contextlib
import hashlib
import os
import re
import select
import socket
import ssl
import struct
import time
import zlib
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
TAIL = b"\x00\x00\xff\xff"
READ = 256 << 10


class Late(Exception):
    """Something that is due did not come in time."""


class Wrong(Exception):
    """The host wrote what no host may write."""


@dataclass
class Frame:
    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def close(self):
        """Code and reason of a Close frame; 1005 where it has no code."""
        if len(self.payload) < 2:
            return 1005, ""
        return struct.unpack("!H", self.payload[:2])[0], self.payload[2:].decode()


@dataclass
class Head:
    line: str
    fields: dict

    @property
    def status(self):
        return int(self.line.split()[1])


def xor(payload, key):
    if key == bytes(4):
        return bytes(payload)
    size = len(payload)
    keys = int.from_bytes((key * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ keys).to_bytes(size, "little")


def encode(opcode, payload=b"", key=None, fin=True, rsv=0):
    """A frame; masked, when there is a key."""
    if isinstance(payload, str):
        payload = payload.encode()
    first, mask, size = fin << 7 | rsv << 4 | opcode, 0x80 if key is not None else 0, len(payload)
    if size < 126:
        head = bytes([first, mask | size])
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, mask | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask | 127, size)
    return head + payload if key is None else head + key + xor(payload, key)


def close_payload(code=None, reason=""):
    return b"" if code is None else struct.pack("!H", code) + reason.encode()


def accept_for(key):
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


REQUEST_FIELDS = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def request(path="/", line=None, body=b"", **changed):
    """A request for a WebSocket. A field is changed by its name with _ for -; None leaves it out."""
    changed = {name.replace("_", "-").lower(): value for name, value in changed.items()}
    fields = {name: changed.pop(name.lower(), value) for name, value in REQUEST_FIELDS.items()}
    fields.update(changed)
    lines = [line or f"GET {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Plain:
    """A TCP connection."""

    def __init__(self, sock):
        self.sock = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def write(self, data):
        """Bytes that were taken; 0 when the socket is full."""
        try:
            return self.sock.send(data)
        except BlockingIOError:
            return 0

    def read(self, most=READ):
        """Bytes; empty at the end; None when there are none yet."""
        try:
            return self.sock.recv(most)
        except BlockingIOError:
            return None

    def fin(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


class Tls(Plain):
    """TLS over one. Its directions end on their own, which Python's own sockets cannot do."""

    def __init__(self, sock, context, is_server, until):
        super().__init__(sock)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=is_server)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                until.wait_for_input(self)
                self._pull()
        self._flush()

    def _pull(self, most=READ):
        data = super().read(most)
        if data:
            self.incoming.write(data)
        elif data == b"":
            self.incoming.write_eof()
        return data

    def _flush(self):
        while data := self.outgoing.read():
            sent = 0
            while sent < len(data):
                sent += super().write(data[sent:]) or ready(self, True, 0.2) * 0

    def write(self, data):
        if not ready(self, True):
            return 0
        size = self.tls.write(data[: 16 << 10])
        self._flush()
        return size

    def read(self, most=READ):
        with contextlib.suppress(ssl.SSLWantReadError):
            return self.tls.read(most)
        pulled = self._pull(most)
        try:
            return self.tls.read(most)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLWantReadError:
            return b"" if pulled == b"" else None

    def fin(self):
        with contextlib.suppress(ssl.SSLError, OSError):
            self.tls.unwrap()
        with contextlib.suppress(OSError):
            self._flush()
        super().fin()


class Wire:
    """One connection, and what has come on it. `masks` is true for a client's."""

    def __init__(self, stream, masks):
        self.stream = stream
        self.masks = masks
        self.data = bytearray()
        self.received = 0
        self.ended = None
        """How the host's direction ended: "fin" or "rst"."""
        self.deflated = None

    # Writing.

    def frame(self, opcode, payload=b"", fin=True, rsv=0, key=None):
        """A frame as this side writes it."""
        key = (os.urandom(4) if key is None else key) if self.masks else None
        return encode(opcode, payload, key, fin, rsv)

    def close_frame(self, code=None, reason=""):
        return self.frame(CLOSE, close_payload(code, reason))

    def send(self, data, until):
        """Writes all; a host that takes nothing is late."""
        view = memoryview(data)
        while view:
            view = view[self.stream.write(view) :]
            if view:
                until.check("the host takes no bytes")
                ready(self.stream, True, 0.1)

    def offer(self, data):
        """Writes what fits at once; how much that was."""
        return self.stream.write(data)

    def fin(self):
        self.stream.fin()

    def rst(self):
        self.stream.rst()
        self.ended = self.ended or "here"

    def close(self):
        self.stream.close()

    # Reading.

    def pull(self, most=READ):
        """Takes what has come, without waiting; false when that was nothing."""
        if self.ended:
            return False
        try:
            data = self.stream.read(most)
        except OSError:
            self.ended = "rst"
            return False
        if data == b"":
            self.ended = "fin"
        if not data:
            return False
        self.data += data
        self.received += len(data)
        return True

    def fill(self, until, what):
        """Waits for more; false at the end."""
        while not self.pull():
            if self.ended:
                return False
            until.check(what)
            until.wait_for_input(self.stream)
        return True

    def read_head(self, until):
        while b"\r\n\r\n" not in self.data:
            if not self.fill(until, "no head of an answer"):
                raise Late(f"the host ended ({self.ended}) before its head: {bytes(self.data)!r}")
        head, _, rest = bytes(self.data).partition(b"\r\n\r\n")
        self.data = bytearray(rest)
        line, *fields = head.decode("latin-1").split("\r\n")
        pairs = (field.split(":", 1) for field in fields)
        return Head(line, {name.strip().lower(): value.strip() for name, value in pairs})

    def read_frame(self, until, what="no frame"):
        """The next frame, as it is; None at the end."""
        while (frame := self._parse()) is None:
            if not self.fill(until, what):
                return None
        return frame

    def _parse(self):
        data = self.data
        if len(data) < 2:
            return None
        size, at = data[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            at += width
            if len(data) < at:
                return None
            size = int.from_bytes(data[2:at], "big")
        is_masked = bool(data[1] & 0x80)
        if is_masked == self.masks:
            raise Wrong("a frame masked by a server" if is_masked else "a client's unmasked frame")
        end = at + 4 * is_masked + size
        if len(data) < end:
            return None
        payload = bytes(data[end - size : end])
        if is_masked:
            payload = xor(payload, bytes(data[at : at + 4]))
        frame = Frame(data[0] & 0xF, payload, bool(data[0] & 0x80), data[0] >> 4 & 7)
        del data[:end]
        return frame

    def read_message(self, until, what="no message", others=None):
        """The next message as a frame, its fragments joined and inflated; None at the end or a Close.

        Control frames between are put into `others`.
        """
        first, payload = None, b""
        while True:
            frame = self.read_frame(until, what)
            if frame is None:
                return None
            if frame.opcode >= CLOSE:
                if others is not None:
                    others.append(frame)
                if frame.opcode == CLOSE:
                    return None
                continue
            if (first is None) != (frame.opcode != CONTINUATION):
                raise Wrong(f"opcode {frame.opcode} in the wrong place")
            first = first or frame
            payload += frame.payload
            if frame.fin:
                return Frame(first.opcode, self._inflate(payload) if first.rsv & 4 else payload)

    def _inflate(self, payload):
        if self.deflated is None:
            raise Wrong("a compressed message that was not agreed on")
        if self.deflated["alone"]:
            self.deflated["inflater"] = zlib.decompressobj(-15)
        return self.deflated["inflater"].decompress(payload + TAIL)

    def agree(self, extensions):
        """Notes what the handshake said of compression."""
        if extensions and "permessage-deflate" in extensions:
            side = "server" if self.masks else "client"
            alone = f"{side}_no_context_takeover" in extensions
            self.deflated = {"alone": alone, "inflater": zlib.decompressobj(-15)}

    def read_close(self, until):
        """The Close frame's code and reason; what comes before it is passed over. None at the end."""
        while frame := self.read_frame(until, "no Close frame"):
            if frame.opcode == CLOSE:
                return frame.close
        return None

    def read_end(self, until):
        """Waits for the end of the host's direction; the frames that came before."""
        frames = []
        while frame := self.read_frame(until, "the host does not end its direction"):
            frames.append(frame)
        return frames

    def drain(self, until, what="the host does not end its direction"):
        """Reads bytes of any kind to the end."""
        while self.fill(until, what):
            pass
        return bytes(self.data)


class Listener:
    """Where a client under test connects to."""

    def __init__(self, small=False, context=None):
        self.sock = socket.socket()
        self.context = context
        if small:
            keep_small(self.sock)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(1024)
        self.port = self.sock.getsockname()[1]

    def fileno(self):
        return self.sock.fileno()

    def accept(self, until):
        """The next connection, on which nothing was said."""
        until.wait_for_input(self, "the host does not connect")
        sock, _ = self.sock.accept()
        stream = Tls(sock, self.context, True, until) if self.context else Plain(sock)
        return Wire(stream, masks=False)

    def close(self):
        self.sock.close()


def dial(port, until, context=None, small=False):
    """A connection to a server, on which nothing was said."""
    sock = socket.socket()
    if small:
        keep_small(sock)
    sock.settimeout(max(until.left(), 1))
    sock.connect(("127.0.0.1", port))
    stream = Tls(sock, context, False, until) if context else Plain(sock)
    return Wire(stream, masks=True)


def keep_small(sock):
    """Little room on the way, so that the system holds little of what is not read: on loopback it
    would hold megabytes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)


def answer_to(head, extensions=None, **changed):
    """The 101 that a client's request gets, and what may be wrong with it."""
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_for(head.fields["sec-websocket-key"]),
        "Sec-WebSocket-Extensions": extensions,
    }
    fields.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(["HTTP/1.1 101 Switching Protocols", *lines, "", ""]).encode()


def path_of(head):
    match = re.match(r"GET (\S+) HTTP/1\.1$", head.line)
    if not match:
        raise Wrong(f"a client's request line: {head.line!r}")
    return match[1]


def deflate(data):
    """A message's payload, compressed on its own."""
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


def ready(stream, to_write=False, seconds=0.0):
    """Whether a stream or listener can be read, or written, within so many seconds."""
    poll = select.poll()
    poll.register(stream, select.POLLOUT if to_write else select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


class Until:
    """A deadline, which moves on while the machine is slow."""

    def __init__(self, seconds, pace):
        self.began = time.monotonic()
        self.seconds = seconds
        self.pace = pace

    def left(self):
        return self.began + self.seconds * self.pace.factor() - time.monotonic()

    def passed(self):
        return self.left() <= 0

    def check(self, what):
        if self.passed():
            raise Late(f"{what} within {self.seconds:g} s (x {self.pace.factor():.1f})")

    def wait_for_input(self, stream, what=None):
        """Waits a moment, or with `what` to the end, for a stream or listener to have some."""
        while not ready(stream, seconds=min(self.left(), 0.2)):
            if what is None:
                return
            self.check(what)
