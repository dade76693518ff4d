"""A connection, as a threaded application has it."""

from __future__ import annotations

import random
import socket as _socket
import threading
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Union, overload

from wspair._ending import last_event
from wspair._native import CloseEvent, ErrorEvent, Negotiated, Prepared
from wspair._parts import as_kind, kind_of
from wspair._words import ReadyState
from wspair.exceptions import (
    BackpressureError,
    ClosingError,
    ConcurrencyError,
    ConnectionClosedOK,
    LocalProtocolError,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self

    from wspair._http import Response
    from wspair.sync._wire import Wire

Data = Union[str, bytes]
"""A message: a `str` of a text one, `bytes` of a binary one."""


class Ping(threading.Event):
    """A ping under way: it is set when its answer comes.

    Attributes:
        latency: The seconds that the answer took; `None` before, and where none came.
    """

    latency: float | None = None


class WebSocket:
    """An open connection, as `serve` and `connect` make it. Any thread may call any method; one
    receives at a time.

    Attributes:
        request: What the client asked for, or asked with.
        response: The server's answer to it.
        socket: The socket, with TLS around it where there is.
    """

    request: Any
    response: Response | None
    socket: _socket.socket

    def __init__(self, sock: _socket.socket) -> None:
        self.socket = sock
        self.request = self.response = None
        self.id = uuid.uuid4()
        self._wire: Wire = _NOT_OPEN
        self._is_receiving = False
        self._is_sending_parts = False
        self._local = _name(sock.getsockname)
        self._remote = _name(sock.getpeername)

    # Receiving.

    @overload
    def recv(self, timeout: float | None, decode: Literal[True]) -> str: ...

    @overload
    def recv(self, timeout: float | None, decode: Literal[False]) -> bytes: ...

    @overload
    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data: ...

    def recv(self, timeout: float | None = None, decode: bool | None = None) -> Data:
        """Waits for the next message: a `str` of a text one, `bytes` of a binary one.

        Args:
            timeout: Seconds to wait at most; 0 or less takes only what is there. Default: no limit.
            decode: `False` gives the bytes of a text, `True` the text in bytes.

        Raises:
            TimeoutError: none came in time.
            ConnectionClosed: there is none, and none will come.
            ConcurrencyError: another thread receives.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._wire.changed:
            if self._is_receiving:
                raise ConcurrencyError("another thread is receiving")
            self._is_receiving = True
            try:
                message = self._next(until)
            finally:
                self._is_receiving = False
        if decode is None:
            return message
        if decode:
            return message if isinstance(message, str) else message.decode()
        return message if isinstance(message, bytes) else message.encode()

    def _next(self, until: float | None) -> Data:
        wire = self._wire
        while (message := wire.pop()) is None:
            if wire.closed is not None or wire.is_gone:
                wire.is_told = True
                wire.ask()
                raise wire.error()
            wire.ask()
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("no message in time")
            wire.changed.wait(left)
        return message

    def __iter__(self) -> Iterator[Data]:
        """The messages, until the connection ends.

        Quietly when it was closed with 1000, 1001 or no code, or by this side; else
        `ConnectionClosedError` is raised.
        """
        while True:
            try:
                yield self.recv()
            except ConnectionClosedOK:
                return
            except ClosingError:
                if self._wire.sent_close is not None:
                    return
                raise

    def recv_streaming(self, decode: bool | None = None) -> Iterator[Data]:
        """As `recv`, for code that takes a message in parts: here it is one."""
        yield self.recv(None, decode)

    # Sending.

    def send(
        self,
        message: Any,
        text: bool | None = None,
        *,
        compress: bool | None = None,
    ) -> None:
        """Sends a message, and waits while the peer is behind.

        What is sent is what the message holds now: it may be changed as soon as this returns.

        Args:
            message: A `str` as text, any buffer as binary; a `Prepared` one; an iterable of `str`
                or of buffers, as one message of as many fragments.
            text: Sends a buffer of UTF-8 as text with `True`, a `str` as binary with `False`.
            compress: Whether it is compressed, where that was agreed on. Default `None`: from
                `DeflateOptions.threshold` bytes on.

        Raises:
            ConnectionClosed: the connection has ended, or is about to.
            TypeError: the message is none of these.
        """
        if text is not None:
            message = as_kind(message, text)
        if not isinstance(message, (str, bytes, Prepared)) and not _is_buffer(message):
            return self._send_parts(message, compress)
        with self._wire.changed:
            while self._is_sending_parts:
                self._wire.changed.wait()
            conn = self._wire.connection
            if isinstance(message, Prepared):
                self._queue(lambda: conn.send_prepared(message, compress=compress))
            else:
                self._queue(lambda: conn.send(message, compress=compress))

    def _send_parts(self, parts: Any, compress: bool | None) -> None:
        if isinstance(parts, Mapping) or not isinstance(parts, Iterable):
            raise TypeError(
                f"a message is str, a buffer, or an iterable of either, not {type(parts).__name__}"
            )
        wire = self._wire
        with wire.changed:
            while self._is_sending_parts:
                wire.changed.wait()
            self._is_sending_parts = True
        kind = None
        conn = wire.connection
        try:
            for part in parts:
                kind = kind_of(part, kind)
                with wire.changed:
                    send = _fragment(conn, part, kind, False, compress)
                    self._queue(send)
            if kind is not None:
                with wire.changed:
                    self._queue(_fragment(conn, b"", kind, True, compress))
        except ClosingError:
            raise
        except BaseException:
            if kind is not None:
                # The message can never be whole.
                with wire.changed:
                    wire.close(1011, "error in a fragmented message")
            raise
        finally:
            with wire.changed:
                self._is_sending_parts = False
                wire.changed.notify_all()

    def _queue(self, send: Any) -> None:
        """Sends, waiting for room before and after."""
        wire = self._wire
        while True:
            try:
                wire.check()
                send()
                break
            except BackpressureError:
                self._wait_for_room()
            except ClosingError:
                raise wire.error() from None
        wire.flush()
        if wire.buffered() > wire.write_limit:
            self._wait_for_room()

    def _wait_for_room(self) -> None:
        wire = self._wire
        while wire.buffered() > wire.write_limit // 4:
            if wire.closed is not None or wire.is_gone:
                raise wire.error()
            wire.changed.wait()

    def ping(self, data: str | Buffer | None = None, *, ack_on_close: bool = False) -> Ping:
        """Sends a ping: `ws.ping().wait(10)` says whether its answer came.

        Args:
            data: Up to 125 bytes, a `str` as UTF-8. Default: four random ones.
            ack_on_close: Whether it is also set when the connection ends.

        Raises:
            ConnectionClosed: the connection has ended, or is about to.
            ConcurrencyError: the same data waits for its answer already.
        """
        payload = random.randbytes(4) if data is None else _payload(data)
        ping = Ping()

        def tell(latency: float | None) -> None:
            ping.latency = latency
            if latency is not None or ack_on_close:
                ping.set()

        with self._wire.changed:
            if payload in self._wire.pings:
                raise ConcurrencyError("another ping with the same data has no answer yet")
            self._queue(lambda: self._wire.connection.ping(payload))
            self._wire.pings[payload] = (tell, time.perf_counter())
        return ping

    def pong(self, data: str | Buffer = b"") -> None:
        """Sends a pong that nobody asked for. Raises as `ping`."""
        payload = _payload(data)
        with self._wire.changed:
            self._queue(lambda: self._wire.connection.pong(payload))

    # The end.

    def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Closes, and waits until the socket has ended. More than one thread may.

        Args:
            code: 1000 to 1014 but 1004, 1005 and 1006, or 3000 to 4999; `None` is none.
            reason: Up to 123 bytes of UTF-8; needs a code.

        Raises:
            InvalidArgumentError: another code, a longer reason, a reason without a code.
        """
        with self._wire.changed:
            self._wire.close(code, reason)
        self.wait_closed()

    def wait_closed(self) -> None:
        """Waits until the socket has ended."""
        with self._wire.changed:
            while not self._wire.is_gone:
                self._wire.changed.wait()

    def abort(self) -> None:
        """Drops the connection without a closing handshake: the peer sees it vanish."""
        with self._wire.changed:
            self._wire.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self.close(1000 if kind is None else 1011)

    # What there is to know.

    @property
    def last_event(self) -> CloseEvent | ErrorEvent | None:
        """How the connection ended; `None` while it has not."""
        return last_event(self._wire.closed, self._wire.fault)

    @property
    def close_code(self) -> int | None:
        """The code of the peer's Close frame; 1005 when it had none, 1006 when none came, `None`
        before."""
        closed = self._wire.closed
        return None if closed is None else closed.code

    @property
    def close_reason(self) -> str | None:
        """The reason in the peer's Close frame; `None` before the end."""
        closed = self._wire.closed
        return None if closed is None else closed.reason

    @property
    def state(self) -> ReadyState:
        """How far the connection has come."""
        return ReadyState.CONNECTING if self._wire is _NOT_OPEN else self.ready_state

    @property
    def ready_state(self) -> ReadyState:
        """How far the connection has come."""
        if self._wire is _NOT_OPEN:
            return ReadyState.CONNECTING
        return self._wire.connection.ready_state

    @property
    def agreed(self) -> Negotiated:
        """What the handshake agreed on."""
        return self._wire.connection.agreed

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was agreed on."""
        return self.agreed.subprotocol

    @property
    def latency(self) -> float:
        """The seconds that the answer to the last ping took, keepalive's included; 0 before."""
        return self._wire.latency

    @property
    def buffered_amount(self) -> int:
        """Bytes that were sent and that the socket has not taken."""
        with self._wire.changed:
            return self._wire.buffered()

    @property
    def local_address(self) -> Any:
        """This side's address, as `socket.getsockname` gives it."""
        return self._local

    @property
    def remote_address(self) -> Any:
        """The peer's address, as `socket.getpeername` gives it."""
        return self._remote

    def __repr__(self) -> str:
        return f"<WebSocket {self.state} {self.remote_address}>"

    def __del__(self) -> None:
        wire: Any = getattr(self, "_wire", _NOT_OPEN)
        if wire is _NOT_OPEN or wire.closed or wire.sent_close or wire.is_gone:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        # No lock is taken: the collector may run in any thread, whatever that holds.
        wire.is_dropped = True
        wire.nudge()


class _NotOpen:
    """In the place of the wire while the handshake is under way."""

    def __getattr__(self, name: str) -> Any:
        raise LocalProtocolError("the connection is not open yet")


_NOT_OPEN: Any = _NotOpen()


def _fragment(conn: Any, part: Any, kind: Any, fin: bool, compress: bool | None) -> Any:
    return lambda: conn.send_fragment(part, fin=fin, kind=kind, compress=compress)


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def _payload(data: str | Buffer) -> bytes:
    return data.encode() if isinstance(data, str) else bytes(data)


def _name(get: Any) -> Any:
    try:
        return get()
    except OSError:
        return None
