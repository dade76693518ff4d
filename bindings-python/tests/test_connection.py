"""The connection, from outside."""

from __future__ import annotations

import array
import enum
import inspect
import pickle
import threading
from typing import Any

import pytest
from conftest import Both

import wspair
import wspair.asyncio
from wspair import (
    BackpressureError,
    Binary,
    Cause,
    Chunk,
    Closed,
    ClosingError,
    Connection,
    Event,
    InvalidArgumentError,
    Kind,
    LocalProtocolError,
    PeerClosing,
    Ping,
    Pong,
    Prepared,
    ProtocolError,
    ReadyState,
    Role,
    Text,
    TransportAction,
)

HELLO = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"


def server(**options: Any) -> Connection:
    return Connection(Role.SERVER, **options)


def end_of(events: list[Event]) -> Closed:
    event = events[-1]
    assert isinstance(event, Closed)
    return event


def test_any_buffer_is_received() -> None:
    for data in (HELLO, bytearray(HELLO), memoryview(HELLO), array.array("B", HELLO)):
        assert server().receive_data(data) == [Text("Hello")]


def test_a_text_is_no_buffer() -> None:
    with pytest.raises(TypeError):
        server().receive_data("Hello")  # type: ignore[arg-type]


def test_a_read_buffer_is_lent_and_read_from() -> None:
    conn = server()
    buffer = conn.get_buffer(-1)
    assert len(buffer) == 64 << 10
    for part in (HELLO[:3], HELLO[3:]):
        buffer[: len(part)] = part
        events = conn.buffer_updated(len(part))
    assert events == [Text("Hello")]
    assert conn.get_buffer().obj is buffer.obj
    assert len(conn.get_buffer(100_000)) == 100_000
    assert conn.buffer_updated(0) == []


def test_more_than_was_lent_counts_as_all_of_it() -> None:
    conn = server()
    conn.get_buffer()[:11] = HELLO
    assert conn.buffer_updated(1 << 40)[0] == Text("Hello")


@pytest.mark.parametrize("message", ["", "text", "\0", "žluťoučký 🐎", "x" * 70_000])
def test_text_comes_as_it_went(both: Both, message: str) -> None:
    both.client.send(message)
    assert both.to_server() == [Text(message)]
    both.server.send_text(message)
    assert both.to_client() == [Text(message)]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 4096, 65_535, 65_536, 1_000_000])
def test_binary_comes_as_it_went(both: Both, length: int) -> None:
    message = bytes(range(256)) * (length // 256 + 1)
    for form in (message[:length], bytearray(message[:length]), memoryview(message)[:length]):
        both.client.send(form)
        assert both.to_server() == [Binary(message[:length])]
        both.server.send_binary(form)
        assert both.to_client() == [Binary(message[:length])]


def test_a_text_is_no_binary_message(both: Both) -> None:
    with pytest.raises(TypeError):
        both.client.send_binary("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        both.client.send(5)  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        both.client.send("\ud800")
    assert both.client.data_to_send() == b""


def test_a_long_payload_is_not_copied_on_its_way_out() -> None:
    conn, payload = server(), bytes(100_000)
    conn.send(payload)
    conn.send("bye")
    header, body, bye = conn.buffers_to_send()
    assert header == b"\x82\x7f\0\0\0\0\0\x01\x86\xa0"
    assert isinstance(body, memoryview)
    assert body.readonly
    assert body == payload
    assert bye == b"\x81\x03bye"
    assert conn.buffers_to_send() == []


def test_the_payload_outlives_everything_but_its_view() -> None:
    conn = server()
    conn.send(bytes([7]) * 50_000)
    body = conn.buffers_to_send()[1]
    del conn
    assert bytes(body) == bytes([7]) * 50_000


def test_many_messages_in_one_call(both: Both) -> None:
    assert both.client.send_many(["a", b"b", "c"]) == 3
    assert both.to_server() == [Text("a"), Binary(b"b"), Text("c")]
    with pytest.raises(TypeError):
        both.client.send_many(["a", 5])  # type: ignore[list-item]
    assert both.client.buffered_amount == 0


def test_a_long_batch_is_masked_into_one_memory_and_leaves_it_in_parts(both: Both) -> None:
    messages = [bytes([at]) * 16_000 for at in range(100)]
    for _ in range(3):
        assert both.client.send_many(messages) == 100
        parts = both.client.buffers_to_send()
        assert len(parts) <= 25, "64 KiB each, or more"
        events = [event for part in parts for event in both.server.receive_data(part)]
        assert events == [Binary(message) for message in messages]
    assert both.client.send_many(messages) == 100
    assert both.to_server() == [Binary(message) for message in messages]


def test_a_full_output_ends_a_batch_and_refuses_a_message() -> None:
    conn = server(max_outgoing=100, high_water_mark=50)
    assert conn.send_many([b"x" * 48] * 3) == 2
    assert conn.is_congested
    with pytest.raises(BackpressureError, match="100 bytes") as caught:
        conn.send("x")
    assert caught.value.queued == 100
    assert pickle.loads(pickle.dumps(caught.value)).queued == 100
    conn.data_to_send()
    conn.send("x")


@pytest.mark.parametrize(
    ("frames", "owed"),
    [
        (b"\x89\x82\0\0\0\0hi", b"\x8a\x02hi"),
        (b"\x88\x82\0\0\0\0\x03\xe8", b"\x88\x02\x03\xe8"),
        (b"\x83\x80\0\0\0\0", b"\x88\x02\x03\xea"),
        (b"\x8a\x80\0\0\0\0", b""),
    ],
)
def test_a_host_that_polls_learns_of_what_is_owed(frames: bytes, owed: bytes) -> None:
    conn = server()
    assert not conn.wants_write
    conn.receive_data(frames)
    assert conn.wants_write == bool(owed)
    assert conn.buffered_amount == len(owed)
    assert conn.data_to_send() == owed
    assert not conn.wants_write
    assert conn.buffered_amount == 0


def test_a_message_in_parts(both: Both) -> None:
    both.client.send_fragment("a", fin=False)
    both.client.ping(b"between")
    with pytest.raises(LocalProtocolError):
        both.client.send("other")
    both.client.send_fragment(b"\xc5", fin=False, kind=Kind.TEXT)
    both.client.send_fragment(b"\xbe", fin=True, kind=Kind.TEXT)
    assert both.to_server() == [Ping(b"between"), Text("až")]
    assert both.to_client() == [Pong(b"between")]


def test_chunks_come_as_they_arrive() -> None:
    conn = server(chunks=True)
    events = conn.receive_data(HELLO[:8]) + conn.receive_data(HELLO[8:])
    assert events == [
        Chunk(Kind.TEXT, b"He", True, False),
        Chunk(Kind.TEXT, b"llo", False, True),
    ]


def test_a_prepared_message_goes_to_many() -> None:
    news = Prepared("for all")
    assert news.kind == Kind.TEXT
    room = [Both(), Both()]
    for both in room:
        both.server.send_prepared(news)
        both.server.send_prepared(Prepared(b"x" * 5000))
        assert both.to_client() == [Text("for all"), Binary(b"x" * 5000)]


def test_the_closing_handshake(both: Both) -> None:
    both.client.close(1000, "bye")
    both.client.close(1000, "again")
    with pytest.raises(ClosingError):
        both.client.send("late")
    assert both.client.ready_state == ReadyState.CLOSING
    end = Closed(1000, "bye", True, Cause.HANDSHAKE, None)
    assert both.to_server() == [PeerClosing(1000, "bye"), end]
    assert both.server.ready_state == ReadyState.CLOSED
    answer = both.server.data_to_send()
    assert both.server.transport_state == TransportAction.CLOSE or answer
    assert end_of(both.client.receive_data(answer)).clean
    assert both.client.receive_eof() == []
    assert both.client.transport_state == TransportAction.CLOSE


def test_half_open() -> None:
    both = Both(auto_close=False)
    both.client.close(1000)
    assert both.to_server() == [PeerClosing(1000, "")]
    both.server.send("still here")
    assert both.to_client() == [Text("still here")]
    both.server.close(1001)
    both.to_client()
    assert both.client.ready_state == ReadyState.CLOSED


TEXT_AND_CLOSE = b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8"


@pytest.mark.parametrize("auto_close", [True, False])
@pytest.mark.parametrize("step", [1, 5, 100])
def test_a_close_and_the_end_behind_it_get_replies_and_the_answer(
    auto_close: bool, step: int
) -> None:
    conn = server(auto_close=auto_close)
    pieces = [TEXT_AND_CLOSE[at : at + step] for at in range(0, len(TEXT_AND_CLOSE), step)]
    events = [event for piece in pieces for event in conn.receive_data(piece)]
    events += conn.receive_eof()
    assert events[:2] == [Text("hi"), PeerClosing(1000, "")]
    conn.send("re hi")
    if not auto_close:
        assert conn.transport_state == TransportAction.OPEN
        conn.close(1000)
        events += conn.receive_data(b"")
    assert events[2:] == [Closed(1000, "", True, Cause.HANDSHAKE, None)]
    assert conn.data_to_send() == b"\x81\x05re hi\x88\x02\x03\xe8"
    assert conn.transport_state == TransportAction.CLOSE
    with pytest.raises(ClosingError):
        conn.send("late")


def test_a_close_and_the_end_behind_it_are_answered_in_time() -> None:
    conn = server(auto_close=False, close_within=10)
    conn.receive_data(TEXT_AND_CLOSE)
    assert conn.next_timeout is None
    conn.receive_eof()
    assert conn.next_timeout is not None
    assert conn.handle_timeout(100) == []
    assert conn.next_timeout == 110
    end = Closed(1000, "", False, Cause.CLOSE_TIMEOUT, None)
    assert conn.handle_timeout(110) == [end]
    assert (conn.transport_state, conn.next_timeout) == (TransportAction.CLOSE, None)


def test_without_auto_end_the_output_stays_open() -> None:
    conn = server(auto_end=False)
    assert conn.receive_eof() == [Closed(1006, "", False, Cause.TRANSPORT, None)]
    assert conn.transport_state.name == "OPEN"
    conn.send("still here")
    conn.close(1000)
    assert conn.data_to_send() == b"\x81\x0astill here\x88\x02\x03\xe8"
    assert conn.transport_state == TransportAction.CLOSE


def test_what_leaves_the_buffers_of_the_transport_is_life() -> None:
    conn = server(ping_after=10, pong_within=5)
    conn.handle_timeout(0)
    conn.send(bytes(1000))
    held = len(conn.data_to_send())
    for now in range(0, 100, 4):
        held -= 10
        conn.transport_holds(held)
        assert conn.handle_timeout(now) == []
    assert conn.handle_timeout(110) == []
    conn.transport_holds(held + len(conn.data_to_send()))
    assert conn.handle_timeout(115) == [Closed(1006, "", False, Cause.PONG_TIMEOUT, None)]


def test_while_the_host_does_not_read_silence_means_nothing() -> None:
    conn = server(ping_after=10, pong_within=5)
    conn.handle_timeout(0)
    conn.hold_input(True)
    assert conn.next_timeout is None
    assert conn.handle_timeout(100) == []
    conn.hold_input(False)
    assert conn.handle_timeout(100) == []
    assert conn.next_timeout == 110
    assert conn.data_to_send() == b""


def test_a_lost_transport_is_the_end_at_once() -> None:
    conn = server()
    conn.send("never written")
    assert conn.transport_lost() == [Closed(1006, "", False, Cause.TRANSPORT, None)]
    assert (conn.transport_state, conn.next_timeout) == (TransportAction.CLOSE, None)
    conn = server(auto_close=False)
    conn.receive_data(TEXT_AND_CLOSE)
    assert conn.transport_lost() == [Closed(1000, "", False, Cause.TRANSPORT, None)]
    with pytest.raises(ClosingError):
        conn.send("late")
    assert conn.transport_lost() == []


def test_what_the_peer_does_is_an_event() -> None:
    conn = server()
    events = conn.receive_data(HELLO + b"\xff\xff")
    assert events[0] == Text("Hello")
    match events[1]:
        case Closed(1006, "", False, cause, error):
            assert cause == Cause.PEER
            assert error == "reserved bits set without an extension"
        case other:
            pytest.fail(f"{other}")
    # The answer to the good message goes out before the Close frame.
    conn.send("echo")
    assert conn.data_to_send().startswith(b"\x81\x04echo\x88")
    with pytest.raises(ClosingError):
        conn.send("late")


def test_the_end_of_the_transport(both: Both) -> None:
    assert both.client.receive_eof() == [Closed(1006, "", False, Cause.TRANSPORT, None)]
    both.server.abort()
    assert both.server.transport_state == TransportAction.CLOSE


def test_arguments_that_no_state_makes_right(both: Both) -> None:
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000):
        with pytest.raises(InvalidArgumentError):
            both.client.close(code)
    with pytest.raises(ValueError, match="reason"):
        both.client.close(1000, "x" * 124)
    with pytest.raises(ValueError, match="reason"):
        both.client.close(reason="no code")
    with pytest.raises(ValueError, match="125"):
        both.client.ping(bytes(126))
    assert both.client.ready_state == ReadyState.OPEN


def test_options() -> None:
    with pytest.raises(TypeError, match="max_massage"):
        server(max_massage=1)
    with pytest.raises(TypeError):
        server(max_message="1")
    with pytest.raises(ValueError, match=r"ping_after.*from 0 on"):
        server(ping_after=-1.0)
    conn = server(max_message=4)
    assert end_of(conn.receive_data(HELLO)).error == "message over the size limit"
    assert server(max_message=None).receive_data(HELLO) == [Text("Hello")]


def test_keepalive_and_deadlines() -> None:
    conn = server(ping_after=20, pong_within=5)
    now = conn.next_timeout
    assert now is not None
    assert conn.handle_timeout(1000.0) == []
    assert conn.next_timeout == 1020.0
    assert conn.handle_timeout(1020.0) == []
    assert conn.data_to_send() == b"\x89\x00"
    assert conn.next_timeout == 1025.0
    assert end_of(conn.handle_timeout(1025.0)).cause == Cause.PONG_TIMEOUT
    with pytest.raises(ValueError, match="negative"):
        conn.handle_timeout(-1.0)
    assert server().next_timeout is None


@pytest.mark.parametrize("start", [0.0, 1e-9, 1234.56789, 2.0**33, 4.0e9 / 3])
def test_telling_the_announced_time_is_enough(start: float) -> None:
    conn = server(ping_after=0.1)
    conn.handle_timeout(start)
    due = conn.next_timeout
    assert due is not None
    conn.handle_timeout(due)
    assert conn.data_to_send() == b"\x89\x00"


def test_events_are_values() -> None:
    assert Text("a") == Text("a") != Text("b")
    assert Ping(b"x") != Pong(b"x")
    assert len({Text("a"), Text("a"), Binary(b"a")}) == 2
    assert repr(Binary(b"\x00ab")) == "Binary(data=b'\\x00ab')"
    assert repr(Text("x" * 1000)) == f"Text(data='{'x' * 64}'... 1000)"
    with pytest.raises(AttributeError):
        Text("a").data = "b"  # type: ignore[misc]
    match PeerClosing(1000, "bye"):
        case PeerClosing(code, reason):
            assert (code, reason) == (1000, "bye")


def test_threads_may_share_a_connection() -> None:
    conn, frame = server(), HELLO * 50
    received: list[int] = []

    def work() -> None:
        count = 0
        for _ in range(200):
            count += len(conn.receive_data(frame))
            conn.send("answer")
            conn.data_to_send()
            conn.next_timeout, conn.transport_state, repr(conn)
        received.append(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(received) == 4 * 200 * 50


def test_memory_is_given_back() -> None:
    conn = server()
    conn.get_buffer(1 << 20)
    conn.shrink_to_fit()
    assert len(conn.get_buffer()) == 64 << 10


BROKEN: list[tuple[ProtocolError, bytes]] = [
    (ProtocolError.RESERVED_BITS, b"\xc1\x80\0\0\0\0"),
    (ProtocolError.RESERVED_OPCODE, b"\x83\x80\0\0\0\0"),
    (ProtocolError.FRAGMENTED_CONTROL, b"\x09\x80\0\0\0\0"),
    (ProtocolError.CONTROL_TOO_LONG, b"\x89\xfe\0\x7e\0\0\0\0"),
    (ProtocolError.UNMASKED, b"\x81\x00"),
    (ProtocolError.NON_MINIMAL_LENGTH, b"\x81\xfe\0\x01\0\0\0\0"),
    (ProtocolError.LENGTH_RANGE, b"\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0"),
    (ProtocolError.UNEXPECTED_CONTINUATION, b"\x80\x80\0\0\0\0"),
    (ProtocolError.EXPECTED_CONTINUATION, b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0"),
    (ProtocolError.TEXT_NOT_UTF8, b"\x81\x81\0\0\0\0\xff"),
    (ProtocolError.CLOSE_BODY, b"\x88\x81\0\0\0\0\x03"),
    (ProtocolError.CLOSE_CODE, b"\x88\x82\0\0\0\0\x03\xed"),
    (ProtocolError.CLOSE_REASON_NOT_UTF8, b"\x88\x83\0\0\0\0\x03\xe8\xff"),
    (ProtocolError.FRAME_TOO_LONG, b"\x82\x8a\0\0\0\0"),
    (ProtocolError.MESSAGE_TOO_LONG, b"\x02\x89\0\0\0\0" + bytes(9) + b"\x80\x89\0\0\0\0"),
    (ProtocolError.TOO_MANY_FRAGMENTS, b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 3),
]


@pytest.mark.parametrize(("rule", "data"), BROKEN)
def test_a_broken_rule_is_a_value(rule: ProtocolError, data: bytes) -> None:
    conn = server(max_message=10, max_frame=9, max_fragments=3)
    closed = end_of(conn.receive_data(data))
    assert closed.error is rule
    assert closed.cause is Cause.PEER
    assert int.from_bytes(conn.data_to_send()[2:4], "big") == rule.close_code
    assert str(rule) == rule == rule.value
    limits = {"FRAME_TOO_LONG": 9, "MESSAGE_TOO_LONG": 10, "TOO_MANY_FRAGMENTS": 3}
    assert closed.limit == limits.get(rule.name)
    assert closed.size == (18 if rule is ProtocolError.MESSAGE_TOO_LONG else None)


@pytest.mark.parametrize(("rule", "data"), BROKEN)
def test_the_peer_can_be_told_which_rule_it_broke(rule: ProtocolError, data: bytes) -> None:
    conn = server(max_message=10, max_frame=9, max_fragments=3)
    assert conn.fault is None
    conn.receive_data(data)
    assert conn.fault is not None
    code, words = conn.fault
    assert code == rule.close_code
    texts = {
        "FRAME_TOO_LONG": "frame is over the limit of 9 bytes",
        "MESSAGE_TOO_LONG": "message of 18 bytes is over the limit of 10",
        "TOO_MANY_FRAGMENTS": "message is over the limit of 3 fragments",
    }
    assert words == texts.get(rule.name, rule.value)
    with pytest.raises(InvalidArgumentError):
        conn.explain_close("x" * 124)
    conn.explain_close(words)
    payload = code.to_bytes(2, "big") + words.encode()
    assert conn.data_to_send() == bytes([0x88, len(payload)]) + payload
    conn.explain_close("too late")
    assert conn.data_to_send() == b""


def test_only_who_gave_up_has_a_fault() -> None:
    conn = server(ping_after=1, pong_within=1)
    conn.explain_close("there is nothing to explain")
    for now in range(3):
        conn.handle_timeout(now)
    assert conn.fault == (1011, "no answer to a ping")
    assert conn.data_to_send().endswith(b"\x88\x15\x03\xf3no answer to a ping")
    for end in (Connection.receive_eof, Connection.transport_lost):
        conn = server()
        end(conn)
        assert conn.fault is None


def test_every_rule_is_tried_or_known() -> None:
    tried = {rule for rule, _ in BROKEN}
    assert set(ProtocolError) - tried == {ProtocolError.MASKED, ProtocolError.DEFLATE}
    both = Both()
    closed = end_of(both.client.receive_data(b"\x81\x80\0\0\0\0"))
    assert closed.error is ProtocolError.MASKED


def test_constants_are_enums() -> None:
    for constants in (Cause, Kind, ReadyState, Role, TransportAction):
        assert issubclass(constants, enum.Enum)
    conn = server()
    assert conn.role is Role.SERVER
    assert conn.ready_state is ReadyState.OPEN
    assert int(ReadyState.OPEN) == 1
    with pytest.raises(TypeError, match="Role"):
        Connection("server")  # type: ignore[arg-type]


def test_every_signature_can_be_read() -> None:
    things = [getattr(wspair, name) for name in wspair.__all__]
    for thing in things:
        if not isinstance(thing, type) or issubclass(thing, (BaseException, enum.Enum)):
            continue
        for name, method in vars(thing).items():
            if callable(method) and not name.startswith("_"):
                inspect.signature(method)
        inspect.signature(thing)
    for module in (wspair.asyncio,):
        for name in module.__all__:
            inspect.signature(getattr(module, name))
