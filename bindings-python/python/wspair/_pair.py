"""`WebSocketPair`: two connected ends in memory, as Workers have them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, Union

from wspair._native import CloseEvent, Connection, ErrorEvent, MessageEvent, Pair
from wspair._native import Coupling as _Coupling
from wspair._words import Phase, ReadyState, TransportAction

if TYPE_CHECKING:
    from typing_extensions import Buffer, Unpack

    from wspair._options import PairOptions

Event = Union[MessageEvent, CloseEvent, ErrorEvent]
Listener = Callable[[Any], object]

_TYPES: dict[type, str] = {MessageEvent: "message", CloseEvent: "close", ErrorEvent: "error"}


class WebSocketPair:
    """Two connected ends in memory: what one sends, the other receives.

    Any object passes through by reference. `client, server = WebSocketPair()` takes it apart.

    Args:
        **options: See `PairOptions`.
    """

    __slots__ = ("_ends",)

    def __init__(self, **options: Unpack[PairOptions]) -> None:
        pair = Pair(**options)
        first, second = WebSocket(pair, 0), WebSocket(pair, 1)
        first._peer, second._peer = second, first
        self._ends = (first, second)

    def __iter__(self) -> Iterator[WebSocket]:
        return iter(self._ends)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> WebSocket:
        return self._ends[index]


class WebSocket:
    """One end of a `WebSocketPair`.

    What happens at it is held back until `accept`. Then it goes to the listeners, if there are
    any: at once, in order, in the thread that caused it. Without listeners it waits for
    `poll_event` or iteration. Calls may come from any thread.
    """

    __slots__ = (
        "_dispatching",
        "_index",
        "_is_coupled",
        "_is_hibernatable",
        "_listeners",
        "_pair",
        "_peer",
        "_take",
        "_wake",
    )

    _peer: WebSocket

    def __init__(self, pair: Pair, index: int) -> None:
        self._pair = pair
        self._index = index
        self._listeners: dict[str, list[Listener]] = {}
        self._dispatching = threading.Lock()
        self._wake: Callable[[], object] | None = None
        self._take: Callable[[WebSocket, Event], object] | None = None
        """Who gets the events instead of listeners."""
        self._is_coupled = False
        self._is_hibernatable = False

    def accept(self, *, allow_half_open: bool | None = None) -> None:
        """Starts delivery, with what the other end has sent so far. Again changes nothing.

        Args:
            allow_half_open: Whether this end may go on sending after the other one closed, until
                it closes too. Default `None`: no, the close is answered at once.

        Raises:
            LocalProtocolError: the end was given away or is finished.
        """
        self._pair.accept(self._index, allow_half_open)
        self._deliver()

    def accept_hibernatable(self) -> None:
        """Starts delivery to whoever outlives this end's listeners, which are never called.

        Such an end does not answer a close by itself, and does not fail when a handler raises. What
        happens at it waits for `poll_event` or iteration, or goes to the handlers of
        `HibernatableWebSockets.accept_web_socket`, which calls this.

        Raises:
            LocalProtocolError: the end is accepted or was given away, or the other one is. That one
                may be accepted or coupled afterwards.
        """
        self._pair.accept_hibernatable(self._index)
        self._is_hibernatable = True

    def send(self, message: object) -> bool:
        """Queues a message for the other end. Where nobody will take it, it is dropped.

        Args:
            message: Any object. On a wire a `str` is text and any buffer is binary; other objects
                have no form there.

        Returns:
            Whether this end is now congested: a sender that can pause should.

        Raises:
            BackpressureError: too much waits. Nothing was queued.
            ClosingError: this end closed, or the close of the other one was answered.
            LocalProtocolError: the end was not accepted.
            TypeError: the other end is on a wire, and the object has no form there.
        """
        if self._peer._is_coupled and not isinstance(message, (str, bytes, bytearray)):
            message = memoryview(message)  # type: ignore[arg-type]
        is_congested = self._pair.send(self._index, message)
        self._peer._deliver()
        return is_congested

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Closes the direction away from this end, or completes the close of the other one.

        Args:
            code: 1000 to 4999 but 1004, 1005, 1006 and 1015. Default `None`: no code.
            reason: Up to 123 bytes of UTF-8; needs a code. Default `None`.

        Raises:
            InvalidArgumentError: another code, a longer reason, a reason without a code.
            LocalProtocolError: the end was not accepted.
        """
        self._pair.close(self._index, code, reason)
        self._peer._deliver()

    @property
    def ready_state(self) -> ReadyState:
        """How far the end has come; never connecting."""
        return self._pair.ready_state(self._index)

    @property
    def phase(self) -> Phase:
        """Who uses the end."""
        return self._pair.phase(self._index)

    @property
    def buffered_amount(self) -> int:
        """Bytes that this end sent and the other one has not taken."""
        return self._pair.buffered_amount(self._index)

    @property
    def is_congested(self) -> bool:
        """Whether the other end is behind by `high_water_mark` bytes: senders should pause."""
        return self._pair.is_congested(self._index)

    @property
    def attachment(self) -> bytes | None:
        """Bytes kept with the end: at most 16 KiB, more raises `InvalidArgumentError`."""
        return self._pair.attachment(self._index)

    @attachment.setter
    def attachment(self, data: Buffer) -> None:
        self._pair.set_attachment(self._index, data)

    def add_event_listener(self, type: str, listener: Listener) -> None:
        """Calls `listener` with each event of a type: `message`, `close` or `error`.

        One that raises goes to `sys.excepthook`, and the end fails: the other one sees 1006.

        Raises:
            ValueError: another type.
        """
        if type not in _TYPES.values():
            raise ValueError(f"no such type of event: {type!r}")
        listeners = self._listeners.get(type, [])
        if listener not in listeners:
            self._listeners = {**self._listeners, type: [*listeners, listener]}
        self._deliver()

    def remove_event_listener(self, type: str, listener: Listener) -> None:
        """Takes back `add_event_listener`. One that was not added is ignored."""
        left = [other for other in self._listeners.get(type, []) if other != listener]
        kept = {other: found for other, found in self._listeners.items() if other != type}
        self._listeners = {**kept, type: left} if left else kept

    def poll_event(self) -> Event | None:
        """Takes the oldest event that waits at this end; `None` when there is none."""
        event = self._pair.poll_event(self._index)
        if event is not None:
            # It was behind, or a close of its was answered.
            self._peer._deliver()
        return event

    @property
    def has_event(self) -> bool:
        """Whether `poll_event` would give one."""
        return self._pair.has_event(self._index)

    def __iter__(self) -> Iterator[Event]:
        """The events that wait, and those that come while they are read."""
        while (event := self.poll_event()) is not None:
            yield event

    def abandon(self) -> None:
        """Drops this end: the other one sees 1006 after what was sent before."""
        self._pair.abandon(self._index)
        self._peer._deliver()

    def couple(self, connection: Connection, wake: Callable[[], object] | None = None) -> Coupling:
        """Gives this end to the network, as returning it in a response does.

        Args:
            connection: Made with `coupled=True`, and not yet fed.
            wake: Called when there may be something to write, or to read again. It must not block.

        Raises:
            InvalidArgumentError: the connection was not made for it.
            LocalProtocolError: the end is accepted, given away or finished.
        """
        coupling = Coupling(self, connection)
        self._wake = wake
        self._is_coupled = True
        return coupling

    def _deliver(self) -> None:
        """Something may have changed for this end."""
        if self._wake is not None:
            self._wake()
        elif self._take is not None or (self._listeners and not self._is_hibernatable):
            self._dispatch()

    def _dispatch(self) -> None:
        pair, index = self._pair, self._index
        while pair.has_event(index):
            # Whoever holds the lock looks again once it is free.
            if not self._dispatching.acquire(blocking=False):
                return
            try:
                while (event := self.poll_event()) is not None:
                    if self._take is not None:
                        self._take(self, event)
                    else:
                        self._call_listeners(event)
                    pair.event_done(index)
            finally:
                self._dispatching.release()

    def _call_listeners(self, event: Event) -> None:
        for listener in self._listeners.get(_TYPES[type(event)], []):
            try:
                listener(event)
            except Exception:
                sys.excepthook(*sys.exc_info())
                self._pair.fail(self._index)
                self._peer._deliver()

    def __repr__(self) -> str:
        return f"<WebSocket {self._index} {self.ready_state}>"


class Coupling:
    """An end of a pair on a connection.

    The host feeds it instead of the connection, then writes what `data_to_send` gives, or calls
    `drain` and writes what the connection gives, and does with the transport what
    `transport_state` says. Messages go to the other end, and come from there.
    """

    __slots__ = ("_coupling", "_peer", "connection")

    def __init__(self, end: WebSocket, connection: Connection) -> None:
        self._coupling = _Coupling(end._pair, end._index, connection)
        self._peer = end._peer
        self.connection = connection
        """The connection under the end."""

    def receive_data(self, data: Buffer) -> None:
        """Feeds received bytes."""
        self._coupling.receive_data(data)
        self._peer._deliver()

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Lends a buffer to read into; see `Connection.get_buffer`."""
        return self._coupling.get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        """Feeds the first `nbytes` bytes written to what `get_buffer` lent."""
        self._coupling.buffer_updated(nbytes)
        self._peer._deliver()

    def receive_eof(self) -> None:
        """The peer ended its direction of the transport.

        Without a Close frame before it the other end sees 1006 after the messages; what it sends
        until then still goes out.
        """
        self._coupling.receive_eof()
        self._peer._deliver()

    def transport_lost(self) -> None:
        """The transport is gone in both directions."""
        self._coupling.transport_lost()
        self._peer._deliver()

    def handle_timeout(self, now: float) -> None:
        """Tells the time, in seconds on any monotonic clock."""
        self._coupling.handle_timeout(now)
        self._peer._deliver()

    def drain(self) -> bool:
        """Moves what the other end sent to the connection, until its output is congested.

        When the connection has ended the other end learns of it now, behind its answers to the
        messages before.

        Returns:
            Whether more waits: call again when the transport has taken some.
        """
        more = self._coupling.drain()
        self._peer._deliver()
        return more

    def turn(
        self, may_write: bool
    ) -> tuple[bytes | list[bytes | memoryview], bool, bool, float | None]:
        """All that a host does after anything happened, in one call.

        Args:
            may_write: Whether the transport takes more.

        Returns:
            What to write, as `bytes` or as a list of buffers; whether more waits; whether all is
            as usual: the transport is open, nobody is behind, the connection has not just ended;
            and `next_timeout`.
        """
        turn = self._coupling.turn(may_write)
        # It may have waited for room, or for the end.
        self._peer._deliver()
        return turn

    def data_to_send(self) -> bytes:
        """Takes bytes to write; empty when there are none."""
        self.drain()
        return self.connection.data_to_send()

    @property
    def wants_write(self) -> bool:
        """Whether there is anything to write: whether `data_to_send` is worth calling."""
        return self._coupling.wants_write

    @property
    def is_congested(self) -> bool:
        """Whether the other end is behind: stop reading from the transport until it is not."""
        return self._coupling.is_congested

    @property
    def transport_state(self) -> TransportAction:
        """What to do with the transport now."""
        return self.connection.transport_state

    @property
    def next_timeout(self) -> float | None:
        """When `handle_timeout` is next worth calling; see `Connection.next_timeout`."""
        return self.connection.next_timeout
