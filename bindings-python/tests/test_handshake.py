"""Both sides of the opening handshake."""

from __future__ import annotations

from typing import Any

import pytest

from wspair import (
    Acceptance,
    Bootstrap,
    ClientHandshake,
    ClientRequest,
    Connection,
    DeflateOptions,
    Failed,
    InvalidArgumentError,
    Opened,
    Policy,
    Refusal,
    Refused,
    Request,
    Role,
    ServerHandshake,
    Text,
    accept_key,
)

FIELDS = {
    "Host": "example.org",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def request(data: bytes) -> Request:
    handshake = ServerHandshake()
    verdict = handshake.receive_data(data)
    assert isinstance(verdict, Request)
    return verdict


def accepted(verdict: Acceptance | Refusal) -> Acceptance:
    assert isinstance(verdict, Acceptance)
    return verdict


def agree(client: Any = None, server: Any = None) -> tuple[Opened, Acceptance]:
    handshake = ClientHandshake(ClientRequest("ws://example.org/", compression=client))
    asked = request(handshake.data_to_send())
    answer = accepted(asked.accept(Policy(compression=server)))
    opened = handshake.receive_data(answer.to_bytes())
    assert isinstance(opened, Opened)
    return opened, answer


def test_the_key_of_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_from_bytes_to_bytes(step: int) -> None:
    client = ClientHandshake(
        ClientRequest(
            "wss://example.org:8443/chat?a=b",
            subprotocols=["v2", "v1"],
            origin="https://example.org",
            fields={"Authorization": b"Bearer x"},
        )
    )
    server, verdict = ServerHandshake(), None
    data = client.data_to_send()
    assert client.data_to_send() == b""
    for at in range(0, len(data), step):
        assert verdict is None
        verdict = server.receive_data(data[at : at + step])
    assert isinstance(verdict, Request)
    assert (verdict.target, verdict.authority) == ("/chat?a=b", "example.org:8443")
    assert verdict.origin == "https://example.org"
    assert verdict.subprotocols == ["v2", "v1"]
    assert verdict.field("authorization") == b"Bearer x"
    assert verdict.field("cookie") is None
    assert dict(verdict.fields)["Upgrade"] == b"websocket"
    answer = accepted(verdict.accept(subprotocol="v1"))
    assert (answer.status, answer.agreed.subprotocol) == (101, "v1")
    opened = client.receive_data(answer.to_bytes([("X-More", "1")]) + b"\x81\x02hi")
    assert isinstance(opened, Opened)
    assert opened.agreed.subprotocol == "v1"
    assert dict(opened.fields)["X-More"] == b"1"
    assert Connection(Role.CLIENT, opened.agreed).receive_data(client.rest) == [Text("hi")]


def test_the_server_keeps_what_came_behind_the_head() -> None:
    client = ClientHandshake(ClientRequest("ws://example.org"))
    server = ServerHandshake()
    assert isinstance(server.receive_data(bytearray(client.data_to_send() + b"early")), Request)
    server.receive_data(b" bird")
    assert server.rest == b"early bird"


def test_a_refusal_carries_its_answer() -> None:
    verdict = ServerHandshake().receive_data(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(verdict, Refusal)
    assert verdict.status == 405
    assert verdict.cause == "method not allowed"
    assert verdict.to_bytes().startswith(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n")
    own = Refusal(401, [(b"WWW-Authenticate", b"Basic")], b"who?")
    assert own.body == b"who?"
    assert ("content-length", b"4") in own.fields(Bootstrap.EXTENDED_CONNECT)
    assert not own.is_malformed
    with pytest.raises(InvalidArgumentError):
        Refusal(101)
    with pytest.raises(InvalidArgumentError):
        Refusal(400, {"X": "a\r\nb"})


def test_origins() -> None:
    policy = Policy(origins=["https://example.org"])
    for origin, status in [("https://example.org", 101), ("https://evil.example", 403)]:
        asked = Request.from_fields("GET", "/", {**FIELDS, "Origin": origin})
        assert isinstance(asked, Request)
        assert asked.accept(policy).status == status
    without = Request.from_fields("GET", "/", FIELDS)
    assert isinstance(without, Request)
    assert without.accept(policy).status == 101
    strict = Policy(origins=["https://example.org"], allow_missing_origin=False)
    assert without.accept(strict).status == 403
    with pytest.raises(ValueError, match="origin"):
        Policy(origins=["example.org"])


def test_a_subprotocol_has_to_be_offered() -> None:
    asked = Request.from_fields("GET", "/", FIELDS)
    assert isinstance(asked, Request)
    with pytest.raises(InvalidArgumentError):
        asked.accept(subprotocol="chat")


def test_behind_another_http_stack() -> None:
    wish, nonce = ClientRequest("wss://example.org/chat", subprotocols=["a"]), bytes(16)
    for how in (Bootstrap.UPGRADE, Bootstrap.EXTENDED_CONNECT):
        fields = wish.fields(nonce, how)
        if how == Bootstrap.UPGRADE:
            asked = Request.from_fields("GET", wish.target, fields)
        else:
            asked = Request.from_pseudo_fields(fields)
        assert isinstance(asked, Request)
        answer = accepted(asked.accept(subprotocol="a"))
        opened = wish.verify(answer.status, answer.fields, nonce, how)
        assert isinstance(opened, Opened)
        assert opened.agreed.subprotocol == "a"
    assert isinstance(wish.verify(404, [], nonce), Refused)
    assert wish.verify(101, [], nonce) == Failed("Upgrade other than websocket")
    assert isinstance(Request.from_fields("GET", "/", {}), Refusal)


CONNECT = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":path", "/chat"),
    (":authority", "example.org"),
    ("sec-websocket-version", "13"),
]


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ([*CONNECT, ("te", "gzip")], "connection-specific header field"),
        ([*CONNECT, ("connection", "upgrade")], "connection-specific header field"),
        ([*CONNECT, ("X-A", "1")], "malformed header field"),
        ([*CONNECT, (b"\xff", "1")], "malformed header field"),
        ([*CONNECT, ("x", b" 1")], "malformed header field"),
        ([*CONNECT, ("host", "evil.example")], "Host other than the authority"),
        ([*CONNECT, (":path", "/")], "missing, repeated or misplaced pseudo-field"),
        ([(":protocol", "foo"), *CONNECT], "missing, repeated or misplaced pseudo-field"),
        ([*CONNECT[:2], *CONNECT[3:]], "scheme other than http and https"),
        ([(":scheme", "ws"), *CONNECT[:2], *CONNECT[3:]], "scheme other than http and https"),
    ],
)
def test_a_malformed_extended_connect(fields: list[tuple[str, str]], cause: str) -> None:
    for asked in (
        Request.from_pseudo_fields(fields),
        Request.from_fields("CONNECT", "/chat", fields, Bootstrap.EXTENDED_CONNECT),
    ):
        assert isinstance(asked, Refusal)
        assert (asked.status, asked.cause) == (400, cause)
        assert asked.is_malformed


def test_an_extended_connect_whose_stream_has_ended() -> None:
    for asked in (
        Request.from_pseudo_fields(CONNECT, end_stream=True),
        Request.from_fields(
            "CONNECT", "/chat", CONNECT, Bootstrap.EXTENDED_CONNECT, end_stream=True
        ),
    ):
        assert isinstance(asked, Refusal)
        assert (asked.status, asked.is_malformed) == (400, False)
        assert asked.cause == "stream ended with the request"
    assert isinstance(Request.from_pseudo_fields(CONNECT, end_stream=False), Request)


def test_fields_that_a_server_adds_to_its_answer() -> None:
    asked = Request.from_pseudo_fields([*CONNECT, ("sec-websocket-protocol", "a")])
    assert isinstance(asked, Request)
    answer = accepted(asked.accept(subprotocol="a"))
    assert answer.fields_with({"X-A": " 1 ", "Keep-Alive": "5"}) == (
        ("sec-websocket-protocol", b"a"),
        ("x-a", b"1"),
    )
    for name, value in [("X", "a\r\nb"), ("Upgrade", "x"), ("x y", "1")]:
        with pytest.raises(InvalidArgumentError):
            answer.fields_with({name: value})
    with pytest.raises(InvalidArgumentError):
        answer.fields_with([(b"\xff", b"1")])


def test_a_query_keeps_its_question_marks() -> None:
    for url, target in {
        "ws://h/p?q=what?": "/p?q=what?",
        "ws://h/p??": "/p??",
        "ws://h/p?": "/p",
        "ws://h?": "/",
    }.items():
        assert ClientRequest(url).target == target


def test_a_plain_no() -> None:
    client = ClientHandshake(ClientRequest("ws://example.org"))
    verdict = client.receive_data(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
    assert verdict == Refused(404, (("Content-Length", b"2"),), b"no")


def test_an_answer_that_cannot_be_relied_on() -> None:
    client = ClientHandshake(ClientRequest("ws://example.org"))
    assert client.receive_data(b"nonsense\r\n\r\n") == Failed("malformed response head")
    client = ClientHandshake(ClientRequest("ws://example.org"))
    assert client.receive_eof() == Failed("stream ended before the response")


def test_deadlines() -> None:
    server, client = ServerHandshake(within=1), ClientHandshake(ClientRequest("ws://a"), within=1)
    assert server.handle_timeout(5.0) is None
    assert client.handle_timeout(5.0) is None
    assert server.next_timeout == client.next_timeout == 6.0
    refusal, failure = server.handle_timeout(6.0), client.handle_timeout(6.0)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 408
    assert isinstance(failure, Failed)
    assert server.next_timeout is None
    assert ServerHandshake(within=None).next_timeout is None


def test_limits() -> None:
    verdict = ServerHandshake(max_head=50).receive_data(b"GET / HTTP/1.1\r\n" + b"x" * 50)
    assert isinstance(verdict, Refusal)
    assert verdict.status == 431
    with pytest.raises(TypeError, match="max_size"):
        ServerHandshake(max_size=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "url", ["http://example.org", "ws://", "ws://example.org/#a", "ws://a b/", "ws://a:99999/"]
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(InvalidArgumentError):
        ClientRequest(url)


def test_bad_wishes() -> None:
    with pytest.raises(InvalidArgumentError):
        ClientRequest("ws://a", subprotocols=["a", "a"])
    with pytest.raises(InvalidArgumentError):
        ClientRequest("ws://a", fields={"Upgrade": "h2c"})
    with pytest.raises(ValueError, match="length 2"):
        ClientRequest("ws://a", fields=[("a",)])  # type: ignore[list-item]
    wish = ClientRequest("wss://[::1]/x")
    assert (wish.is_secure, wish.host, wish.port) == (True, "::1", 443)


def test_compression_takes_both_sides() -> None:
    for client, server in [(True, None), (None, True), (False, True)]:
        opened, answer = agree(client, server)
        assert not opened.agreed.compression
        assert not answer.agreed.compression
    opened, answer = agree(True, True)
    assert opened.agreed.compression
    assert answer.agreed.compression
    fields = dict(answer.fields)
    assert b"server_max_window_bits=12" in fields["Sec-WebSocket-Extensions"]


@pytest.mark.parametrize(
    "options",
    [
        DeflateOptions(),
        DeflateOptions(level=9, threshold=0),
        DeflateOptions(server_no_context_takeover=True, client_no_context_takeover=True),
        DeflateOptions(server_max_window_bits=9, client_max_window_bits=10),
    ],
)
def test_compressed_messages(options: DeflateOptions) -> None:
    opened, answer = agree(options, options)
    client = Connection(Role.CLIENT, opened.agreed, compression=options)
    server = Connection(Role.SERVER, answer.agreed, compression=options)
    for text in ["a" * 100_000, "short", "", "ž" * 1000]:
        client.send(text)
        data = client.data_to_send()
        assert len(data) < 2000
        assert server.receive_data(data) == [Text(text)]
        server.send(text)
        assert client.receive_data(server.data_to_send()) == [Text(text)]
    client.send("a" * 1000, compress=False)
    assert len(client.data_to_send()) > 1000


def test_bad_deflate_options() -> None:
    bad: list[dict[str, Any]] = [{"level": 10}, {"mem_level": 0}, {"server_max_window_bits": 8}]
    for options in bad:
        with pytest.raises(ValueError, match="outside"):
            DeflateOptions(**options)
    with pytest.raises(TypeError):
        Policy(compression="yes")  # type: ignore[arg-type]
