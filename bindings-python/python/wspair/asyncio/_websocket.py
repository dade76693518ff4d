"""A connection, as an application has it."""

from __future__ import annotations

import asyncio
import random
import warnings
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Union, overload

from wspair._facts import NOT_OPEN, Facts
from wspair._native import CloseEvent, ErrorEvent, MessageEvent, Messages, Waiter
from wspair._pair import WebSocket as End
from wspair._parts import as_kind
from wspair._parts import payload as payload_of
from wspair._words import ReadyState
from wspair.exceptions import ConnectionClosedOK

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from wspair._http import Response
    from wspair._options import Message
    from wspair.asyncio._wire import Wire

Event = Union[MessageEvent, CloseEvent, ErrorEvent]

Data = Union[str, bytes]
"""A message: a `str` of a text one, `bytes` of a binary one."""


class WebSocket(Facts):
    """An open connection, as `serve` and `connect` make it; made of an end of a `WebSocketPair`, it
    works the same in memory.

    One task receives at a time; any number send. Whoever waits when the connection ends is told.

    Attributes:
        request: What the client asked for, or asked with.
        response: The server's answer to it.
        transport: asyncio's transport: `get_extra_info` tells of TLS and the socket.
    """

    request: Any
    response: Response | None
    transport: asyncio.Transport

    def __new__(cls, of: Any, *args: Any, **options: Any) -> Any:
        if cls is WebSocket and isinstance(of, End):
            from wspair.asyncio._memory import InMemory

            return object.__new__(InMemory)
        return object.__new__(cls)

    def __init__(self, transport: Any, wire: Wire | None = None) -> None:
        self._wire: Wire = wire or NOT_OPEN
        self.transport = transport
        self.request = self.response = None
        self._is_told = False
        """`receive` has told of the end."""

    # Receiving.

    @overload
    async def recv(self, decode: Literal[True]) -> str: ...

    @overload
    async def recv(self, decode: Literal[False]) -> bytes: ...

    @overload
    async def recv(self, decode: bool | None = None) -> Data: ...

    async def recv(self, decode: bool | None = None) -> Data:
        """Waits for the next message: a `str` of a text one, `bytes` of a binary one.

        Args:
            decode: `False` gives the bytes of a text, `True` the text in bytes.

        Raises:
            ConnectionClosed: there is none, and none will come.
            ConcurrencyError: another task receives.
        """
        message = await self._next()
        if message is None:
            raise self._wire.error()
        if decode is None:
            return message
        if decode:
            return message if isinstance(message, str) else message.decode()
        return message if isinstance(message, bytes) else message.encode()

    async def receive(self) -> Event:
        """Waits for the next event. The last one, a `CloseEvent` or an `ErrorEvent`, stays."""
        message = await self._next()
        if message is not None:
            return MessageEvent(message)
        self._is_told = True
        last = self.last_event
        assert last is not None
        return last

    def __aiter__(self) -> AsyncIterator[Data]:
        """The messages.

        Iteration ends with the connection: quietly when it was closed with 1000, 1001 or no code,
        or by this side, or when `receive` has told the end; else it raises
        `ConnectionClosedError`.
        """
        return Messages(self._wire, self)

    async def __anext__(self) -> Data:
        """The next message; see `__aiter__`."""
        message = await self._next()
        return message if message is not None else self._end_iteration()

    async def _next(self) -> Data | None:
        """The next message; `None` at the end."""
        receive = self._wire.receive
        while isinstance(found := receive(), Waiter):
            await found
        return found

    def _end_iteration(self) -> NoReturn:
        error = self._wire.error()
        if self._is_told or self._wire.was_closed_here or isinstance(error, ConnectionClosedOK):
            raise StopAsyncIteration
        raise error

    async def recv_streaming(self, decode: bool | None = None) -> AsyncIterator[Data]:
        """As `recv`, for code that takes a message in parts: here it is one."""
        yield await self.recv(decode)

    # Sending.

    async def send(
        self, message: Any, text: bool | None = None, *, compress: bool | None = None
    ) -> None:
        """Sends a message, and waits while the peer is behind.

        What is sent is what the message holds now: it may be changed as soon as this returns.

        Args:
            message: A `str` as text, any buffer as binary; a `Prepared` one; an iterable of `str`
                or of buffers, asynchronous or not, as one message of as many fragments.
            text: Sends a buffer of UTF-8 as text with `True`, a `str` as binary with `False`.
            compress: Whether it is compressed, where that was agreed on. Default `None`: from
                `DeflateOptions.threshold` bytes on.

        Raises:
            ConnectionClosed: the connection has ended, or is about to.
            TypeError: the message is none of these.
        """
        if text is not None:
            message = as_kind(message, text)
        if (why := self._wire.send(message, compress)) is not None:
            await self._wire.finish(why, message, compress)

    async def send_many(self, messages: Sequence[Message], *, compress: bool | None = None) -> None:
        """Sends the messages of a sequence, each as `send` does.

        Raises:
            ConnectionClosed: the connection has ended, or is about to.
        """
        for message in messages:
            if (why := self._wire.send(message, compress)) is not None:
                await self._wire.finish(why, message, compress)

    async def ping(self, data: str | Buffer | None = None) -> asyncio.Future[float]:
        """Sends a ping: `latency = await (await ws.ping())`.

        Args:
            data: Up to 125 bytes, a `str` as UTF-8. Default: four random ones.

        Returns:
            A future whose result is the time until the answer, in seconds.

        Raises:
            ConnectionClosed: the connection has ended, or is about to. The future raises it too.
            ConcurrencyError: the same data waits for its answer already.
        """
        payload = random.randbytes(4) if data is None else payload_of(data)
        return await self._wire.ping(payload)

    async def pong(self, data: str | Buffer = b"") -> None:
        """Sends a pong that nobody asked for. Raises as `ping`."""
        await self._wire.pong(payload_of(data))

    # The end.

    async def close(self, code: int | None = 1000, reason: str = "") -> None:
        """Closes, and waits until the transport has ended. More than one task may.

        Messages that were received and not taken, as far as they wait, still can be.

        Args:
            code: 1000 to 1014 but 1004, 1005 and 1006, or 3000 to 4999; `None` is none.
            reason: Up to 123 bytes of UTF-8; needs a code.

        Raises:
            InvalidArgumentError: another code, a longer reason, a reason without a code.
        """
        self._wire.close(code, reason)
        await self._wire.wait_gone()

    async def wait_closed(self) -> None:
        """Waits until the transport has ended."""
        await self._wire.wait_gone()

    def abort(self) -> None:
        """Drops the connection without a closing handshake: the peer sees it vanish."""
        self._wire.abort()

    async def __aenter__(self) -> WebSocket:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        await self.close(1000 if kind is None else 1011)

    # What there is to know.

    @property
    def buffered_amount(self) -> int:
        """Bytes that were sent and that the transport has not taken."""
        return self._wire.connection.buffered_amount

    @property
    def local_address(self) -> Any:
        """This side's address, as `socket.getsockname` gives it."""
        return self.transport.get_extra_info("sockname")

    @property
    def remote_address(self) -> Any:
        """The peer's address, as `socket.getpeername` gives it."""
        return self.transport.get_extra_info("peername")

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows: `socket`, `ssl_object`, `peername`, `peercert`, …"""
        return self.transport.get_extra_info(name, default)

    @property
    def end(self) -> _End:
        """This side without waiting: `close`, `abandon` and what there is to know."""
        return _End(self._wire)

    def __repr__(self) -> str:
        return f"<WebSocket {self.ready_state} {self.remote_address}>"

    def __del__(self) -> None:
        wire: Any = getattr(self, "_wire", NOT_OPEN)
        if wire is NOT_OPEN or wire.has_ended or wire.was_closed_here or wire.loop.is_closed():
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        # The collector may run in any thread.
        wire.loop.call_soon_threadsafe(wire.close, 1001, "")


class _End:
    """What an end of a pair can do, on a connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, message: Message) -> bool:
        """Queues a message; `True` when the sender should wait."""
        self._wire.connection.send(message)
        self._wire.schedule()
        return self.is_congested

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Starts the closing handshake, or completes it."""
        self._wire.close(code, reason or "")

    def abandon(self) -> None:
        """Drops the connection: the peer sees it vanish."""
        self._wire.abort()

    @property
    def ready_state(self) -> ReadyState:
        """How far the connection has come."""
        return self._wire.connection.ready_state

    @property
    def buffered_amount(self) -> int:
        """Bytes that were sent and that the transport has not taken."""
        return self._wire.connection.buffered_amount

    @property
    def is_congested(self) -> bool:
        """Whether the peer is behind."""
        return self._wire.connection.is_congested
