"""Rows F: much data, slow peers, and what a write is while it is under way."""

import time

from wire import BINARY, CLOSE, PING, PONG, Late

from rows import BOTH, SERVER, row
from rows.ending import host_ends

KEEPALIVE = {"ping_after": 1, "pong_within": 1, "close_within": 1}
MESSAGE = 64 << 10


def stalled(cell, progress, most):
    """Waits until `progress` does not change for a second; its last value."""
    until = cell.within(most)
    last, since = progress(), time.monotonic()
    while time.monotonic() - since < 1:
        until.check("nothing stops it")
        time.sleep(0.05)
        now = progress()
        if abs(now - last) > 256 << 10:
            last, since = now, time.monotonic()
    return last


def memory_is_bounded(cell, before, bound=24 << 20):
    grown = cell.program.memory() - before
    cell.due(grown < bound, f"memory grew by {grown >> 20} MiB")


@row(
    "F-01",
    "stops reading while A sends 64 MiB",
    BOTH,
    "/bulk?mib=64",
    options={"close_within": 2},
)
def stops_reading(cell):
    before = cell.program.memory()
    wire = cell.peer(small=True)
    stalled(cell, cell.program.memory, 15)
    memory_is_bounded(cell, before)
    count = (64 << 20) // MESSAGE
    until = cell.within(60)
    for number in range(count):
        frame = wire.read_message(until)
        if frame is None:
            raise Late(f"message {number} of {count} does not come ({wire.ended})")
        seen = int.from_bytes(frame.payload[:4], "big")
        if seen != number or len(frame.payload) != MESSAGE:
            raise Late(f"message {number} is {seen}, of {len(frame.payload)} bytes")
    cell.saw("sent", what="A's sends do not end")
    wire.send(wire.close_frame(1000), cell.within(1))


def numbered(wire, number):
    return wire.frame(BINARY, number.to_bytes(4, "big") + bytes(MESSAGE - 4), key=bytes(4))


def flood(cell, pings):
    """Sends 64 MiB to an application that takes nothing, until TCP stops us; then it goes on."""
    path = "/late" if "late" in cell.host.applications else "/echo"
    before = cell.program.memory()
    wire = cell.peer(path, small=True)
    cell.saw("open", path=path)
    count = (64 << 20) // MESSAGE
    sent, left, last, waited = 0, memoryview(b""), 0, time.monotonic()
    messages, others = [], []
    is_released = False
    until = cell.within(90)
    while sent < count or left:
        until.check("the host takes nothing more")
        if not left:
            ping = wire.frame(PING, b"%d" % sent) if pings else b""
            left = memoryview(ping + numbered(wire, sent))
            sent += 1
        took = wire.offer(left)
        left = left[took:]
        if took:
            waited = time.monotonic()
        elif not is_released and time.monotonic() - waited > 1:
            is_released, last = True, sent
            memory_is_bounded(cell, before)
            cell.go()
        elif is_released:
            read_echoes(cell, wire, messages, others)
        if not took:
            time.sleep(0.001)  # sleeps: to look again
    cell.due(is_released, "TCP never stopped us")
    cell.due(last * MESSAGE < 48 << 20, f"{last * MESSAGE >> 20} MiB were taken")
    wire.send(wire.close_frame(1000), cell.within(10))
    finished = cell.within(30)
    while CLOSE not in [frame.opcode for frame in others]:
        if not wire.fill(finished, "no Close") and not wire.data:
            break
        read_echoes(cell, wire, messages, others)
    host_ends(cell, wire)
    if path == "/echo":
        cell.due(
            messages == list(range(count)),
            f"{len(messages)} of {count} echoes came, or out of order",
        )
    else:
        end = cell.saw_end(within=10, path=path)
        cell.due(
            end["messages"] == count and end["in_order"],
            f"A saw {end['messages']} of {count}, in order: {end['in_order']}",
        )
    if pings:
        pongs = [int(frame.payload) for frame in others if frame.opcode == PONG]
        cell.due(count - 1 in pongs, f"the last of {count} pings is not answered: {pongs[-3:]}")
        cell.due(pongs == sorted(set(pongs)), f"pongs are repeated, or out of order: {pongs}")


def read_echoes(cell, wire, messages, others):
    wire.pull()
    while frame := wire._parse():
        if frame.opcode >= CLOSE:
            others.append(frame)
        elif frame.opcode:
            # What turns a message round does so with its echo.
            said = cell.host.reply(frame.opcode, frame.payload)
            messages.append(int.from_bytes(said[:4], "big"))


@row(
    "F-02",
    "sends 64 MiB while A stops taking messages",
    BOTH,
    "/echo",
    options={"close_within": 30},
)
def taken_late(cell):
    flood(cell, pings=False)


@row("F-03", "pings throughout F-02", BOTH, "/echo", options={"close_within": 30})
def pings_in_flood(cell):
    flood(cell, pings=True)


@row(
    "F-04",
    "reads 100 KiB/s of a long message, with keepalive",
    BOTH,
    "/big?size=2097152",
    options=KEEPALIVE,
    needs=("ping_after", "pong_within"),
)
def slow_reader(cell):
    wire = cell.peer(small=True)
    began = time.monotonic()
    until = cell.within(60)
    while (frame := wire._parse()) is None or frame.opcode != BINARY:
        if frame is not None and frame.opcode == PING:
            wire.offer(wire.frame(PONG, frame.payload))
        allowed = (time.monotonic() - began) * (100 << 10) - wire.received
        if allowed > 1000:
            wire.pull(int(allowed))
        if wire.ended:
            raise Late(
                f"dropped ({wire.ended}) after {time.monotonic() - began:.0f} s and {wire.received >> 10} KiB"
            )
        until.check("the message does not come")
        time.sleep(0.02)
    cell.due(len(frame.payload) == 2 << 20, f"{len(frame.payload)} bytes came")
    wire.send(wire.close_frame(1000), cell.within(1))


@row(
    "F-05",
    "vanishes, with keepalive",
    BOTH,
    "/echo",
    options=KEEPALIVE,
    needs=("ping_after", "pong_within"),
    quick=True,
)
def vanishes(cell):
    cell.peer(small=True)
    end = cell.saw_end(code=1006, clean=False, within=3.5)
    if end is not None:
        told = " ".join(str(value) for value in end.values()).lower()
        cell.due(
            "ping" in told or "pong" in told or "timeout" in told or "timed out" in told,
            f"that it was a timeout is not told: {end}",
        )
    cell.ends(4)


@row("F-06", "100,000 pings in one go, never reads", BOTH)
def pings(cell):
    wire = cell.peer(small=True)
    data = memoryview(b"".join(wire.frame(PING, b"%d" % number) for number in range(100_000)))
    before = cell.program.memory()
    waited = time.monotonic()
    while data and time.monotonic() - waited < 1:
        took = wire.offer(data[:65536])
        data = data[took:]
        if took:
            waited = time.monotonic()
        else:
            time.sleep(0.01)  # sleeps: to look again
    memory_is_bounded(cell, before, 8 << 20)
    wire.rst()
    cell.ends()


@row(
    "F-07",
    "one of 200 stops reading during a broadcast",
    SERVER,
    "/broadcast",
    options={"close_within": 1},
)
def broadcast(cell):
    count, messages = 200, 1000
    before = cell.program.memory()
    slow = cell.peer(small=True)
    wires = [cell.peer() for _ in range(count - 1)]
    # One that is not in the room yet is not sent what comes first.
    path = cell.path(None)
    joined = lambda: sum(record.get("path") == path for record in cell.program.records if record["event"] == "open")
    cell.program.wait(lambda: joined() == count, cell.within(10), "not all join")
    time.sleep(0.2)  # sleeps: gives the last one time to join
    cell.go()
    size = messages * (1024 + 4)
    until = cell.within(60)
    left = set(wires)
    while left:
        until.check(f"{len(left)} of {count - 1} have not all of it")
        moved = False
        for wire in list(left):
            while wire.pull():
                moved = True
                wire.data.clear()
            if wire.received >= size or wire.ended:
                left.discard(wire)
        if not moved:
            time.sleep(0.005)  # sleeps: to look again
    short = [wire.received for wire in wires if wire.received < size]
    cell.due(not short, f"{len(short)} of those that read got {short[:3]} of {size} bytes")
    memory_is_bounded(cell, before, 48 << 20)
    slow.rst()


@row("F-08", "sends one byte a segment, 64 KiB", BOTH)
def byte_by_byte(cell):
    wire = cell.peer()
    payload = bytes(range(256)) * 256
    until = cell.within(30)
    for byte in wire.frame(BINARY, payload):
        wire.send(bytes([byte]), until)
    frame = wire.read_message(cell.within(5))
    cell.due(frame and frame.payload == cell.host.reply(BINARY, payload), "the echo differs")


@row(
    "F-09",
    "A sends views, and changes what they show in the next statement",
    BOTH,
    "/buffers",
    quick=True,
)
def buffers(cell):
    wire = cell.peer()
    message, seen = None, set()
    until = cell.within(10)
    while frame := wire.read_message(until):
        if frame.opcode == BINARY:
            message = frame.payload
            continue
        if frame.payload == b"over":
            break
        name, _, due = frame.payload.decode().rpartition(" ")
        seen.add(name)
        if due == "refused":
            cell.due(message is None, f"{name}: refused, and sent")
        else:
            cell.due(message is not None, f"{name}: lost without a word")
            cell.due(
                message is None or message.hex() == due,
                f"{name}: {message and message.hex()[:16]}… was sent, in it was {due[:16]}…",
            )
        message = None
    else:
        raise Late(f"it ends ({wire.ended}) after {sorted(seen)}")
    cell.due(len(seen) >= 7, f"only {sorted(seen)} were tried")
    wire.send(wire.close_frame(1000), cell.within(1))


@row(
    "F-10",
    "A sends from many tasks at once, mixed sizes, compressed",
    BOTH,
    "/many?tasks=8&messages=100",
    options={"deflate": True},
    needs=("deflate",),
)
def many_senders(cell):
    wire = cell.peer(extensions="permessage-deflate")
    cell.due(wire.deflated is not None, "compression was not agreed on")
    next_of = dict.fromkeys(range(8), 0)
    until = cell.within(20)
    for _ in range(800):
        frame = wire.read_message(until)
        if frame is None:
            raise Late(f"it ends ({wire.ended}) after {sum(next_of.values())} messages")
        name, number, filler = frame.payload.split(b":", 2)
        name, number = int(name), int(number)
        size = (17, 300, 5_000, 70_000)[(number + name) % 4]
        cell.due(number == next_of[name], f"of sender {name} came {number}, due is {next_of[name]}")
        next_of[name] = number + 1
        letter = b"abcdefgh"[name : name + 1]
        cell.due(
            len(frame.payload) == size and set(filler) <= set(letter),
            f"message {name}:{number} is mixed up",
        )
    wire.send(wire.close_frame(1000), cell.within(1))


@row(
    "F-11",
    "A's write is asynchronous, while P pings and A sends and closes",
    BOTH,
    needs=("asynchronous",),
    quick=True,
)
def asynchronous(cell):
    wire = cell.peer(small=True)
    until = cell.within(30)
    sizes = [1, 100, 1000, 20_000, 60_000, 7, 300_000]
    outgoing, due, pings = b"", [], []
    for number in range(60):
        payload = bytes([number]) * sizes[number % len(sizes)]
        due.append(payload)
        pings.append(b"%d" % number)
        outgoing += wire.frame(BINARY, payload) + wire.frame(PING, pings[-1])
    outgoing = memoryview(outgoing + wire.close_frame(1000))
    messages, pongs, close = [], [], None
    while close is None:
        until.check(f"{len(messages)} of {len(due)} echoes came")
        if outgoing:
            outgoing = outgoing[wire.offer(outgoing[:5000]) :]
        if not wire.pull(3000):
            time.sleep(0.001)  # sleeps: to look again
        while frame := wire._parse():
            if frame.opcode == BINARY:
                messages.append(frame.payload)
            elif frame.opcode == PONG:
                pongs.append(frame.payload)
            elif frame.opcode == CLOSE:
                close = frame.close
            else:
                raise Late(f"a frame with opcode {frame.opcode} and {len(frame.payload)} bytes")
        if wire.ended and close is None:
            raise Late(f"it ended ({wire.ended}) after {len(messages)} of {len(due)} echoes")
    wrong = [at for at, (seen, wanted) in enumerate(zip(messages, due)) if seen != wanted]
    cell.due(
        len(messages) == len(due) and not wrong,
        f"{len(messages)} of {len(due)} echoes, wrong: {wrong}",
    )
    cell.due(pongs and set(pongs) <= set(pings) and pongs[-1] == pings[-1], f"pongs: {pongs[-3:]}")
    cell.due(close[0] == 1000, f"the Close is {close}")
