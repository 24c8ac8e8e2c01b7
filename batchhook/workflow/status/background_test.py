"""A run of ``batchhook test`` in a process of its own, for programs that go on: ``watch``, and servers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from batchhook.core.progress import Progress
from batchhook.errors import BatchhookError
from batchhook.git.environment import background_environment
from batchhook.git.location import Location
from batchhook.store.run_events import RunEventReader

_PATIENCE = 3.0
"""Seconds that it gets to stop its own processes."""


class BackgroundTest:
    """A run of ``batchhook test``.

    Args:
        location: of the repository.
        options: of the command, and tests.
    """

    def __init__(self, location: Location, options: Sequence[str]) -> None:
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="batchhook-test-")))
        self._reader = RunEventReader(folder / "events.ndjson")
        self._output: IO[bytes] = self._stack.enter_context((folder / "output").open("w+b"))
        command = [sys.executable, "-E", "-m", "batchhook", "-C", os.fspath(location.top), "--json", "test"]
        self._process = subprocess.Popen(
            [*command, "--progress", os.fspath(folder / "events.ndjson"), *options],
            cwd=location.common_dir,  # not the work tree: Python would import a sqlite3.py from there
            env=background_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is meant for the program only
        )
        self._result: Mapping[str, Any] | None = None

    @property
    def is_running(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    def progress(self) -> Progress:
        """Return its progress."""
        return self._reader.read()

    def result(self) -> Mapping[str, Any] | None:
        """Return the document of ``test --json``; None while it runs.

        Raises:
            BatchhookError: the tests could not be run.
        """
        if self._result is None and self._process.poll() is None:
            return None
        if self._result is None:
            self._output.seek(0)
            try:
                self._result = json.load(self._output)
            except ValueError:
                raise BatchhookError("the run ended without a result", "to see why: batchhook test") from None
        if "error" in self._result:
            raise BatchhookError(str(self._result["error"]), str(self._result["hint"]))
        return self._result

    def close(self) -> None:
        """Stop it, if it still runs, and delete its files."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # it then stops its own processes
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stack.close()
