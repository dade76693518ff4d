"""What type checkers know: exhaustiveness, and the types of what people write every day."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

EXHAUSTIVE = """
    from typing_extensions import assert_never


    from wspair import (
        Binary, Cause, Chunk, Close, Closed, CloseEvent, ErrorEvent, Event, Failed, Kind,
        MessageEvent, Opened, PairEvent, Ping, Pong, ReadyState, Refused, Role, Text,
        TransportAction,
    )

    def event(it: Event) -> str:
        match it:
            case Text(data):
                return data.upper()
            case Binary(data) | Ping(data) | Pong(data):
                return data.hex()
            case Chunk(kind, data, first, last):
                return f"{kind.name} {data.hex()} {first and last}"
            case Close(code, reason):
                return f"{code or 0} {reason.upper()}"
            case Closed(code, reason, clean, cause, error):
                return f"{code + 1} {reason} {clean} {cause.name} {error and error.close_code + 1}"
        assert_never(it)

    def pair_event(it: PairEvent) -> int:
        match it:
            case MessageEvent(data):
                return 0
            case CloseEvent(code, _, _):
                return code
            case ErrorEvent(error):
                return len(error)
        assert_never(it)

    def opened(it: Opened | Refused | Failed) -> int:
        match it:
            case Opened(agreed, status, fields):
                return status if agreed.compression else len(fields)
            case Refused(status, _, body):
                return status + len(body)
            case Failed(cause):
                return len(cause)
        assert_never(it)

    def cause(it: Cause) -> int:
        match it:
            case Cause.HANDSHAKE | Cause.PEER | Cause.TRANSPORT:
                return 0
            case Cause.CLOSE_TIMEOUT | Cause.PONG_TIMEOUT | Cause.ABORT | Cause.OUT_OF_MEMORY:
                return 1
        assert_never(it)

    def words(role: Role, kind: Kind, state: ReadyState, action: TransportAction) -> int:
        if role is Role.CLIENT:
            number = 1
        elif role is Role.SERVER:
            number = 2
        else:
            assert_never(role)
        match kind:
            case Kind.TEXT | Kind.BINARY:
                pass
            case _:
                assert_never(kind)
        match state:
            case (
                ReadyState.CONNECTING | ReadyState.OPEN | ReadyState.CLOSING | ReadyState.CLOSED
            ):
                pass
            case _:
                assert_never(state)
        match action:
            case TransportAction.OPEN | TransportAction.FINISH_WRITING | TransportAction.CLOSE:
                return number
        assert_never(action)
"""

EVERY_DAY = """
    from wspair import ConnectionClosed, PayloadTooBig, Response, broadcast
    from wspair.asyncio import ServerConnection, connect, serve
    from wspair.sync import connect as sync_connect

    def judge(connection: ServerConnection, request: object) -> Response | None:
        path: str = connection.request.path
        token: str | None = connection.request.headers.get("Authorization")
        return None if path and token else connection.respond(401, "no")

    async def handler(ws: ServerConnection) -> None:
        async for message in ws:
            text: str = message if isinstance(message, str) else message.decode()
            await ws.send(text)
        data: bytes = await ws.recv(decode=False)
        latency: float = await (await ws.ping())
        broadcast(ws.server.connections, data + str(latency).encode())

    async def main() -> None:
        async with serve(handler, "127.0.0.1", 0, process_request=judge) as server:
            port: int = server.port
            async for ws in connect(f"ws://127.0.0.1:{port}/"):
                try:
                    print(ws.request.headers["Host"], ws.response, await ws.recv())
                except ConnectionClosed as closed:
                    code: int = closed.code
                    if isinstance(closed.__cause__, PayloadTooBig):
                        code = closed.__cause__.size
                    print(code, closed.cause)

    def main_of_a_thread() -> None:
        with sync_connect("ws://127.0.0.1/") as ws:
            text: str = ws.recv(1.0, True)
            ws.send(text)
            for message in ws:
                print(len(message))
"""

MISTAKES = {
    "a missing event": (EXHAUSTIVE, "            case Failed(cause):\n", "            case 5:\n"),
    "a missing cause": (EXHAUSTIVE, " | Cause.OUT_OF_MEMORY", ""),
    "a missing word": (EXHAUSTIVE, "TransportAction.OPEN | ", ""),
    "a message taken for text": (
        EVERY_DAY,
        "text: str = message if isinstance(message, str) else message.decode()",
        "text: str = message",
    ),
    "bytes taken for text": (EVERY_DAY, "data: bytes = await", "data: str = await"),
}


def checkers() -> list[list[str]]:
    found = [[sys.executable, "-m", "mypy", "--strict", "--cache-dir", "../mypy"]]
    pyright = shutil.which("pyright") or shutil.which("basedpyright")
    if pyright is not None:
        found.append([pyright, "--pythonpath", sys.executable, "--level", "error"])
    return found


def check(checker: list[str], folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(textwrap.dedent(code))
    (folder / "pyproject.toml").write_text('[tool.pyright]\ntypeCheckingMode = "standard"\n')
    return subprocess.run(
        [*checker, "program.py"], cwd=folder, capture_output=True, text=True, timeout=120
    )


CHECKERS = pytest.mark.parametrize(
    "checker", checkers(), ids=lambda it: "mypy" if "mypy" in it else "pyright"
)


@CHECKERS
@pytest.mark.parametrize("code", [EXHAUSTIVE, EVERY_DAY], ids=["exhaustive", "every day"])
@pytest.mark.timeout(180)
def test_what_is_right(checker: list[str], code: str, tmp_path: Path) -> None:
    done = check(checker, tmp_path, code)
    assert done.returncode == 0, done.stdout


@CHECKERS
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.timeout(180)
def test_what_is_wrong_is_seen(checker: list[str], mistake: str, tmp_path: Path) -> None:
    code, right, wrong = MISTAKES[mistake]
    assert right in code
    assert check(checker, tmp_path, code.replace(right, wrong)).returncode == 1


def test_pyright_is_there() -> None:
    if len(checkers()) < 2:
        pytest.skip("PYRIGHT IS NOT INSTALLED, ONLY MYPY WAS ASKED")
