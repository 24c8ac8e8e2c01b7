"""Results of batches, and the progress of a batch's run as seen from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from batchhook.core.batch import Batch, BatchStatus
from batchhook.core.progress import MEASURING, Progress
from batchhook.core.results import Run
from batchhook.core.settings import AutoRollback
from batchhook.core.verdict import Verdict, with_slowdowns
from batchhook.errors import BatchhookError, NoFullBatchError, NotFinishedError
from batchhook.store import batches, locks, runs
from batchhook.store.database import Database
from batchhook.store.run_events import RunEventReader
from batchhook.store.state_dir import StateDir
from batchhook.workflow.context.project import Project
from batchhook.workflow.status import notices
from batchhook.workflow.status.spawn import ensure_runner

_INTERVAL = 0.05
_RESTART_DELAY = 3.0
"""Seconds without a working runner after which another one is started."""
_MAX_RESTARTS = 10
MEASURING_PATIENCE = 10.0
"""Seconds that slowdowns are waited for: all else is known, and measuring may take its whole budget."""
_OPEN_HINT = "batchhook status; to test now: batchhook test"


@dataclass(frozen=True, slots=True)
class ActiveBatch:
    """A full batch that is not finished: queued, running, or with a search or measurement to come.

    Attributes:
        batch: the batch.
        verdict: of its run; None until that has ended.
        progress: of the batch job.
    """

    batch: Batch
    verdict: Verdict | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A batch with its run and verdict."""

    batch: Batch
    run: Run
    verdict: Verdict


def view_result(project: Project, number: int) -> BatchResult:
    """Load a batch's result for the user: its verdict counts as seen.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: the batch is still open, or its run has not ended.
    """
    result = load_result(project, number)
    notices.pop_lines(project.state, number)
    return result


def load_result(project: Project, number: int) -> BatchResult:
    """Load a batch's result; its verdict does not count as seen.

    Raises:
        NoSuchBatchError: there is no such batch.
        NotFinishedError: the batch is still open, or its run has not ended.
    """
    batch = batches.load(project.database, number)
    run = runs.load_for_batch(project.database, number)
    if run is not None:
        return BatchResult(batch, *run)
    if batch.status is BatchStatus.OPEN:
        raise NotFinishedError(*_still_open(number))
    raise NotFinishedError(f"the tests of batch {number} have not finished yet", f"batchhook wait {number}")


def find_full_batch(project: Project, number: int | None = None) -> int:
    """Return the number of a full batch: the given one, by default the latest.

    Raises:
        NoSuchBatchError: there is no such batch.
        NoFullBatchError: the batch is still open, or none is full yet.
    """
    if number is not None:
        is_next = number == batches.next_id(project.database)  # the number that the next batch will get
        if is_next or batches.load(project.database, number).status is BatchStatus.OPEN:
            raise NoFullBatchError(*_still_open(number))
        return number
    sealed = batches.list_latest(project.database, 1, sealed_only=True)
    if not sealed:
        raise NoFullBatchError("no batch is full yet", _OPEN_HINT)
    return sealed[0].id


def _still_open(number: int) -> tuple[str, str]:
    return f"batch {number} is still open: it runs when it is full", _OPEN_HINT


def list_active(project: Project) -> tuple[ActiveBatch, ...]:
    """Return the full batches that are not finished, oldest first, with their progress."""
    return tuple(_load_active(project, batch) for batch in batches.list_unfinished(project.database))


def find_active(project: Project, number: int) -> ActiveBatch | None:
    """Return a full batch with its progress; None if it is finished."""
    batch = batches.load(project.database, number)
    return None if batch.status is BatchStatus.FINISHED else _load_active(project, batch)


def _load_active(project: Project, batch: Batch) -> ActiveBatch:
    totals = runs.load_totals(project.database, batch.id)
    return ActiveBatch(batch, totals[0] if totals else None, progress_reader(project, batch.id).read())


def follow_progress(project: Project, number: int, should_stop: Callable[[], bool]) -> Iterator[Progress]:
    """Yield a batch's progress, about twenty times a second, until it is finished; restart a runner that died.

    Ends earlier if only slowdowns are left to be measured, and that takes long or does not change the verdict.

    Args:
        project: the repository.
        number: of a sealed batch.
        should_stop: called after each yield; ends the iteration early.

    Raises:
        BatchhookError: runner after runner ended without a result.
    """
    reader = progress_reader(project, number)
    restarts = _restart_dead_runners(project, number)
    is_patience_over: Callable[[], bool] | None = None
    while (status := batches.load(project.database, number).status) is not BatchStatus.FINISHED:
        current = reader.read()
        yield current
        is_measuring = status is BatchStatus.MEASURING and current.stage == MEASURING
        if is_measuring and is_patience_over is None:
            is_patience_over = deadline(_measuring_patience(project, number))
        if should_stop() or (is_measuring and is_patience_over is not None and is_patience_over()):
            return
        next(restarts)
        time.sleep(_INTERVAL)
    yield reader.read()


def is_settled(active: ActiveBatch) -> bool:
    """Return whether only slowdowns are still being measured in a batch: its verdict and culprits are known."""
    return active.batch.status is BatchStatus.MEASURING and active.verdict is not None


def _measuring_patience(project: Project, number: int) -> float | None:
    """Return the seconds that slowdowns are waited for; None if an automatic rollback follows the measurements."""
    totals = runs.load_totals(project.database, number)
    if totals is None:
        return MEASURING_PATIENCE
    verdict, _ = totals
    if verdict is Verdict.CRITICAL and project.settings.auto_rollback is not AutoRollback.OFF:
        return None
    return MEASURING_PATIENCE if with_slowdowns(verdict, confirmed=True) is not verdict else 0.0


def progress_reader(project: Project, number: int) -> RunEventReader:
    """Return a reader of a batch's progress."""
    return RunEventReader(project.state.run(f"batch-{number}") / "events.ndjson")


def is_runner_at_work(state: StateDir, database: Database) -> bool:
    """Return whether a runner works on the queue; one that a commit has just started gets the time to begin."""
    is_late = deadline(_RESTART_DELAY)
    while not locks.is_locked(state.runner_lock):
        if is_late() or not batches.list_unfinished(database):
            return False
        time.sleep(_INTERVAL)
    return True


def _restart_dead_runners(project: Project, number: int) -> Iterator[None]:
    """Start a runner whenever none has worked for a while; advanced by the caller between two waits."""
    for _ in range(_MAX_RESTARTS):
        restart_at = time.monotonic() + _RESTART_DELAY
        while time.monotonic() < restart_at or locks.is_locked(project.state.runner_lock):
            yield
        if not batches.list_unfinished(project.database):
            break
        ensure_runner(project.location, project.database, os.environ)
    else:
        raise BatchhookError(f"no runner could finish batch {number}", f"see {project.state.log}")
    while True:
        yield


def deadline(seconds: float | None) -> Callable[[], bool]:
    """Return a predicate that is True once some seconds have passed; never, with None."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    return lambda: time.monotonic() >= end
