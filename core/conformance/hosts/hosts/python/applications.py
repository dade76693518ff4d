"""What the applications under test do with a connection, by the path that was asked for.

They know a `Socket`: `send`, `receive` (None at the end), `close`, `end` (how it ended), `host`.
"""

from __future__ import annotations

import array
import asyncio
import time

from speak import parse, tell, text_of


async def run(socket, path):
    """Runs the application of a path, and reports how it came out."""
    name, query = parse(path)
    tell("open", path)
    try:
        await APPLICATIONS.get(name, echo)(socket, path, **query)
    except Thrown:
        raise
    except Exception as error:
        tell("raised", path, **text_of(error))
    tell("done", path)


class Thrown(Exception):
    """On purpose."""


async def tell_end(socket, path):
    """Reads on to the end."""
    messages = 0
    while (await socket.receive()) is not None:
        messages += 1
    tell("end", path, left=messages, **socket.end())


async def echo(socket, path, **_):
    messages = 0
    while (message := await socket.receive()) is not None:
        messages += 1
        tell("message", path, size=len(message), number=messages)
        try:
            await socket.send(message)
        except Exception as error:
            tell("send-failed", path, **text_of(error))
    tell("end", path, messages=messages, **socket.end())


async def companion(socket, path):
    while (message := await socket.receive()) is not None:
        await socket.send(message)


async def sender(socket, path, every=10, **_):
    """Sends, and never reads."""
    try:
        while True:
            await socket.send("tick")
            await asyncio.sleep(every / 1000)
    except Exception as error:
        tell("send-failed", path, **text_of(error))


async def tight(socket, path, size=50_000, **_):
    """Sends with nothing between."""
    data = bytes(size)
    try:
        while True:
            await socket.send(data)
    except Exception as error:
        tell("send-failed", path, **text_of(error))


async def idle(socket, path, **_):
    """Neither reads nor sends."""
    await socket.host.may_go.wait()
    await tell_end(socket, path)


async def late(socket, path, **_):
    """Reads when it is told to."""
    await socket.host.may_go.wait()
    await echo_nothing(socket, path)


async def echo_nothing(socket, path):
    messages = size = 0
    in_order = True
    while (message := await socket.receive()) is not None:
        if isinstance(message, bytes) and len(message) >= 4:
            in_order &= int.from_bytes(message[:4], "big") == messages
        messages += 1
        size += len(message)
    tell("end", path, messages=messages, size=size, in_order=in_order, **socket.end())


async def close(socket, path, code=4000, reason="bye", **_):
    began = time.monotonic()
    await socket.close(code, reason)
    tell("closed", path, after=time.monotonic() - began)
    await tell_end(socket, path)


async def close_reading(socket, path):
    """One task reads, another closes."""
    reader = asyncio.ensure_future(echo(socket, path))
    await asyncio.sleep(0.05)
    try:
        await socket.close(4000, "bye")
        tell("closed", path)
    except Exception as error:
        tell("close-failed", path, **text_of(error))
    await reader


async def close_twice(socket, path):
    """From two tasks."""
    results = await asyncio.gather(
        socket.close(4000, "bye"), socket.close(4001, "again"), return_exceptions=True
    )
    for result in results:
        if isinstance(result, BaseException):
            tell("close-failed", path, **text_of(result))
    tell("closed", path)
    await tell_end(socket, path)


async def bulk(socket, path, mib=64, size=65536):
    """Sends much, and reports at times how far it is."""
    filler = bytes(size - 4)
    count = mib * (1 << 20) // size
    for number in range(count):
        await socket.send(number.to_bytes(4, "big") + filler)
        socket.host.sent = number + 1
    tell("sent", path, messages=count)
    await tell_end(socket, path)


async def big(socket, path, size=8 << 20):
    """One long message."""
    await socket.send(bytes(size))
    tell("sent", path)
    await tell_end(socket, path)


async def many(socket, path, tasks=8, messages=100):
    """Sends from many tasks at once, of mixed sizes."""

    async def send(name):
        for number in range(messages):
            size = (17, 300, 5_000, 70_000)[(number + name) % 4]
            await socket.send(f"{name}:{number}:".ljust(size, "abcdefgh"[name % 8]))

    await asyncio.gather(*(send(name) for name in range(tasks)))
    tell("sent", path)
    await tell_end(socket, path)


async def buffers(socket, path):
    """Sends views of many kinds, and changes what they show in the next statement.

    Each goes behind a text that says what is due, or what it was refused with.
    """
    for name, make in BUFFERS.items():
        view, due, change = make()
        try:
            task = asyncio.ensure_future(socket.send(view))
            await asyncio.sleep(0)
            change()
            await task
            await socket.send(f"{name} {due.hex()}")
        except (TypeError, ValueError, BufferError) as error:
            tell("refused", path, name=name, **text_of(error))
            change()
            await socket.send(f"{name} refused")
        try:
            view, due, change = make()
            await socket.send(view)
            change()
            await socket.send(f"{name} {due.hex()}")
        except (TypeError, ValueError, BufferError):
            await socket.send(f"{name} refused")
    await socket.send("over")
    await tell_end(socket, path)


def changed(buffer, view, due=None):
    due = bytes(view) if due is None else due

    def change():
        buffer[:] = b"\xff" * len(buffer)

    return view, due, change


def _small():
    data = bytearray(range(100))
    return changed(data, data)


def _large():
    data = bytearray(range(250)) * 800
    return changed(data, data)


def _offset():
    data = bytearray(range(200))
    return changed(data, memoryview(data)[50:150])


def _strided():
    data = bytearray(range(200))
    return changed(data, memoryview(data)[::2])


def _read_only():
    data = bytearray(range(200)) * 100
    return changed(data, memoryview(data).toreadonly())


def _numbers():
    data = array.array("I", range(100))
    view = memoryview(data)

    def change():
        data[0] = 7

    return view, view.tobytes(), change


def _released():
    data = bytearray(range(100))
    view = memoryview(data)
    due = bytes(view)
    view.release()
    return view, due, lambda: None


BUFFERS = {
    "bytearray": _small,
    "long bytearray": _large,
    "offset view": _offset,
    "strided view": _strided,
    "read-only view": _read_only,
    "view of numbers": _numbers,
    "released view": _released,
}


async def throw(socket, path):
    await socket.receive()
    tell("throws", path)
    raise Thrown("on purpose")


async def throw_task(socket, path):
    """In a task that nobody awaits, and in a timer."""
    loop = asyncio.get_running_loop()

    async def fail():
        raise Thrown("in a task")

    def fail_too():
        raise Thrown("in a timer")

    loop.create_task(fail())
    loop.call_later(0, fail_too)
    await echo(socket, path)


async def busy(socket, path, ms=2000):
    """Computes, and lets nobody else."""
    await socket.receive()
    end = time.monotonic() + ms / 1000
    while time.monotonic() < end:
        sum(range(1000))
    tell("computed", path)
    await socket.send("computed")
    await echo(socket, path)


async def after_end(socket, path):
    """Sends, closes and reads after the end."""
    await tell_end(socket, path)
    try:
        await socket.send("too late")
        tell("sent-after-end", path)
    except Exception as error:
        tell("send-failed", path, **text_of(error))
    try:
        await socket.close(1000, "")
        await socket.close(4000, "again")
        again = await socket.receive()
        tell("end-again", path, again=again, **socket.end())
    except Exception as error:
        tell("close-failed", path, **text_of(error))


async def cancelled(socket, path):
    """Gives up reading over and over; no message may be lost."""
    messages = []
    while True:
        try:
            message = await asyncio.wait_for(socket.receive(), 0.002)
        except TimeoutError:
            continue
        if message is None:
            break
        messages.append(message)
    tell("end", path, messages=len(messages), in_order=messages == sorted(messages, key=int))


async def drop(socket, path):
    """Forgets the connection without closing it."""
    await socket.receive()
    tell("dropped", path)
    socket.forget()


broadcasting = []


async def broadcast(socket, path, messages=1000, size=1024):
    """Sends everything to everybody, once it is told to."""
    broadcasting.append(socket)
    first = broadcasting[0] is socket
    try:
        if first:
            await socket.host.may_go.wait()
            for _ in range(messages):
                await socket.broadcast(list(broadcasting), bytes(size))
            tell("sent", path)
        await tell_end(socket, path)
    finally:
        if socket in broadcasting:
            broadcasting.remove(socket)


APPLICATIONS = {
    name.__name__.replace("_", "-"): name
    for name in (
        echo,
        companion,
        sender,
        tight,
        idle,
        late,
        close,
        close_reading,
        close_twice,
        bulk,
        big,
        many,
        buffers,
        throw,
        throw_task,
        busy,
        after_end,
        cancelled,
        drop,
        broadcast,
    )
}
