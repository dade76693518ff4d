"""What a client does to take a host down, with memory and descriptors counted from outside."""

import time

import pytest
from h2.exceptions import ProtocolError
from session import BINARY, TEXT, Session, asking, frame, reply

pytestmark = pytest.mark.slow
MIB = 1 << 20
CALM = 11


@pytest.fixture
def measured(starting):
    """A host that is to be as it was: its descriptors, and its memory but for so many bytes."""
    server = starting()
    with Session(server.port) as session:
        for _ in range(50):
            session.echo()
    time.sleep(0.3)  # sleeps: gives the server time to settle
    memory, descriptors = server.memory, server.descriptors

    def check(most, what):
        grown = server.memory - memory
        print(f"\n{what}: {grown / MIB:+.1f} MiB, {server.descriptors - descriptors:+} descriptors")
        assert grown < most, f"{grown / MIB:.1f} MiB more"

    yield server, check
    until = time.monotonic() + 15
    while server.descriptors > descriptors and time.monotonic() < until:
        time.sleep(0.1)
    check(256 * MIB, "afterwards")
    assert server.descriptors <= descriptors
    assert server.process.poll() is None
    with Session(server.port) as session:
        session.echo()


def flood(session, times, put):
    """Does something again and again, until the host has had enough."""
    for number in range(times):
        if session.over:
            return
        try:
            put(number)
        except ProtocolError:
            return
        session.flush()
        if number % 50 == 0:
            try:
                session.pump(patience=0.001)
            except ProtocolError:
                return


def test_rapid_reset(measured):
    server, check = measured
    with Session(server.port) as other, Session(server.port) as session:

        def put(_):
            number = session.http.get_next_available_stream_id()
            session.http.send_headers(number, asking())
            session.http.reset_stream(number, 8)

        flood(session, 10_000, put)
        session.pump(lambda: session.over, 10)
        assert session.over or session.goaway == CALM
        check(64 * MIB, "10,000 requests that are reset")
        other.echo()


def test_pings(measured):
    server, check = measured
    with Session(server.port) as other, Session(server.port) as session:
        flood(session, 20_000, lambda number: session.http.ping(number.to_bytes(8, "big")))
        check(32 * MIB, "20,000 pings")
        other.echo()


def test_settings(measured):
    server, check = measured
    with Session(server.port) as other, Session(server.port) as session:
        flood(session, 5_000, lambda number: session.http.update_settings({4: 65535 + number % 2}))
        check(32 * MIB, "5,000 SETTINGS")
        other.echo()


def test_empty_data(measured):
    server, check = measured
    with Session(server.port) as other, Session(server.port) as session:
        stream = session.open()
        flood(session, 20_000, lambda _: session.http.send_data(stream.number, b""))
        check(32 * MIB, "20,000 empty DATA frames")
        other.echo()


def test_tiny_data_and_tiny_windows(measured):
    server, check = measured
    with Session(server.port) as other, Session(server.port, window=1) as session:
        stream = session.open()
        for byte in frame(TEXT, bytes(500)):
            stream.send(bytes([byte]))
        stream.expect(reply(TEXT, b"\0" * 500))
        check(32 * MIB, "a byte a frame, a byte a window")
        other.echo()


def test_a_session_with_256_full_queues(measured):
    server, check = measured
    held = []
    for _ in range(3):
        with Session(server.port) as other, Session(server.port, window=0) as session:
            for _ in range(256):
                stream = session.open()
                stream.reads = False
                stream.send(frame(BINARY, bytes(200_000)))
            session.pump(patience=1.0)
            # What each may hold: its window, the message and the echo of it.
            check(256 * MIB, "256 streams that are not read, 200 kB each")
            held.append(server.memory)
            other.echo()
        time.sleep(0.5)  # sleeps: gives the server time to settle
    # An allocator may keep what was given back, but has to use it again.
    assert held[2] - held[0] < 64 * MIB


def test_a_thousand_sockets_one_of_them_never_read(measured):
    server, check = measured
    sessions = [Session(server.port, window=65535) for _ in range(10)]
    streams = [session.open() for session in sessions for _ in range(100)]

    def latency():
        """The median of an echo on each session, in milliseconds."""
        times = []
        for stream in streams[1::20]:
            began = time.perf_counter()
            stream.send(frame(TEXT, b"hi"))
            stream.expect(reply(TEXT, b"hi"))
            times.append(time.perf_counter() - began)
        return sorted(times)[len(times) // 2] * 1e3

    before = latency()
    slow = streams[0]
    slow.reads = False
    slow.send(frame(BINARY, bytes(MIB // 4)))
    after = latency()
    print(
        f"\necho beside 1,000 sockets: {before:.2f} ms, beside one that is not read: {after:.2f} ms"
    )
    assert after < before * 10 + 50
    check(200 * MIB, "1,000 sockets on 10 sessions")
    for session in sessions:
        session.sock.close()
