"""Options with a wrong name, a wrong type, a value out of range: what serve and connect say.

misconfigured.py serve|connect
"""

from __future__ import annotations

import asyncio
import sys

from speak import tell
from wspair.asyncio import connect, serve

BOTH = [
    ("max_mesage", 1000),
    ("ping_every", 20),
    ("max_message", "1M"),
    ("max_message", -1),
    ("max_message", 1.5),
    ("ping_after", "20"),
    ("ping_after", -1),
    ("ping_after", float("nan")),
    ("close_within", "soon"),
    ("open_timeout", "10"),
    ("open_timeout", -1),
    ("compression", "zstd"),
    ("subprotocols", ["a b"]),
    ("subprotocols", 7),
]
CASES = {
    "serve": [
        *BOTH,
        ("origins", ["no origin"]),
        ("origins", 7),
        ("process_request", 7),
        ("ssl", 7),
    ],
    "connect": [*BOTH, ("origin", 7), ("ssl", 7)],
}


async def handler(ws):
    pass


async def main(which):
    for name, value in CASES[which]:
        try:
            if which == "serve":
                await (await serve(handler, "127.0.0.1", 0, **{name: value})).close()
            else:
                # Nobody is there: a mistake has to be told before that shows.
                await connect("ws://127.0.0.1:1/", **{name: value})
        except OSError as error:
            tell("case", name=f"{name}={value!r}", text=f"not told: {error}", raised=False)
        except Exception as error:
            tell("case", name=f"{name}={value!r}", text=str(error), raised=True, option=name)
        else:
            tell("case", name=f"{name}={value!r}", text="no error", raised=False)
    if which == "serve":
        for wrong in (7, None):
            try:
                await serve(wrong, "127.0.0.1", 0)
            except Exception as error:
                tell(
                    "case",
                    name=f"handler {wrong!r}",
                    text=str(error),
                    raised=True,
                    option="handler",
                )
            else:
                tell("case", name=f"handler {wrong!r}", text="no error", raised=False)
    tell("over")


asyncio.run(main(sys.argv[1]))
