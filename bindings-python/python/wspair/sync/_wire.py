"""A connection on a blocking program's socket: one thread of its own reads, writes and keeps time.

The peer's Close is answered, pings are, and keepalive runs, whatever the application does.
"""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
import threading
import time
from typing import Any

from wspair._ending import closed_error, describe
from wspair._native import Binary, Close, Closed, Connection, FrameLog, Pong, Text
from wspair._pings import Pings
from wspair._settings import Settings
from wspair._words import ReadyState, Role, TransportAction
from wspair.exceptions import ClosingError, ConnectionClosed
from wspair.sync._answering import Answering
from wspair.sync._inbox import Data, Inbox


class Wire:
    """What a connection does with its socket and those who wait. `start` begins."""

    def __init__(
        self, sock: socket.socket, connection: Connection, settings: Settings, log: Any, name: str
    ) -> None:
        self.sock = sock
        self.connection = connection
        self.log = log
        self._name = name
        self.changed = threading.Condition()
        """Held around all that is below; told of whatever changes."""
        self.inbox = Inbox(*settings.max_queue)
        self._answering = Answering(self.inbox, settings.close_timeout)
        self.closed: Closed | None = None
        self.sent_close: Close | None = None
        """The Close frame that the application asked for."""
        self.is_told = False
        """The application was told the end where it asked for a message."""
        self.is_gone = False
        self.is_dropped = False
        """Nobody has the connection any more."""
        self.pings = Pings()
        self.write_limit = settings.write_limit[0]
        self._is_reading = True
        self._read_size = READ_COMPRESSED if connection.agreed.compression else READ
        self._discards = False
        self._output = bytearray()
        """What the engine gave out and the socket has not taken."""
        self._exception: BaseException | None = None
        self._has_eof = False
        self._is_eof_told = False
        self._has_finished = False
        self._drop_at: float | None = None
        self._is_tls = isinstance(sock, ssl.SSLSocket)
        self._tls_wants_write = False
        self._wakes, self._wake = socket.socketpair()
        self._frames: tuple[FrameLog, FrameLog] | None = None
        if log.isEnabledFor(logging.DEBUG):
            role = connection.role
            peer = Role.CLIENT if role is Role.SERVER else Role.SERVER
            self._frames = (FrameLog(role), FrameLog(peer))
        self._thread = threading.Thread(target=self._run, name="wspair", daemon=True)

    def start(self, rest: bytes) -> None:
        """Begins, with what came behind the handshake."""
        self.sock.setblocking(False)
        for sock in (self._wakes, self._wake):
            sock.setblocking(False)
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            pass  # another kind of socket
        with self.changed:
            # The engine knows the clock from now on.
            self._take(self.connection.handle_timeout(time.monotonic()))
            self._receive(rest)
        self.log.info("connection open: %s", self._name)
        self._thread.start()

    def discard(self) -> None:
        """There will be no connection, instead of `start`."""
        self.connection.abort()
        self.is_gone = True
        self._wake.close()
        self._wakes.close()

    # What the application's side calls, with `changed` held.

    def pop(self) -> Data | None:
        """The oldest message that waits."""
        message = self.inbox.pop()
        if message is not None:
            self._answering.message_taken()
            if not self._is_reading and self.inbox.has_room:
                self.nudge()
        return message

    def ask(self) -> None:
        """The application waits for a message: it has answered those before."""
        if self._answering.message_asked_for():
            self.nudge()

    def check(self) -> None:
        """Raises `ClosingError` where nothing can be sent any more."""
        if self.is_told or self.is_gone:
            raise ClosingError

    def flush(self) -> None:
        """Writes what the socket takes now; the thread sees to the rest."""
        if threading.current_thread() is self._thread:
            return
        due = self.connection.next_timeout
        if not self._holds_output():
            self._write()
        if (
            self._output
            or due is not None
            or self.connection.transport_state != TransportAction.OPEN
        ):
            self.nudge()

    def nudge(self) -> None:
        """Has the thread look again."""
        try:
            self._wake.send(b"\0")
        except OSError:
            pass  # it is about to, or it ended

    def buffered(self) -> int:
        """Bytes that were sent and that the socket has not taken."""
        return len(self._output) + self.connection.buffered_amount

    def close(self, code: int | None, reason: str) -> None:
        """Starts the closing handshake, or completes it."""
        may_send = self.closed is None and self.sent_close is None
        self.connection.close(code, reason)
        if may_send:
            self.sent_close = Close(code, reason)
        # Nothing must keep the peer's Close frame from being read.
        self._discards = True
        self._answering.stop()
        self.flush()
        self.nudge()

    def abort(self) -> None:
        """Drops the socket without a closing handshake."""
        self.connection.abort()
        self._drop_at = 0
        self.nudge()

    def error(self) -> ConnectionClosed:
        """What to raise where the end is in the way."""
        return closed_error(
            self.closed, self.sent_close, self.connection.fault, self._exception, self.is_gone
        )

    # The thread.

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._wakes, selectors.EVENT_READ)
                registered = 0
                while True:
                    with self.changed:
                        wait = self._turn()
                        if wait is None:
                            break
                        registered = self._register(selector, registered)
                    for key, mask in selector.select(wait):
                        if key.fileobj is self._wakes:
                            self._drain()
                        elif mask & selectors.EVENT_READ or self._tls_wants_write:
                            with self.changed:
                                self._read()
        except Exception as error:
            self.log.exception("the connection failed")
            self._exception = error
        finally:
            self._end()

    def _turn(self) -> float | None:
        """Does what is due, and says how long to wait; `None` at the end."""
        now = time.monotonic()
        if self.is_dropped and self.sent_close is None and self.closed is None:
            self.close(1001, "")
        due = self.connection.next_timeout
        if due is not None and due <= now:
            # What the socket holds is read before the time is told.
            self._read()
            has_pinged = self.connection.awaits_pong
            self.connection.transport_holds(len(self._output))
            self._take(self.connection.handle_timeout(now))
            if self.connection.awaits_pong and not has_pinged:
                self.pings.keepalive_sent()
        answer_at = self._answer_peer(now)
        if self._has_eof and not self._is_eof_told and not self._waits_for_answers():
            self._is_eof_told = True
            self._take(self.connection.receive_eof())
        if self._holds_output():
            assert self._answering.until is not None
            return min(max(0.0, self._answering.until - now), LONG)
        self._write()
        state = self.connection.transport_state
        is_written = not self._output and not self.connection.wants_write
        if state == TransportAction.FINISH_WRITING and is_written and not self._has_finished:
            self._has_finished = True
            self._finish()
        if state == TransportAction.CLOSE:
            if self._drop_at is None:
                self._drop_at = now + LINGER
            if is_written or now >= self._drop_at:
                return None
        if self.is_gone:
            return None
        self.changed.notify_all()
        all_times = (self.connection.next_timeout, self._drop_at, answer_at, self._answering.until)
        times = [it for it in all_times if it is not None]
        return min(max(0.0, min(times) - now), LONG) if times else LONG

    def _answer_peer(self, now: float) -> float | None:
        """Answers the peer's Close when the application has answered what came before it, or takes
        too long; else says when that is."""
        peer_close = self._answering.peer_close
        if peer_close is not None and self.closed is None:
            due = self._answering.delays_close(now, bool(self._output))
            if due is not None:
                return due
            self.connection.close(peer_close.code)
            self._answering.peer_close = None
        if self.closed is None and self.connection.ready_state == ReadyState.CLOSED:
            # It was ended by a call.
            self._take(self.connection.receive_data(b""))
        return None

    def _register(self, selector: selectors.BaseSelector, registered: int) -> int:
        reads = self._reads()
        if reads != self._is_reading:
            self._is_reading = reads
            self.connection.hold_input(not reads)
        wanted = 0
        if reads and not self._has_eof:
            wanted |= selectors.EVENT_READ
        if self._output or self._tls_wants_write:
            wanted |= selectors.EVENT_WRITE
        if wanted != registered:
            if not registered:
                selector.register(self.sock, wanted)
            elif not wanted:
                selector.unregister(self.sock)
            else:
                selector.modify(self.sock, wanted)
        return wanted

    def _drain(self) -> None:
        try:
            self._wakes.recv(4096)
        except BlockingIOError:
            pass

    def _end(self) -> None:
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                # Says that this is the end, and waits for nothing.
                self.sock.unwrap()
        except (OSError, ValueError):
            pass
        try:
            self.sock.close()
        except OSError:
            pass
        with self.changed:
            self._wake.close()
            self._wakes.close()
            self.is_gone = True
            if self.closed is None:
                self._take(self.connection.transport_lost())
            self.pings.end()
            self.changed.notify_all()
        self.log.info("connection closed: %s, %s", self._name, describe(self.closed))

    # Bytes.

    def _read(self) -> None:
        if self._has_eof or self.is_gone:
            return
        for _ in range(READS):
            if not self._reads():
                return
            try:
                self._tls_wants_write = False
                data = self.sock.recv(self._read_size)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except ssl.SSLWantWriteError:
                self._tls_wants_write = True
                return
            except OSError as error:
                return self._lose(error)
            if not data:
                return self._receive_eof()
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        self._show("<", 0, data)
        self._take(self.connection.receive_data(data))

    def _receive_eof(self) -> None:
        self._has_eof = True
        # TLS closes both directions at once.
        if not self._is_tls and self.closed is None and not self._discards:
            self._answering.stream_ended()

    def _lose(self, error: OSError) -> None:
        self._exception = self._exception or error
        self._has_eof = self._is_eof_told = True
        self._output.clear()
        self.is_gone = True
        self._take(self.connection.transport_lost())

    def _write(self) -> None:
        while not self.is_gone:
            if not self._output:
                data = self.connection.data_to_send()
                if not data:
                    return
                self._show(">", 1, data)
                self._output += data
            try:
                sent = self.sock.send(self._output)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError as error:
                return self._lose(error)
            del self._output[:sent]
            self._answering.output_written()

    def _finish(self) -> None:
        if self._is_tls:
            self._drop_at = 0
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lose(error)

    def _show(self, sign: str, which: int, data: bytes) -> None:
        if self._frames is not None:
            for line in self._frames[which].lines(data):
                self.log.debug("%s %s %s", self._name, sign, line)

    # Events.

    def _take(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, (Text, Binary)):
                if not (self._discards and self.inbox.is_full):
                    self.inbox.push(event.data)
            elif isinstance(event, Close):
                self._answering.peer_closed(event)
            elif isinstance(event, Pong):
                self.pings.answered(event.data)
            elif isinstance(event, Closed):
                self.closed = event
                if self.connection.fault is not None:
                    self.connection.explain_close(self.connection.fault[1])
                self._answering.connection_closed()
        self.changed.notify_all()

    def _holds_output(self) -> bool:
        """Whether nothing is to be written, as our Close frame would go out with it."""
        return self.closed is not None and self._waits_for_answers()

    def _waits_for_answers(self) -> bool:
        """Whether what the application answers to messages before the end is still to come."""
        return not self.is_gone and self._answering.is_awaited()

    def _reads(self) -> bool:
        if self._discards or self.connection.transport_state != TransportAction.OPEN:
            return True
        return not self.inbox.is_full if self._is_reading else self.inbox.has_room


READ = 64 << 10
"""What is read at once."""

READ_COMPRESSED = 4 << 10
"""The same where it may be a thousand times as much once it is inflated."""

READS = 8
"""How often, before those who wait have their turn."""

LINGER = 2.0
"""Seconds that a socket gets to write what is left once it is to be dropped."""

LONG = 3600.0
"""Seconds that are waited at once: a system's calls take no more than some weeks."""
