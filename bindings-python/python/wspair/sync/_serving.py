"""A running server for threads, until all that it accepted has ended."""

from __future__ import annotations

import inspect
import selectors
import socket
import ssl as _ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from wspair._http import Response
from wspair._native import Acceptance, Refusal, Request
from wspair._negotiation import Negotiation, failure, opening, refusal
from wspair._words import ReadyState, Role
from wspair.exceptions import ConnectionClosed
from wspair.sync._opening import LONGEST, Deadline, hang_up, read_request
from wspair.sync._websocket import WebSocket
from wspair.sync._wire import LINGER, Wire

if TYPE_CHECKING:
    from typing_extensions import Self

    from wspair._settings import Settings


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


class Server:
    """A server that listens. `serve_forever` accepts, `shutdown` ends it.

    Attributes:
        socket: What it listens on.
        handler: What is called with each connection.
    """

    def __init__(
        self,
        sock: socket.socket,
        handler: Any,
        ssl: _ssl.SSLContext | None,
        settings: Settings,
        negotiation: Negotiation,
        open_timeout: float | None,
        logger: Any,
    ) -> None:
        self.socket = sock
        self.handler = handler
        self.logger = logger
        self._ssl = ssl
        self._settings = settings
        self._negotiation = negotiation
        self._open_timeout = open_timeout
        # A signal handler may come in between.
        self._lock = threading.RLock()
        self._visits: dict[threading.Thread, _Visit] = {}
        self._is_serving = False
        self._is_closing = False
        self._wakes, self._wake = socket.socketpair()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self.socket.getsockname()[1]
        return port

    @property
    def connections(self) -> set[ServerConnection]:
        """Those that are open."""
        with self._lock:
            visits = list(self._visits.values())
        return {it.ws for it in visits if it.ws is not None and it.ws.state is ReadyState.OPEN}

    def fileno(self) -> int:
        """The descriptor of the socket that it listens on."""
        return self.socket.fileno()

    def serve_forever(self) -> None:
        """Accepts connections until `shutdown`, which another thread or a signal handler calls."""
        with self._lock:
            if self._is_closing:
                return
            self._is_serving = True
        self.socket.setblocking(False)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.socket, selectors.EVENT_READ)
                selector.register(self._wakes, selectors.EVENT_READ)
                while not self._is_closing:
                    selector.select()
                    if not self._is_closing:
                        self._accept()
        finally:
            with self._lock:
                self._is_serving = False
            if self._is_closing:
                self._close_sockets()

    def _accept(self) -> None:
        try:
            sock, _ = self.socket.accept()
        except BlockingIOError:
            return
        except OSError as error:
            # As with too many open files: it may pass.
            self.logger.warning("a connection could not be accepted: %s", error)
            time.sleep(0.1)
            return
        visit = _Visit(self, sock)
        try:
            threading.Thread(target=visit.run, name="wspair handler", daemon=True).start()
        except RuntimeError as error:
            # There are too many, which may pass too.
            sock.close()
            self.logger.warning("a connection could not be accepted: %s", error)

    def _close_sockets(self) -> None:
        for sock in (self.socket, self._wake, self._wakes):
            sock.close()

    def shutdown(self, code: int = 1001, reason: str = "", *, timeout: float | None = 10.0) -> None:
        """Stops accepting, closes every connection, and sees the handlers and the peers out.

        Args:
            code: For each connection; 1001 says that the server goes away.
            reason: For each connection.
            timeout: Seconds until the sockets are dropped; `None` is never.
        """
        with self._lock:
            self._is_closing = True
            visits = dict(self._visits)
            if self._is_serving:
                # It closes the sockets, as it may wait for them.
                self._wake.send(b"\0")
            else:
                self._close_sockets()
        for visit in visits.values():
            visit.shut(code, reason)
        until = None if timeout is None else time.monotonic() + timeout
        for last_call in (False, True):
            for thread, visit in visits.items():
                if thread is threading.current_thread():
                    continue
                if last_call and thread.is_alive():
                    visit.drop()
                left = None if until is None else max(0.0, until - time.monotonic())
                thread.join(LAST_CALL if last_call else left and min(left, LONGEST))
        alive = sum(it.is_alive() for it in visits if it is not threading.current_thread())
        if alive:
            self.logger.warning("%d handlers go on after their connections ended", alive)

    close = shutdown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.shutdown()

    def _admit(self, visit: _Visit) -> bool:
        """Counts a visit in, unless the server closes.

        Its own thread asks for that: what a signal handler raises where it was accepted leaves none
        out.
        """
        with self._lock:
            if not self._is_closing:
                self._visits[threading.current_thread()] = visit
            return not self._is_closing

    def _forget(self) -> None:
        with self._lock:
            del self._visits[threading.current_thread()]


class _Visit:
    """A client, from its arrival on."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.ws: ServerConnection | None = None
        self._server = server
        self._sock = sock
        self._wire: Wire | None = None
        self._log = server.logger

    def run(self) -> None:
        """Answers the request, and runs the handler."""
        if not self._server._admit(self):
            self._sock.close()
            return
        try:
            wire = self._open()
            if wire is not None:
                self._handle(wire)
        except OSError as error:
            self._log.debug("the handshake was not completed: %s", error)
        except Exception:
            self._log.exception("the connection failed")
        finally:
            if self._wire is None:
                self._sock.close()
            self._server._forget()

    def shut(self, code: int, reason: str) -> None:
        """The server closes."""
        wire = self._wire
        if wire is None:
            self.drop()
            return
        with wire.changed:
            wire.close(code, reason)

    def drop(self) -> None:
        """Whatever goes on ends."""
        if self._wire is not None:
            with self._wire.changed:
                self._wire.abort()
        else:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is not connected any more

    def _open(self) -> Wire | None:
        server = self._server
        deadline = Deadline(server._open_timeout, "no request")
        self._sock.settimeout(deadline.left())
        if server._ssl is not None:
            self._sock = server._ssl.wrap_socket(self._sock, server_side=True)
        request, handshake = read_request(self._sock, deadline)
        if isinstance(request, Refusal):
            self._refuse(request)
            return None
        ws = ServerConnection(self._sock)
        ws.server, ws.request = server, request
        self.ws = ws
        try:
            answer = self._answer(ws, request)
        except Exception:
            self._log.exception("the handshake failed")
            answer = failure()
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return None
        acceptance, fields = answer
        connection = server._settings.connection(Role.SERVER, acceptance.agreed, auto_close=False)
        wire = Wire(self._sock, connection, server._settings, self._log, str(ws.remote_address))
        # Whoever finds it among the server's connections from now on waits for the answer.
        with wire.changed:
            ws._wire = self._wire = wire
            try:
                self._sock.settimeout(deadline.left())
                self._sock.sendall(acceptance.to_bytes(fields))
            except OSError:
                self._wire = None
                wire.discard()
                raise
            wire.start(handshake.rest)
        if server._is_closing:
            self.shut(1001, "")
        return wire

    def _answer(
        self, ws: ServerConnection, request: Request
    ) -> Refusal | tuple[Acceptance, list[tuple[bytes, bytes]]]:
        ours = self._server._negotiation
        if self._server._is_closing:
            return Refusal(503)
        if ours.process_request is not None:
            answer = ours.process_request(ws, request)
            if answer is not None:
                return refusal("process_request", answer)
        acceptance = ours.judge(ws, request)
        if isinstance(acceptance, Refusal):
            return acceptance
        response = ours.propose(acceptance)
        if ours.process_response is not None:
            response = ours.process_response(ws, request, response) or response
            if not isinstance(response, Response) or response.status_code != 101:
                return refusal("process_response", response)
        fields = opening(acceptance, response)
        acceptance.to_bytes(fields)
        ws.response = response
        return acceptance, fields

    def _refuse(self, answer: Refusal) -> None:
        self._log.debug("refused: %s (%s)", answer.status, answer.cause)
        hang_up(self._sock, answer.to_bytes(), LINGER)

    def _handle(self, wire: Wire) -> None:
        assert self.ws is not None
        code = 1011
        try:
            result = self._server.handler(self.ws)
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError("the handler is asynchronous: see wspair.asyncio for such")
            code = 1000
        except ConnectionClosed:
            if wire.closed is None and not wire.is_gone and wire.sent_close is None:
                # That of another connection.
                self._log.exception("connection handler failed")
        except Exception:
            self._log.exception("connection handler failed")
        finally:
            with wire.changed:
                wire.close(code, "")
            self.ws.wait_closed()


LAST_CALL = 1.0
"""Seconds that a handler has to end once its connection did."""
