import signal
from contextlib import ExitStack

import pytest
from programs import EXAMPLES, example_server, running


@pytest.fixture(scope="module")
def echo():
    """One echo server for a whole file of tests: it has to outlive what each does to it."""
    with example_server("echo_server") as server:
        yield server.url


@pytest.fixture
def pair():
    with example_server("pair_server") as server:
        yield server


@pytest.fixture
def echo_client():
    """Starts echo clients, and ends with the test what does not end by itself."""
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(running(EXAMPLES / "echo_client", *words))
