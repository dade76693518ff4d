"""Ends of pairs beside which a program's own objects may sleep, as Durable Objects have them."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import sys
import threading
from collections.abc import Iterable
from typing import Any, Callable

from wspair._native import CloseEvent, ErrorEvent, MessageEvent
from wspair._pair import Event, WebSocket
from wspair._words import Phase
from wspair.exceptions import InvalidArgumentError, LocalProtocolError


class WebSocketRequestResponsePair:
    """A text, and the text that answers it while nobody is awake.

    Args:
        request: What a message has to be, to the letter.
        response: What is sent back.

    Raises:
        TypeError: one of them is no `str`.
    """

    __slots__ = ("_request", "_response")

    def __init__(self, request: str, response: str) -> None:
        for name, value in (("request", request), ("response", response)):
            if not isinstance(value, str):
                raise TypeError(f"{name} is {value!r}; allowed is a str")
        self._request = request
        self._response = response

    @property
    def request(self) -> str:
        """What a message has to be, to the letter."""
        return self._request

    @property
    def response(self) -> str:
        """What is sent back."""
        return self._response

    def __repr__(self) -> str:
        return f"WebSocketRequestResponsePair({self._request!r}, {self._response!r})"


class HibernatableWebSockets:
    """The WebSockets of an object that may sleep: they stay while it is dropped, and the next event
    makes it anew.

    The object may have three methods, each plain or asynchronous: `web_socket_message(ws,
    message)`, `web_socket_close(ws, code, reason, was_clean)` and `web_socket_error(ws, error)`;
    an event without its method is dropped. They are called in the thread that caused the event, in
    order at each end. Asynchronous ones run as tasks of the event loop there, so that the next
    event does not wait for them. What they raise goes to `sys.excepthook`, or to the event loop's
    exception handler, and ends nothing.

    No close is answered for the object: `web_socket_close` has to call `ws.close`.

    Args:
        wake: Makes the object; is called without arguments.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._awake: Any = None
        self._tags: dict[WebSocket, tuple[str, ...]] = {}
        """Of each end, in the order in which they were accepted."""
        self._answered: dict[WebSocket, datetime.datetime] = {}
        self._auto_response: WebSocketRequestResponsePair | None = None
        self._tasks: set[asyncio.Future[Any]] = set()
        self._lock = threading.RLock()

    def accept_web_socket(self, ws: WebSocket, tags: Iterable[str] = ()) -> None:
        """Accepts an end, whose events go to the object from now on.

        Args:
            ws: An untouched end. The other one, untouched too, may be accepted or coupled
                afterwards.
            tags: Up to 10 names to find the end by, each of up to 256 bytes of UTF-8.

        Raises:
            TypeError: it is no end, or the tags are no iterable of `str`.
            InvalidArgumentError: too many tags, or one that is too long.
            LocalProtocolError: one of the ends is in use, or there are 32768 already. As above,
                nothing was accepted.
        """
        if not isinstance(ws, WebSocket):
            raise TypeError(f"ws is {ws!r}; allowed is an end of a WebSocketPair")
        kept = _distinct(tags)
        with self._lock:
            if len(self._tags) >= MOST:
                raise LocalProtocolError(f"only {MOST} WebSockets can be accepted for one object")
            ws.accept_hibernatable()
            self._tags[ws] = kept
            ws._take = self._on_event
        ws._deliver()

    def get_web_sockets(self, tag: str | None = None) -> list[WebSocket]:
        """All ends, the newest first; those with a tag, the oldest first."""
        with self._lock:
            if tag is None:
                return list(reversed(self._tags))
            return [ws for ws, tags in self._tags.items() if tag in tags]

    def get_tags(self, ws: WebSocket) -> list[str]:
        """The tags of an end.

        Raises:
            LocalProtocolError: it is not, or not any more, among these ends.
        """
        with self._lock:
            tags = self._tags.get(ws)
        if tags is not None:
            return list(tags)
        if ws.phase is Phase.ACCEPTED:
            raise LocalProtocolError("only hibernatable WebSockets can have tags")
        raise LocalProtocolError("only an end that was given to accept_web_socket has tags")

    def set_web_socket_auto_response(self, pair: WebSocketRequestResponsePair | None) -> None:
        """Answers a message at any of these ends without the object. `None`: none any more.

        Raises:
            TypeError: it is something else.
            InvalidArgumentError: one of the texts has more than 2048 bytes of UTF-8.
        """
        if pair is not None:
            if not isinstance(pair, WebSocketRequestResponsePair):
                raise TypeError(
                    f"pair is {pair!r}; allowed are a WebSocketRequestResponsePair and None"
                )
            for name, text in (("Request", pair.request), ("Response", pair.response)):
                size = len(text.encode())
                if size > LONGEST_TEXT:
                    raise InvalidArgumentError(
                        f"{name} cannot be larger than {LONGEST_TEXT} bytes."
                        f" A {name.lower()} of size {size} was provided."
                    )
        self._auto_response = pair

    def get_web_socket_auto_response(self) -> WebSocketRequestResponsePair | None:
        """What `set_web_socket_auto_response` was given."""
        return self._auto_response

    def get_web_socket_auto_response_timestamp(self, ws: WebSocket) -> datetime.datetime | None:
        """When an end was last answered without the object, in UTC; `None` when it never was."""
        return self._answered.get(ws)

    def hibernate(self) -> None:
        """Drops the object. The ends stay, with their tags and attachments."""
        with self._lock:
            self._awake = None

    def abandon(self) -> None:
        """Drops the object and all ends: the other ones see 1006 after what was sent before."""
        with self._lock:
            self._awake = None
            dropped = list(self._tags)
            self._tags.clear()
            self._answered.clear()
        for ws in dropped:
            ws.abandon()

    def _on_event(self, ws: WebSocket, event: Event) -> None:
        if isinstance(event, MessageEvent):
            if not self._answer(ws, event.data):
                self._call("web_socket_message", ws, event.data)
            return
        try:
            if isinstance(event, CloseEvent):
                self._call("web_socket_close", ws, event.code, event.reason, event.clean)
            else:
                assert isinstance(event, ErrorEvent)
                self._call("web_socket_error", ws, event.error)
        finally:
            with self._lock:
                self._tags.pop(ws, None)
                self._answered.pop(ws, None)

    def _answer(self, ws: WebSocket, message: object) -> bool:
        auto = self._auto_response
        if auto is None or not isinstance(message, str) or message != auto.request:
            return False
        with self._lock:
            if ws in self._tags:
                self._answered[ws] = datetime.datetime.now(datetime.timezone.utc)
        try:
            ws.send(auto.response)
        except LocalProtocolError:
            pass  # it closed, or its other end is behind
        return True

    def _call(self, name: str, *args: Any) -> None:
        try:
            with self._lock:
                if self._awake is None:
                    self._awake = self._wake()
                handler = getattr(self._awake, name, None)
            result = None if handler is None else handler(*args)
            if inspect.iscoroutine(result):
                self._run(result)
        except Exception:
            sys.excepthook(*sys.exc_info())

    def _run(self, handling: Any) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            handling.close()
            raise TypeError("an asynchronous handler needs a running event loop") from None
        task = loop.create_task(handling)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            task.get_loop().call_exception_handler(
                {"message": "a handler of a WebSocket failed", "exception": error, "task": task}
            )


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, (str, bytes)):
        raise TypeError(f"tags is {tags!r}; allowed is an iterable of str")
    kept: dict[str, None] = {}
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"tags has {tag!r}; allowed are str")
        if len(kept) >= MOST_TAGS:
            raise InvalidArgumentError(
                f"a hibernatable WebSocket cannot have more than {MOST_TAGS} tags"
            )
        if len(tag.encode()) > LONGEST_TAG:
            raise InvalidArgumentError(f"{tag!r} is longer than {LONGEST_TAG} bytes")
        kept[tag] = None
    return tuple(kept)


MOST = 32_768
"""Ends of one object."""

MOST_TAGS = 10

LONGEST_TAG = 256
"""Bytes of a tag, as UTF-8."""

LONGEST_TEXT = 2048
"""Bytes of either text of a `WebSocketRequestResponsePair`, as UTF-8."""
