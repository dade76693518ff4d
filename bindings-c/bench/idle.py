#!/usr/bin/env python3
"""What an idle connection of the epoll server costs: resident bytes, by the system's count.

    idle.py ECHO_EPOLL [CONNECTIONS]

The clients are sockets of this process, which only shake hands, then send and hear one message.
"""

import socket
import subprocess
import sys

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HELLO = b"\x81\x85\0\0\0\0Hello"


def resident(pid):
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss"))


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    server = subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
    clients = []

    def dial():
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(REQUEST)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(4096)
        return client

    # What the first connections make the server keep is not theirs.
    clients += [dial() for _ in range(10)]
    before = resident(server.pid)
    clients += [dial() for _ in range(count)]
    opened = resident(server.pid)
    for client in clients[10:]:
        client.sendall(HELLO)
    for client in clients[10:]:
        assert client.recv(7, socket.MSG_WAITALL) == b"\x81\x05Hello"
    spoken = resident(server.pid)
    print(f"{count} connections: {(opened - before) / count:.0f} bytes each")
    print(f"after a message of each: {(spoken - before) / count:.0f} bytes each")
    server.terminate()
    for client in clients:
        client.close()
    server.wait(10)


main()
