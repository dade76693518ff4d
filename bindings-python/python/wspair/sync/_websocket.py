"""A connection, as a threaded application has it."""

from __future__ import annotations

import random
import socket as _socket
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Union, overload

from wspair._facts import NOT_OPEN, Facts
from wspair._native import Prepared
from wspair._parts import as_kind, is_buffer, kind_of
from wspair._parts import payload as payload_of
from wspair.exceptions import (
    BackpressureError,
    ClosingError,
    ConcurrencyError,
    ConnectionClosedOK,
)
from wspair.sync._opening import LONGEST

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


class WebSocket(Facts):
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
        self._wire: Wire = NOT_OPEN
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
            wire.changed.wait(None if left is None else min(left, LONGEST))
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
        if not isinstance(message, (str, bytes, Prepared)) and not is_buffer(message):
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

    def _check_parts(self) -> None:
        """Raises where another message may not go in between."""
        if self._is_sending_parts:
            raise ConcurrencyError("a fragmented message is being sent")

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
        payload = random.randbytes(4) if data is None else payload_of(data)
        ping = Ping()

        def tell(latency: float | None) -> None:
            ping.latency = latency
            if latency is not None or ack_on_close:
                ping.set()

        with self._wire.changed:
            self._wire.pings.check(payload)
            self._queue(lambda: self._wire.connection.ping(payload))
            self._wire.pings.sent(payload, tell)
        return ping

    def pong(self, data: str | Buffer = b"") -> None:
        """Sends a pong that nobody asked for. Raises as `ping`."""
        payload = payload_of(data)
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
        wire: Any = getattr(self, "_wire", NOT_OPEN)
        if wire is NOT_OPEN or wire.closed or wire.sent_close or wire.is_gone:
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        # No lock is taken: the collector may run in any thread, whatever that holds.
        wire.is_dropped = True
        wire.nudge()


def _fragment(conn: Any, part: Any, kind: Any, fin: bool, compress: bool | None) -> Any:
    return lambda: conn.send_fragment(part, fin=fin, kind=kind, compress=compress)


def _name(get: Any) -> Any:
    try:
        return get()
    except OSError:
        return None
