#!/usr/bin/env python3
"""Has asynchronous writers under AddressSanitizer echo for minutes, and checks every byte.

    soak.py MINUTES PROGRAM...

Each program is an echo server.  Its peers send messages of all sizes and pings without a pause, read what
comes late and in small pieces, close, leave and come back.
"""

import random
import signal
import sys
import threading
import time

from calibrate import Pace
from columns import SANITIZED
from program import Program
from wire import BINARY, CLOSE, PING, PONG, Late, Until, dial, request

PEERS = 4
SIZES = (0, 1, 125, 126, 1000, 5_000, 20_000, 65_535, 65_536, 200_000)


class Peer:
    """One peer after the other, each with its own chances."""

    def __init__(self, program, seed, pace):
        self.program = program
        self.chance = random.Random(seed)
        self.pace = pace
        self.messages = self.bytes = self.pongs = self.connections = 0
        self.error = None

    def run(self, end):
        try:
            while time.monotonic() < end:
                self._connection(end)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"

    def _connection(self, end):
        chance = self.chance
        until = Until(30, self.pace)
        wire = dial(self.program.port, until, small=chance.random() < 0.7)
        wire.send(request("/"), until)
        wire.read_head(until)
        self.connections += 1
        due, pings = [], []
        outgoing = memoryview(b"")
        rounds = chance.choice((3, 30, 300))
        leaves = chance.random() < 0.2
        close = None
        while close is None:
            if not outgoing and rounds > 0:
                rounds -= 1
                payload = chance.randbytes(chance.choice(SIZES))
                due.append(payload)
                data = wire.frame(BINARY, payload)
                for _ in range(chance.choice((0, 0, 1, 3))):
                    pings.append(chance.randbytes(chance.randrange(20)) + b"%d" % len(pings))
                    data += wire.frame(PING, pings[-1])
                if rounds == 0 or time.monotonic() > end:
                    rounds = 0
                    data += b"" if leaves else wire.close_frame(1000)
                outgoing = memoryview(data)
            elif not outgoing and leaves:
                break
            if outgoing:
                outgoing = outgoing[wire.offer(outgoing[: chance.choice((100, 3_000, 300_000))]) :]
            if not wire.pull(chance.choice((10, 1_000, 100_000))):
                time.sleep(0.0005)
                until.check("nothing comes")
            else:
                until = Until(30, self.pace)
            while frame := wire._parse():
                if frame.opcode == BINARY and frame.payload == due[0]:
                    del due[0]
                    self.messages += 1
                    self.bytes += len(frame.payload)
                elif frame.opcode == PONG and frame.payload in pings:
                    pings.remove(frame.payload)
                    self.pongs += 1
                elif frame.opcode == CLOSE:
                    close = frame.close
                else:
                    raise Late(f"a wrong byte: opcode {frame.opcode}, {len(frame.payload)} bytes")
            if wire.ended and close is None:
                raise Late(f"the host ended ({wire.ended})")
        if close is not None and (due or close[0] != 1000):
            raise Late(f"closed with {close}, {len(due)} echoes not there")
        chance.choice((wire.close, wire.rst, wire.fin))()
        wire.close()


def soak(minutes, argv, pace):
    program = Program([argv, "--port", 0], env=SANITIZED)
    program.wait_listening(Until(20, pace))
    peers = [Peer(program, seed, pace) for seed in range(PEERS)]
    end = time.monotonic() + minutes * 60
    threads = [threading.Thread(target=peer.run, args=(end,)) for peer in peers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [peer.error for peer in peers if peer.error]
    if program.is_alive():
        program.signal(signal.SIGTERM)
        status = program.status(Until(20, pace))
        if status != 0:
            errors.append(f"the exit status is {status}")
    else:
        errors.append(f"the process ended with {program.process.returncode}")
    if program.log().strip():
        errors.append(program.log())
    names = ("connections", "messages", "bytes", "pongs")
    totals = [sum(getattr(peer, name) for peer in peers) for name in names]
    print(f"{argv}: " + ", ".join(f"{total:,} {name}" for total, name in zip(totals, names)))
    for error in errors:
        print(f"{argv}: {error}", file=sys.stderr)
    program.kill()
    return not errors


def main():
    minutes, *programs = sys.argv[1:]
    if not programs:
        raise SystemExit("soak: there is no program to run")
    pace = Pace()
    pace.start()
    try:
        good = [soak(float(minutes), program, pace) for program in programs]
    finally:
        pace.stop()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
