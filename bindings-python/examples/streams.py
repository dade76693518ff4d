"""An echo on a stream of HTTP/2 or HTTP/3: a request's fields in, an answer's out, then bytes."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from wspair import (
    Acceptance,
    BackpressureError,
    Binary,
    Bootstrap,
    Cause,
    Closed,
    ClosingError,
    Connection,
    Policy,
    Refusal,
    Request,
    Role,
    Text,
    TransportAction,
)

Fields = list[tuple[str, bytes]]
TIMES_OUT = (Cause.CLOSE_TIMEOUT, Cause.PONG_TIMEOUT)


class Settings:
    """What the connections of a server have in common."""

    def __init__(self, args: argparse.Namespace, connection: dict[str, Any]) -> None:
        self.policy = Policy(origins=args.origin, compression=args.deflate)
        self.subprotocol = args.subprotocol
        self.connection = connection | {"compression": args.deflate}

    def judge(self, fields: Fields, ended: bool) -> Acceptance | Refusal:
        """Answers a request. One that is malformed is not answered: the stream is reset."""
        request = Request.from_pseudo_fields(fields, end_stream=ended)
        if isinstance(request, Refusal):
            return request
        offered = self.subprotocol in request.subprotocols
        return request.accept(self.policy, self.subprotocol if offered else None)


def elsewhere(method: bytes) -> tuple[Fields, bytes]:
    """The answer to what asks for no WebSocket. A CONNECT without :protocol asks for a proxy."""
    if method == b"CONNECT":
        return [(":status", b"405"), ("allow", b"GET, HEAD, POST")], b""
    return [(":status", b"404")], b""


def answer(to: Acceptance | Refusal) -> Fields:
    """The fields to send."""
    fields = to.fields if isinstance(to, Acceptance) else to.fields(Bootstrap.EXTENDED_CONNECT)
    return [(":status", str(to.status).encode()), *fields]


class Echo:
    """A connection that sends back what comes. Calls `changed` when it may have more to send."""

    def __init__(
        self, accepted: Acceptance, settings: Settings, changed: Callable[[], None]
    ) -> None:
        self.conn = Connection(Role.SERVER, accepted.agreed, **settings.connection)
        self.changed = changed
        self.loop = asyncio.get_running_loop()
        self.timer: asyncio.TimerHandle | None = None
        self.closed: Closed | None = None
        self.tick()

    def receive(self, data: bytes) -> None:
        self.take(self.conn.receive_data(data))

    def eof(self) -> None:
        """The peer ended its direction: what it was sent before still goes out."""
        self.take(self.conn.receive_eof())

    def lost(self) -> None:
        """The stream was reset, or its session is gone."""
        self.take(self.conn.transport_lost())
        self.stop()

    def goodbye(self) -> None:
        self.conn.close(1001, "server is shutting down")
        self.set_timer()
        self.changed()

    def stop(self) -> None:
        """It is over: nobody is called any more."""
        self.unset_timer()
        self.changed = lambda: None

    def unset_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    @property
    def transport(self) -> TransportAction:
        return self.conn.transport_state

    @property
    def given_up(self) -> bool:
        """Whether it ran out of time, so that nothing more is to be said."""
        return self.closed is not None and self.closed.cause in TIMES_OUT

    def take(self, events: Iterable[object]) -> None:
        for event in events:
            if isinstance(event, (Text, Binary)):
                try:
                    self.conn.send(event.data)
                except ClosingError:
                    pass
                except BackpressureError:
                    self.conn.close(1008, "too much that is not read")
            elif isinstance(event, Closed):
                self.closed = event
        self.set_timer()
        self.changed()

    def tick(self) -> None:
        self.take(self.conn.handle_timeout(self.loop.time()))

    def set_timer(self) -> None:
        self.unset_timer()
        due = self.conn.next_timeout
        self.timer = None if due is None else self.loop.call_at(due, self.tick)
