"""What is done leaves nothing behind: traced memory, and that of the process."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Both

from wspair import (
    Acceptance,
    ClientHandshake,
    ClientRequest,
    Connection,
    DeflateOptions,
    LocalProtocolError,
    Opened,
    Policy,
    Request,
    Role,
    ServerHandshake,
    WebSocketPair,
)
from wspair.asyncio import WebSocket, connect, serve

PAYLOAD, TEXT = bytes(300), "ž" * 300
LONG = bytes(10_000)


def messages(both: Both) -> None:
    both.client.send_many([PAYLOAD, TEXT, "short", LONG])
    for event in both.to_server():
        both.server.send(event.data)
    both.server.send_fragment("part", fin=False)
    both.server.ping(b"x")
    both.server.send_fragment("", fin=True)
    both.client.receive_data(b"".join(both.server.buffers_to_send()))
    both.to_server()


def connections() -> None:
    both = Both()
    messages(both)
    both.server.get_buffer()
    both.client.close(1000, "bye")
    both.to_server()
    both.to_client()


def handshakes() -> None:
    options = DeflateOptions(server_no_context_takeover=True, client_no_context_takeover=True)
    client = ClientHandshake(ClientRequest("ws://example.org/", compression=options))
    server = ServerHandshake()
    request = server.receive_data(client.data_to_send())
    assert isinstance(request, Request)
    answer = request.accept(Policy(compression=options, origins=["https://example.org"]))
    assert isinstance(answer, Acceptance)
    opened = client.receive_data(answer.to_bytes({"X": "y"}))
    assert isinstance(opened, Opened)
    ours = Connection(Role.CLIENT, opened.agreed, compression=options)
    theirs = Connection(Role.SERVER, answer.agreed, compression=options)
    ours.send(TEXT)
    theirs.receive_data(ours.data_to_send())


def pairs() -> None:
    client, server = WebSocketPair()
    server.add_event_listener("message", lambda event: server.send(event.data))
    client.accept()
    server.accept()
    client.send(object())
    client.send([client])
    list(client)
    client.close(1000, "bye")
    list(client)


def mistakes() -> None:
    both = Both(max_outgoing=10)
    both.client.send("x" * 100)
    for call in (
        lambda: both.client.send("x"),
        lambda: both.client.close(1005),
        lambda: both.client.send(None),  # type: ignore[arg-type]
        lambda: both.client.receive_data("text"),  # type: ignore[arg-type]
        lambda: Connection(Role.SERVER, nonsense=1),  # type: ignore[call-arg]
    ):
        with pytest.raises((LocalProtocolError, TypeError)):
            call()


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def grows(work: Callable[[int], object], rounds: int) -> tuple[int, int]:
    """By how many bytes the traced and the resident memory grew, after a warm-up as long."""
    work(rounds)
    gc.collect()
    before_resident = resident()
    tracemalloc.start()
    gc.collect()
    work(max(1, rounds // 20))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    work(max(1, rounds // 20))
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    work(rounds)
    gc.collect()
    return traced, resident() - before_resident


SYNC: dict[str, Callable[[], None]] = {
    "connections": connections,
    "handshakes": handshakes,
    "pairs": pairs,
    "mistakes": mistakes,
}


def check(work: Callable[[int], object], rounds: int) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc")
    traced, grown = grows(work, rounds)
    assert traced < 20_000, f"{traced} traced bytes"
    assert grown < 4 << 20, f"{grown} resident bytes"


def repeat(call: Callable[[], None]) -> Callable[[int], None]:
    def work(rounds: int) -> None:
        for _ in range(rounds):
            call()

    return work


def repeat_messages() -> Callable[[int], None]:
    both = Both()
    return repeat(lambda: messages(both))


def visits(rounds: int) -> None:
    async def echo(ws: WebSocket) -> None:
        async for message in ws:
            await ws.send(message)

    async def main() -> None:
        async with serve(echo, "127.0.0.1", 0) as server:
            for _ in range(rounds):
                async with connect(f"ws://127.0.0.1:{server.port}/") as ws:
                    await ws.send("x")
                    await ws.receive()

    asyncio.run(main())


@pytest.mark.parametrize("name", SYNC)
def test_a_few_leave_nothing(name: str) -> None:
    check(repeat(SYNC[name]), 500)


@pytest.mark.parametrize("name", ["kept objects", "kept connections", "native memory"])
def test_a_planted_leak_is_seen(name: str) -> None:
    kept: list[object] = []

    def leak() -> None:
        if name == "kept objects":
            kept.append(bytearray(1000))
        elif name == "kept connections":
            both = Both()
            messages(both)
            # Enough of them that what the tests before gave back does not take them all in.
            kept.append([both, *(Both() for _ in range(20))])
        else:
            # Of the engine's own memory nothing is traced: what waits in an output queue.
            both = Both()
            both.server.send(bytes(20_000))
            kept.append(both.server)

    with pytest.raises(AssertionError, match=r"\d+ (traced|resident) bytes"):
        check(repeat(leak), 500)


def test_a_few_messages_leave_nothing() -> None:
    check(repeat_messages(), 2000)


def test_a_few_visits_leave_nothing() -> None:
    check(visits, 60)


@pytest.mark.slow
@pytest.mark.parametrize("name", SYNC)
def test_100_000_leave_nothing(name: str) -> None:
    check(repeat(SYNC[name]), 100_000)


@pytest.mark.slow
def test_a_million_messages_leave_nothing() -> None:
    check(repeat_messages(), 200_000)


@pytest.mark.slow
def test_many_visits_leave_nothing() -> None:
    check(visits, 5_000)
