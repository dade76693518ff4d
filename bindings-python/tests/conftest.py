"""What more than one test needs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from wspair import Connection, Role

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

faults: list[dict[str, Any]] = []
"""What the event loops complained of."""


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Runs every coroutine test on both event loops, in debug mode."""

    def strict(make: Callable[[], asyncio.AbstractEventLoop]) -> asyncio.AbstractEventLoop:
        loop = make()
        loop.set_debug(True)
        loop.slow_callback_duration = 60  # the machine's business
        loop.set_exception_handler(lambda _, context: faults.append(context))
        return loop

    return {
        "asyncio": lambda: strict(asyncio.new_event_loop),
        "uvloop": lambda: strict(uvloop.new_event_loop),
    }


@pytest.fixture(autouse=True)
def _no_faults() -> Iterator[None]:
    """Nothing fails unseen in a callback, a task or a transport."""
    faults.clear()
    yield
    assert faults == []


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost with its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
        " && cat cert.pem key.pem > both.pem",
        shell=True,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "both.pem"


class Both:
    """A client and a server, joined back to back."""

    def __init__(self, **options: Any) -> None:
        self.client = Connection(Role.CLIENT, **options)
        self.server = Connection(Role.SERVER, **options)

    def to_server(self) -> list[Any]:
        return self.server.receive_data(self.client.data_to_send())

    def to_client(self) -> list[Any]:
        return self.client.receive_data(self.server.data_to_send())


@pytest.fixture
def both() -> Both:
    return Both()
