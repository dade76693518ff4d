"""What people who know `websockets` look for on a connection, beside the documented programs."""

from __future__ import annotations

import array
import asyncio
import enum
import inspect
import logging
from typing import Any

import pytest

import wspair
from wspair import (
    ConnectionClosed,
    ConnectionClosedError,
    Prepared,
    ReadyState,
    Response,
    ServerConnection,
    broadcast,
)
from wspair.asyncio import WebSocket, connect, serve


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


def test_the_version() -> None:
    from importlib.metadata import version

    assert wspair.__version__ == version("wspair")
    assert set(wspair.__all__) <= set(dir(wspair))
    for name in wspair.__all__:
        assert getattr(wspair, name) is not None
    with pytest.raises(AttributeError):
        wspair.nonsense  # noqa: B018


async def test_state_and_names() -> None:
    async with serve(echo, "127.0.0.1", 0, subprotocols=["chat"]) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/", subprotocols=["chat"]) as ws:
            (there,) = server.connections
            assert ws.state is ReadyState.OPEN
            assert ws.subprotocol == there.subprotocol == "chat"
            assert ws.local_address == there.remote_address
            assert ws.id == ws.id != there.id
            assert ws.last_event is None
            assert there.server is server
        assert ws.ready_state == ReadyState.CLOSED
        assert (ws.close_code, ws.close_reason) == (1000, "")


async def test_who_sends_no_origin_is_refused_where_origins_are_listed() -> None:
    async with serve(echo, "127.0.0.1", 0, origins=["https://example.org"]) as server:
        with pytest.raises(wspair.InvalidStatus, match="403"):
            await connect(f"ws://127.0.0.1:{server.port}/")
    async with serve(echo, "127.0.0.1", 0, origins=["https://example.org", None]) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/"):
            pass


async def test_process_response_sees_and_changes_the_answer() -> None:
    def add_cookies(connection: ServerConnection, request: Any, response: Response) -> None:
        assert response.headers["Server"] == "us"
        response.headers["Set-Cookie"] = "a=1"
        response.headers["Set-Cookie"] = "b=2"

    options: dict[str, Any] = {"process_response": add_cookies, "server_header": "us"}
    async with serve(echo, "127.0.0.1", 0, **options) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            assert ws.response is not None
            assert ws.response.headers.get_all("set-cookie") == ["a=1", "b=2"]
            assert ws.response.headers["Server"] == "us"


async def test_keepalive_measures_latency() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/", ping_interval=0.01) as ws:
            assert ws.latency == 0
            while not ws.latency:
                await asyncio.sleep(0.01)
            assert 0 < ws.latency < 30


async def test_text_as_bytes_and_bytes_as_text() -> None:
    async def parts() -> Any:
        yield b"a"
        yield b"b"

    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            for message, text, expected in (
                (b"ab", True, "ab"),
                ("ab", False, b"ab"),
                ([b"a", "b"], True, "ab"),
                (["a", b"b"], False, b"ab"),
                (parts(), True, "ab"),
                (array.array("B", b"ab"), True, "ab"),
                (memoryview(b"a-b-")[::2], True, "ab"),
            ):
                await ws.send(message, text=text)
                assert await ws.recv() == expected
            with pytest.raises(UnicodeDecodeError):
                await ws.send(b"\xff", text=True)
            for wrong in (5, [1, 2], {"a": 1}):
                with pytest.raises(TypeError):
                    await ws.send(wrong, text=True)
            for wrong in (5, [1, 2]):
                with pytest.raises(TypeError):
                    await ws.ping(wrong)  # type: ignore[arg-type]


# Broadcasts.


async def test_a_broadcast_does_not_wait_for_the_slow() -> None:
    """Whoever does not read is bounded, then told; the others have all of it."""
    stalled = asyncio.Event()

    async def handler(ws: WebSocket) -> None:
        await ws.wait_closed()

    options: dict[str, Any] = {"max_outgoing": 1 << 20, "close_timeout": 0.5}
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        address = f"ws://127.0.0.1:{server.port}/"
        slow = await connect(address, max_queue=1)
        (its,) = server.connections
        async with connect(address) as quick:
            payload = bytes(64 << 10)
            count = 0
            while its.state is ReadyState.OPEN:
                broadcast(server.connections, payload)
                count += 1
                assert len(await quick.recv()) == len(payload)
                assert its.buffered_amount <= (1 << 20) + len(payload) + 100
                assert count < 1000
            stalled.set()
            with pytest.raises(ConnectionClosed):
                await its.send("more")
        slow.abort()
        await slow.wait_closed()


async def test_what_can_be_broadcast(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(echo, "127.0.0.1", 0, compression="deflate") as server:
        address = f"ws://127.0.0.1:{server.port}/"
        async with connect(address, compression="deflate") as one, connect(address) as two:
            long = "a long message " * 100
            for message in ("text", long, b"bytes", bytearray(b"x"), memoryview(b"y")):
                broadcast(server.connections, message)
                for ws in (one, two):
                    expected = message if isinstance(message, str) else bytes(message)
                    assert await ws.recv() == expected
            broadcast(server.connections, Prepared("once"))
            broadcast([one, two], "from clients")
            broadcast(server.connections, b"text", text=True)
            for ws in (one, two):
                assert [await ws.recv() for _ in range(3)] == ["once", "text", "from clients"]
            for wrong in (["parts"], 5, None, {"a": 1}):
                with pytest.raises(TypeError):
                    broadcast(server.connections, wrong)  # type: ignore[arg-type]
            broadcast(server.connections, "x", raise_exceptions=True)
        broadcast([one, two], "too late")
    assert "Traceback" not in caplog.text


async def test_a_broadcast_during_a_fragmented_message(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            (there,) = server.connections
            goes_on = asyncio.Event()

            async def parts() -> Any:
                yield "a"
                await goes_on.wait()
                yield "b"

            sending = asyncio.create_task(there.send(parts()))
            await asyncio.sleep(0.05)  # sleeps: gives the message time to be begun
            with pytest.raises(ExceptionGroup, match="broadcast"):
                broadcast([there], "x", raise_exceptions=True)
            broadcast([there], "x")
            assert "fragmented" in caplog.text
            goes_on.set()
            await sending
            assert await ws.recv() == "ab"


# The log.


async def test_the_log_says_what_happens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wspair")

    async def bye(ws: WebSocket) -> None:
        await ws.close(4001, "no more")

    async with serve(bye, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            await ws.receive()
            await ws.wait_closed()
        lines = [record.getMessage() for record in caplog.records]
    assert sum("connection open" in line for line in lines) == 2
    assert sum("connection closed" in line and "4001 'no more'" in line for line in lines) == 1
    assert "Traceback" not in caplog.text


async def test_a_broken_limit_is_told_with_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wspair")
    async with serve(echo, "127.0.0.1", 0, max_size=10) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            await ws.send("x" * 11)
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009
            assert "11" in caught.value.rcvd.reason
            assert "10" in caught.value.rcvd.reason
    assert "11 bytes, allowed are 10" in caplog.text


async def test_frames_are_logged_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wspair")
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            for message in ("hi\n", b"\x00\x01", "x" * 70_000, ["a", "b"], bytes(5000)):
                await ws.send(message)
                await ws.recv()
            await (await ws.ping(b"p"))
    lines = [record.getMessage().split(" ", 1)[1] for record in caplog.records]
    frames = [line for line in lines if line[0] in "<>"]
    for frame in (
        'TEXT "hi\\n" [3 bytes]',
        "BINARY 00 01 [2 bytes]",
        f'TEXT "{"x" * 125}" ... [70000 bytes]',
        'TEXT "a" [1 bytes, continued]',
        "CONT [0 bytes]",
        "PING 70 [1 bytes]",
        "PONG 70 [1 bytes]",
        "CLOSE 1000 [2 bytes]",
        f"BINARY{' 00' * 16} ... [5000 bytes]",
    ):
        # Each is sent by one and received by the other.
        assert f"> {frame}" in frames
        assert f"< {frame}" in frames
    assert frames.count("> CLOSE 1000 [2 bytes]") == 2
    assert "\n" not in "".join(frames)
    assert not any("no frame" in frame for frame in frames)


async def test_a_broken_frame_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wspair")
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
            ws.transport.write(b"\x83\x80abcd")
            with pytest.raises(ConnectionClosedError):
                await ws.recv()
    assert "no frame: reserved opcode" in caplog.text
    assert "> CLOSE 1002" in caplog.text


# Signatures.


def public() -> list[Any]:
    import wspair.asyncio
    import wspair.sync
    import wspair.uvicorn

    found: list[Any] = []
    for module in (wspair, wspair.asyncio, wspair.sync, wspair.uvicorn):
        for name in getattr(module, "__all__", ["WebSocketProtocol"]):
            found.append(getattr(module, name))
    return found


def test_everything_has_a_signature() -> None:
    seen = 0
    for thing in public():
        if not callable(thing) or not hasattr(thing, "__module__"):
            continue
        if str(thing).startswith("typing."):
            continue
        inspect.signature(thing)
        for name, member in inspect.getmembers(thing):
            is_named = not name.startswith("_") or name in ("__init__", "__new__")
            if isinstance(thing, type) and issubclass(thing, enum.Enum) and hasattr(int, name):
                continue
            if isinstance(thing, type) and issubclass(thing, enum.Enum) and hasattr(str, name):
                continue
            if isinstance(thing, type) and issubclass(thing, Exception) and hasattr(OSError, name):
                continue
            if is_named and callable(member) and not isinstance(member, type):
                if isinstance(thing, type) and getattr(member, "__objclass__", None) is object:
                    continue
                try:
                    inspect.signature(member)
                except ValueError as error:
                    pytest.fail(f"{thing!r}.{name}: {error}")
                seen += 1
    assert seen > 150


def test_everything_has_a_text() -> None:
    for thing in public():
        if not isinstance(thing, type):
            continue
        for name in dir(thing):
            its = inspect.getattr_static(thing, name)
            is_there = callable(its) or type(its).__name__ in ("property", "getset_descriptor")
            if name.startswith("_") or not is_there or name in ("args", "characters_written"):
                continue
            assert inspect.getdoc(getattr(thing, name)), f"{thing!r}.{name}"
