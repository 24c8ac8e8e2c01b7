"""The runs during a watch: those of full batches, and a manual one of the current files."""

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
from batchhook.core.batch import Batch
from batchhook.core.events import EventKind
from batchhook.core.progress import Progress
from batchhook.core.test_ids import display_name
from batchhook.errors import BatchhookError, NotFinishedError
from batchhook.git.environment import background_environment
from batchhook.store import batches, events, locks
from batchhook.store.run_events import RunEventReader
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import analyze, spawn
from batchhook.workflow.status.wait import progress_reader

_RESTART_DELAY = 3.0
"""Seconds without a working runner after which another one is started."""
_MAX_NAMED = 3


class ActiveRuns:
    """The full batches that are not finished.

    Attributes:
        running: these batches, each with its progress.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._readers: dict[int, RunEventReader] = {}
        self._position = events.latest(project.database)
        self._restart_at = 0.0
        self.running: tuple[tuple[Batch, Progress], ...] = ()
        self.poll()

    def poll(self) -> list[Analysis]:
        """Read the progress of the batches; return the analyses of those that finished since the last call."""
        new = events.read(self._project.database, self._position)
        self._position = new[-1].id if new else self._position
        unfinished = batches.list_unfinished(self._project.database)
        self._readers = {batch.id: self._reader(batch.id) for batch in unfinished}
        self.running = tuple((batch, self._readers[batch.id].read()) for batch in unfinished)
        self._restart_dead_runner()
        ended = [event.batch for event in new if event.kind is EventKind.BATCH_FINISHED]
        return [analysis for number in ended for analysis in self._analyze(number)]

    def _reader(self, number: int) -> RunEventReader:
        return self._readers.get(number) or progress_reader(self._project, number)

    def _analyze(self, number: int) -> Iterator[Analysis]:
        with contextlib.suppress(NotFinishedError):  # the batch was abandoned
            yield analyze.analyze(self._project, number)

    def _restart_dead_runner(self) -> None:
        """Start a runner if none has worked for a while."""
        now = time.monotonic()
        if not self.running or locks.is_locked(self._project.state.runner_lock):
            self._restart_at = now + _RESTART_DELAY
        elif now >= self._restart_at:
            self._restart_at = now + _RESTART_DELAY
            spawn.ensure_runner(self._project.location, self._project.database, os.environ)


class ManualTest:
    """A run of ``batchhook test --recorded``, on the last recording, in a process of its own."""

    def __init__(self, project: Project) -> None:
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="batchhook-watch-")))
        self._reader = RunEventReader(folder / "events.ndjson")
        self._output: IO[bytes] = self._stack.enter_context((folder / "output").open("w+b"))
        command = [sys.executable, "-E", "-m", "batchhook", "-C", os.fspath(project.location.top), "--json", "test"]
        self._process = subprocess.Popen(
            [*command, "--recorded", "--progress", os.fspath(folder / "events.ndjson")],
            cwd=project.location.common_dir,  # not the work tree: Python would import a sqlite3.py from there
            env=background_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is meant for the watch only
        )

    def progress(self) -> Progress:
        """Return its progress."""
        return self._reader.read()

    def result(self) -> str | None:
        """Return a summary of the result; None while it runs.

        Raises:
            BatchhookError: the tests could not be run.
        """
        if self._process.poll() is None:
            return None
        self._output.seek(0)
        try:
            document = json.load(self._output)
        except ValueError:
            raise BatchhookError("the run ended without a result", "to see why: batchhook test --recorded") from None
        if "error" in document:
            raise BatchhookError(str(document["error"]), str(document["hint"]))
        return _summarize(document)

    def close(self) -> None:
        """Stop it, if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # it then stops its own processes
            try:
                self._process.wait(_RESTART_DELAY)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._stack.close()


def _summarize(document: Mapping[str, Any]) -> str:
    """Summarize a document of ``test --json``, without a final period."""
    totals, failures = document["totals"], document["failures"]
    if document["broken"]:
        return f"could not be tested: {document['broken']}"
    if not failures:
        return f"{document['verdict']}: {totals['passed']} tests in {totals['duration_s']:.1f} s"
    names = [display_name(str(failure["test_id"])) for failure in failures[:_MAX_NAMED]]
    more = [f"{len(failures) - _MAX_NAMED} more"] if len(failures) > _MAX_NAMED else []
    return f"{document['verdict']}: {len(failures)} of {totals['tests']} tests: {', '.join([*names, *more])}"


@contextmanager
def lock_worktree(project: Project) -> Iterator[None]:
    """Hold the lock for watching a work tree.

    Raises:
        BatchhookError: another process watches it.
    """
    with locks.try_lock(project.location.git_dir / "batchhook-watch.lock") as is_locked:
        if not is_locked:
            raise BatchhookError(
                "this work tree is watched already, by another process", "stop that one first: press q in its terminal"
            )
        yield
