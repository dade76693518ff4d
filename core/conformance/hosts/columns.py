"""The hosts: how each is started, what it can be set to, and what it cannot do, with the reason."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Callable

from program import Program

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PYTHON = ROOT / ".tools/python-dev/bin/python"
PROGRAMS = HERE / "hosts"

# What the engine's hosts have, where nothing else is set: seconds, and bytes.
DEFAULTS = {
    "handshake_within": 10,
    "close_within": 10,
    "ping_after": None,
    "pong_within": 20,
    "max_message": 1 << 20,
}


def same(opcode, payload):
    """What an echo answers."""
    return payload


@dataclass
class Host:
    name: str
    role: str
    argv: list
    door: str
    """Whose it is: faults are told there."""
    style: str = "json"
    """How options are given: "json", in one argument, or "flags"."""
    talks: bool = True
    """Its application reports what it sees, and does what the path says."""
    counts: bool = True
    is_single: bool = False
    """A client program that makes one connection and ends."""
    options: tuple = ()
    defaults: dict = field(default_factory=dict)
    abilities: tuple = ()
    applications: tuple = ("echo",)
    reasons: dict = field(default_factory=dict)
    """Why it does not have an option, an ability or an application."""
    quiet: tuple = ()
    """Starts of lines on standard error that mean nothing."""
    reply: Callable = same
    tls: bool = False
    env: dict = field(default_factory=dict)
    files: tuple = ()
    """What has to be there; else the column is left out, loudly."""
    quick: bool = True

    def effective(self, options):
        mine = {name: value for name, value in options.items() if name in self.options}
        return {**DEFAULTS, **self.defaults, **mine}

    def why_not(self, row):
        """Why a row cannot be run here; None where it can."""
        if self.role not in row.roles:
            return f"for a {row.roles[0]}"
        wanted = [row.application] if row.app else []
        have = {*self.options, *self.abilities, *self.applications}
        for need in [*wanted, *row.needs]:
            if need in self.reasons:
                return self.reasons[need]
            if need not in have:
                other = "its application only echoes" if need in wanted else f"has no {need}"
                return self.reasons.get("*", other)
        return None

    def start(self, options, listener=None):
        return Program(self.command(options), env=self.env)

    def command(self, options):
        mine = {name: value for name, value in options.items() if name in self.options}
        mine = {name: value for name, value in mine.items() if value != self.defaults.get(name, DEFAULTS.get(name))}
        if self.style == "json":
            if self.tls:
                mine["tls"] = certificate()
            return [*self.argv, json.dumps(mine)]
        flags = []
        for name, value in mine.items():
            flag = "--" + name.replace("_", "-")
            if value is not None and value is not False:
                flags += [flag] if value is True else [flag, value]
        return [*self.argv, "--port", 0, *flags]

    def connect(self, program, port, path):
        """Has a client connect to us."""
        program.command("connect", f"ws://127.0.0.1:{port}{path}")

    def context(self, side):
        return tls_context(side) if self.tls else None

    def unexpected(self, log):
        lines = [line for line in log.splitlines() if line.strip() and not line.startswith(self.quiet)]
        return "\n".join(lines)

    def missing(self):
        return [str(file) for file in self.files if not Path(file).exists()]


@cache
def certificate():
    """A key and a certificate for this run, as paths."""
    folder = Path(tempfile.mkdtemp(prefix="wspair-hosts-"))
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", "req", *kind, *subject, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    return {"key": str(key), "cert": str(cert), "folder": str(folder)}


def remove_certificate():
    if certificate.cache_info().currsize:
        shutil.rmtree(certificate()["folder"])


@cache
def tls_context(side):
    made = certificate()
    if side == "client":
        return ssl.create_default_context(cafile=made["cert"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made["cert"], made["key"])
    return context


PLAIN = ("echo", "companion", "sender", "tight", "idle", "late", "close", "close-reading")
PLAIN += ("close-twice", "bulk", "big", "many", "buffers", "throw", "throw-task", "busy", "after-end")
PLAIN += ("drop",)
TIMERS = ("handshake_within", "close_within", "ping_after", "pong_within", "max_message")

python = [PYTHON, "-X", "dev"]
asyncio_server = Host(
    "py-asyncio",
    "server",
    [PYTHON, PROGRAMS / "python/wspair_asyncio.py", "server", "asyncio"],
    "py",
    options=(*TIMERS, "deflate", "origin"),
    abilities=("close", "memory"),
    applications=(*PLAIN, "cancelled", "broadcast", "decide", "throw-deciding", "refuse"),
    files=(PYTHON,),
)
asyncio_client = replace(
    asyncio_server,
    name="py-asyncio-client",
    role="client",
    argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "client", "asyncio"],
    options=(*TIMERS, "deflate"),
    applications=(*PLAIN, "cancelled"),
)
websockets_server = Host(
    "websockets",
    "server",
    [PYTHON, PROGRAMS / "python/websockets_asyncio.py", "server"],
    "peers",
    options=(*TIMERS, "deflate", "origin"),
    abilities=("close", "memory"),
    applications=asyncio_server.applications,
    files=(PYTHON,),
    quiet=tuple(f"INFO websockets.server {what}" for what in ("server listening", "connection open", "connection closed")),
)
starlette = Host(
    "py-uvicorn",
    "server",
    [PYTHON, PROGRAMS / "python/starlette_app.py", "wspair"],
    "py",
    options=("ping_after", "pong_within", "max_message", "deflate"),
    abilities=("close", "http"),
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse", "endless", "length"),
    files=(PYTHON,),
)

NODE = ["node", "--expose-gc"]
NODE_ENV = {
    "WSPAIR": str(ROOT / "bindings-node/dist/index.mjs"),
    "NODE_PACKAGES": str(ROOT / ".tools/node"),
}
BUILT = (ROOT / "bindings-node/dist/index.mjs", ROOT / "bindings-node/node_modules")
serve = Host(
    "node-serve",
    "server",
    [*NODE, PROGRAMS / "node/serve.mjs", "serve"],
    "serve",
    options=("close_within", "ping_after", "pong_within", "max_message", "deflate", "origin"),
    abilities=("close", "memory", "http", "late-close"),
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse", "endless", "length"),
    env=NODE_ENV,
    files=BUILT,
)
websocket = replace(
    serve,
    name="node-websocket",
    role="client",
    argv=[*NODE, PROGRAMS / "node/client.mjs", "websocket"],
    options=("handshake_within", "max_message", "deflate"),
    abilities=("memory",),
    applications=PLAIN,
)
ws = Host(
    "ws",
    "server",
    [*NODE, PROGRAMS / "node/ws.mjs", "server"],
    "peers",
    options=("max_message", "deflate", "origin"),
    abilities=("close", "memory"),
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse"),
    env=NODE_ENV,
    files=(ROOT / ".tools/node/node_modules/ws",),
)

HOSTS = [
    serve,
    replace(serve, name="node-serve-tls", tls=True),
    replace(serve, name="node-upgrade", argv=[*NODE, PROGRAMS / "node/serve.mjs", "upgrade"]),
    websocket,
    replace(
        websocket,
        name="node-fetch",
        argv=[*NODE, PROGRAMS / "node/client.mjs", "fetch"],
        options=(),
    ),
    asyncio_server,
    replace(
        asyncio_server,
        name="py-uvloop",
        argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "server", "uvloop"],
    ),
    asyncio_client,
    replace(
        asyncio_client,
        name="py-uvloop-client",
        argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "client", "uvloop"],
    ),
    starlette,
    replace(
        starlette,
        name="uvicorn-websockets",
        argv=[PYTHON, PROGRAMS / "python/starlette_app.py", "websockets"],
        door="peers",
    ),
    replace(
        starlette,
        name="uvicorn-wsproto",
        argv=[PYTHON, PROGRAMS / "python/starlette_app.py", "wsproto"],
        door="peers",
    ),
    ws,
    replace(
        ws,
        name="ws-client",
        role="client",
        argv=[*NODE, PROGRAMS / "node/ws.mjs", "client"],
        options=("handshake_within", "max_message", "deflate"),
        applications=PLAIN,
    ),
    websockets_server,
    replace(
        websockets_server,
        name="websockets-client",
        role="client",
        argv=[PYTHON, PROGRAMS / "python/websockets_asyncio.py", "client"],
        options=(*TIMERS, "deflate"),
        applications=asyncio_client.applications,
    ),
]
