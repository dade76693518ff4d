"""Rows O: how connections open, and how they are refused."""

import random
import time

from wire import CLOSE, TEXT, answer_to, dial, encode, request

from rows import BOTH, CLIENT, row
from rows.ending import expect_echo_and_close

SHORT = {"handshake_within": 1, "close_within": 1}


def deadline(cell):
    return cell.option("handshake_within")


def refused_or_dropped(wire, allowed=(b"HTTP/1.1 408 ",)):
    """Whether an answer is one of those, or there is none."""
    return not wire.data or bytes(wire.data).startswith(allowed)


def late_answer(cell, wire, began):
    """408 or a bare end, not before the deadline."""
    cell.due(refused_or_dropped(wire), f"the answer is {bytes(wire.data[:60])!r}")
    took = time.monotonic() - began
    cell.due(took > deadline(cell) * 0.5, f"it ended after {took:.1f} s already")
    cell.ends()


@row("O-01", "connects, sends nothing", app="", options=SHORT, needs=("head",), quick=True)
def silent(cell):
    began = time.monotonic()
    wire = cell.raw()
    wire.drain(cell.within(deadline(cell) + 2), "a silent client stays connected")
    late_answer(cell, wire, began)


@row("O-02", "sends the head a byte at a time", app="", options=SHORT, needs=("head",))
def drip(cell):
    began = time.monotonic()
    wire = cell.raw()
    until = cell.within(deadline(cell) + 2)
    for byte in b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 10_000:
        try:
            wire.offer(bytes([byte]))
        except OSError:
            break
        wire.pull()
        if wire.ended:
            break
        until.check("a client that sends a byte at a time stays connected")
        time.sleep(deadline(cell) / 10)  # sleeps: a client that is slow
    late_answer(cell, wire, began)


def leave_while_deciding(cell, leave):
    wire = cell.raw()
    wire.send(request(cell.row.app), cell.within(1))
    cell.saw("deciding", 2)
    leave(wire)
    cell.saw("told", what="the application is not told that the client left")
    if wire.ended is None:
        wire.drain(cell.within(2))
        cell.due(not bytes(wire.data).startswith(b"HTTP/1.1 101"), "a client that left got a 101")
    cell.ends()


@row("O-03", "sends the head, then FIN, while A is still deciding", app="/decide")
def fin_while_deciding(cell):
    leave_while_deciding(cell, lambda wire: wire.fin())


@row("O-04", "the same with RST", app="/decide")
def rst_while_deciding(cell):
    leave_while_deciding(cell, lambda wire: wire.rst())


def masked(cell, *frames):
    """Frames as our side writes them, before there is a wire."""
    key = bytes(range(4)) if cell.is_server else None
    return b"".join(encode(opcode, payload, key) for opcode, payload in frames)


@row("O-05", "head and three frames in one segment", BOTH, quick=True)
def frames_behind(cell):
    texts = [b"one", b"two" * 100, b"three"]
    wire = cell.peer(behind=masked(cell, *((TEXT, text) for text in texts)))
    seen = [wire.read_message(cell.within(1)) for _ in texts]
    seen = [frame and frame.payload for frame in seen]
    due = [cell.host.reply(TEXT, text) for text in texts]
    cell.due(seen == due, f"got {seen}, due is {due}")


@row("O-06", "head, a frame, Close, FIN in one segment", BOTH, quick=True)
def all_at_once(cell):
    data = masked(cell, (TEXT, b"hi"), (CLOSE, b"\x03\xe8"))
    if cell.is_server:
        wire = cell.raw()
        wire.send(request(cell.path()) + data, cell.within(1))
        wire.fin()
        head = wire.read_head(cell.within(2))
        cell.due(head.status == 101, f"got {head.line!r}")
    else:
        wire = cell.asked()
        wire.send(answer_to(wire.asked) + data, cell.within(1))
        wire.fin()
    expect_echo_and_close(cell, wire, [b"hi"])


@row("O-07", "head and a broken frame in one segment", BOTH, options=SHORT)
def broken_behind(cell):
    wire = cell.peer(behind=masked(cell, (3, b"?")))
    close = wire.read_close(cell.within(1))
    cell.due(close and close[0] == 1002, f"the Close is {close}")
    within = cell.option("close_within") + 1
    cell.saw_end(clean=False, within=within)
    cell.ends(within)


ORIGIN = {"origin": "https://example.org", "handshake_within": 1}


@row(
    "O-08",
    "is refused for its origin, and stays connected",
    options=ORIGIN,
    needs=("origin",),
    quick=True,
)
def refused_stays(cell):
    wire = cell.raw()
    wire.send(request(cell.path(), Origin="https://bad.example"), cell.within(1))
    head = wire.read_head(cell.within(1))
    cell.due(head.status == 403, f"the answer is {head.line!r}")
    cell.ends(2, "of the refused client something is left")


@row("O-09", "is refused, and keeps sending", options=ORIGIN, needs=("origin",))
def refused_sends(cell):
    before = cell.program.memory()
    wire = cell.raw()
    wire.send(request(cell.path(), Origin="https://bad.example"), cell.within(1))
    until, left = cell.within(2), 32 << 20
    try:
        while left > 0 and not wire.ended and not until.passed():
            left -= wire.offer(bytes(min(left, 65536)))
            wire.pull()
    except OSError:
        pass  # the host has dropped it; what it said before is there
    while len(wire.data) < 13 and wire.fill(cell.within(1), "no answer"):
        pass
    status = bytes(wire.data[:13])
    cell.due(status == b"HTTP/1.1 403 ", f"the answer is {status!r}")
    cell.ends(2, "of the refused client something is left")
    grown = cell.program.memory() - before
    cell.due(grown < 8 << 20, f"memory grew by {grown >> 10} KiB")


@row("O-10", "A answers 404 with an endless body, P reads nothing", app="/endless")
def endless_body(cell):
    before = cell.program.memory()
    wire = cell.raw(small=True)
    wire.send(request(cell.path()), cell.within(1))
    time.sleep(2)  # sleeps: the time is what is tested
    grown = cell.program.memory() - before
    cell.due(grown < 24 << 20, f"memory grew by {grown >> 20} MiB in 2 s")
    while wire.pull() and len(wire.data) < 1 << 20:
        pass
    cell.due(bytes(wire.data[:13]) == b"HTTP/1.1 404 ", f"the answer is {bytes(wire.data[:20])!r}")
    wire.rst()
    cell.ends()


@row("O-11", "A throws while deciding", app="/throw-deciding")
def throws_deciding(cell):
    cell.log_is_due = True
    wire = cell.raw()
    wire.send(request(cell.path()), cell.within(1))
    head = wire.read_head(cell.within(1))
    wire.drain(cell.within(2))
    cell.due(head.status == 500, f"the answer is {head.line!r}")
    cell.due(len(wire.data) > 0, "the 500 has no body")
    cell.ends()
    cell.program.wait_for_log(lambda log: "while deciding" in log, cell.within(1))
    count = cell.program.log().count("while deciding")
    cell.due(1 <= count <= 2, f"the log tells {count} times what was thrown")


@row("O-12", "POST with Upgrade, for h2c or websocket, and a body", app="/length")
def post_with_upgrade(cell):
    body = bytes(range(256)) * 2000
    fields = {"Sec_WebSocket_Key": None, "Sec_WebSocket_Version": None, "Content_Length": len(body)}
    for upgrade, connection, cut in (
        ("h2c", "Upgrade, HTTP2-Settings", None),
        ("websocket", "Upgrade", None),
        ("h2c", "Upgrade", 1000),
    ):
        with cell.case(f"{upgrade}{', body behind' if cut else ''}"):
            wire = cell.raw()
            line = f"POST {cell.path()} HTTP/1.1"
            data = request(line=line, body=body, Upgrade=upgrade, Connection=connection, **fields)
            head_size = len(data) - len(body)
            wire.send(data[: head_size + (cut or len(body))], cell.within(1))
            if cut:
                time.sleep(0.1)  # sleeps: what is sent comes in two reads
                wire.send(data[head_size + cut :], cell.within(2))
            head = wire.read_head(cell.within(2))
            until = cell.within(2)
            while b"\n" not in wire.data and wire.fill(until, "no body of the answer"):
                pass
            cell.due(
                head.status == 200 and b"512000" in wire.data,
                f"{head.line!r}, body {bytes(wire.data[:40])!r}, due is 512000",
            )
            wire.close()


def refused(cell, name, data, statuses, text=None):
    with cell.case(name):
        wire = cell.raw()
        wire.send(data, cell.within(1))
        head = wire.read_head(cell.within(1))
        cell.due(head.status in statuses, f"the answer is {head.line!r}")
        if text:
            until = cell.within(1)
            while text not in wire.data.lower() and wire.fill(until, "the answer does not go on"):
                pass
            cell.due(
                text in wire.data.lower(), f"the body does not say {text!r}: {bytes(wire.data)!r}"
            )
        wire.close()


@row("O-13", "Upgrade: websocket without Connection: Upgrade", needs=("head",), quick=True)
def no_connection(cell):
    refused(cell, "no Connection", request(cell.path(), Connection=None), (400, 426), b"connection")
    refused(
        cell, "keep-alive", request(cell.path(), Connection="keep-alive"), (400, 426), b"connection"
    )
    cell.ends(11)


@row("O-14", "HTTP/1.0; Host: a b; target *; TRACE; no Host")
def odd_requests(cell):
    client_errors = range(400, 600)
    refused(cell, "HTTP/1.0", request(line="GET / HTTP/1.0"), client_errors)
    refused(cell, "Host: a b", request(Host="a b"), client_errors)
    refused(cell, "target *", request(line="GET * HTTP/1.1"), client_errors)
    refused(cell, "TRACE", request(line="TRACE / HTTP/1.1"), client_errors)
    refused(cell, "no Host", request(Host=None), client_errors)
    refused(
        cell,
        "nonsense",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5 + b"\r\n\r\n",
        client_errors,
    )
    cell.ends(11)


@row(
    "O-15",
    "as server: answers what is no 101, or a wrong one, or nothing",
    CLIENT,
    options={"handshake_within": 2},
)
def odd_answers(cell):
    long = {f"X-{number}": "a" * 1000 for number in range(20)}
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 3000
    answers = {
        "200": (lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "status"),
        "garbage": (lambda head: b"\x00\x01\x02 garbage\r\n\r\n", ""),
        "HTTP/1.0": (lambda head: answer_to(head).replace(b"HTTP/1.1", b"HTTP/1.0"), ""),
        "HTTP/2.0": (lambda head: answer_to(head).replace(b"HTTP/1.1", b"HTTP/2.0"), ""),
        "wrong accept": (lambda head: answer_to(head, Sec_WebSocket_Accept="AAAA"), "accept"),
        "unasked extension": (lambda head: answer_to(head, "x-unasked"), "extension"),
        "unasked protocol": (lambda head: answer_to(head, Sec_WebSocket_Protocol="x"), "protocol"),
        "20 KiB of fields": (lambda head: answer_to(head, **long), ""),
        "3,000 times 103": (lambda head: interim + answer_to(head), ""),
        "nothing": (lambda head: b"", "time, within"),
    }
    for number, (name, (answer, cause)) in enumerate(answers.items()):
        with cell.case(name):
            names = lambda told: told and (
                name in told or any(word in told.lower() for word in cause.split(", "))
            )
            path = f"/echo?case={number}"
            wire = cell.asked(path)
            try:
                wire.send(answer(wire.asked), cell.within(1))
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client had enough
            limit = 1 + (deadline(cell) if name == "nothing" else 0)
            if cell.host.is_single:
                cell.ends(limit, "it does not give up")
                # It says so before it goes on; that the driver has read it is another matter.
                cell.program.wait_for_log(names, cell.within(1))
                told = cell.program.log()
                cell.restart()
            else:
                record = cell.saw("failed", limit, path, "no error")
                told = f"{record.get('error')} {record.get('text')}"
                cell.due(not cell.program.find("open", path), "a connection opened")
            cell.due(names(told), f"the error does not name the cause: {told!r}")
    if not cell.host.is_single:
        cell.ends()
    else:
        wire = cell.peer()
        wire.send(wire.close_frame(1000), cell.within(1))


# Of threads that ended glibc keeps stacks of 40 MiB, and an arena each of some: more than what is
# looked for here.
KEEPS_NOTHING = {"GLIBC_TUNABLES": "glibc.pthread.stack_cache_size=0:glibc.malloc.arena_max=1"}


@row(
    "O-16",
    "1,000 connections at once, each refused or dropped at a random step",
    env=KEEPS_NOTHING,
)
def crowd(cell):
    count = 1000
    chance = random.Random(16)
    whole = request(cell.path()) + masked(cell, (TEXT, b"hello" * 50), (CLOSE, b"\x03\xe8"))
    plans = [
        (chance.randrange(len(whole) + 1), chance.choice("frw"), chance.random() < 0.2)
        for _ in range(count)
    ]

    def wave():
        wires = []
        for cut, how, is_bad in plans:
            until = cell.within(10)
            wire = dial(cell.program.port, until, cell.host.context("client"))
            wires.append((wire, how))
            data = whole.replace(b"HTTP/1.1", b"HTTP/9.9") if is_bad else whole
            try:
                wire.send(data[:cut], until)
            except OSError:
                pass  # refused meanwhile
        for wire, how in wires:
            try:
                if how == "w":
                    wire.pull()
                elif how == "f":
                    wire.fin()
                (wire.rst if how == "r" else wire.close)()
            except OSError:
                pass

    for _ in range(2):
        wave()
        cell.ends(15)
    before = cell.program.memory()
    for _ in range(3):
        wave()
        cell.ends(15)
    grown = cell.program.memory() - before
    bound = 16 << 20
    cell.due(grown < bound, f"memory grew by {grown >> 10} KiB with {3 * count} connections")
