"""Mutated connections: heads and frames with bytes changed, left out, repeated and put in, cut into
segments anywhere, and ended by FIN or RST anywhere. Not a row of the table: `run.py --mutate N`."""

import random
import select
import time

from wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Late,
    answer_to,
    dial,
    encode,
    request,
)

from rows import BOTH, row

AT_ONCE = 20
GIVE_UP = 0.3
"""Seconds after the last byte that we stay, at most."""


def frames(chance, key):
    """Some frames that belong together, valid but for what is mutated later."""
    data = b""
    for _ in range(chance.randrange(6)):
        kind = chance.randrange(7)
        payload = chance.choice(
            (b"", b"x", b"hello", "grüße".encode() * 20, bytes(200), bytes(70_000))
        )
        opcode = chance.choice((TEXT, BINARY))
        if kind < 3:
            data += encode(opcode, payload, key)
        elif kind == 3:
            cut = chance.randrange(len(payload) + 1)
            data += encode(opcode, payload[:cut], key, fin=False)
            data += encode(PING, b"between", key) if chance.random() < 0.5 else b""
            data += encode(CONTINUATION, payload[cut:], key)
        elif kind == 4:
            data += encode(chance.choice((PING, PONG)), payload[:125], key)
        elif kind == 5:
            data += encode(opcode, payload, key, rsv=chance.randrange(8))
        else:
            data += encode(
                CLOSE, chance.choice((b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0f\xa0", b"\x03")), key
            )
    return data


def mutate(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        length = chance.choice((1, 1, 2, 8, 100))
        what = chance.randrange(4)
        if what == 0:
            data[at : at + length] = chance.randbytes(len(data[at : at + length]))
        elif what == 1:
            del data[at : at + length]
        elif what == 2:
            data[at:at] = data[at : at + length]
        else:
            data[at:at] = chance.randbytes(length)
    return bytes(data)


class Mutant:
    """One connection: what is sent in which pieces, and how it ends."""

    def __init__(self, chance, wire, data):
        self.wire = wire
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 0, 1, 3))))
        if chance.random() < 0.3:
            data = data[: chance.randrange(len(data) + 1)]
        self.pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]
        self.reads = chance.random() < 0.8
        self.end = chance.choice(("fin", "fin", "rst", "close", "stay"))
        self.due = time.monotonic() + GIVE_UP

    def step(self):
        """Goes on; false once it is over."""
        try:
            if self.pieces:
                piece = self.pieces[0]
                took = self.wire.offer(piece) if piece else 0
                self.pieces[0] = piece[took:]
                if not self.pieces[0]:
                    del self.pieces[0]
                if took:
                    self.due = time.monotonic() + GIVE_UP
            elif self.end in ("fin", "rst", "close"):
                getattr(self.wire, self.end)()
                if self.end != "fin":
                    return False
                self.end = "stay"
            if self.reads:
                self.wire.pull()
                self.wire.data.clear()
        except OSError:
            self.wire.ended = self.wire.ended or "rst"
        if self.wire.ended or time.monotonic() > self.due:
            self.wire.close()
            return False
        return True


def begin(cell, chance):
    """A mutant in either role."""
    key = b"abcd" if cell.is_server else None
    if cell.is_server:
        wire = dial(cell.program.port, cell.within(10), cell.host.context("client"))
        head = request(
            cell.path(), Sec_WebSocket_Extensions=chance.choice((None, "permessage-deflate"))
        )
    else:
        wire = cell.asked(small=False)
        cell.wires.remove(wire)
        head = answer_to(wire.asked, chance.choice((None, None, "permessage-deflate")))
    body = frames(chance, key)
    if chance.random() < 0.3:
        head = mutate(chance, head)
    else:
        body = mutate(chance, body)
    return Mutant(chance, wire, head + body)


def memory(cell):
    """Resident bytes, once what is garbage is collected, where asking for counts does that."""
    if cell.host.counts:
        cell.program.counts(cell.within(5))
    return cell.program.memory()


@row(
    "M-01",
    "mutated connections",
    BOTH,
    options={"handshake_within": 1, "close_within": 1, "deflate": True},
    on_request=True,
)
def mutants(cell):
    # A client tells its own why it failed.
    cell.log_is_due = not cell.is_server
    count, seed = cell.mutations
    chance = random.Random(seed)
    is_one_by_one = cell.host.is_single
    at_once = 1 if is_one_by_one else AT_ONCE
    running, begun, half = [], 0, None
    while begun < count or running:
        while begun < count and len(running) < at_once:
            running.append(begin(cell, chance))
            begun += 1
        running = [mutant for mutant in running if mutant.step()]
        if not running:
            continue
        waiting = [mutant.wire.stream for mutant in running if mutant.reads and not mutant.pieces]
        select.select(waiting, [], [], 0.002)
        if not cell.program.is_alive():
            raise Late(f"the process ended after {begun} connections (seed {seed})")
        if half is None and begun >= count // 2:
            half = memory(cell)
    if not is_one_by_one:
        cell.ends(cell.option("handshake_within") + cell.option("close_within") + 4)
        wire = cell.peer()
        wire.send(wire.frame(TEXT, b"still there"), cell.within(1))
        frame = wire.read_message(cell.within(1))
        cell.due(
            frame and frame.payload == cell.host.reply(TEXT, b"still there"), f"the echo is {frame}"
        )
        wire.send(wire.close_frame(1000), cell.within(1))
        wire.read_close(cell.within(1))
    grown = memory(cell) - half
    cell.due(
        grown < 16 << 20,
        f"memory grew by {grown >> 10} KiB in the second half of {count} connections",
    )
