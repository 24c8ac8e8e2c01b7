"""The runs during a watch: those of full batches, and a manual one of the current files."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from batchhook.core.analysis import Analysis
from batchhook.core.batch import Batch
from batchhook.core.events import EventKind
from batchhook.core.progress import Progress
from batchhook.core.test_ids import display_name
from batchhook.errors import BatchhookError, NotFinishedError
from batchhook.store import batches, events, locks
from batchhook.store.run_events import RunEventReader
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import analyze, spawn
from batchhook.workflow.status.background_test import BackgroundTest
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


class ManualTest(BackgroundTest):
    """A run of ``batchhook test --recorded``, on the last recording."""

    def __init__(self, project: Project) -> None:
        super().__init__(project.location, ["--recorded"])

    def summary(self) -> str | None:
        """Return a summary of the result; None while it runs.

        Raises:
            BatchhookError: the tests could not be run.
        """
        document = self.result()
        return None if document is None else _summarize(document)


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
