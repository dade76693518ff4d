"""Back-pressure: the windows of streams and of the session, both ways."""

import pytest
from h2.settings import SettingCodes
from session import BINARY, TEXT, Session, frame, reply

MIB = 1 << 20


def test_a_megabyte_through_small_windows(server):
    with Session(server.port, window=1000) as session:
        stream = session.open()
        stream.send(frame(BINARY, bytes(MIB // 8)))
        stream.expect(reply(BINARY, bytes(MIB // 8)))


def test_windows_of_one_byte(server):
    with Session(server.port, window=1) as session:
        stream = session.open()
        stream.send(frame(TEXT, b"hello, world"))
        stream.expect(reply(TEXT, b"hello, world"))


def test_windows_that_shrink_below_nothing(server):
    with Session(server.port, window=65535) as session:
        stream = session.open()
        stream.reads = False
        stream.send(frame(BINARY, bytes(MIB // 2)))
        stream.wait(lambda: len(stream.data) == 65535)
        session.http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        session.flush()
        session.pump(patience=0.3)
        assert len(stream.data) == 65535
        stream.reads = True
        session.http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 4 * MIB})
        session.flush()
        stream.expect(reply(BINARY, bytes(MIB // 2)))


@pytest.mark.parametrize("size", [1000, MIB // 2])
def test_who_is_not_read_stops_nobody_else(server, size):
    """One that reads nothing of its echoes: it is held up, and no others of the session are."""
    with Session(server.port, window=65535) as session:
        slow, fast = session.open(), session.open()
        slow.reads = False
        http = session.http
        message = frame(BINARY, bytes(size))
        # As much as the server takes in.
        for _ in range(2 * MIB // size):
            window = http.local_flow_control_window(slow.number)
            if window < len(message):
                session.pump(
                    lambda: http.local_flow_control_window(slow.number) >= len(message), 0.2
                )
                if http.local_flow_control_window(slow.number) < len(message):
                    break
            slow.send(message)
        for number in range(50):
            fast.send(frame(TEXT, b"%d" % number))
            fast.expect(reply(TEXT, b"%d" % number))


def test_a_client_that_reads_nothing_is_held_up(server):
    """What it can send is bounded, on each stream."""
    if server.name == "node":
        pytest.skip("an end of a pair takes what it is sent, as over HTTP/1.1 and in the runtime")
    with Session(server.port, window=65535) as session:
        stream = session.open()
        stream.reads = False
        sent = 0
        while sent < 8 * MIB:
            window = min(session.http.local_flow_control_window(stream.number), 16384)
            if window < 1006:
                session.pump(
                    lambda: session.http.local_flow_control_window(stream.number) >= 1006, 1.0
                )
                if session.http.local_flow_control_window(stream.number) < 1006:
                    break
            stream.send(frame(BINARY, bytes(990)))
            sent += 990
        assert sent < 4 * MIB


def test_ten_thousand_frames_of_one_byte(server):
    with Session(server.port) as session:
        stream = session.open()
        for byte in frame(BINARY, bytes(10_000)):
            stream.send(bytes([byte]))
        stream.expect(reply(BINARY, bytes(10_000)))
