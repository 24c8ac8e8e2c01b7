"""What follows once all is known of a batch, before it counts as finished."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import partial

from batchhook.core.changes import BatchStatus
from batchhook.errors import StoreError
from batchhook.store import batches
from batchhook.workflow.auto_rollback.attempt import attempt
from batchhook.workflow.context.job import Task
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.plugin_events import add_metrics
from batchhook.workflow.reports.write import write_reports


def close(project: Project, task: Task) -> None:
    """Take every step, and finish the batch; a step that fails is in the log and harms none of the others.

    Each may be repeated after a kill.

    Raises:
        StoreError: nothing could be stored; the batch is closed again by the next runner.
    """
    number = task.batch.id
    _guarded(partial(attempt, project, number, task.environment, task.progress))
    _guarded(partial(add_metrics, project, number))
    _guarded(partial(write_reports, project, number))
    batches.mark(project.database, number, BatchStatus.FINISHED)


def _guarded(step: Callable[[], None]) -> None:
    """Take a step whose failing is nobody else's business."""
    try:
        step()
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - told in the log: a defect in one must not block the queue
        traceback.print_exc()
