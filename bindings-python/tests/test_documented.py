"""What the documentation of `websockets` shows, in our words, with only the import changed.

Each program is one that its users have written: a quick start, a broadcast, a token, reconnecting,
a server that is reloaded by a signal.
"""

from __future__ import annotations

import asyncio
import http
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from wspair import (
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidStatus,
    Request,
    Response,
    broadcast,
)
from wspair.asyncio.client import connect
from wspair.asyncio.server import ServerConnection, serve
from wspair.exceptions import ConnectionClosed


async def test_quick_start() -> None:
    async def hello(websocket: ServerConnection) -> None:
        name = await websocket.recv()
        assert isinstance(name, str)
        await websocket.send(f"Hello {name}!")

    async with serve(hello, "localhost", 0) as server:
        port = server.sockets[0].getsockname()[1]
        host = server.sockets[0].getsockname()[0]
        address = f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"
        async with connect(address) as websocket:
            await websocket.send("Ada")
            assert await websocket.recv() == "Hello Ada!"
            with pytest.raises(ConnectionClosedOK):
                await websocket.recv()


async def test_a_handler_that_consumes_and_produces() -> None:
    """Both at once, and whichever ends first ends the other."""

    async def consume(websocket: ServerConnection, heard: list[object]) -> None:
        async for message in websocket:
            heard.append(message)

    async def produce(websocket: ServerConnection) -> None:
        while True:
            await websocket.send("tick")
            await asyncio.sleep(0.01)

    ended: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()

    async def handler(websocket: ServerConnection) -> None:
        heard: list[object] = []
        tasks = [
            asyncio.create_task(consume(websocket, heard)),
            asyncio.create_task(produce(websocket)),
        ]
        _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ended.set_result(heard)

    async with serve(handler, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}") as websocket:
            await websocket.send("a")
            assert await websocket.recv() == "tick"
            await websocket.send("b")
        assert await asyncio.wait_for(ended, 30) == ["a", "b"]


async def test_broadcast() -> None:
    connected: set[ServerConnection] = set()

    async def register(websocket: ServerConnection) -> None:
        connected.add(websocket)
        try:
            await websocket.wait_closed()
        finally:
            connected.remove(websocket)

    async with serve(register, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.port}"
        async with connect(address) as one, connect(address) as two, connect(address) as left:
            while len(connected) < 3:
                await asyncio.sleep(0.01)
            await left.close()
            broadcast(connected, json.dumps({"count": 2}))
            broadcast(server.connections, b"\x01")
            for websocket in (one, two):
                assert json.loads(await websocket.recv()) == {"count": 2}
                assert await websocket.recv() == b"\x01"
    assert connected == set()


async def test_a_counter_that_all_see() -> None:
    """One handler, a few globals, and everybody is told of every change."""
    users: set[ServerConnection] = set()
    value = 0

    async def counter(websocket: ServerConnection) -> None:
        nonlocal value
        try:
            users.add(websocket)
            broadcast(users, json.dumps({"type": "users", "count": len(users)}))
            await websocket.send(json.dumps({"type": "value", "value": value}))
            async for message in websocket:
                value += {"plus": 1, "minus": -1}[json.loads(message)["action"]]
                broadcast(users, json.dumps({"type": "value", "value": value}))
        finally:
            users.remove(websocket)
            broadcast(users, json.dumps({"type": "users", "count": len(users)}))

    async with serve(counter, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.port}"
        async with connect(address) as one:
            assert json.loads(await one.recv()) == {"type": "users", "count": 1}
            assert json.loads(await one.recv()) == {"type": "value", "value": 0}
            async with connect(address) as two:
                assert json.loads(await one.recv())["count"] == 2
                await two.send(json.dumps({"action": "plus"}))
                assert json.loads(await one.recv()) == {"type": "value", "value": 1}
            assert json.loads(await one.recv())["count"] == 1


# Authentication.

USERS = {"t0ken": "ada"}


async def test_a_token_as_the_first_message() -> None:
    async def first_message(websocket: ServerConnection) -> None:
        token = await websocket.recv()
        user = USERS.get(str(token))
        if user is None:
            await websocket.close(1011, "authentication failed")
            return
        await websocket.send(f"Hello {user}!")

    async with serve(first_message, "127.0.0.1", 0) as server:
        address = f"ws://127.0.0.1:{server.port}"
        async with connect(address) as websocket:
            await websocket.send("t0ken")
            assert await websocket.recv() == "Hello ada!"
        async with connect(address) as websocket:
            await websocket.send("stolen")
            with pytest.raises(ConnectionClosedError) as caught:
                await websocket.recv()
            assert caught.value.rcvd is not None
            assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (
                1011,
                "authentication failed",
            )


async def test_a_token_in_the_query() -> None:
    async def query_param(connection: ServerConnection, request: Request) -> Response | None:
        token = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        user = USERS.get(token)
        if user is None:
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "Invalid token\n")
        connection.username = user
        return None

    async def hello(websocket: ServerConnection) -> None:
        await websocket.send(f"Hello {websocket.username}!")

    async with serve(hello, "127.0.0.1", 0, process_request=query_param) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/?token=t0ken") as websocket:
            assert await websocket.recv() == "Hello ada!"
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{server.port}/?token=stolen")
        response = caught.value.response
        assert (response.status_code, response.body) == (401, b"Invalid token\n")
        assert response.headers["Content-Type"].startswith("text/plain")


async def test_a_token_in_a_cookie() -> None:
    async def cookie(connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" not in request.headers:
            return None
        given = SimpleCookie(request.headers.get("Cookie", "")).get("token")
        if given is None or given.value not in USERS:
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "Invalid token\n")
        connection.username = USERS[given.value]
        return None

    async def hello(websocket: ServerConnection) -> None:
        await websocket.send(f"Hello {websocket.username}!")

    async with serve(hello, "127.0.0.1", 0, process_request=cookie) as server:
        address = f"ws://127.0.0.1:{server.port}/"
        headers = {"Cookie": "token=t0ken"}
        async with connect(address, additional_headers=headers) as websocket:
            assert await websocket.recv() == "Hello ada!"


# A client that stays.


async def test_reconnecting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wspair._retrying.FIRST", 0.01)
    visits = 0

    async def restless(websocket: ServerConnection) -> None:
        nonlocal visits
        visits += 1
        await websocket.send(f"visit {visits}")
        websocket.transport.abort()

    seen: list[object] = []
    async with serve(restless, "127.0.0.1", 0) as server:
        async for websocket in connect(f"ws://127.0.0.1:{server.port}"):
            try:
                async for message in websocket:
                    seen.append(message)
            except ConnectionClosed:
                if visits < 3:
                    continue
            break
    assert visits == 3


async def test_a_client_that_closes_on_a_signal() -> None:
    async def slow_echo(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with serve(slow_echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}") as websocket:
            loop = asyncio.get_running_loop()

            def close() -> None:
                closing.append(loop.create_task(websocket.close()))

            closing: list[asyncio.Task[None]] = []
            loop.add_signal_handler(signal.SIGUSR1, close)
            try:
                await websocket.send("last")
                seen = []
                async for message in websocket:
                    seen.append(message)
                    os.kill(os.getpid(), signal.SIGUSR1)
            finally:
                loop.remove_signal_handler(signal.SIGUSR1)
            assert seen == ["last"]
            await closing[0]


RELOADED = """
    import asyncio
    import os
    import pathlib
    import signal

    from wspair.asyncio.server import serve

    async def tell(websocket):
        await websocket.send(pathlib.Path("greeting").read_text())
        await websocket.wait_closed()

    async def main():
        loop = asyncio.get_running_loop()
        stop = loop.create_future()
        loop.add_signal_handler(signal.SIGTERM, stop.set_result, None)
        async with serve(tell, "127.0.0.1", 0) as server:
            print(server.sockets[0].getsockname()[1], flush=True)
            await stop

    asyncio.run(main())
"""


async def test_a_server_that_is_reloaded_by_a_signal(tmp_path: Path) -> None:
    """SIGTERM closes what is open with 1001 and ends well; its successor serves the new state."""
    program = tmp_path / "app.py"
    program.write_text(textwrap.dedent(RELOADED))
    for greeting in ("old", "new"):
        (tmp_path / "greeting").write_text(greeting)
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), cwd=tmp_path, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        async with connect(f"ws://127.0.0.1:{port}") as websocket:
            assert await websocket.recv() == greeting
            process.terminate()
            with pytest.raises(ConnectionClosedOK) as caught:
                await websocket.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1001
        assert await asyncio.wait_for(process.wait(), 30) == 0


# Threads.


@contextmanager
def serving(handler: object) -> Iterator[str]:
    from wspair.sync.server import serve as sync_serve

    with sync_serve(handler, "127.0.0.1", 0) as server:  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join(30)
            assert not thread.is_alive()


def test_quick_start_with_threads() -> None:
    from wspair.sync.client import connect as sync_connect
    from wspair.sync.server import ServerConnection as SyncConnection

    def hello(websocket: SyncConnection) -> None:
        name = websocket.recv()
        websocket.send("Hello " + str(name) + "!")

    with serving(hello) as address, sync_connect(address) as websocket:
        websocket.send("Ada")
        assert websocket.recv(timeout=30) == "Hello Ada!"


def test_going_over_messages_with_threads() -> None:
    from wspair.sync.client import connect as sync_connect
    from wspair.sync.server import ServerConnection as SyncConnection

    def count(websocket: SyncConnection) -> None:
        for number in range(3):
            websocket.send(str(number))

    with serving(count) as address, sync_connect(address) as websocket:
        assert list(websocket) == ["0", "1", "2"]
        began = time.monotonic()
        with pytest.raises(ConnectionClosedOK):
            websocket.recv(timeout=30)
        assert time.monotonic() - began < 20


async def generate() -> AsyncIterator[str]:
    for part in ("a", "b"):
        yield part


async def test_a_message_in_fragments() -> None:
    async def echo(websocket: ServerConnection) -> None:
        async for message in websocket:
            await websocket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}") as websocket:
            await websocket.send(["a", "b"])
            assert await websocket.recv() == "ab"
            await websocket.send(generate())
            assert await websocket.recv() == "ab"
            latency = await (await websocket.ping())
            assert latency > 0
            assert websocket.latency == latency
