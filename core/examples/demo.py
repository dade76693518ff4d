#!/usr/bin/env python3
"""Talks, as a client from elsewhere, to the pair behind a socket, and tells what happens.

demo.py PAIR_SERVER: starts that program on a free port. Run in a terminal, it leaves it running
until Ctrl-C. Needs the package websockets.
"""

import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

from websockets.sync.client import connect


@contextmanager
def pair_server(program):
    """The server's URL, and a function that waits until it printed a line."""
    server = subprocess.Popen(
        [program, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    told = threading.Event()

    def tell():
        for line in server.stdout:
            print(f"pair     {line}", end="", flush=True)
            told.set()

    try:
        words = server.stdout.readline().split()
        if words[:2] != ["listening", "on"]:
            sys.exit(f"{program} does not listen")
        threading.Thread(target=tell, daemon=True).start()
        yield words[2], told.wait
    finally:
        server.terminate()
        server.wait()


def say(arrow, what):
    print(f"client {arrow} {what}", flush=True)


def expect(got, wanted):
    if got != wanted:
        sys.exit(f"that should have been {wanted!r}")


def talk(url):
    with connect(url, proxy=None, open_timeout=5, close_timeout=5) as ws:
        say("→", f"connects to {url}")

        for text in ["hello", "grüße, 世界"]:
            say("→", f'text "{text}"')
            ws.send(text)
            answer = ws.recv(timeout=5)
            say("←", f'text "{answer}"')
            expect(answer, f"you said: {text}")

        data = bytes([1, 2, 3, 255])
        say("→", f"binary {data.hex(' ')}")
        ws.send(data)
        answer = ws.recv(timeout=5)
        say("←", f"binary {answer.hex(' ')}")
        expect(answer, data[::-1])

        say("→", 'ping "there?"')
        began = time.perf_counter()
        expect(ws.ping("there?").wait(5), True)
        say("←", f'pong "there?" after {(time.perf_counter() - began) * 1000:.2f} ms')

        say("→", 'close 4000 "that was all"')
        ws.close(4000, "that was all")
        answer = ws.protocol.close_rcvd
        say("←", f'close {answer.code} "{answer.reason}"' if answer else "no close")
        expect(answer and answer.code, 4000)


def main():
    with pair_server(sys.argv[1]) as (url, told):
        talk(url)
        if not told(5):
            sys.exit("the pair's own end did not hear of the close")
        print(f"the pair is at {url}", flush=True)
        if sys.stdin.isatty() and sys.stdout.isatty():
            print("Connect a client of yours, and end it with Ctrl-C.", flush=True)
            with suppress(KeyboardInterrupt):
                signal.pause()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
