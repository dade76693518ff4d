"""`python -m wspair`, the examples, and what the README shows."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect as websockets_connect

from wspair.asyncio import WebSocket, connect, serve

ROOT = Path(__file__).parent.parent


async def run(*command: str, stdin: str = "") -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode())
    return process.returncode, out.decode(), err.decode()


async def shout(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message.upper())


async def test_the_client() -> None:
    async with serve(shout, "127.0.0.1", 0, subprotocols=["chat"]) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        arguments = ("--subprotocol", "chat", "--field", "X-A: b", "--compression")
        status, out, err = await run("-m", "wspair", url, *arguments, stdin="hello\nbye\n")
        assert (status, out) == (0, "HELLO\nBYE\n")
        assert "connected" in err
        assert "chat" in err


async def test_the_client_without_a_server() -> None:
    status, _, err = await run("-m", "wspair", "ws://127.0.0.1:1/")
    assert status == 1
    assert "Connect" in err or "refused" in err
    status, _, err = await run("-m", "wspair", "http://127.0.0.1/")
    assert status == 1
    assert "scheme" in err or "address" in err


@pytest.mark.parametrize(
    "name", ["echo_server.py", "echo_server_threads.py", "echo_server_trio.py"]
)
async def test_the_servers(name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "examples" / name), "--deflate", stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        url = line.split()[-1]
        async with websockets_connect(url) as client:
            messages: list[str | bytes] = ["text", b"bytes", "x" * 200_000]
            for message in messages:
                await client.send(message)
                assert await client.recv() == message
        assert client.close_code == 1000
        async with connect(url) as ws:
            await ws.send("ours")
            assert [type(await ws.receive()).__name__] == ["MessageEvent"]
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize("name", ["echo_client.py", "echo_client_threads.py"])
async def test_the_clients(name: str) -> None:
    async with serve(shout, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        command = str(ROOT / "examples" / name)
        status, out, err = await run(command, url, "--text", "hello", "--text", "bye")
    assert status == 0, err
    assert "HELLO" in out
    assert "BYE" in out


BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS)
def test_the_readme(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block runs by itself."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code.replace("9001", str(port)), "README.md", "exec"), names)


def test_there_is_something_to_show() -> None:
    assert len(BLOCKS) >= 4
