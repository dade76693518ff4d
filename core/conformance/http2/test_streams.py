"""What happens to a WebSocket on a stream: END_STREAM for FIN, RST_STREAM for RST."""

import signal
import time

import pytest
from hyperframe.frame import DataFrame, GoAwayFrame, PingFrame
from session import BINARY, CLOSE, PING, PONG, TEXT, Session, close, frame, reply

CANCEL, NO_ERROR, PROTOCOL_ERROR = 8, 0, 1
HI, HI_BACK = frame(TEXT, b"hi"), reply(TEXT, b"hi")
BYE, BYE_BACK = frame(CLOSE, close(4000, b"bye")), reply(CLOSE, close(4000))


@pytest.fixture(scope="module")
def session(server):
    with Session(server.port) as session:
        yield session


def closed_with(stream, code):
    """Waits for a Close frame with that code and for END_STREAM behind it."""
    stream.wait(lambda: stream.ended)
    at = bytes(stream.data).find(bytes([0x88]))
    assert at >= 0 and int.from_bytes(stream.data[at + 2 : at + 4], "big") == code, bytes(
        stream.data
    )


def test_the_fixture_of_the_specification(session):
    stream = session.open()
    stream.send(HI[:7])
    stream.send(HI[7:])
    stream.expect(HI_BACK)
    stream.send(BYE, end=True)
    closed_with(stream, 4000)
    session.pump(patience=0.2)
    assert stream.reset is None


@pytest.mark.parametrize("cut", ["at once", "by frames", "by bytes"])
def test_text_close_and_end_are_answered(session, cut):
    stream = session.open()
    if cut == "at once":
        stream.send(HI + HI + BYE, end=True)
    else:
        parts = [HI, HI, BYE] if cut == "by frames" else [bytes([byte]) for byte in HI + HI + BYE]
        for part in parts:
            stream.send(part)
        stream.send(b"", end=True)
    stream.expect(HI_BACK + HI_BACK)
    closed_with(stream, 4000)
    assert stream.reset is None


def test_a_close_ends_the_stream_from_the_server(session):
    stream = session.open()
    stream.send(BYE)
    closed_with(stream, 4000)
    stream.send(b"", end=True)
    session.pump(patience=0.2)
    assert stream.reset is None


def test_who_does_not_end_after_the_close_is_reset_without_an_error(session):
    stream = session.open()
    stream.send(BYE)
    closed_with(stream, 4000)
    session.pump(lambda: stream.reset is not None, 15)
    assert stream.reset == NO_ERROR
    session.echo()


def test_the_end_without_a_close_gets_the_answers_to_what_came_before(session):
    stream = session.open()
    stream.send(HI, end=True)
    stream.expect(HI_BACK)
    stream.wait(lambda: stream.ended)
    assert stream.reset in (None, NO_ERROR)
    session.echo()


@pytest.mark.parametrize("code", [CANCEL, NO_ERROR, PROTOCOL_ERROR])
def test_a_reset_ends_one_stream(session, code):
    stream = session.open()
    stream.send(HI)
    stream.expect(HI_BACK)
    stream.cancel(code)
    session.echo()


def test_trailers_end_a_stream_and_say_nothing(session):
    stream = session.open()
    stream.send(HI)
    session.http.send_headers(stream.number, [("x-trailer", "1")], end_stream=True)
    session.flush()
    stream.expect(HI_BACK)
    stream.wait(lambda: stream.is_over)
    session.echo()


def test_empty_and_padded_data_mean_nothing(session):
    stream = session.open()
    for part in [HI[:1], b"", HI[1:3], b"", HI[3:]]:
        session.http.send_data(stream.number, part, pad_length=7)
    session.flush()
    stream.expect(HI_BACK)
    stream.send(BYE, end=True)
    closed_with(stream, 4000)


@pytest.mark.parametrize(
    ("bytes_", "code"),
    [
        pytest.param(b"\x81\x02hi", 1002, id="unmasked"),
        pytest.param(b"\xc1\x80\0\0\0\0", 1002, id="reserved bit"),
        pytest.param(frame(TEXT, b"\xff"), 1007, id="not UTF-8"),
        pytest.param(
            frame(BINARY)[:1] + b"\xff" + (1 << 30).to_bytes(8, "big") + bytes(4),
            1009,
            id="too long",
        ),
    ],
)
def test_a_breach_is_told_and_ends_one_stream(session, bytes_, code):
    stream = session.open()
    stream.send(HI + bytes_)
    stream.expect(HI_BACK)
    closed_with(stream, code)
    session.echo()


def test_pings_and_long_messages(session):
    stream = session.open()
    stream.send(frame(PING, b"p"))
    stream.expect(reply(PONG, b"p"))
    for size in [0, 125, 126, 65535, 65536, 1 << 20]:
        stream.send(frame(BINARY, bytes(size)))
        stream.expect(reply(BINARY, bytes(size)))


def test_forty_sockets_on_one_session(session):
    streams = [session.open() for _ in range(40)]
    for number, stream in enumerate(streams):
        stream.send(frame(TEXT, b"%d" % number))
    for number, stream in enumerate(streams):
        stream.expect(reply(TEXT, b"%d" % number))
    for stream in streams:
        stream.send(BYE, end=True)
    for stream in streams:
        closed_with(stream, 4000)


def test_a_session_that_breaks_off_leaves_the_others(server, session):
    with Session(server.port) as other:
        for _ in range(5):
            other.open().send(HI)
    session.echo()


def test_goodbye(starting):
    server = starting()
    with Session(server.port) as session:
        streams = {session.open().number for _ in range(3)}
        server.process.send_signal(signal.SIGINT)
        codes, goaway = leave(session, streams)
    assert codes == dict.fromkeys(streams, 1001)
    # One that announces the end names no stream (RFC 9113 6.8); the last one names the last.
    assert (goaway.error_code, goaway.last_stream_id) == (NO_ERROR, max(streams))
    assert server.process.wait(20) == 0


def leave(session, streams):
    """Answers each Close, and pings only then: the codes, and the last GOAWAY before the end."""
    codes, goaway, pings = {}, None, []
    for got in session.frames():
        if isinstance(got, DataFrame) and got.data:
            assert got.data[0] == 0x88
            codes[got.stream_id] = int.from_bytes(got.data[2:4], "big")
            session.put(DataFrame(got.stream_id, frame(CLOSE, close(1001)), flags=["END_STREAM"]))
        elif isinstance(got, PingFrame) and "ACK" not in got.flags:
            pings.append(got)
        elif isinstance(got, GoAwayFrame):
            goaway = got
        if codes.keys() == streams:
            for ping in pings:
                time.sleep(0.3)  # sleeps: time for a server to leave that does not wait for its sessions
                session.put(PingFrame(0, ping.opaque_data, flags=["ACK"]))
            pings = []
    return codes, goaway
