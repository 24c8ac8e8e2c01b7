"""The runs that are going on while files are watched: those of full batches, and one of the present state."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Batch
from batchhook.core.progress import Progress
from batchhook.errors import BatchhookError, NotFinishedError
from batchhook.git.environment import scrubbed
from batchhook.store import batches, locks
from batchhook.store.progress import ProgressReader
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import analyze, spawn
from batchhook.workflow.status.wait import reader_of

_PATIENCE = 3.0
"""Seconds for which nobody may be at work before another runner is started."""
_MOST_NAMED = 3


class Runs:
    """The full batches that have no verdict yet."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._readers: dict[int, ProgressReader] = {}
        self._look = 0.0
        self.going: tuple[tuple[Batch, Progress], ...] = ()
        self.look()

    def look(self) -> list[Analysis]:
        """See how far they are; gives what those tell that have ended since the last look."""
        there = batches.unfinished(self._project.database)
        numbers = {batch.id for batch in there}
        ended = [number for number in self._readers if number not in numbers]
        for number in ended:
            del self._readers[number]
        self.going = tuple((batch, self._reader(batch.id).read()) for batch in there)
        self._see_to_it()
        return [found for number in sorted(ended) for found in self._analysis(number)]

    def _reader(self, number: int) -> ProgressReader:
        if number not in self._readers:
            self._readers[number] = reader_of(self._project, number)
        return self._readers[number]

    def _analysis(self, number: int) -> Iterator[Analysis]:
        with contextlib.suppress(NotFinishedError):  # its batch was given up
            yield analyze.analyze(self._project, number)

    def _see_to_it(self) -> None:
        """Start another runner where one has died."""
        now = time.monotonic()
        if not self.going or locks.is_locked(self._project.state.runner_lock):
            self._look = now + _PATIENCE
        elif now >= self._look:
            self._look = now + _PATIENCE
            spawn.ensure_runner(self._project.location, self._project.database, os.environ)


class ByHand:
    """A run of the suite on what was recorded last, in a process of its own: ``batchhook test --recorded``."""

    def __init__(self, project: Project) -> None:
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="batchhook-watch-")))
        self._reader = ProgressReader(folder / "progress.ndjson")
        self._said: IO[bytes] = self._stack.enter_context((folder / "said").open("w+b"))
        command = [sys.executable, "-E", "-m", "batchhook", "-C", os.fspath(project.location.top), "--json", "test"]
        self._process = subprocess.Popen(
            [*command, "--recorded", "--progress", os.fspath(folder / "progress.ndjson")],
            cwd=project.location.common_dir,  # not the work tree: a sqlite3.py there would be imported
            env=scrubbed(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )

    def progress(self) -> Progress:
        """How far it is."""
        return self._reader.read()

    def result(self) -> str | None:
        """How it ended, in half a sentence; None while it goes on.

        Raises:
            BatchhookError: it could not be done.
        """
        if self._process.poll() is None:
            return None
        self._said.seek(0)
        try:
            told = json.load(self._said)
        except ValueError:
            raise BatchhookError("the run ended without a result", "batchhook test --recorded says why") from None
        if "error" in told:
            raise BatchhookError(str(told["error"]), str(told["hint"]))
        return _said_of(told)

    def close(self) -> None:
        """End it, if it goes on."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # it ends its own
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stack.close()


def _said_of(document: Mapping[str, Any]) -> str:
    """What ``test --json`` says, in half a sentence."""
    totals, failures = document["totals"], document["failures"]
    if document["broken"]:
        return f"could not be tested: {document['broken']}"
    if not failures:
        return f"{document['verdict']}: {totals['passed']} tests in {totals['duration_s']:.1f} s"
    names = [str(failure["test_id"]) for failure in failures[:_MOST_NAMED]]
    more = [f"{len(failures) - _MOST_NAMED} more"] if len(failures) > _MOST_NAMED else []
    return f"{document['verdict']}: {len(failures)} of {totals['tests']} tests: {', '.join([*names, *more])}"


@contextmanager
def only_one(project: Project) -> Iterator[None]:
    """Be the one who watches a work tree, for the length of a block.

    Raises:
        BatchhookError: somebody else does.
    """
    with locks.try_lock(project.location.git_dir / "batchhook-watch.lock") as is_alone:
        if not is_alone:
            raise BatchhookError(
                "this work tree is watched already, by another process", "end that one first: q in its terminal"
            )
        yield
