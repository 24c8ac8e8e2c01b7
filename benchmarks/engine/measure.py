"""Measure a command from the outside: wall time, and the memory of all its processes."""

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
SHORT_INTERVAL, LONG_INTERVAL = 0.02, 0.1
"""Seconds between two samples of the memory, in the first second and afterwards."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a command.

    Attributes:
        seconds: wall time.
        megabytes: peak memory of all its processes together, shared memory counted once (Linux; else 0).
        stdout: its standard output.
        stderr: its standard error.
        has_ended: whether it exited within the time limit.
    """

    seconds: float
    megabytes: float
    stdout: str
    stderr: str
    has_ended: bool


def measure(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], limit: float) -> Measured:
    """Run a command until it ends; kill it after ``limit`` seconds."""
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
        sampler = MemorySampler(process.pid, limit)
        sampler.start()
        process.wait()  # without a timeout, for which Python would poll
        seconds = time.perf_counter() - begun
        sampler.end.set()
        sampler.join()
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Measured(seconds, sampler.peak / 1024, texts[0], texts[1], not sampler.is_killed)


class MemorySampler(threading.Thread):
    """Samples the memory of a process tree until ``end`` is set, and kills it at the time limit.

    Attributes:
        peak: kilobytes.
        is_killed: whether the limit was reached.
    """

    def __init__(self, pid: int, limit: float) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._limit = limit
        self.end = threading.Event()
        self.peak = 0
        self.is_killed = False

    def run(self) -> None:
        """Sample until the end."""
        begun = time.perf_counter()
        while True:
            elapsed = time.perf_counter() - begun
            if self.end.wait(SHORT_INTERVAL if elapsed < 1 else LONG_INTERVAL):
                return
            pids = process_tree(self._pid)
            self.peak = max(self.peak, sum(kilobytes(pid) for pid in pids))
            if elapsed > self._limit and not self.is_killed:
                self.is_killed = True
                for pid in pids:
                    with suppress(OSError):
                        os.kill(pid, signal.SIGKILL)


def process_tree(pid: int) -> list[int]:
    """Return the ids of a process and its descendants."""
    pids = [pid]
    for parent in pids:
        with suppress(OSError):
            for thread in (PROC / str(parent) / "task").iterdir():
                pids += [int(child) for child in (thread / "children").read_text().split()]
    return pids


def kilobytes(pid: int) -> int:
    """Return a process's memory, with its share of shared pages (PSS); 0 if it has ended."""
    with suppress(OSError, ValueError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
