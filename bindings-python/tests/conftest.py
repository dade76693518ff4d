"""What more than one test needs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import uvloop

from wspair import Connection, Role

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Runs every coroutine test on both event loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


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
