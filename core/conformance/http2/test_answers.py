"""What a request is answered with, and whether the session goes on behind it."""

import pytest
from session import ASKING, Session, asking

MALFORMED = 1
REFUSED_STREAM = 7


@pytest.fixture(scope="module")
def session(server):
    with Session(server.port) as session:
        yield session


def test_the_first_settings_announce_websockets(session):
    assert session.takes_websockets


def test_opens(session):
    stream = session.open()
    assert not {"connection", "upgrade", "sec-websocket-accept", "content-length"} & set(
        stream.headers
    )
    assert not stream.ended


@pytest.mark.parametrize("protocol", ["foo", "webtransport", "connect-udp"])
def test_another_protocol_is_not_implemented(session, protocol):
    assert session.answer(asking(protocol=protocol)).status == 501
    session.echo()


def test_a_proxy_is_not_to_be_had(session):
    stream = session.answer([(":method", "CONNECT"), (":authority", "example.org:443")])
    assert stream.status == 405
    assert "GET" in stream.headers["allow"]
    session.echo()


@pytest.mark.parametrize("version", [None, "12", "+13"])
def test_another_version_is_told_the_right_one(session, version):
    stream = session.answer(asking(sec_websocket_version=version))
    assert stream.status == 400
    assert stream.headers["sec-websocket-version"] == "13"
    stream.wait(lambda: stream.ended)
    session.echo()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(asking(method="GET"), id="GET with :protocol"),
        pytest.param(asking(scheme=None), id="no :scheme"),
        pytest.param(asking(scheme="ftp"), id=":scheme ftp"),
        pytest.param(asking(path=None), id="no :path"),
        pytest.param([*ASKING[:2], *ASKING[1:]], id="two :protocol"),
        pytest.param(asking(("host", "example.org")), id="host other than :authority"),
        *[
            pytest.param(asking(field), id=field[0])
            for field in [
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("keep-alive", "timeout=5"),
                ("proxy-connection", "keep-alive"),
                ("transfer-encoding", "chunked"),
                ("te", "gzip"),
            ]
        ],
    ],
)
def test_what_is_malformed_is_reset(session, fields):
    stream = session.answer(fields)
    assert (stream.status, stream.reset) == (None, MALFORMED)
    session.echo()


def test_a_path_without_a_slash_is_no_path(session):
    stream = session.answer(asking(path="chat"))
    # Some stacks know it for malformed.
    assert stream.status == 400 or stream.reset == MALFORMED
    session.echo()


@pytest.mark.parametrize(
    "field", [("host", "localhost"), ("te", "trailers"), ("sec-websocket-key", "x")]
)
def test_what_means_nothing_changes_nothing(session, field):
    stream = session.answer(asking(field))
    assert stream.status == 200
    assert "sec-websocket-accept" not in stream.headers


@pytest.mark.parametrize(
    "field", [("sec-websocket-protocol", "a, a"), ("sec-websocket-extensions", ";")]
)
def test_what_cannot_be_read_is_refused(session, field):
    assert session.answer(asking(field)).status == 400
    session.echo()


def test_nobody_can_talk_on_a_stream_that_has_ended(session):
    assert session.answer(end_stream=True).status == 400
    session.echo()


def test_a_request_for_anything_else_is_answered(session):
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")]
    assert session.answer(fields, end_stream=True).status == 404
    session.echo()


def test_a_subprotocol_and_an_origin(starting):
    server = starting("--subprotocol", "chat", "--origin", "https://example.org")
    with Session(server.port) as session:
        stream = session.open(
            ("origin", "https://example.org"), ("sec-websocket-protocol", "other, chat")
        )
        assert stream.headers["sec-websocket-protocol"] == "chat"
        assert session.answer(asking(("origin", "https://example.com"))).status == 403


def test_more_streams_than_may_be_are_refused(server):
    with Session(server.port) as session:
        most = session.http.remote_settings.max_concurrent_streams
        assert most == 256
        # So that h2 asks all the same.
        session.http.remote_settings.max_concurrent_streams = most + 10
        session.http.remote_settings.acknowledge()
        for _ in range(most):
            session.open()
        stream = session.answer()
        # Most stacks take it for an error of the session, as the client had been told.
        assert stream.reset == REFUSED_STREAM or session.goaway is not None
        assert stream.status is None
    with Session(server.port) as session:
        session.echo()


def test_fields_without_end_are_not_kept(server):
    with Session(server.port) as session:
        stream = session.answer(asking(("x-long", "x" * 60_000)))
        assert stream.status in (None, 431)
    with Session(server.port) as session:
        session.echo()
