"""Making the machine busy."""

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
while os.getppid() == parent:  # it ends with the benchmark, however that ends
    sum(range(200_000))
    time.sleep(0.001)
"""


@contextmanager
def load(processes: int) -> Iterator[None]:
    """So many processes that are busy nearly all of the time, for the length of a block."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def processors() -> int:
    """How many there are for us."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
