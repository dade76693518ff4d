"""A server's connection, from the first byte to the last, with the handler behind it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from wspair._http import Headers, Response
from wspair._native import Acceptance, Refusal, Request
from wspair.asyncio._opening import Opening, without_framing
from wspair.asyncio._websocket import WebSocket
from wspair.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from wspair.asyncio._wire import Wire
    from wspair.asyncio.server import Server


class ServerConnection(WebSocket):
    """A connection of a server, from the request on.

    Attributes:
        server: The server.
        request: What the client asked for: `path`, `headers`, `subprotocols`, …
        username: Whom `basic_auth` let in.
    """

    server: Server
    request: Request
    username: str

    def respond(self, status: int, text: str = "") -> Response:
        """Makes a plain text answer for `process_request` to return."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return Response(int(status), headers=headers, body=text.encode())


class ServerOpening(Opening):
    """Answers the request as the server's options say, and runs the handler."""

    connection: ServerConnection

    def __init__(self, server: Server) -> None:
        super().__init__(server.open_timeout, server.settings)
        self._server = server
        self._log = server.logger

    def shut(self, code: int, reason: str) -> None:
        """The server closes."""
        if self.wire is not None:
            self.wire.close(code, reason)
        elif self.task is None and not self.is_answered:
            self.transport.close()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection = ServerConnection(transport)
        self.connection.server = self._server
        self._server.openings.add(self)
        super().connection_made(transport)
        if self._server.is_closing:
            self.transport.abort()

    def on_closed(self) -> None:
        if self.wire is not None and self._log.isEnabledFor(logging.INFO):
            self._log.info("connection closed: %s", self.wire.closed or "lost")
        self._server.forget(opening=self)

    # The handshake.

    def on_request(self, request: Request) -> None:
        self.connection.request = request
        server = self._server
        if server.process_request is not None or server.process_response is not None:
            self.run(self._process(request))
            return
        # At once, as the client may have ended its direction behind what it sent.
        try:
            acceptance = self._judge_request(request)
            wire = self._open(acceptance) if acceptance is not None else None
        except Exception:
            self._fail()
        else:
            if wire is not None:
                self.run(self._handle(wire))
                self.start()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        super().run(coroutine)
        assert self.task is not None
        self._server.tasks.add(self.task)
        self.task.add_done_callback(lambda task: self._server.forget(task=task))

    async def _process(self, request: Request) -> None:
        try:
            wire = await self._answer(request)
        except Exception:
            self._fail()
        else:
            if wire is not None:
                self.start()
                await self._handle(wire)

    async def _answer(self, request: Request) -> Wire | None:
        server = self._server
        if server.process_request is not None:
            answer = server.process_request(self.connection, request)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is not None:
                self._refuse("process_request", answer)
                return None
        acceptance = self._judge_request(request)
        if acceptance is None or server.process_response is None:
            return self._open(acceptance) if acceptance is not None else None
        proposed = Response(101, headers=Headers(acceptance.fields))
        answer = server.process_response(self.connection, request, proposed)
        if inspect.isawaitable(answer):
            answer = await answer
        response = proposed if answer is None else answer
        if isinstance(response, Response) and response.status_code == 101:
            return self._open(acceptance, response)
        self._refuse("process_response", response)
        return None

    def _judge_request(self, request: Request) -> Acceptance | None:
        """The answer that opens the connection; `None` when it was refused."""
        server = self._server
        if server.is_closing:
            self.refuse(Refusal(503))
            return None
        offered = request.subprotocols
        if server.select_subprotocol is not None:
            chosen = server.select_subprotocol(self.connection, offered)
        else:
            chosen = next((name for name in server.subprotocols if name in offered), None)
        answer = request.accept(server.origins.policy(request), chosen)
        if isinstance(answer, Acceptance):
            return answer
        self._log.debug("refused: %s (%s)", answer.status, answer.cause)
        self.refuse(answer)
        return None

    def _open(self, acceptance: Acceptance, response: Response | None = None) -> Wire | None:
        extra = Headers()
        if response is not None:
            own = Counter(Headers(acceptance.fields).raw_items())
            for name, value in response.headers.raw_items():
                if own[name, value]:
                    own[name, value] -= 1
                else:
                    extra[name] = value
        if self._server.server_header is not None:
            extra["Server"] = self._server.server_header
        wire = self.open(acceptance, extra.encoded())
        if wire is None:
            return None
        self.connection._wire = wire
        answer = Headers(acceptance.fields)
        for name, value in extra.raw_items():
            answer[name] = value
        self.connection.response = Response(101, headers=answer)
        if self._log.isEnabledFor(logging.INFO):
            self._log.info("connection open: %s", self.connection.remote_address)
        return wire

    def _refuse(self, who: str, answer: Any) -> None:
        if isinstance(answer, Response):
            answer = Refusal(
                answer.status_code, without_framing(answer.headers.encoded()), answer.body
            )
        if not isinstance(answer, Refusal):
            raise TypeError(f"{who} returned {answer!r}; allowed are Response, Refusal and None")
        self._log.info("refused: %s", answer.status)
        self.refuse(answer)

    def _fail(self) -> None:
        self._log.exception("the handshake failed")
        fields = {"Content-Type": "text/plain; charset=utf-8"}
        self.refuse(Refusal(500, fields, b"The server failed; its log says why.\n"))

    # The connection.

    async def _handle(self, wire: Wire) -> None:
        code = 1011
        try:
            result: Any = self._server.handler(self.connection)
            if not inspect.isawaitable(result):
                raise TypeError(f"the handler is not async: it returned {result!r}")
            await result
            code = 1000
        except ConnectionClosed:
            if not (wire.has_ended or wire.is_gone or wire.was_closed_here):
                # That of another connection.
                self._log.exception("connection handler failed")
        except asyncio.CancelledError:
            code = 1001
            raise
        except Exception:
            self._log.exception("connection handler failed")
        finally:
            wire.close(code, "")
        await wire.wait_gone()
