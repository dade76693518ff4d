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

from wspair import accept_key
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


async def test_the_client_is_interactive() -> None:
    """A line is sent when it is typed."""
    async with serve(shout, "127.0.0.1", 0) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wspair", f"ws://127.0.0.1:{server.port}/"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for word in (b"one", b"two"):
            process.stdin.write(word + b"\n")
            assert await asyncio.wait_for(process.stdout.readline(), 30) == word.upper() + b"\n"
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_the_client_and_bytes() -> None:
    async def mirror(ws: WebSocket) -> None:
        async for message in ws:
            assert isinstance(message, bytes)
            await ws.send(message[::-1])

    async with serve(mirror, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        status, out, err = await run("-m", "wspair", url, "--binary", stdin="0102\nxyz\n0xff 00\n")
    assert (status, out) == (0, "0x0201\n0x00ff\n")
    assert "no hexadecimal: xyz" in err


async def test_the_client_pings() -> None:
    has_said_so = asyncio.Event()

    async def wait(ws: WebSocket) -> None:
        await has_said_so.wait()

    async with serve(wait, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}/"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wspair", url, "--ping", "0.05"),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        # The input stays open.
        err = b""
        while b"pong after" not in err:
            more = await asyncio.wait_for(process.stderr.read(1024), 30)
            assert more, err
            err += more
        has_said_so.set()
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def be_ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-x\r\n")
    writer.close()


async def be_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nno way")
    writer.close()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = head.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
    answer = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(f"{answer}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode())
    await asyncio.sleep(0.1)  # sleeps: what is sent comes in two reads
    writer.write(b"\x83\x00")
    await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (hang_up, "no WebSocket"),
        (be_silent, "within 0.5 s"),
        (be_ssh, "no WebSocket"),
        (be_http, "404 Not Found: no way"),
        (break_off, "reserved opcode"),
    ],
)
async def test_a_clear_line_for_every_error(server: Any, words: str) -> None:
    async with await asyncio.start_server(server, "127.0.0.1", 0) as there:
        url = f"ws://127.0.0.1:{there.sockets[0].getsockname()[1]}/"
        async with asyncio.timeout(30):
            status, out, err = await run("-m", "wspair", url, "--timeout", "0.5")
    assert (status, out) == (1, "")
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (["http://h/"], "http://h/", 1),
        (["ws://h:x/"], "port", 1),
        (["wss://127.0.0.1:1/"], "onnect", 1),
        (["ws://nowhere.invalid/"], "", 1),
        (["ws://h/", "--header", "x"], "NAME:VALUE", 2),
        (["ws://h/", "--header", "a b:c"], "field", 1),
        (["ws://h/", "--ping", "0"], "seconds", 2),
        (["ws://h/", "--proxy", "h"], "proxy", 1),
        (["ws://h/", "--subprotocol", "a b"], "token", 1),
        ([], "url", 2),
    ],
)
async def test_what_cannot_be_asked_for(arguments: list[str], words: str, status: int) -> None:
    got, _, err = await run("-m", "wspair", *arguments)
    assert got == status
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name",
    ["echo_server.py", "echo_server_sync.py", "echo_server_threads.py", "echo_server_trio.py"],
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
    assert len(BLOCKS) >= 6
