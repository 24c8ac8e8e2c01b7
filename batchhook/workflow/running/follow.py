"""Following a batch's run from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from batchhook.core.changes import Batch, BatchStatus
from batchhook.core.outcomes import Run
from batchhook.core.progress import Progress
from batchhook.core.verdicts import Verdict
from batchhook.errors import BatchhookError, NotFinishedError
from batchhook.store import batches, locks, runs
from batchhook.store.progress import ProgressReader
from batchhook.workflow.project import Project
from batchhook.workflow.running import notices
from batchhook.workflow.running.background import ensure_runner

_INTERVAL = 0.1
_PATIENCE = 3.0
"""Seconds for which nobody may be at work before another runner is started."""
_MOST_STARTS = 10


@dataclass(frozen=True, slots=True)
class Finished:
    """A batch that has its run."""

    batch: Batch
    run: Run
    verdict: Verdict


def finished(project: Project, number: int) -> Finished:
    """A batch with its run; with this its verdict counts as seen.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: it is still open, or its run has not ended.
    """
    found = of_number(project, number)
    notices.take(project.state, number)
    return found


def of_number(project: Project, number: int) -> Finished:
    """A batch with its run, for ourselves: its verdict does not count as seen.

    Raises:
        NoSuchBatchError, NotFinishedError: as ``finished``.
    """
    batch = batches.get(project.database, number)
    found = runs.of_batch(project.database, number)
    if found is not None:
        return Finished(batch, *found)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(
            f"batch {number} is still open: it runs when it is full", "batchhook status; to test now: batchhook test"
        )
    raise NotFinishedError(f"the tests of batch {number} have not ended yet", f"batchhook wait {number}")


def full_batch(project: Project, number: int | None = None) -> int:
    """The number of a batch that can be followed: the one that is asked for, else the latest full one.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: it is still open; or none is full yet.
    """
    if number is not None:
        if batches.get(project.database, number).status is BatchStatus.OPEN:
            finished(project, number)  # says so
        return number
    sealed = batches.latest(project.database, 1, full=True)
    if not sealed:
        raise NotFinishedError("no batch is full yet", "batchhook status; to test now: batchhook test")
    return sealed[0].id


def follow(project: Project, number: int, until: Callable[[], bool]) -> Iterator[Progress]:
    """How a batch's run is going, about ten times a second, until it has its run.

    Args:
        project: the repository.
        number: of a sealed batch.
        until: asked between two looks; ends the following when it says so.

    Raises:
        BatchhookError: whoever runs it ends again and again without a result.
    """
    reader = ProgressReader(project.state.run(f"batch-{number}") / "progress.ndjson")
    starts = _starts_of_runners(project, number)
    while batches.get(project.database, number).status is not BatchStatus.FINISHED:
        yield reader.read()
        if until():
            return
        next(starts)
        time.sleep(_INTERVAL)
    yield reader.read()


def _starts_of_runners(project: Project, number: int) -> Iterator[None]:
    """Start another runner where one has died, lest a batch be waited for that nobody is at; asked now and then."""
    for _ in range(_MOST_STARTS):
        look = time.monotonic() + _PATIENCE
        while time.monotonic() < look or locks.is_locked(project.state.runner_lock):
            yield
        if not batches.unfinished(project.database):
            break
        ensure_runner(project.location, project.database, os.environ)
    else:
        raise BatchhookError(f"the run of batch {number} ends without a result", f"see {project.state.log}")
    while True:
        yield


def deadline(seconds: float | None) -> Callable[[], bool]:
    """Something that says, after so many seconds, that it is time; with None, never."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    return lambda: time.monotonic() >= end
