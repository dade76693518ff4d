"""The hosts: how each is started, what it can be set to, and what it cannot do, with the reason."""

import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from program import Program
from wire import TEXT, answer_to

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
    may_vanish: bool = False
    """Whether a connection whose application threw may end without a Close frame."""
    is_silent: bool = False
    """Whether a send that cannot arrive is silent, as the Workers runtime has it."""
    tls: bool = False
    misconfigured: list = field(default_factory=list)
    """The program that gives it wrong options."""
    wrong_flags: tuple = ()
    """What it is given instead, where it has flags."""
    env: dict = field(default_factory=dict)
    files: tuple = ()
    """What has to be there; else the column is left out, loudly."""

    def effective(self, options):
        mine = {name: value for name, value in options.items() if name in self.options}
        return {**DEFAULTS, **self.defaults, **mine}

    def why_not(self, row):
        """Why a row cannot be run here; None where it can."""
        if self.role not in row.roles:
            return f"for a {row.roles[0]}"
        wanted = [row.application] if row.app else []
        have = {*self.options, *self.abilities, *self.applications}
        have |= {"misconfigured"} if self.misconfigured or self.wrong_flags else set()
        for need in [*wanted, *row.needs]:
            if need in self.reasons:
                return self.reasons[need]
            if need not in have:
                other = "its application only echoes" if need in wanted else f"has no {need}"
                return self.reasons.get("*", other)
        return None

    def start(self, options, listener=None, env=None):
        env = {**self.env, **(env or {})}
        if self.tls and self.style == "flags":
            env |= {"HOST_CERT": certificate()["cert"], "HOST_KEY": certificate()["key"]}
        return Program(self.command(options), env=env)

    def start_misconfigured(self):
        """The program that gives wrong options, one after the other."""
        return Program(self.misconfigured, env=self.env)

    def start_with(self, words):
        return Program([*self.argv, *words], env=self.env)

    def command(self, options):
        if self.style == "json":
            mine = self.chosen(options)
            if self.tls:
                mine["tls"] = certificate()
            return [*self.argv, json.dumps(mine)]
        return [*self.argv, "--port", 0, *self.flags(options)]

    def flags(self, options):
        words = []
        for name, value in self.chosen(options).items():
            if value is not None and value is not False:
                flag = "--" + name.replace("_", "-")
                words += [flag] if value is True else [flag, value]
        return words

    def chosen(self, options):
        """Those options that it has, and that differ from what it has anyway."""
        usual = {**DEFAULTS, **self.defaults}
        mine = {name: value for name, value in options.items() if name in self.options}
        return {name: value for name, value in mine.items() if value != usual.get(name)}

    def invite(self, cell, listener, path):
        """Has a client connect to us."""
        cell.program.command("connect", f"ws://127.0.0.1:{listener.port}{path}")

    def context(self, side):
        return tls_context(side) if self.tls else None

    def unexpected(self, log):
        lines = [
            line for line in log.splitlines() if line.strip() and not line.startswith(self.quiet)
        ]
        return "\n".join(lines)

    def missing(self):
        return [str(file) for file in self.files if not Path(file).exists()]


class EchoClient(Host):
    """A client of the Autobahn suite: asks how many cases there are, echoes in each, then asks for a report.

    We are a suite of one case, which is the row.
    """

    def start(self, options, listener=None, env=None):
        url = f"ws://127.0.0.1:{listener.port}"
        return Program([*self.argv, url, "driver", *self.flags(options)], env=self.env)

    def invite(self, cell, listener, path):
        if not hasattr(cell.program, "has_cases"):
            # How many, is a question that it asks once.
            cell.program.has_cases = True
            self._talk(cell, listener, b"%d" % (cell.mutations[0] if cell.row.on_request else 1))

    def finish(self, cell):
        """Whether the process ends by itself, and well."""
        self._talk(cell, cell.listener)
        return cell.program.status(cell.within(5)) == 0

    def _talk(self, cell, listener, text=None):
        wire = listener.accept(cell.within(5))
        wire.send(answer_to(wire.read_head(cell.within(5))), cell.within(5))
        if text:
            wire.send(wire.frame(TEXT, text), cell.within(5))
            wire.read_frame(cell.within(5))
        wire.send(wire.close_frame(1000), cell.within(5))
        wire.read_close(cell.within(5))
        wire.close()


@cache
def certificate():
    """A key and a certificate for this run, as paths."""
    folder = Path(tempfile.mkdtemp(prefix="wspair-hosts-"))
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run(
        ["openssl", "req", *kind, *subject, "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
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


# What a program with flags is given one after the other: wrong names, types, values.
WRONG_FLAGS = (
    ("--max-mesage", "1000"),
    ("--max-message", "1M"),
    ("--max-message", "-1"),
    ("--ping-after", "x"),
    ("--ping-after", "-1"),
    ("--port", "x"),
    ("--port", "70000"),
    ("--port",),
)
PLAIN = ("echo", "companion", "sender", "tight", "idle", "late", "close", "close-reading")
PLAIN += (
    "close-twice",
    "bulk",
    "big",
    "many",
    "buffers",
    "throw",
    "throw-task",
    "busy",
    "after-end",
)
PLAIN += ("drop",)
TIMERS = ("handshake_within", "close_within", "ping_after", "pong_within", "max_message")

# What asyncio says in its debug mode, where the machine is slow too.
LOOP = ("INFO asyncio ", "WARNING asyncio Executing ", "INFO wspair connection ")
asyncio_server = Host(
    "py-asyncio",
    "server",
    [PYTHON, PROGRAMS / "python/wspair_asyncio.py", "server", "asyncio"],
    options=(*TIMERS, "deflate", "origin"),
    abilities=("shutdown", "memory", "head", "debug", "survives"),
    applications=(*PLAIN, "cancelled", "broadcast", "decide", "throw-deciding", "refuse"),
    misconfigured=[PYTHON, PROGRAMS / "python/misconfigured.py", "serve"],
    files=(PYTHON,),
    quiet=LOOP,
)
asyncio_client = replace(
    asyncio_server,
    name="py-asyncio-client",
    role="client",
    argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "client", "asyncio"],
    misconfigured=[PYTHON, PROGRAMS / "python/misconfigured.py", "connect"],
    options=(*TIMERS, "deflate"),
    abilities=("memory", "debug"),
    applications=(*(name for name in PLAIN if not name.startswith("throw")), "cancelled"),
    reasons={"throw": "an exception of a client's application is the application's"},
)
websockets_server = Host(
    "websockets",
    "server",
    [PYTHON, PROGRAMS / "python/websockets_asyncio.py", "server"],
    options=(*TIMERS, "deflate", "origin"),
    abilities=("shutdown", "memory", "head"),
    applications=asyncio_server.applications,
    files=(PYTHON,),
    quiet=tuple(
        f"INFO websockets.server {what}"
        for what in ("server listening", "connection open", "connection closed")
    ),
)
starlette = Host(
    "py-uvicorn",
    "server",
    [PYTHON, PROGRAMS / "python/starlette_app.py", "wspair"],
    options=("ping_after", "pong_within", "max_message", "deflate"),
    # What waits for the application is bounded by ws_max_queue, a number of messages.
    abilities=("shutdown", "http", "debug", "survives", "late-close"),
    reasons={
        "head": "the head of a request is for uvicorn to read",
        "origin": "origins are for the application to check",
    },
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse", "endless", "length"),
    files=(PYTHON,),
    quiet=(
        *LOOP,
        "WARNING uvicorn.error Unsupported upgrade request.",
        "WARNING uvicorn.error Invalid HTTP request received.",
    ),
)

# Another version of Node is tried by naming it.
NODE = [os.environ.get("NODE", "node"), "--expose-gc"]
NODE_ENV = {
    "WSPAIR": str(ROOT / "bindings-node/dist/index.mjs"),
    "NODE_PACKAGES": str(ROOT / ".tools/node"),
}
BUILT = (ROOT / "bindings-node/dist/index.mjs", ROOT / "bindings-node/node_modules")


def misconfigured(which):
    return [*NODE, PROGRAMS / "node/misconfigured.mjs", which, "{}"]


HTTP = {"head": "the head of a request is for node:http and Express to read"}
serve = Host(
    "node-serve",
    "server",
    [*NODE, PROGRAMS / "node/serve.mjs", "serve"],
    misconfigured=misconfigured("serve"),
    options=(*TIMERS, "deflate", "origin"),
    abilities=("shutdown", "memory", "http", "late-close", "head"),
    may_vanish=True,
    is_silent=True,
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse", "endless", "length"),
    env=NODE_ENV,
    files=BUILT,
)
websocket = replace(
    serve,
    name="node-websocket",
    role="client",
    argv=[*NODE, PROGRAMS / "node/client.mjs", "websocket"],
    misconfigured=misconfigured("websocket"),
    options=("handshake_within", "max_message", "deflate"),
    abilities=("memory",),
    applications=tuple(name for name in PLAIN if name not in ("late", "drop")),
    reasons={
        "late": "events go to listeners: there is no not reading",
        "drop": "an open connection holds its object, as in the runtime and in browsers",
    },
)
ws = Host(
    "ws",
    "server",
    [*NODE, PROGRAMS / "node/ws.mjs", "server"],
    options=("max_message", "deflate", "origin"),
    # Paused, it reads nothing.
    abilities=("shutdown", "memory", "late-close"),
    reasons={**HTTP, "drop": "an open connection holds its object"},
    applications=(*PLAIN, "broadcast", "decide", "throw-deciding", "refuse"),
    env=NODE_ENV,
    files=(ROOT / ".tools/node/node_modules/ws",),
)

EXAMPLES = TARGET / "debug/examples"
C_EXAMPLES = TARGET / "c/examples"
C_WRITERS = TARGET / "c/writers"
# The kernel reads what io_uring writes unseen by the sanitizer: what is freed must look so at the peer.
SANITIZED = {"ASAN_OPTIONS": "quarantine_size_mb=4:max_free_fill_size=16777216:free_fill_byte=219"}
NO_APPLICATION = {"*": "its application only echoes"}
plain_echo = Host(
    "rust-echo",
    "server",
    [EXAMPLES / "echo_server"],
    style="flags",
    talks=False,
    counts=False,
    options=(*TIMERS, "deflate", "origin"),
    abilities=("memory", "head"),
    wrong_flags=WRONG_FLAGS,
    files=(EXAMPLES / "echo_server",),
)

TOKIO = TARGET / "debug/wspair-hosts"
tokio_server = replace(
    plain_echo,
    name="tokio",
    argv=[TOKIO, "server", "multi"],
    talks=True,
    counts=True,
    abilities=("shutdown", "memory", "head", "survives"),
    applications=tuple(name for name in PLAIN if name not in ("buffers", "throw-task"))
    + ("cancelled", "broadcast", "decide", "refuse"),
    reasons={
        "buffers": "what is sent is moved or copied: there is nothing to change",
        "throw-task": "a task that panics is its own",
    },
    files=(TOKIO,),
)


def said(opcode, payload):
    """What pair_server answers."""
    return b"you said: " + payload if opcode == TEXT else payload[::-1]


def echo_client(name, program):
    return EchoClient(
        name,
        "client",
        [program],
        style="flags",
        talks=False,
        counts=False,
        is_single=True,
        options=(*TIMERS, "deflate"),
        wrong_flags=WRONG_FLAGS,
        files=(program,),
    )


# Those of the selection: a server and a client of each language, and what writes asynchronously.
QUICK = ("rust-echo", "tokio", "tokio-client", "node-serve", "node-websocket")
QUICK += ("py-asyncio", "py-asyncio-client", "c-epoll", "c-uv")

HOSTS = [
    plain_echo,
    replace(
        plain_echo,
        name="rust-pair",
        argv=[EXAMPLES / "pair_server"],
        options=(*TIMERS, "origin"),
        reply=said,
        files=(EXAMPLES / "pair_server",),
    ),
    echo_client("rust-client", EXAMPLES / "echo_client"),
    tokio_server,
    replace(tokio_server, name="tokio-current", argv=[TOKIO, "server", "current"]),
    replace(tokio_server, name="tokio-tls", tls=True),
    replace(
        tokio_server,
        name="tokio-client",
        role="client",
        argv=[TOKIO, "client", "multi"],
        options=(*TIMERS, "deflate"),
        abilities=("memory",),
    ),
    replace(
        plain_echo,
        name="node-connection",
        argv=[*NODE, ROOT / "bindings-node/conformance/autobahn/echo-connection.mjs"],
        options=(*TIMERS, "deflate"),
        misconfigured=misconfigured("connection"),
        env=NODE_ENV,
        files=BUILT,
    ),
    serve,
    replace(serve, name="node-serve-tls", tls=True, misconfigured=[]),
    replace(
        serve,
        name="node-command",
        argv=[*NODE, ROOT / "bindings-node/dist/cli.js", PROGRAMS / "node/command.mjs"],
        style="flags",
        options=(),
        abilities=("memory", "http", "late-close", "head", "signals", "survives"),
        defaults={"max_message": 32 << 20},
        misconfigured=[],
        # Its sizes and times have units.
        wrong_flags=(
            ("--max-mesage", "1000"),
            ("--max-message", "lots"),
            ("--max-message", "-1"),
            ("--ping", "x"),
            ("--ping", "-1"),
            ("--port", "x"),
            ("--port", "70000"),
            ("--port",),
        ),
    ),
    replace(
        serve,
        name="node-upgrade",
        argv=[*NODE, PROGRAMS / "node/serve.mjs", "upgrade"],
        misconfigured=misconfigured("upgrade"),
        abilities=("shutdown", "memory", "http", "late-close"),
        reasons=HTTP,
    ),
    websocket,
    replace(
        websocket,
        name="node-fetch",
        argv=[*NODE, PROGRAMS / "node/client.mjs", "fetch"],
        misconfigured=[],
        options=(),
        # As long as fetch waits for an answer on Node.
        defaults={"handshake_within": 30},
        abilities=("memory", "late-close"),
        applications=PLAIN,
        reasons={},
    ),
    asyncio_server,
    replace(
        asyncio_server,
        name="py-uvloop",
        argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "server", "uvloop"],
        misconfigured=[],
    ),
    asyncio_client,
    replace(
        plain_echo,
        name="py-threads",
        argv=[PYTHON, ROOT / "bindings-python/examples/echo_server_threads.py"],
        files=(PYTHON,),
    ),
    replace(
        plain_echo,
        name="py-sync",
        argv=[PYTHON, ROOT / "bindings-python/examples/echo_server_sync.py"],
        files=(PYTHON,),
    ),
    replace(
        plain_echo,
        name="py-trio",
        argv=[PYTHON, ROOT / "bindings-python/examples/echo_server_trio.py"],
        files=(PYTHON,),
    ),
    replace(
        asyncio_client,
        name="py-uvloop-client",
        argv=[PYTHON, PROGRAMS / "python/wspair_asyncio.py", "client", "uvloop"],
        misconfigured=[],
    ),
    starlette,
    replace(
        starlette,
        name="uvicorn-websockets",
        argv=[PYTHON, PROGRAMS / "python/starlette_app.py", "websockets"],
    ),
    replace(
        starlette,
        name="uvicorn-wsproto",
        argv=[PYTHON, PROGRAMS / "python/starlette_app.py", "wsproto"],
    ),
    replace(
        plain_echo,
        name="c-epoll",
        argv=[C_EXAMPLES / "echo_epoll"],
        abilities=("memory", "head", "signals"),
        files=(C_EXAMPLES / "echo_epoll",),
    ),
    replace(
        plain_echo,
        name="c-uv",
        argv=[C_EXAMPLES / "echo_uv"],
        abilities=("memory", "head", "asynchronous", "signals"),
        files=(C_EXAMPLES / "echo_uv",),
    ),
    replace(
        plain_echo,
        name="c-uv-late",
        argv=[C_WRITERS / "echo_uv"],
        abilities=("memory", "head", "asynchronous", "signals"),
        env=SANITIZED,
        files=(C_WRITERS / "echo_uv",),
    ),
    replace(
        plain_echo,
        name="c-uring",
        argv=[C_EXAMPLES / "echo_uring"],
        abilities=("memory", "head", "asynchronous", "signals"),
        files=(C_EXAMPLES / "echo_uring",),
    ),
    echo_client("c-client", C_EXAMPLES / "client"),
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
