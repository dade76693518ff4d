"""Rows E: how connections end."""

import signal
import time

from wire import BINARY, CLOSE, TEXT, Late, close_payload, deflate, encode, request

from rows import BOTH, row

SHORT = {"close_within": 1}


def answered(cell, wire, code=1000, within=1.0):
    """Reads on to the Close that answers ours."""
    close = wire.read_close(cell.within(within))
    if close is None:
        raise Late(f"Close not answered: the host ended ({wire.ended})")
    if code is not None:
        cell.due(close[0] == code, f"Close answered with {close}, due is {code}")
    return close


def host_ends(cell, wire, within=2.0):
    """A server ends TCP first; a client is waited for."""
    if cell.is_server:
        wire.drain(cell.within(within))
        cell.due(wire.ended == "fin", f"the host ends with {wire.ended}")
    else:
        wire.fin()


def fails_sending(cell, within=1.0):
    """The next send of an application that only sends fails visibly, and it ends."""
    cell.saw("send-failed", within, what="the application's sends do not fail")
    cell.saw("done", within, what="the application does not end")


@row("E-01", 'Close 4000 "bye"', BOTH, quick=True)
def close(cell):
    wire = cell.peer()
    wire.send(wire.close_frame(4000, "bye"), cell.within(1))
    answered(cell, wire, 4000)
    host_ends(cell, wire)
    cell.saw_end(code=4000, reason="bye", clean=True)
    cell.ends()


def text_and_close(cell, wire, pause=None):
    wire.send(wire.frame(TEXT, b"hi") + wire.close_frame(1000), cell.within(1))
    if pause:
        time.sleep(pause)  # sleeps: what is sent comes in two reads
    wire.fin()
    expect_echo_and_close(cell, wire, [b"hi"])


def expect_echo_and_close(cell, wire, texts, code=1000):
    frames = wire.read_end(cell.within(2))
    seen = [(frame.opcode, frame.payload) for frame in frames]
    due = [(TEXT, cell.host.reply(TEXT, text)) for text in texts] + [(CLOSE, close_payload(code))]
    cell.due(seen == due, f"got {seen}, then {wire.ended}; due is {due}")
    if not cell.is_server:
        wire.close()
    cell.saw_end(code=code, clean=True)
    cell.ends()


@row("E-02", "text, Close, FIN in one segment", BOTH, quick=True)
def close_and_fin(cell):
    text_and_close(cell, cell.peer())


@row("E-03", "text, Close in one segment, FIN 100 ms later", BOTH)
def close_then_fin(cell):
    text_and_close(cell, cell.peer(), 0.1)


@row("E-04", "three texts, FIN without Close", BOTH, quick=True)
def fin_without_close(cell):
    wire = cell.peer()
    texts = [b"one", b"two", b"three"]
    wire.send(b"".join(wire.frame(TEXT, text) for text in texts), cell.within(1))
    wire.fin()
    frames = wire.read_end(cell.within(2))
    seen = [frame.payload for frame in frames if frame.opcode == TEXT]
    due = [cell.host.reply(TEXT, text) for text in texts]
    cell.due(seen == due, f"got {seen}, then {wire.ended}; due is {due}")
    cell.saw_end(code=1006, clean=False)
    cell.ends()


@row("E-05", "RST in mid-frame", BOTH, quick=True)
def reset(cell):
    wire = cell.peer()
    wire.send(wire.frame(TEXT, b"x" * 1000)[:500], cell.within(1))
    time.sleep(0.05)  # sleeps: gives the half frame time to arrive
    wire.rst()
    cell.saw_end(code=1006, clean=False)
    cell.ends()


@row("E-06", "Close while A only sends", BOTH, "/sender?every=10", quick=True)
def close_to_sender(cell):
    wire = cell.peer()
    wire.read_frame(cell.within(2))
    wire.send(wire.close_frame(1000), cell.within(1))
    answered(cell, wire)
    host_ends(cell, wire)
    fails_sending(cell)
    cell.ends()


@row("E-07", "RST while A sends in a tight loop", BOTH, "/tight", quick=True)
def reset_tight(cell):
    wire = cell.peer()
    for _ in range(20):
        wire.read_frame(cell.within(2))
    wire.rst()
    fails_sending(cell)
    cell.ends()


@row("E-08", "a broken frame while A sends in a tight loop", BOTH, "/tight", quick=True)
def broken_tight(cell):
    wire = cell.peer()
    for _ in range(20):
        wire.read_frame(cell.within(2))
    wire.send(wire.frame(3, b"?"), cell.within(1))
    answered(cell, wire, 1002)
    fails_sending(cell)
    wire.fin()
    cell.ends()


@row("E-09", "Close while A neither reads nor sends", BOTH, "/idle", quick=True)
def close_to_idle(cell):
    wire = cell.peer()
    cell.saw("open")
    wire.send(wire.close_frame(4001, "now"), cell.within(1))
    answered(cell, wire, 4001)
    host_ends(cell, wire)
    cell.go()
    cell.saw_end(code=4001, reason="now", clean=True)
    cell.ends()


@row("E-10", "100 messages, then Close, while A has read none", BOTH, "/late", quick=True)
def close_behind_messages(cell):
    wire = cell.peer()
    cell.saw("open")
    data = b"".join(
        wire.frame(BINARY, number.to_bytes(4, "big") + bytes(100)) for number in range(100)
    )
    wire.send(data + wire.close_frame(1000), cell.within(1))
    if "late-close" not in cell.host.abilities:
        answered(cell, wire)
        host_ends(cell, wire)
        cell.go()
    else:
        cell.go()
        answered(cell, wire)
        host_ends(cell, wire)
    end = cell.saw_end(code=1000, clean=True)
    seen = end["messages"], end["in_order"]
    cell.due(seen == (100, True), f"the application read {seen[0]} messages, in order: {seen[1]}")
    cell.ends()


@row(
    "E-11",
    "never answers A's Close",
    BOTH,
    "/close?code=4000&reason=bye",
    options=SHORT,
    quick=True,
)
def unanswered(cell):
    wire = cell.peer()
    close = answered(cell, wire, 4000)
    cell.due(close[1] == "bye", f"the reason is {close[1]!r}")
    deadline = cell.option("close_within")
    cell.saw_end(code=1006, clean=False, within=deadline + 1)
    cell.ends(deadline + 1)


@row(
    "E-12",
    "answers A's Close but keeps TCP open",
    BOTH,
    "/close?code=4000&reason=bye",
    options=SHORT,
)
def kept_open(cell):
    wire = cell.peer()
    answered(cell, wire, 4000)
    wire.send(wire.close_frame(4000, "bye"), cell.within(1))
    cell.saw_end(
        code=4000, clean=True, within=1 if cell.is_server else 1 + cell.option("close_within")
    )
    cell.ends(1 if cell.is_server else 1 + cell.option("close_within"))


@row("E-13", "floods data during A's Close", BOTH, "/close?code=4000&reason=bye", options=SHORT)
def flood(cell):
    wire = cell.peer()
    frame = wire.frame(BINARY, bytes(65536), key=bytes(4))
    deadline = cell.within(cell.option("close_within") + 1.5)
    left, close = memoryview(frame), None
    try:
        while not wire.ended:
            deadline.check("the flood does not end")
            left = left[wire.offer(left) :] or memoryview(frame)
            wire.pull()
            if close is None and (got := wire._parse()):
                close = got.close if got.opcode == CLOSE else None
    except (BrokenPipeError, ConnectionResetError):
        pass  # the host has dropped it
    while close is None and (got := wire.read_frame(deadline)):
        close = got.close if got.opcode == CLOSE else None
    cell.due(close == (4000, "bye"), f"the host's Close is {close}")
    cell.saw_end(within=2)
    cell.ends()


@row("E-14", "A closes while another task of A reads", BOTH, "/close-reading")
def closes_while_reading(cell):
    wire = cell.peer()
    answered(cell, wire, 4000)
    wire.send(wire.close_frame(4000, "bye"), cell.within(1))
    host_ends(cell, wire)
    cell.saw("closed", what="close() does not return")
    cell.saw_end(code=4000, clean=True)
    cell.ends()


@row("E-15", "A closes twice, from two tasks", BOTH, "/close-twice")
def closes_twice(cell):
    wire = cell.peer()
    answered(cell, wire, 4000)
    wire.send(wire.close_frame(4000, "bye"), cell.within(1))
    host_ends(cell, wire)
    cell.saw("closed", what="close() does not return")
    failed = cell.program.find("close-failed")
    cell.due(failed is None, f"the second close raised: {failed}")
    cell.ends()


@row("E-16", "A drops its object without closing", BOTH, "/drop", options=SHORT)
def dropped(cell):
    cell.log_is_due = True
    wire = cell.peer()
    wire.send(wire.frame(TEXT, b"now"), cell.within(1))
    cell.saw("dropped")
    until = cell.within(cell.option("close_within") + 2)
    close = None
    while close is None and not wire.ended:
        until.check("no Close frame, nor an end")
        # Where memory is collected, it is now.
        cell.program.command("counts")
        until.wait_for_input(wire.stream)
        wire.pull()
        while frame := wire._parse():
            close = frame.close if frame.opcode == CLOSE else close
    cell.due(close is None or close[0] in (1000, 1001, 1006, 1011), f"the Close is {close}")
    wire.close()
    cell.ends(cell.option("close_within") + 1)


STATES = {
    "open": "/echo?state=1",
    "idle": "/idle?state=1",
    "only sends": "/sender?every=10&state=1",
    "sends in a tight loop": "/tight?state=1",
    "has read none": "/late?state=1",
}


@row(
    "E-17",
    "close(deadline) of the server in each state, all at once",
    options={"close_within": 60, "handshake_within": 60},
    needs=("shutdown",),
    quick=True,
)
def server_closes(cell):
    cell.log_is_due = True
    silent, part = cell.raw(), cell.raw()
    part.send(b"GET / HT", cell.within(1))
    have = cell.host.applications
    others = []
    for app in ("/decide?state=1", "/endless?state=1", "/refuse?state=1"):
        if app.split("?")[0][1:] in have:
            others.append(cell.raw(small=True))
            others[-1].send(request(app), cell.within(1))
    if "decide" in have:
        cell.saw("deciding", 2, "/decide?state=1")
    wires = {
        name: cell.peer(app, small="tight" in app)
        for name, app in STATES.items()
        if app.split("?")[0][1:] in have
    }
    closing = cell.peer("/close?state=1") if "close" in have else None
    for wire in wires.values():
        wire.pull()
    deadline = 2
    cell.end_host(deadline)
    for name, wire in wires.items():
        with cell.case(name):
            until = cell.within(deadline + 2)
            close = wire.read_close(until)
            wire.send(wire.close_frame(close[0] if close else None), until) if close else None
            cell.due(close and close[0] in (1001, 1012), f"the Close is {close} ({wire.ended})")
    record = cell.program.wait(
        lambda: cell.program.find("server-closed"),
        cell.within(deadline + 3),
        "close does not return",
    )
    cell.due(
        record["after"] <= deadline * cell.pace.factor() + 1, f"close took {record['after']:.1f} s"
    )
    for name, wire in [
        ("silent", silent),
        ("half a head", part),
        ("closing", closing),
        *(("other", one) for one in others),
    ]:
        if wire is not None:
            with cell.case(name):
                wire.drain(cell.within(1), "is still connected")
    left = cell.program.connections()
    cell.due(left == 0, f"{left} connections are left")


@row("E-18", "SIGTERM, SIGINT", needs=("signals",), ends_host=True)
def signalled(cell):
    cell.companion.stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with cell.case(number.name):
            if number == signal.SIGINT:
                cell.again()
            wire, idle = cell.peer(), cell.raw()
            cell.program.signal(number)
            close = wire.read_close(cell.within(2))
            cell.due(close and close[0] == 1001, f"the Close is {close}")
            wire.send(wire.close_frame(1001), cell.within(1))
            status = cell.program.status(cell.within(6))
            cell.due(status == 0, f"the exit status is {status}")
            idle.drain(cell.within(1))


LIMIT = {"max_message": 1000, "deflate": True, "close_within": 1}


@row(
    "E-19",
    "a message over the limit: whole, in parts, compressed",
    BOTH,
    options=LIMIT,
    needs=("max_message",),
    quick=True,
)
def too_long(cell):
    for name in ("whole", "in parts", "compressed"):
        with cell.case(name):
            path = f"/echo?case={name.replace(' ', '-')}" if cell.host.talks else None
            extensions = "permessage-deflate" if name == "compressed" else None
            if extensions and "deflate" not in cell.host.options:
                continue
            if cell.host.is_single and name != "whole":
                cell.restart()
            wire = cell.peer(path, extensions=extensions)
            if name == "compressed" and wire.deflated is None:
                raise Late("compression was not agreed on")
            data = bytes(2000)
            frames = {
                "whole": lambda: wire.frame(BINARY, data),
                "in parts": lambda: (
                    wire.frame(BINARY, data[:900], fin=False) + wire.frame(0, data[900:])
                ),
                "compressed": lambda: wire.frame(BINARY, deflate(data), rsv=4),
            }
            wire.send(frames[name](), cell.within(1))
            close = answered(cell, wire, 1009)
            cell.due("1000" in close[1], f"the reason {close[1]!r} does not name the limit")
            wire.fin()
            end = cell.saw_end(path=path, within=2)
            if end is not None:
                seen = {str(value) for value in end.values()} | {str(end)}
                cell.due(
                    "1009" in seen or "1009" in str(end),
                    f"the application does not see 1009: {end}",
                )
                cell.due(
                    "1000"
                    in str(end.get("text", ""))
                    + str(end.get("reason", ""))
                    + str(end.get("limit", "")),
                    f"it does not see the limit: {end}",
                )


@row(
    "E-20",
    "invalid UTF-8; a frame masked or not as it should be; reserved bits",
    BOTH,
    options=SHORT,
)
def broken_rules(cell):
    rules = []
    for number, (name, code) in enumerate(
        (("UTF-8", 1007), ("mask", 1002), ("reserved bits", 1002))
    ):
        with cell.case(name):
            path = f"/echo?case={number}" if cell.host.talks else None
            if cell.host.is_single and number:
                cell.restart()
            wire = cell.peer(path)
            data = {
                "UTF-8": lambda: wire.frame(TEXT, b"\xff\xfe"),
                "mask": lambda: encode(TEXT, b"x", None if wire.masks else b"abcd"),
                "reserved bits": lambda: wire.frame(TEXT, b"x", rsv=2),
            }[name]()
            wire.send(data, cell.within(1))
            answered(cell, wire, code)
            wire.fin()
            end = cell.saw_end(path=path, within=2)
            if end is not None:
                rules.append(end.get("rule") or end.get("cause") or end.get("error"))
                cell.due(rules[-1], f"which rule was broken is no value: {end}")
    cell.due(
        len(set(map(str, rules))) == len(rules), f"the values do not tell the rules apart: {rules}"
    )
