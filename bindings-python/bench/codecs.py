"""Receiving and sending without a socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from bench import peers
from wspair import Connection, Role

Run = Callable[[], object]

READ = 64 << 10

HIGH_WATER_MARK = 1 << 20
"""What waits at most where an application heeds `is_congested`."""


def run(quick: bool) -> None:
    sizes = [16, 125, 1024, 16 << 10, 64 << 10, 1 << 20]
    repeat = 5 if quick else 15
    if quick:
        sizes = [16, 1024, 64 << 10]
    for text in (False, True):
        kind = "text" if text else "binary"
        for role in ("server", "client"):
            masked = "masked" if role == "server" else "unmasked"
            for single in (False, True):
                how = "a message a call" if single else "64 KiB a call"
                table(
                    f"receive {masked} {kind}, {how}", receiving(role, text, single), sizes, repeat
                )
    for role in ("server", "client"):
        masked = "unmasked" if role == "server" else "masked"
        table(f"send {masked} binary", sending(role), sizes, repeat)


def table(
    title: str, make: Callable[[int], tuple[int, dict[str, Run]]], sizes: list[int], repeat: int
) -> None:
    print(title)
    names: list[str] = []
    for size in sizes:
        count, runs = make(size)
        results = measure(runs, count, repeat)
        if not names:
            names = list(results)
            print("".join(f"{name:>20}" for name in ["bytes", *names]))
        best = min(ns for name, ns in results.items() if not name.startswith(("wspair", "many")))
        cells = [f"{ns:,.0f} ({ns / best:.2f})" for ns in results.values()]
        print("".join(f"{cell:>20}" for cell in [f"{size:,}", *cells]))
    print()


def measure(runs: dict[str, Run], count: int, repeat: int) -> dict[str, float]:
    """The best time of each, taken in turns, so that a busy machine is busy for all."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeat):
        for name, call in runs.items():
            began = time.process_time_ns()
            rounds = 0
            while (took := time.process_time_ns() - began) < 10_000_000 and rounds < 200:
                call()
                rounds += 1
            best[name] = min(best[name], took / rounds / count if rounds else took / count)
    return best


def receiving(role: str, text: bool, single: bool) -> Callable[[int], tuple[int, dict[str, Run]]]:
    def make(size: int) -> tuple[int, dict[str, Run]]:
        message: Any = "x" * size if text else b"x" * size
        sender = Connection(Role.CLIENT if role == "server" else Role.SERVER)
        count = max(1, READ // (size + 8))
        sender.send_many([message] * count)
        data = sender.data_to_send()
        if single:
            length = len(data) // count
            chunks = [data[at : at + length] for at in range(0, len(data), length)]
        else:
            chunks = [data[at : at + READ] for at in range(0, len(data), READ)]
        conn = Connection(Role.SERVER if role == "server" else Role.CLIENT)

        def feed() -> None:
            for chunk in chunks:
                conn.receive_data(chunk)

        return count, {"wspair": feed, **peers.receivers(role, chunks, count)}

    return make


def sending(role: str) -> Callable[[int], tuple[int, dict[str, Run]]]:
    def make(size: int) -> tuple[int, dict[str, Run]]:
        message, count = b"x" * size, max(1, min(500, (4 << 20) // size))
        messages = [message] * count
        conn = Connection(Role.SERVER if role == "server" else Role.CLIENT)

        def one_each() -> None:
            for message in messages:
                conn.send(message)
                conn.data_to_send()

        def buffers() -> None:
            for message in messages:
                conn.send(message)
                conn.buffers_to_send()

        def many() -> None:
            sent = 0
            while sent < count:
                sent += conn.send_many(messages[sent:])
                conn.buffers_to_send()

        burst = max(1, HIGH_WATER_MARK // size)

        def bursts() -> None:
            for at in range(0, count, burst):
                conn.send_many(messages[at : at + burst])
                conn.buffers_to_send()

        ours: dict[str, Run] = {
            "wspair": one_each,
            "wspair buffers": buffers,
            "wspair many": many,
            "many, 1 MiB": bursts,
        }
        return count, {**ours, **peers.senders(role, messages)}

    return make


asyncio.set_event_loop(asyncio.new_event_loop())
