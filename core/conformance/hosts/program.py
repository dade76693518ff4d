"""A host under test: its process, what its application reports, and what it holds."""

import ctypes
import json
import os
import re
import signal
import subprocess
import threading
import time

from wire import Late, Until

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def end_with_driver():
    """Has the system end the process when the driver's is gone, however that came."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A process that prints where it listens, then a line of JSON for each thing that its application sees.

    A line on its standard input is a command:

        connect URL     a client: open a connection, whose path says what the application does
        go              let the applications that wait for it go on
        close SECONDS   a server: end, with that deadline
        counts          report what it holds
    """

    def __init__(self, argv, env=None):
        self.argv = [str(word) for word in argv]
        self.records = []
        self.errors = bytearray()
        self.port = None
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            self.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=end_with_driver,
            env={**os.environ, **(env or {})},
        )
        reads = (self._read_records, self._read_errors)
        self.readers = [threading.Thread(target=read, daemon=True) for read in reads]
        for reader in self.readers:
            reader.start()

    def _read_records(self):
        with self.process.stdout as lines:
            for line in lines:
                self._read_record(line.decode(errors="replace").strip())
        with self.changed:
            self.changed.notify_all()

    def _read_record(self, line):
        with self.changed:
            if line.startswith("{"):
                self.records.append({"at": time.monotonic(), **json.loads(line)})
            elif match := re.match(r"listening on \S+?:(\d+)/?$", line):
                self.port = int(match[1])
            else:
                self.records.append({"at": time.monotonic(), "event": "line", "text": line})
            self.changed.notify_all()

    def _read_errors(self):
        with self.process.stderr as stream:
            while data := os.read(stream.fileno(), 1 << 16):
                # Enough to tell; what a host in a loop prints is not kept.
                if len(self.errors) < 1 << 20:
                    self.errors += data

    def wait(self, condition, until, what):
        """Waits until `condition()` is neither None nor false, and gives it."""
        with self.changed:
            while not (found := condition()):
                if not self.is_alive():
                    raise Late(f"{what}: the host's process ended with {self.process.returncode}")
                until.check(what)
                self.changed.wait(max(0.01, min(until.left(), 0.2)))
            return found

    def wait_listening(self, until):
        return self.wait(lambda: self.port, until, "the host does not listen")

    def find(self, event, path=None, after=0):
        """The first record of that event at that path, from index `after` on."""
        for record in self.records[after:]:
            if record.get("event") == event and (path is None or record.get("path") == path):
                return record
        return None

    def command(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()

    def counts(self, until):
        """What the host says that it holds: a number by name."""
        after = len(self.records)
        self.command("counts")
        record = self.wait(
            lambda: self.find("counts", after=after), until, "no answer to the command counts"
        )
        return {name: n for name, n in record.items() if isinstance(n, int)}

    def wait_for_log(self, is_there, until):
        """Waits until what it said on standard error is so; whether it got so."""
        while not is_there(self.log()):
            if until.passed():
                return False
            time.sleep(0.02)
        return True

    def is_alive(self):
        return self.process.poll() is None

    def sockets(self):
        """How many it has open, those it listens on included."""
        folder = f"/proc/{self.process.pid}/fd"
        count = 0
        try:
            for name in os.listdir(folder):
                try:
                    count += os.readlink(f"{folder}/{name}").startswith("socket:")
                except OSError:
                    pass  # closed meanwhile
        except OSError:
            return 0
        return count

    def connections(self):
        """How many of its sockets are TCP connections."""
        inodes = set()
        folder = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(folder):
            try:
                inodes.add(os.readlink(f"{folder}/{name}").removeprefix("socket:[").rstrip("]"))
            except OSError:
                pass
        listening = "0A"
        count = 0
        for table in ("tcp", "tcp6"):
            with open(f"/proc/{self.process.pid}/net/{table}") as file:
                rows = [line.split() for line in file.readlines()[1:]]
            count += sum(line[9] in inodes and line[3] != listening for line in rows)
        return count

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def log(self):
        return self.errors.decode(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def status(self, until):
        """Its exit status, once it has ended."""
        while self.process.poll() is None:
            until.check("the process does not end")
            time.sleep(0.02)
        for reader in self.readers:
            reader.join(1)
        return self.process.returncode

    def kill(self):
        if self.is_alive():
            self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except OSError:
            pass
        # Each closes what it reads, at its end: closed under a reader, a pipe would fail in its hands.
        for reader in self.readers:
            reader.join(1)


__all__ = ["Late", "Program", "Until"]
