"""``watch`` as a process: tests wait for its lines, never for a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.driving import Repository

PATIENCE = 30.0


class Watch:
    """A running ``batchhook watch --json``."""

    def __init__(self, repository: Repository, *arguments: str, before: tuple[str, ...] = ()) -> None:
        self.repository = repository
        self.news: list[dict[str, Any]] = []
        self.came = threading.Condition()
        command = [sys.executable, "-m", "batchhook", "--json", "watch", "--settle", "0.1", *arguments]
        self.process = subprocess.Popen(
            [*before, *command],
            cwd=repository.top,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text = text + line if text else line
            try:
                one = json.loads(text)
            except ValueError:  # an error is several lines
                continue
            text = ""
            with self.came:
                self.news.append(one)
                self.came.notify_all()

    def wait(self, is_it: Callable[[dict[str, Any]], bool], since: int = 0) -> dict[str, Any]:
        """Wait for a line and return it."""
        until = time.monotonic() + PATIENCE
        with self.came:
            while True:
                result = next((one for one in self.news[since:] if is_it(one)), None)
                if result is not None:
                    return result
                left = until - time.monotonic()
                assert left > 0, f"it did not come; instead: {self.news}\n{self._errors()}"
                assert self.process.poll() is None or self.came.wait(0.5), f"{self.news}\n{self._errors()}"
                self.came.wait(min(left, 0.5))

    def _errors(self) -> str:
        if self.process.poll() is None or self.process.stderr is None:
            return ""
        return self.process.stderr.read()

    def event(self, name: str, since: int = 0) -> dict[str, Any]:
        return self.wait(lambda one: one.get("event") == name, since)

    def recorded(self, path: str, since: int = 0) -> dict[str, Any]:
        """Wait for a change that touches a file, and return it."""
        result = self.wait(lambda one: one.get("event") == "recorded" and path in files(one), since)
        change: dict[str, Any] = result["change"]
        return change

    @property
    def changes(self) -> list[str]:
        """Summaries of the changes recorded so far."""
        return [one["change"]["summary"] for one in self.news if one.get("event") == "recorded"]

    def mark(self, name: str = "mark.txt") -> None:
        """Save a file that nothing else touches, and wait for it: everything done before has settled then."""
        since = len(self.news)
        self.repository.write(name, f"{time.monotonic()}\n")
        self.recorded(name, since)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code


def files(news: dict[str, Any]) -> list[str]:
    """The paths of a change."""
    return [file["path"] for file in news["change"]["files"]]


Start = Callable[..., Watch]


@pytest.fixture
def start(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A function that starts a watch; all are stopped after the test."""
    monkeypatch.setenv("BATCHHOOK_NO_RUNNER", "1")
    yield from starting(repository)


def starting(repository: Repository) -> Iterator[Start]:
    begun: list[Watch] = []

    def begin(*arguments: str, before: tuple[str, ...] = (), at: Repository = repository) -> Watch:
        watch = Watch(at, *arguments, before=before)
        begun.append(watch)
        watch.event("started")
        return watch

    yield begin
    for watch in begun:
        watch.end()
        for pipe in (watch.process.stdout, watch.process.stderr):
            if pipe is not None:
                pipe.close()


def until_there(path: Path) -> None:
    """Wait for a file."""
    until = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < until, f"{path} does not come"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Running child processes of a process."""
    result = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in result.read_text().split()] if result.exists() else []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
