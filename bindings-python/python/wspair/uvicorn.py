"""A WebSocket protocol for uvicorn: `uvicorn --ws wspair.uvicorn:WebSocketProtocol app:app`.

uvicorn's options count: `ws_max_size`, `ws_max_queue`, `ws_ping_interval`, `ws_ping_timeout`,
`ws_per_message_deflate`. A received message waits for the application, and reading pauses while too
many do. What ended a connection is a value under the key "wspair.closed" of `websocket.disconnect`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import (
    ClientDisconnected,
    get_client_addr,
    get_local_addr,
    get_path_with_query_string,
    get_remote_addr,
    is_ssl,
)
from uvicorn.server import ServerState

from wspair._http import phrase, without_framing
from wspair._native import Acceptance, Policy, Refusal, Request
from wspair._settings import settle
from wspair.asyncio._opening import Opening
from wspair.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from wspair._options import Fields

__all__ = ["EXTENSION", "WebSocketProtocol"]

Message = dict[str, Any]

EXTENSION = "wspair.closed"
"""The key of the `Closed` in a `websocket.disconnect` message: what ended it, with cause,
broken rule, limit and size. `None` where the application closed, and that is not through yet. The
scope's extensions have it too."""

log = logging.getLogger("uvicorn.error")


class WebSocketProtocol(Opening):
    """What uvicorn makes for each connection that asks for a WebSocket."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        compression = bool(config.ws_per_message_deflate)
        settings = settle(
            {},
            type(self),
            compression=compression,
            max_size=config.ws_max_size,
            max_queue=config.ws_max_queue,
            ping_interval=config.ws_ping_interval or None,
            ping_timeout=config.ws_ping_timeout or None,
        )
        # uvicorn has read the request, or does so in its own time.
        super().__init__(None, settings, log)
        self._policy = Policy(compression=compression)
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._scope: Message = {}
        self._is_told = False
        """The application was told of the connection."""
        self._denial: tuple[int, Fields, bytes] | None = None
        """A refusal of the application's, as far as it came."""
        self._is_streaming = False
        """Its head is out, and its body is not complete."""
        self._writable: asyncio.Future[None] | None = None
        """What waits for the client to take what was written."""
        self._answered: asyncio.Future[None] = self.loop.create_future()
        self._receiving = asyncio.Lock()
        self._closed: tuple[int, str] | None = None
        """With what this side closed."""
        self._has_app_closed = False

    # What uvicorn and the transport call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._state.connections.add(self)  # type: ignore[arg-type]
        super().connection_made(transport)

    def shutdown(self) -> None:
        """uvicorn goes down: tells the client, and lets the application read the end."""
        if self.wire is not None:
            self._close(1012, "")
        elif self._is_streaming:
            self.transport.abort()
        else:
            self._refuse(503)

    def on_leave(self) -> None:
        self._settle()

    def on_closed(self) -> None:
        self._settle()
        self._state.connections.discard(self)
        if self.wire is not None:
            log.info("connection closed")

    def on_request(self, request: Request) -> None:
        self._scope = self._make_scope(request)
        self.run(self._run_app())
        assert self.task is not None
        self._state.tasks.add(self.task)
        self.task.add_done_callback(self._state.tasks.discard)

    def _make_scope(self, request: Request) -> Message:
        root_path = self._config.root_path
        raw_path, _, query_string = request.target.partition("?")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(self.transport) else "ws",
            "server": get_local_addr(self.transport),
            "client": get_remote_addr(self.transport),
            "root_path": root_path,
            "path": root_path + unquote(raw_path),
            "raw_path": (root_path + raw_path).encode("ascii"),
            "query_string": query_string.encode("ascii"),
            "headers": [(name.lower().encode(), value) for name, value in request.fields],
            "subprotocols": request.subprotocols,
            "state": self._app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: {}},
        }

    # The application.

    async def _run_app(self) -> None:
        code = 1011
        try:
            result: Any = await self._config.loaded_app(self._scope, self._receive, self._send)
            code = 1000
            if not (self.is_answered or self.is_gone):
                log.error("ASGI callable returned without completing handshake.")
            elif result is not None:
                log.error("ASGI callable should return None, but returned '%s'.", result)
        except ClientDisconnected:
            code = 1000
        except Exception:
            log.exception("Exception in ASGI application\n")
        finally:
            if self.wire is not None:
                self._close(code, "")
                if not self.wire.is_gone:
                    self.wire.discard()
            elif self._is_streaming:
                # Without its end nobody may take the body for whole.
                self.transport.abort()
            else:
                self._refuse(500)
        if self.wire is not None:
            await self.wire.wait_gone()

    async def _receive(self) -> Message:
        if not self._is_told:
            self._is_told = True
            return {"type": "websocket.connect"}
        # Several tasks may wait, as with a queue.
        async with self._receiving:
            await self._answered
            wire = self.wire
            if wire is None:
                return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
            while not isinstance(message := wire.receive(), (str, bytes)):
                if message is None or self._closed is not None:
                    code, reason = self._closed or wire.end()
                    end = {"type": "websocket.disconnect", "code": code, "reason": reason}
                    return {**end, EXTENSION: wire.closed}
                await message
        kind = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", kind: message}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self.wire is not None:
            await self._send_open(kind, message)
        elif self.is_answered and not self._is_streaming:
            raise RuntimeError(
                f"Unexpected ASGI message '{kind}', after the connection was refused."
            )
        elif self.is_gone:
            await asyncio.sleep(0)
            raise ClientDisconnected
        elif self._denial is not None and kind == "websocket.http.response.body":
            await self._send_denial(message.get("body", b""), message.get("more_body", False))
        elif self._denial is None and kind == "websocket.http.response.start":
            self._denial = (message["status"], without_framing(message.get("headers", [])), b"")
            if not 200 <= message["status"] < 600:
                raise RuntimeError(f"Invalid HTTP status code '{message['status']}' in response.")
        elif self._denial is None and kind == "websocket.close":
            self._refuse(403)
        elif self._denial is None and kind == "websocket.accept":
            self._accept(message)
        else:
            raise RuntimeError(f"Unexpected ASGI message '{kind}', before the connection is open.")

    async def _send_denial(self, part: bytes, more: bool) -> None:
        """What is short goes out at once, with its length; what goes on, as the client takes it."""
        assert self._denial is not None
        status, fields, body = self._denial
        if self._is_streaming:
            self.transport.write(part)
        elif more and len(body) + len(part) >= SHORT:
            self._is_streaming = True
            self.refuse_in_parts(Refusal(status, [*self._state.default_headers, *fields]))
            self._log(str(status))
            self.transport.write(body + part)
        else:
            self._denial = (status, fields, body + part)
            if not more:
                self._refuse(*self._denial)
            return
        if not more:
            self._is_streaming = False
            self.hang_up()
            self._settle()
        while self._writable is not None:
            await self._writable
        # Where the client takes all, others have their turn too.
        await asyncio.sleep(0)

    def pause_writing(self) -> None:
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.resume_writing()

    async def _send_open(self, kind: str, message: Message) -> None:
        assert self.wire is not None
        if self._has_app_closed:
            raise RuntimeError(
                f"Unexpected ASGI message '{kind}', after sending 'websocket.close'."
            )
        if kind == "websocket.send":
            data = message.get("bytes")
            if data is None:
                data = message["text"]
            try:
                if (why := self.wire.send(data)) is not None:
                    await self.wire.finish(why, data)
            except ConnectionClosed as error:
                raise ClientDisconnected from error
        elif kind == "websocket.close":
            self._close(message.get("code", 1000), message.get("reason") or "")
            self._has_app_closed = True
        else:
            raise RuntimeError(f"Unexpected ASGI message '{kind}' on an open connection.")

    def _accept(self, message: Message) -> None:
        assert self.request is not None
        fields = [*self._state.default_headers, *message.get("headers", [])]
        subprotocol = message.get("subprotocol")
        if subprotocol is not None and subprotocol not in self.request.subprotocols:
            # A client fails at a subprotocol that it did not offer (RFC 6455 4.1).
            log.warning("subprotocol %r was not offered, and is left out", subprotocol)
            subprotocol = None
        answer = self.request.accept(self._policy, subprotocol)
        if not isinstance(answer, Acceptance):
            self.refuse(answer)
            self._settle()
        elif self.open(answer, fields) is None:
            raise ClientDisconnected
        else:
            self._log("[accepted]")
            log.info("connection open")
            self._settle()
            self.start()

    def _close(self, code: int, reason: str) -> None:
        """Closes, unless somebody did before."""
        assert self.wire is not None
        if self._closed is None and not self.wire.has_ended:
            self.wire.close(code, reason)
            self._closed = (code, reason)
            self.wire.wake_reader()

    def _refuse(self, status: int, fields: Fields = (), body: bytes | None = None) -> None:
        if self.is_answered or self.is_gone:
            return
        own = dict(self._state.default_headers)
        if body is None and status >= 500:
            own[b"content-type"] = b"text/plain; charset=utf-8"
            body = phrase(status).encode()
        self.refuse(Refusal(status, [*own.items(), *fields], body))
        self._log(str(status))
        self._settle()

    def _settle(self) -> None:
        """There is an answer, or nobody who waits for one."""
        if not self._answered.done():
            self._answered.set_result(None)

    def _log(self, outcome: str) -> None:
        if self._scope:
            scope: Any = self._scope
            path = get_path_with_query_string(scope)
            log.info('%s - "WebSocket %s" %s', get_client_addr(scope), path, outcome)


SHORT = 64 << 10
"""A refusal's body that goes on beyond this is not waited for."""
