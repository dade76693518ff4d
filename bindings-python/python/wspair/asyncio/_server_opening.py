"""A server's connection, from the first byte to the last, with the handler behind it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from wspair._ending import describe
from wspair._http import Response
from wspair._native import Acceptance, Refusal, Request
from wspair._negotiation import failure, opening, refusal
from wspair.asyncio._opening import Opening
from wspair.asyncio._websocket import WebSocket
from wspair.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from wspair.asyncio._serving import Server
    from wspair.asyncio._wire import Wire


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
        super().__init__(server.open_timeout, server.settings, server.logger)
        self._server = server

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
        if self.wire is not None and self.log.isEnabledFor(logging.INFO):
            self.log.info(
                "connection closed: %s, %s",
                self.connection.remote_address,
                describe(self.wire.closed),
            )
        self._server.forget(opening=self)

    # The handshake.

    def on_request(self, request: Request) -> None:
        self.connection.request = request
        ours = self._server.negotiation
        if ours.process_request is not None or ours.process_response is not None:
            self.run(self._process(request))
            return
        # At once, as the client may have ended its direction behind what it sent.
        try:
            acceptance = self._judge_request(request)
            wire = None
            if acceptance is not None:
                wire = self._open(acceptance, ours.propose(acceptance))
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
        ours = self._server.negotiation
        if ours.process_request is not None:
            answer = ours.process_request(self.connection, request)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is not None:
                self._refuse(refusal("process_request", answer))
                return None
        acceptance = self._judge_request(request)
        if acceptance is None:
            return None
        response = ours.propose(acceptance)
        if ours.process_response is not None:
            answer = ours.process_response(self.connection, request, response)
            if inspect.isawaitable(answer):
                answer = await answer
            response = response if answer is None else answer
            if not isinstance(response, Response) or response.status_code != 101:
                self._refuse(refusal("process_response", response))
                return None
        return self._open(acceptance, response)

    def _judge_request(self, request: Request) -> Acceptance | None:
        """The answer that opens the connection; `None` when it was refused."""
        if self._server.is_closing:
            self.refuse(Refusal(503))
            return None
        answer = self._server.negotiation.judge(self.connection, request)
        if isinstance(answer, Acceptance):
            return answer
        self.log.debug("refused: %s (%s)", answer.status, answer.cause)
        self.refuse(answer)
        return None

    def _open(self, acceptance: Acceptance, response: Response) -> Wire | None:
        wire = self.open(acceptance, opening(acceptance, response))
        if wire is None:
            return None
        self.connection._wire = wire
        self.connection.response = response
        if self.log.isEnabledFor(logging.INFO):
            self.log.info("connection open: %s", self.connection.remote_address)
        return wire

    def _refuse(self, answer: Refusal) -> None:
        self.log.info("refused: %s", answer.status)
        self.refuse(answer)

    def _fail(self) -> None:
        self.log.exception("the handshake failed")
        self.refuse(failure())

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
                self.log.exception("connection handler failed")
        except asyncio.CancelledError:
            code = 1001
            raise
        except Exception:
            self.log.exception("connection handler failed")
        finally:
            wire.close(code, "")
        await wire.wait_gone()
