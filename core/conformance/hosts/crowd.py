#!/usr/bin/env python3
"""Has thousands of peers at a host for minutes, of whom one in four does not behave.

    crowd.py SECONDS PEERS HOST...

Of a hundred peers, five stop reading, five vanish in the middle of a frame, five end their direction
without a Close frame, five break a rule, two never finish the handshake; the others send messages of
random sizes, leave and come back.  Every echo to a well-behaved peer has to be right and in time; the
host's memory has to be as flat at the end as after a fifth of the time, its sockets have to be gone
with their peers, and it has to stop within its deadline while some are still there.

A process of its own asks for an echo every 20 ms: the longest that one took is the longest stall of the
host's loop, as far as it was not the machine that stalled.
"""

import asyncio
import multiprocessing
import random
import resource
import signal
import socket
import sys
import time

from calibrate import Pace
from columns import HOSTS
from wire import BINARY, CLOSE, Late, Until, close_payload, encode, request

# Whoever asks at once is asked to be in time, and this driver may be late by some seconds.
OPTIONS = {"handshake_within": 30, "close_within": 5, "max_outgoing": 1 << 20}
SIZES = (0, 1, 16, 125, 126, 1_000, 1_000, 10_000, 70_000)
KINDS = {"stops reading": 5, "vanishes": 5, "half-closes": 5, "breaks a rule": 5, "never asks": 2}
# Longest that an echo may take before it counts as lost, over what the machine itself loses.
PATIENCE = 60
# Seconds that a host is given to close.
DEADLINE = 3


class Probe:
    """Asks for a short echo over and over, from a process that does nothing else."""

    def __init__(self, port):
        # The longest echo, and by how much the process itself was woken too late.
        self.longest = multiprocessing.Value("d", 0.0, lock=False)
        self.late = multiprocessing.Value("d", 0.0, lock=False)
        self.process = multiprocessing.Process(target=self.ask, args=(port,), daemon=True)
        self.process.start()

    def ask(self, port):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(request("/echo"))
            while b"\r\n\r\n" not in peer.recv(1 << 12):
                pass
            peer.settimeout(PATIENCE)
            while True:
                began = time.monotonic()
                peer.sendall(encode(BINARY, b"probe", key=b"keys"))
                if peer.recv(1 << 12) != b"\x82\x05probe":
                    self.longest.value = float("inf")
                    return
                self.longest.value = max(self.longest.value, time.monotonic() - began)
                due = time.monotonic() + 0.02
                time.sleep(0.02)
                self.late.value = max(self.late.value, time.monotonic() - due)

    def stop(self):
        self.process.kill()
        self.process.join()


class Crowd:
    def __init__(self, port, peers, seconds):
        self.port = port
        self.end = time.monotonic() + seconds
        # What one driver in Python can keep up with: some 500 messages a second.
        self.pause = max(1.0, peers / 500)
        self.open = self.most = self.connections = self.echoes = self.bytes = 0
        self.slowest = 0.0
        self.errors = []

    async def peer(self, number):
        chance = random.Random(number)
        # They do not all come at once.
        await asyncio.sleep(chance.random() * min(20, self.left() / 4))
        while self.left() > 0 and len(self.errors) < 10:
            kind = self.kind(chance)
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                self.errors.append(f"cannot connect: {error}")
                return
            self.open += 1
            self.connections += 1
            self.most = max(self.most, self.open)
            try:
                await self.visit(kind, chance, reader, writer)
            except (OSError, EOFError) as error:
                if kind == "behaves":
                    self.errors.append(f"lost a connection: {error!r}")
            except asyncio.TimeoutError:
                self.errors.append(f"one that {kind} waits for more than {PATIENCE} s")
            finally:
                self.open -= 1
                writer.transport.abort()

    @staticmethod
    def kind(chance):
        at = chance.randrange(100)
        for kind, share in KINDS.items():
            at -= share
            if at < 0:
                return kind
        return "behaves"

    def left(self):
        return self.end - time.monotonic()

    async def visit(self, kind, chance, reader, writer):
        head = request("/echo")
        if kind == "never asks":
            writer.write(head[: chance.randrange(len(head))])
            return await asyncio.wait_for(reader.read(), PATIENCE)
        writer.write(head)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        if not answer.startswith(b"HTTP/1.1 101 "):
            return self.errors.append(f"refused: {answer[:40]!r}")
        for _ in range(chance.randrange(1, 20)):
            if self.left() < 0:
                break
            await self.echo(chance, reader, writer)
            await asyncio.sleep(chance.random() * 2 * self.pause)
        payload = chance.randbytes(1_000)
        if kind == "stops reading":
            for _ in range(30):
                writer.write(encode(BINARY, payload * 60, key=b"keys"))
            await asyncio.sleep(min(10, max(0, self.left())))
        elif kind == "vanishes":
            writer.write(encode(BINARY, payload, key=b"keys")[: chance.randrange(1, 1_000)])
            await asyncio.sleep(0)
        elif kind == "half-closes":
            writer.write(encode(BINARY, payload, key=b"keys"))
            writer.write_eof()
            await self.read_to_end(reader)
        elif kind == "breaks a rule":
            broken = (b"\x83\x80keys", b"\x81\x05hello", b"\x88\x81keys\x03", b"\x89\xfe\x01\x00")
            writer.write(chance.choice(broken))
            await self.read_to_end(reader)
        else:
            writer.write(encode(CLOSE, close_payload(1000), key=b"keys"))
            first, body = await self.read_frame(reader)
            if (first & 0x0F, body[:2]) != (CLOSE, b"\x03\xe8"):
                self.errors.append(f"no answer to a Close frame: {first:#x} {body[:20]!r}")
            await self.read_to_end(reader)

    async def read_to_end(self, reader):
        await asyncio.wait_for(reader.read(), PATIENCE)

    async def echo(self, chance, reader, writer):
        payload = chance.randbytes(chance.choice(SIZES))
        began = time.monotonic()
        writer.write(encode(BINARY, payload, key=chance.randbytes(4)))
        first, body = await self.read_frame(reader)
        self.slowest = max(self.slowest, time.monotonic() - began)
        if (first, body) != (0x80 | BINARY, payload):
            self.errors.append(f"a wrong echo: {first:#x}, {len(body)} bytes for {len(payload)}")
        self.echoes += 1
        self.bytes += len(payload)

    async def read_frame(self, reader):
        async def whole():
            first, length = await reader.readexactly(2)
            if length >= 126:
                size = 2 if length == 126 else 8
                length = int.from_bytes(await reader.readexactly(size), "big")
            return first, await reader.readexactly(length)

        return await asyncio.wait_for(whole(), PATIENCE)


async def watch(crowd, program, seconds):
    """The host's memory while the crowd is there, and how late our own loop was."""
    samples, late = [], 0.0
    while crowd.left() > 0:
        asked = time.monotonic()
        await asyncio.sleep(0.5)
        late = max(late, time.monotonic() - asked - 0.5)
        if not program.is_alive():
            crowd.errors.append(f"the process ended with {program.process.returncode}")
            break
        samples.append((seconds - crowd.left(), program.memory()))
    return samples, late


async def visit_all(host, program, peers, seconds, pace):
    crowd = Crowd(program.port, peers, seconds)
    before = program.sockets()
    probe = Probe(program.port)
    watching = asyncio.ensure_future(watch(crowd, program, seconds))
    await asyncio.gather(*(crowd.peer(number) for number in range(peers)))
    samples, late = await watching
    errors = crowd.errors
    if not probe.process.is_alive():
        errors.append("the probe lost its connection, or got a wrong echo")
    probe.stop()
    if program.is_alive():
        until = Until(30, pace)
        while program.sockets() > before + 1 and until.left() > 0:
            await asyncio.sleep(0.1)
        if program.sockets() > before + 1:
            errors.append(f"{program.sockets()} sockets, {before} before the crowd came")
    early = max((memory for at, memory in samples if 0.2 * seconds < at < 0.35 * seconds), default=0)
    end = max((memory for at, memory in samples if at > 0.8 * seconds), default=0)
    if end > 1.15 * early + (8 << 20):
        errors.append(f"memory grew from {early >> 20} to {end >> 20} MiB")
    after = program.memory() if program.is_alive() else 0
    print(
        f"{host.name}: {crowd.connections:,} connections, {crowd.most:,} at once, "
        f"{crowd.echoes:,} echoes of {crowd.bytes >> 20:,} MiB; memory {early >> 20}, {end >> 20}, "
        f"afterwards {after >> 20} MiB; slowest echo {crowd.slowest:.2f} s, "
        f"of which the driver was late by up to {late:.2f} s; longest stall of the loop "
        f"{probe.longest.value:.3f} s, where the probe was late by up to {probe.late.value:.3f} s",
        flush=True,
    )
    return errors


def stops(host, program, pace):
    """It ends within its deadline while some are still there."""
    peers = [socket.create_connection(("127.0.0.1", program.port)) for _ in range(20)]
    for peer in peers:
        peer.sendall(request("/echo"))
        peer.recv(1 << 12)
    began, until = time.monotonic(), Until(20, pace)
    try:
        if host.style == "json":
            program.command("close", DEADLINE)
            program.wait(lambda: program.find("server-closed"), until, "it does not stop")
        else:
            program.signal(signal.SIGTERM)
            program.status(until)
    except Late as error:
        return [str(error)]
    finally:
        for peer in peers:
            peer.close()
    print(f"    stopped in {time.monotonic() - began:.1f} s with 20 peers connected", flush=True)
    return []


def soak(host, seconds, peers, pace):
    program = host.start(OPTIONS)
    try:
        program.wait_listening(Until(30, pace))
        errors = asyncio.run(visit_all(host, program, peers, seconds, pace))
        if program.is_alive():
            errors += stops(host, program, pace)
    finally:
        program.kill()
    for error in errors[:10]:
        print(f"{host.name}: {error}", file=sys.stderr, flush=True)
    return not errors


def main():
    seconds, peers, *names = sys.argv[1:]
    seconds, peers = float(seconds), int(peers)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if peers + 200 > hard:
        print(f"soak: ONLY {hard} DESCRIPTORS: {hard - 200} PEERS INSTEAD OF {peers}", flush=True)
        peers = hard - 200
    hosts = {host.name: host for host in HOSTS}
    pace = Pace()
    pace.start()
    good = True
    try:
        for name in names:
            missing = hosts[name].missing()
            if missing:
                print(f"soak: {name} IS LEFT OUT: {missing}", flush=True)
                continue
            good &= soak(hosts[name], seconds, peers, pace)
    finally:
        pace.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
