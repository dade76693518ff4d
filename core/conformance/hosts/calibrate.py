"""How slow the machine is right now, by which every bound is scaled.

A process of its own does the same small piece of work over and over.  What it takes longer than
on an idle machine of the kind that the bounds were written on, its neighbours take longer too.
"""

import copy
import multiprocessing
import time

# Seconds of processor time that the piece of work took where the bounds were written.
USUAL = 0.010
EVERY = 0.25
# So long a slow moment counts: what it delayed may be looked at later.
WINDOW = 20.0
# A machine that is slower has to be waited for, not measured on.
MOST = 12.0


def work():
    total = 0
    for number in range(150_000):
        total += number * number & 7
    return total


def slowness():
    """How many times longer than usual the work took just now."""
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return max((time.monotonic() - wall) / USUAL, (time.process_time() - cpu) / USUAL)


def measure(shared):
    recent = []
    while True:
        due = time.monotonic() + EVERY
        time.sleep(EVERY)
        # The time that it took to be woken delays everybody as much.
        woken = time.monotonic() - due
        recent.append((time.monotonic(), max(1.0, slowness(), woken / 0.05)))
        recent = [entry for entry in recent if entry[0] > time.monotonic() - WINDOW]
        values = sorted(value for _, value in recent)
        # Not the very worst, which is one hiccup, but what a row may meet.
        shared.value = values[int(len(values) * 0.95)]


class Pace:
    """What the control measured; shared by all processes of the driver."""

    def __init__(self):
        self.shared = multiprocessing.Value("d", 1.0, lock=False)
        self.process = None
        self.patience = 1.0

    def start(self):
        first = max(slowness() for _ in range(20))
        self.shared.value = max(1.0, first)
        self.process = multiprocessing.Process(target=measure, args=(self.shared,), daemon=True)
        self.process.start()
        return self.shared.value

    def factor(self):
        # Bounds are those of an idle machine with some room; a busy one needs more of it.
        return self.patience * min(MOST, 1.0 + 1.5 * (self.shared.value - 1.0))

    def with_patience(self, times):
        """The same measure, for bounds that are so many times as long."""
        pace = copy.copy(self)
        pace.patience = times
        return pace

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.join()
