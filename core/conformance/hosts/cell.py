"""One row at one host: what rows are written with, and what is checked in every one of them."""

import contextlib
import threading
import time
from dataclasses import dataclass, field

from wire import Late, Listener, Until, Wrong, answer_to, dial, path_of, request

COMPANION = "/companion"


class Skip(Exception):
    """The row cannot be run here; why."""


@dataclass
class Outcome:
    row: str
    host: str
    status: str
    """"ok", "fail" or "none"."""
    notes: list = field(default_factory=list)
    at_first: list = field(default_factory=list)
    """What was not as due, where the cell was run a second time."""
    seconds: float = 0.0
    log: str = ""


class Cell:
    """A host that runs, for one row."""

    def __init__(self, host, row, pace, mutations=(5000, 0)):
        self.host = host
        self.row = row
        self.pace = pace
        self.mutations = mutations
        self.faults = []
        self.case_name = None
        self.log_is_due = False
        self.program = None
        self.listener = None
        self.companion = None
        self.wires = []
        self.at_rest = None
        self.has_checked_end = False
        self.allow = 0

    # Time.

    def within(self, seconds):
        return Until(seconds, self.pace)

    def option(self, name):
        """What an option is set to in this run: the row's wish, or what the host has."""
        return self.host.effective(self.row.options)[name]

    # Faults.

    def due(self, is_so, what):
        """Notes a fault and goes on."""
        if not is_so:
            self.fault(what)
        return is_so

    def fault(self, what):
        self.faults.append(f"{self.case_name}: {what}" if self.case_name else what)

    @contextlib.contextmanager
    def case(self, name):
        """One of several things that a row tries; the next is tried whatever comes of it."""
        self.case_name = name
        try:
            yield
        except (Late, Wrong, OSError) as error:
            self.fault(tell(error))
        finally:
            self.case_name = None

    # Connections to the host.

    @property
    def is_server(self):
        return self.host.role == "server"

    def path(self, app=None):
        return app or self.row.app

    def raw(self, small=False):
        """A connection to a server on which nothing was said."""
        wire = dial(self.program.port, self.within(5), self.host.context("client"), small)
        self.wires.append(wire)
        return wire

    def peer(self, app=None, behind=b"", small=False, extensions=None):
        """A connection that is open, in either role; `behind` goes out with the handshake."""
        path = self.path(app)
        if self.is_server:
            wire = self.raw(small)
            fields = {"Sec_WebSocket_Extensions": extensions} if extensions else {}
            wire.send(request(path, **fields) + behind, self.within(5))
            head = wire.read_head(self.within(5))
            if head.status != 101:
                raise Late(f"no 101 but {head.line!r}")
            wire.agree(head.fields.get("sec-websocket-extensions"))
        else:
            wire = self.asked(path, small)
            wants = wire.asked.fields.get("sec-websocket-extensions", "")
            agreed = "permessage-deflate" if extensions and "permessage-deflate" in wants else None
            wire.send(answer_to(wire.asked, agreed) + behind, self.within(5))
            wire.agree(agreed)
        return wire

    def asked(self, app=None, small=False):
        """A client's connection, of which only the request was read."""
        fresh = small and not self.host.is_single
        listener = Listener(small) if fresh else self.listener
        self.host.invite(self, listener, self.path(app))
        wire = listener.accept(self.within(5))
        self.wires.append(wire)
        if fresh:
            listener.close()
        wire.asked = wire.read_head(self.within(5))
        seen = path_of(wire.asked)
        if self.host.talks and seen != self.path(app):
            raise Wrong(f"the client asked for {seen!r}, told {self.path(app)!r}")
        return wire

    # The application.

    def saw(self, event, within=1.0, path=None, what=None):
        """What the application reported; None where it is a plain echo, which reports nothing."""
        if not self.host.talks:
            return None
        path = self.path(path)
        return self.program.wait(
            lambda: self.program.find(event, path),
            self.within(within),
            what or f"the application does not report {event!r}",
        )

    def saw_end(self, code=None, clean=None, reason=None, within=1.0, path=None):
        """That it learned of the end, and how."""
        record = self.saw("end", within, path, "the application does not learn of the end")
        if record is None:
            return None
        for name, due in (("code", code), ("clean", clean), ("reason", reason)):
            if due is not None and record.get(name) != due and name in record:
                self.fault(
                    f"the application saw {name} {record.get(name)!r}, due is {due!r}: {tell_record(record)}"
                )
        return record

    def go(self):
        self.program.command("go")

    def end_host(self, deadline):
        """Has a server end. What our echo beside it sees of that is not looked at."""
        self.companion.stop()
        self.companion = None
        self.has_checked_end = True
        self.program.command("close", deadline)

    def again(self):
        """Starts the host anew, without an echo beside it."""
        self.program.kill()
        self.program = self.host.start(self.host.effective(self.row.options), self.listener)
        self.program.wait_listening(self.within(20))

    # What the host holds.

    def rest(self):
        """Notes what the host holds while nothing but the companion is connected."""
        last = None
        while last is None or last != self.at_rest:
            last = self.at_rest
            time.sleep(0.05)
            counts = self.program.counts(self.within(5)) if self.host.counts else {}
            self.at_rest = self.program.sockets(), counts

    def ends(self, within=2.0, what="of the connection something is left"):
        """Waits until the host holds what it held before the row, whatever our side does."""
        self.has_checked_end = True
        if self.host.is_single:
            # It goes on to its next connection when it is done with this one.
            self.within(within).wait_for_input(self.listener, what)
            return
        sockets, counts = self.at_rest
        until = self.within(within)
        while (now := self.program.sockets() - self.allow) > sockets:
            if until.passed():
                raise Late(f"{what} after {within:g} s: {now - sockets} sockets")
            time.sleep(0.02)
        while counts:
            now = self.program.counts(self.within(5))
            more = {
                name: n - counts.get(name, 0) for name, n in now.items() if n > counts.get(name, 0)
            }
            if not more:
                return
            if until.passed():
                raise Late(f"{what} after {within:g} s: {more}")
            time.sleep(0.1)

    # The whole.

    def run(self):
        """Starts the host, runs the row beside an echo, and checks what is due in every row."""
        try:
            if self._guarded(self._start):
                self._guarded(lambda: self.row.function(self))
            if self.program is not None and self.program.is_alive():
                self._guarded(self._settle)
            if self.companion is not None:
                self._guarded(self.companion.stop)
            self._guarded(self._look_after)
        except Skip as skip:
            return Outcome(self.row.id, self.host.name, "none", [str(skip)])
        finally:
            self._stop()
        status = "fail" if self.faults else "ok"
        log = self.program.log() if self.program is not None else ""
        return Outcome(self.row.id, self.host.name, status, self.faults, log=log)

    def _guarded(self, step):
        try:
            step()
            return True
        except (Late, Wrong, OSError, ValueError) as error:
            self.fault(tell(error))
            return False

    def _start(self):
        if self.row.is_bare:
            return
        options = self.host.effective(self.row.options)
        if not self.is_server:
            # Of a program that connects to one place only, the row may want it small.
            self.listener = Listener(self.host.is_single)
        self.program = self.host.start(options, self.listener, self.row.env)
        if self.is_server:
            self.program.wait_listening(self.within(20))
        elif not self.host.is_single:
            self.program.wait(
                lambda: self.program.find("ready"), self.within(20), "the host is not ready"
            )
        if not self.host.is_single:
            self._warm_up()
            wire = self.peer(COMPANION)
            self.wires.remove(wire)
            self.companion = Companion(wire, self.host.reply, self.within)
        self.rest()

    def restart(self):
        """Starts a program of one connection again, for the next."""
        self.host.finish(self)
        self.program.kill()
        self.program = self.host.start(self.host.effective(self.row.options), self.listener)

    def _warm_up(self):
        """A first connection comes and goes, and with it what is made once and kept."""
        sockets = self.program.sockets()
        wire = self.peer(COMPANION)
        wire.send(wire.frame(1, b"warm"), self.within(5))
        wire.read_frame(self.within(5))
        wire.send(wire.close_frame(1000), self.within(5))
        wire.read_close(self.within(5))
        wire.close()
        self.wires.remove(wire)
        until = self.within(15)
        while self.program.sockets() > sockets:
            until.check("a first connection does not end")
            time.sleep(0.02)

    def _settle(self):
        """By now our side lets go of all; nothing may be left."""
        for wire in self.wires:
            wire.close()
        if self.at_rest is not None and not self.has_checked_end:
            self.ends(self.option("close_within") + 1)

    def _look_after(self):
        program = self.program
        if program is None:
            return
        if not self.row.ends_host:
            if self.host.is_single:
                self.due(self.host.finish(self), "the client's process does not end by itself")
            elif not program.is_alive():
                self.fault(f"the host's process ended with {program.process.returncode}")
        for record in program.records:
            if record["event"] == "raised":
                self.fault(f"the application got an exception: {tell_record(record)}")
        log = self.host.unexpected(program.log())
        if log and not self.log_is_due:
            self.fault(f"log: {shorten(log)}")

    def _stop(self):
        for wire in self.wires:
            with contextlib.suppress(OSError):
                wire.close()
        if self.companion is not None:
            self.companion.cancel()
        if self.listener is not None:
            self.listener.close()
        if self.program is not None:
            self.program.kill()


class Companion:
    """An echo beside the row, whose every answer is due within a second."""

    DUE = 1.0

    def __init__(self, wire, reply, within):
        self.wire = wire
        self.reply = reply
        self.within = within
        self.is_excused = False
        self.worst = 0.0
        self.error = None
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def _talk(self):
        number = 0
        try:
            while not self.done.wait(0.05):
                number += 1
                text = f"c{number}".encode()
                began = time.monotonic()
                until = self.within(self.DUE)
                self.wire.send(self.wire.frame(1, text), until)
                patient = self.within(15)
                frame = self.wire.read_frame(patient, "no echo at all")
                while frame is not None and frame.opcode == 9:
                    self.wire.send(self.wire.frame(10, frame.payload), until)
                    frame = self.wire.read_frame(patient, "no echo at all")
                took = time.monotonic() - began
                if frame is None or frame.payload != self.reply(1, text):
                    self.error = (
                        f"got {frame and (frame.opcode, frame.payload[:40])} ({self.wire.ended})"
                    )
                    return
                self.worst = max(self.worst, took)
                if until.passed() and not self.is_excused:
                    self.error = f"an answer took {took:.1f} s (x {until.pace.factor():.1f})"
                    return
        except (Late, Wrong, OSError) as error:
            self.error = tell(error)

    def stop(self):
        """Ends it, and tells what went wrong."""
        self.done.set()
        self.thread.join(30)
        if self.error:
            raise Late(f"the echo beside it: {self.error}")

    def cancel(self):
        self.done.set()
        self.thread.join(1)
        with contextlib.suppress(OSError):
            self.wire.close()


def tell(error):
    text = str(error)
    return text if isinstance(error, Late) else f"{type(error).__name__}: {text}"


def tell_record(record):
    return ", ".join(
        f"{name} {value!r}" for name, value in record.items() if name not in ("at", "path")
    )


def shorten(text, most=300):
    text = " | ".join(line.strip() for line in text.strip().splitlines() if line.strip())
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"
