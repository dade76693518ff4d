"""Starts the examples and scripts in other languages, and ends what it started."""

import json
import os
import queue
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = Path(os.environ.get("WSPAIR_EXAMPLES", HERE.parents[2] / "target/debug/examples"))
PATIENCE = 10


class Program:
    """A process, and the lines that it prints."""

    def __init__(self, *argv):
        argv = [str(word) for word in argv]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            # A shell's background jobs, and all that they start, ignore an interrupt.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self):
        """The next line; fails when it ended, or is silent for long."""
        line = self.lines.get(timeout=PATIENCE)
        assert line is not None, f"{self.process.args} ended without a word"
        return line

    def rest(self):
        """All further lines, once it has ended."""
        return list(iter(lambda: self.lines.get(timeout=PATIENCE), None))

    def status(self):
        """Its exit status, once it has ended by itself."""
        return self.process.wait(PATIENCE)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()


@contextmanager
def running(*argv):
    program = Program(*argv)
    try:
        yield program
    finally:
        program.end()


@contextmanager
def example_server(name, *options):
    """A server from the examples, with the URL that it tells as an attribute."""
    with running(EXAMPLES / name, "--port", 0, *options) as program:
        words = program.line().split()
        assert words[:2] == ["listening", "on"]
        program.url = words[2]
        assert program.url.startswith("ws://127.0.0.1:")
        yield program


def node_client(peer, url, *steps, protocols=()):
    """What client.mjs saw: a list of one-entry objects."""
    done = subprocess.run(
        ["node", "--experimental-websocket", HERE / "client.mjs", peer, url, *protocols],
        input=json.dumps(steps),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def node_server(*options):
    with running("node", HERE / "server.mjs", *options) as program:
        program.url = program.line()
        yield program
