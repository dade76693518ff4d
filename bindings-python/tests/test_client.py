"""How a client gets to its server: credentials, redirects, proxies, reconnecting."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from wspair import (
    ConnectionClosed,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    Refusal,
    Request,
    Response,
    SecurityError,
    ServerConnection,
)
from wspair.asyncio import Server, basic_auth, connect, serve, unix_connect, unix_serve


async def echo(ws: ServerConnection) -> None:
    async for message in ws:
        await ws.send(message)


async def tell_path(ws: ServerConnection) -> None:
    await ws.send(f"{ws.request.path} {ws.request.headers.get('Authorization')}")


def url(server: Server, path: str = "/", user: str = "") -> str:
    return f"ws://{user}127.0.0.1:{server.port}{path}"


async def test_what_was_asked_with() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        fields = {"X-Color": "blue"}
        async with connect(
            url(server, "/a?b"), additional_headers=fields, user_agent_header="me/1"
        ) as ws:
            assert ws.request.path == "/a?b"
            assert ws.request.headers["x-color"] == "blue"
            assert ws.request.headers["User-Agent"] == "me/1"
            assert len(ws.request.headers["Sec-WebSocket-Key"]) == 24
            assert ws.response is not None
            assert ws.response.status_code == 101
            (there,) = server.connections
            assert there.request.path == "/a?b"
            assert there.request.headers["X-Color"] == "blue"
            assert there.request.headers["host"] == f"127.0.0.1:{server.port}"
            assert there.request.headers is there.request.headers


# Credentials.


async def test_credentials_in_the_address() -> None:
    auth = basic_auth("here", credentials=[("mia", "p:w@ž"), ("tom", "x")])
    async with serve(echo, "127.0.0.1", 0, process_request=auth) as server:
        async with connect(url(server, user="mia:p%3Aw%40%C5%BE@")):
            (there,) = server.connections
            assert there.username == "mia"
        for wrong in ("", "mia:nope@", "eve:@", "mia@"):
            with pytest.raises(InvalidStatus) as caught:
                await connect(url(server, user=wrong))
            assert caught.value.response.status_code == 401
            challenge = caught.value.response.headers["WWW-Authenticate"]
            assert challenge == 'Basic realm="here", charset="UTF-8"'


async def test_a_field_of_the_applications_wins_over_the_address() -> None:
    async with serve(tell_path, "127.0.0.1", 0) as server:
        headers = {"Authorization": "Bearer token"}
        async with connect(url(server, user="a:b@"), additional_headers=headers) as ws:
            assert await ws.recv() == "/ Bearer token"


async def test_a_check_that_takes_its_time() -> None:
    async def check(user: str, password: str) -> bool:
        await asyncio.sleep(0)
        return (user, password) == ("a", "b")

    auth = basic_auth(check_credentials=check)
    async with serve(echo, "127.0.0.1", 0, process_request=auth) as server:
        async with connect(url(server, user="a:b@")):
            pass
        for header in ("Basic", "Basic !", "Basic YQ==", "Bearer YTpi"):
            with pytest.raises(InvalidStatus, match="401"):
                await connect(url(server), additional_headers={"Authorization": header})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, ValueError),
        ({"credentials": ("a", "b"), "check_credentials": lambda *_: True}, ValueError),
        ({"credentials": "ab"}, TypeError),
        ({"credentials": [("a", 1)]}, TypeError),
        ({"credentials": 5}, TypeError),
        ({"realm": "ž", "credentials": ("a", "b")}, ValueError),
    ],
)
def test_wrong_credentials_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        basic_auth(**options)


async def test_a_password_is_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(url(server, user="me:secret@")):
            pass
    with pytest.raises(InvalidURI) as caught:
        await connect("ws://me:secret@host/#x")
    assert "secret" not in f"{caught.value} {caught.value!r} {caplog.text}"


# Redirects.


@contextlib.asynccontextmanager
async def redirecting(
    status: int, **places: str
) -> AsyncIterator[tuple[Server, dict[str, list[str]]]]:
    """A server that sends the paths in `places` on."""
    seen: dict[str, list[str]] = {}

    def send_on(connection: ServerConnection, request: Request) -> Response | None:
        seen.setdefault(request.path, []).append(request.headers.get("Authorization", ""))
        place = places.get(request.path[1:])
        if place is None:
            return None
        return Response(status, headers={"Location": place.format(port=server.port)})

    async with serve(tell_path, "127.0.0.1", 0, process_request=send_on) as server:
        yield server, seen


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    places = {"a": "/b", "b": "c?d", "c?d": "http://127.0.0.1:{port}/e#f"}
    async with redirecting(status, **places) as (server, seen):
        async with connect(url(server, "/a", user="u:p@")) as ws:
            assert await ws.recv() == "/e None"
        assert list(seen) == ["/a", "/b", "/c?d", "/e"]
        assert seen["/c?d"] == ["Basic dTpw"]


async def test_credentials_stay_with_their_origin() -> None:
    async with serve(tell_path, "127.0.0.1", 0) as other:
        async with redirecting(302, a=f"ws://127.0.0.1:{other.port}/x") as (server, _):
            headers = {"Authorization": "Bearer secret", "Cookie": "a=b", "X-Kept": "yes"}
            async with connect(url(server, "/a"), additional_headers=headers) as ws:
                assert await ws.recv() == "/x None"
                assert "Cookie" not in ws.request.headers
                assert ws.request.headers["X-Kept"] == "yes"


async def test_redirects_that_go_in_a_circle() -> None:
    async with redirecting(302, a="/b", b="/a") as (server, seen):
        with pytest.raises(SecurityError, match="10 redirects"):
            await connect(url(server, "/a"))
        assert sum(map(len, seen.values())) == 11


@pytest.mark.parametrize("place", ["mailto:a@b", "ftp://h/", "ws://h:x/", "ws://[x/", "/a b", "ÿ"])
async def test_redirects_to_nowhere(place: str) -> None:
    """What a server answers is never the caller's mistake."""
    async with redirecting(302, a=place) as (server, _):
        with pytest.raises(InvalidMessage):
            await connect(url(server, "/a"))


async def test_redirects_do_not_leave_tls(certificate: Path) -> None:
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate)
    here = ssl.create_default_context(cafile=str(certificate))

    def send_on(connection: ServerConnection, request: Request) -> Response:
        return Response(302, headers={"Location": "ws://localhost/"})

    async with serve(echo, "127.0.0.1", 0, ssl=there, process_request=send_on) as server:
        address = f"wss://127.0.0.1:{server.port}/"
        with pytest.raises(SecurityError, match="TLS"):
            await connect(address, ssl=here, server_hostname="localhost")


async def test_a_redirect_with_a_given_place_to_connect_to() -> None:
    async with redirecting(302, a="/b") as (server, _):
        with pytest.raises(SecurityError, match="redirect"):
            await connect("ws://elsewhere/a", host="127.0.0.1", port=server.port)


# Ways to the server.


async def test_a_local_address() -> None:
    async with serve(echo, "127.0.0.1", 0) as server:
        async with connect(url(server), local_addr=("127.0.0.2", 0)) as ws:
            assert ws.local_address[0] == "127.0.0.2"


async def test_the_second_address_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not listened on does not end the search."""
    async with serve(echo, "127.0.0.1", 0) as server:
        loop = asyncio.get_running_loop()
        kinds = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        found = [(*kinds, (host, server.port)) for host in ("127.0.0.9", "127.0.0.1")]

        async def getaddrinfo(*_: object, **__: object) -> list[Any]:
            return found

        if type(loop).__module__.startswith("uvloop"):
            pytest.skip("uvloop resolves names by itself")
        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        async with connect(f"ws://twofold.example:{server.port}/") as ws:
            assert ws.remote_address[0] == "127.0.0.1"


async def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    async with unix_serve(echo, path):
        async with unix_connect(path) as ws:
            await ws.send("x")
            assert await ws.recv() == "x"


# Proxies.


class Proxy:
    """An HTTP CONNECT and SOCKS5 proxy, as small as can be."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answer = b"HTTP/1.1 200 OK\r\n\r\n"
        self.tasks: set[Any] = set()

    async def __aenter__(self) -> Proxy:
        self.server = await asyncio.start_server(self.run, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        try:
            first = await reader.readexactly(1)
            if first == b"C":
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                self.seen.append(head)
                writer.write(self.answer)
                host, _, port = head.split()[1].rpartition(":")
            else:
                await reader.readexactly((await reader.readexactly(1))[0])
                writer.write(b"\x05\x00")
                head_bytes = await reader.readexactly(4)
                assert head_bytes[3] == 3, "a name, for the proxy to look up"
                name = await reader.readexactly((await reader.readexactly(1))[0])
                host = name.decode()
                port = str(int.from_bytes(await reader.readexactly(2), "big"))
                self.seen.append(f"SOCKS {host}:{port}")
                writer.write(b"\x05\x00\x00\x01" + bytes(6))
            there = await asyncio.open_connection("127.0.0.1", int(port))
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_proxies(scheme: str) -> None:
    async with serve(echo, "127.0.0.1", 0) as server, Proxy() as proxy:
        address = f"{scheme}://u:p@127.0.0.1:{proxy.port}"
        async with connect(f"ws://inside.example:{server.port}/", proxy=address) as ws:
            await ws.send("through")
            assert await ws.recv() == "through"
        (seen,) = proxy.seen
        assert f"inside.example:{server.port}" in seen
        if scheme == "http":
            assert "Proxy-Authorization: Basic dTpw" in seen


async def test_tls_through_a_proxy(certificate: Path) -> None:
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate)
    here = ssl.create_default_context(cafile=str(certificate))
    async with serve(echo, "127.0.0.1", 0, ssl=there) as server, Proxy() as proxy:
        address = f"wss://localhost:{server.port}/"
        async with connect(address, proxy=f"http://127.0.0.1:{proxy.port}", ssl=here) as ws:
            await ws.send("through")
            assert await ws.recv() == "through"
        assert len(proxy.seen) == 1


async def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(echo, "127.0.0.1", 0) as server, Proxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "outside.example")
        async with connect(f"ws://inside.example:{server.port}/"):
            assert len(proxy.seen) == 1
        async with connect(url(server)):
            assert len(proxy.seen) == 1
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        async with connect(f"ws://localhost:{server.port}/", host="127.0.0.1"):
            pass


async def test_a_proxy_that_says_no() -> None:
    async with Proxy() as proxy:
        proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
        with pytest.raises(ProxyError, match="407") as caught:
            await connect("ws://inside.example/", proxy=f"http://u:secret@127.0.0.1:{proxy.port}")
        assert "secret" not in str(caught.value)
    with pytest.raises(ProxyError):
        await connect("ws://inside.example/", proxy="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "proxy", ["host:1", "http://h", "https://h:1", "http://h:x", "socks9://h:1"]
)
async def test_what_is_no_proxy(proxy: str) -> None:
    with pytest.raises(InvalidProxy):
        connect("ws://h/", proxy=proxy)
    with pytest.raises(TypeError):
        connect("ws://h/", proxy=5)  # type: ignore[arg-type]


# Connecting again.


async def first(connections: connect) -> None:
    """Takes the first connection."""
    async for _ws in connections:
        break


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wspair._retrying.FIRST", 0.01)


@pytest.mark.usefixtures("_soon")
async def test_connecting_again_and_again() -> None:
    async def one(ws: ServerConnection) -> None:
        await ws.send(str(ws.request.path))
        await ws.close(1012)

    taken: list[Any] = []
    async with serve(one, "127.0.0.1", 0) as server:
        async for ws in connect(url(server, "/again")):
            try:
                async for message in ws:
                    taken.append(message)
            except ConnectionClosed as error:
                taken.append(error.code)
                if len(taken) < 6:
                    continue
            break
    assert taken == ["/again", 1012] * 3


@pytest.mark.usefixtures("_soon")
async def test_a_server_that_comes_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "wspair")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def come() -> Server:
        while "again in" not in caplog.text:
            await asyncio.sleep(0.01)
        return await serve(echo, "127.0.0.1", port)

    coming = asyncio.create_task(come())
    async for ws in connect(f"ws://127.0.0.1:{port}/"):
        await ws.send("there")
        assert await ws.recv() == "there"
        break
    await (await coming).close()


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("status", [404, 401, 503])
async def test_what_does_not_pass_is_raised(status: int) -> None:
    answers: list[int] = []

    def refuse(request: Request) -> Refusal | None:
        answers.append(status)
        return Refusal(status) if len(answers) < 4 else None

    async with serve(echo, "127.0.0.1", 0, process_request=refuse) as server:
        if status == 503:
            await first(connect(url(server)))
            assert len(answers) == 4
        else:
            with pytest.raises(InvalidStatus):
                await first(connect(url(server)))


@pytest.mark.usefixtures("_soon")
async def test_who_decides_what_passes() -> None:
    def give_up(error: Exception) -> Exception | None:
        return LookupError(str(error))

    with pytest.raises(LookupError) as caught:
        await first(connect("ws://127.0.0.1:1/", process_exception=give_up))
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.usefixtures("_soon")
async def test_a_server_that_hangs_up_is_tried_again() -> None:
    count = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reader.readuntil(b"\r\n\r\n")
        if count == 3:
            writer.write(b"SSH-2.0 no\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(InvalidMessage):
            await first(connect(f"ws://127.0.0.1:{port}/"))
    assert count == 3


async def test_delays_that_end_raise_the_last_failure() -> None:
    with pytest.raises(ConnectionRefusedError):
        await first(connect("ws://127.0.0.1:1/", reconnect_delays=lambda: iter([0, 0])))
    with pytest.raises(TypeError, match="reconnect_delays"):
        connect("ws://127.0.0.1:1/", reconnect_delays=5)  # type: ignore[arg-type]


async def test_a_cancellation_is_never_lost() -> None:
    """Whenever it comes: before, while, or as the connection opens."""
    async with serve(echo, "127.0.0.1", 0) as server:
        rounds = 0
        while True:
            connecting = asyncio.ensure_future(connect(url(server)).__aenter__())
            for _ in range(rounds):
                await asyncio.sleep(0)
            is_open = connecting.done()
            connecting.cancel()
            try:
                ws = await connecting
            except asyncio.CancelledError:
                rounds += 1
                continue
            assert is_open, f"lost after {rounds} turns of the loop"
            await ws.close()
            break
        assert rounds > 3


def test_delays_grow() -> None:
    from wspair._retrying import backoff

    delays = backoff()
    first = next(delays)
    then = [next(delays) for _ in range(20)]
    assert 0 <= first <= 1
    assert then[0] >= 1
    assert 60 <= then[-1] <= 66
    assert all(later > 0.9 * sooner for sooner, later in itertools.pairwise(then))
