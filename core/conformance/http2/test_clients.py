"""Every client against every host: Node's node:http2 and the npm package's own, and Rust's h2."""

import subprocess

import pytest
from conftest import HERE, TARGET


def run(*command):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.split("\n")[:-1]


def test_rust(server):
    client = TARGET / "debug/examples/h2_client"
    if not client.exists():
        pytest.skip(f"there is no {client}, so THE RUST CLIENT WAS NOT TESTED")
    lines = run(client, server.url, "hello", "grüße")
    assert lines == ["text: hello", "closed: 1000 clean", "text: grüße", "closed: 1000 clean"]


@pytest.mark.slow
def test_node(server):
    assert run("node", HERE / "client.mjs", server.url)[-1] == "all is well"
