"""How a program tells the driver what its application sees, and hears the driver's commands."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import threading
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

logging.basicConfig(
    level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
)
lock = threading.Lock()


def tell(event, path=None, **what):
    with lock:
        print(json.dumps({"event": event, "path": path, **what}, default=str), flush=True)


def parse(target):
    """The application that a path names, and its arguments; those that look like numbers are."""
    parts = urlsplit(target)
    query = {
        name: int(value) if value.lstrip("-").isdigit() else value
        for name, value in parse_qsl(parts.query)
    }
    return parts.path.strip("/") or "echo", query


def text_of(error):
    """What of an exception an application can go by."""
    names = ("code", "reason", "cause", "error", "rule", "limit", "size")
    values = {name: getattr(error, name, None) for name in names}
    values = {name: value for name, value in values.items() if value is not None}
    return {"error": type(error).__name__, "text": str(error), **values}


class Host:
    """The commands, and what there is to count."""

    def __init__(self, package):
        self.package = package
        self.loop = asyncio.get_running_loop()
        self.may_go = asyncio.Event()
        self.kept = []
        """Tasks of ours that outlive a connection."""
        self.handlers = {"go": self._go, "counts": self._counts}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in sys.stdin:
            name, *words = line.split()
            self.loop.call_soon_threadsafe(lambda n=name, w=words: self.handlers[n](*w))
        os._exit(0)  # the driver is gone

    def spawn(self, coroutine):
        task = self.loop.create_task(coroutine)
        self.kept.append(task)
        task.add_done_callback(self.kept.remove)
        return task

    def _go(self):
        self.may_go.set()

    def _counts(self):
        gc.collect()
        kinds = (type(thing) for thing in gc.get_objects())
        objects = Counter(
            kind.__name__ for kind in kinds if str(kind.__module__).startswith(self.package)
        )
        tasks = [task for task in asyncio.all_tasks() if task not in self.kept]
        tell("counts", tasks=len(tasks), **objects)
