"""A client that vanishes without a word, and takes all of its sockets along."""

import time

import pytest
from conftest import COMMANDS, start
from session import Session

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


def test_a_silent_session_is_asked_and_then_dropped(request):
    names = [name for name in COMMANDS if name in request.config.getoption("hosts").split(",")]
    hosts = [start(name) for name in names]
    try:
        sessions = [Session(host.port) for host in hosts]
        others = [Session(host.port) for host in hosts]
        for session in sessions:
            session.open()
        # What comes is read, but nothing of it is answered; the others answer.
        began, gone = time.monotonic(), {}
        while len(gone) < len(hosts) and time.monotonic() < began + 120:
            for name, session, other in zip(names, sessions, others, strict=True):
                other.pump(patience=0.05)
                assert not other.over, f"{name} dropped who answers"
                session.sock.settimeout(0.05)
                try:
                    if name not in gone and not session.sock.recv(1 << 16):
                        gone[name] = time.monotonic() - began
                except TimeoutError:
                    pass
                except OSError:
                    gone[name] = time.monotonic() - began
        print("\ndropped after", {name: f"{after:.0f} s" for name, after in gone.items()})
        assert sorted(gone) == sorted(names)
        assert all(30 < after < 100 for after in gone.values())
        for other in others:
            other.echo()
    finally:
        for host in hosts:
            host.end()
