"""Following a batch's run from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from batchhook.core.changes import Batch, BatchStatus
from batchhook.core.progress import Progress
from batchhook.core.results import Run
from batchhook.core.verdict import Verdict
from batchhook.errors import BatchhookError, NotFinishedError, NothingFullError
from batchhook.store import batches, locks, runs
from batchhook.store.progress import ProgressReader
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import notices
from batchhook.workflow.status.spawn import ensure_runner

_INTERVAL = 0.1
_PATIENCE = 3.0
"""Seconds for which nobody may be at work before another runner is started."""
_MOST_STARTS = 10
_MEANWHILE = "batchhook status; to test now: batchhook test"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A full batch about which not everything is known.

    Attributes:
        batch: the batch.
        verdict: of its run; None as long as that has not ended.
        progress: how far it is.
    """

    batch: Batch
    verdict: Verdict | None
    progress: Progress


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
        raise NotFinishedError(*_still_open(number))
    raise NotFinishedError(f"the tests of batch {number} have not ended yet", f"batchhook wait {number}")


def full_batch(project: Project, number: int | None = None) -> int:
    """The number of a batch that can be followed: the one that is asked for, else the latest full one.

    Raises:
        NoSuchBatchError: there is no such batch.
        NothingFullError: it is still open; or none is full yet.
    """
    if number is not None:
        is_next = number == batches.next_id(project.database)  # its first change will take the number
        if is_next or batches.get(project.database, number).status is BatchStatus.OPEN:
            raise NothingFullError(*_still_open(number))
        return number
    sealed = batches.latest(project.database, 1, full=True)
    if not sealed:
        raise NothingFullError("no batch is full yet", _MEANWHILE)
    return sealed[0].id


def _still_open(number: int) -> tuple[str, str]:
    """Message and hint of an error."""
    return f"batch {number} is still open: it runs when it is full", _MEANWHILE


def under_way(project: Project) -> tuple[UnderWay, ...]:
    """The full batches about which not everything is known, oldest first, each with how far it is."""
    return tuple(_looked_at(project, batch) for batch in batches.unfinished(project.database))


def standing(project: Project, number: int) -> UnderWay | None:
    """How far a full batch is; None where all is known of it."""
    batch = batches.get(project.database, number)
    return None if batch.status is BatchStatus.FINISHED else _looked_at(project, batch)


def _looked_at(project: Project, batch: Batch) -> UnderWay:
    found = runs.totals(project.database, batch.id)
    return UnderWay(batch, found[0] if found else None, reader_of(project, batch.id).read())


def follow(project: Project, number: int, until: Callable[[], bool]) -> Iterator[Progress]:
    """How a batch's run is going, about ten times a second, until it has its run.

    Args:
        project: the repository.
        number: of a sealed batch.
        until: asked between two looks; ends the following when it says so.

    Raises:
        BatchhookError: whoever runs it ends again and again without a result.
    """
    reader = reader_of(project, number)
    starts = _starts_of_runners(project, number)
    while batches.get(project.database, number).status is not BatchStatus.FINISHED:
        yield reader.read()
        if until():
            return
        next(starts)
        time.sleep(_INTERVAL)
    yield reader.read()


def reader_of(project: Project, number: int) -> ProgressReader:
    """Follows how far a batch's run is."""
    return ProgressReader(project.state.run(f"batch-{number}") / "progress.ndjson")


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
