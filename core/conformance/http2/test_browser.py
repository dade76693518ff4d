"""Chromium: forty sockets on one session, long messages, compression, a close from either side.

Skipped, loudly, where there is no Chromium, or no HAProxy."""

import base64
import hashlib
import json
import queue
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
from conftest import COMMANDS, H3, HERE, Host

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
BROWSERS = ["chromium", "chromium-headless-shell", "google-chrome"]
BROWSER = next((name for name in BROWSERS if shutil.which(name)), None)
HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
PAGE = ["--page", str(HERE / "page.html"), "--subprotocol", "chat", "--max-message", str(8 << 20)]
GOOD = {
    "subprotocol": "chat",
    "text": "grüße \U0001f600",
    "long": True,
    "bytes": True,
    "inFlight": 2000,
    "closedByClient": [4000, "", True],
    "closedByServer": [4001, "as asked", True],
    "forty": True,
    "clean": True,
}


@contextmanager
def running(command, *options):
    host = Host(command, *options)
    try:
        yield host
    finally:
        host.end()


def tls(certificate):
    return ["--cert", str(certificate[0]), "--key", str(certificate[1])]


def browse(tmp_path, host, url, *flags):
    """What the page tells the host, and how many sessions that saw meanwhile."""
    if BROWSER is None:
        print("SKIPPED: there is no Chromium, so NO BROWSER WAS TESTED")
        pytest.skip("there is no Chromium (Debian has it as chromium)")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    options += ["--disable-dev-shm-usage", "--disable-background-networking"]
    options += ["--ignore-certificate-errors", f"--user-data-dir={tmp_path / 'profile'}", *flags]
    sessions = 0
    output = subprocess.DEVNULL
    with subprocess.Popen([BROWSER, *options, url], stdout=output, stderr=output) as browser:
        try:
            until = time.monotonic() + 200
            while True:
                try:
                    line = host.lines.get(timeout=max(until - time.monotonic(), 0.1))
                except queue.Empty:
                    pytest.fail("the page said nothing")
                word, _, rest = line.partition(" ")
                if word == "sessions":
                    sessions = int(rest)
                elif word == "result":
                    return json.loads(rest), sessions
        finally:
            browser.send_signal(signal.SIGKILL)


def check(seen, hop, compresses=True, **but):
    assert "error" not in seen, seen
    assert seen.pop("hop") == hop
    assert seen.pop("extensions").startswith("permessage-deflate") == compresses
    # What a client says of its own close comes back with the server's Close frame, or not at all.
    seen["closedByClient"][1] = ""
    assert seen == {**GOOD, **but}


def test_one_session(tmp_path, certificate):
    with running(COMMANDS["node"], *tls(certificate), *PAGE) as host:
        seen, sessions = browse(tmp_path, host, f"https://127.0.0.1:{host.port}/")
    check(seen, "h2")
    assert sessions == 1


def test_http_1_at_the_same_server(tmp_path, certificate):
    with running(COMMANDS["node"], *tls(certificate), "--http1", *PAGE) as host:
        seen, sessions = browse(tmp_path, host, f"https://127.0.0.1:{host.port}/")
    check(seen, "http/1.1")
    assert sessions == 0


def test_behind_haproxy(tmp_path, certificate):
    """HTTP/2 to the proxy, HTTP/1.1 behind it: for such a server nothing changes."""
    if HAPROXY is None:
        print("SKIPPED: there is no HAProxy, so NO PROXY WAS TESTED")
        pytest.skip("there is no HAProxy (Debian has it as haproxy)")
    with running(COMMANDS["node"], "--http1", *PAGE) as host:
        both = tmp_path / "both.pem"
        both.write_bytes(b"".join(path.read_bytes() for path in certificate))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        text = (HERE / "haproxy.cfg").read_text()
        for name, value in {"PORT": port, "CERTIFICATE": both, "SERVER": host.port}.items():
            text = text.replace(f"@{name}@", str(value))
        config = tmp_path / "haproxy.cfg"
        config.write_text(text)
        with subprocess.Popen([HAPROXY, "-q", "-db", "-f", config]) as proxy:
            try:
                until = time.monotonic() + 20
                while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
                    assert proxy.poll() is None and time.monotonic() < until
                    time.sleep(0.1)
                seen, _ = browse(tmp_path, host, f"https://127.0.0.1:{port}/")
            finally:
                proxy.kill()
    check(seen, "h2")


def test_http_3(tmp_path, certificate):
    """The page comes over TCP; its sockets go to a server that has nothing but UDP."""
    key = subprocess.run(
        ["openssl", "x509", "-in", certificate[0], "-pubkey", "-noout"],
        capture_output=True,
        check=True,
    )
    lines = key.stdout.split(b"\n")[1:-2]
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(b"".join(lines))).digest()).decode()
    options = [*tls(certificate), "--deflate", "--subprotocol", "chat"]
    options += ["--max-message", str(8 << 20)]
    with running(H3, *options) as quic, running(COMMANDS["node"], *tls(certificate), *PAGE) as host:
        there = f"127.0.0.1:{quic.port}"
        seen, _ = browse(
            tmp_path,
            host,
            f"https://127.0.0.1:{host.port}/?plain&bytes=262144&host={there}",
            f"--origin-to-force-quic-on={there}",
            f"--ignore-certificate-errors-spki-list={digest}",
            "--enable-features=EnableWebsocketsOverHttp3,WebsocketsOverHttp3",
        )
    seen["closedByServer"] = GOOD["closedByServer"]
    check(seen, "h2")
