"""What follows once all is known of a batch, before it counts as finished."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from functools import partial

from batchhook.core.changes import BatchStatus
from batchhook.errors import StoreError
from batchhook.store import batches
from batchhook.workflow import auto_rollback, plugins
from batchhook.workflow.project import Project
from batchhook.workflow.reports import write_reports
from batchhook.workflow.suite_run import RunListener

Step = Callable[[Project, int], None]

STEPS: tuple[Step, ...] = (plugins.add_metrics, write_reports)
"""Each is given the repository and the batch's number, and may be repeated after a kill."""


def close(project: Project, number: int, environment: Mapping[str, str], listener: RunListener) -> None:
    """Take every step, and finish the batch; a step that fails is in the log and harms none of the others.

    Args:
        project: the repository.
        number: the batch's.
        environment: the caller's.
        listener: is told how it goes where tests are run.

    Raises:
        StoreError: nothing could be stored; the batch is closed again by the next runner.
    """
    way_back: Step = partial(auto_rollback.attempt, environment=environment, listener=listener)
    for step in (way_back, *STEPS):
        guarded(step, project, number)
    batches.mark(project.database, number, BatchStatus.FINISHED)


def guarded(step: Step, project: Project, number: int) -> None:
    """Take a step whose failing is nobody else's business."""
    try:
        step(project, number)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - told in the log: a defect in one must not block the queue
        traceback.print_exc()
