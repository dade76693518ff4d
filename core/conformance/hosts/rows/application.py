"""Rows A: what applications do."""

import time

from wire import PING, PONG, TEXT, Late

from rows import BOTH, SERVER, row
from rows.ending import answered, host_ends


@row(
    "A-01",
    "throws in the handler, or in a listener",
    BOTH,
    "/throw",
    options={"close_within": 1},
    quick=True,
)
def throws(cell):
    cell.log_is_due = True
    wire = cell.peer()
    wire.send(wire.frame(TEXT, b"now"), cell.within(1))
    cell.saw("throws")
    close = wire.read_close(cell.within(2))
    cell.due(close is None or close[0] == 1011, f"the Close is {close}, due is 1011")
    cell.due(close is not None or cell.host.may_vanish, f"no Close, but {wire.ended}")
    wire.close()
    if cell.is_server:
        # That it is logged is one thing, that the driver has read it another.
        cell.program.wait_for_log(lambda log: "on purpose" in log, cell.within(1))
        count = cell.program.log().count("on purpose")
        cell.due(1 <= count <= 2, f"the log tells {count} times what was thrown")
    cell.ends()


@row(
    "A-01b",
    "throws in a timer, and in a promise nobody awaits",
    SERVER,
    "/throw-task",
    needs=("survives",),
)
def throws_elsewhere(cell):
    cell.log_is_due = True
    wire = cell.peer()
    for text in (b"one", b"two"):
        wire.send(wire.frame(TEXT, text), cell.within(1))
        frame = wire.read_message(cell.within(1))
        cell.due(frame and frame.payload == text, f"the echo is {frame}")
        time.sleep(0.1)  # sleeps: in between the fault has to happen
    cell.program.wait_for_log(lambda log: "in a timer" in log, cell.within(1))
    log = cell.program.log()
    cell.due("in a timer" in log, "what a timer threw is not logged")
    wire.send(wire.close_frame(1000), cell.within(1))


@row(
    "A-02",
    "computes 2 s",
    SERVER,
    "/busy?ms=2000",
    options={"ping_after": 1, "pong_within": 1},
    needs=("ping_after",),
)
def computes(cell):
    cell.companion.is_excused = True
    others = [cell.peer("/echo?other=1") for _ in range(5)]
    wire = cell.peer()
    wire.send(wire.frame(TEXT, b"now"), cell.within(1))
    # All that the host asks is answered at once, by its socket's clock, while it computes.
    until = cell.within(4)
    for number in range(10):
        for other in others:
            other.send(other.frame(TEXT, b"%d" % number), until)
        answer_pings([wire, *others], 0.25)
    cell.saw("computed", 3)
    due = [b"%d" % number for number in range(10)]
    for at, other in enumerate(others):
        with cell.case(f"other {at}"):
            seen = other.echoes[:]
            while len(seen) < len(due):
                frame = other.read_frame(cell.within(2))
                if frame is None:
                    raise Late(f"it was dropped ({other.ended}) after {len(seen)} echoes")
                if frame.opcode == PING:
                    other.send(other.frame(PONG, frame.payload), cell.within(1))
                elif frame.opcode == TEXT:
                    seen.append(frame.payload)
                else:
                    raise Late(f"got opcode {frame.opcode}: {frame.payload!r}")
            cell.due(seen == due, f"echoes: {seen}")


def answer_pings(wires, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for wire in wires:
            wire.echoes = getattr(wire, "echoes", [])
            wire.pull()
            while frame := wire._parse():
                if frame.opcode == PING:
                    wire.offer(wire.frame(PONG, frame.payload))
                elif frame.opcode == TEXT:
                    wire.echoes.append(frame.payload)
        time.sleep(0.01)


@row(
    "A-03",
    "gives an option a wrong name, a wrong type, a value out of range",
    BOTH,
    app="",
    needs=("misconfigured",),
    is_bare=True,
    ends_host=True,
)
def misconfigured(cell):
    if not cell.host.misconfigured:
        for words in cell.host.wrong_flags:
            with cell.case(" ".join(words)):
                cell.program = cell.host.start_with(
                    [*words, *(["ws://127.0.0.1:1/"] if not cell.is_server else [])]
                )
                status = cell.program.status(cell.within(5))
                cell.due(status not in (0, None) and status > 0, f"the exit status is {status}")
                told = cell.program.log()
                cell.due(words[0] in told or words[-1] in told, f"it says {told!r}")
                cell.due(
                    "panic" not in told and "at " not in told.split("\n")[0][:3],
                    f"it says {told!r}",
                )
                cell.log_is_due = True
        return
    cell.program = cell.host.start_misconfigured()
    cell.log_is_due = True
    cell.program.wait(
        lambda: cell.program.find("over"), cell.within(20), "it does not come to its end"
    )
    for record in cell.program.records:
        if record["event"] == "case":
            if cell.due(record["raised"], f"{record['name']}: {record['text']}"):
                cell.due(
                    record["option"] in record["text"],
                    f"{record['name']}: the error does not name it: {record['text']!r}",
                )


@row("A-04", "sends, closes and reads after the end", BOTH, "/after-end", quick=True)
def after_end(cell):
    wire = cell.peer()
    wire.send(wire.close_frame(4002, "gone"), cell.within(1))
    answered(cell, wire, 4002)
    host_ends(cell, wire)
    cell.saw_end(code=4002)
    cell.saw("end-again", what="closing and reading after the end raise, or wait")
    silent = cell.program.find("sent-after-end")
    if not cell.host.is_silent:
        cell.due(silent is None, "a send after the end is silent")
    cell.ends()


@row("A-05", "is cancelled while it reads, over and over", BOTH, "/cancelled")
def cancelled(cell):
    wire = cell.peer()
    count = 300
    for number in range(count):
        wire.send(wire.frame(TEXT, b"%d" % number), cell.within(5))
        time.sleep(0.003 if number % 3 else 0)  # sleeps: what is sent comes in two reads
    wire.send(wire.close_frame(1000), cell.within(1))
    end = cell.saw("end", 5)
    seen = end["messages"], end["in_order"]
    cell.due(seen == (count, True), f"A got {seen[0]} of {count} messages, in order: {seen[1]}")
    wire.close()
    cell.ends()


DEBUG = {"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "always"}


@row(
    "A-06", "runs in its loop's debug mode", BOTH, "/echo", needs=("debug",), env=DEBUG
)
def debug_mode(cell):
    wire = cell.peer()
    wire.send(wire.frame(TEXT, b"hi"), cell.within(2))
    frame = wire.read_message(cell.within(2))
    cell.due(frame and frame.payload == b"hi", f"the echo is {frame}")
    wire.send(wire.close_frame(1000), cell.within(1))
    answered(cell, wire)
    host_ends(cell, wire)
    for how in ("rst", "fin", "broken"):
        other = cell.peer(f"/echo?how={how}")
        if how == "broken":
            other.send(other.frame(3, b""), cell.within(1))
            answered(cell, other, 1002)
            how = "fin"
        getattr(other, how)()
    cell.ends(4)
