"""What holds whatever is sent, cut or called."""

from __future__ import annotations

import itertools
from typing import Any

from conftest import Both
from hypothesis import given, settings
from hypothesis import strategies as st

from wspair import (
    BackpressureError,
    Binary,
    Chunk,
    Closed,
    Connection,
    DeflateOptions,
    LocalProtocolError,
    Role,
    Text,
)

messages = st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300)), max_size=8)


def events_of(sent: list[str | bytes]) -> list[Any]:
    return [Text(it) if isinstance(it, str) else Binary(it) for it in sent]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(at)]


@given(messages, st.lists(st.integers(0, 1 << 16), max_size=6))
def test_any_cut_gives_the_same_events_by_every_door(
    sent: list[str | bytes], places: list[int]
) -> None:
    client = Connection(Role.CLIENT)
    assert client.send_many(sent) == len(sent)
    client.close(1000, "bye")
    data = client.data_to_send()
    whole = Connection(Role.SERVER)
    expected = whole.receive_data(data)
    assert expected[: len(sent)] == events_of(sent)
    by_bytes, by_buffer = Connection(Role.SERVER), Connection(Role.SERVER)
    first: list[Any] = []
    second: list[Any] = []
    for part in cut(data, places):
        first += by_bytes.receive_data(bytearray(part))
        by_buffer.get_buffer()[: len(part)] = part
        second += by_buffer.buffer_updated(len(part))
    assert first == second == expected
    assert by_bytes.data_to_send() == by_buffer.data_to_send() == whole.data_to_send()


@given(messages, st.booleans(), st.integers(1, 50))
def test_what_is_sent_arrives(sent: list[str | bytes], from_client: bool, split: int) -> None:
    both = Both(split_above=split)
    sender, receiver = (both.client, both.server) if from_client else (both.server, both.client)
    for message in sent:
        sender.send(message)
    parts = sender.buffers_to_send()
    assert receiver.receive_data(b"".join(parts)) == events_of(sent)


@given(messages)
def test_chunks_together_are_the_messages(sent: list[str | bytes]) -> None:
    client, server = Connection(Role.CLIENT, split_above=7), Connection(Role.SERVER, chunks=True)
    client.send_many(sent)
    joined: list[bytes] = []
    for chunk in server.receive_data(client.data_to_send()):
        assert isinstance(chunk, Chunk)
        if chunk.first:
            joined.append(b"")
        joined[-1] += chunk.data
    assert joined == [it.encode() if isinstance(it, str) else it for it in sent]


@given(st.binary(max_size=400))
def test_no_input_raises(data: bytes) -> None:
    for role in (Role.SERVER, Role.CLIENT):
        conn = Connection(role)
        events = conn.receive_data(data) + conn.receive_eof()
        assert [type(event) for event in events].count(Closed) == 1
        assert isinstance(events[-1], Closed)
        assert conn.receive_data(data) == conn.receive_eof() == []


calls = st.one_of(
    st.tuples(st.just("send"), st.one_of(st.text(max_size=20), st.binary(max_size=20))),
    st.tuples(st.just("send_fragment"), st.text(max_size=20), st.booleans()),
    st.tuples(st.sampled_from(["ping", "pong"]), st.binary(max_size=130)),
    st.tuples(st.just("close"), st.integers(990, 1020), st.text(max_size=130)),
    st.tuples(st.just("handle_timeout"), st.floats(0, 100)),
    st.tuples(st.sampled_from(["receive_eof", "abort", "shrink_to_fit", "pass"])),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), calls), max_size=30))
def test_any_order_of_calls_ends_with_one_closed(script: list[Any]) -> None:
    both = Both(ping_after=10, max_outgoing=2000)
    seen: dict[bool, list[Any]] = {True: [], False: []}

    def exchange() -> None:
        seen[False] += both.to_server()
        seen[True] += both.to_client()

    for is_client, (name, *arguments) in script:
        conn = both.client if is_client else both.server
        if name == "pass":
            exchange()
            continue
        try:
            if name == "send_fragment":
                conn.send_fragment(arguments[0], fin=arguments[1])
            else:
                seen[is_client] += getattr(conn, name)(*arguments) or []
        except (LocalProtocolError, BackpressureError):
            continue
    exchange()
    seen[True] += both.client.receive_eof()
    seen[False] += both.server.receive_eof()
    for events in seen.values():
        assert [type(event) for event in events].count(Closed) == 1
        assert isinstance(events[-1], Closed)


@given(
    st.integers(0, 1 << 20),
    st.integers(0, 9),
    st.integers(1, 9),
    st.one_of(st.none(), st.integers(9, 15)),
)
def test_valid_options_are_kept(
    threshold: int, level: int, mem_level: int, bits: int | None
) -> None:
    options = DeflateOptions(
        threshold=threshold, level=level, mem_level=mem_level, client_max_window_bits=bits
    )
    assert (options.threshold, options.level, options.mem_level) == (threshold, level, mem_level)
    assert options.client_max_window_bits == bits
