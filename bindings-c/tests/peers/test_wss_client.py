"""The client over OpenSSL with servers that speak TLS, well or badly."""

import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest
from programs import EXAMPLES, Program
from websockets.sync.server import serve
from wire import accept_for

CLIENT = EXAMPLES.parent / "examples" / "wss_client"
pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="there is no libssl-dev")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", names]
    command += ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@contextmanager
def serving(handler, context):
    with serve(handler, "127.0.0.1", 0, ssl=context, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


@contextmanager
def asking(host, port, certificate, *options):
    client = Program(CLIENT, f"wss://{host}:{port}/", "--ca", certificate[0], *options)
    try:
        yield client
    finally:
        client.end()


def echo(ws):
    for message in ws:
        ws.send(message)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_talks_and_closes(context, certificate, host):
    long = "long " * 20_000
    with serving(echo, context) as port:
        texts = ["--text", "hello", "--text", long]
        with asking(host, port, certificate, *texts) as client:
            assert client.status() == 0
            assert client.rest() == ["text: hello", f"text: {long}", "closed: 1000 WSPAIR_OK"]


def test_is_closed(context, certificate):
    with serving(lambda ws: ws.close(4000, ws.recv()), context) as port:
        with asking("localhost", port, certificate, "--text", "bye") as client:
            assert client.rest()[-1] == "closed: 4000 WSPAIR_OK"
            assert client.status() == 0


def test_trusts_no_other_certificate(context, certificate):
    with serving(echo, context) as port:
        with asking("localhost", port, ["/etc/ssl/certs/ca-certificates.crt"]) as client:
            assert client.status() == 1
        # It is for other names.
        with asking("localhost.localdomain", port, certificate) as client:
            assert client.status() == 1


def test_a_server_that_only_accepts(certificate):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with asking("127.0.0.1", port, certificate, "--handshake-within", 0.5) as client:
            assert client.status() == 1


def test_a_server_that_vanishes(context, certificate):
    """Without the end that TLS has, and that WebSocket has."""

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with asking("127.0.0.1", port, certificate, "--text", "hello") as client:
            sock, _ = server.accept()
            secure = context.wrap_socket(sock, server_side=True)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += secure.recv(4096)
            key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0].decode()
            answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
            answer += [f"Sec-WebSocket-Accept: {accept_for(key)}", "", ""]
            secure.sendall("\r\n".join(answer).encode())
            assert secure.recv(100)
            socket.socket(fileno=secure.detach()).close()
            assert client.rest()[-1] == "closed: 1006 WSPAIR_LOST_TRANSPORT"
            assert client.status() == 1
