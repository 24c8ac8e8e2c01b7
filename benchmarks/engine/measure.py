"""Running a command and measuring it from the outside: seconds, and the memory of all its processes together."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
AT_FIRST, LATER = 0.02, 0.1
"""Seconds between two looks at the memory, in the first second and afterwards."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command.

    Attributes:
        seconds: of the wall clock.
        megabytes: the most that its processes held at the same time, shared memory counted once (Linux; else 0).
        stdout: what it printed there.
        stderr: what it printed there.
        ended: whether it ended by itself, in time.
    """

    seconds: float
    megabytes: float
    stdout: str
    stderr: str
    ended: bool


def measure(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], limit: float) -> Measured:
    """Run a command and wait for its end; after ``limit`` seconds it is killed."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        watch = Watch(process.pid, limit)
        watch.start()
        process.wait()  # without a time limit, which Python would keep by asking again and again
        seconds = time.perf_counter() - begun
        watch.end.set()
        watch.join()
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Measured(seconds, watch.most / 1024, texts[0], texts[1], not watch.killed)


class Watch(threading.Thread):
    """Looks at a process and all below it until ``end`` is set.

    Attributes:
        most: kilobytes that were held at one time.
        killed: whether the limit was reached.
    """

    def __init__(self, pid: int, limit: float) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._limit = limit
        self.end = threading.Event()
        self.most = 0
        self.killed = False

    def run(self) -> None:
        """Look again and again."""
        begun = time.perf_counter()
        while True:
            lasted = time.perf_counter() - begun
            if self.end.wait(AT_FIRST if lasted < 1 else LATER):
                return
            found = tree(self._pid)
            self.most = max(self.most, sum(kilobytes(pid) for pid in found))
            if lasted > self._limit and not self.killed:
                self.killed = True
                for pid in found:
                    with suppress(OSError):
                        os.kill(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for thread in (PROC / str(each) / "task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def kilobytes(pid: int) -> int:
    """What a process holds, its share of what it shares (PSS); 0 if it has ended."""
    with suppress(OSError, ValueError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
