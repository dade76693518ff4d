"""Echo over loopback: what a server's processor works for a message, beside the peers of its language.

    loopback.py [--quick] [NAME...]

Starts each server in a process of its own, opens connections that each keep messages in flight, and
divides the server's processor time (user and system) by the messages. The servers take turns; medians.
Those that cannot be started are left out, and named.
"""

import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = ["node", "bench/echo-server.mjs"]
PYTHONS = [ROOT / ".tools/python-dev/bin/python", ROOT / ".tools/python/bin/python"]
PYTHON = [next((str(path) for path in PYTHONS if path.exists()), sys.executable), "-m", "bench.echo"]
C = ROOT / "target/c"
TOKIO = [ROOT / "core/tokio/benches/target/release/wspair-tokio-benches", "serve"]

# Command and folder; each prints a line that ends with its port.
SERVERS = {
    "C: wspair, epoll": ([C / "examples/echo_epoll"], ROOT),
    "C: wslay": ([C / "echo_wslay"], ROOT),
    "Rust: wspair-tokio": ([*TOKIO, "wspair-tokio"], ROOT),
    "Rust: tokio-tungstenite": ([*TOKIO, "tokio-tungstenite"], ROOT),
    "Rust: fastwebsockets": ([*TOKIO, "fastwebsockets"], ROOT),
    "Rust: tokio-websockets": ([*TOKIO, "tokio-websockets"], ROOT),
    "Node: wspair, serve": ([*NODE, "serve"], ROOT / "bindings-node"),
    "Node: wspair, Connection": ([*NODE, "connection"], ROOT / "bindings-node"),
    "Node: ws": ([*NODE, "ws"], ROOT / "bindings-node"),
    "Python: wspair, uvloop": ([*PYTHON, "wspair"], ROOT / "bindings-python"),
    "Python: picows": ([*PYTHON, "picows"], ROOT / "bindings-python"),
    "Python: websockets": ([*PYTHON, "websockets"], ROOT / "bindings-python"),
}
CASES = [(peers, flight) for peers in (1, 50, 500) for flight in (1, 32)]
SIZE = 32
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# A text: zeros under a key of letters.
FRAME = bytes([0x81, 0x80 | SIZE]) + b"mask" + bytes(SIZE)
ECHO = 2 + SIZE


class Server:
    """A server in another process."""

    def __init__(self, command, folder):
        command = [str(part) for part in command]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        if not line.strip():
            self.stop()
            raise OSError("it printed no port")
        self.port = int(line.rpartition(":")[2].strip().rstrip("/"))

    def cpu(self):
        """Seconds of processor time so far, of all its threads."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def stop(self):
        self.process.kill()
        self.process.wait()

    def measure(self, peers, flight, seconds):
        """Microseconds of its processor time a message."""
        sockets = [self.connect() for _ in range(peers)]
        poll = select.epoll()
        for each in sockets:
            poll.register(each, select.EPOLLIN)
        by_fd = {each.fileno(): each for each in sockets}
        partial = dict.fromkeys(by_fd, 0)
        for each in sockets:
            each.sendall(FRAME * flight)
        done, from_cpu, end = 0, self.cpu(), time.monotonic() + seconds
        while time.monotonic() < end:
            for fd, _ in poll.poll(1):
                whole, partial[fd] = divmod(partial[fd] + len(by_fd[fd].recv(1 << 16)), ECHO)
                done += whole
                by_fd[fd].sendall(FRAME * whole)
        spent = self.cpu() - from_cpu
        poll.close()
        for each in sockets:
            each.close()
        return 1e6 * spent / max(done, 1)

    def connect(self):
        one = socket.create_connection(("127.0.0.1", self.port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.sendall(REQUEST)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += one.recv(4096)
        return one


def main(args):
    quick = "--quick" in args
    wanted = [arg for arg in args if not arg.startswith("--")]
    servers = {}
    for name, (command, folder) in SERVERS.items():
        if wanted and not any(part in name for part in wanted):
            continue
        try:
            servers[name] = Server(command, folder)
        except (OSError, ValueError) as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
    heads = [f"{peers} x {flight}" for peers, flight in CASES]
    print("us of the server's processor time an echo of 32 bytes: connections x in flight\n")
    print("| |", " | ".join(heads), "|")
    print("|---|" + "--:|" * len(CASES))
    rounds, seconds = (1, 0.3) if quick else (5, 0.5)
    cells = {name: [] for name in servers}
    try:
        for peers, flight in CASES:
            taken = {name: [] for name in servers}
            for _ in range(rounds):
                for name, server in servers.items():
                    taken[name].append(server.measure(peers, flight, seconds))
            for name, samples in taken.items():
                cells[name].append(f"{statistics.median(samples):.2f}")
    finally:
        for server in servers.values():
            server.stop()
    for name, row in cells.items():
        print(f"| {name} |", " | ".join(row), "|")


main(sys.argv[1:])
