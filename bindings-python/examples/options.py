"""The command line of the examples."""

from __future__ import annotations

import argparse
import math
from typing import Any, TypeVar

T = TypeVar("T", int, float)
TIMERS = ("close_within", "ping_after", "pong_within")


def parse(*positional: str) -> tuple[argparse.Namespace, dict[str, Any]]:
    """What was given, and what of it a connection is set to."""
    parser = argparse.ArgumentParser()
    for name in positional:
        parser.add_argument(name, nargs="?" if name == "agent" else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=port, default=0)
    parser.add_argument("--max-message", type=size, default=1 << 20)
    parser.add_argument("--max-fragments", type=size, default=16384)
    parser.add_argument("--handshake-within", type=seconds, default=10.0, help="seconds")
    for timer in TIMERS:
        parser.add_argument(f"--{timer.replace('_', '-')}", type=seconds, help="seconds")
    parser.add_argument("--subprotocol")
    parser.add_argument("--origin", action="append", help="may be given more than once")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--cert", help="over HTTP/2 and HTTP/3: a file of certificates")
    parser.add_argument("--key", help="the file of its key")
    parser.add_argument("--text", action="append", default=[], help="client: a message to send")
    args = parser.parse_args()
    options = {"max_message": args.max_message, "max_fragments": args.max_fragments}
    given = {timer: getattr(args, timer) for timer in TIMERS}
    options.update({timer: value for timer, value in given.items() if value is not None})
    return args, options


def port(text: str) -> int:
    """A number from 0 to 65535."""
    return at_most((1 << 16) - 1, int(text))


def size(text: str) -> int:
    """A number from 0 on."""
    return at_most(math.inf, int(text))


def seconds(text: str) -> float:
    """Seconds, from 0 on."""
    return at_most(math.inf, float(text))


def at_most(most: float, value: T) -> T:
    if not 0 <= value <= most:
        raise ValueError
    return value
