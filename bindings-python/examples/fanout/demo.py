"""Two processes with Redis between: what a user of one says, the users of both hear.

python demo.py

Starts a Redis of its own on a free port: `redis-server` of Debian's package of that name, and the
package `redis` from PyPI, are needed. Without them it says so, and ends with status 77.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from wspair.asyncio import connect

SERVER = Path(__file__).with_name("server.py")
SKIPPED = 77


def missing() -> str | None:
    """What is needed and not installed."""
    if shutil.which("redis-server") is None:
        return "redis-server is not installed (Debian: apt-get install redis-server)"
    if importlib.util.find_spec("redis") is None:
        return "the package redis is not installed (pip install redis)"
    return None


@contextlib.asynccontextmanager
async def running(*command: str, says: str, cwd: str | None = None) -> AsyncIterator[str]:
    """A process, once it has said that it is ready: the line that says so."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        while not said or says not in said[-1]:
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            if not line:
                raise RuntimeError(f"{command[0]} ended: {''.join(said)}")
            said.append(line.decode())
        yield said[-1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.communicate(), 10)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        options = ("--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        await stack.enter_async_context(
            running("redis-server", *options, says="Ready to accept", cwd=folder)
        )
        addresses = []
        for _ in range(2):
            command = (
                sys.executable,
                str(SERVER),
                "--port",
                "0",
                "--redis",
                f"redis://127.0.0.1:{port}/",
            )
            line = await stack.enter_async_context(running(*command, says="listening on"))
            addresses.append(line.split()[-1])
        ada, eve = [await stack.enter_async_context(connect(it)) for it in addresses]
        await ada.send("hello from the first process")
        print("first: ", await asyncio.wait_for(ada.recv(), 30))
        print("second:", await asyncio.wait_for(eve.recv(), 30))
        await eve.send("and back from the second")
        print("second:", await asyncio.wait_for(eve.recv(), 30))
        print("first: ", await asyncio.wait_for(ada.recv(), 30))


if __name__ == "__main__":
    if reason := missing():
        print(f"NOTHING WAS SHOWN: {reason}", file=sys.stderr)
        sys.exit(SKIPPED)
    asyncio.run(main())
