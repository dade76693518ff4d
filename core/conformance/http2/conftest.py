"""The hosts: an echo over HTTP/2 in each language. Names of those to be tested: --hosts node,rust."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
COMMANDS = {
    "node": ["node", str(HERE / "node.mjs")],
    "rust": [str(TARGET / "debug/examples/h2_server")],
    "python": [
        os.environ.get("WSPAIR_PYTHON", sys.executable),
        str(ROOT / "bindings-python/examples/h2_server.py"),
    ],
    "c": [str(TARGET / "c/examples/h2_nghttp2")],
}
H3 = [COMMANDS["python"][0], str(ROOT / "bindings-python/examples/h3_server.py")]


def pytest_addoption(parser):
    parser.addoption("--hosts", default=",".join(COMMANDS))


def pytest_generate_tests(metafunc):
    if "host" in metafunc.fixturenames:
        names = metafunc.config.getoption("hosts").split(",")
        metafunc.parametrize("host", [name for name in COMMANDS if name in names], scope="module")


class Host:
    """A server that runs, and where."""

    def __init__(self, command, *options):
        self.process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            # A shell's background jobs, and all that they start, ignore an interrupt.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        line = self.lines.get(timeout=60)
        assert line is not None and line.startswith("listening on "), line
        self.url = line.split()[2]
        self.port = int(self.url.rsplit(":", 1)[1].strip("/"))

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    @property
    def memory(self):
        """Resident, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) << 10

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def start(name, *options):
    command = COMMANDS[name]
    if not (shutil.which(command[0]) and all(Path(word).exists() for word in command[1:])):
        print(f"SKIPPED: there is no {command[-1]}, so {name} WAS NOT TESTED", file=sys.stderr)
        pytest.skip(f"there is no {command[-1]}")
    return Host(command, *options)


@pytest.fixture(scope="module")
def server(host):
    """One for a whole file of tests: it has to outlive what each does to it."""
    running = start(host)
    running.name = host
    yield running
    died = running.process.poll()
    running.end()
    assert died is None, f"{host} ended with {died}"


@pytest.fixture
def starting(host):
    """Starts one with options, for a single test."""
    running = []

    def begin(*options):
        running.append(start(host, *options))
        return running[-1]

    yield begin
    for each in running:
        each.end()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Files of a certificate for localhost and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    kind = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subject = ["-subj", "/CN=localhost", "-addext", names, "-keyout", key, "-out", cert]
    subprocess.run(["openssl", "req", *kind, *subject], check=True, capture_output=True)
    return cert, key
