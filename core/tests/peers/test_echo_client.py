import threading
from contextlib import contextmanager

import pytest
from programs import node_server
from websockets.sync.server import serve
from wire import CLOSE, TEXT, accept_for, listening


@contextmanager
def websockets_server(handler, **options):
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "ws://127.0.0.1:%d/" % server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


def echo(ws):
    for message in ws:
        ws.send(message)


def test_websockets(echo_client):
    with websockets_server(echo) as url:
        client = echo_client(url, "--text", "hello", "--text", "", "--text", "grüße, 世界 🌍")
        assert client.status() == 0
        assert client.rest() == ["text: hello", "text: ", "text: grüße, 世界 🌍", "closed: 1000 clean"]


def test_long_text(echo_client):
    text = "x" * 100_000
    with websockets_server(echo) as url:
        client = echo_client(url, "--text", text)
        assert client.rest() == [f"text: {text}", "closed: 1000 clean"]


def test_what_the_server_sees(echo_client):
    seen = []

    def note(ws):
        seen.append(ws.subprotocol)
        echo(ws)
        seen.append(ws.protocol.close_rcvd.code)

    with websockets_server(note, subprotocols=["chat"]) as url:
        client = echo_client(url, "--text", "hello", "--subprotocol", "chat")
        assert client.status() == 0
    assert seen == ["chat", 1000]


def test_fragments(echo_client):
    def in_pieces(ws):
        for message in ws:
            ws.send(iter(message))

    with websockets_server(in_pieces) as url:
        client = echo_client(url, "--text", "hello")
        assert client.rest() == ["text: hello", "closed: 1000 clean"]


def test_answers_a_ping(echo_client):
    answered = []

    def ping(ws):
        answered.append(ws.ping().wait(timeout=5))
        echo(ws)

    with websockets_server(ping) as url:
        assert echo_client(url, "--text", "hello").status() == 0
    assert answered == [True]


def test_server_closes(echo_client):
    def once(ws):
        ws.send(ws.recv(timeout=5))
        ws.close(4002, "enough")

    with websockets_server(once) as url:
        client = echo_client(url, "--text", "hello", "--text", "again")
        assert client.status() == 0
        assert client.rest()[-1] == "closed: 4002 clean"


def test_ws(echo_client):
    with node_server() as server:
        client = echo_client(server.url, "--text", "hello", "--text", "again")
        assert client.status() == 0
        assert client.rest() == ["text: hello", "text: again", "closed: 1000 clean"]
        assert server.line() == "closed: 1000"


def test_ws_subprotocol(echo_client):
    with node_server() as server:
        client = echo_client(server.url, "--text", "hello", "--subprotocol", "chat")
        assert client.rest() == ["text: hello", "closed: 1000 clean"]


def test_ws_closes(echo_client):
    with node_server(4002, "enough") as server:
        client = echo_client(server.url, "--text", "hello", "--text", "again")
        assert client.status() == 0
        assert client.rest() == ["text: hello", "closed: 4002 clean"]
        assert server.line().startswith("closed: 4002")


def test_autobahn_mode(echo_client):
    paths = []

    def suite(ws):
        path = ws.request.path
        paths.append(path)
        if path == "/getCaseCount":
            ws.send("2")
        elif path.startswith("/runCase"):
            ws.send(path)
            paths.append(ws.recv(timeout=5))

    with websockets_server(suite) as url:
        client = echo_client(url.rstrip("/"), "agent-7")
        assert client.status() == 0
    cases = [f"/runCase?case={n}&agent=agent-7" for n in (1, 2) for _ in range(2)]
    assert paths == ["/getCaseCount", *cases, "/updateReports?agent=agent-7"]


@pytest.mark.parametrize(
    "opcode, payload, options, code",
    [
        (TEXT, b"\xce\xba\xff", {}, 1007),
        (TEXT, b"hello", {"masked": True}, 1002),
        (3, b"", {}, 1002),
        (CLOSE, b"\x03", {}, 1002),
    ],
    ids=["invalid-utf8", "masked", "reserved-opcode", "short-close"],
)
def test_violation(echo_client, opcode, payload, options, code):
    with listening() as (url, accept):
        client = echo_client(url, "--text", "hello")
        with accept() as wire:
            wire.answer()
            assert wire.frame() == (TEXT, b"hello")
            wire.send(opcode, payload, **options)
            assert wire.close_code() == code
        assert client.status() != 0
        assert not client.rest()[-1].endswith("clean")


def test_masks_differ(echo_client):
    """The keys of two runs, as nobody may foresee them."""
    keys = set()
    with listening() as (url, accept):
        for _ in range(2):
            echo_client(url, "--text", "hello")
            with accept() as wire:
                wire.answer()
                keys.add(wire.exactly(6)[2:])
    assert len(keys) == 2


def test_server_drops(echo_client):
    with listening() as (url, accept):
        client = echo_client(url, "--text", "hello")
        with accept() as wire:
            wire.answer()
            wire.frame()
            wire.reset()
        assert client.status() != 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"220 mail.example ESMTP\r\n\r\n",
        b"",
    ],
    ids=["403", "200", "not-http", "nothing"],
)
def test_refused(echo_client, answer):
    with listening() as (url, accept):
        client = echo_client(url, "--text", "hello")
        with accept() as wire:
            wire.head()
            wire.raw(answer)
        assert client.status() != 0


def test_wrong_accept(echo_client):
    with listening() as (url, accept):
        client = echo_client(url, "--text", "hello")
        with accept() as wire:
            wire.answer(accept=accept_for("another key"))
            assert wire.at_end()
        assert client.status() != 0


def test_nobody_listens(echo_client):
    with listening() as (url, _):
        pass
    assert echo_client(url, "--text", "hello").status() != 0
