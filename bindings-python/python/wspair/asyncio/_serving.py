"""A running server, until all that it accepted has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any

from wspair._words import ReadyState
from wspair.asyncio._server_opening import ServerConnection, ServerOpening

if TYPE_CHECKING:
    import socket

    from wspair._negotiation import Negotiation
    from wspair._settings import Settings


class Server:
    """A running server."""

    def __init__(
        self,
        handler: Any,
        settings: Settings,
        negotiation: Negotiation,
        open_timeout: float | None,
        logger: Any,
    ) -> None:
        self.handler = handler
        self.settings = settings
        self.negotiation = negotiation
        self.open_timeout = open_timeout
        self.logger = logger
        self.openings: set[ServerOpening] = set()
        self.tasks: set[asyncio.Task[Any]] = set()
        self._idle: asyncio.Future[None] | None = None
        self._server: asyncio.AbstractServer | None = None
        self._closing: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets that are listened on."""
        return tuple(self._server.sockets) if self._server else ()  # type: ignore[attr-defined]

    @property
    def port(self) -> int:
        """The port of the first socket."""
        port: int = self.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> set[ServerConnection]:
        """Those that are open."""
        return {
            it.connection for it in self.openings if it.connection.ready_state is ReadyState.OPEN
        }

    def is_serving(self) -> bool:
        """Whether it accepts connections."""
        return self._closing is None and self._server is not None and self._server.is_serving()

    @property
    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._closing is not None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that it runs in."""
        assert self._server is not None
        return self._server.get_loop()

    async def start_serving(self) -> None:
        """Begins to accept, after `start_serving=False`."""
        assert self._server is not None
        await self._server.start_serving()

    async def serve_forever(self) -> None:
        """Waits until the server is closed; closes it when cancelled."""
        if self._closing is None:
            await self.start_serving()
        try:
            await self.wait_closed()
        except asyncio.CancelledError:
            await self.close()
            raise

    def close(
        self,
        close_connections: bool = True,
        code: int = 1001,
        reason: str = "",
        *,
        timeout: float | None = 10.0,
    ) -> Closing:
        """Stops listening, closes every connection, and sees the handlers and the peers out.

        Args:
            close_connections: Whether the connections are closed; else they are waited for.
            code: For each connection; 1001 says that the server goes away.
            reason: For each connection.
            timeout: Seconds until handlers are cancelled and transports dropped; `None` is never.

        Returns:
            What to await until all of it is done, as `wait_closed` does.
        """
        if self._closing is None:
            loop = self.get_loop()
            closing = self._close(close_connections, code, reason, timeout)
            self._closing = loop.create_task(closing)
        return Closing(self._closing)

    async def wait_closed(self) -> None:
        """Waits until the server is closed, and all that it accepted has ended."""
        assert self._closed is not None
        await asyncio.shield(self._closed)

    async def _start(self, where: dict[str, Any]) -> Server:
        loop = asyncio.get_running_loop()
        self._closed = loop.create_future()
        if where.pop("unix", False):
            where = {name: value for name, value in where.items() if value is not None}
            self._server = await loop.create_unix_server(lambda: ServerOpening(self), **where)
        else:
            where.pop("path", None)
            self._server = await loop.create_server(lambda: ServerOpening(self), **where)
        return self

    async def _close(
        self, close_connections: bool, code: int, reason: str, timeout: float | None
    ) -> None:
        assert self._server is not None
        assert self._closed is not None
        self._server.close()
        if close_connections:
            for opening in list(self.openings):
                opening.shut(code, reason)
        if not await self._wait_idle(timeout):
            for task in list(self.tasks):
                task.cancel()
            for opening in list(self.openings):
                opening.transport.abort()
            if not await self._wait_idle(LAST_CALL):
                self.logger.warning("%d handlers go on after they were cancelled", len(self.tasks))
        # From Python 3.12 on it waits for transports that asyncio thinks are there.
        await asyncio.wait({asyncio.ensure_future(self._server.wait_closed())}, timeout=LAST_CALL)
        if not self._closed.done():
            self._closed.set_result(None)

    async def _wait_idle(self, timeout: float | None) -> bool:
        """Waits until nothing that was accepted is left; `False` when that took too long."""
        if self.openings or self.tasks:
            self._idle = self.get_loop().create_future()
            await asyncio.wait({self._idle}, timeout=timeout)
            self._idle = None
        return not self.openings and not self.tasks

    def forget(
        self, *, opening: ServerOpening | None = None, task: asyncio.Task[Any] | None = None
    ) -> None:
        """Something that was accepted has ended."""
        if opening is not None:
            self.openings.discard(opening)
        if task is not None:
            self.tasks.discard(task)
        is_idle = not self.openings and not self.tasks
        if is_idle and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)


class Closing(Coroutine[Any, Any, None]):
    """What to await until a server is closed; it closes without that too."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task
        self._waiting: Generator[Any, None, None] | None = None

    def __await__(self) -> Generator[Any, None, None]:
        return asyncio.shield(self._task).__await__()

    def send(self, value: Any) -> Any:
        """See `collections.abc.Coroutine`; `asyncio.create_task` needs it."""
        if self._waiting is None:
            self._waiting = self.__await__()
        return self._waiting.send(value)

    def throw(self, *exception: Any) -> Any:
        """See `collections.abc.Coroutine`."""
        if self._waiting is None:
            self._waiting = self.__await__()
        return self._waiting.throw(*exception)

    def close(self) -> None:
        """See `collections.abc.Coroutine`."""
        if self._waiting is not None:
            self._waiting.close()


LAST_CALL = 1.0
"""Seconds that a cancelled handler has to end."""
