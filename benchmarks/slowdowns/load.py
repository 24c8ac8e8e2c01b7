"""Artificial CPU load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BUSY = """\
import os
import time

parent = os.getppid()
while os.getppid() == parent:  # ends with the benchmark, even if that is killed
    sum(range(200_000))
    time.sleep(0.001)
"""


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Keep this many processes busy, nearly all of the time."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def cpu_count() -> int:
    """Return the number of usable CPUs."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
