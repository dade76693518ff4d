"""A WebSocket protocol for uvicorn: `uvicorn --ws wspair.uvicorn:WebSocketProtocol app:app`.

uvicorn's options count: `ws_max_size`, `ws_ping_interval`, `ws_ping_timeout`,
`ws_per_message_deflate`. A received message waits for the application, and reading stops while too
many do.
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

from wspair._errors import ClosingError
from wspair._native import ErrorEvent, MessageEvent, Policy, Refusal, Request
from wspair.asyncio._server_wire import ServerWire

if TYPE_CHECKING:
    from wspair._options import ConnectionOptions

Message = dict[str, Any]

log = logging.getLogger("uvicorn.error")


class WebSocketProtocol(ServerWire):
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
        options: ConnectionOptions = {
            "max_message": config.ws_max_size,
            "ping_after": config.ws_ping_interval or None,
            "pong_within": config.ws_ping_timeout or None,
            "compression": compression,
        }
        super().__init__(Policy(compression=compression), None, options)
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._scope: Message = {}
        self._request: Request | None = None
        self._is_connected = False
        """The application was told of the connection."""
        self._answer: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None
        """A refusal of the application's, as far as it came."""
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._state.connections.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Takes the request, which uvicorn has read."""
        self._judge(self._handshake.receive_data(data))
        if self.task is not None:
            self._state.tasks.add(self.task)
            self.task.add_done_callback(self._state.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._state.connections.discard(self)

    def shutdown(self) -> None:
        """uvicorn goes down: tells the client, and lets the application read the end."""
        if self.ws is not None:
            self.ws.end.close(1012, "")
        elif not self._is_answered:
            self._refuse(503)

    async def run(self, request: Request) -> None:
        self._request = request
        self._scope = self._make_scope(request)
        code = 1011
        try:
            await self._config.loaded_app(self._scope, self._receive, self._send)
            code = 1000
        except ClientDisconnected:
            code = 1000
        except Exception:
            log.exception("Exception in ASGI application\n")
        if self.ws is not None:
            self.ws.end.close(code, "")
            await self.ws.close(None)
        elif not self._is_answered:
            if code == 1000 and not self.gone.done():
                log.error("ASGI callable returned without completing handshake.")
            self._refuse(500)

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
            "extensions": {"websocket.http.response": {}},
        }

    async def _receive(self) -> Message:
        if not self._is_connected:
            self._is_connected = True
            return {"type": "websocket.connect"}
        if self.ws is None:
            await asyncio.shield(self.gone)
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        event = await self.ws.receive()
        if isinstance(event, MessageEvent):
            kind = "text" if isinstance(event.data, str) else "bytes"
            return {"type": "websocket.receive", kind: event.data}
        if isinstance(event, ErrorEvent):
            return {"type": "websocket.disconnect", "code": 1006, "reason": event.error}
        return {"type": "websocket.disconnect", "code": event.code, "reason": event.reason}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self.gone.done():
            raise ClientDisconnected
        if self.ws is not None:
            await self._send_open(kind, message)
        elif self._is_answered:
            raise RuntimeError(
                f"Unexpected ASGI message '{kind}', after the connection was refused."
            )
        elif self._answer is not None and kind == "websocket.http.response.body":
            status, fields, body = self._answer
            self._answer = (status, fields, body + message.get("body", b""))
            if not message.get("more_body", False):
                self._refuse(*self._answer)
        elif self._answer is None and kind == "websocket.http.response.start":
            fields = [
                (name, value)
                for name, value in message.get("headers", [])
                if name.lower() not in (b"connection", b"content-length", b"transfer-encoding")
            ]
            self._answer = (message["status"], fields, b"")
        elif self._answer is None and kind == "websocket.close":
            self._refuse(403)
        elif self._answer is None and kind == "websocket.accept":
            self._accept(message)
        else:
            raise RuntimeError(f"Unexpected ASGI message '{kind}', before the connection is open.")

    async def _send_open(self, kind: str, message: Message) -> None:
        assert self.ws is not None
        try:
            if kind == "websocket.send":
                data = message.get("bytes")
                await self.ws.send(message["text"] if data is None else data)
            elif kind == "websocket.close":
                self.ws.end.close(message.get("code", 1000), message.get("reason") or "")
            else:
                raise RuntimeError(f"Unexpected ASGI message '{kind}' on an open connection.")
        except ClosingError:
            raise ClientDisconnected from None

    def _accept(self, message: Message) -> None:
        assert self._request is not None
        fields = [*self._state.default_headers, *message.get("headers", [])]
        self._is_answered = True
        if self.accept(self._request, message.get("subprotocol"), fields) is not None:
            self._log("[accepted]")

    def _refuse(
        self, status: int, fields: list[tuple[bytes, bytes]] | None = None, body: bytes = b""
    ) -> None:
        self._is_answered = True
        self.refuse(Refusal(status, [*self._state.default_headers, *(fields or [])], body))
        self._log(str(status))

    def _log(self, outcome: str) -> None:
        if self._scope:
            scope: Any = self._scope
            path = get_path_with_query_string(scope)
            log.info('%s - "WebSocket %s" %s', get_client_addr(scope), path, outcome)
