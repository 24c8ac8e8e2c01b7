"""The full batches that are not finished, with what goes on in each."""

from __future__ import annotations

from batchhook.core.batch import BatchStatus
from batchhook.core.views.overview import NarrowingStep, RunningBatch
from batchhook.store import narrowing
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.wait import ActiveBatch, find_active, list_active


def load_running(project: Project) -> tuple[RunningBatch, ...]:
    """Load the full batches that are not finished, oldest first."""
    return tuple(_running(project, active) for active in list_active(project))


def find_running(project: Project, number: int) -> RunningBatch | None:
    """Load one of them; None if the batch is finished."""
    active = find_active(project, number)
    return None if active is None else _running(project, active)


def _running(project: Project, active: ActiveBatch) -> RunningBatch:
    steps: tuple[NarrowingStep, ...] = ()
    if active.batch.status is BatchStatus.SEARCHING:
        steps = narrowing.load(project.database, active.batch.id, active.batch.changes)
    return RunningBatch(active.batch, active.verdict, active.progress, steps)
