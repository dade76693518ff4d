"""The examples that people start from: an application, a broadcast, a bot, a fan-out."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from wspair.asyncio import ServerConnection, connect, serve

EXAMPLES = Path(__file__).parent.parent / "examples"
PATIENCE = 60.0


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[str]:
    """A program, and where it listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        cwd=EXAMPLES,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        seen = ""
        while (match := re.search(r"127\.0\.0\.1:(\d+)", seen)) is None:
            line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
            assert line, seen
            seen += line.decode()
        yield f"ws://127.0.0.1:{match[1]}"
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), PATIENCE)


async def test_a_fastapi_application() -> None:
    command = ("-m", "uvicorn", "--ws", "wspair.uvicorn:WebSocketProtocol", "--port", "0")
    async with running(*command, "fastapi_app:app") as address:
        async with connect(f"{address}/chat/ada") as ada, connect(f"{address}/chat/eve") as eve:
            await eve.send("here")
            assert await asyncio.wait_for(eve.recv(), PATIENCE) == "eve: here"
            assert await asyncio.wait_for(ada.recv(), PATIENCE) == "eve: here"


async def test_a_broadcast_server() -> None:
    async with running("broadcast_server.py") as address:
        async with connect(address) as one, connect(address) as two:
            first = str(await asyncio.wait_for(one.recv(), PATIENCE))
            second = str(await asyncio.wait_for(two.recv(), PATIENCE))
            assert re.match(r"\d{4}-\d\d-\d\dT", first)
            assert re.match(r"\d{4}-\d\d-\d\dT", second)


async def test_a_bot_that_comes_back() -> None:
    said: asyncio.Queue[str] = asyncio.Queue()

    async def room(ws: ServerConnection) -> None:
        assert ws.request.headers["User-Agent"] == "robo"
        said.put_nowait(str(await ws.recv()))
        for command in ("!roll 1", "nothing", "!echo a b", "!roll x", "!latency"):
            await ws.send(command)
        for _ in range(4):
            said.put_nowait(str(await ws.recv()))
        ws.abort()

    async with serve(room, "127.0.0.1", 0) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(EXAMPLES / "bot.py"), f"ws://127.0.0.1:{server.port}/"),
            *("--name", "robo"),
            stderr=subprocess.PIPE,
        )
        try:
            for _ in range(2):
                answers = [await asyncio.wait_for(said.get(), PATIENCE) for _ in range(5)]
                assert answers[:3] == ["robo is here", "robo: 1", "robo: a b"]
                assert "invalid literal" in answers[3]
                assert re.fullmatch(r"robo: [\d.]+ ms", answers[4])
        finally:
            process.kill()
            await process.communicate()


def test_a_fan_out_over_redis() -> None:
    command = [sys.executable, str(EXAMPLES / "fanout" / "demo.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2)
    if done.returncode == 77:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(done.stderr.strip(), stacklevel=1)
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "first:  hello from the first process",
        "second: hello from the first process",
        "second: and back from the second",
        "first:  and back from the second",
    ]
